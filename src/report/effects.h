// What speaks for each class: how the scores of an arm's network hang on its descriptor's numbers.
#ifndef FEATX_REPORT_EFFECTS_H
#define FEATX_REPORT_EFFECTS_H

#include "featx/experiment.h"

// value(c, i) = (g(c, i) - mean of g(·, i) over the classes) · s(i): g is the gradient of the score
// of class c by number i of the descriptor, mean over the test images looked at, s the number's
// standard deviation over them. So it is what the number's usual change does for the class, against
// the others. For a linear classifier g is its weight; for an ensemble it is the mean of its
// networks'.
typedef struct fx_effects {
    size_t classes, length, images; // images: how many were looked at
    float *values;                  // [classes, length]
} fx_effects;

// Of the first seed's model.
FX_MUST_CHECK fx_status fx__effects_create(const fx_comparison *comparison, size_t arm,
                                           fx_effects *out, fx_error *error);
void fx__effects_destroy(fx_effects *effects);

// Where the numbers of one descriptor stand in a row, and what they describe.
typedef struct fx_row_part {
    fx_feature feature;
    size_t begin, length;
    int width, height, channels; // of the image that raw and hog describe
} fx_row_part;

// parts[FX_FEATURE_COUNT]; returns how many. 0 where the lengths do not add up to that of a row.
size_t fx__row_parts(const fx_comparison *comparison, size_t arm, fx_row_part *parts);
#endif
