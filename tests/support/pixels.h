// Images made in memory, each in an allocation of exactly its size, so that AddressSanitizer sees a
// read beyond it; and a source of them.
#ifndef FEATX_TESTS_PIXELS_H
#define FEATX_TESTS_PIXELS_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "featx/image_source.h"
#include "featx/rng.h"

static inline fx_image pixels_blank(int width, int height, int channels) {
    size_t bytes = (size_t)width * (size_t)height * (size_t)channels;
    fx_image image = {width, height, channels, malloc(bytes), bytes};
    cr_assert_not_null(image.pixels);
    memset(image.pixels, 0, bytes);
    return image;
}

static inline uint8_t *pixels_at(const fx_image *image, int x, int y) {
    return image->pixels + ((size_t)y * (size_t)image->width + (size_t)x) * (size_t)image->channels;
}

// Noise below `range` over a slope, so that neighbors are related as in photos.
static inline fx_image pixels_random(int width, int height, int channels, uint64_t seed) {
    fx_image image = pixels_blank(width, height, channels);
    fx_rng rng = fx_rng_at(seed, FX_RNG_USER, 0, 0);
    uint32_t slope[3][2];
    for (int c = 0; c < 3; c++)
        for (int k = 0; k < 2; k++) slope[c][k] = fx_rng_below(&rng, 9);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < channels; c++)
                pixels_at(&image, x, y)[c] =
                    (uint8_t)((slope[c][0] * (uint32_t)x + slope[c][1] * (uint32_t)y +
                               fx_rng_below(&rng, 60)) %
                              256);
    return image;
}

// An image source of `count` images; those with width 0 fail.
static inline fx_status pixels_get(const void *self, size_t index, fx_image *out, fx_error *error) {
    const fx_image *image = &((const fx_image *)self)[index];
    if (image->width == 0) return fx_error_set(error, FX_ERROR_FORMAT, "image %zu: damaged", index);
    fx_status status = fx_image_reserve(out, image->width, image->height, image->channels, error);
    if (status != FX_OK) return status;
    memcpy(out->pixels, image->pixels,
           (size_t)image->width * (size_t)image->height * (size_t)image->channels);
    return FX_OK;
}

static inline fx_status pixels_probe(const void *self, size_t index, fx_image *out,
                                     fx_error *error) {
    const fx_image *image = &((const fx_image *)self)[index];
    (void)error;
    out->width = image->width;
    out->height = image->height;
    out->channels = image->channels;
    return FX_OK;
}

static inline void pixels_name(const void *self, size_t index, char *out, size_t size) {
    (void)self;
    snprintf(out, size, "image %zu", index);
}

static inline fx_image_source pixels_source(const fx_image *images, size_t count) {
    return (fx_image_source){images, count, pixels_get, pixels_probe, pixels_name};
}
#endif
