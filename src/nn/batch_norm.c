// Batch normalization, per column of a batch of n rows:
//
//   forward   x̂ = (z - μ) / sqrt(σ² + ε),  y = γ x̂ + β,  computed as y = scale · z + shift
//   backward  ∂β = Σ δ,  ∂γ = Σ δ x̂,  ∂z = scale · (δ - ∂β / n - x̂ ∂γ / n)
//
// μ and σ² are found in two sweeps (no cancellation), and all sums are taken in double precision in
// the order of the rows. A block of columns fits the cache, so only the first sweep reads memory.
//
// Source: Ioffe & Szegedy, "Batch normalization: accelerating deep network training by reducing
// internal covariate shift", ICML 2015.
#include "src/nn/batch_norm.h"

#include <assert.h>
#include <math.h>

#include "src/base/kernel.h"

const float fx__batch_norm_epsilon = 1e-5f;

FX__KERNEL
void fx__batch_norm_statistics(size_t rows, size_t count, const float *z, size_t stride,
                               float *mean, float *variance) {
    assert(count <= FX__COLUMNS);
    double sum[FX__COLUMNS] = {0}, squares[FX__COLUMNS] = {0};
    for (size_t i = 0; i < rows; i++)
#pragma omp simd
        for (size_t j = 0; j < count; j++) sum[j] += (double)z[i * stride + j];
    for (size_t j = 0; j < count; j++) mean[j] = (float)(sum[j] / (double)rows);
    for (size_t i = 0; i < rows; i++)
#pragma omp simd
        for (size_t j = 0; j < count; j++) {
            double d = (double)(z[i * stride + j] - mean[j]);
            squares[j] += d * d;
        }
    for (size_t j = 0; j < count; j++) variance[j] = (float)(squares[j] / (double)rows);
}

void fx__batch_norm_affine(size_t count, const float *gamma, const float *beta, const float *mean,
                           const float *variance, float *scale, float *shift) {
    for (size_t j = 0; j < count; j++) {
        scale[j] = gamma[j] / sqrtf(variance[j] + fx__batch_norm_epsilon);
        shift[j] = beta[j] - mean[j] * scale[j];
    }
}

FX__KERNEL
void fx__batch_norm_backward(size_t rows, size_t count, const float *z, size_t z_stride,
                             const float *mean, const float *variance, const float *scale,
                             float *delta, size_t delta_stride, float *gamma_gradient,
                             float *beta_gradient) {
    assert(count <= FX__COLUMNS);
    double sum[FX__COLUMNS] = {0}, product[FX__COLUMNS] = {0};
    for (size_t i = 0; i < rows; i++)
#pragma omp simd
        for (size_t j = 0; j < count; j++) {
            float d = delta[i * delta_stride + j];
            sum[j] += (double)d;
            product[j] += (double)(d * (z[i * z_stride + j] - mean[j]));
        }
    // ∂z = scale · δ - constant - slope · (z - μ)
    float constant[FX__COLUMNS], slope[FX__COLUMNS];
    for (size_t j = 0; j < count; j++) {
        double inverse = 1 / sqrt((double)variance[j] + (double)fx__batch_norm_epsilon);
        beta_gradient[j] = (float)sum[j];
        gamma_gradient[j] = (float)(product[j] * inverse);
        double share = (double)scale[j] / (double)rows;
        constant[j] = (float)(share * sum[j]);
        slope[j] = (float)(share * product[j] * inverse * inverse);
    }
    for (size_t i = 0; i < rows; i++)
#pragma omp simd
        for (size_t j = 0; j < count; j++) {
            float *d = &delta[i * delta_stride + j];
            *d = scale[j] * *d - constant[j] - slope[j] * (z[i * z_stride + j] - mean[j]);
        }
}

FX__KERNEL
void fx__column_sums(size_t rows, size_t count, const float *delta, size_t stride, float *sum) {
    assert(count <= FX__COLUMNS);
    double total[FX__COLUMNS] = {0};
    for (size_t i = 0; i < rows; i++)
#pragma omp simd
        for (size_t j = 0; j < count; j++) total[j] += (double)delta[i * stride + j];
    for (size_t j = 0; j < count; j++) sum[j] = (float)total[j];
}
