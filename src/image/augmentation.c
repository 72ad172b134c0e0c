// Augmentation: one warp, one change of color, one square cut out.
//
//   warp    out[p] = in[c + A (m(p) - c - d) + e(p)]      m: mirrored or not, d: shift,
//           A = (R(θ) S(φ) s)⁻¹, R(θ) = (cos θ, -sin θ; sin θ, cos θ), S(φ) = (1, tan φ; 0, 1),
//           e: elastic field. Everything geometric is one map, so the image is resampled once.
//   color   v ← H C (b c v) + (1 - c) b L                 b brightness, c contrast, L mean luma,
//           C = s I + (1 - s) 1 wᵀ saturation, w the luma weights, H rotation of hue in the
//           chroma plane (U, V). The steps are those of PIL's ImageEnhance (brightness,
//           contrast, saturation) and a hue rotation, in this order; rounded and clipped once,
//           after the last. Gray images have brightness and contrast only.
//   cutout  a square around a pixel drawn from all of the image, clipped by the borders, becomes
//   the
//           mean color: what is 0 after standardization, as in the paper.
//
// Which numbers are drawn depends on the parameters and the size alone, in this order: mirror
// (where flip is set), dx and dy (shift > 0), θ (rotate > 0), log s (scale > 0), φ (shear > 0), the
// field (elastic > 0), b, c, s (color > 0), angle (hue > 0), x and y (cutout > 0).
//
// Sources: Krizhevsky, Sutskever & Hinton, NIPS 2012 (crops, flips, color); DeVries & Taylor,
// "Improved regularization of convolutional neural networks with cutout", 2017.
#include "featx/augmentation.h"

#include <math.h>
#include <stdlib.h>

#include "src/base/memory.h"
#include "src/base/params.h"
#include "src/image/augmentation_section.h"
#include "src/image/warp.h"

static const double PI = 3.14159265358979323846;
static const double LUMA[3] = {0.299, 0.587, 0.114};

#define FIELD(name) offsetof(fx_augmentation_params, name)

static const char *const paddings[] = {"edge", "reflect", "zero", NULL};

static const fx_param params_table[] = {
    {"flip", FX_PARAM_BOOL, FIELD(flip), 0, 1, NULL, false,
     "mirror left and right with probability 1/2"},
    {"shift", FX_PARAM_INT, FIELD(shift), 0, 4096, NULL, false,
     "shift by up to this many pixels on both axes"},
    {"rotate", FX_PARAM_FLOAT, FIELD(rotate), 0, 180, NULL, false,
     "turn by up to this many degrees to both sides"},
    {"scale", FX_PARAM_FLOAT, FIELD(scale), 0, 4, NULL, false,
     "multiply the size by 1 / (1 + scale) to 1 + scale"},
    {"shear", FX_PARAM_FLOAT, FIELD(shear), 0, 60, NULL, false,
     "lean by up to this many degrees to both sides"},
    {"elastic", FX_PARAM_FLOAT, FIELD(elastic), 0, 100, NULL, false,
     "displace smoothly at random, by this many pixels (root mean square)"},
    {"elastic_sigma", FX_PARAM_FLOAT, FIELD(elastic_sigma), 0, 100, NULL, false,
     "pixels over which the displacement is smoothed"},
    {"color", FX_PARAM_FLOAT, FIELD(color), 0, 1, NULL, false,
     "multiply brightness, contrast and saturation by 1 - color to 1 + color"},
    {"hue", FX_PARAM_FLOAT, FIELD(hue), 0, 180, NULL, false,
     "turn hues by up to this many degrees to both sides"},
    {"cutout", FX_PARAM_INT, FIELD(cutout), 0, 4096, NULL, false,
     "give a square of this side, in pixels, the mean color"},
    {"padding", FX_PARAM_CHOICE, FIELD(padding), 0, 0, paddings, false,
     "what stands beyond the borders: the nearest pixel, the mirrored image, black"},
    {"test_flip", FX_PARAM_BOOL, FIELD(test_flip), 0, 1, NULL, false,
     "not of training: answer by the mean over an image and its mirror"},
};

