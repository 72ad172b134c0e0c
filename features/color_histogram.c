// Color histograms: where each pixel lies on the axes (color_space.c), counted cell by cell.
//
// Counts are integers, so that the order of pixels leaves no trace. Hard binning adds 1 to 32-bit
// counters: a joint bin is (bin₀ · bins₁ + bin₁) · bins₂ + bin₂. Linear binning adds to 64-bit
// counters: at position x a bin with center c = i + 1/2 gets max(0, 1 - |x - c|) of a channel, in
// 1024ths, and a joint bin the product of three, in 2^30ths; an image has at most 2^28 pixels. What
// would fall to bin -1 or beyond the last goes to the first or the last, on the whole circle of hue
// to the other end.
//
// Behind the counters of each histogram stands one more, for what lies outside of the range.
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

static const char *const BINNINGS[] = {"hard", "linear", NULL};
static const char *const NORMS[] = {"none", "L1", "L2", "sqrt", NULL};

static const fx_param PARAMS[] = {
    {.key = "space",
     .kind = FX_PARAM_CHOICE,
     .offset = offsetof(fx_color_params, space),
     .choices = fx__color_spaces,
     .help = "color space"},
    {.key = "bins",
     .kind = FX_PARAM_INTS,
     .offset = offsetof(fx_color_params, bins),
     .min = 1,
     .max = 256,
     .has_auto = true,
     .help =
         "bins a channel, one for all or one each; auto: gray 32, rgb 8, rg 16, opponent 8, hsv "
         "[8, 4, 4], lab [4, 8, 8]"},
    {.key = "range",
     .kind = FX_PARAM_INTS,
     .offset = offsetof(fx_color_params, range),
     .min = -1024,
     .max = 1024,
     .has_auto = true,
     .help =
         "[low, high] of all channels or of one after the other, the rest is not counted; auto: "
         "all: gray and rgb 0 to 255; rg 0 to 100; opponent -255 to 255, -510 to 510, 0 to 765; "
         "hsv 0 to 360, 100, 100; lab 0 to 100, -128 to 127, -128 to 127"},
    {.key = "binning",
     .kind = FX_PARAM_CHOICE,
     .offset = offsetof(fx_color_params, binning),
     .choices = BINNINGS,
     .help = "a pixel counts in one bin, or in the two nearest of each channel"},
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
    {.key = "levels",
     .kind = FX_PARAM_INT,
     .offset = offsetof(fx_color_params, levels),
     .min = 1,
     .max = 6,
     .help = "of a pyramid: each level has twice as many cells a side as the one before"},
    {.key = "norm",
     .kind = FX_PARAM_CHOICE,
     .offset = offsetof(fx_color_params, norm),
     .choices = NORMS,
     .help = "of a histogram: none (counts), L1, L2 or sqrt (of L1)"},
};

const fx_section fx__color_section = {
    .name = "color", .params = PARAMS, .count = sizeof PARAMS / sizeof *PARAMS};

fx_color_params fx_color_defaults(void) {
    return (fx_color_params){.space = FX_COLOR_HSV,
                             .binning = FX_COLOR_HARD,
                             .joint = true,
                             .grid = 1,
                             .levels = 1,
                             .norm = FX_COLOR_NORM_SQRT};
}

static fx_status bad_count(const char *key, int found, int each, const fx_color_axes *axes,
                           fx_error *error) {
    return fx_error_set(error, FX_ERROR_USAGE,
                        "color.%s: found %d numbers, expected %d or, for color.space %s, %d", key,
                        found, each, fx__color_spaces[axes->space], each * axes->channels);
}

