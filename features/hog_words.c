// Votes of RGB bytes, as of hog_votes.c, by AVX-512 with VBMI: gradients in 16-bit integers, as
// exact as floats and half as long; magnitudes and angles by short polynomials, each pixel with
// those of its own interval.
#include "features/hog_words.h"

#include "src/base/kernel.h"

#define INLINE static inline __attribute__((always_inline))

#if FX__WIDE
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")))

bool fx__hog_words_are_fast(void) {
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi");
}

enum {
    SPLIT = 16, // pixels split at once, of 48 bytes
    GROUP = FX__HOG_WORDS_GROUP,
    AHEAD = 10, // of rows, further than those read at once: fetched into the second cache
    LANES = 16,
    INTERVALS = 32,
};

// Bytes into words
// --------------------------------------------------------------------------------------------

// Where the lower bytes of 32 words come from: R of 16 pixels, then G; and B.
static const uint8_t RED_GREEN[64] = {
    0,  0, 3,  0, 6,  0, 9,  0, 12, 0, 15, 0, 18, 0, 21, 0, 24, 0, 27, 0, 30, 0,
    33, 0, 36, 0, 39, 0, 42, 0, 45, 0, 1,  0, 4,  0, 7,  0, 10, 0, 13, 0, 16, 0,
    19, 0, 22, 0, 25, 0, 28, 0, 31, 0, 34, 0, 37, 0, 40, 0, 43, 0, 46, 0,
};
static const uint8_t BLUE[64] = {2,  0, 5,  0, 8,  0, 11, 0, 14, 0, 17, 0, 20, 0, 23, 0,
                                 26, 0, 29, 0, 32, 0, 35, 0, 38, 0, 41, 0, 44, 0, 47, 0};

// Neighbors of a row that has been split.
INLINE void border(const fx__hog_span *s, const uint8_t *in, int16_t *words, size_t plane) {
    for (size_t c = 0; c < 3; c++, words += plane) {
        words[-1] = s->left ? (in - 3)[c] : words[s->mirror];
        if (!s->right) words[s->n] = words[s->n - 1 - s->mirror];
    }
}

TARGET void fx__hog_words_read(const fx__hog_votes *votes, const fx__hog_span *s, int y, int count,
                               int at) {
    const __mmask64 bytes = 0x5555555555555555; // of each word the lower
    const size_t plane = votes->plane;
    int16_t *words = votes->words + (size_t)at * votes->pitch + GROUP;
    __m512i red_green = _mm512_loadu_si512(RED_GREEN), blue = _mm512_loadu_si512(BLUE);
    size_t n = (size_t)s->n + s->right;
    for (int k = 0; k < count; k++, words += votes->pitch) {
        const uint8_t *in = fx__hog_span_row(s, y + k);
        const uint8_t *later = fx__hog_span_row(s, y + k + AHEAD);
        int16_t *r = words, *g = words + plane, *b = words + 2 * plane;
        for (size_t i = 0; i < n; i += SPLIT) {
            size_t size = (size_t)(s->end - in) - 3 * i; // of what may be read
            __mmask64 there = size < 64 ? (UINT64_C(1) << size) - 1 : ~UINT64_C(0);
            __m512i pixels = size < 64 ? _mm512_maskz_loadu_epi8(there, in + 3 * i)
                                       : _mm512_loadu_si512(in + 3 * i);
            __m512i rg_words = _mm512_maskz_permutexvar_epi8(bytes, red_green, pixels);
            __m512i b_words = _mm512_maskz_permutexvar_epi8(bytes, blue, pixels);
            _mm_prefetch((const char *)later + 3 * i, _MM_HINT_T1);
            _mm256_storeu_si256((void *)(r + i), _mm512_castsi512_si256(rg_words));
            _mm256_storeu_si256((void *)(g + i), _mm512_extracti64x4_epi64(rg_words, 1));
            _mm256_storeu_si256((void *)(b + i), _mm512_castsi512_si256(b_words));
        }
        border(s, in, words, plane);
    }
}

// Gradients
// --------------------------------------------------------------------------------------------

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

// Votes
// -------------------------------------------------------------------------------------------

