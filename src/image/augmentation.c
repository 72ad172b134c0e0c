// Augmentation by mirroring and shifting, both at once:
//     out[y, x] = in[clamp(y − dy), clamp(m(x) − dx)],   m(x) = x, or width − 1 − x when mirrored.
// Which numbers are drawn depends on the parameters alone: first the mirror (where flip is set),
// then dx and dy (where shift > 0).
#include "featx/augmentation.h"

#include "src/base/memory.h"
#include "src/image/augmentation_section.h"

enum { SHIFT_MAX = 4096 };

static const fx_param params[] = {
    {"flip", FX_PARAM_BOOL, offsetof(fx_augmentation_params, flip), 0, 1, NULL, false,
     "mirror left and right with probability 1/2"},
    {"shift", FX_PARAM_INT, offsetof(fx_augmentation_params, shift), 0, SHIFT_MAX, NULL, false,
     "shift by up to this many pixels on both axes, borders repeated"},
};

const fx_section fx__augmentation_section = {"augment", params, sizeof params / sizeof *params, 0,
                                             NULL};

fx_augmentation_params fx_augmentation_defaults(void) {
    return (fx_augmentation_params){.flip = false, .shift = 0};
}

bool fx_augmentation_is_identity(const fx_augmentation_params *params) {
    return !params->flip && params->shift == 0;
}

static inline int clamp(int value, int size) {
    return value < 0 ? 0 : value >= size ? size - 1 : value;
}

// Inlined with a constant number of channels.
static inline void copy_row(uint8_t *out, const uint8_t *row, int width, int channels,
                            bool mirrored, int dx) {
    for (int x = 0; x < width; x++) {
        int source = clamp((mirrored ? width - 1 - x : x) - dx, width);
        for (int c = 0; c < channels; c++) out[x * channels + c] = row[source * channels + c];
    }
}

fx_status fx_augmentation_apply(const fx_augmentation_params *params, fx_rng *rng, fx_image *image,
                                fx_image *scratch, fx_error *error) {
    if (params->shift < 0 || params->shift > SHIFT_MAX)
        return fx_error_set(error, FX_ERROR_USAGE, "augment.shift is %d, expected 0 to %d",
                            params->shift, SHIFT_MAX);
    bool mirrored = params->flip && fx_rng_below(rng, 2) == 1;
    int dx = 0, dy = 0;
    if (params->shift > 0) {
        uint32_t choices = 2 * (uint32_t)params->shift + 1;
        dx = (int)fx_rng_below(rng, choices) - params->shift;
        dy = (int)fx_rng_below(rng, choices) - params->shift;
    }
    if (!mirrored && dx == 0 && dy == 0) return FX_OK;
    // Into the scratch, and exchanged: pixels that are lent stay as they are.
    int width = image->width, height = image->height;
    size_t stride = (size_t)width * (size_t)image->channels;
    FX__TRY(fx_image_reserve(scratch, width, height, image->channels, error));
    for (int y = 0; y < height; y++) {
        uint8_t *out = scratch->pixels + (size_t)y * stride;
        const uint8_t *row = image->pixels + (size_t)clamp(y - dy, height) * stride;
        if (image->channels == 3)
            copy_row(out, row, width, 3, mirrored, dx);
        else
            copy_row(out, row, width, 1, mirrored, dx);
    }
    fx_image exchanged = *image;
    *image = *scratch;
    *scratch = exchanged;
    return FX_OK;
}
