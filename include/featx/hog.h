// Histograms of oriented gradients.
//
// Sources: Dalal & Triggs, "Histograms of oriented gradients for human detection", CVPR 2005;
// Felzenszwalb, Girshick, McAllester & Ramanan, "Object detection with discriminatively trained
// part-based models", PAMI 32(9), 2010, section 6 (UoCTTI).
//
// A preset reproduces a library on 8-bit images: scikit-image's hog(), OpenCV's HOGDescriptor
// with one window as large as the image, VLFeat's vl_hog on pixels in [0, 1]. Each has the cell of
// 8 × 8 pixels and the 9 orientations that all of them are used with; their other settings are
// keys.
#ifndef FEATX_HOG_H
#define FEATX_HOG_H

#include "featx/image.h"
#include "featx/params.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fx_hog_preset {
    FX_HOG_PRESET_DALAL_TRIGGS, // the defaults: interpolation in orientation and space
    FX_HOG_PRESET_SKIMAGE,      // no interpolation, 3 × 3 blocks
    FX_HOG_PRESET_OPENCV,       // square roots of pixels, Gaussian over blocks
    FX_HOG_PRESET_VLFEAT_DALAL_TRIGGS,
    FX_HOG_PRESET_VLFEAT_UOCTTI,
} fx_hog_preset;

// What stands in a row.
typedef enum fx_hog_variant {
    FX_HOG_BLOCKS, // overlapping blocks of cells, each normalized
    FX_HOG_CELLS,  // each cell as its four 2 × 2 blocks normalize it: 4 · orientations numbers
    FX_HOG_UOCTTI, // each cell: 2 · orientations signed, as many unsigned, and 4 of texture
} fx_hog_variant;

typedef enum fx_hog_norm {
    FX_HOG_NORM_NONE,
    FX_HOG_NORM_L1,
    FX_HOG_NORM_L1_SQRT,
    FX_HOG_NORM_L2,
    FX_HOG_NORM_L2_HYS, // L2, clipped at 0.2, L2 again
} fx_hog_norm;

// What keeps blocks with hardly any gradient from being blown up: the ε of a norm. n: numbers of a
// block; size: pixels_per_cell. Cells are mean votes of pixels in 0 … 255.
typedef enum fx_hog_epsilon {
    FX_HOG_EPSILON_SKIMAGE, // √(‖v‖² + ε²), ‖v‖₁ + ε,  ε = 1e-5
    FX_HOG_EPSILON_OPENCV, // ‖v‖ + ε,      ‖v‖₁ + ε,  ε = 0.1 · n / size²; second L2: ε = 1e-3
    FX_HOG_EPSILON_VLFEAT, // √(‖v‖² + ε²), ‖v‖₁ + ε,  ε = 2.55 / size²; second L2: ε = 1e-5
} fx_hog_epsilon;

// Among what a pixel's vote is shared linearly: the two nearest bins, the 2 × 2 nearest cells.
typedef enum fx_hog_interpolation {
    FX_HOG_INTERPOLATION_NONE,
    FX_HOG_INTERPOLATION_BOTH,
    FX_HOG_INTERPOLATION_ORIENTATION,
    FX_HOG_INTERPOLATION_SPACE,
} fx_hog_interpolation;

typedef enum fx_hog_first_bin {
    FX_HOG_FIRST_BIN_BEGINS,   // at 0°; a gradient on the edge of two bins goes to the upper one
    FX_HOG_FIRST_BIN_CENTERED, // on 0°; … to the lower one
} fx_hog_first_bin;

typedef enum fx_hog_gradient {
    FX_HOG_GRADIENT_CHANNEL, // of the channel in which it is largest; of equals the first
    FX_HOG_GRADIENT_GRAY,    // of the luma, as fx_image_convert has it
} fx_hog_gradient;

typedef enum fx_hog_gamma { FX_HOG_GAMMA_NONE, FX_HOG_GAMMA_SQRT } fx_hog_gamma;

typedef enum fx_hog_border {
    FX_HOG_BORDER_NEAREST, // beyond the image stands its nearest pixel
    FX_HOG_BORDER_MIRROR,  // the mirrored one: no gradient across the border
    FX_HOG_BORDER_NONE,    // pixels on the border do not vote
} fx_hog_border;

typedef enum fx_hog_order { FX_HOG_ORDER_ROWS, FX_HOG_ORDER_COLUMNS } fx_hog_order;

typedef struct fx_hog_params {
    int preset;          // fx_hog_preset; setting it sets all the others
    int variant;         // fx_hog_variant
    int orientations;    // bins over 180° (unsigned) or 360° (signed); 1 … 64
    int pixels_per_cell; // cell width and height, pixels; 1 … 1024. 0 is auto, for descriptors
                         // only: 8, or a quarter of the shorter side that images are resized to
    int cells_per_block; // block width and height, cells; 1 … 64
    int block_stride;    // cells; 1 … 64
    int block_norm;      // fx_hog_norm
    int epsilon;         // fx_hog_epsilon
    float block_window; // σ of a Gaussian over the block, block widths; 0 … 16. 0: none. With one,
                        // votes are shared within the block only
    int order; // fx_hog_order of blocks, and of cells in a block
    bool signed_gradients;
    int interpolation;  // fx_hog_interpolation
    int first_bin;      // fx_hog_first_bin
    int gradient;       // fx_hog_gradient
    int gamma;          // fx_hog_gamma
    int border;         // fx_hog_border
    bool partial_cells; // a last cell of which at least half lies in the image counts, and pixels
                        // beyond the last cell vote, too; not with block_window
} fx_hog_params;

fx_hog_params fx_hog_defaults(void); // 9 unsigned, 8×8 cells, 2×2 blocks, stride 1, L2-Hys
void fx_hog_apply_preset(fx_hog_params *params, fx_hog_preset preset);

// Cells: ⌊size / pixels_per_cell⌋ a side, and pixels beyond the last whole cell do not vote; with
// partial_cells ⌊(size + ⌊pixels_per_cell / 2⌋) / pixels_per_cell⌋, and all pixels vote.
// Blocks: ⌊(cells - cells_per_block) / block_stride⌋ + 1 a side; cells beyond are left out.
// Length: blocks_y · blocks_x · cells_per_block² · orientations; of variant cells
// cells_y · cells_x · 4 · orientations, of uoctti cells_y · cells_x · (3 · orientations + 4).
// 0 where the image is smaller than one block (cells, uoctti: one cell).
size_t fx_hog_length(const fx_hog_params *params, int width, int height);

// Bytes of scratch that fx_hog_extract needs for an image of this size.
size_t fx_hog_scratch(const fx_hog_params *params, int width, int height);

// out[blocks_y, blocks_x, cells_per_block (y), cells_per_block (x), orientations]; with order
// columns x before y, twice. Variant cells: out[cells_y, cells_x, 4, orientations], the blocks
// being those to the upper left, upper right, lower left and lower right. Variant uoctti:
// out[cells_y, cells_x, 3 · orientations + 4]: signed bins over 360°, unsigned ones, texture by
// block. scratch: aligned to 64 bytes.
// FX_ERROR_DATA where the image is smaller than one block; the message says the smallest size.
FX_MUST_CHECK fx_status fx_hog_extract(const fx_hog_params *params, const fx_image *image,
                                       float *out, void *scratch, fx_error *error);

#ifdef __cplusplus
}
#endif
#endif
