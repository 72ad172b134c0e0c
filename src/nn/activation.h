// Activations over blocks of a batch, in one pass with what stands before them.
#ifndef FEATX_NN_ACTIVATION_H
#define FEATX_NN_ACTIVATION_H

#include <stddef.h>
#include <stdint.h>

// y[rows, count] = f(z · scale + shift): scale and shift [count] are those of batch normalization,
// or 1 and the biases. z and y have row strides and may be the same block. Not for FX_MAXOUT.
void fx__activation_forward(int activation, size_t rows, size_t count, const float *z,
                            size_t z_stride, const float *scale, const float *shift, float *y,
                            size_t y_stride);

// delta[rows, count] *= f'(x), expressed by f(x) = y · y_scale (y_scale undoes that of dropout).
void fx__activation_backward(int activation, size_t rows, size_t count, const float *y,
                             size_t y_stride, float y_scale, float *delta, size_t delta_stride);

// y[rows, count] = max over k < pieces of z · scale + shift, where piece k of unit j stands at
// z[k · width + j], scale[k · width + j], shift[k · width + j]; winner[rows, count] (NULL: not
// wanted) is the first k that reaches it.
void fx__maxout_forward(size_t rows, size_t count, size_t width, size_t pieces, const float *z,
                        size_t z_stride, const float *scale, const float *shift, float *y,
                        size_t y_stride, uint8_t *winner, size_t winner_stride);

// out[rows, pieces, count] (piece k of unit j at out[k · width + j]) = delta[rows, count] at the
// winner, 0 elsewhere.
void fx__maxout_backward(size_t rows, size_t count, size_t width, size_t pieces,
                         const uint8_t *winner, size_t winner_stride, const float *delta,
                         size_t delta_stride, float *out, size_t out_stride);
#endif
