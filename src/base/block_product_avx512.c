// Products by AVX-512, a block of rows by columns at a time, summed in 24 registers of 16 numbers
// (but for what is left at the edges), so that the two multipliers of the processor are always
// busy. Where B is not transposed and small, or used by few rows, it is read where it lies, in
// panels of up to 64 columns: the wider the block, the fewer loads. Otherwise B goes through
// scratch in panels of 32 columns and at most DEPTH rows, which stay in the second cache for all
// rows of A; with many columns A transposed then goes through it as well, twelve columns at a time.
//
// Every element is summed in ascending order of k, in pieces of DEPTH, wherever it stands.
#include <assert.h>
#include <string.h>

#include "src/base/block_product_kernels.h"
#include "src/base/kernel.h"
#include "src/base/memory.h"

#if FX__WIDE
#include <immintrin.h>

enum {
    WIDTH = 16,
    WIDE = 4,       // vectors of a panel of B as it lies, at most
    WIDE_ROWS = 24, // of A for which it then stays near: a multiple of those of all blocks
    NARROW = 2,     // vectors of a panel of B in scratch
    LANES = NARROW * WIDTH,
    ROWS = 12,          // that suit it
    FEW_PANELS = 4,     // of B, for which packing A does not pay
    FEW_ROWS = 96,      // of A, for which packing B does not
    FEW_NUMBERS = 8192, // of B, that stay in the first cache: the same
    FEW_COLUMNS = 128,  // of C, that are handed out as a whole
    DEPTH = FX__PRODUCT_DEPTH,
    PACKED = 260 * DEPTH, // numbers of B, which share the second cache with A and C
};
static_assert(PACKED + ROWS * DEPTH <= FX__PRODUCT_SCRATCH, "B, and a strip of A");
static_assert(WIDE_ROWS * FEW_COLUMNS <= FX__PRODUCT_SCRATCH, "a strip of C");

#define TARGET __attribute__((target("avx512f,fma")))
#define INLINE TARGET static inline __attribute__((always_inline))

// Where rows of B are: k of them from `first` on, ld apart, but for the last, so that lanes beyond
// that have something to read. (A load with a mask would take the place of a product.)
typedef struct rows_of_b {
    const float *first, *last;
    size_t ld, k;
} rows_of_b;

// Where sums go: of the last vector the lanes of `mask` alone; `more`: added to what is there.
typedef struct target {
    float *numbers;
    size_t ld;
    __mmask16 mask;
    bool more;
} target;

INLINE void put(const target *to, size_t row, size_t v, size_t vectors, __m512 sum) {
    float *numbers = to->numbers + row * to->ld + v * WIDTH;
    const __mmask16 mask = v + 1 < vectors ? 0xffff : to->mask;
    if (to->more) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, numbers));
    _mm512_mask_storeu_ps(numbers, mask, sum);
}

// to[rows, vectors · WIDTH] = Σ A(row, p) · B(p, lane); A(row, p) stands at
// a[row · row_step + p · depth_step].
#define KERNEL(name, rows, vectors, row_step, depth_step)                                          \
    TARGET static void name(const float *a, size_t lda, const rows_of_b *b, const target *to) {    \
        __m512 sums[rows][vectors], columns[vectors];                                              \
        const float *from = b->first;                                                              \
        const size_t k = b->k, ldb = b->ld;                                                        \
        (void)lda;                                                                                 \
        FX__UNROLL for (size_t row = 0; row < (rows); row++)                                       \
            FX__UNROLL for (size_t v = 0; v < (vectors); v++) sums[row][v] = _mm512_setzero_ps();  \
        for (size_t p = 0, end = k - 1; p < k; end = k, from = b->last)                            \
            FX__UNROLL_TWICE for (; p < end; p++, from += ldb) {                                   \
                FX__UNROLL for (size_t v = 0; v < (vectors); v++) columns[v] =                     \
                    _mm512_loadu_ps(from + v * WIDTH);                                             \
                FX__UNROLL for (size_t row = 0; row < (rows); row++) {                             \
                    const __m512 number = _mm512_set1_ps(a[row * (row_step) + p * (depth_step)]);  \
                    FX__UNROLL for (size_t v = 0; v < (vectors); v++) sums[row][v] =               \
                        _mm512_fmadd_ps(number, columns[v], sums[row][v]);                         \
                }                                                                                  \
            }                                                                                      \
        FX__UNROLL for (size_t row = 0; row < (rows); row++)                                       \
            FX__UNROLL for (size_t v = 0; v < (vectors); v++)                                      \
                put(to, row, v, vectors, sums[row][v]);                                            \
    }

