// Histograms of oriented gradients.
//
// Source: Dalal & Triggs, "Histograms of oriented gradients for human detection", CVPR 2005.
#ifndef FEATX_HOG_H
#define FEATX_HOG_H

#include "featx/image.h"
#include "featx/params.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fx_hog_norm {
    FX_HOG_NORM_NONE,
    FX_HOG_NORM_L1,
    FX_HOG_NORM_L1_SQRT,
    FX_HOG_NORM_L2,
    FX_HOG_NORM_L2_HYS, // L2, clipped at 0.2, L2 again
} fx_hog_norm;

typedef enum fx_hog_preset {
    FX_HOG_PRESET_DALAL_TRIGGS, // the defaults: interpolation in orientation and space
    FX_HOG_PRESET_SKIMAGE,      // scikit-image's hog(): no interpolation, zero gradient at borders
} fx_hog_preset;

typedef struct fx_hog_params {
    int preset;          // fx_hog_preset; setting it sets all the others
    int orientations;    // bins over 180° (unsigned) or 360° (signed); 1 … 64
    int pixels_per_cell; // cell width and height, pixels; 1 … 1024. 0 is auto, for descriptors
                         // only: 8, or a quarter of the shorter side that images are resized to
    int cells_per_block; // block width and height, cells; 1 … 64
    int block_stride;    // cells; 1 … 64
    int block_norm;      // fx_hog_norm
    bool signed_gradients;
    bool interpolation; // a pixel's vote is shared between neighboring bins and cells
} fx_hog_params;

fx_hog_params fx_hog_defaults(void); // 9 unsigned, 8×8 cells, 2×2 blocks, stride 1, L2-Hys
void fx_hog_apply_preset(fx_hog_params *params, fx_hog_preset preset);

// Cells: ⌊size / pixels_per_cell⌋ a side; pixels beyond the last whole cell do not vote.
// Blocks: ⌊(cells - cells_per_block) / block_stride⌋ + 1 a side. Length: blocks_y · blocks_x ·
// cells_per_block² · orientations. 0 where the image is smaller than one block.
size_t fx_hog_length(const fx_hog_params *params, int width, int height);

// Bytes of scratch that fx_hog_extract needs for an image of this size.
size_t fx_hog_scratch(const fx_hog_params *params, int width, int height);

// out[blocks_y, blocks_x, cells_per_block (y), cells_per_block (x), orientations].
// FX_ERROR_DATA where the image is smaller than one block; the message says the smallest size.
FX_MUST_CHECK fx_status fx_hog_extract(const fx_hog_params *params, const fx_image *image,
                                       float *out, void *scratch, fx_error *error);

#ifdef __cplusplus
}
#endif
#endif
