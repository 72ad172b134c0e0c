// Compiled without fused multiply-add: dx² + dy² and dy² + dx² must be equals, or of two channels
// with the same gradient, mirrored, the wrong one would win.
#include "features/hog_gradient.h"

#include "features/hog_columns.h"
#include "src/base/kernel.h"

// Words, pixel after pixel
// --------------------------------------------------------------------------------------------

#define INLINE static inline __attribute__((always_inline))

// Neighbors of a row that has been split.
INLINE void border(const fx__hog_span *s, const uint8_t *in, int16_t *words, size_t plane) {
    for (size_t c = 0; c < 3; c++, words += plane) {
        words[-1] = s->left ? (in - 3)[c] : words[s->mirror];
        if (!s->right) words[s->n] = words[s->n - 1 - s->mirror];
    }
}

static void read_plain(const fx__hog_rows *rows, const fx__hog_span *s, int y, int16_t *words) {
    size_t n = (size_t)s->n + s->right;
    for (size_t k = 0; k < rows->count; k++, words += rows->pitch) {
        const uint8_t *in = fx__hog_span_row(s, y + (int)k);
        for (size_t i = 0; i < n; i++)
            for (size_t c = 0; c < 3; c++) words[c * rows->plane + i] = in[3 * i + c];
        border(s, in, words, rows->plane);
    }
}

static void words_plain(const fx__hog_rows *rows, const int16_t *row, float *dx, float *dy) {
    ptrdiff_t pitch = (ptrdiff_t)rows->pitch;
    for (size_t i = 0; i < rows->n; i++, row++) {
        int most = -1;
        for (size_t c = 0; c < 3; c++) {
            const int16_t *at = row + c * rows->plane;
            int x = at[1] - at[-1], y = at[pitch] - at[-pitch];
            if (x * x + y * y <= most) continue;
            most = x * x + y * y;
            dx[i] = (float)x;
            dy[i] = (float)y;
        }
    }
}

// Floats
// --------------------------------------------------------------------------------------------

INLINE void one_channel(const float *row, ptrdiff_t pitch, float *restrict dx, float *restrict dy) {
    for (ptrdiff_t k = 0; k < FX__HOG_LANES; k++) {
        dx[k] = row[k + 1] - row[k - 1];
        dy[k] = row[k + pitch] - row[k - pitch];
    }
}

INLINE void three_channels(const float *r, size_t plane, ptrdiff_t pitch, float *restrict dx,
                           float *restrict dy) {
    const float *g = r + plane, *b = g + plane;
    for (ptrdiff_t k = 0; k < FX__HOG_LANES; k++) {
        float x0 = r[k + 1] - r[k - 1], y0 = r[k + pitch] - r[k - pitch];
        float x1 = g[k + 1] - g[k - 1], y1 = g[k + pitch] - g[k - pitch];
        float x2 = b[k + 1] - b[k - 1], y2 = b[k + pitch] - b[k - pitch];
        float square = x0 * x0 + y0 * y0, other = x1 * x1 + y1 * y1;
        x0 = other > square ? x1 : x0;
        y0 = other > square ? y1 : y0;
        square = other > square ? other : square;
        other = x2 * x2 + y2 * y2;
        dx[k] = other > square ? x2 : x0;
        dy[k] = other > square ? y2 : y0;
    }
}

FX__KERNEL void fx__hog_gradient_floats(const fx__hog_rows *rows, bool rgb, const float *first,
                                        float *dx, float *dy) {
    const ptrdiff_t pitch = (ptrdiff_t)rows->pitch;
    for (size_t k = 0; k < rows->count; k++, first += rows->pitch)
        for (size_t i = 0; i < rows->n;
             i += FX__HOG_LANES, dx += FX__HOG_LANES, dy += FX__HOG_LANES)
            if (rgb)
                three_channels(first + i, rows->plane, pitch, dx, dy);
            else
                one_channel(first + i, pitch, dx, dy);
}

// Words, 16 or 32 at once
// ---------------------------------------------------------------------------------------------

#if FX__WIDE
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi")))

bool fx__hog_gradient_is_wide(void) {
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vbmi");
}

enum {
    SPLIT = 16, // pixels split at once, of 48 bytes
    GROUP = FX__HOG_GRADIENT_GROUP,
};

