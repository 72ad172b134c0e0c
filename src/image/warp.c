// Warps: affine maps and elastic distortion in one resampling.
//
// Sampling at q is bilinear between the four pixels around it; where one of them lies beyond a
// border the padding says what stands there.
//
// The elastic field is that of Simard et al. with its amplitude made independent of the smoothing:
// uniform noise in [-1, 1) at every pixel, smoothed by a separable Gaussian g (cut off at 3 σ,
// normalized) that wraps around, so that the field is as strong at the borders as in the middle,
// and multiplied by rms / sqrt(Σ g_x² · Σ g_y² / 3), 1/3 being the variance of the noise.
//
// Source: Simard, Steinkraus & Platt, "Best practices for convolutional neural networks applied to
// visual document analysis", ICDAR 2003.
#include "src/image/warp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/kernel.h"
#include "src/base/memory.h"

// --- sampling ---

// Two neighbours on one axis and their weights.
typedef struct taps {
    int at[2];
    float weight[2];
} taps;

static inline taps taps_at(double q, int size, fx_padding padding) {
    const double last = size - 1;
    if (padding == FX_PADDING_EDGE) {
        q = q < 0 ? 0 : q > last ? last : q;
    } else if (padding == FX_PADDING_REFLECT) {
        q = size > 1 ? fmod(fabs(q), 2 * last) : 0;
        if (q > last) q = 2 * last - q;
    } else if (!(q > -1 && q < size)) {
        return (taps){{0, 0}, {0, 0}};
    }
    const double below = floor(q);
    const float fraction = (float)(q - below);
    const int at = (int)below;
    taps t = {{at, at + 1}, {1 - fraction, fraction}};
    if (at < 0) t = (taps){{0, 0}, {0, fraction}};               // black before the first,
    if (at + 1 >= size) t = (taps){{at, at}, {1 - fraction, 0}}; // and after the last
    return t;
}

// Inlined with a constant number of channels.
static inline void sample(const fx_image *in, taps x, taps y, int channels, uint8_t *out) {
    const size_t width = (size_t)in->width, n = (size_t)channels;
    const uint8_t *row[2] = {in->pixels + (size_t)y.at[0] * width * n,
                             in->pixels + (size_t)y.at[1] * width * n};
    const size_t left = (size_t)x.at[0] * n, right = (size_t)x.at[1] * n;
    for (size_t c = 0; c < n; c++) {
        float above = x.weight[0] * row[0][left + c] + x.weight[1] * row[0][right + c];
        float below = x.weight[0] * row[1][left + c] + x.weight[1] * row[1][right + c];
        out[c] = (uint8_t)(y.weight[0] * above + y.weight[1] * below + 0.5f);
    }
}

static inline void warp_row(const fx__warp *warp, const fx_image *in, int y, int channels,
                            uint8_t *out) {
    const int width = in->width, height = in->height;
    const double center_x = 0.5 * (width - 1), center_y = 0.5 * (height - 1);
    const size_t area = (size_t)width * (size_t)height;
    const float *shift = warp->displacement ? warp->displacement + (size_t)y * (size_t)width : NULL;
    const double v = y - center_y - warp->dy;
    for (int x = 0; x < width; x++) {
        const double u = (warp->mirrored ? width - 1 - x : x) - center_x - warp->dx;
        double qx = center_x + warp->a[0][0] * u + warp->a[0][1] * v;
        double qy = center_y + warp->a[1][0] * u + warp->a[1][1] * v;
        if (shift) {
            qx += (double)shift[x];
            qy += (double)shift[area + (size_t)x];
        }
        sample(in, taps_at(qx, width, warp->padding), taps_at(qy, height, warp->padding), channels,
               out + (size_t)x * (size_t)channels);
    }
}

fx_status fx__warp_apply(const fx__warp *warp, const fx_image *in, fx_image *out, fx_error *error) {
    FX__TRY(fx_image_reserve(out, in->width, in->height, in->channels, error));
    const size_t stride = (size_t)in->width * (size_t)in->channels;
    for (int y = 0; y < in->height; y++) {
        if (in->channels == 3)
            warp_row(warp, in, y, 3, out->pixels + (size_t)y * stride);
        else
            warp_row(warp, in, y, 1, out->pixels + (size_t)y * stride);
    }
    return FX_OK;
}

// --- whole pixels ---

// Index of what stands at `value`, or -1 for black.
static inline int padded(int value, int size, fx_padding padding) {
    if (value >= 0 && value < size) return value;
    if (padding == FX_PADDING_EDGE) return value < 0 ? 0 : size - 1;
    if (padding == FX_PADDING_ZERO) return -1;
    if (size == 1) return 0;
    const int period = 2 * (size - 1), at = abs(value) % period;
    return at < size ? at : period - at;
}

