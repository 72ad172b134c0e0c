#include "src/base/block_product.h"

#include <stdio.h>
#include <threads.h>

#include "src/base/block_product_kernels.h"
#include "src/base/gemm.h"
#include "src/base/kernel.h"
#include "src/base/memory.h"

static size_t piece_of(const fx__product *product) {
    return product->piece > 0 ? product->piece : product->n;
}

// Columns j … of the product, at most a piece of them.
static fx__product columns_of(const fx__product *product, size_t j) {
    fx__product p = *product;
    p.n = fx__least(piece_of(product), product->n - j);
    p.b += j * (p.transpose_b ? p.ldb : 1);
    return p;
}

static void by_library(const fx__product *p, float *c, size_t ldc) {
    fx__gemm_serial(p->transpose_a, p->transpose_b, p->m, p->n, p->k, 1, p->a, p->lda, p->b, p->ldb,
                    0, c, ldc);
}

// What makes the product.
typedef enum kernel { LIBRARY, VECTORS, TILES } kernel;

static kernel kernel_of(const fx__product *product) {
#if FX__WIDE
    enum {
        FEW_ROWS = 4,      // below which, and
        FEW_COLUMNS = 16,  // below which most lanes would be empty
        TILED_SIDE = 60,   // m·n / (m + n) from which on it pays to pack both factors, and
        TILED_DEPTH = 192, // k
    };
    const size_t m = product->m, k = product->k, n = piece_of(product);
    if (m < FEW_ROWS || n < FEW_COLUMNS || k == 0 || !__builtin_cpu_supports("avx512f"))
        return LIBRARY;
    const bool large = k >= TILED_DEPTH && m * n >= TILED_SIDE * (m + n);
    return large && fx__product_has_tiles() ? TILES : VECTORS;
#else
    (void)product;
    return LIBRARY;
#endif
}

// Whether a kernel of ours made the product.
static bool by_kernel(const fx__product *product, float *scratch, fx__product_output out) {
    const kernel by = kernel_of(product);
#if FX__WIDE
    if (by == TILES) fx__product_by_tiles(product, scratch, &out);
    if (by == VECTORS) fx__product_by_vectors(product, scratch, &out);
#else
    (void)scratch;
    (void)out;
#endif
    return by != LIBRARY;
}

size_t fx__packed_size(const fx__product *product, size_t count) {
    return kernel_of(product) == TILES ? fx__tiles_packed_size(product, count) : 0;
}

void fx__pack(const fx__product *product, fx__factor factor, size_t count, size_t begin, size_t end,
              float *to) {
    fx__tiles_pack(product, factor, count, begin, end, to);
}

void fx__product_write(const fx__product *product, float *scratch, float *c, size_t ldc) {
    if (by_kernel(product, scratch, (fx__product_output){.c = c, .ldc = ldc})) return;
    for (size_t j = 0; j < product->n; j += piece_of(product)) {
        const fx__product p = columns_of(product, j);
        by_library(&p, c + j, ldc);
    }
}

void fx__product_take(const fx__product *product, float *scratch, fx__block_taker take,
                      void *context) {
    if (by_kernel(product, scratch, (fx__product_output){.take = take, .context = context})) return;
    for (size_t j = 0; j < product->n; j += piece_of(product)) {
        fx__product p = columns_of(product, j);
        for (size_t i = 0; i < product->m; i += p.m) {
            p.m = fx__least(product->m - i, FX__PRODUCT_SCRATCH / p.n);
            p.a = product->a + i * (p.transpose_a ? 1 : p.lda);
            by_library(&p, scratch, p.n);
            take(context, i, j, p.m, p.n, scratch, p.n);
        }
    }
}

static char version[160];
static once_flag version_made = ONCE_FLAG_INIT;

static void make_version(void) {
    const char *kernel = "";
#if FX__WIDE
    if (__builtin_cpu_supports("avx512f"))
        kernel = fx__product_has_tiles() ? "; AMX-INT8" : "; AVX-512";
#endif
    snprintf(version, sizeof version, "%s%s", fx__gemm_version(), kernel);
}

const char *fx__product_version(void) {
    call_once(&version_made, make_version);
    return version;
}
