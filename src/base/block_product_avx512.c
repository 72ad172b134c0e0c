// Products by AVX-512. Twelve rows by 32 columns are summed in 24 registers of 16 numbers, so that
// the two multipliers of the processor are always busy. B goes through scratch in panels of 32
// columns and at most DEPTH rows, which stay in the second cache for all rows of A; A transposed
// goes through it twelve columns at a time.
//
// Every element is summed in ascending order of k, in pieces of DEPTH, wherever it stands.
#include <assert.h>
#include <string.h>

#include "src/base/block_product_kernels.h"
#include "src/base/kernel.h"
#include "src/base/memory.h"

#if FX__WIDE

enum {
    ROWS = 12,
    FEW_ROWS = 4,   // for what is left of twelve; and one by one
    FEW_PANELS = 4, // of B, for which packing A does not pay
    FEW_BLOCKS = 8, // of rows of A, for which packing B does not
    WIDTH = 16,
    LANES = 2 * WIDTH,
    DEPTH = FX__PRODUCT_DEPTH,
    PACKED = 260 * DEPTH, // numbers of B, which share the second cache with A and C
};
static_assert(PACKED + ROWS * DEPTH <= FX__PRODUCT_SCRATCH, "B, and a strip of A");

#define TARGET __attribute__((target("avx512f,fma")))

typedef float vector __attribute__((vector_size(WIDTH * sizeof(float))));

// block[rows, vectors · WIDTH] = (`more`: +=) Σ A(row, p) · B(p, lane); A(row, p) stands at
// a[row · row_step + p · depth_step], B(p, lane) at b[p · ldb + lane].
#define KERNEL(name, rows, vectors, row_step, depth_step)                                          \
    TARGET static void name(const float *a, size_t lda, const float *b, size_t ldb, size_t k,      \
                            bool more, float *block, size_t stride) {                              \
        vector sums[rows][vectors], columns[vectors];                                              \
        (void)lda;                                                                                 \
        FX__UNROLL for (size_t row = 0; row < (rows); row++)                                       \
            FX__UNROLL for (size_t v = 0; v < (vectors); v++) sums[row][v] = (vector){0};          \
        for (size_t p = 0; p < k; p++) {                                                           \
            FX__UNROLL for (size_t v = 0; v < (vectors); v++)                                      \
                memcpy(&columns[v], b + p * ldb + v * WIDTH, sizeof(vector));                      \
            FX__UNROLL for (size_t row = 0; row < (rows); row++)                                   \
                FX__UNROLL for (size_t v = 0; v < (vectors); v++) {                                \
                sums[row][v] += a[row * (row_step) + p * (depth_step)] * columns[v];               \
            }                                                                                      \
        }                                                                                          \
        FX__UNROLL for (size_t row = 0; row < (rows); row++)                                       \
            FX__UNROLL for (size_t v = 0; v < (vectors); v++) {                                    \
            float *to = block + row * stride + v * WIDTH;                                          \
            if (more) {                                                                            \
                memcpy(&columns[v], to, sizeof(vector));                                           \
                sums[row][v] += columns[v];                                                        \
            }                                                                                      \
            memcpy(to, &sums[row][v], sizeof(vector));                                             \
        }                                                                                          \
    }

typedef void kernel(const float *a, size_t lda, const float *b, size_t ldb, size_t k, bool more,
                    float *block, size_t stride);

