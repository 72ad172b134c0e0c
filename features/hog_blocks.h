// Normalization of cells by the blocks that they stand in.
#ifndef FEATX_FEATURES_HOG_BLOCKS_H
#define FEATX_FEATURES_HOG_BLOCKS_H

#include "features/hog_cells.h"

// Variant blocks: copies cells[cells_y, cells_x, bins] into out's blocks (NULL: they are already
// there) and normalizes them.
void fx__hog_blocks(const fx_hog_params *params, const fx__hog_grid *grid, const float *cells,
                    float *out);

// Variants cells and uoctti. factors: fx__hog_factors floats.
size_t fx__hog_factors(const fx__hog_grid *grid);
void fx__hog_block_cells(const fx_hog_params *params, const fx__hog_grid *grid, const float *cells,
                         float *factors, float *out);

// One block of `count` numbers, normalized in place; and in double precision, as formulas read.
void fx__hog_normalize(const fx_hog_params *params, float *block, size_t count);
void fx__hog_normalize_reference(const fx_hog_params *params, double *block, size_t count);
#endif
