// Resizing with a separable triangle filter, as PIL's BILINEAR does it: the same bytes as
// Pillow 11.3 (Pillow 13 runs the vertical pass first for some sizes; then up to 1 apart).
//
// Along one axis of `in` samples resized to `out`: scale = in / out, s = max(scale, 1) the half
// width of the filter; output i has its center at c = (i + ½)·scale and is
//     Σ_j w_ij · x_j,   w_ij ∝ max(0, 1 − |j + ½ − c| / s),   Σ_j w_ij = 1,
// over the samples j that exist within c ± s. Weights are rounded to 22 bits behind the point; the
// horizontal pass comes first and its result is rounded to 8 bits, as is the vertical pass's.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "featx/image.h"
#include "src/base/kernel.h"
#include "src/base/memory.h"

enum { WEIGHT_BITS = 22 };

typedef struct {
    int first, count; // samples first … first+count-1
    size_t weights;   // index of the first one's weight
} tap;

typedef struct {
    tap *taps; // [out]
    int32_t *weights;
} filter;

static void filter_destroy(filter *filter) {
    free(filter->taps);
    free(filter->weights);
}

static fx_status filter_create(int in, int out, filter *filter, fx_error *error) {
    double scale = (double)in / out, reach = scale > 1 ? scale : 1, inverse = 1 / reach;
    size_t most = (size_t)(2 * reach) + 3;
    double *exact = NULL;
    size_t total;
    if (!fx__size_mul(most, (size_t)out, &total)) total = SIZE_MAX;
    FX__TRY(fx__allocate((size_t)out, sizeof *filter->taps, &filter->taps, error));
    FX__TRY(fx__allocate(total, sizeof *filter->weights, &filter->weights, error));
    FX__TRY(fx__allocate(most, sizeof *exact, &exact, error));
    size_t used = 0;
    for (int i = 0; i < out; i++) {
        double center = (i + 0.5) * scale;
        int begin = (int)(center - reach + 0.5), end = (int)(center + reach + 0.5);
        if (begin < 0) begin = 0;
        if (end > in) end = in;
        double sum = 0;
        for (int j = begin; j < end; j++) {
            double distance = (j - center + 0.5) * inverse;
            double weight = 1 - (distance < 0 ? -distance : distance);
            exact[j - begin] = weight > 0 ? weight : 0;
            sum += exact[j - begin];
        }
        filter->taps[i] = (tap){begin, end - begin, used};
        for (int j = 0; j < end - begin; j++)
            filter->weights[used++] = (int32_t)(0.5 + exact[j] / sum * (1 << WEIGHT_BITS));
    }
    free(exact);
    return FX_OK;
}

// The weights of an output sum to 1 but for their rounding, so at most a little beyond 255.
static inline uint8_t rounded(int32_t sum) {
    int32_t value = (sum + (1 << (WEIGHT_BITS - 1))) >> WEIGHT_BITS;
    return value > 255 ? 255 : (uint8_t)value;
}

static void resize_row(const uint8_t *in, const filter *filter, int width, int channels,
                       uint8_t *out) {
    assert(channels == 1 || channels == 3);
    for (int x = 0; x < width; x++) {
        const tap *tap = &filter->taps[x];
        const int32_t *weights = filter->weights + tap->weights;
        const uint8_t *from = in + (size_t)tap->first * (size_t)channels;
        int32_t sums[3] = {0, 0, 0};
        if (channels == 3) {
            for (int j = 0; j < tap->count; j++)
                for (int c = 0; c < 3; c++) sums[c] += weights[j] * from[3 * j + c];
        } else {
            for (int j = 0; j < tap->count; j++) sums[0] += weights[j] * from[j];
        }
        for (int c = 0; c < channels; c++) *out++ = rounded(sums[c]);
    }
}

// sums[n] += weight · row[n]
FX__KERNEL static void accumulate(int32_t *restrict sums, const uint8_t *restrict row,
                                  int32_t weight, size_t n) {
    for (size_t i = 0; i < n; i++) sums[i] += weight * row[i];
}

static fx_status resize_columns(const uint8_t *in, const filter *filter, int height, size_t stride,
                                uint8_t *out, fx_error *error) {
    int32_t *sums;
    FX__TRY(fx__allocate(stride, sizeof *sums, &sums, error));
    for (int y = 0; y < height; y++) {
        const tap *tap = &filter->taps[y];
        memset(sums, 0, stride * sizeof *sums);
        for (int j = 0; j < tap->count; j++)
            accumulate(sums, in + (size_t)(tap->first + j) * stride,
                       filter->weights[tap->weights + (size_t)j], stride);
        for (size_t i = 0; i < stride; i++) *out++ = rounded(sums[i]);
    }
    free(sums);
    return FX_OK;
}

fx_status fx_image_resize(const fx_image *in, int width, int height, fx_image *out,
                          fx_error *error) {
    FX__TRY(fx_image_reserve(out, width, height, in->channels, error));
    size_t channels = (size_t)in->channels;
    size_t in_stride = (size_t)in->width * channels, stride = (size_t)width * channels;
    filter across = {0}, down = {0};
    uint8_t *narrowed = NULL; // [in->height, width, channels]
    const uint8_t *rows = in->pixels;
    fx_status status = FX_OK;
    if (width != in->width) {
        uint8_t *to = out->pixels;
        if (height != in->height) {
            FX__TRY_GOTO(fx__allocate((size_t)in->height, stride, &narrowed, error));
            to = narrowed;
        }
        FX__TRY_GOTO(filter_create(in->width, width, &across, error));
        for (size_t y = 0; y < (size_t)in->height; y++)
            resize_row(in->pixels + y * in_stride, &across, width, in->channels, to + y * stride);
        rows = to;
    }
    if (height != in->height) {
        FX__TRY_GOTO(filter_create(in->height, height, &down, error));
        FX__TRY_GOTO(resize_columns(rows, &down, height, stride, out->pixels, error));
    } else if (rows == in->pixels) {
        memcpy(out->pixels, rows, (size_t)height * stride);
    }
done:
    filter_destroy(&across);
    filter_destroy(&down);
    free(narrowed);
    return status;
}
