// Activations and their derivatives.
//
//   identity    x                    f' = 1
//   sigmoid     1 / (1 + e^-x)       f' = f · (1 - f)
//   tanh                             f' = 1 - f²
//   relu        max(0, x)            f' = [f > 0]
//   leaky_relu  max(0.01 x, x)       f' = 1 where f > 0, else 0.01
//   elu         x > 0 ? x : e^x - 1  f' = f > 0 ? 1 : f + 1
//
// Each derivative is a function of the output, so the input need not be kept. The choice of the
// activation stands outside of the loops: the generic loop is compiled once for each.
//
// Sources: Maas, Hannun & Ng 2013 (leaky ReLU); Clevert, Unterthiner & Hochreiter, ICLR 2016 (ELU);
// Goodfellow et al., "Maxout networks", ICML 2013.
#include "src/nn/activation.h"

#include <string.h>

#include "featx/mlp.h"
#include "src/base/kernel.h"
#include "src/nn/vector_math.h"

static const float LEAK = 0.01f;

FX__INLINE float value(int activation, float x) {
    switch (activation) {
    case FX_SIGMOID:
        return fx__sigmoid(x);
    case FX_TANH:
        return fx__tanh(x);
    case FX_RELU:
        return x < 0 ? 0 : x; // NaN stays NaN
    case FX_LEAKY_RELU:
        return x < 0 ? LEAK * x : x;
    case FX_ELU:
        return x > 0 ? x : fx__expm1_negative(x);
    default:
        return x;
    }
}

FX__INLINE float slope(int activation, float y) {
    switch (activation) {
    case FX_SIGMOID:
        return y * (1 - y);
    case FX_TANH:
        return 1 - y * y;
    case FX_RELU:
        return y > 0 ? 1.0f : 0.0f;
    case FX_LEAKY_RELU:
        return y > 0 ? 1.0f : LEAK;
    case FX_ELU:
        return y > 0 ? 1.0f : y + 1;
    default:
        return 1;
    }
}

FX__INLINE void forward(int activation, size_t rows, size_t count, const float *z, size_t z_stride,
                        const float *scale, const float *shift, float *y, size_t y_stride) {
    for (size_t i = 0; i < rows; i++) {
        const float *from = z + i * z_stride;
        float *to = y + i * y_stride;
#pragma omp simd
        for (size_t j = 0; j < count; j++) to[j] = value(activation, from[j] * scale[j] + shift[j]);
    }
}

FX__INLINE void backward(int activation, size_t rows, size_t count, const float *y, size_t y_stride,
                         float y_scale, float *delta, size_t delta_stride) {
    for (size_t i = 0; i < rows; i++) {
        const float *from = y + i * y_stride;
        float *to = delta + i * delta_stride;
#pragma omp simd
        for (size_t j = 0; j < count; j++) to[j] *= slope(activation, from[j] * y_scale);
    }
}

#define FOR_EACH_ACTIVATION(X)                                                                     \
    X(FX_IDENTITY) X(FX_SIGMOID) X(FX_TANH) X(FX_RELU) X(FX_LEAKY_RELU) X(FX_ELU)

FX__KERNEL
void fx__activation_forward(int activation, size_t rows, size_t count, const float *z,
                            size_t z_stride, const float *scale, const float *shift, float *y,
                            size_t y_stride) {
    switch (activation) {
#define CASE(name)                                                                                 \
    case name:                                                                                     \
        forward(name, rows, count, z, z_stride, scale, shift, y, y_stride);                        \
        break;
        FOR_EACH_ACTIVATION(CASE)
#undef CASE
    }
}

FX__KERNEL
void fx__activation_backward(int activation, size_t rows, size_t count, const float *y,
                             size_t y_stride, float y_scale, float *delta, size_t delta_stride) {
    if (activation == FX_IDENTITY) return;
    switch (activation) {
#define CASE(name)                                                                                 \
    case name:                                                                                     \
        backward(name, rows, count, y, y_stride, y_scale, delta, delta_stride);                    \
        break;
        FOR_EACH_ACTIVATION(CASE)
#undef CASE
    }
}

FX__KERNEL
void fx__maxout_forward(size_t rows, size_t count, size_t width, size_t pieces, const float *z,
                        size_t z_stride, const float *scale, const float *shift, float *y,
                        size_t y_stride, uint8_t *winner, size_t winner_stride) {
    for (size_t i = 0; i < rows; i++) {
        const float *from = z + i * z_stride;
        float *best = y + i * y_stride;
        uint8_t *first = winner ? winner + i * winner_stride : NULL;
        if (first) memset(first, 0, count);
#pragma omp simd
        for (size_t j = 0; j < count; j++) best[j] = from[j] * scale[j] + shift[j];
        for (size_t k = 1; k < pieces; k++) {
            const float *piece = from + k * width;
            const float *piece_scale = scale + k * width, *piece_shift = shift + k * width;
            for (size_t j = 0; first && j < count; j++)
                if (piece[j] * piece_scale[j] + piece_shift[j] > best[j]) first[j] = (uint8_t)k;
#pragma omp simd
            for (size_t j = 0; j < count; j++) {
                float x = piece[j] * piece_scale[j] + piece_shift[j];
                best[j] = x < best[j] ? best[j] : x; // NaN stays NaN
            }
        }
    }
}

FX__KERNEL
void fx__maxout_backward(size_t rows, size_t count, size_t width, size_t pieces,
                         const uint8_t *winner, size_t winner_stride, const float *delta,
                         size_t delta_stride, float *out, size_t out_stride) {
    for (size_t i = 0; i < rows; i++) {
        const float *from = delta + i * delta_stride;
        const uint8_t *first = winner + i * winner_stride;
        for (size_t k = 0; k < pieces; k++) {
            float *to = out + i * out_stride + k * width;
#pragma omp simd
            for (size_t j = 0; j < count; j++) to[j] = first[j] == k ? from[j] : 0.0f;
        }
    }
}
