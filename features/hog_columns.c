// Column sums. The pixels of a row never meet, so nothing is scattered: every bin takes its share
// of every pixel, by four operations on whole vectors. They are as wide as the processor's, which
// compilers do not find by themselves here, so the kernel is written once for any width and chosen
// at run time. A column's sums do not depend on the width.
#include "features/hog_columns.h"

#include <string.h>

#include "src/base/kernel.h"

// The sums that those of a half go on from, or NULL.
static inline const float *begin_of(const fx__hog_band *band, int half) {
    if (band->begin == FX__HOG_MORE) return band->sums[half];
    return band->begin == FX__HOG_NEXT && half == 0 ? band->sums[1] : NULL;
}

typedef float vector_4 __attribute__((vector_size(16)));

// Of `bins` bins at once, as many as there are registers for.
#define SUM_COLUMNS(vector, bins, bins_at_once, halves, least, most)                               \
    do {                                                                                           \
        enum { WIDTH = sizeof(vector) / sizeof(float), BINS = (bins_at_once), HALVES = (halves) }; \
        for (size_t x = 0; x < (size_t)band->columns; x += WIDTH)                                  \
            for (int first = 0; first < (bins); first += BINS) {                                   \
                vector sums[HALVES][BINS + 1];                                                     \
                size_t at = (size_t)first * band->pitch + x;                                       \
                int last = (bins)-first < BINS ? (bins)-first : BINS;                              \
                for (int half = 0; half < HALVES; half++) {                                        \
                    const float *from = begin_of(band, half);                                      \
                    FX__UNROLL for (int k = 0; k <= BINS; k++) {                                   \
                        vector sum = {0};                                                          \
                        if (from && k <= last)                                                     \
                            memcpy(&sum, from + at + (size_t)k * band->pitch, sizeof(vector));     \
                        sums[half][k] = sum;                                                       \
                    }                                                                              \
                }                                                                                  \
                for (int y = 0; y < band->rows; y++) {                                             \
                    vector magnitude, place, share[HALVES];                                        \
                    memcpy(&magnitude, band->magnitude + (size_t)y * band->stride + x,             \
                           sizeof(vector));                                                        \
                    memcpy(&place, band->place + (size_t)y * band->stride + x, sizeof(vector));    \
                    if (first > 0) place = most(place - (float)first, 0);                          \
                    for (int half = 0; half < HALVES; half++) {                                    \
                        share[half] = magnitude * band->share[half][y];                            \
                        sums[half][0] += share[half];                                              \
                    }                                                                              \
                    vector below = {0};                                                            \
                    for (int k = 0; k < BINS; k++) {                                               \
                        vector above = least(place, (float)(k + 1));                               \
                        for (int half = 0; half < HALVES; half++)                                  \
                            sums[half][k + 1] += share[half] * (above - below);                    \
                        below = above;                                                             \
                    }                                                                              \
                }                                                                                  \
                for (int half = 0; half < HALVES; half++)                                          \
                    FX__UNROLL for (int k = 0; k <= BINS;                                          \
                                    k++) if (k <= last && (k > 0 || first == 0))                   \
                        memcpy(band->sums[half] + at + (size_t)k * band->pitch, &sums[half][k],    \
                               sizeof(vector));                                                    \
            }                                                                                      \
    } while (0)

// The smaller of v and b, and the larger: operations that vectors have, and the compiler no name
// for.
#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define LEAST_4(v, b) _mm_min_ps(v, _mm_set1_ps(b))
#define MOST_4(v, b)  _mm_max_ps(v, _mm_set1_ps(b))
#else
static vector_4 least_4(vector_4 v, float b) {
    for (int i = 0; i < 4; i++) v[i] = v[i] < b ? v[i] : b;
    return v;
}

static vector_4 most_4(vector_4 v, float b) {
    for (int i = 0; i < 4; i++) v[i] = v[i] > b ? v[i] : b;
    return v;
}

#define LEAST_4(v, b) least_4(v, b)
#define MOST_4(v, b)  most_4(v, b)
#endif

static void sum_4(const fx__hog_band *band) {
    if (band->halves == 2)
        SUM_COLUMNS(vector_4, band->bins, 3, 2, LEAST_4, MOST_4);
    else
        SUM_COLUMNS(vector_4, band->bins, 3, 1, LEAST_4, MOST_4);
}

#if FX__WIDE
#define LEAST_8(v, b)  _mm256_min_ps(v, _mm256_set1_ps(b))
#define MOST_8(v, b)   _mm256_max_ps(v, _mm256_set1_ps(b))
#define LEAST_16(v, b) _mm512_min_ps(v, _mm512_set1_ps(b))
#define MOST_16(v, b)  _mm512_max_ps(v, _mm512_set1_ps(b))

typedef float vector_8 __attribute__((vector_size(32)));
typedef float vector_16 __attribute__((vector_size(64)));

__attribute__((target("avx2,fma"))) static void sum_8(const fx__hog_band *band) {
    if (band->halves == 2)
        SUM_COLUMNS(vector_8, band->bins, 3, 2, LEAST_8, MOST_8);
    else
        SUM_COLUMNS(vector_8, band->bins, 6, 1, LEAST_8, MOST_8);
}

__attribute__((target("avx512f,avx2,fma"))) static void sum_16(const fx__hog_band *band) {
    if (band->halves == 2 && band->bins == 9) // loops of known length
        SUM_COLUMNS(vector_16, 9, 9, 2, LEAST_16, MOST_16);
    else if (band->halves == 2)
        SUM_COLUMNS(vector_16, band->bins, 9, 2, LEAST_16, MOST_16);
    else
        SUM_COLUMNS(vector_16, band->bins, 9, 1, LEAST_16, MOST_16);
}
#endif

void fx__hog_sum_columns(const fx__hog_band *band) {
#if FX__WIDE
    if (__builtin_cpu_supports("avx512f")) {
        sum_16(band);
        return;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        sum_8(band);
        return;
    }
#endif
    sum_4(band);
}
