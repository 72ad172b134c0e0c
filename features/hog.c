// HoG: keys, presets and sizes. Votes stand in hog_votes.c, cells in hog_cells.c, blocks and their
// normalization in hog_blocks.c.
//
// Departures of the default from Dalal & Triggs: no Gaussian over the block, no gamma; a vote's
// share of a neighboring cell reaches that cell whatever the block, so cells are computed once.
#include "featx/hog.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "features/hog_blocks.h"
#include "features/hog_votes.h"
#include "features/sections.h"
#include "src/base/memory.h"
#include "src/base/params.h"

// Keys
// --------------------------------------------------------------------------------------------

static const char *const PRESETS[] = {"dalal-triggs",       "skimage",       "opencv",
                                      "vlfeat-dalaltriggs", "vlfeat-uoctti", NULL};
static const char *const VARIANTS[] = {"blocks", "cells", "uoctti", NULL};
static const char *const NORMS[] = {"none", "L1", "L1-sqrt", "L2", "L2-Hys", NULL};
static const char *const EPSILONS[] = {"skimage", "opencv", "vlfeat", NULL};
static const char *const ORDERS[] = {"rows", "columns", NULL};
static const char *const INTERPOLATIONS[] = {"false", "true", "orientation", "space", NULL};
static const char *const FIRST_BINS[] = {"begins", "centered", NULL};
static const char *const GRADIENTS[] = {"channel", "gray", NULL};
static const char *const GAMMAS[] = {"none", "sqrt", NULL};
static const char *const BORDERS[] = {"nearest", "mirror", "none", NULL};

#define CHOICE(name, field, names, text)                                                           \
    {                                                                                              \
        .key = (name), .kind = FX_PARAM_CHOICE, .offset = offsetof(fx_hog_params, field),          \
        .choices = (names), .help = (text)                                                         \
    }
#define NUMBER(name, field, low, high, text)                                                       \
    {                                                                                              \
        .key = (name), .kind = FX_PARAM_INT, .offset = offsetof(fx_hog_params, field),             \
        .min = (low), .max = (high), .help = (text)                                                \
    }
#define SWITCH(name, field, text)                                                                  \
    {                                                                                              \
        .key = (name), .kind = FX_PARAM_BOOL, .offset = offsetof(fx_hog_params, field),            \
        .help = (text)                                                                             \
    }

static const fx_param PARAMS[] = {
    CHOICE("preset", preset, PRESETS,
           "sets all other keys: dalal-triggs, or as scikit-image, OpenCV or VLFeat have them"),
    CHOICE("variant", variant, VARIANTS,
           "overlapping blocks of cells; cells, each by its four blocks; uoctti: 3 · orientations "
           "+ 4 numbers a cell"),
    NUMBER("orientations", orientations, 1, 64, "bins over 180° (signed: 360°)"),
    {.key = "pixels_per_cell",
     .kind = FX_PARAM_INT,
     .offset = offsetof(fx_hog_params, pixels_per_cell),
     .min = 1,
     .max = 1024,
     .has_auto = true,
     .help = "width and height of a cell, pixels; auto: 8, or a quarter of the shorter side of "
             "image.size where that is less"},
    NUMBER("cells_per_block", cells_per_block, 1, 64, "width and height of a block, cells"),
    NUMBER("block_stride", block_stride, 1, 64, "from block to block, cells"),
    CHOICE("block_norm", block_norm, NORMS, "how a block is normalized"),
    CHOICE("epsilon", epsilon, EPSILONS,
           "what keeps weak blocks weak: as scikit-image, OpenCV or VLFeat have it"),
    {.key = "block_window",
     .kind = FX_PARAM_FLOAT,
     .offset = offsetof(fx_hog_params, block_window),
     .min = 0,
     .max = 16,
     .help = "σ of a Gaussian over the block, block widths; 0: none"},
    CHOICE("order", order, ORDERS, "of blocks, and of cells in a block"),
    SWITCH("signed", signed_gradients, "tells dark to bright from bright to dark"),
    CHOICE("interpolation", interpolation, INTERPOLATIONS,
           "shares a pixel's vote between neighboring bins (orientation), cells (space) or both "
           "(true)"),
    CHOICE("first_bin", first_bin, FIRST_BINS, "begins at 0° or is centered on it"),
    CHOICE("gradient", gradient, GRADIENTS, "of the channel in which it is largest, or of gray"),
    CHOICE("gamma", gamma, GAMMAS, "sqrt: square roots of pixels"),
    CHOICE("border", border, BORDERS,
           "beyond the image: its nearest pixel, the mirrored one; none: pixels on the border do "
           "not vote"),
    SWITCH("partial_cells", partial_cells,
           "a last cell counts if at least half of it lies in the image; not with block_window"),
};

static void after_set(void *params, const char *key) {
    fx_hog_params *hog = params;
    if (strcmp(key, "preset") == 0) fx_hog_apply_preset(hog, (fx_hog_preset)hog->preset);
}

