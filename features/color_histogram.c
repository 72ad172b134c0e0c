// Color histograms. Counts are exact, and so are the bins: a channel's value is a fraction of small
// integers, v = n / d, and its bin is ⌊n · bins / d⌋, at most bins - 1.
//
//   RGB    n / d = R/255, G/255, B/255
//   gray   Y/255 with Y = ⌊(299 R + 587 G + 114 B + 500) / 1000⌋, as fx_image_convert has it
//   HSV    M = max(R, G, B), m = min, δ = M - m
//          H: (G-B)/6δ (+ 1 where negative) where M = R, else (B-R)/6δ + 2/6 where M = G, else
//          (R-G)/6δ + 4/6; 0 where δ = 0
//          S: δ/M, 0 where M = 0        V: M/255
//
// The kernel divides in float32, which is exact here: numerators stay below 2^24 and quotients
// below 2^8, so a quotient that is no integer is at least 1/1530 away from one and the rounding
// error is at most 2^-17. (scikit-image's rgb2hsv() of 8-bit images followed by a histogram puts
// some colors that lie precisely on an edge, about 0.1 % of all, into the bin below.)
#include "features/color_histogram.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "features/sections.h"
#include "src/base/kernel.h"
#include "src/base/memory.h"
#include "src/base/params.h"

// Keys
// --------------------------------------------------------------------------------------------

static const char *const SPACES[] = {"gray", "rgb", "hsv", NULL};
static const char *const NORMS[] = {"none", "L1", "L2", "sqrt", NULL};

static const fx_param PARAMS[] = {
    {.key = "space",
     .kind = FX_PARAM_CHOICE,
     .offset = offsetof(fx_color_params, space),
     .choices = SPACES,
     .help = "color space"},
    {.key = "bins",
     .kind = FX_PARAM_INTS,
     .offset = offsetof(fx_color_params, bins),
     .min = 1,
     .max = 256,
     .has_auto = true,
     .help = "bins a channel, one for all or one each; auto: hsv [8, 4, 4], rgb 8, gray 32"},
    {.key = "joint",
     .kind = FX_PARAM_BOOL,
     .offset = offsetof(fx_color_params, joint),
     .help = "one histogram over all channels together, or one a channel"},
    {.key = "grid",
     .kind = FX_PARAM_INT,
     .offset = offsetof(fx_color_params, grid),
     .min = 1,
     .max = 64,
     .help = "grid × grid cells, each with its own histogram"},
    {.key = "norm",
     .kind = FX_PARAM_CHOICE,
     .offset = offsetof(fx_color_params, norm),
     .choices = NORMS,
     .help = "of a histogram: none (counts), L1, L2 or sqrt (of L1)"},
};

const fx_section fx__color_section = {
    .name = "color", .params = PARAMS, .count = sizeof PARAMS / sizeof *PARAMS};

fx_color_params fx_color_defaults(void) {
    return (fx_color_params){
        .space = FX_COLOR_HSV, .joint = true, .grid = 1, .norm = FX_COLOR_NORM_SQRT};
}

// The histogram of one cell.
typedef struct shape {
    int channels;
    int bins[3];  // 1 beyond the channels
    size_t total; // numbers of a cell
} shape;

static fx_status shape_of(const fx_color_params *params, shape *out, fx_error *error) {
    static const int automatic[3][3] = {{32, 1, 1}, {8, 8, 8}, {8, 4, 4}};
    FX__TRY(fx__params_check(&fx__color_section, params, error));
    *out = (shape){.channels = params->space == FX_COLOR_GRAY ? 1 : 3, .bins = {1, 1, 1}};
    int given = params->bins.count;
    if (given > 1 && given != out->channels)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "color.bins: found %d numbers, expected 1 or, for color.space %s, %d",
                            given, SPACES[params->space], out->channels);
    size_t product = 1, sum = 0;
    for (int c = 0; c < out->channels; c++) {
        out->bins[c] = given == 0   ? automatic[params->space][c]
                       : given == 1 ? params->bins.values[0]
                                    : params->bins.values[c];
        product *= (size_t)out->bins[c];
        sum += (size_t)out->bins[c];
    }
    out->total = params->joint ? product : sum;
    return FX_OK;
}

size_t fx_color_length(const fx_color_params *params) {
    shape s;
    if (shape_of(params, &s, NULL) != FX_OK) return 0;
    return (size_t)params->grid * (size_t)params->grid * s.total;
}

fx_status fx__color_resolve(fx_color_params *params, fx_error *error) {
    shape s;
    FX__TRY(shape_of(params, &s, error));
    params->bins.count = s.channels;
    for (int c = 0; c < s.channels; c++) params->bins.values[c] = s.bins[c];
    return FX_OK;
}

// Counters: neighboring pixels often have one color, and adding to what was just stored waits for
// the store; so pixels take turns in several copies of a small histogram.
enum { COPIES = 4, COPIED_MAX = 2048 };

static size_t copies_of(size_t total) {
    return total <= COPIED_MAX ? COPIES : 1;
}

