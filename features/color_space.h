// Colors of pixels as positions on the axes of a histogram: a fast kernel and the plain reference.
#ifndef FEATX_FEATURES_COLOR_SPACE_H
#define FEATX_FEATURES_COLOR_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "featx/color_histogram.h"

enum {
    FX__COLOR_BLOCK = 256,          // pixels at a time
    FX__COLOR_STEPS = 1024,         // of a bin, in linear binning
    FX__COLOR_OUTSIDE = 0x7fffffff, // the position of what no bin holds
};

typedef struct fx_color_axes {
    fx_color_space space;
    int channels;        // 1 … 3
    int bins[3];         // 1 beyond the channels
    int low[3], high[3]; // low < high
    bool whole;          // low and high are those of the space: nothing lies outside
} fx_color_axes;

extern const char *const fx__color_spaces[]; // "gray", …, NULL

// Channels of a space, the whole range of each, and the bins that `auto` stands for.
fx_color_axes fx__color_axes(fx_color_space space);

// out[c][i] = ⌊x · steps⌋ of channel c of pixel i < count ≤ FX__COLOR_BLOCK, x as in
// featx/color_histogram.h, of pixels with 1 or 3 channels. steps is 1 or FX__COLOR_STEPS; with 1
// `high` itself is in the last bin.
void fx__color_positions(const fx_color_axes *axes, int steps, const uint8_t *pixels, int channels,
                         size_t count, uint32_t out[3][FX__COLOR_BLOCK]);
// The same of one pixel in integers (Lab: in float64), as the definition reads.
void fx__color_positions_reference(const fx_color_axes *axes, int steps, const uint8_t rgb[3],
                                   uint32_t position[3]);

// L*, a*, b* of planes of up to FX__COLOR_BLOCK pixels, and of one pixel in float64.
typedef struct fx_color_planes {
    uint8_t r[FX__COLOR_BLOCK], g[FX__COLOR_BLOCK], b[FX__COLOR_BLOCK];
} fx_color_planes;
void fx__color_lab(const fx_color_planes *planes, size_t count, float out[3][FX__COLOR_BLOCK]);
void fx__color_lab_reference(const uint8_t rgb[3], double out[3]);

// The sRGB color in the middle of a bin; -1 for a channel that does not matter.
void fx__color_center(const fx_color_axes *axes, const int bin[3], uint8_t out[3]);
#endif
