#include "features/hog_gradient.h"

// Pixel after pixel
// --------------------------------------------------------------------------------------------

#define INLINE static inline __attribute__((always_inline))

// Neighbors of a row that has been split.
INLINE void border(const fx__hog_span *s, const uint8_t *in, int16_t *words, size_t plane) {
    for (size_t c = 0; c < 3; c++, words += plane) {
        words[-1] = s->left ? (in - 3)[c] : words[s->mirror];
        if (!s->right) words[s->n] = words[s->n - 1 - s->mirror];
    }
}

static void read_rows(const fx__hog_span *s, int y, size_t rows, int16_t *words, size_t plane,
                      size_t pitch) {
    size_t n = (size_t)s->n + s->right;
    for (size_t k = 0; k < rows; k++, words += pitch) {
        const uint8_t *in = fx__hog_span_row(s, y + (int)k);
        for (size_t i = 0; i < n; i++)
            for (size_t c = 0; c < 3; c++) words[c * plane + i] = in[3 * i + c];
        border(s, in, words, plane);
    }
}

static void gradient(const int16_t *row, ptrdiff_t pitch, size_t plane, size_t n, float *dx,
                     float *dy) {
    for (size_t i = 0; i < n; i++, row++) {
        int most = -1;
        for (size_t c = 0; c < 3; c++) {
            const int16_t *at = row + c * plane;
            int x = at[1] - at[-1], y = at[pitch] - at[-pitch];
            if (x * x + y * y <= most) continue;
            most = x * x + y * y;
            dx[i] = (float)x;
            dy[i] = (float)y;
        }
    }
}

// 16 or 32 at once
// ---------------------------------------------------------------------------------------------

#if defined(__x86_64__) && defined(__GNUC__) && !defined(FX_NO_DISPATCH)
#include <immintrin.h>

#define WIDE __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi")))

bool fx__hog_gradient_is_wide(void) {
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vbmi");
}

enum {
    SPLIT = 16, // pixels split at once, of 48 bytes
    GROUP = FX__HOG_GRADIENT_GROUP,
};

// Byte `first` of each pixel as a word, from word 0 on; then byte `second`, from word 16 on.
static const uint8_t RED_GREEN[64] = {
    0,  0, 3,  0, 6,  0, 9,  0, 12, 0, 15, 0, 18, 0, 21, 0, 24, 0, 27, 0, 30, 0,
    33, 0, 36, 0, 39, 0, 42, 0, 45, 0, 1,  0, 4,  0, 7,  0, 10, 0, 13, 0, 16, 0,
    19, 0, 22, 0, 25, 0, 28, 0, 31, 0, 34, 0, 37, 0, 40, 0, 43, 0, 46, 0,
};
static const uint8_t BLUE[64] = {2,  0, 5,  0, 8,  0, 11, 0, 14, 0, 17, 0, 20, 0, 23, 0,
                                 26, 0, 29, 0, 32, 0, 35, 0, 38, 0, 41, 0, 44, 0, 47, 0};

WIDE static void read_wide(const fx__hog_span *s, int y, size_t rows, int16_t *words, size_t plane,
                           size_t pitch) {
    const __mmask64 bytes = 0x5555555555555555; // of each word the lower
    __m512i red_green = _mm512_loadu_si512(RED_GREEN), blue = _mm512_loadu_si512(BLUE);
    size_t n = (size_t)s->n + s->right;
    for (size_t k = 0; k < rows; k++, words += pitch) {
        const uint8_t *in = fx__hog_span_row(s, y + (int)k);
        int16_t *r = words, *g = words + plane, *b = words + 2 * plane;
        for (size_t i = 0; i < n; i += SPLIT) {
            size_t left = (size_t)(s->end - in) - 3 * i;
            __mmask64 there = left < 64 ? (UINT64_C(1) << left) - 1 : ~UINT64_C(0);
            __m512i pixels = left < 64 ? _mm512_maskz_loadu_epi8(there, in + 3 * i)
                                       : _mm512_loadu_si512(in + 3 * i);
            __m512i rg = _mm512_maskz_permutexvar_epi8(bytes, red_green, pixels);
            __m512i last = _mm512_maskz_permutexvar_epi8(bytes, blue, pixels);
            _mm256_storeu_si256((void *)(r + i), _mm512_castsi512_si256(rg));
            _mm256_storeu_si256((void *)(g + i), _mm512_extracti64x4_epi64(rg, 1));
            _mm256_storeu_si256((void *)(b + i), _mm512_castsi512_si256(last));
        }
        border(s, in, words, plane);
    }
}

