// Sums of votes down the columns of a band of rows: the innermost loop of HoG.
#ifndef FEATX_FEATURES_HOG_COLUMNS_H
#define FEATX_FEATURES_HOG_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

enum {
    FX__HOG_LANES = 16,    // columns are worked on in whole groups of so many,
    FX__HOG_ROW_MAX = 128, // and at most so many at once
};

// What sums begin with.
typedef enum fx__hog_begin {
    FX__HOG_FRESH, // nothing
    FX__HOG_NEXT,  // the upper cell was the lower one of the band before: its sums go on
    FX__HOG_MORE,  // more rows of the same band
} fx__hog_begin;

// A vote of magnitude m at place r in [0, bins] is shared linearly between bins ⌊r⌋ and ⌊r⌋ + 1;
// bin `bins` is bin 0. Sums are cumulative, so that a bin is the difference of two of them:
//
//   sums[half, 0, column] = Σ share·m        sums[half, k, column] = Σ share·m·clamp(r - k + 1)
//
// k = 1 … bins, clamp to [0, 1], over the rows of a column. Bin k has sums[k] - sums[k + 1], and
// bin 0 sums[bins] besides. Each term of a sum is at most that of the sum before, and rounding is
// monotone: no bin is below zero, and one without a vote is zero.
typedef struct fx__hog_band {
    const float *magnitude, *place; // [rows, stride]
    size_t stride;                  // columns, rounded up to whole groups
    int rows, columns, bins;
    int halves;            // 2: a vote is shared by the upper cell and the lower one; 1: one cell,
                           // which may be either of two
    const float *share[2]; // [rows], by half
    float *sums[2]; // by half: [bins + 1, pitch]; FX__HOG_NEXT reads those of the second half,
                    // whatever `halves` is
    size_t pitch;   // columns, rounded up to whole groups
    fx__hog_begin begin;
} fx__hog_band;

void fx__hog_sum_columns(const fx__hog_band *band);
#endif
