// HoG: parameters, blocks and their normalization. What is voted, and how, stands in hog_cells.c.
//
// Block (by, bx) is the cells_per_block² cells from (by, bx)·block_stride on, v = all its numbers:
//
//   L1       v / (‖v‖₁ + ε)           L2       v / √(‖v‖₂² + ε²)
//   L1-sqrt  √(v / (‖v‖₁ + ε))        L2-Hys   L2, then min(v, 0.2), then L2
//
// with ε = 1e-5 on the scale of mean gradient magnitude a pixel, 0 … 255, as scikit-image has it: a
// block without any gradient stays zero.
//
// Departures from Dalal & Triggs: no Gaussian window over the block, no gamma; a vote's share of a
// neighboring cell reaches that cell whatever the block, so cells are computed once.
#include "featx/hog.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "features/hog_cells.h"
#include "features/sections.h"
#include "src/base/kernel.h"
#include "src/base/memory.h"
#include "src/base/params.h"

// Keys
// --------------------------------------------------------------------------------------------

static const char *const PRESETS[] = {"dalal-triggs", "skimage", NULL};
static const char *const NORMS[] = {"none", "L1", "L1-sqrt", "L2", "L2-Hys", NULL};

static const fx_param PARAMS[] = {
    {.key = "preset",
     .kind = FX_PARAM_CHOICE,
     .offset = offsetof(fx_hog_params, preset),
     .choices = PRESETS,
     .help = "sets all other keys: dalal-triggs, or skimage (no interpolation, 3×3 blocks)"},
    {.key = "orientations",
     .kind = FX_PARAM_INT,
     .offset = offsetof(fx_hog_params, orientations),
     .min = 1,
     .max = 64,
     .help = "bins over 180° (signed: 360°)"},
    {.key = "pixels_per_cell",
     .kind = FX_PARAM_INT,
     .offset = offsetof(fx_hog_params, pixels_per_cell),
     .min = 1,
     .max = 1024,
     .has_auto = true,
     .help = "width and height of a cell, pixels; auto: 8, or a quarter of the shorter side of "
             "image.size where that is less"},
    {.key = "cells_per_block",
     .kind = FX_PARAM_INT,
     .offset = offsetof(fx_hog_params, cells_per_block),
     .min = 1,
     .max = 64,
     .help = "width and height of a block, cells"},
    {.key = "block_stride",
     .kind = FX_PARAM_INT,
     .offset = offsetof(fx_hog_params, block_stride),
     .min = 1,
     .max = 64,
     .help = "from block to block, cells"},
    {.key = "block_norm",
     .kind = FX_PARAM_CHOICE,
     .offset = offsetof(fx_hog_params, block_norm),
     .choices = NORMS,
     .help = "how a block is normalized"},
    {.key = "signed",
     .kind = FX_PARAM_BOOL,
     .offset = offsetof(fx_hog_params, signed_gradients),
     .help = "tells dark to bright from bright to dark"},
    {.key = "interpolation",
     .kind = FX_PARAM_BOOL,
     .offset = offsetof(fx_hog_params, interpolation),
     .help = "shares a pixel's vote between neighboring bins and cells"},
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
                              .orientations = 9,
                              .pixels_per_cell = 8,
                              .cells_per_block = 2,
                              .block_stride = 1,
                              .block_norm = FX_HOG_NORM_L2_HYS,
                              .signed_gradients = false,
                              .interpolation = true};
    if (preset == FX_HOG_PRESET_SKIMAGE) {
        params->cells_per_block = 3;
        params->interpolation = false;
    }
}

fx_hog_params fx_hog_defaults(void) {
    fx_hog_params params;
    fx_hog_apply_preset(&params, FX_HOG_PRESET_DALAL_TRIGGS);
    return params;
}

// Sizes
// -------------------------------------------------------------------------------------------

static int blocks_of(const fx_hog_params *params, int size) {
    int cells = size / params->pixels_per_cell - params->cells_per_block;
    return cells < 0 ? 0 : cells / params->block_stride + 1;
}

// What the key table says, without a message: this runs for every image.
static bool in_range(const fx_hog_params *p) {
    return p->preset >= 0 && p->preset <= FX_HOG_PRESET_SKIMAGE && p->orientations >= 1 &&
           p->orientations <= 64 && p->pixels_per_cell >= 1 && p->pixels_per_cell <= 1024 &&
           p->cells_per_block >= 1 && p->cells_per_block <= 64 && p->block_stride >= 1 &&
           p->block_stride <= 64 && p->block_norm >= 0 && p->block_norm <= FX_HOG_NORM_L2_HYS;
}

size_t fx_hog_length(const fx_hog_params *params, int width, int height) {
    if (!in_range(params)) return 0;
    size_t block = (size_t)params->cells_per_block * (size_t)params->cells_per_block *
                   (size_t)params->orientations; // at most 2^18, of at most 2^28 blocks
    return block * (size_t)blocks_of(params, width) * (size_t)blocks_of(params, height);
}

