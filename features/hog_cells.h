// Cell histograms of oriented gradients, as the fast kernel and as the plain reference.
#ifndef FEATX_FEATURES_HOG_CELLS_H
#define FEATX_FEATURES_HOG_CELLS_H

#include "featx/hog.h"

// cells[cells_y, cells_x, orientations] of the whole cells of an image: cells_x = width /
// pixels_per_cell, cells_y = height / pixels_per_cell, both at least 1. Parameters must be in
// range. scratch: fx__hog_cells_scratch floats, aligned to 64 bytes.
size_t fx__hog_cells_scratch(const fx_hog_params *params);
void fx__hog_cells(const fx_hog_params *params, const fx_image *image, float *cells,
                   float *scratch);

// The same in double precision, pixel after pixel, as the formulas read.
void fx__hog_cells_reference(const fx_hog_params *params, const fx_image *image, double *cells);

// FX_ERROR_USAGE: parameters out of range. FX_ERROR_DATA: such an image is smaller than one block.
FX_MUST_CHECK fx_status fx__hog_fits(const fx_hog_params *params, int width, int height,
                                     fx_error *error);

// One block of `count` numbers, normalized in place.
void fx__hog_normalize(fx_hog_norm norm, float *block, size_t count);
void fx__hog_normalize_reference(fx_hog_norm norm, double *block, size_t count);
#endif
