// What becomes of codes that were summed over the cells of the grid.
#ifndef FEATX_FEATURES_POOLING_H
#define FEATX_FEATURES_POOLING_H

#include <stddef.h>

// values[count] divided by Σ|v| (l1) or √Σv² (l2); l1_sqrt: square roots of l1, of values ≥ 0. All
// zeros stay zeros.
typedef enum fx_pool_norm { FX_POOL_L1, FX_POOL_L2, FX_POOL_L1_SQRT } fx_pool_norm;
void fx__pool_normalize(fx_pool_norm norm, float *values, size_t count);
#endif
