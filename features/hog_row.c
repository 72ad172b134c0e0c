// A column's votes go to the cell before it and to the next, by weights of its phase. Pixel after
// pixel, cumulative sums are weighed and the bins taken from the cells' sums; by AVX-512 (cells of
// 8 columns) bins are taken first, so that 16 columns of a bin are weighed at once. A strip begins
// with a cell (phase 0) or, interpolated, in the middle of one (phase 4).
#include "features/hog_row.h"

#include <stdbool.h>
#include <string.h>

#include "src/base/kernel.h"

enum {
    QUAD = FX__HOG_QUAD,
    PITCH = FX__HOG_ROW_MAX,
    CELL = 8, // pixels of the usual cell
};

#define INLINE static inline __attribute__((always_inline))

typedef float float4 __attribute__((vector_size(16)));

// Four sums at once
// -----------------------------------------------------------------------------------------------

// a[0] + … + a[3], the same of b, c and d.
INLINE float4 sums_of(const float4 v[QUAD]) {
    float4 ab = __builtin_shufflevector(v[0], v[1], 0, 2, 4, 6) +
                __builtin_shufflevector(v[0], v[1], 1, 3, 5, 7);
    float4 cd = __builtin_shufflevector(v[2], v[3], 0, 2, 4, 6) +
                __builtin_shufflevector(v[2], v[3], 1, 3, 5, 7);
    return __builtin_shufflevector(ab, cd, 0, 2, 4, 6) +
           __builtin_shufflevector(ab, cd, 1, 3, 5, 7);
}

// Σ weight·column of four sums over n columns.
INLINE float4 weigh(const float *columns, int n, const float *weights) {
    float4 sums[QUAD] = {{0}}, column, weight;
    int i = 0;
    for (; i + QUAD <= n; i += QUAD) {
        memcpy(&weight, weights + i, sizeof weight);
        for (size_t j = 0; j < QUAD; j++) {
            memcpy(&column, columns + j * PITCH + i, sizeof column);
            sums[j] += weight * column;
        }
    }
    float4 sum = sums_of(sums);
    for (; i < n; i++)
        for (size_t j = 0; j < QUAD; j++) sum[j] += weights[i] * columns[j * PITCH + (size_t)i];
    return sum;
}

// out[bins] += scale · the bins of cumulative sums[bins + 1].
INLINE void add_bins(float scale, int bins, const float *restrict sums, float *restrict out) {
    float4 upper, lower, sum;
    int o = 0;
    for (; o + QUAD <= bins; o += QUAD) {
        memcpy(&upper, sums + o, sizeof upper);
        memcpy(&lower, sums + o + 1, sizeof lower);
        memcpy(&sum, out + o, sizeof sum);
        sum += scale * (upper - lower);
        memcpy(out + o, &sum, sizeof sum);
    }
    for (; o < bins; o++) out[o] += scale * (sums[o] - sums[o + 1]);
    out[0] += scale * sums[bins];
}

// Four sums of n columns, of which the first has this phase, into row[…, slots]: of the cell before
// the first column, and of all that follow. A known size makes loops of known length.
INLINE void sum_cells(const float *columns, int size, int phase, int n, const float *near,
                      const float *far, float *restrict row, size_t slots) {
    float4 left, right; // of columns, what goes to the cell before and to the next
    int first = size - phase < n ? size - phase : n;
    left = weigh(columns, first, near + phase);
    right = weigh(columns, first, far + phase);
    memcpy(row, &left, sizeof left);
    row += slots;
    for (n -= first, columns += first; n >= size; n -= size, columns += size, row += slots) {
        left = right + weigh(columns, size, near);
        right = weigh(columns, size, far);
        memcpy(row, &left, sizeof left);
    }
    if (n > 0) {
        left = right + weigh(columns, n, near);
        right = weigh(columns, n, far);
        memcpy(row, &left, sizeof left);
        row += slots;
    }
    memcpy(row, &right, sizeof right);
}

INLINE void add_row(const fx__hog_row *r, int size, int bins, const float *columns, int phase,
                    int n, int first, int cells_x, float *cells) {
    size_t slots = fx__hog_slots(bins);
    int count = (phase + n - 1) / size + 2; // of cells, the one before the first column included
    for (size_t k = 0; k < slots; k += QUAD)
        sum_cells(columns + k * PITCH, size, phase, n, r->near, r->far, r->scratch + k, slots);
    for (int k = first < 0; k < count && first + k < cells_x; k++)
        add_bins(r->scale, bins, r->scratch + (size_t)k * slots,
                 cells + (ptrdiff_t)(first + k) * bins);
}

