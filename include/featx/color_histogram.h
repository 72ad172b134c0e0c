// Color histograms: how often each color occurs, wherever it stands.
//
// Source: Swain & Ballard, "Color indexing", IJCV 7(1), 1991.
#ifndef FEATX_COLOR_HISTOGRAM_H
#define FEATX_COLOR_HISTOGRAM_H

#include "featx/image.h"
#include "featx/params.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fx_color_space { FX_COLOR_GRAY, FX_COLOR_RGB, FX_COLOR_HSV } fx_color_space;
typedef enum fx_color_norm {
    FX_COLOR_NORM_NONE, // counts
    FX_COLOR_NORM_L1,   // a cell sums to 1
    FX_COLOR_NORM_L2,   // a cell has Euclidean length 1
    FX_COLOR_NORM_SQRT, // square root of L1 (Hellinger): Euclidean length 1
} fx_color_norm;

typedef struct fx_color_params {
    int space;        // fx_color_space
    fx_int_list bins; // a channel: one value for all, or one each; 1 … 256. Empty is auto: HSV
                      // [8, 4, 4], RGB [8, 8, 8], gray [32]
    bool joint;       // one histogram over all channels together, or one a channel
    int grid;         // grid × grid cells, each with its own histogram; 1 … 64
    int norm;         // fx_color_norm, a cell (and, where not joint, a channel) at a time
} fx_color_params;

fx_color_params fx_color_defaults(void); // HSV, bins auto (8×4×4), joint, grid 1, sqrt

// grid² · (joint ? Π bins : Σ bins). 0 where the parameters are out of range.
size_t fx_color_length(const fx_color_params *params);

// Bytes of scratch that fx_color_extract needs, for any image. 0 where the parameters are out of
// range.
size_t fx_color_scratch(const fx_color_params *params);

// out[grid, grid, bins…] (joint: channel 0 slowest; marginal: channel after channel). Channel
// values lie in [0, 1] and value v falls into bin min(⌊v · bins⌋, bins - 1), computed exactly: a
// value on the edge of two bins belongs to the upper one. Gray input stands for R=G=B. Row i of
// cells begins at pixel ⌊i · height / grid⌋, columns likewise. FX_ERROR_USAGE: parameters out of
// range. FX_ERROR_DATA: the image is smaller than the grid.
FX_MUST_CHECK fx_status fx_color_extract(const fx_color_params *params, const fx_image *image,
                                         float *out, void *scratch, fx_error *error);

#ifdef __cplusplus
}
#endif
#endif
