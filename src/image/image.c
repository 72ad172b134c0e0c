// Images in memory: room, channels, mirroring.
#include "featx/image.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"

fx_status fx_image_reserve(fx_image *image, int width, int height, int channels, fx_error *error) {
    if (width < 1 || height < 1)
        return fx_error_set(error, FX_ERROR_DATA,
                            "image of %d × %d pixels, expected at least 1 × 1", width, height);
    if ((size_t)width > FX_IMAGE_MAX_PIXELS / (size_t)height)
        return fx_error_set(error, FX_ERROR_DATA, "image of %d × %d pixels, expected at most %zu",
                            width, height, FX_IMAGE_MAX_PIXELS);
    if (channels != 1 && channels != 3)
        return fx_error_set(error, FX_ERROR_DATA, "image of %d channels, expected 1 or 3",
                            channels);
    size_t bytes = (size_t)width * (size_t)height * (size_t)channels;
    if (bytes > image->capacity) {
        uint8_t *pixels;
        FX__TRY(fx__allocate(bytes, 1, &pixels, error));
        if (image->capacity > 0) free(image->pixels);
        image->pixels = pixels;
        image->capacity = bytes;
    }
    image->width = width;
    image->height = height;
    image->channels = channels;
    return FX_OK;
}

void fx_image_destroy(fx_image *image) {
    if (!image) return;
    if (image->capacity > 0) free(image->pixels);
    *image = (fx_image){0};
}

fx_status fx_image_convert(const fx_image *in, int channels, fx_image *out, fx_error *error) {
    FX__TRY(fx_image_reserve(out, in->width, in->height, channels, error));
    size_t count = (size_t)in->width * (size_t)in->height;
    const uint8_t *from = in->pixels;
    uint8_t *to = out->pixels;
    if (in->channels == channels) {
        memcpy(to, from, count * (size_t)channels);
    } else if (channels == 1) {
        for (size_t i = 0; i < count; i++)
            to[i] = (uint8_t)((299 * from[3 * i] + 587 * from[3 * i + 1] + 114 * from[3 * i + 2] +
                               500) /
                              1000);
    } else {
        for (size_t i = 0; i < count; i++) to[3 * i] = to[3 * i + 1] = to[3 * i + 2] = from[i];
    }
    return FX_OK;
}

void fx_image_flip(fx_image *image) {
    size_t channels = (size_t)image->channels, width = (size_t)image->width;
    for (size_t y = 0; y < (size_t)image->height; y++) {
        uint8_t *left = image->pixels + y * width * channels;
        uint8_t *right = left + (width - 1) * channels;
        for (; left < right; left += channels, right -= channels)
            for (size_t c = 0; c < channels; c++) {
                uint8_t swap = left[c];
                left[c] = right[c];
                right[c] = swap;
            }
    }
}
