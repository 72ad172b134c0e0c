// Products of matrices by one thread, for loops that use the result while it is in the cache.
//
// OpenBLAS packs both factors at each call and writes the product to memory: a fifth of the time
// for the shapes of a training step. Here A is read where it lies unless that costs more, and the
// product can be handed out in blocks instead of being written. Where there is no kernel for the
// processor (it has to have AVX-512; large products are made by AMX where it has that), or no use
// of one, OpenBLAS does the work.
#ifndef FEATX_BASE_BLOCK_PRODUCT_H
#define FEATX_BASE_BLOCK_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

enum {
    FX__PRODUCT_DEPTH = 512, // k up to which a product can be handed out in blocks
    FX__PACKED_UNIT = 32,    // rows or columns
    // Floats, aligned to 64 bytes: for tiles, 384 rows of A and 32 columns of B by 512 of k, of
    // three bytes each, and an exponent for each row or column.
    FX__PRODUCT_SCRATCH = (384 + 32) * (512 * 3 / 4 + 1),
};

typedef enum fx__factor { FX__FACTOR_A, FX__FACTOR_B } fx__factor;

// Rows of A, or columns of B, made ready once for products that have them in common.
typedef struct fx__packed {
    const float *data; // NULL: none
    size_t count;      // all of them
    size_t begin;      // the product's first; of no use unless a multiple of FX__PACKED_UNIT
} fx__packed;

// op(A)[m, k] · op(B)[k, n], row-major with leading dimensions, as in fx__gemm(). Kernels differ in
// the last bits, and OpenBLAS differs by n: what is computed depends on m, `piece` and k alone, so
// that neighbouring pieces give the same numbers whether they are made together or one by one.
typedef struct fx__product {
    bool transpose_a, transpose_b;
    size_t m, n, k;
    size_t piece; // columns that may be made alone; 0: n
    const float *a;
    size_t lda;
    const float *b;
    size_t ldb;
    fx__packed packed_a, packed_b; // the same once more, or none
} fx__product;

// Floats, aligned to 64 bytes, for `count` rows of A or columns of B packed for such products; 0
// where their kernel takes them as they are.
size_t fx__packed_size(const fx__product *product, size_t count);

// Packs rows of A, or columns of B, from `begin`, a multiple of FX__PACKED_UNIT, to `end` - 1 of
// `count`, whatever the product's m and n, to their place in `to`.
void fx__pack(const fx__product *product, fx__factor factor, size_t count, size_t begin, size_t end,
              float *to);

// C[m, n] of leading dimension ldc is overwritten.
void fx__product_write(const fx__product *product, float *scratch, float *c, size_t ldc);

// Rows i … and columns j … of the product: block[rows, columns] with leading dimension `stride`.
typedef void (*fx__block_taker)(void *context, size_t i, size_t j, size_t rows, size_t columns,
                                const float *block, size_t stride);

// Hands out the product in blocks, each once. k ≤ FX__PRODUCT_DEPTH, 0 < n, piece ≤
// FX__PRODUCT_SCRATCH. `take` makes no product itself: the registers are in use.
void fx__product_take(const fx__product *product, float *scratch, fx__block_taker take,
                      void *context);

// What makes products, for records of results: "OpenBLAS 0.3.21, kernel SkylakeX; AMX-INT8".
const char *fx__product_version(void);
#endif
