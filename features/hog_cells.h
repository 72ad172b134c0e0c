// Cell histograms of oriented gradients, as the fast kernel and as the plain reference, and what
// the parts of HoG share.
#ifndef FEATX_FEATURES_HOG_CELLS_H
#define FEATX_FEATURES_HOG_CELLS_H

#include "featx/hog.h"

// Where things lie in a row of numbers. Steps are in floats; without blocks (variants cells and
// uoctti) there are none.
typedef struct fx__hog_grid {
    int cells_x, cells_y, blocks_x, blocks_y;
    int bins;
    size_t block;            // numbers of a block
    size_t block_x, block_y; // from a block to the next
    size_t cell_x, cell_y;   // from a cell to the next in a block
} fx__hog_grid;

fx__hog_grid fx__hog_grid_of(const fx_hog_params *params, int width, int height);

// cells[cells_y, cells_x, bins] of an image of at least one cell a side: mean votes of a cell's
// pixels. hog.block_window is not looked at. Parameters must be in range. scratch:
// fx__hog_cells_scratch floats, aligned to 64 bytes.
size_t fx__hog_cells_scratch(const fx_hog_params *params);
void fx__hog_cells(const fx_hog_params *params, const fx_image *image, float *cells,
                   float *scratch);

// With hog.block_window: out is all blocks in their places, not yet normalized. scratch as above.
void fx__hog_window_blocks(const fx_hog_params *params, const fx_image *image, float *out,
                           float *scratch);

// The same in double precision, pixel after pixel, as the formulas read; and the whole of HoG,
// out[fx_hog_length] of blocks of at most 4096 numbers. cells: room for all cells of the image.
void fx__hog_cells_reference(const fx_hog_params *params, const fx_image *image, double *cells);
void fx__hog_reference(const fx_hog_params *params, const fx_image *image, double *cells,
                       double *out);

// FX_ERROR_USAGE: parameters out of range, or that do not go together. FX_ERROR_DATA: such an image
// is smaller than one block.
FX_MUST_CHECK fx_status fx__hog_check(const fx_hog_params *params, fx_error *error);
FX_MUST_CHECK fx_status fx__hog_fits(const fx_hog_params *params, int width, int height,
                                     fx_error *error);
int fx__hog_smallest(const fx_hog_params *params); // side of the smallest image, pixels
#endif