// With q in [-1, 1] the quotient of the smaller of dx and dy and the larger, and v = q², the angle
// to the nearer axis is q·ANGLE(v), in units of 45°, and the magnitude ROOT(v) times the larger:
// ANGLE = (4/π)·atan(q)/q and ROOT = √(1 + v), c[0] + c[1]·v + c[2]·v² in the interval ⌊31·v + ½⌋.
// Made from interpolation at three Chebyshev nodes of each interval, rounded one after the other,
// c[2] first, c[1] and c[0] fitted to what is left; ANGLE(1) and ROOT(0) are exactly 1. For 8-bit
// pixels, with every rounding, the angle to the axis is within 1.3e-7 rad, that from 0 within
// 3.5e-7, and magnitudes are within 2.1e-7 of themselves (a test tries all).
static const float ANGLE[3][INTERVALS] = {
    {1.27323949e+00f, 1.27323472e+00f, 1.27319896e+00f, 1.27310896e+00f, 1.27294827e+00f,
     1.27270532e+00f, 1.27237236e+00f, 1.27194512e+00f, 1.27142107e+00f, 1.27079988e+00f,
     1.27008212e+00f, 1.26926982e+00f, 1.26836526e+00f, 1.26737165e+00f, 1.26629233e+00f,
     1.26513100e+00f, 1.26389146e+00f, 1.26257753e+00f, 1.26119304e+00f, 1.25974190e+00f,
     1.25822783e+00f, 1.25665462e+00f, 1.25502563e+00f, 1.25334442e+00f, 1.25161445e+00f,
     1.24983871e+00f, 1.24802017e+00f, 1.24616206e+00f, 1.24426687e+00f, 1.24233735e+00f,
     1.24037588e+00f, 1.23885953e+00f},
    {-4.24385309e-01f, -4.23908859e-01f, -4.22444344e-01f, -4.20219004e-01f, -4.17374194e-01f,
     -4.14027005e-01f, -4.10274684e-01f, -4.06198353e-01f, -4.01865631e-01f, -3.97333056e-01f,
     -3.92647952e-01f, -3.87850016e-01f, -3.82972449e-01f, -3.78043145e-01f, -3.73085380e-01f,
     -3.68118763e-01f, -3.63159567e-01f, -3.58221412e-01f, -3.53315622e-01f, -3.48451585e-01f,
     -3.43636930e-01f, -3.38878036e-01f, -3.34179997e-01f, -3.29546869e-01f, -3.24981928e-01f,
     -3.20487648e-01f, -3.16065878e-01f, -3.11717957e-01f, -3.07444721e-01f, -3.03246737e-01f,
     -2.99124122e-01f, -2.96031862e-01f},
    {2.50308603e-01f, 2.37915710e-01f, 2.22710371e-01f, 2.08875343e-01f, 1.96252808e-01f,
     1.84706852e-01f, 1.74120024e-01f, 1.64390296e-01f, 1.55428812e-01f, 1.47157833e-01f,
     1.39509141e-01f, 1.32422701e-01f, 1.25845477e-01f, 1.19730517e-01f, 1.14036098e-01f,
     1.08725078e-01f, 1.03764288e-01f, 9.91240516e-02f, 9.47777331e-02f, 9.07014012e-02f,
     8.68734792e-02f, 8.32744986e-02f, 7.98868388e-02f, 7.66945183e-02f, 7.36830533e-02f,
     7.08392411e-02f, 6.81510568e-02f, 6.56075403e-02f, 6.31986558e-02f, 6.09152205e-02f,
     5.87488152e-02f, 5.71723245e-02f},
};
static const float ROOT[3][INTERVALS] = {
    {1.00000000e+00f, 1.00000167e+00f, 1.00001431e+00f, 1.00004685e+00f, 1.00010586e+00f,
     1.00019658e+00f, 1.00032318e+00f, 1.00048828e+00f, 1.00069416e+00f, 1.00094223e+00f,
     1.00123334e+00f, 1.00156784e+00f, 1.00194597e+00f, 1.00236750e+00f, 1.00283206e+00f,
     1.00333905e+00f, 1.00388765e+00f, 1.00447714e+00f, 1.00510669e+00f, 1.00577509e+00f,
     1.00648165e+00f, 1.00722516e+00f, 1.00800455e+00f, 1.00881886e+00f, 1.00966692e+00f,
     1.01054776e+00f, 1.01146030e+00f, 1.01240361e+00f, 1.01337647e+00f, 1.01437807e+00f,
     1.01540744e+00f, 1.01619887e+00f},
    {4.99991477e-01f, 4.99824405e-01f, 4.99306023e-01f, 4.98503834e-01f, 4.97459739e-01f,
     4.96209413e-01f, 4.94783431e-01f, 4.93208110e-01f, 4.91505980e-01f, 4.89696562e-01f,
     4.87796694e-01f, 4.85821009e-01f, 4.83782113e-01f, 4.81691033e-01f, 4.79557395e-01f,
     4.77389514e-01f, 4.75194693e-01f, 4.72979277e-01f, 4.70748812e-01f, 4.68508184e-01f,
     4.66261595e-01f, 4.64012772e-01f, 4.61764961e-01f, 4.59520996e-01f, 4.57283288e-01f,
     4.55054045e-01f, 4.52835113e-01f, 4.50628132e-01f, 4.48434472e-01f, 4.46255356e-01f,
     4.44091856e-01f, 4.42477643e-01f},
    {-1.23571374e-01f, -1.19193465e-01f, -1.13816448e-01f, -1.08831897e-01f, -1.04200847e-01f,
     -9.98891816e-02f, -9.58668739e-02f, -9.21074525e-02f, -8.85874853e-02f, -8.52861404e-02f,
     -8.21848735e-02f, -7.92671144e-02f, -7.65180066e-02f, -7.39242062e-02f, -7.14737177e-02f,
     -6.91556782e-02f, -6.69602826e-02f, -6.48786426e-02f, -6.29026666e-02f, -6.10249899e-02f,
     -5.92389107e-02f, -5.75382896e-02f, -5.59175089e-02f, -5.43714166e-02f, -5.28952815e-02f,
     -5.14847524e-02f, -5.01358174e-02f, -4.88447770e-02f, -4.76082079e-02f, -4.64229509e-02f,
     -4.52860706e-02f, -4.44630012e-02f},
};

