// Raw pixels as a descriptor: in [0, 1], interleaved, nothing local and nothing nonlinear.
#ifndef FEATX_RAW_PIXELS_H
#define FEATX_RAW_PIXELS_H

#include "featx/image.h"

#ifdef __cplusplus
extern "C" {
#endif

size_t fx_raw_pixels_length(int width, int height, int channels); // width · height · channels

// out[height · width · channels] = pixel / 255, row-major, channels interleaved.
void fx_raw_pixels_extract(const fx_image *image, float *out);

#ifdef __cplusplus
}
#endif
#endif