size_t fx_color_scratch(const fx_color_params *params) {
    shape s;
    if (shape_of(params, &s, NULL) != FX_OK) return 0;
    return sizeof(uint32_t) * copies_of(s.total) * s.total;
}

// Bins
// --------------------------------------------------------------------------------------------

void fx__color_bins_reference(fx_color_space space, const int bins[3], const uint8_t rgb[3],
                              uint32_t bin[3]) {
    int r = rgb[0], g = rgb[1], b = rgb[2];
    int max = r > g ? r : g, min = r < g ? r : g;
    if (b > max) max = b;
    if (b < min) min = b;
    int delta = max - min, n[3] = {0}, d[3] = {255, 255, 255};
    switch (space) {
    case FX_COLOR_GRAY:
        n[0] = (299 * r + 587 * g + 114 * b + 500) / 1000;
        break;
    case FX_COLOR_RGB:
        n[0] = r, n[1] = g, n[2] = b;
        break;
    case FX_COLOR_HSV:
        if (delta > 0) {
            n[0] = max == r ? g - b : max == g ? b - r + 2 * delta : r - g + 4 * delta;
            if (n[0] < 0) n[0] += 6 * delta;
            d[0] = 6 * delta;
            n[1] = delta;
            d[1] = max;
        }
        n[2] = max;
        break;
    }
    for (int c = 0; c < 3; c++) {
        int at = n[c] * bins[c] / d[c];
        bin[c] = (uint32_t)(at < bins[c] ? at : bins[c] - 1);
    }
}

#define INLINE static inline __attribute__((always_inline))

// min(⌊n · bins / d⌋, bins - 1)
INLINE uint32_t bin_of(int n, int d, int bins) {
    int bin = (int)((float)(n * bins) / (float)d);
    return (uint32_t)(bin < bins - 1 ? bin : bins - 1);
}

// The same with d = 255: ⌊x / 255⌋ = ⌊32897 x / 2^23⌋ for x < 2^16.
INLINE uint32_t byte_bin(int n, int bins) {
    uint32_t bin = (uint32_t)(n * bins) * 32897u >> 23, last = (uint32_t)bins - 1;
    return bin < last ? bin : last;
}

INLINE void bins_gray(const uint8_t *restrict p, int step, size_t count, int bins,
                      uint32_t *restrict out) {
    for (size_t i = 0; i < count; i++) {
        const uint8_t *q = p + i * (size_t)step;
        int y =
            step == 1 ? q[0] : (int)((float)(299 * q[0] + 587 * q[1] + 114 * q[2] + 500) / 1e3f);
        out[i] = byte_bin(y, bins);
    }
}

INLINE void bins_rgb(const uint8_t *restrict p, int step, size_t count, const int bins[3],
                     uint32_t *restrict out0, uint32_t *restrict out1, uint32_t *restrict out2) {
    int second = step == 3 ? 1 : 0, third = 2 * second;
    int n0 = bins[0], n1 = bins[1], n2 = bins[2];
    for (size_t i = 0; i < count; i++) {
        const uint8_t *q = p + i * (size_t)step;
        out0[i] = byte_bin(q[0], n0);
        out1[i] = byte_bin(q[second], n1);
        out2[i] = byte_bin(q[third], n2);
    }
}

INLINE void bins_hsv(const uint8_t *restrict p, int step, size_t count, const int bins[3],
                     uint32_t *restrict out0, uint32_t *restrict out1, uint32_t *restrict out2) {
    int second = step == 3 ? 1 : 0, third = 2 * second;
    int n0 = bins[0], n1 = bins[1], n2 = bins[2];
    for (size_t i = 0; i < count; i++) {
        const uint8_t *q = p + i * (size_t)step;
        int r = q[0], g = q[second], b = q[third];
        int max = r > g ? r : g, min = r < g ? r : g;
        max = b > max ? b : max;
        min = b < min ? b : min;
        int delta = max - min;
        int red = g - b, green = b - r + 2 * delta, blue = r - g + 4 * delta;
        red = red < 0 ? red + 6 * delta : red;
        int hue = max == r ? red : max == g ? green : blue; // 0 where delta is
        out0[i] = bin_of(hue, delta > 0 ? 6 * delta : 1, n0);
        out1[i] = bin_of(delta, max > 0 ? max : 1, n1);
        out2[i] = byte_bin(max, n2);
    }
}

FX__KERNEL void fx__color_bins(fx_color_space space, const int bins[3], const uint8_t *pixels,
                               int channels, size_t count, uint32_t bin[3][FX__COLOR_BLOCK]) {
    if (space == FX_COLOR_GRAY && channels == 3)
        bins_gray(pixels, 3, count, bins[0], bin[0]);
    else if (space == FX_COLOR_GRAY)
        bins_gray(pixels, 1, count, bins[0], bin[0]);
    else if (space == FX_COLOR_RGB && channels == 3)
        bins_rgb(pixels, 3, count, bins, bin[0], bin[1], bin[2]);
    else if (space == FX_COLOR_RGB)
        bins_rgb(pixels, 1, count, bins, bin[0], bin[1], bin[2]);
    else if (channels == 3)
        bins_hsv(pixels, 3, count, bins, bin[0], bin[1], bin[2]);
    else
        bins_hsv(pixels, 1, count, bins, bin[0], bin[1], bin[2]);
}

