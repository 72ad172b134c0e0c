// Local descriptors on a dense grid: patches of pixels (patches.c), SIFT and HoG (dense_sift.c).
#include "features/local_descriptors.h"

#include "features/dense_sift.h"
#include "features/vocabulary.h"

enum {
    SPAN = 96, // pixels that a rectangle of more than one patch spans at most
    SIDE = 16, // positions
};

static fx_dense_sift sift_of(const fx_bovw_params *params) {
    return (fx_dense_sift){.cells = params->cells,
                           .cell = params->patch / params->cells,
                           .orientations = params->orientations,
                           .half = params->local == FX_BOVW_HOG,
                           .window = params->window,
                           .window_size = params->window_size};
}

size_t fx__local_length(const fx_bovw_params *params, int channels) {
    if (fx__bovw_is_gradients(params))
        return (size_t)params->cells * (size_t)params->cells * (size_t)params->orientations;
    size_t pixels = (size_t)params->patch * (size_t)params->patch;
    return params->local == FX_BOVW_GRAY ? pixels : pixels * (size_t)channels;
}

int fx__local_side(const fx_bovw_params *params) {
    if (params->patch >= SPAN) return 1;
    int side = (SPAN - params->patch) / params->stride + 1;
    return side < SIDE ? side : SIDE;
}

static size_t span(const fx_bovw_params *params, int positions) {
    return (size_t)(positions - 1) * (size_t)params->stride + (size_t)params->patch;
}

// Floats that hold the gray pixels of a rectangle.
static size_t gray_floats(const fx_bovw_params *params) {
    size_t side = span(params, fx__local_side(params));
    return (side * side / sizeof(float) + 16) / 16 * 16;
}

size_t fx__local_scratch(const fx_bovw_params *params, int channels) {
    int side = fx__local_side(params);
    if (fx__bovw_is_gradients(params)) {
        fx_dense_sift sift = sift_of(params);
        return fx__dense_sift_scratch(&sift, side, side, params->stride);
    }
    bool convert = params->local == FX_BOVW_GRAY && channels != 1;
    return fx__patches_scratch((int)span(params, side), convert ? 1 : channels) +
           (convert ? gray_floats(params) : 0);
}

// The pixels of a rectangle as gray, as fx_image_convert makes it.
static fx_image to_gray(const fx_bovw_params *params, const fx_image *image,
                        const fx_positions *positions, uint8_t *pixels) {
    size_t width = span(params, positions->columns), height = span(params, positions->rows);
    for (size_t y = 0; y < height; y++) {
        const uint8_t *p =
            image->pixels +
            (((size_t)positions->y + y) * (size_t)image->width + (size_t)positions->x) * 3;
        for (size_t x = 0; x < width; x++, p += 3)
            pixels[y * width + x] = (uint8_t)((299 * p[0] + 587 * p[1] + 114 * p[2] + 500) / 1000);
    }
    return (fx_image){.width = (int)width, .height = (int)height, .channels = 1, .pixels = pixels};
}

void fx__local_extract(const fx_bovw_params *params, const fx_image *image,
                       const fx_positions *positions, float *scratch, float *out) {
    if (fx__bovw_is_gradients(params)) {
        fx_dense_sift sift = sift_of(params);
        fx__dense_sift_extract(&sift, image, positions, scratch, out);
    } else if (params->local == FX_BOVW_GRAY && image->channels != 1) {
        fx_positions corner = *positions;
        corner.x = corner.y = 0;
        fx_image gray = to_gray(params, image, positions, (uint8_t *)scratch);
        fx__patches_extract(&gray, &corner, params->patch, params->contrast,
                            scratch + gray_floats(params), out);
    } else {
        fx__patches_extract(image, positions, params->patch, params->contrast, scratch, out);
    }
}
