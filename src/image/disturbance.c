// Disturbances of a known strength.
//
//   shift       out[p] = in[p - d],  d = round(strength / 100 · width · (cos φ, sin φ))
//   rotation    bilinear, about the center
//   noise       out = in + strength · n,  n normal, of each number its own
//   blur        separable, weights exp(-i² / 2σ²), σ = strength / 100 · width, cut at 3 σ
//   brightness  out = in ± strength
//   shuffling   of n pixels, k = round(strength / 100 · n) drawn ones go round in a random cycle
//
// φ, signs and noise are drawn; results are rounded and clipped to 0 … 255.
#include "featx/disturbance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/image/warp.h"

static const struct {
    const char *name, *unit;
    bool percentage;
} disturbances[FX_DISTURBANCES] = {
    [FX_DISTURB_SHIFT] = {"shift", "% of the width", true},
    [FX_DISTURB_ROTATION] = {"rotation", "degrees", false},
    [FX_DISTURB_NOISE] = {"noise", "deviation, of 255", false},
    [FX_DISTURB_BLUR] = {"blur", "deviation, % of the width", true},
    [FX_DISTURB_BRIGHTNESS] = {"brightness", "added or taken, of 255", false},
    [FX_DISTURB_SHUFFLING] = {"shuffling", "% of the pixels", true},
};

const char *fx_disturbance_name(fx_disturbance disturbance) {
    return disturbances[disturbance].name;
}

const char *fx_disturbance_unit(fx_disturbance disturbance) {
    return disturbances[disturbance].unit;
}

static size_t numbers_of(const fx_image *image) {
    return (size_t)image->width * (size_t)image->height * (size_t)image->channels;
}

static uint8_t clipped(double value) {
    return (uint8_t)lrint(fmin(255, fmax(0, value)));
}

static double sign(fx_rng *rng) {
    return fx_rng_below(rng, 2) ? 1 : -1;
}

static fx_status shift(double strength, fx_rng *rng, const fx_image *in, fx_image *out,
                       fx_error *error) {
    double distance = strength / 100 * in->width, angle = 2 * acos(-1) * fx_rng_uniform(rng);
    return fx__shift_apply(false, (int)lrint(distance * cos(angle)),
                           (int)lrint(distance * sin(angle)), FX_PADDING_EDGE, in, out, error);
}

static fx_status rotate(double strength, fx_rng *rng, const fx_image *in, fx_image *out,
                        fx_error *error) {
    double angle = sign(rng) * strength * acos(-1) / 180;
    fx__warp warp = {.a = {{cos(angle), -sin(angle)}, {sin(angle), cos(angle)}},
                     .padding = FX_PADDING_EDGE};
    return fx__warp_apply(&warp, in, out, error);
}

// One pass along lines of `count` pixels that are `step` numbers apart.
static void blur_line(const float *weights, int reach, const float *in, size_t step, int count,
                      float *out) {
    for (int i = 0; i < count; i++) {
        float sum = 0;
        for (int k = -reach; k <= reach; k++) {
            int at = i + k < 0 ? 0 : i + k >= count ? count - 1 : i + k;
            sum += weights[k + reach] * in[(size_t)at * step];
        }
        out[(size_t)i * step] = sum;
    }
}

static fx_status blur(double strength, const fx_image *in, fx_image *out, fx_error *error) {
    double sigma = strength / 100 * in->width, total = 0;
    int reach = (int)ceil(3 * sigma);
    size_t count = numbers_of(in), channels = (size_t)in->channels;
    size_t row = (size_t)in->width * channels;
    float *weights = NULL, *a = NULL, *b = NULL;
    fx_status status;
    FX__TRY_GOTO(fx__allocate(2 * (size_t)reach + 1, sizeof *weights, &weights, error));
    FX__TRY_GOTO(fx__allocate(count, sizeof *a, &a, error));
    FX__TRY_GOTO(fx__allocate(count, sizeof *b, &b, error));
    for (int k = -reach; k <= reach; k++) total += exp(-0.5 * k * k / (sigma * sigma));
    for (int k = -reach; k <= reach; k++)
        weights[k + reach] = (float)(exp(-0.5 * k * k / (sigma * sigma)) / total);
    for (size_t i = 0; i < count; i++) a[i] = in->pixels[i];
    for (size_t y = 0; y < (size_t)in->height; y++)
        for (size_t c = 0; c < channels; c++)
            blur_line(weights, reach, a + y * row + c, channels, in->width, b + y * row + c);
    for (size_t i = 0; i < row; i++) blur_line(weights, reach, b + i, row, in->height, a + i);
    for (size_t i = 0; i < count; i++) out->pixels[i] = clipped((double)a[i]);
done:
    free(weights);
    free(a);
    free(b);
    return status;
}

static fx_status shuffle(double strength, fx_rng *rng, const fx_image *in, fx_image *out,
                         fx_error *error) {
    size_t channels = (size_t)in->channels, count = numbers_of(in) / channels;
    size_t moved = (size_t)llrint(strength / 100 * (double)count);
    uint32_t *places;
    FX__TRY(fx__allocate(count, sizeof *places, &places, error));
    for (size_t i = 0; i < count; i++) places[i] = (uint32_t)i;
    fx_rng_shuffle(rng, places, count);
    memcpy(out->pixels, in->pixels, count * channels);
    for (size_t i = 0; i < moved; i++)
        memcpy(out->pixels + places[i] * channels,
               in->pixels + places[i + 1 < moved ? i + 1 : 0] * channels, channels);
    free(places);
    return FX_OK;
}

fx_status fx_disturb(fx_disturbance disturbance, double strength, fx_rng *rng, const fx_image *in,
                     fx_image *out, fx_error *error) {
    bool percentage = disturbances[disturbance].percentage;
    if (!(strength >= 0 && strength <= (percentage ? 100 : 1e6)))
        return fx_error_set(error, FX_ERROR_USAGE, "%s: %g, expected 0 … %g %s",
                            disturbances[disturbance].name, strength, percentage ? 100 : 1e6,
                            disturbances[disturbance].unit);
    FX__TRY(fx_image_reserve(out, in->width, in->height, in->channels, error));
    size_t count = numbers_of(in);
    if (strength == 0) {
        memcpy(out->pixels, in->pixels, count);
        return FX_OK;
    }
    switch (disturbance) {
    case FX_DISTURB_SHIFT:
        return shift(strength, rng, in, out, error);
    case FX_DISTURB_ROTATION:
        return rotate(strength, rng, in, out, error);
    case FX_DISTURB_NOISE:
        for (size_t i = 0; i < count; i++)
            out->pixels[i] = clipped(in->pixels[i] + strength * fx_rng_normal(rng));
        return FX_OK;
    case FX_DISTURB_BLUR:
        return blur(strength, in, out, error);
    case FX_DISTURB_BRIGHTNESS: {
        double added = sign(rng) * strength;
        for (size_t i = 0; i < count; i++) out->pixels[i] = clipped(in->pixels[i] + added);
        return FX_OK;
    }
    case FX_DISTURB_SHUFFLING:
        return shuffle(strength, rng, in, out, error);
    case FX_DISTURBANCES:
        break;
    }
    return FX_OK;
}