const fx_section fx__augmentation_section = {"augment", params_table,
                                             sizeof params_table / sizeof *params_table, 0, NULL};

fx_augmentation_params fx_augmentation_defaults(void) {
    return (fx_augmentation_params){.elastic_sigma = 4};
}

static bool has_warp(const fx_augmentation_params *p) {
    return p->rotate > 0 || p->scale > 0 || p->shear > 0 || p->elastic > 0;
}

bool fx_augmentation_is_identity(const fx_augmentation_params *p) {
    return !p->flip && p->shift == 0 && !has_warp(p) && !(p->color > 0) && !(p->hue > 0) &&
           p->cutout == 0;
}

void fx_augmentation_scratch_destroy(fx_augmentation_scratch *scratch) {
    if (!scratch) return;
    fx_image_destroy(&scratch->image);
    free(scratch->numbers);
    *scratch = (fx_augmentation_scratch){0};
}

// The scratch's image becomes the image: pixels that are lent stay as they are.
static void exchange(fx_image *image, fx_augmentation_scratch *scratch) {
    fx_image exchanged = *image;
    *image = scratch->image;
    scratch->image = exchanged;
}

static double symmetric(fx_rng *rng, double most) {
    return most * (2 * fx_rng_uniform(rng) - 1);
}

// --- geometry ---

static fx_status move(const fx_augmentation_params *p, fx_rng *rng, fx_image *image,
                      fx_augmentation_scratch *scratch, fx_error *error) {
    const bool mirrored = p->flip && fx_rng_below(rng, 2) == 1;
    int dx = 0, dy = 0;
    if (p->shift > 0) {
        uint32_t choices = 2 * (uint32_t)p->shift + 1;
        dx = (int)fx_rng_below(rng, choices) - p->shift;
        dy = (int)fx_rng_below(rng, choices) - p->shift;
    }
    if (!has_warp(p)) {
        if (!mirrored && dx == 0 && dy == 0) return FX_OK;
        FX__TRY(fx__shift_apply(mirrored, dx, dy, (fx_padding)p->padding, image, &scratch->image,
                                error));
        exchange(image, scratch);
        return FX_OK;
    }
    const double turn = p->rotate > 0 ? symmetric(rng, (double)p->rotate * PI / 180) : 0;
    const double size = p->scale > 0 ? exp(symmetric(rng, log1p((double)p->scale))) : 1;
    const double lean = p->shear > 0 ? tan(symmetric(rng, (double)p->shear * PI / 180)) : 0;
    const double c = cos(turn) / size, s = sin(turn) / size;
    fx__warp warp = {.mirrored = mirrored,
                     .dx = dx,
                     .dy = dy,
                     .a = {{c + lean * s, s - lean * c}, {-s, c}},
                     .padding = (fx_padding)p->padding};
    if (p->elastic > 0)
        FX__TRY(fx__elastic_field(rng, image->width, image->height, p->elastic, p->elastic_sigma,
                                  scratch, &warp.displacement, error));
    FX__TRY(fx__warp_apply(&warp, image, &scratch->image, error));
    exchange(image, scratch);
    return FX_OK;
}

// --- color ---

static void mean_color(const fx_image *image, double mean[3]) {
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    const size_t channels = (size_t)image->channels;
    uint64_t sums[3] = {0};
    for (size_t i = 0; i < pixels; i++)
        for (size_t k = 0; k < channels; k++) sums[k] += image->pixels[i * channels + k];
    for (size_t k = 0; k < 3; k++) mean[k] = (double)sums[k < channels ? k : 0] / (double)pixels;
}

static uint8_t round_to_byte(float value) {
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5f);
}

// Turns the chroma (U, V) = (0.492111 (B - Y), 0.877283 (R - Y)) of `in` by `angle`.
static void turn_hue(const double in[3], double angle, double out[3]) {
    const double y = LUMA[0] * in[0] + LUMA[1] * in[1] + LUMA[2] * in[2];
    const double u = 0.492111 * (in[2] - y), v = 0.877283 * (in[0] - y);
    out[0] = y + (sin(angle) * u + cos(angle) * v) / 0.877283;
    out[2] = y + (cos(angle) * u - sin(angle) * v) / 0.492111;
    out[1] = (y - LUMA[0] * out[0] - LUMA[2] * out[2]) / LUMA[1];
}

