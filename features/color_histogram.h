// What the rest of features/ needs of color histograms.
#ifndef FEATX_FEATURES_COLOR_HISTOGRAM_H
#define FEATX_FEATURES_COLOR_HISTOGRAM_H

#include "features/color_space.h"

// Puts numbers in the place of auto. FX_ERROR_USAGE: parameters out of range.
FX_MUST_CHECK fx_status fx__color_resolve(fx_color_params *params, fx_error *error);

// The axes of its histograms. FX_ERROR_USAGE: parameters out of range.
FX_MUST_CHECK fx_status fx__color_axes_of(const fx_color_params *params, fx_color_axes *out,
                                          fx_error *error);

// FX_ERROR_DATA: an image of this size is smaller than the finest grid.
FX_MUST_CHECK fx_status fx__color_fits(const fx_color_params *params, int width, int height,
                                       fx_error *error);
#endif
