// What becomes of codes that were summed (or of which the largest were kept) over the cells of the
// grid: coarser grids, means, normalization.
#ifndef FEATX_FEATURES_POOLING_H
#define FEATX_FEATURES_POOLING_H

#include <stdbool.h>
#include <stddef.h>

#include "featx/visual_words.h"

enum { FX__LEVELS = 6 };

// Cells of all levels.
size_t fx__pool_cells(const fx_bovw_params *params);
// Those of the finest, which stand last.
size_t fx__pool_finest(const fx_bovw_params *params);

// Cells [cells, length] with patches[cells] in them: the finest level is given, at the end; fills
// the coarser ones from it, and makes means.
void fx__pool_pyramid(const fx_bovw_params *params, size_t length, size_t *patches, float *cells);

// values[count] divided by Σ|v| (l1) or √Σv² (l2); l1_sqrt: signed square roots of l1. All zeros
// stay zeros. `negative`: values may be; others below 0 are roundings of 0.
typedef enum fx_pool_norm { FX_POOL_L1, FX_POOL_L2, FX_POOL_L1_SQRT } fx_pool_norm;
void fx__pool_normalize(fx_pool_norm norm, bool negative, float *values, size_t count);
#endif