fx_status fx__color_axes_of(const fx_color_params *params, fx_color_axes *out, fx_error *error) {
    FX__TRY(fx__params_check(&fx__color_section, params, error));
    fx_color_axes whole = fx__color_axes((fx_color_space)params->space);
    *out = whole;
    int bins = params->bins.count, range = params->range.count;
    if (bins > 1 && bins != out->channels) return bad_count("bins", bins, 1, out, error);
    if (range > 0 && range != 2 && range != 2 * out->channels)
        return bad_count("range", range, 2, out, error);
    for (int c = 0; c < out->channels; c++) {
        if (bins > 0) out->bins[c] = params->bins.values[bins > 1 ? c : 0];
        if (range == 0) continue;
        const int *bounds = params->range.values + (range > 2 ? 2 * c : 0);
        if (bounds[0] >= bounds[1])
            return fx_error_set(
                error, FX_ERROR_USAGE,
                "color.range: found [%d, %d], expected a low bound and a higher one", bounds[0],
                bounds[1]);
        out->low[c] = bounds[0];
        out->high[c] = bounds[1];
        out->whole &= bounds[0] == whole.low[c] && bounds[1] == whole.high[c];
    }
    return FX_OK;
}

fx_status fx__color_resolve(fx_color_params *params, fx_error *error) {
    fx_color_axes axes;
    FX__TRY(fx__color_axes_of(params, &axes, error));
    params->bins.count = axes.channels;
    params->range.count = 2 * axes.channels;
    for (int c = 0; c < axes.channels; c++) {
        params->bins.values[c] = axes.bins[c];
        params->range.values[2 * c] = axes.low[c];
        params->range.values[2 * c + 1] = axes.high[c];
    }
    return FX_OK;
}

// Sizes
// -------------------------------------------------------------------------------------------

// The histograms of one cell: one, or one a channel.
typedef struct shape {
    fx_color_axes axes;
    int parts;
    size_t length[3]; // of each
    size_t total;     // of all
    size_t counters;  // total and one more for each part
    bool linear;
    size_t copies; // of the counters, of hard binning
} shape;

// Neighboring pixels often have one color, and adding to what was just stored waits for the store;
// so pixels take turns in several copies of a small histogram.
enum { COPIES = 4, COPIED_MAX = 2048 };

static fx_status shape_of(const fx_color_params *params, shape *out, fx_error *error) {
    *out = (shape){.linear = params->binning == FX_COLOR_LINEAR};
    FX__TRY(fx__color_axes_of(params, &out->axes, error));
    const int *bins = out->axes.bins;
    out->parts = params->joint ? 1 : out->axes.channels;
    for (int c = 0; c < out->parts; c++) {
        out->length[c] = (size_t)bins[c];
        if (params->joint) out->length[0] = (size_t)bins[0] * (size_t)bins[1] * (size_t)bins[2];
        out->total += out->length[c];
        out->counters += out->length[c] + 1;
    }
    out->copies = !out->linear && out->total <= COPIED_MAX ? COPIES : 1;
    return FX_OK;
}

size_t fx_color_length(const fx_color_params *params) {
    shape s;
    if (shape_of(params, &s, NULL) != FX_OK) return 0;
    size_t cells = 0, side = (size_t)params->grid;
    for (int level = 0; level < params->levels; level++, side *= 2) cells += side * side;
    return cells * s.total;
}

size_t fx_color_scratch(const fx_color_params *params) {
    shape s;
    if (shape_of(params, &s, NULL) != FX_OK) return 0;
    return (s.linear ? sizeof(uint64_t) : sizeof(uint32_t)) * s.copies * s.counters;
}

fx_status fx__color_fits(const fx_color_params *params, int width, int height, fx_error *error) {
    int side = params->grid << (params->levels - 1);
    if (width >= side && height >= side) return FX_OK;
    return fx_error_set(error, FX_ERROR_DATA,
                        "%d×%d pixels are less than one for each cell of color.grid%s, expected at "
                        "least %d×%d",
                        width, height, params->levels > 1 ? " and color.levels" : "", side, side);
}

// Hard binning
// ------------------------------------------------------------------------------------

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