typedef void kernel(const float *a, size_t lda, const rows_of_b *b, const target *to);

// Blocks of so many rows.
typedef struct shape {
    size_t rows;
    kernel *kernels[2]; // of A and of its transpose
} shape;

// In the 24 registers, and in a block of multiply_panel().
#define KERNELS(rows, vectors)                                                                     \
    KERNEL(plain_##rows##_##vectors, rows, vectors, lda, 1)                                        \
    KERNEL(transposed_##rows##_##vectors, rows, vectors, 1, lda)                                   \
    static_assert((rows) * (vectors) <= ROWS * NARROW, "a block");
#define SHAPE(rows, vectors)                                                                       \
    {                                                                                              \
        rows, {                                                                                    \
            plain_##rows##_##vectors, transposed_##rows##_##vectors                                \
        }                                                                                          \
    }
#define FOR_EACH_WIDTH(X, few) X(few, 1) X(few, 2) X(few, 3) X(few, 4)
KERNELS(12, 1)
KERNELS(12, 2)
KERNELS(8, 3)
KERNELS(6, 4)
FOR_EACH_WIDTH(KERNELS, 4)
FOR_EACH_WIDTH(KERNELS, 2)
FOR_EACH_WIDTH(KERNELS, 1)

// For 1 … WIDE vectors, the largest first.
static const shape shapes[WIDE][4] = {
    {SHAPE(12, 1), SHAPE(4, 1), SHAPE(2, 1), SHAPE(1, 1)},
    {SHAPE(12, 2), SHAPE(4, 2), SHAPE(2, 2), SHAPE(1, 2)},
    {SHAPE(8, 3), SHAPE(4, 3), SHAPE(2, 3), SHAPE(1, 3)},
    {SHAPE(6, 4), SHAPE(4, 4), SHAPE(2, 4), SHAPE(1, 4)},
};

TARGET static void copy_lanes(const float *from, float *to) {
    for (size_t v = 0; v < NARROW; v++)
        _mm512_storeu_ps(to + v * WIDTH, _mm512_loadu_ps(from + v * WIDTH));
}

// Narrow panels of `columns` columns of op(B), k rows each; columns beyond are zero.
TARGET static void pack_b(const fx__product *product, size_t p, size_t k, size_t j, size_t columns,
                          float *to) {
    const size_t ldb = product->ldb, whole = columns / LANES * LANES, rest = columns - whole;
    const float *b = product->transpose_b ? product->b + j * ldb + p : product->b + p * ldb + j;
    if (rest > 0) memset(to + whole * k, 0, k * LANES * sizeof *to);
    if (product->transpose_b) {
        for (size_t first = 0; first < columns; first += LANES)
            for (size_t q = 0; q < k; q += WIDTH)
                for (size_t lane = first; lane < fx__least(columns, first + LANES); lane++)
                    for (size_t r = q; r < k && r < q + WIDTH; r++)
                        to[first * k + r * LANES + lane - first] = b[lane * ldb + r];
        return;
    }
    for (size_t q = 0; q < k; q++, to += LANES) {
        const float *row = b + q * ldb;
        for (size_t first = 0; first < whole; first += LANES)
            copy_lanes(row + first, to + first * k);
        for (size_t lane = 0; lane < rest; lane++) to[whole * k + lane] = row[whole + lane];
    }
}

TARGET static void pack_a(const float *a, size_t lda, size_t k, size_t rows, float *to) {
    if (rows == ROWS)
        for (size_t p = 0; p < k; p++) memcpy(to + p * ROWS, a + p * lda, ROWS * sizeof *to);
    else
        for (size_t p = 0; p < k; p++)
            for (size_t row = 0; row < rows; row++) to[p * rows + row] = a[p * lda + row];
}

// Rows i … of op(A), at most `most`, from p on.
typedef struct strip {
    bool transposed;
    const float *a;
    size_t lda, i, rows, p;
} strip;

static strip strip_of(const fx__product *product, size_t i, size_t most, size_t p, size_t depth,
                      float *packed) {
    const bool transposed = product->transpose_a;
    const size_t lda = product->lda;
    strip s = {.transposed = transposed,
               .a = product->a + (transposed ? p * lda + i : i * lda + p),
               .lda = lda,
               .i = i,
               .rows = fx__least(most, product->m - i),
               .p = p};
    if (transposed && most == ROWS && product->n > FEW_PANELS * LANES) {
        pack_a(s.a, lda, depth, s.rows, packed);
        s.a = packed;
        s.lda = s.rows;
    }
    return s;
}

// The strip by columns j … of C, to `out` with its own rows of C.
static void multiply_panel(const strip *s, const rows_of_b *b, size_t j, size_t columns,
                           const fx__product_output *out) {
    float block[ROWS * LANES] __attribute__((aligned(64)));
    const size_t vectors = fx__pieces(columns, WIDTH), lanes = vectors * WIDTH;
    const shape *shape = shapes[vectors - 1];
    for (size_t row = 0; row < s->rows; row += shape->rows) {
        while (shape->rows > s->rows - row) shape++;
        const float *a = s->a + row * (s->transposed ? 1 : s->lda);
        kernel *run = shape->kernels[s->transposed];
        if (out->c) {
            const __mmask16 mask = (__mmask16)(0xffffu >> (lanes - columns));
            run(a, s->lda, b, &(target){out->c + row * out->ldc + j, out->ldc, mask, s->p > 0});
        } else {
            run(a, s->lda, b, &(target){block, lanes, 0xffff, false});
            out->take(out->context, s->i + row, j, shape->rows, columns, block, lanes);
        }
    }
}

// Vectors of the next panel of B as it lies, where so many are left: rather three and two than four
// and one.
static size_t next_panel(size_t left) {
    return left <= WIDE ? left : left <= 2 * (WIDE - 1) ? WIDE - 1 : WIDE;
}

// Some columns and `depth` rows of B: where they lie, or narrow panels in scratch.
typedef struct columns_of_b {
    const float *numbers;
    size_t ld, depth, count;
    bool packed;
} columns_of_b;

// The strip by these columns, the first of which is j of C.
static void multiply_strip(const strip *s, const columns_of_b *b, size_t j,
                           const fx__product_output *out) {
    float last[WIDE * WIDTH] = {0};
    const size_t all = fx__pieces(b->count, WIDTH);
    for (size_t first = 0, vectors; first < all; first += vectors) {
        vectors = b->packed ? fx__least(NARROW, all - first) : next_panel(all - first);
        const size_t q = first * WIDTH, width = fx__least(vectors * WIDTH, b->count - q);
        rows_of_b rows = {b->numbers + q * (b->packed ? b->depth : 1), last, b->ld, b->depth};
        const float *end = rows.first + (b->depth - 1) * b->ld;
        if (b->packed)
            rows.last = end;
        else
            memcpy(last, end, width * sizeof *last);
        multiply_panel(s, &rows, j + q, width, out);
    }
}

void fx__product_by_vectors(const fx__product *product, float *scratch,
                            const fx__product_output *out) {
    const size_t m = product->m, n = product->n, k = product->k, ldb = product->ldb;
    const size_t most = PACKED / fx__least(k, DEPTH) / LANES * LANES; // columns at a time
    // Of narrower rows, lanes beyond the last but one would lie beyond the last.
    const bool packs_b =
        product->transpose_b || ldb < WIDTH || (m > FEW_ROWS && n * k > FEW_NUMBERS);
    const bool by_strips = !out->c && !packs_b && n <= FEW_COLUMNS;
    for (size_t j = 0; j < n; j += most)
        for (size_t p = 0; p < k; p += DEPTH) {
            const size_t depth = fx__least(DEPTH, k - p), count = fx__least(most, n - j);
            const columns_of_b b =
                packs_b ? (columns_of_b){scratch, LANES, depth, count, true}
                        : (columns_of_b){product->b + p * ldb + j, ldb, depth, count, false};
            if (packs_b) pack_b(product, p, depth, j, count, scratch);
            for (size_t i = 0, rows; i < m; i += rows) {
                const strip s =
                    strip_of(product, i, packs_b ? ROWS : WIDE_ROWS, p, depth, scratch + PACKED);
                rows = s.rows;
                fx__product_output to = *out;
                if (by_strips)
                    to = (fx__product_output){.c = scratch, .ldc = n};
                else if (to.c)
                    to.c += i * to.ldc;
                multiply_strip(&s, &b, j, &to);
                if (by_strips) out->take(out->context, i, 0, rows, n, scratch, n);
            }
        }
}
#endif