static FX__KERNEL void add_row_of_any(const fx__hog_row *r, const float *columns, int phase, int n,
                                      int first, int cells_x, float *cells) {
    add_row(r, r->size, r->bins, columns, phase, n, first, cells_x, cells);
}

static FX__KERNEL void add_row_of_9(const fx__hog_row *r, const float *columns, int phase, int n,
                                    int first, int cells_x, float *cells) {
    add_row(r, CELL, 9, columns, phase, n, first, cells_x, cells);
}

FX__KERNEL void fx__hog_add_cell(const fx__hog_row *r, const float *columns, int n,
                                 const float *weights, float *out) {
    for (size_t k = 0; k < fx__hog_slots(r->bins); k += QUAD) {
        float4 sum = weigh(columns + k * PITCH, n, weights);
        memcpy(r->scratch + k, &sum, sizeof sum);
    }
    add_bins(r->scale, r->bins, r->scratch, out);
}

// Four bins of two cells of 8 columns at once
// ----------------------------------------------------------------------------------

#if FX__WIDE
#include <immintrin.h>

enum {
    LANES = 2 * CELL, // columns
    QUADS = 32,       // of bins, at most
};

#define TARGET __attribute__((target("avx512f,fma")))

// Weights of columns 0 … 3 of each quad of lanes. Quads are the halves of cells, in turn.
typedef struct weights {
    __m512 column[QUAD];
} weights;

INLINE TARGET weights weights_of(const float *by_phase, int phase, float scale) {
    __m256 two = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(by_phase + phase)),
                                      _mm_loadu_ps(by_phase + (phase + QUAD) % CELL), 1);
    __m512 all = _mm512_castpd_ps(_mm512_broadcast_f64x4(_mm256_castps_pd(two)));
    all = _mm512_mul_ps(all, _mm512_set1_ps(scale));
    return (weights){{_mm512_permute_ps(all, 0x00), _mm512_permute_ps(all, 0x55),
                      _mm512_permute_ps(all, 0xaa), _mm512_permute_ps(all, 0xff)}};
}

INLINE TARGET __m512 weigh_quads(const __m512 columns[QUAD], const weights *w) {
    __m512 sum = _mm512_mul_ps(columns[0], w->column[0]);
    FX__UNROLL for (int k = 1; k < QUAD; k++) sum = _mm512_fmadd_ps(columns[k], w->column[k], sum);
    return sum;
}

// Of each quad of lanes, the first of each of four bins, the second of each, …; `one`: there is
// only one bin.
INLINE TARGET void transpose(const __m512 bins[QUAD], bool one, __m512 columns[QUAD]) {
    if (one) {
        columns[0] = bins[0];
        columns[1] = _mm512_permute_ps(bins[0], 0x55);
        columns[2] = _mm512_permute_ps(bins[0], 0xaa);
        columns[3] = _mm512_permute_ps(bins[0], 0xff);
        return;
    }
    __m512 low_0 = _mm512_unpacklo_ps(bins[0], bins[1]),
           high_0 = _mm512_unpackhi_ps(bins[0], bins[1]);
    __m512 low_1 = _mm512_unpacklo_ps(bins[2], bins[3]),
           high_1 = _mm512_unpackhi_ps(bins[2], bins[3]);
    columns[0] = _mm512_shuffle_ps(low_0, low_1, 0x44);
    columns[1] = _mm512_shuffle_ps(low_0, low_1, 0xee);
    columns[2] = _mm512_shuffle_ps(high_0, high_1, 0x44);
    columns[3] = _mm512_shuffle_ps(high_0, high_1, 0xee);
}

// What quads of columns have for the cell before and for the next: four quads each.
typedef struct shares {
    __m512 before, next;
} shares;

// Of which quads, those of the last four columns (0 … 3) or of these (4 … 7), a cell and the one
// behind it are the sum.
typedef struct sources {
    __m512i before[2], next[2];
} sources;

INLINE TARGET __m512i quads_of(int first, int second) {
    return _mm512_setr_epi64(2 * first, 2 * first + 1, 2 * second, 2 * second + 1, 0, 0, 0, 0);
}

INLINE TARGET sources sources_of(int phase) {
    return phase == 0
               ? (sources){{quads_of(4, 6), quads_of(5, 7)}, {quads_of(2, 4), quads_of(3, 5)}}
               : (sources){{quads_of(4, 5), quads_of(3, 6)}, {quads_of(1, 3), quads_of(2, 4)}};
}

INLINE TARGET __m256 pick(__m512 last, __m512i quads, __m512 now) {
    return _mm512_castps512_ps256(_mm512_castpd_ps(
        _mm512_permutex2var_pd(_mm512_castps_pd(last), quads, _mm512_castps_pd(now))));
}

