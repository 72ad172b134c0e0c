// As many rows and columns at once as there are registers for sums. Vectors are as wide as the
// processor's, which compilers do not find by themselves here, so the kernel is written once for any
// width and chosen at run time.
#include "src/base/panel.h"

#include <string.h>

#include "src/base/kernel.h"

typedef float vector_4 __attribute__((vector_size(4 * sizeof(float))));
typedef float vector_8 __attribute__((vector_size(8 * sizeof(float))));
typedef float vector_16 __attribute__((vector_size(16 * sizeof(float))));

void fx__panel_pack(const float *b, size_t ldb, size_t k, size_t columns, float *panel) {
    for (size_t i = 0; i < k; i++, b += ldb, panel += FX__PANEL) {
        if (columns == FX__PANEL) {
            memcpy(panel, b, FX__PANEL * sizeof *panel);
        } else {
            memcpy(panel, b, columns * sizeof *panel);
            memset(panel + columns, 0, (FX__PANEL - columns) * sizeof *panel);
        }
    }
}

// C[rows, vectors] of a panel's columns from `first` on. Rows lie in threes, which takes the fewest
// registers for their addresses.
#define TILE(vector, rows, vectors, row_step, k_step)                                              \
    do {                                                                                           \
        enum { WIDTH = sizeof(vector) / sizeof(float), ROWS = (rows), VECTORS = (vectors) };       \
        vector sums[ROWS][VECTORS], column[VECTORS];                                               \
        FX__UNROLL for (size_t i = 0; i < ROWS; i++)                                                   \
            FX__UNROLL for (size_t v = 0; v < VECTORS; v++) sums[i][v] = (vector){0};                         \
        const float *from[(ROWS + 2) / 3];                                                         \
        for (size_t i = 0; i < (ROWS + 2) / 3; i++) from[i] = a + 3 * i * (row_step);              \
        for (size_t i = 0; i < k; i++) {                                                           \
            FX__UNROLL for (size_t v = 0; v < VECTORS; v++)                                            \
                memcpy(&column[v], panel + i * FX__PANEL + v * WIDTH, sizeof(vector));             \
            FX__UNROLL for (size_t j = 0; j < ROWS; j++) {                                             \
                float left = from[j / 3][j % 3 * (row_step) + i * (k_step)];                       \
                FX__UNROLL for (size_t v = 0; v < VECTORS; v++) sums[j][v] += left * column[v];               \
            }                                                                                      \
        }                                                                                          \
        FX__UNROLL for (size_t i = 0; i < ROWS; i++)                                                   \
            FX__UNROLL for (size_t v = 0; v < VECTORS; v++) {                                          \
                vector sum = {0};                                                                  \
                if (more) memcpy(&sum, c + i * ldc + v * WIDTH, sizeof(vector));                   \
                sum += sums[i][v];                                                                 \
                memcpy(c + i * ldc + v * WIDTH, &sum, sizeof(vector));                             \
            }                                                                                      \
    } while (0)

// The tiles of m rows: as many whole ones as there are, and the rest by fours and ones.
#define ROWS_OF(vector, most, vectors, row_step, k_step)                                           \
    do {                                                                                           \
        for (; m >= (most); m -= (most), a += (most) * (row_step), c += (most) * ldc)              \
            TILE(vector, most, vectors, row_step, k_step);                                         \
        for (; m >= 4; m -= 4, a += 4 * (row_step), c += 4 * ldc)                                  \
            TILE(vector, 4, vectors, row_step, k_step);                                            \
        for (; m > 0; m--, a += (row_step), c += ldc) TILE(vector, 1, vectors, row_step, k_step);  \
    } while (0)

// A kernel for all columns of a panel, or for half of them.
#define KERNEL(name, target, vector, most)                                                         \
    target static void name(const float *a, size_t row_step, size_t k_step, size_t m, size_t k,    \
                            const float *panel, bool half, bool more, float *c, size_t ldc) {      \
        enum { VECTORS_OF_HALF = FX__PANEL / 2 * sizeof(float) / sizeof(vector) };                 \
        if (k_step == 1 && half)                                                                   \
            ROWS_OF(vector, most, VECTORS_OF_HALF, row_step, 1);                                   \
        else if (k_step == 1)                                                                      \
            ROWS_OF(vector, most, 2 * VECTORS_OF_HALF, row_step, 1);                               \
        else if (half)                                                                             \
            ROWS_OF(vector, most, VECTORS_OF_HALF, 1, k_step);                                     \
        else                                                                                       \
            ROWS_OF(vector, most, 2 * VECTORS_OF_HALF, 1, k_step);                                 \
    }

KERNEL(multiply_4, , vector_4, 1)

#if defined(__x86_64__) && defined(__GNUC__) && !defined(FX_NO_DISPATCH)
#define FX__WIDE 1
KERNEL(multiply_8, __attribute__((target("avx2,fma"))), vector_8, 4)
KERNEL(multiply_16, __attribute__((target("avx512f,avx2,fma"))), vector_16, 12)
#endif

static void multiply(const float *a, size_t row_step, size_t k_step, size_t m, size_t k,
                     const float *panel, bool half, bool more, float *c, size_t ldc) {
#ifdef FX__WIDE
    if (__builtin_cpu_supports("avx512f")) {
        multiply_16(a, row_step, k_step, m, k, panel, half, more, c, ldc);
        return;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        multiply_8(a, row_step, k_step, m, k, panel, half, more, c, ldc);
        return;
    }
#endif
    multiply_4(a, row_step, k_step, m, k, panel, half, more, c, ldc);
}

void fx__panel_multiply(const float *a, size_t row_step, size_t k_step, size_t m, size_t k,
                        const float *panel, size_t columns, bool more, float *c, size_t ldc) {
    enum { ROWS = 12 };
    const bool half = columns <= FX__PANEL / 2;
    const size_t made = half ? FX__PANEL / 2 : FX__PANEL;
    if (columns == made) {
        multiply(a, row_step, k_step, m, k, panel, half, more, c, ldc);
        return;
    }
    float tile[ROWS][FX__PANEL];
    for (size_t i = 0, rows; i < m; i += rows) {
        rows = m - i < ROWS ? m - i : ROWS;
        for (size_t j = 0; more && j < rows; j++)
            memcpy(tile[j], c + (i + j) * ldc, columns * sizeof *c);
        multiply(a + i * row_step, row_step, k_step, rows, k, panel, half, more, tile[0], FX__PANEL);
        for (size_t j = 0; j < rows; j++)
            memcpy(c + (i + j) * ldc, tile[j], columns * sizeof *c);
    }
}
