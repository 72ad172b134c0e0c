// Color histograms: how often each color occurs, wherever it stands.
//
// Sources: Swain & Ballard, "Color indexing", IJCV 7(1), 1991; opponent colors and normalized rg as
// in van de Sande, Gevers & Snoek, "Evaluating color descriptors for object and scene recognition",
// PAMI 32(9), 2010; levels as in Lazebnik, Schmid & Ponce, "Beyond bags of features", CVPR 2006.
#ifndef FEATX_COLOR_HISTOGRAM_H
#define FEATX_COLOR_HISTOGRAM_H

#include "featx/image.h"
#include "featx/params.h"

#ifdef __cplusplus
extern "C" {
#endif

// Channels with their units, which are those of `range`, and their whole range.
typedef enum fx_color_space {
    FX_COLOR_GRAY, // Y 0 … 255
    FX_COLOR_RGB,  // R, G, B 0 … 255
    FX_COLOR_RG,   // r = R / (R+G+B), g = G / (R+G+B) in percent 0 … 100; black is r = g = 1/3
    FX_COLOR_OPPONENT, // R-G -255 … 255, R+G-2B -510 … 510, R+G+B 0 … 765: √2, √6 and √3 times the
                       // opponent channels, which leaves the bins what they are
    FX_COLOR_HSV, // hue 0 … 360 degrees, saturation and value in percent 0 … 100
    FX_COLOR_LAB, // CIE L* 0 … 100, a* and b* -128 … 127, of sRGB with white D65
} fx_color_space;
typedef enum fx_color_binning {
    FX_COLOR_HARD,   // a pixel counts in the bin of its color
    FX_COLOR_LINEAR, // it is shared between the bins with the nearest centers, channel by channel
} fx_color_binning;
typedef enum fx_color_norm {
    FX_COLOR_NORM_NONE, // counts
    FX_COLOR_NORM_L1,   // a cell sums to 1
    FX_COLOR_NORM_L2,   // a cell has Euclidean length 1
    FX_COLOR_NORM_SQRT, // square root of L1 (Hellinger): Euclidean length 1
} fx_color_norm;

typedef struct fx_color_params {
    int space;        // fx_color_space
    fx_int_list bins; // a channel: one value for all, or one each; 1 … 256. Empty is auto: gray 32,
                      // RGB 8, rg 16, opponent 8, HSV [8, 4, 4], Lab [4, 8, 8]
    fx_int_list range; // [low, high] of all channels, or of one after the other; -1024 … 1024 in
                       // the units above. Empty is auto: the whole range
    int binning;       // fx_color_binning
    bool joint;        // one histogram over all channels together, or one a channel
    int grid;          // grid × grid cells, each with its own histogram; 1 … 64
    int levels; // of a spatial pyramid: grids of grid, 2 grid, 4 grid … cells a side; 1 … 6
    int norm;   // fx_color_norm, a cell (and, where not joint, a channel) at a time
} fx_color_params;

// HSV, bins auto (8×4×4), range auto, hard, joint, grid 1, levels 1, sqrt.
fx_color_params fx_color_defaults(void);

// grid² · (1 + 4 + … + 4^(levels-1)) · (joint ? Π bins : Σ bins). 0 where the parameters are out of
// range.
size_t fx_color_length(const fx_color_params *params);

// Bytes of scratch that fx_color_extract needs, for any image. 0 where the parameters are out of
// range.
size_t fx_color_scratch(const fx_color_params *params);

// out[level][cells, cells, bins…] (joint: channel 0 slowest; marginal: channel after channel).
// Value v of a channel lies at x = (v - low) / (high - low) · bins and falls into bin ⌊x⌋: a value
// on the edge of two bins belongs to the upper one, `high` itself to the last bin, and what lies
// outside of the range (joint: of any channel's) counts nowhere, nor in a norm; a histogram without
// pixels is zero. Linear: shares of the bins whose centers lie around x, in steps of 1/1024; beyond
// the first and the last center all goes to that bin, but on the whole circle of hue, which is
// closed. Computed exactly, Lab but for rounding (below 2e-4 of its units), and independent of the
// order of pixels to the last bit. Gray input stands for R=G=B. Row i of n cells a side begins at
// pixel ⌊i · height / n⌋, columns likewise. FX_ERROR_USAGE: parameters out of range. FX_ERROR_DATA:
// the image has fewer pixels a side than the finest level has cells.
FX_MUST_CHECK fx_status fx_color_extract(const fx_color_params *params, const fx_image *image,
                                         float *out, void *scratch, fx_error *error);

#ifdef __cplusplus
}
#endif
#endif