// Four bins of two cells.
INLINE TARGET void store_cells(const sources *from, shares last, shares now, float *first,
                               float *second) {
    __m256 before = _mm256_add_ps(pick(last.before, from->before[0], now.before),
                                  pick(last.before, from->before[1], now.before));
    __m256 next = _mm256_add_ps(pick(last.next, from->next[0], now.next),
                                pick(last.next, from->next[1], now.next));
    __m256 sum = _mm256_add_ps(before, next);
    _mm_storeu_ps(first, _mm256_castps256_ps128(sum));
    _mm_storeu_ps(second, _mm256_extractf128_ps(sum, 1));
}

// phase: 0 or half a cell.
INLINE TARGET void add_row_wide(const fx__hog_row *r, int bins, const float *columns, int phase,
                                int n, int first, int cells_x, float *cells) {
    const weights near = weights_of(r->near, phase, r->scale);
    const weights far = weights_of(r->far, phase, r->scale);
    const sources from = sources_of(phase);
    const shares none = {_mm512_setzero_ps(), _mm512_setzero_ps()};
    const size_t quads = ((size_t)bins + QUAD - 1) / QUAD, slots = quads * QUAD;
    shares last[QUADS];
    float *to = r->scratch;
    int count = 2; // of cells
    for (size_t q = 0; q < quads; q++) last[q] = none;
    for (int x = 0; x < n; x += LANES, to += 2 * slots, count += 2) {
        const __mmask16 lanes = (__mmask16)(n - x < LANES ? (1U << (n - x)) - 1 : 0xffff);
        const float *at = columns + x;
        const __m512 end = _mm512_maskz_loadu_ps(lanes, at + bins * PITCH);
        __m512 upper = _mm512_add_ps(_mm512_maskz_loadu_ps(lanes, at), end);
        for (size_t q = 0; q < quads; q++) {
            __m512 votes[QUAD], by_column[QUAD];
            FX__UNROLL for (int k = 0; k < QUAD; k++) {
                int bin = (int)q * QUAD + k;
                votes[k] = none.next;
                if (bin >= bins) continue;
                __m512 lower = _mm512_maskz_loadu_ps(lanes, at + (bin + 1) * PITCH);
                votes[k] = _mm512_sub_ps(upper, lower);
                upper = lower;
            }
            transpose(votes, bins - (int)q * QUAD == 1, by_column);
            const shares now = {weigh_quads(by_column, &near), weigh_quads(by_column, &far)};
            store_cells(&from, last[q], now, to + q * QUAD, to + slots + q * QUAD);
            last[q] = now;
        }
    }
    for (size_t q = 0; q < quads; q++)
        store_cells(&from, last[q], none, to + q * QUAD, to + slots + q * QUAD);
    if (first + count > cells_x) count = cells_x - first;
    for (int k = first < 0; k < count; k++) {
        const float *in = r->scratch + (size_t)k * slots;
        float *out = cells + (ptrdiff_t)(first + k) * bins;
        int o = 0;
        for (; o + QUAD <= bins; o += QUAD)
            _mm_storeu_ps(out + o, _mm_add_ps(_mm_loadu_ps(out + o), _mm_loadu_ps(in + o)));
        for (; o < bins; o++) out[o] += in[o];
    }
}

static TARGET void add_row_wide_9(const fx__hog_row *r, const float *columns, int phase, int n,
                                  int first, int cells_x, float *cells) {
    add_row_wide(r, 9, columns, phase, n, first, cells_x, cells);
}

static TARGET void add_row_wide_any(const fx__hog_row *r, const float *columns, int phase, int n,
                                    int first, int cells_x, float *cells) {
    add_row_wide(r, r->bins, columns, phase, n, first, cells_x, cells);
}
#endif

// Of any
// --------------------------------------------------------------------------------------------

size_t fx__hog_row_scratch(int bins, int size) {
    return (size_t)(PITCH / size + 3) * fx__hog_slots(bins);
}

void fx__hog_add_row(const fx__hog_row *r, const float *columns, int phase, int n, int first,
                     int cells_x, float *cells) {
    bool nine = r->bins == 9;
#if FX__WIDE
    if (r->size == CELL && phase % QUAD == 0 && r->bins <= QUADS * QUAD &&
        __builtin_cpu_supports("avx512f")) {
        (nine ? add_row_wide_9 : add_row_wide_any)(r, columns, phase, n, first, cells_x, cells);
        return;
    }
#endif
    (nine && r->size == CELL ? add_row_of_9 : add_row_of_any)(r, columns, phase, n, first, cells_x,
                                                              cells);
}