// Where the lower bytes of 32 words come from: R of 16 pixels, then G; and B.
static const uint8_t RED_GREEN[64] = {
    0,  0, 3,  0, 6,  0, 9,  0, 12, 0, 15, 0, 18, 0, 21, 0, 24, 0, 27, 0, 30, 0,
    33, 0, 36, 0, 39, 0, 42, 0, 45, 0, 1,  0, 4,  0, 7,  0, 10, 0, 13, 0, 16, 0,
    19, 0, 22, 0, 25, 0, 28, 0, 31, 0, 34, 0, 37, 0, 40, 0, 43, 0, 46, 0,
};
static const uint8_t BLUE[64] = {2,  0, 5,  0, 8,  0, 11, 0, 14, 0, 17, 0, 20, 0, 23, 0,
                                 26, 0, 29, 0, 32, 0, 35, 0, 38, 0, 41, 0, 44, 0, 47, 0};

TARGET static void read_wide(const fx__hog_rows *rows, const fx__hog_span *s, int y,
                             int16_t *words) {
    const __mmask64 bytes = 0x5555555555555555; // of each word the lower
    const size_t plane = rows->plane;
    __m512i red_green = _mm512_loadu_si512(RED_GREEN), blue = _mm512_loadu_si512(BLUE);
    size_t n = (size_t)s->n + s->right;
    for (size_t k = 0; k < rows->count; k++, words += rows->pitch) {
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

// (dx, dy) of GROUP pixels of a channel: of eight in a row, low has the first four, high the
// others.
typedef struct pairs {
    __m512i low, high;
} pairs;

INLINE TARGET pairs pairs_of(const int16_t *row, ptrdiff_t pitch) {
    __m512i dx = _mm512_sub_epi16(_mm512_loadu_si512(row + 1), _mm512_loadu_si512(row - 1));
    __m512i dy = _mm512_sub_epi16(_mm512_loadu_si512(row + pitch), _mm512_loadu_si512(row - pitch));
    return (pairs){_mm512_unpacklo_epi16(dx, dy), _mm512_unpackhi_epi16(dx, dy)};
}

// The longest of three, of equals the first.
INLINE TARGET __m512i longest(__m512i r, __m512i g, __m512i b) {
    __m512i most = _mm512_madd_epi16(r, r), square = _mm512_madd_epi16(g, g);
    r = _mm512_mask_mov_epi32(r, _mm512_cmpgt_epi32_mask(square, most), g);
    most = _mm512_max_epi32(most, square);
    square = _mm512_madd_epi16(b, b);
    return _mm512_mask_mov_epi32(r, _mm512_cmpgt_epi32_mask(square, most), b);
}

INLINE TARGET void store(__m512i pair, float *dx, float *dy) {
    __m512i x = _mm512_madd_epi16(pair, _mm512_set1_epi32(1)), y = _mm512_srai_epi32(pair, 16);
    _mm512_storeu_ps(dx, _mm512_cvtepi32_ps(x));
    _mm512_storeu_ps(dy, _mm512_cvtepi32_ps(y));
}

TARGET static void words_wide(const fx__hog_rows *rows, const int16_t *row, float *dx, float *dy) {
    const ptrdiff_t pitch = (ptrdiff_t)rows->pitch;
    const size_t plane = rows->plane;
    const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    const __m512i second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    for (size_t i = 0; i < rows->n; i += GROUP, row += GROUP) {
        pairs r = pairs_of(row, pitch), g = pairs_of(row + plane, pitch),
              b = pairs_of(row + 2 * plane, pitch);
        __m512i low = longest(r.low, g.low, b.low), high = longest(r.high, g.high, b.high);
        store(_mm512_permutex2var_epi64(low, first, high), dx + i, dy + i);
        store(_mm512_permutex2var_epi64(low, second, high), dx + i + GROUP / 2, dy + i + GROUP / 2);
    }
}
#define FASTEST(wide, plain) (fx__hog_gradient_is_wide() ? (wide) : (plain))
#else
bool fx__hog_gradient_is_wide(void) {
    return false;
}

#define FASTEST(wide, plain) (plain)
#endif

void fx__hog_gradient_read(const fx__hog_rows *rows, const fx__hog_span *span, int y,
                           int16_t *words) {
    FASTEST(read_wide, read_plain)(rows, span, y, words);
}

void fx__hog_gradient_words(const fx__hog_rows *rows, const int16_t *words, float *dx, float *dy) {
    void (*const row)(const fx__hog_rows *, const int16_t *, float *, float *) =
        FASTEST(words_wide, words_plain);
    for (size_t k = 0; k < rows->count; k++, words += rows->pitch, dx += rows->n, dy += rows->n)
        row(rows, words, dx, dy);
}
