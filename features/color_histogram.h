// Bins of pixels, as the fast kernel and as the plain reference.
#ifndef FEATX_FEATURES_COLOR_HISTOGRAM_H
#define FEATX_FEATURES_COLOR_HISTOGRAM_H

#include <stdint.h>

#include "featx/color_histogram.h"

// Puts numbers in the place of auto. FX_ERROR_USAGE: parameters out of range.
FX_MUST_CHECK fx_status fx__color_resolve(fx_color_params *params, fx_error *error);

// FX_ERROR_DATA: an image of this size is smaller than the grid.
FX_MUST_CHECK fx_status fx__color_fits(const fx_color_params *params, int width, int height,
                                       fx_error *error);

// A block of pixels at a time.
enum { FX__COLOR_BLOCK = 256 };

// bin[c][i] of channel c of pixel i < count ≤ FX__COLOR_BLOCK, in a space with 3 channels (gray:
// 1), of pixels with 1 or 3 channels.
void fx__color_bins(fx_color_space space, const int bins[3], const uint8_t *pixels, int channels,
                    size_t count, uint32_t bin[3][FX__COLOR_BLOCK]);
// The same in integers, a pixel at a time, as the definition reads.
void fx__color_bins_reference(fx_color_space space, const int bins[3], const uint8_t rgb[3],
                              uint32_t bin[3]);
#endif
