// ZCA whitening: removes the correlations between the numbers of a sample while changing it as
// little as possible.
//
// Source: Bell & Sejnowski, "The independent components of natural scenes are edge filters", Vision
// Research 37(23), 1997.
#ifndef FEATX_FEATURES_WHITENING_H
#define FEATX_FEATURES_WHITENING_H

#include "featx/matrix.h"

// y = (x - mean) · matrix; the matrix is symmetric.
typedef struct fx_whitening {
    size_t length;
    float *mean;   // [length]
    float *matrix; // [length, length]
} fx_whitening;

// matrix = V · diag(1 / √(λ + epsilon)) · Vᵀ with V·diag(λ)·Vᵀ the covariance (divided by n) of the
// rows of `samples`. Same bytes for any number of threads. FX_ERROR_DATA: no samples.
// FX_ERROR_NUMERIC: samples that are not finite, an eigenvalue + epsilon that is not positive.
FX_MUST_CHECK fx_status fx__whitening_learn(const fx_matrix *samples, float epsilon,
                                            fx_whitening *out, fx_error *error);
// Whitens rows[count, length] into out[count, length], in parallel; they must not overlap. The rows
// are centered in place first: they are spent.
void fx__whitening_apply(const fx_whitening *whitening, float *rows, size_t count, float *out);
void fx__whitening_destroy(fx_whitening *whitening); // NULL is safe
#endif