// pixels[i] = matrix · from[i] + offset.
static void recolor(const fx_image *from, float matrix[3][3], float offset, fx_image *to) {
    const size_t pixels = (size_t)from->width * (size_t)from->height;
    if (from->channels == 1) {
        for (size_t i = 0; i < pixels; i++)
            to->pixels[i] = round_to_byte(matrix[0][0] * from->pixels[i] + offset);
        return;
    }
    for (size_t i = 0; i < pixels; i++) {
        const uint8_t *v = from->pixels + 3 * i;
        for (int k = 0; k < 3; k++)
            to->pixels[3 * i + (size_t)k] = round_to_byte(
                matrix[k][0] * v[0] + matrix[k][1] * v[1] + matrix[k][2] * v[2] + offset);
    }
}

static fx_status change_color(const fx_augmentation_params *p, fx_rng *rng, fx_image *image,
                              fx_augmentation_scratch *scratch, fx_error *error) {
    if (!(p->color > 0) && !(p->hue > 0)) return FX_OK;
    double factors[3] = {1, 1, 1}; // brightness, contrast, saturation
    for (int i = 0; i < 3 && p->color > 0; i++) factors[i] = 1 + symmetric(rng, (double)p->color);
    const double angle = p->hue > 0 ? symmetric(rng, (double)p->hue * PI / 180) : 0;
    const double brightness = factors[0], contrast = factors[1], saturation = factors[2];
    float matrix[3][3] = {{(float)(brightness * contrast)}};
    double mean[3], luma = 0;
    mean_color(image, mean);
    for (int k = 0; k < 3; k++) luma += LUMA[k] * mean[k];
    for (int column = 0; column < 3 && image->channels == 3; column++) {
        double in[3], out[3];
        for (int k = 0; k < 3; k++)
            in[k] = brightness * contrast *
                    ((k == column ? saturation : 0) + (1 - saturation) * LUMA[column]);
        turn_hue(in, angle, out);
        for (int k = 0; k < 3; k++) matrix[k][column] = (float)out[k];
    }
    FX__TRY(fx_image_reserve(&scratch->image, image->width, image->height, image->channels, error));
    recolor(image, matrix, (float)((1 - contrast) * brightness * luma), &scratch->image);
    exchange(image, scratch);
    return FX_OK;
}

// --- cutout ---

static fx_status cut_out(const fx_augmentation_params *p, fx_rng *rng, fx_image *image,
                         fx_augmentation_scratch *scratch, fx_error *error) {
    if (p->cutout == 0) return FX_OK;
    const int left = (int)fx_rng_below(rng, (uint32_t)image->width) - p->cutout / 2;
    const int top = (int)fx_rng_below(rng, (uint32_t)image->height) - p->cutout / 2;
    // A copy, since the pixels may be lent.
    FX__TRY(fx__shift_apply(false, 0, 0, FX_PADDING_EDGE, image, &scratch->image, error));
    exchange(image, scratch);
    double mean[3] = {0};
    mean_color(image, mean);
    const size_t channels = (size_t)image->channels;
    for (int y = top < 0 ? 0 : top; y < top + p->cutout && y < image->height; y++)
        for (int x = left < 0 ? 0 : left; x < left + p->cutout && x < image->width; x++)
            for (size_t k = 0; k < channels; k++)
                image->pixels[((size_t)y * (size_t)image->width + (size_t)x) * channels + k] =
                    round_to_byte((float)mean[k]);
    return FX_OK;
}

fx_status fx_augmentation_apply(const fx_augmentation_params *params, fx_rng *rng, fx_image *image,
                                fx_augmentation_scratch *scratch, fx_error *error) {
    FX__TRY(fx__params_check(&fx__augmentation_section, params, error));
    FX__TRY(move(params, rng, image, scratch, error));
    FX__TRY(change_color(params, rng, image, scratch, error));
    return cut_out(params, rng, image, scratch, error);
}
