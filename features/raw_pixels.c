// Raw pixels: p / 255, correctly rounded, in the image's own order.
#include "featx/raw_pixels.h"

#include "src/base/kernel.h"

size_t fx_raw_pixels_length(int width, int height, int channels) {
    return (size_t)width * (size_t)height * (size_t)channels;
}

static FX__KERNEL void scale(const uint8_t *restrict in, size_t count, float *restrict out) {
    for (size_t i = 0; i < count; i++) out[i] = (float)in[i] / 255.0f;
}

void fx_raw_pixels_extract(const fx_image *image, float *out) {
    scale(image->pixels, fx_raw_pixels_length(image->width, image->height, image->channels), out);
}
