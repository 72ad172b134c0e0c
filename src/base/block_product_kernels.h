// The kernels behind block_product.h. They are there where FX__WIDE is, for processors that have
// what they need.
#ifndef FEATX_BASE_BLOCK_PRODUCT_KERNELS_H
#define FEATX_BASE_BLOCK_PRODUCT_KERNELS_H

#include "src/base/block_product.h"

// Where the product goes: to C, or without one to `take`; then k ≤ FX__PRODUCT_DEPTH.
typedef struct fx__product_output {
    float *c;
    size_t ldc;
    fx__block_taker take;
    void *context;
} fx__product_output;

void fx__product_by_vectors(const fx__product *product, float *scratch,
                            const fx__product_output *out);

// Whether processor and kernel let this process use tiles; asks for them at the first call. From
// then on alternate signal stacks have to have room for tiles: sysconf(_SC_MINSIGSTKSZ).
bool fx__product_has_tiles(void);
void fx__product_by_tiles(const fx__product *product, float *scratch,
                          const fx__product_output *out);

// As fx__packed_size() and fx__pack().
size_t fx__tiles_packed_size(const fx__product *product, size_t count);
void fx__tiles_pack(const fx__product *product, fx__factor factor, size_t count, size_t begin,
                    size_t end, float *to);
#endif