// Joint bins in place of those of channel 0. `total` is that of what lies outside.
FX__KERNEL static void join(const fx_color_axes *axes, uint32_t total, size_t count,
                            uint32_t bin[3][FX__COLOR_BLOCK]) {
    uint32_t n0 = (uint32_t)axes->bins[0], n1 = (uint32_t)axes->bins[1];
    uint32_t n2 = (uint32_t)axes->bins[2];
    const uint32_t *restrict second = bin[1], *restrict third = bin[2];
    uint32_t *restrict out = bin[0];
    if (axes->whole && axes->channels == 3)
        for (size_t i = 0; i < count; i++) out[i] = (out[i] * n1 + second[i]) * n2 + third[i];
    else if (axes->channels == 3)
        for (size_t i = 0; i < count; i++) {
            bool inside = (out[i] < n0) & (second[i] < n1) & (third[i] < n2);
            uint32_t joint = (out[i] * n1 + second[i]) * n2 + third[i];
            out[i] = inside ? joint : total;
        }
    else if (axes->channels == 2)
        for (size_t i = 0; i < count; i++) {
            bool inside = (out[i] < n0) & (second[i] < n1);
            out[i] = inside ? out[i] * n1 + second[i] : total;
        }
}

FX__KERNEL static void bound(uint32_t bins, size_t count, uint32_t *restrict bin) {
    for (size_t i = 0; i < count; i++) bin[i] = bin[i] < bins ? bin[i] : bins;
}

static void count_hard(const shape *s, uint32_t bin[3][FX__COLOR_BLOCK], size_t count,
                       uint32_t *counters) {
    size_t stride = s->copies > 1 ? s->counters : 0;
    if (s->parts < s->axes.channels) join(&s->axes, (uint32_t)s->total, count, bin);
    for (int c = 0; c < s->parts; c++) {
        if (!s->axes.whole && s->parts == s->axes.channels)
            bound((uint32_t)s->length[c], count, bin[c]);
        count_block(counters, stride, bin[c], count);
        counters += s->length[c] + 1;
    }
}

// Linear binning
// ----------------------------------------------------------------------------------

// Offsets of the two bins of each position, and their weights, which sum to FX__COLOR_STEPS; 0 and
// 0 for what lies outside.
typedef struct shares {
    uint32_t bin[2][FX__COLOR_BLOCK], weight[2][FX__COLOR_BLOCK];
} shares;

FX__KERNEL static void share(const uint32_t *restrict position, size_t count, int bins,
                             uint32_t stride, bool circle, shares *restrict out) {
    int first = circle ? bins - 1 : 0, last = circle ? 0 : bins - 1;
    for (size_t i = 0; i < count; i++) {
        bool inside = position[i] != FX__COLOR_OUTSIDE;
        uint32_t at = (inside ? position[i] : 0) + FX__COLOR_STEPS / 2; // a bin on: not negative
        int upper = (int)(at / FX__COLOR_STEPS), lower = upper - 1;
        uint32_t weight = at % FX__COLOR_STEPS;
        out->bin[0][i] = (uint32_t)(lower < 0 ? first : lower) * stride;
        out->bin[1][i] = (uint32_t)(upper < bins ? upper : last) * stride;
        out->weight[0][i] = inside ? FX__COLOR_STEPS - weight : 0;
        out->weight[1][i] = inside ? weight : 0;
    }
}

// The 2^channels votes of each pixel; a channel that there is not has weight 1.
static inline __attribute__((always_inline)) void vote(const shares s[3], int channels,
                                                       size_t count, uint64_t *counters) {
    for (size_t i = 0; i < count; i++)
        for (int a = 0; a < 2; a++)
            for (int b = 0; b < (channels > 1 ? 2 : 1); b++)
                for (int c = 0; c < (channels > 2 ? 2 : 1); c++) {
                    uint32_t bin = s[0].bin[a][i], weight = s[0].weight[a][i];
                    if (channels > 1) bin += s[1].bin[b][i];
                    if (channels > 2) bin += s[2].bin[c][i];
                    weight *= channels > 1 ? s[1].weight[b][i] : FX__COLOR_STEPS;
                    weight *= channels > 2 ? s[2].weight[c][i] : FX__COLOR_STEPS;
                    counters[bin] += weight;
                }
}

