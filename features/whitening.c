// ZCA whitening: y = (x - mean) · V · diag(1 / √(λ + ε)) · Vᵀ.
//
// The covariance C = Σ (x - mean)ᵀ(x - mean) / n is summed over fixed blocks of rows, each one
// product in float, the blocks in double. With the eigenvectors v_i as rows, B = diag((λ + ε)^-¼)·V
// and the matrix is Bᵀ·B.
#include "features/whitening.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/eigen.h"
#include "src/base/gemm.h"
#include "src/base/memory.h"

enum { BLOCK = 4096 }; // rows of one product

static void learn_mean(const fx_matrix *samples, double *sum, float *mean) {
    size_t d = samples->columns;
    for (size_t i = 0; i < samples->rows; i++)
        for (size_t j = 0; j < d; j++) sum[j] += samples->data[i * d + j];
    for (size_t j = 0; j < d; j++) mean[j] = (float)(sum[j] / (double)samples->rows);
}

static void center(const float *rows, size_t count, size_t d, const float *mean, float *out) {
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < d; j++) out[i * d + j] = rows[i * d + j] - mean[j];
}

static fx_status learn_covariance(const fx_matrix *samples, const float *mean, double *covariance,
                                  fx_error *error) {
    size_t d = samples->columns, block = samples->rows < BLOCK ? samples->rows : BLOCK;
    fx_status status;
    fx_matrix centered = {0}, product = {0};
    FX__TRY_GOTO(fx_matrix_create(block, d, &centered, error));
    FX__TRY_GOTO(fx_matrix_create(d, d, &product, error));
    for (size_t begin = 0; begin < samples->rows; begin += block) {
        size_t count = samples->rows - begin < block ? samples->rows - begin : block;
        center(samples->data + begin * d, count, d, mean, centered.data);
        fx__gemm(true, false, d, d, count, 1, centered.data, d, centered.data, d, 0, product.data,
                 d);
        for (size_t i = 0; i < d * d; i++) covariance[i] += product.data[i];
    }
    for (size_t i = 0; i < d * d; i++) covariance[i] /= (double)samples->rows;
done:
    fx_matrix_destroy(&centered);
    fx_matrix_destroy(&product);
    return status;
}

static fx_status make_matrix(const double *vectors, const double *values, size_t d, float epsilon,
                             float *matrix, fx_error *error) {
    fx_matrix scaled;
    FX__TRY(fx_matrix_create(d, d, &scaled, error));
    fx_status status = FX_OK;
    for (size_t i = 0; i < d && status == FX_OK; i++) {
        double value = values[i] + epsilon;
        if (!(value > 0))
            status = fx_error_set(error, FX_ERROR_NUMERIC,
                                  "whitening needs eigenvalues + epsilon above 0, found %g", value);
        double scale = pow(value, -0.25);
        for (size_t j = 0; j < d; j++) scaled.data[i * d + j] = (float)(vectors[i * d + j] * scale);
    }
    if (status == FX_OK)
        fx__gemm(true, false, d, d, d, 1, scaled.data, d, scaled.data, d, 0, matrix, d);
    fx_matrix_destroy(&scaled);
    return status;
}

fx_status fx__whitening_learn(const fx_matrix *samples, float epsilon, fx_whitening *out,
                              fx_error *error) {
    size_t d = samples->columns, cells;
    *out = (fx_whitening){.length = d};
    if (samples->rows == 0 || d == 0)
        return fx_error_set(error, FX_ERROR_DATA, "whitening needs samples, found none");
    if (!fx__size_mul(d, d, &cells))
        return fx_error_set(error, FX_ERROR_MEMORY, "whitening of %zu numbers is too large", d);
    fx_status status;
    double *covariance = NULL, *values = NULL;
    FX__TRY_GOTO(fx__allocate(d, sizeof(float), &out->mean, error));
    FX__TRY_GOTO(fx__allocate(cells, sizeof(float), &out->matrix, error));
    FX__TRY_GOTO(fx__allocate(cells, sizeof(double), &covariance, error));
    FX__TRY_GOTO(fx__allocate(d, sizeof(double), &values, error));
    learn_mean(samples, values, out->mean);
    FX__TRY_GOTO(learn_covariance(samples, out->mean, covariance, error));
    FX__TRY_GOTO(fx__eigen_symmetric(d, covariance, values, error));
    FX__TRY_GOTO(make_matrix(covariance, values, d, epsilon, out->matrix, error));
done:
    free(covariance);
    free(values);
    if (status != FX_OK) fx__whitening_destroy(out);
    return status;
}

void fx__whitening_apply(const fx_whitening *whitening, float *rows, size_t count, float *out) {
    size_t d = whitening->length;
    center(rows, count, d, whitening->mean, rows);
    fx__gemm(false, false, count, d, d, 1, rows, d, whitening->matrix, d, 0, out, d);
}

void fx__whitening_destroy(fx_whitening *whitening) {
    if (!whitening) return;
    free(whitening->mean);
    free(whitening->matrix);
    *whitening = (fx_whitening){0};
}