const fx_section fx__hog_section = {.name = "hog",
                                    .params = PARAMS,
                                    .count = sizeof PARAMS / sizeof *PARAMS,
                                    .after_set = after_set};

void fx_hog_apply_preset(fx_hog_params *params, fx_hog_preset preset) {
    *params = (fx_hog_params){.preset = preset,
                              .variant = FX_HOG_BLOCKS,
                              .orientations = 9,
                              .pixels_per_cell = 8,
                              .cells_per_block = 2,
                              .block_stride = 1,
                              .block_norm = FX_HOG_NORM_L2_HYS,
                              .epsilon = FX_HOG_EPSILON_SKIMAGE,
                              .interpolation = FX_HOG_INTERPOLATION_BOTH,
                              .first_bin = FX_HOG_FIRST_BIN_BEGINS,
                              .border = FX_HOG_BORDER_NEAREST};
    switch (preset) {
    case FX_HOG_PRESET_DALAL_TRIGGS:
        break;
    case FX_HOG_PRESET_SKIMAGE:
        params->cells_per_block = 3;
        params->interpolation = FX_HOG_INTERPOLATION_NONE;
        params->border = FX_HOG_BORDER_MIRROR;
        break;
    case FX_HOG_PRESET_OPENCV:
        params->epsilon = FX_HOG_EPSILON_OPENCV;
        params->block_window = 0.25f;
        params->order = FX_HOG_ORDER_COLUMNS;
        params->gamma = FX_HOG_GAMMA_SQRT;
        params->border = FX_HOG_BORDER_MIRROR;
        break;
    case FX_HOG_PRESET_VLFEAT_DALAL_TRIGGS:
    case FX_HOG_PRESET_VLFEAT_UOCTTI:
        params->variant = preset == FX_HOG_PRESET_VLFEAT_UOCTTI ? FX_HOG_UOCTTI : FX_HOG_CELLS;
        params->epsilon = FX_HOG_EPSILON_VLFEAT;
        params->interpolation = FX_HOG_INTERPOLATION_SPACE;
        params->first_bin = FX_HOG_FIRST_BIN_CENTERED;
        params->border = FX_HOG_BORDER_NONE;
        params->partial_cells = true;
        break;
    }
}

fx_hog_params fx_hog_defaults(void) {
    fx_hog_params params;
    fx_hog_apply_preset(&params, FX_HOG_PRESET_DALAL_TRIGGS);
    return params;
}

// Only for blocks are there other block sizes, norms, orders and windows. The first key that is
// not as variants cells and uoctti have it, or NULL.
static const char *foreign_key(const fx_hog_params *p, const char **expected) {
    if (p->variant == FX_HOG_BLOCKS) return NULL;
    const struct {
        const char *key, *expected;
        bool holds;
    } keys[] = {{"cells_per_block", "2", p->cells_per_block == 2},
                {"block_stride", "1", p->block_stride == 1},
                {"block_norm", "L2-Hys", p->block_norm == FX_HOG_NORM_L2_HYS},
                {"block_window", "0", p->block_window == 0},
                {"order", "rows", p->order == FX_HOG_ORDER_ROWS},
                {"signed", "false", p->variant == FX_HOG_CELLS || !p->signed_gradients}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        *expected = keys[i].expected;
        if (!keys[i].holds) return keys[i].key;
    }
    return NULL;
}

// A block with a window votes by its own pixels, which must all be there.
static bool window_fits(const fx_hog_params *p) {
    return p->block_window == 0 || !p->partial_cells;
}

fx_status fx__hog_check(const fx_hog_params *params, fx_error *error) {
    FX__TRY(fx__params_check(&fx__hog_section, params, error));
    if (!window_fits(params))
        return fx_error_set(error, FX_ERROR_USAGE,
                            "hog.partial_cells: found true, expected false with hog.block_window");
    const char *expected, *key = foreign_key(params, &expected);
    if (key)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "hog.%s: found another value, expected %s with hog.variant %s", key,
                            expected, VARIANTS[params->variant]);
    return FX_OK;
}

// Sizes
// -------------------------------------------------------------------------------------------

static bool within(int value, int low, int high) {
    return value >= low && value <= high;
}

// What the key table says, without a message: this runs for every image.
static bool in_range(const fx_hog_params *p) {
    const char *expected;
    return within(p->preset, 0, FX_HOG_PRESET_VLFEAT_UOCTTI) &&
           within(p->variant, 0, FX_HOG_UOCTTI) && within(p->orientations, 1, 64) &&
           within(p->pixels_per_cell, 1, 1024) && within(p->cells_per_block, 1, 64) &&
           within(p->block_stride, 1, 64) && within(p->block_norm, 0, FX_HOG_NORM_L2_HYS) &&
           within(p->epsilon, 0, FX_HOG_EPSILON_VLFEAT) && p->block_window >= 0 &&
           p->block_window <= 16 && within(p->order, 0, FX_HOG_ORDER_COLUMNS) &&
           within(p->interpolation, 0, FX_HOG_INTERPOLATION_SPACE) &&
           within(p->first_bin, 0, FX_HOG_FIRST_BIN_CENTERED) &&
           within(p->gradient, 0, FX_HOG_GRADIENT_GRAY) && within(p->gamma, 0, FX_HOG_GAMMA_SQRT) &&
           within(p->border, 0, FX_HOG_BORDER_NONE) && window_fits(p) && !foreign_key(p, &expected);
}

