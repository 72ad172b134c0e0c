// Whitening makes the covariance what it promises; eigenvectors; the same bytes for any threads.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/whitening.h"
#include "featx/threads.h"
#include "src/base/eigen.h"
#include "tests/support/noise.h"

static fx_error error;

// Rows that are correlated and not centered.
static fx_matrix correlated(size_t n, size_t d) {
    fx_matrix samples;
    cr_assert_eq(fx_matrix_create(n, d, &samples, &error), FX_OK);
    for (size_t i = 0; i < n; i++) {
        float *x = samples.data + i * d;
        for (size_t k = 0; k < d; k++) {
            x[k] = (float)noise_unit(1, (uint32_t)(i * d + k)) + 0.2f;
            if (k > 0) x[k] += 0.7f * x[k - 1];
        }
    }
    return samples;
}

Test(eigen, values_and_vectors) {
    const size_t sizes[] = {1, 2, 3, 8, 33, 100};
    for (size_t s = 0; s < 6; s++) {
        size_t n = sizes[s];
        double *a = malloc(n * n * sizeof *a), *v = malloc(n * n * sizeof *v), values[100];
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j <= i; j++)
                a[i * n + j] = a[j * n + i] = noise_unit(2, (uint32_t)(i * n + j));
        memcpy(v, a, n * n * sizeof *v);
        cr_assert_eq(fx__eigen_symmetric(n, v, values, &error), FX_OK);
        for (size_t i = 0; i < n; i++) {
            if (i > 0) cr_assert(values[i] >= values[i - 1]);
            for (size_t j = 0; j < n; j++) {
                double product = 0, length = 0;
                for (size_t k = 0; k < n; k++) {
                    product += a[j * n + k] * v[i * n + k];
                    length += v[j * n + k] * v[i * n + k];
                }
                // Double rounding, n terms.
                cr_assert(fabs(product - values[i] * v[i * n + j]) <= 1e-12, "%zu", n);
                cr_assert(fabs(length - (i == j)) <= 1e-12);
            }
        }
        free(a);
        free(v);
    }
}

Test(eigen, not_finite) {
    double matrix[4] = {1, NAN, NAN, 1}, values[2];
    cr_assert_eq(fx__eigen_symmetric(2, matrix, values, &error), FX_ERROR_NUMERIC);
}

Test(whitening, covariance_becomes_the_identity) {
    enum { N = 9000, D = 11 }; // more than two blocks of rows
    fx_matrix samples = correlated(N, D);
    fx_whitening w;
    cr_assert_eq(fx__whitening_learn(&samples, 1e-6f, &w, &error), FX_OK);
    float *out = malloc(N * D * sizeof *out);
    fx__whitening_apply(&w, samples.data, N, out);
    for (size_t a = 0; a < D; a++) {
        double mean = 0;
        for (size_t i = 0; i < N; i++) mean += out[i * D + a] / (double)N;
        cr_assert(fabs(mean) <= 1e-5, "mean %g", mean);
        for (size_t b = 0; b < D; b++) {
            double sum = 0;
            for (size_t i = 0; i < N; i++) sum += (double)out[i * D + a] * out[i * D + b];
            // Epsilon takes 1e-6 / 0.03 (the least eigenvalue) of a unit off.
            cr_assert(fabs(sum / N - (a == b)) <= 2e-4, "%zu, %zu: %g", a, b, sum / N);
            cr_assert(fabs(w.matrix[a * D + b] - w.matrix[b * D + a]) <= 1e-5);
        }
    }
    free(out);
    fx__whitening_destroy(&w);
    fx__whitening_destroy(&w);
    fx_matrix_destroy(&samples);
}

Test(whitening, same_bytes_for_any_number_of_threads) {
    enum { N = 5000, D = 65 };
    fx_matrix samples = correlated(N, D);
    fx_whitening first = {0};
    for (int threads = 1; threads <= 7; threads += threads < 3 ? 1 : 4) {
        fx_threads_set(threads);
        fx_whitening w;
        cr_assert_eq(fx__whitening_learn(&samples, 0.01f, &w, &error), FX_OK);
        if (threads == 1) {
            first = w;
            continue;
        }
        cr_assert_arr_eq(w.mean, first.mean, D * sizeof(float));
        cr_assert_arr_eq(w.matrix, first.matrix, D * D * sizeof(float), "%d threads", threads);
        fx__whitening_destroy(&w);
    }
    fx__whitening_destroy(&first);
    fx_matrix_destroy(&samples);
}

Test(whitening, errors) {
    fx_matrix none = {.rows = 0, .columns = 3};
    fx_whitening w;
    cr_assert_eq(fx__whitening_learn(&none, 1, &w, &error), FX_ERROR_DATA);
    fx_matrix samples = correlated(10, 3);
    for (size_t i = 0; i < 10; i++) samples.data[i * 3 + 1] = samples.data[i * 3]; // rank 2
    cr_assert_eq(fx__whitening_learn(&samples, -1e-3f, &w, &error), FX_ERROR_NUMERIC);
    cr_assert_null(w.matrix);
    samples.data[5] = NAN;
    cr_assert_eq(fx__whitening_learn(&samples, 1, &w, &error), FX_ERROR_NUMERIC);
    fx_matrix_destroy(&samples);
}
