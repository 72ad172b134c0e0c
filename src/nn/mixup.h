// Mixup of a batch.
#ifndef FEATX_NN_MIXUP_H
#define FEATX_NN_MIXUP_H

#include <stddef.h>
#include <stdint.h>

// Part that a sample keeps of itself, drawn from Beta(alpha, alpha) for the batch that begins at
// `position` of the order of `epoch`.
float fx__mixup_part(uint64_t seed, uint32_t epoch, uint64_t position, float alpha);

// Rows i and n - 1 - i of x[n, length] at once: each becomes part · itself + (1 - part) · the
// other.
void fx__mixup_rows(size_t n, size_t length, float part, float *x);
#endif
