// Six rows by sixteen columns at a time: as many sums as fit in registers. Vectors are as wide as
// the processor's, which compilers do not find by themselves here, so the kernel is written once
// for any width and chosen at run time.
#include "features/products.h"

#include <string.h>

enum { ROWS = 6 };

typedef float vector_4 __attribute__((vector_size(4 * sizeof(float))));
typedef float vector_8 __attribute__((vector_size(8 * sizeof(float))));
typedef float vector_16 __attribute__((vector_size(16 * sizeof(float))));

#define MULTIPLY(vector)                                                                           \
    do {                                                                                           \
        enum { WIDTH = sizeof(vector) / sizeof(float), VECTORS = FX__LANES / WIDTH };              \
        vector sums[ROWS][VECTORS], columns[VECTORS];                                              \
        for (size_t row = 0; row < ROWS; row++)                                                    \
            for (size_t v = 0; v < VECTORS; v++) sums[row][v] = (vector){0};                       \
        for (size_t k = 0; k < d; k++) {                                                           \
            memcpy(columns, packed + k * FX__LANES, sizeof columns);                               \
            for (size_t row = 0; row < ROWS; row++)                                                \
                for (size_t v = 0; v < VECTORS; v++) sums[row][v] += rows[row][k] * columns[v];    \
        }                                                                                          \
        for (size_t row = 0; row < ROWS; row++)                                                    \
            for (size_t v = 0; v < VECTORS; v++)                                                   \
                memcpy(products + row * FX__LANES + v * WIDTH, &sums[row][v], sizeof(vector));     \
    } while (0)

static void multiply_4(const float *const *rows, size_t d, const float *restrict packed,
                       float *restrict products) {
    MULTIPLY(vector_4);
}

#if defined(__x86_64__) && defined(__GNUC__) && !defined(FX_NO_DISPATCH)
#define FX__WIDE 1
__attribute__((target("avx2,fma"))) static void multiply_8(const float *const *rows, size_t d,
                                                           const float *restrict packed,
                                                           float *restrict products) {
    MULTIPLY(vector_8);
}

__attribute__((target("avx512f,avx2,fma"))) static void multiply_16(const float *const *rows,
                                                                    size_t d,
                                                                    const float *restrict packed,
                                                                    float *restrict products) {
    MULTIPLY(vector_16);
}
#endif

static void multiply(const float *const *rows, size_t d, const float *packed, float *products) {
#ifdef FX__WIDE
    if (__builtin_cpu_supports("avx512f")) {
        multiply_16(rows, d, packed, products);
        return;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        multiply_8(rows, d, packed, products);
        return;
    }
#endif
    multiply_4(rows, d, packed, products);
}

void fx__products(const float *const *rows, size_t count, size_t d, const float *packed,
                  float *products) {
    size_t whole = count / ROWS * ROWS;
    for (size_t i = 0; i < whole; i += ROWS)
        multiply(rows + i, d, packed, products + i * FX__LANES);
    if (whole == count) return;
    const float *last[ROWS];
    float found[ROWS * FX__LANES];
    for (size_t row = 0; row < ROWS; row++)
        last[row] = rows[whole + row < count ? whole + row : whole];
    multiply(last, d, packed, found);
    memcpy(products + whole * FX__LANES, found, (count - whole) * FX__LANES * sizeof *found);
}