// Counts
// ------------------------------------------------------------------------------------------

static void count_block(uint32_t *restrict counts, size_t stride, const uint32_t *restrict bin,
                        size_t count) {
    size_t i = 0;
    for (; i + COPIES <= count; i += COPIES) {
        counts[bin[i]]++;
        counts[bin[i + 1] + stride]++;
        counts[bin[i + 2] + 2 * stride]++;
        counts[bin[i + 3] + 3 * stride]++;
    }
    for (; i < count; i++) counts[bin[i]]++;
}

// Joint bins in place of those of channel 0.
static FX__KERNEL void join(const int bins[3], uint32_t bin[3][FX__COLOR_BLOCK], size_t count) {
    uint32_t n1 = (uint32_t)bins[1], n2 = (uint32_t)bins[2];
    for (size_t i = 0; i < count; i++) bin[0][i] = (bin[0][i] * n1 + bin[1][i]) * n2 + bin[2][i];
}

// counts[total] of the pixels x0 … x1-1, y0 … y1-1. Counters hold 2^32 - 1, an image 2^28 pixels.
static void count_cell(const fx_color_params *params, const shape *s, const fx_image *image, int x0,
                       int y0, int x1, int y1, uint32_t *counts) {
    size_t channels = (size_t)image->channels, copies = copies_of(s->total);
    size_t stride = copies > 1 ? s->total : 0;
    uint32_t bin[3][FX__COLOR_BLOCK];
    memset(counts, 0, sizeof *counts * copies * s->total);
    for (int y = y0; y < y1; y++) {
        const uint8_t *row = image->pixels + (size_t)y * (size_t)image->width * channels;
        for (int x = x0, n; x < x1; x += n) {
            n = x1 - x < FX__COLOR_BLOCK ? x1 - x : FX__COLOR_BLOCK;
            size_t count = (size_t)n;
            fx__color_bins((fx_color_space)params->space, s->bins, row + (size_t)x * channels,
                           image->channels, count, bin);
            if (params->joint && s->channels == 3) join(s->bins, bin, count);
            uint32_t *at = counts;
            for (int c = 0; c < (params->joint ? 1 : s->channels); c++) {
                count_block(at, stride, bin[c], count);
                at += s->bins[c];
            }
        }
    }
    for (size_t k = 1; k < copies; k++)
        for (size_t i = 0; i < s->total; i++) counts[i] += counts[k * s->total + i];
}

static void normalize(fx_color_norm norm, const uint32_t *counts, size_t length, double pixels,
                      float *out) {
    double squares = 0, scale = 1;
    if (norm == FX_COLOR_NORM_L2)
        for (size_t i = 0; i < length; i++) squares += (double)counts[i] * counts[i];
    if (norm == FX_COLOR_NORM_L1 || norm == FX_COLOR_NORM_SQRT) scale = 1 / pixels;
    if (norm == FX_COLOR_NORM_L2) scale = 1 / sqrt(squares);
    for (size_t i = 0; i < length; i++) {
        double v = counts[i] * scale;
        out[i] = (float)(norm == FX_COLOR_NORM_SQRT ? sqrt(v) : v);
    }
}

static int edge(int index, int size, int grid) {
    return (int)((int64_t)index * size / grid);
}

fx_status fx__color_fits(const fx_color_params *params, int width, int height, fx_error *error) {
    if (width >= params->grid && height >= params->grid) return FX_OK;
    return fx_error_set(error, FX_ERROR_DATA,
                        "%d×%d pixels are less than one for each cell of color.grid, expected at "
                        "least %d×%d",
                        width, height, params->grid, params->grid);
}

fx_status fx_color_extract(const fx_color_params *params, const fx_image *image, float *out,
                           void *scratch, fx_error *error) {
    shape s;
    FX__TRY(shape_of(params, &s, error));
    FX__TRY(fx__color_fits(params, image->width, image->height, error));
    int grid = params->grid, width = image->width, height = image->height;
    uint32_t *counts = scratch;
    for (int row = 0; row < grid; row++)
        for (int column = 0; column < grid; column++) {
            int y0 = edge(row, height, grid), y1 = edge(row + 1, height, grid);
            int x0 = edge(column, width, grid), x1 = edge(column + 1, width, grid);
            double pixels = (double)(x1 - x0) * (y1 - y0);
            count_cell(params, &s, image, x0, y0, x1, y1, counts);
            const uint32_t *from = counts;
            for (int c = 0; c < (params->joint ? 1 : s.channels); c++) {
                size_t length = params->joint ? s.total : (size_t)s.bins[c];
                normalize((fx_color_norm)params->norm, from, length, pixels, out);
                from += length;
                out += length;
            }
        }
    return FX_OK;
}
