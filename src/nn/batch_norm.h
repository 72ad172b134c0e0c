// Batch normalization of blocks of columns.
#ifndef FEATX_NN_BATCH_NORM_H
#define FEATX_NN_BATCH_NORM_H

#include <stddef.h>

enum { FX__COLUMNS = 64 }; // columns of a block, at most

extern const float fx__batch_norm_epsilon; // added to variances, 1e-5

// Mean and biased variance (divided by rows) of each column of z[rows, count], count ≤ FX__COLUMNS.
void fx__batch_norm_statistics(size_t rows, size_t count, const float *z, size_t stride,
                               float *mean, float *variance);

// The affine map that normalization with these statistics is: scale = gamma / sqrt(variance + ε),
// shift = beta - mean · scale.
void fx__batch_norm_affine(size_t count, const float *gamma, const float *beta, const float *mean,
                           const float *variance, float *scale, float *shift);

// In place: delta[rows, count], the gradient by the normalized, scaled and shifted z → by z.
// gamma_gradient and beta_gradient [count] are set. scale is that of fx__batch_norm_affine with the
// statistics of this batch.
void fx__batch_norm_backward(size_t rows, size_t count, const float *z, size_t z_stride,
                             const float *mean, const float *variance, const float *scale,
                             float *delta, size_t delta_stride, float *gamma_gradient,
                             float *beta_gradient);

// sum[count] of each column of delta[rows, count], count ≤ FX__COLUMNS.
void fx__column_sums(size_t rows, size_t count, const float *delta, size_t stride, float *sum);
#endif