static void count_linear(const shape *s, uint32_t position[3][FX__COLOR_BLOCK], size_t count,
                         uint64_t *counters) {
    const fx_color_axes *axes = &s->axes;
    bool joint = s->parts < axes->channels;
    shares part[3];
    for (int c = 0; c < axes->channels; c++) {
        uint32_t stride = 1;
        for (int k = c + 1; joint && k < axes->channels; k++) stride *= (uint32_t)axes->bins[k];
        bool circle = axes->space == FX_COLOR_HSV && c == 0 && axes->high[0] - axes->low[0] == 360;
        share(position[c], count, axes->bins[c], stride, circle, &part[c]);
    }
    if (joint && axes->channels == 3)
        vote(part, 3, count, counters);
    else if (joint)
        vote(part, 2, count, counters);
    for (int c = 0; c < s->parts && !joint; c++) {
        vote(&part[c], 1, count, counters);
        counters += s->length[c] + 1;
    }
}

// Cells
// -------------------------------------------------------------------------------------------

typedef struct rectangle {
    int x0, y0, x1, y1; // x0 … x1-1, y0 … y1-1
} rectangle;

// Counts of the pixels of a cell, in copy 0 of the counters.
static void count_cell(const shape *s, const fx_image *image, rectangle cell, void *scratch) {
    size_t channels = (size_t)image->channels;
    uint32_t *counters = scratch;
    uint32_t position[3][FX__COLOR_BLOCK];
    memset(scratch, 0, (s->linear ? sizeof(uint64_t) : sizeof(uint32_t)) * s->copies * s->counters);
    for (int y = cell.y0; y < cell.y1; y++) {
        const uint8_t *row = image->pixels + (size_t)y * (size_t)image->width * channels;
        for (int x = cell.x0, n; x < cell.x1; x += n) {
            n = cell.x1 - x < FX__COLOR_BLOCK ? cell.x1 - x : FX__COLOR_BLOCK;
            fx__color_positions(&s->axes, s->linear ? FX__COLOR_STEPS : 1,
                                row + (size_t)x * channels, image->channels, (size_t)n, position);
            if (s->linear)
                count_linear(s, position, (size_t)n, scratch);
            else
                count_hard(s, position, (size_t)n, scratch);
        }
    }
    for (size_t k = 1; k < s->copies; k++)
        for (size_t i = 0; i < s->counters; i++) counters[i] += counters[k * s->counters + i];
}

// Counter i as a number of pixels.
static inline double counted(const shape *s, const void *counters, size_t i) {
    return s->linear ? (double)((const uint64_t *)counters)[i] * 0x1p-30
                     : (double)((const uint32_t *)counters)[i];
}

static void normalize(fx_color_norm norm, const shape *s, const void *counters, size_t begin,
                      size_t length, float *out) {
    double sum = 0, scale = 1;
    for (size_t i = begin; i < begin + length; i++) {
        double v = counted(s, counters, i);
        sum += norm == FX_COLOR_NORM_L2 ? v * v : v;
    }
    if (norm == FX_COLOR_NORM_L2) sum = sqrt(sum);
    if (norm != FX_COLOR_NORM_NONE) scale = sum > 0 ? 1 / sum : 0;
    for (size_t i = 0; i < length; i++) {
        double v = counted(s, counters, begin + i) * scale;
        out[i] = (float)(norm == FX_COLOR_NORM_SQRT ? sqrt(v) : v);
    }
}

static int edge(int index, int size, int cells) {
    return (int)((int64_t)index * size / cells);
}

fx_status fx_color_extract(const fx_color_params *params, const fx_image *image, float *out,
                           void *scratch, fx_error *error) {
    shape s;
    FX__TRY(shape_of(params, &s, error));
    FX__TRY(fx__color_fits(params, image->width, image->height, error));
    int width = image->width, height = image->height, cells = params->grid;
    for (int level = 0; level < params->levels; level++, cells *= 2)
        for (int i = 0; i < cells * cells; i++) {
            int row = i / cells, column = i % cells;
            rectangle cell = {edge(column, width, cells), edge(row, height, cells),
                              edge(column + 1, width, cells), edge(row + 1, height, cells)};
            count_cell(&s, image, cell, scratch);
            size_t begin = 0;
            for (int c = 0; c < s.parts; c++) {
                normalize((fx_color_norm)params->norm, &s, scratch, begin, s.length[c], out);
                begin += s.length[c] + 1;
                out += s.length[c];
            }
        }
    return FX_OK;
}