static size_t cells_floats(const fx_hog_params *params, int width, int height) {
    size_t floats = (size_t)(width / params->pixels_per_cell) *
                    (size_t)(height / params->pixels_per_cell) * (size_t)params->orientations;
    return (floats + 15) / 16 * 16;
}

size_t fx_hog_scratch(const fx_hog_params *params, int width, int height) {
    if (fx_hog_length(params, width, height) == 0) return 0;
    return sizeof(float) * (cells_floats(params, width, height) + fx__hog_cells_scratch(params));
}

// Normalization
// -----------------------------------------------------------------------------------

#define EPSILON 1e-5f

// Σ v or Σ v², in eight partial sums whatever the instruction set.
static inline float sum_of(const float *v, size_t count, int squares) {
    float part[8] = {0};
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (size_t k = 0; k < 8; k++) part[k] += squares ? v[i + k] * v[i + k] : v[i + k];
    for (size_t k = 0; i + k < count; k++) part[k] += squares ? v[i + k] * v[i + k] : v[i + k];
    return ((part[0] + part[4]) + (part[2] + part[6])) +
           ((part[1] + part[5]) + (part[3] + part[7]));
}

static inline float l2_scale(const float *v, size_t count) {
    return 1.0f / sqrtf(sum_of(v, count, 1) + EPSILON * EPSILON);
}

static inline void normalize(fx_hog_norm norm, float *restrict v, size_t count) {
    float scale;
    switch (norm) {
    case FX_HOG_NORM_NONE:
        break;
    case FX_HOG_NORM_L1:
        scale = 1.0f / (sum_of(v, count, 0) + EPSILON);
        for (size_t i = 0; i < count; i++) v[i] *= scale;
        break;
    case FX_HOG_NORM_L1_SQRT:
        scale = 1.0f / (sum_of(v, count, 0) + EPSILON);
        for (size_t i = 0; i < count; i++) v[i] = sqrtf(v[i] * scale);
        break;
    case FX_HOG_NORM_L2:
        scale = l2_scale(v, count);
        for (size_t i = 0; i < count; i++) v[i] *= scale;
        break;
    case FX_HOG_NORM_L2_HYS:
        scale = l2_scale(v, count);
        for (size_t i = 0; i < count; i++) {
            float n = v[i] * scale;
            v[i] = n < 0.2f ? n : 0.2f;
        }
        scale = l2_scale(v, count);
        for (size_t i = 0; i < count; i++) v[i] *= scale;
        break;
    }
}

void fx__hog_normalize(fx_hog_norm norm, float *block, size_t count) {
    normalize(norm, block, count);
}

static FX__KERNEL void normalize_blocks(const fx_hog_params *params, int width, int height,
                                        const float *cells, float *out) {
    size_t cells_x = (size_t)(width / params->pixels_per_cell);
    size_t row = (size_t)params->cells_per_block * (size_t)params->orientations;
    int blocks_x = blocks_of(params, width), blocks_y = blocks_of(params, height);
    for (int by = 0; by < blocks_y; by++)
        for (int bx = 0; bx < blocks_x; bx++) {
            float *block = out;
            for (int k = 0; k < params->cells_per_block; k++, out += row) {
                size_t cy = (size_t)by * (size_t)params->block_stride + (size_t)k;
                size_t cx = (size_t)bx * (size_t)params->block_stride;
                const float *from = cells + (cy * cells_x + cx) * (size_t)params->orientations;
                memcpy(out, from, sizeof *out * row);
            }
            normalize((fx_hog_norm)params->block_norm, block, (size_t)(out - block));
        }
}

fx_status fx__hog_fits(const fx_hog_params *params, int width, int height, fx_error *error) {
    if (fx_hog_length(params, width, height) > 0) return FX_OK;
    FX__TRY(fx__params_check(&fx__hog_section, params, error));
    if (params->pixels_per_cell == 0)
        return fx_error_set(
            error, FX_ERROR_USAGE,
            "hog.pixels_per_cell: found 0, expected an integer from 1 to 1024 (auto "
            "is for descriptors)");
    int smallest = params->pixels_per_cell * params->cells_per_block;
    return fx_error_set(error, FX_ERROR_DATA,
                        "%d×%d pixels are smaller than one HoG block, expected at least %d×%d "
                        "(%d×%d cells of %d×%d pixels)",
                        width, height, smallest, smallest, params->cells_per_block,
                        params->cells_per_block, params->pixels_per_cell, params->pixels_per_cell);
}

fx_status fx_hog_extract(const fx_hog_params *params, const fx_image *image, float *out,
                         void *scratch, fx_error *error) {
    FX__TRY(fx__hog_fits(params, image->width, image->height, error));
    float *cells = scratch;
    fx__hog_cells(params, image, cells, cells + cells_floats(params, image->width, image->height));
    normalize_blocks(params, image->width, image->height, cells, out);
    return FX_OK;
}
