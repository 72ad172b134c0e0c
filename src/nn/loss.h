// Losses and their gradients.
#ifndef FEATX_NN_LOSS_H
#define FEATX_NN_LOSS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct fx__loss_sum {
    double loss;    // summed over the samples
    size_t correct; // samples whose largest score (the first of equals) is that of their class
} fx__loss_sum;

// Adds `bias` [classes] (NULL: none) to scores[n, classes] and sums the loss against labels[n].
// With `gradient`, the scores are then replaced by the gradient by them of `share` times that sum.
fx__loss_sum fx__loss(int loss, float label_smoothing, size_t n, size_t classes, float *scores,
                      const float *bias, const int *labels, float share, bool gradient);
#endif
