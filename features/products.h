// Products of rows that lie anywhere with a few packed columns, while the result is in registers.
//
// For where fx__gemm_serial() would have to gather the rows, or where so few columns are wanted at
// a time that their products with many rows stay in the first-level cache.
#ifndef FEATX_FEATURES_PRODUCTS_H
#define FEATX_FEATURES_PRODUCTS_H

#include <stddef.h>

enum { FX__LANES = 32 }; // columns

// products[count, FX__LANES] of rows[count], each of d numbers, with packed[d, FX__LANES]. Each is
// summed in ascending order, fused where the processor can, as OpenBLAS sums larger products.
void fx__products(const float *const *rows, size_t count, size_t d, const float *packed,
                  float *products);
#endif