fx__hog_grid fx__hog_grid_of(const fx_hog_params *p, int width, int height) {
    bool is_signed, columns = p->order == FX_HOG_ORDER_COLUMNS;
    int size = p->pixels_per_cell, more = p->partial_cells ? size / 2 : 0,
        side = p->cells_per_block;
    fx__hog_grid g = {.cells_x = (width + more) / size, .cells_y = (height + more) / size};
    g.bins = fx__hog_bins(p, &is_signed);
    if (p->variant != FX_HOG_BLOCKS) return g;
    size_t bins = (size_t)g.bins, row = (size_t)side * bins; // of a block, of cells
    g.block = row * (size_t)side;                            // at most 2^18, of at most 2^28 blocks
    g.blocks_x = g.cells_x < side ? 0 : (g.cells_x - side) / p->block_stride + 1;
    g.blocks_y = g.cells_y < side ? 0 : (g.cells_y - side) / p->block_stride + 1;
    g.block_x = columns ? g.block * (size_t)g.blocks_y : g.block;
    g.block_y = columns ? g.block : g.block * (size_t)g.blocks_x;
    g.cell_x = columns ? row : bins;
    g.cell_y = columns ? bins : row;
    return g;
}

size_t fx_hog_length(const fx_hog_params *params, int width, int height) {
    if (!in_range(params)) return 0;
    fx__hog_grid g = fx__hog_grid_of(params, width, height);
    size_t cells = (size_t)g.cells_x * (size_t)g.cells_y, bins = (size_t)params->orientations;
    if (params->variant == FX_HOG_CELLS) return cells * 4 * bins;
    if (params->variant == FX_HOG_UOCTTI) return cells * (3 * bins + 4);
    return g.block * (size_t)g.blocks_x * (size_t)g.blocks_y;
}

static size_t cells_floats(const fx_hog_params *params, const fx__hog_grid *g) {
    size_t cells = (size_t)g->cells_x * (size_t)g->cells_y * (size_t)g->bins;
    return params->block_window > 0 ? 0 : (cells + 15) / 16 * 16;
}

size_t fx_hog_scratch(const fx_hog_params *params, int width, int height) {
    if (fx_hog_length(params, width, height) == 0) return 0;
    fx__hog_grid g = fx__hog_grid_of(params, width, height);
    size_t kernel = fx__hog_cells_scratch(params), factors = fx__hog_factors(&g);
    return sizeof(float) *
           (cells_floats(params, &g) +
            (params->variant != FX_HOG_BLOCKS && factors > kernel ? factors : kernel));
}

int fx__hog_smallest(const fx_hog_params *params) {
    int cells = params->variant == FX_HOG_BLOCKS ? params->cells_per_block : 1;
    return params->pixels_per_cell * cells -
           (params->partial_cells ? params->pixels_per_cell / 2 : 0);
}

fx_status fx__hog_fits(const fx_hog_params *params, int width, int height, fx_error *error) {
    if (fx_hog_length(params, width, height) > 0) return FX_OK;
    FX__TRY(fx__hog_check(params, error));
    if (params->pixels_per_cell == 0)
        return fx_error_set(
            error, FX_ERROR_USAGE,
            "hog.pixels_per_cell: found 0, expected an integer from 1 to 1024 (auto "
            "is for descriptors)");
    int smallest = fx__hog_smallest(params);
    int cells = params->variant == FX_HOG_BLOCKS ? params->cells_per_block : 1;
    return fx_error_set(error, FX_ERROR_DATA,
                        "%d×%d pixels are smaller than one HoG block, expected at least %d×%d "
                        "(%d×%d cells of %d×%d pixels)",
                        width, height, smallest, smallest, cells, cells, params->pixels_per_cell,
                        params->pixels_per_cell);
}

fx_status fx_hog_extract(const fx_hog_params *params, const fx_image *image, float *out,
                         void *scratch, fx_error *error) {
    FX__TRY(fx__hog_fits(params, image->width, image->height, error));
    fx__hog_grid grid = fx__hog_grid_of(params, image->width, image->height);
    float *cells = scratch, *rest = cells + cells_floats(params, &grid);
    if (params->block_window > 0) {
        fx__hog_window_blocks(params, image, out, rest);
        fx__hog_blocks(params, &grid, NULL, out);
        return FX_OK;
    }
    fx__hog_cells(params, image, cells, rest);
    if (params->variant == FX_HOG_BLOCKS)
        fx__hog_blocks(params, &grid, cells, out);
    else
        fx__hog_block_cells(params, &grid, cells, rest, out);
    return FX_OK;
}