// Of A and of its transpose; one vector and two.
#define KERNELS(rows)                                                                              \
    KERNEL(plain_##rows##_1, rows, 1, lda, 1)                                                      \
    KERNEL(plain_##rows##_2, rows, 2, lda, 1)                                                      \
    KERNEL(transposed_##rows##_1, rows, 1, 1, lda)                                                 \
    KERNEL(transposed_##rows##_2, rows, 2, 1, lda)                                                 \
    static kernel *const kernels_##rows[][2] = {{plain_##rows##_1, plain_##rows##_2},              \
                                                {transposed_##rows##_1, transposed_##rows##_2}};
KERNELS(12)
KERNELS(4)
KERNELS(1)

TARGET static void copy_lanes(const float *from, float *to) {
    vector near, far;
    memcpy(&near, from, sizeof near);
    memcpy(&far, from + WIDTH, sizeof far);
    memcpy(to, &near, sizeof near);
    memcpy(to + WIDTH, &far, sizeof far);
}

// Panels of `columns` columns of op(B), k rows each; columns beyond are zero.
TARGET static void pack_b(const fx__product *product, size_t p, size_t k, size_t j, size_t columns,
                          float *to) {
    const size_t ldb = product->ldb, whole = columns / LANES * LANES, rest = columns - whole;
    const float *b = product->transpose_b ? product->b + j * ldb + p : product->b + p * ldb + j;
    if (columns == 0) return;
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

// Rows i … of op(A), from p on.
typedef struct strip {
    kernel *const *kernels; // of one vector and of two
    const float *a;
    size_t lda, i, rows, depth;
    bool more; // added to what is there
} strip;

static strip strip_of(const fx__product *product, size_t i, size_t p, float *packed) {
    const size_t left = product->m - i, lda = product->lda;
    const bool transposed = product->transpose_a;
    strip s = {.kernels = kernels_1[transposed],
               .a = product->a + (transposed ? p * lda + i : i * lda + p),
               .lda = lda,
               .i = i,
               .rows = 1,
               .depth = fx__least(DEPTH, product->k - p),
               .more = p > 0};
    if (left >= ROWS) {
        s.kernels = kernels_12[transposed];
        s.rows = ROWS;
    } else if (left >= FEW_ROWS) {
        s.kernels = kernels_4[transposed];
        s.rows = FEW_ROWS;
    }
    if (transposed && product->n > FEW_PANELS * LANES) {
        pack_a(s.a, lda, s.depth, s.rows, packed);
        s.a = packed;
        s.lda = s.rows;
    }
    return s;
}

static void multiply_block(const strip *s, const float *b, size_t ldb, size_t j, size_t lanes,
                           const fx__product_output *out) {
    float tile[ROWS * LANES] __attribute__((aligned(64)));
    kernel *run = s->kernels[lanes > WIDTH];
    if (!out->c) {
        run(s->a, s->lda, b, ldb, s->depth, false, tile, LANES);
        out->take(out->context, s->i, j, s->rows, lanes, tile, LANES);
        return;
    }
    float *to = out->c + s->i * out->ldc + j;
    if (lanes == LANES || lanes == WIDTH) {
        run(s->a, s->lda, b, ldb, s->depth, s->more, to, out->ldc);
        return;
    }
    run(s->a, s->lda, b, ldb, s->depth, false, tile, LANES);
    for (size_t row = 0; row < s->rows; row++)
        for (size_t lane = 0; lane < lanes; lane++) {
            float *number = to + row * out->ldc + lane, sum = tile[row * LANES + lane];
            *number = s->more ? *number + sum : sum;
        }
}

void fx__product_by_vectors(const fx__product *product, float *scratch,
                            const fx__product_output *out) {
    const size_t m = product->m, n = product->n, k = product->k, ldb = product->ldb;
    const size_t most = PACKED / fx__least(k, DEPTH) / LANES * LANES; // columns at a time
    const bool packs_b = product->transpose_b || m > FEW_BLOCKS * ROWS;
    for (size_t j = 0; j < n; j += most)
        for (size_t p = 0; p < k; p += DEPTH) {
            const size_t columns = fx__least(most, n - j), depth = fx__least(DEPTH, k - p);
            const size_t direct = packs_b ? 0 : columns / LANES * LANES; // of the columns
            const float *b = product->b + p * ldb + j;
            pack_b(product, p, depth, j + direct, columns - direct, scratch);
            for (size_t i = 0, rows; i < m; i += rows) {
                const strip s = strip_of(product, i, p, scratch + PACKED);
                rows = s.rows;
                for (size_t q = 0; q < direct; q += LANES)
                    multiply_block(&s, b + q, ldb, j + q, LANES, out);
                for (size_t q = direct; q < columns; q += LANES)
                    multiply_block(&s, scratch + (q - direct) * depth, LANES, j + q,
                                   fx__least(LANES, columns - q), out);
            }
        }
}
#endif