static inline void shift_row(const uint8_t *row, int width, int channels, bool mirrored, int dx,
                             fx_padding padding, uint8_t *out) {
    for (int x = 0; x < width; x++) {
        int source = padded((mirrored ? width - 1 - x : x) - dx, width, padding);
        for (int c = 0; c < channels; c++)
            out[x * channels + c] = source < 0 ? 0 : row[source * channels + c];
    }
}

fx_status fx__shift_apply(bool mirrored, int dx, int dy, fx_padding padding, const fx_image *in,
                          fx_image *out, fx_error *error) {
    FX__TRY(fx_image_reserve(out, in->width, in->height, in->channels, error));
    const size_t stride = (size_t)in->width * (size_t)in->channels;
    for (int y = 0; y < in->height; y++) {
        uint8_t *to = out->pixels + (size_t)y * stride;
        int source = padded(y - dy, in->height, padding);
        const uint8_t *row = in->pixels + (size_t)(source < 0 ? 0 : source) * stride;
        if (source < 0)
            memset(to, 0, stride);
        else if (in->channels == 3)
            shift_row(row, in->width, 3, mirrored, dx, padding, to);
        else
            shift_row(row, in->width, 1, mirrored, dx, padding, to);
    }
    return FX_OK;
}

// --- elastic fields ---

// taps[size], at the distances 0 … size-1 around a circle of `size`; returns the sum of squares.
static double circular_gaussian(int size, double sigma, float *kernel) {
    const int radius = (int)ceil(3 * sigma);
    double sum = 0, squares = 0;
    for (int j = 0; j < size; j++) kernel[j] = 0;
    for (int k = -radius; k <= radius; k++) sum += exp(-0.5 * k * k / (sigma * sigma));
    for (int k = -radius; k <= radius; k++)
        kernel[((k % size) + size) % size] += (float)(exp(-0.5 * k * k / (sigma * sigma)) / sum);
    for (int j = 0; j < size; j++) squares += (double)kernel[j] * (double)kernel[j];
    return squares;
}

FX__KERNEL
static void add_scaled(size_t count, float weight, const float *from, float *to) {
#pragma omp simd
    for (size_t i = 0; i < count; i++) to[i] += weight * from[i];
}

// to[size, lanes] = from[size, lanes], smoothed along the first axis.
static void smooth(int size, size_t lanes, const float *kernel, const float *from, float *to) {
    memset(to, 0, (size_t)size * lanes * sizeof *to);
    for (int y = 0; y < size; y++)
        for (int k = 0; k < size; k++) {
            if (kernel[k] == 0) continue;
            int source = y + k < size ? y + k : y + k - size;
            add_scaled(lanes, kernel[k], from + (size_t)source * lanes, to + (size_t)y * lanes);
        }
}

static void transpose(int rows, int columns, float factor, const float *from, float *to) {
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < columns; x++)
            to[(size_t)x * (size_t)rows + (size_t)y] =
                factor * from[(size_t)y * (size_t)columns + (size_t)x];
}

fx_status fx__elastic_field(fx_rng *rng, int width, int height, float rms, float sigma,
                            fx_augmentation_scratch *scratch, const float **field,
                            fx_error *error) {
    const size_t area = (size_t)width * (size_t)height;
    const size_t sides = (size_t)width + (size_t)height;
    FX__TRY(fx__grow(&scratch->numbers, &scratch->capacity, 3 * area + sides,
                     sizeof *scratch->numbers, error));
    float *out = scratch->numbers, *spare = out + 2 * area;
    float *along_x = spare + area, *along_y = along_x + width;
    const double width_of_gaussian = sigma > 0.05f ? (double)sigma : 0.05; // a single pixel
    const double squares = circular_gaussian(width, width_of_gaussian, along_x) *
                           circular_gaussian(height, width_of_gaussian, along_y);
    const float factor = (float)((double)rms / sqrt(squares / 3));
    for (int axis = 0; axis < 2; axis++) {
        float *noise = out + (size_t)axis * area;
        for (size_t i = 0; i < area; i++) noise[i] = (float)(int32_t)fx_rng_uint32(rng) * 0x1p-31f;
        smooth(height, (size_t)width, along_y, noise, spare);
        transpose(height, width, factor, spare, noise);
        smooth(width, (size_t)height, along_x, noise, spare);
        transpose(width, height, 1, spare, noise);
    }
    *field = out;
    return FX_OK;
}