// (dx, dy) of GROUP pixels of a channel: of a quarter of a quarter of them each, in turn.
typedef struct pairs {
    __m512i low, high;
} pairs;

INLINE WIDE pairs pairs_of(const int16_t *row, ptrdiff_t pitch) {
    __m512i dx = _mm512_sub_epi16(_mm512_loadu_si512(row + 1), _mm512_loadu_si512(row - 1));
    __m512i dy = _mm512_sub_epi16(_mm512_loadu_si512(row + pitch), _mm512_loadu_si512(row - pitch));
    return (pairs){_mm512_unpacklo_epi16(dx, dy), _mm512_unpackhi_epi16(dx, dy)};
}

// The longest of three, of equals the first.
INLINE WIDE __m512i longest(__m512i r, __m512i g, __m512i b) {
    __m512i most = _mm512_madd_epi16(r, r), square = _mm512_madd_epi16(g, g);
    r = _mm512_mask_mov_epi32(r, _mm512_cmpgt_epi32_mask(square, most), g);
    most = _mm512_max_epi32(most, square);
    square = _mm512_madd_epi16(b, b);
    return _mm512_mask_mov_epi32(r, _mm512_cmpgt_epi32_mask(square, most), b);
}

INLINE WIDE void store(__m512i pair, float *dx, float *dy) {
    __m512i x = _mm512_madd_epi16(pair, _mm512_set1_epi32(1)), y = _mm512_srai_epi32(pair, 16);
    _mm512_storeu_ps(dx, _mm512_cvtepi32_ps(x));
    _mm512_storeu_ps(dy, _mm512_cvtepi32_ps(y));
}

WIDE static void gradient_wide(const int16_t *row, ptrdiff_t pitch, size_t plane, size_t n,
                               float *dx, float *dy) {
    const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    const __m512i second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    for (size_t i = 0; i < n; i += GROUP, row += GROUP) {
        pairs r = pairs_of(row, pitch), g = pairs_of(row + plane, pitch),
              b = pairs_of(row + 2 * plane, pitch);
        __m512i low = longest(r.low, g.low, b.low), high = longest(r.high, g.high, b.high);
        store(_mm512_permutex2var_epi64(low, first, high), dx + i, dy + i);
        store(_mm512_permutex2var_epi64(low, second, high), dx + i + GROUP / 2, dy + i + GROUP / 2);
    }
}
#else
bool fx__hog_gradient_is_wide(void) {
    return false;
}

#define read_wide(span, y, rows, words, plane, pitch) read_rows(span, y, rows, words, plane, pitch)
#define gradient_wide(row, pitch, plane, n, dx, dy)   gradient(row, pitch, plane, n, dx, dy)
#endif

void fx__hog_gradient_read(const fx__hog_span *span, int y, size_t rows, int16_t *words,
                           size_t plane, size_t pitch) {
    if (fx__hog_gradient_is_wide())
        read_wide(span, y, rows, words, plane, pitch);
    else
        read_rows(span, y, rows, words, plane, pitch);
}

void fx__hog_gradient(const int16_t *words, ptrdiff_t pitch, size_t plane, size_t rows, size_t n,
                      float *dx, float *dy) {
    for (size_t k = 0; k < rows; k++, words += pitch, dx += n, dy += n)
        if (fx__hog_gradient_is_wide())
            gradient_wide(words, pitch, plane, n, dx, dy);
        else
            gradient(words, pitch, plane, n, dx, dy);
}