typedef struct table {
    __m512 c[3][2];
} table;

INLINE TARGET table load(const float c[3][INTERVALS]) {
    table t;
    FX__UNROLL for (int k = 0; k < 3; k++) {
        t.c[k][0] = _mm512_loadu_ps(c[k]);
        t.c[k][1] = _mm512_loadu_ps(c[k] + LANES);
    }
    return t;
}

INLINE TARGET __m512 value_at(const table *t, __m512i interval, __m512 v) {
    __m512 c[3];
    FX__UNROLL for (int k = 0; k < 3; k++) c[k] =
        _mm512_permutex2var_ps(t->c[k][0], interval, t->c[k][1]);
    return _mm512_fmadd_ps(_mm512_fmadd_ps(c[2], v, c[1]), v, c[0]);
}

// Where a vote goes: what stands in fx__hog_votes.
typedef struct places {
    bool two, centered, is_signed;
    float bins;
} places;

// Place of an angle in units of 45°, at least -1 and less than a turn (without sign, half a turn).
INLINE TARGET __m512 place_of(const places *p, __m512 angle) {
    const __m512 zero = _mm512_setzero_ps(), bins = _mm512_set1_ps(p->bins);
    __m512 scale = _mm512_set1_ps(p->bins / (p->is_signed ? 8.0f : 4.0f));
    __m512 t = p->two && !p->centered ? _mm512_fmsub_ps(angle, scale, _mm512_set1_ps(0.5f))
                                      : _mm512_mul_ps(angle, scale);
    t = _mm512_mask_add_ps(t, _mm512_cmp_ps_mask(t, zero, _CMP_LT_OQ), t, bins);
    if (p->two) return t;
    if (!p->centered) return _mm512_roundscale_ps(t, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
    t = _mm512_sub_ps(_mm512_set1_ps(p->bins + 0.5f), t); // rounded, a half down
    return _mm512_sub_ps(bins, _mm512_roundscale_ps(t, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC));
}

// Of LANES pixels what their votes are made of: the larger of dx and dy, the quotient q, and which
// gradients are nearer to the vertical axis.
typedef struct ratio {
    __m512 larger, q;
    __mmask16 steep;
} ratio;

INLINE TARGET ratio ratio_of(__m512i pair) {
    enum { SMALLER = 6, LARGER = 7 }; // by absolute value, with its sign
    __m512 dx = _mm512_cvtepi32_ps(_mm512_madd_epi16(pair, _mm512_set1_epi32(1)));
    __m512 dy = _mm512_cvtepi32_ps(_mm512_srai_epi32(pair, 16));
    // Of dx = -dy the smaller is the one below zero: whichever axis is taken, the angle is right.
    __m512 smaller = _mm512_range_ps(dx, dy, SMALLER), larger = _mm512_range_ps(dx, dy, LARGER);
    __mmask16 any = _mm512_cmp_ps_mask(larger, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    return (ratio){larger, _mm512_maskz_div_ps(any, smaller, larger),
                   _mm512_cmp_ps_mask(larger, dx, _CMP_NEQ_UQ)};
}

INLINE TARGET void vote(const places *p, const table *angles, const table *roots, const ratio *of,
                        float *magnitude, float *place) {
    const __m512 intervals = _mm512_set1_ps(INTERVALS - 1);
    const __m512 units = _mm512_set1_ps(12582912.0f); // 1.5·2^23: ends in the bits of an integer
    __m512 v = _mm512_mul_ps(of->q, of->q);
    __m512i interval = _mm512_castps_si512(_mm512_fmadd_ps(v, intervals, units));
    __m512 angle = _mm512_mul_ps(of->q, value_at(angles, interval, v));
    angle = _mm512_mask_sub_ps(angle, of->steep, _mm512_set1_ps(2.0f), angle);
    if (p->is_signed)
        angle = _mm512_mask_add_ps(angle, _mm512_movepi32_mask(_mm512_castps_si512(of->larger)),
                                   angle, _mm512_set1_ps(4.0f));
    _mm512_storeu_ps(magnitude,
                     _mm512_mul_ps(_mm512_abs_ps(of->larger), value_at(roots, interval, v)));
    _mm512_storeu_ps(place, place_of(p, angle));
}

// Of GROUP pixels.
typedef struct ratios {
    ratio first, second;
} ratios;

INLINE TARGET ratios ratios_of(const int16_t *row, ptrdiff_t pitch, size_t plane) {
    const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    const __m512i second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    pairs r = pairs_of(row, pitch), g = pairs_of(row + plane, pitch),
          b = pairs_of(row + 2 * plane, pitch);
    __m512i low = longest(r.low, g.low, b.low), high = longest(r.high, g.high, b.high);
    return (ratios){ratio_of(_mm512_permutex2var_epi64(low, first, high)),
                    ratio_of(_mm512_permutex2var_epi64(low, second, high))};
}

// Quotients take so long that those of the next group are begun before this one's votes.
INLINE TARGET void vote_rows(const fx__hog_votes *votes, int rows, bool two, bool centered,
                             bool is_signed) {
    const places p = {two, centered, is_signed, (float)votes->bins};
    const ptrdiff_t pitch = (ptrdiff_t)votes->pitch;
    const size_t plane = votes->plane, groups = (votes->stride + GROUP - 1) / GROUP;
    const table angles = load(ANGLE), roots = load(ROOT);
    const int16_t *row = votes->words + pitch + GROUP;
    float *magnitude = votes->magnitude, *place = votes->place;
    ratios next = ratios_of(row, pitch, plane);
    size_t group = 0; // of the next one
    for (size_t rest = (size_t)rows * groups; rest > 0; rest--) {
        const ratios now = next;
        size_t step = GROUP;
        if (++group == groups) {
            row += pitch - (ptrdiff_t)(groups * GROUP);
            step = votes->stride - (groups - 1) * GROUP;
            group = 0;
        }
        row += GROUP;
        if (rest > 1) next = ratios_of(row, pitch, plane);
        vote(&p, &angles, &roots, &now.first, magnitude, place);
        vote(&p, &angles, &roots, &now.second, magnitude + LANES, place + LANES);
        magnitude += step;
        place += step;
    }
}

TARGET void fx__hog_words_vote(const fx__hog_votes *votes, int rows) {
    if (votes->two && !votes->centered && !votes->is_signed) // known, as they mostly are
        vote_rows(votes, rows, true, false, false);
    else
        vote_rows(votes, rows, votes->two, votes->centered, votes->is_signed);
}
#else
bool fx__hog_words_are_fast(void) {
    return false;
}

void fx__hog_words_read(const fx__hog_votes *votes, const fx__hog_span *span, int y, int count,
                        int at) {
    (void)votes, (void)span, (void)y, (void)count, (void)at;
}

void fx__hog_words_vote(const fx__hog_votes *votes, int rows) {
    (void)votes, (void)rows;
}
#endif
