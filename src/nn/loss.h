// Losses and their gradients.
#ifndef FEATX_NN_LOSS_H
#define FEATX_NN_LOSS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct fx__loss_sum {
    double loss;    // summed over the samples
    size_t correct; // samples whose largest score (the first of equals) is that of their class
} fx__loss_sum;

// What to sum, and how.
typedef struct fx__loss_options {
    int loss; // fx_loss
    float label_smoothing;
    const float *class_weights; // [classes] that the loss of a sample is multiplied by, or NULL
    const float *bias;          // [classes] to be added to the scores, or NULL
    bool gradient;              // wanted: of `share` times the sum
    float share;
} fx__loss_options;

// What the samples should be. Either `values` or the labels are given.
typedef struct fx__targets {
    const int *labels;   // [n]
    const int *partners; // [n] labels that have `1 - part` of the sample, or NULL
    float part;
    const float *values; // [n, classes] real numbers, of the squared error; nothing is `correct`
} fx__targets;

// Sums the loss of scores[n, classes]. With `gradient`, the scores are replaced by it.
fx__loss_sum fx__loss(const fx__loss_options *options, size_t n, size_t classes, float *scores,
                      fx__targets targets);
#endif
