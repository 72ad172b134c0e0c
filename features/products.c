// Some rows by 32 columns at a time: as many sums as fit in registers. Vectors are as wide as
// the processor's, which compilers do not find by themselves here, so the kernel is written once
// for any width and chosen at run time.
#include "features/products.h"

#include <string.h>

#include "src/base/kernel.h"

enum { ROWS = 6 }; // a multiple of these is worked on

typedef float vector_4 __attribute__((vector_size(4 * sizeof(float))));
typedef float vector_8 __attribute__((vector_size(8 * sizeof(float))));
typedef float vector_16 __attribute__((vector_size(16 * sizeof(float))));

// From row `first` on, as long as there are so many at once.
#define MULTIPLY(vector, at_once)                                                                  \
    for (; first + (at_once) <= count; first += (at_once)) {                                       \
        enum { WIDTH = sizeof(vector) / sizeof(float), VECTORS = FX__LANES / WIDTH };              \
        vector sums[at_once][VECTORS], columns[VECTORS];                                           \
        FX__UNROLL for (size_t row = 0; row < (at_once); row++)                                    \
            FX__UNROLL for (size_t v = 0; v < VECTORS; v++) sums[row][v] = (vector){0};            \
        for (size_t k = 0; k < d; k++) {                                                           \
            FX__UNROLL for (size_t v = 0; v < VECTORS; v++)                                        \
                memcpy(&columns[v], packed + k * FX__LANES + v * WIDTH, sizeof(vector));           \
            FX__UNROLL for (size_t row = 0; row < (at_once); row++)                                \
                FX__UNROLL for (size_t v = 0; v < VECTORS; v++) {                                  \
                sums[row][v] += rows[first + row][k] * columns[v];                                 \
            }                                                                                      \
        }                                                                                          \
        FX__UNROLL for (size_t row = 0; row < (at_once); row++)                                    \
            FX__UNROLL for (size_t v = 0; v < VECTORS; v++) {                                      \
            memcpy(products + (first + row) * FX__LANES + v * WIDTH, &sums[row][v],                \
                   sizeof(vector));                                                                \
        }                                                                                          \
    }

static void multiply_4(const float *const *rows, size_t count, size_t d,
                       const float *restrict packed, float *restrict products) {
    size_t first = 0;
    MULTIPLY(vector_4, 1)
}

#if FX__WIDE
__attribute__((target("avx2,fma"))) static void multiply_8(const float *const *rows, size_t count,
                                                           size_t d, const float *restrict packed,
                                                           float *restrict products) {
    size_t first = 0;
    MULTIPLY(vector_8, 3)
}

__attribute__((target("avx512f,avx2,fma"))) static void multiply_16(const float *const *rows,
                                                                    size_t count, size_t d,
                                                                    const float *restrict packed,
                                                                    float *restrict products) {
    size_t first = 0;
    MULTIPLY(vector_16, 12)
    MULTIPLY(vector_16, 6)
}
#endif

static void multiply(const float *const *rows, size_t count, size_t d, const float *packed,
                     float *products) {
#if FX__WIDE
    if (__builtin_cpu_supports("avx512f")) {
        multiply_16(rows, count, d, packed, products);
        return;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        multiply_8(rows, count, d, packed, products);
        return;
    }
#endif
    multiply_4(rows, count, d, packed, products);
}

void fx__products(const float *const *rows, size_t count, size_t d, const float *packed,
                  float *products) {
    size_t whole = count / ROWS * ROWS;
    multiply(rows, whole, d, packed, products);
    if (whole == count) return;
    const float *last[ROWS];
    float found[ROWS * FX__LANES];
    for (size_t row = 0; row < ROWS; row++)
        last[row] = rows[whole + row < count ? whole + row : whole];
    multiply(last, ROWS, d, packed, found);
    memcpy(products + whole * FX__LANES, found, (count - whole) * FX__LANES * sizeof *found);
}
