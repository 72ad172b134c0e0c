// Tiled products against a plain triple loop, and the same bytes for any number of threads.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "featx/matrix.h"
#include "featx/rng.h"
#include "featx/threads.h"
#include "src/base/gemm.h"

static float *noise(size_t count, uint64_t sample) {
    float *data = malloc((count + 1) * sizeof *data);
    fx_rng rng = fx_rng_at(1, FX_RNG_USER, 0, sample);
    for (size_t i = 0; i < count; i++) data[i] = (float)fx_rng_uniform(&rng) - 0.5f;
    return data;
}

// Each element is a sum of k products below 1/4, rounded at most k + 2 times at 2^-24 relative.
static void check(bool ta, bool tb, size_t m, size_t n, size_t k, float alpha, float beta) {
    size_t lda = (ta ? m : k) + 3, ldb = (tb ? k : n) + 1, ldc = n + 2;
    float *a = noise((ta ? k : m) * lda, 1), *b = noise((tb ? n : k) * ldb, 2);
    float *c = noise(m * ldc, 3), *before = noise(m * ldc, 3);
    if (beta == 0) // must be overwritten, not multiplied
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < n; j++) c[i * ldc + j] = NAN;
    fx__gemm(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            double sum = 0, size = 0;
            for (size_t p = 0; p < k; p++) {
                double product =
                    (double)a[ta ? p * lda + i : i * lda + p] * b[tb ? j * ldb + p : p * ldb + j];
                sum += product;
                size += fabs(product);
            }
            double expected = alpha * sum + (beta == 0 ? 0 : (double)beta * before[i * ldc + j]);
            double error = fabs(c[i * ldc + j] - expected);
            cr_assert(error <= ((double)k + 2) * 0x1p-24 * (size + 1),
                      "%zux%zux%zu %d%d at %zu,%zu: %g", m, n, k, ta, tb, i, j, error);
        }
        for (size_t j = n; j < ldc; j++) cr_assert_eq(c[i * ldc + j], before[i * ldc + j]);
    }
    free(a);
    free(b);
    free(c);
    free(before);
}

Test(gemm, odd_sizes) {
    const size_t sizes[] = {1, 3, 7, 8, 9, 31, 33, 64};
    for (size_t i = 0; i < 8; i++)
        for (size_t j = 0; j < 8; j++)
            for (size_t k = 0; k < 8; k++)
                check((i + j) % 2, (j + k) % 2, sizes[i], sizes[j], sizes[k], 1, 0);
}

Test(gemm, tiles_and_scaling) {
    for (int transpose = 0; transpose < 4; transpose++)
        check(transpose & 1, transpose & 2, 530, 129, 65, 0.5f, 2);
    check(false, false, 70, 1030, 33, 1, 1);
    check(false, true, 1, 600, 600, 1, 0);
    check(true, false, 600, 1, 600, 1, 0);
}

Test(gemm, empty) {
    float c = 5;
    fx__gemm(false, false, 0, 1, 1, 1, &c, 1, &c, 1, 0, &c, 1);
    fx__gemm(false, false, 1, 0, 1, 1, &c, 1, &c, 1, 0, &c, 1);
    cr_assert_eq(c, 5);
}

Test(gemm, threads_do_not_change_a_byte) {
    const size_t m = 257, n = 700, k = 311;
    float *a = noise(m * k, 1), *b = noise(k * n, 2);
    float *first = noise(m * n, 3), *again = noise(m * n, 3);
    const int counts[] = {1, 2, 3, 7};
    for (int t = 0; t < 4; t++) {
        fx_threads_set(counts[t]);
        fx__gemm(false, false, m, n, k, 1, a, k, b, n, 0, t ? again : first, n);
        if (t)
            cr_assert_eq(memcmp(first, again, m * n * sizeof *first), 0, "%d threads", counts[t]);
    }
    free(a);
    free(b);
    free(first);
    free(again);
}

Test(gemm, version_is_told) {
    cr_assert(strstr(fx__gemm_version(), "OpenBLAS"), "%s", fx__gemm_version());
}
