// Products by one thread against sums in double, written and handed out in blocks.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/block_product.h"
#include "src/base/memory.h"
#include "tests/support/noise.h"

// Of their own size, so that a sanitizer sees what lies beyond.
static float *some(size_t count, uint32_t seed) {
    float *data = malloc(count * sizeof *data);
    for (size_t i = 0; i < count; i++) data[i] = (float)noise_unit(seed, (uint32_t)i);
    return data;
}

static float *scratch(void) {
    float *data;
    cr_assert_eq(fx__allocate(FX__PRODUCT_SCRATCH, sizeof *data, &data, NULL), FX_OK);
    return data;
}

typedef struct blocks {
    float *c;      // [m, n]
    uint8_t *seen; // [m, n]: times
    size_t n;
} blocks;

static void take(void *context, size_t i, size_t j, size_t rows, size_t columns, const float *block,
                 size_t stride) {
    blocks *b = context;
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns; column++) {
            size_t at = (i + row) * b->n + j + column;
            b->c[at] = block[row * stride + column];
            b->seen[at]++;
        }
}

static void check(bool ta, bool tb, size_t m, size_t n, size_t k) {
    const size_t lda = (ta ? m : k) + 3, ldb = (tb ? k : n) + 1, ldc = n + 2;
    const size_t a_rows = ta ? k : m, b_rows = tb ? n : k;
    // The last rows end with the last number that belongs to the matrix.
    float *a = some((a_rows - 1) * lda + (ta ? m : k), 1);
    float *b = some((b_rows - 1) * ldb + (tb ? k : n), 2);
    float *c = some(m * ldc, 3), *work = scratch();
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) c[i * ldc + j] = NAN; // overwritten, not added to
    const fx__product product = {ta, tb, m, n, k, a, lda, b, ldb};
    fx__product_write(&product, work, c, ldc);
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            double sum = 0;
            for (size_t p = 0; p < k; p++)
                sum +=
                    (double)a[ta ? p * lda + i : i * lda + p] * b[tb ? j * ldb + p : p * ldb + j];
            // k roundings of sums below k / 4, of 2^-24 each.
            cr_assert(fabs(c[i * ldc + j] - sum) <= (double)(k * k) * 0x1p-26,
                      "%zux%zux%zu %d%d at %zu,%zu: %g, expected %g", m, n, k, ta, tb, i, j,
                      c[i * ldc + j], sum);
        }
        for (size_t j = n; j < ldc; j++)
            cr_assert_eq(c[i * ldc + j], (float)noise_unit(3, (uint32_t)(i * ldc + j)));
    }
    if (k <= FX__PRODUCT_DEPTH) {
        blocks taken = {calloc(m * n + 1, sizeof(float)), calloc(m * n + 1, 1), n};
        fx__product_take(&product, work, take, &taken);
        for (size_t i = 0; i < m; i++) {
            cr_assert_eq(memcmp(taken.c + i * n, c + i * ldc, n * sizeof *c), 0, "row %zu", i);
            for (size_t j = 0; j < n; j++) cr_assert_eq(taken.seen[i * n + j], 1);
        }
        free(taken.c);
        free(taken.seen);
    }
    free(a);
    free(b);
    free(c);
    free(work);
}

Test(block_product, odd_sizes) {
    const size_t rows[] = {1, 3, 4, 5, 12, 13, 23}, columns[] = {1, 15, 16, 17, 31, 32, 33, 50};
    const size_t depths[] = {1, 7, 16, 33};
    for (int transpose = 0; transpose < 4; transpose++)
        for (size_t i = 0; i < 7; i++)
            for (size_t j = 0; j < 8; j++)
                for (size_t k = 0; k < 4; k++)
                    check(transpose & 1, transpose & 2, rows[i], columns[j], depths[k]);
}

// More rows than B is read for where it lies, more columns than A, and more of both than go through
// scratch at one time.
Test(block_product, packed) {
    for (int transpose = 0; transpose < 4; transpose++) {
        check(transpose & 1, transpose & 2, 110, 150, 40);
        check(transpose & 1, transpose & 2, 99, 290, 2 * FX__PRODUCT_DEPTH + 5);
        check(transpose & 1, transpose & 2, 14, 5000, 33);
    }
}
