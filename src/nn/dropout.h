// Inverted dropout.
#ifndef FEATX_NN_DROPOUT_H
#define FEATX_NN_DROPOUT_H

#include <stddef.h>
#include <stdint.h>

// What a mask is a function of, besides the column: the seed, the epoch, the layer (0: the inputs,
// 1: the first hidden layer) and the sample's position in the order of that epoch.
typedef struct fx__dropout_key {
    uint64_t seed;
    uint32_t epoch;
    uint64_t position; // < 2^48
} fx__dropout_key;

// Probabilities are rounded to 1/65536. A unit that stays is multiplied by 1 / (1 - probability as
// rounded), so the expectation is unchanged.
float fx__dropout_scale(float probability);

// kept[count]: 1 where the unit of this sample stays, else 0.
void fx__dropout_mask(fx__dropout_key key, unsigned layer, float probability, size_t count,
                      uint8_t *kept);

// x[rows, count] = kept ? x · scale : 0.
void fx__dropout_apply(size_t rows, size_t count, const uint8_t *kept, size_t kept_stride,
                       float scale, float *x, size_t stride);
#endif
