// The keys of visual words: their table, defaults and ranges.
#include <stddef.h>
#include <stdio.h>

#include "features/local_descriptors.h"
#include "features/pooling.h"
#include "features/visual_words_state.h"
#include "features/vocabulary.h"
#include "src/base/memory.h"
#include "src/base/params.h"

enum { MOST_CELLS = 64 }; // a side

static const char *const local_names[] = {"auto", "patch", "sift", "gray", "hog", NULL};
static const char *const window_names[] = {"none", "flat", "gaussian", NULL};
static const char *const encoding_names[] = {"hard",   "triangle", "threshold", "nearest",
                                             "tf-idf", "vlad",     "fisher",    NULL};
static const char *const pool_names[] = {"sum", "mean", "max", NULL};
static const char *const norm_names[] = {"none", "L1", "L2", "sqrt", NULL};

#define AT(field) offsetof(fx_bovw_params, field)
static const fx_param keys[] = {
    {.key = "words",
     .kind = FX_PARAM_INT,
     .offset = AT(words),
     .min = 2,
     .max = 65536,
     .has_auto = true,
     .help = "size of the vocabulary; auto: 800 from 20,000 training images on, else 200; vlad and "
             "fisher 64"},
    {.key = "local",
     .kind = FX_PARAM_CHOICE,
     .offset = AT(local),
     .choices = local_names,
     .help =
         "local descriptor: contrast-normalized pixels of all channels (patch) or of gray, dense "
         "SIFT, a block of HoG cells; auto: sift where all images are more than 64 pixels wide and "
         "high and bovw.patch is auto, else patch"},
    {.key = "patch",
     .kind = FX_PARAM_INT,
     .offset = AT(patch),
     .min = 2,
     .max = 64,
     .has_auto = true,
     .help =
         "side of a patch, pixels (sift, hog: a multiple of bovw.cells); auto: 6, sift and hog 16"},
    {.key = "cells",
     .kind = FX_PARAM_INT,
     .offset = AT(cells),
     .min = 1,
     .max = 8,
     .has_auto = true,
     .help = "of sift and hog, a side of the patch; auto: sift 4, hog 2"},
    {.key = "orientations",
     .kind = FX_PARAM_INT,
     .offset = AT(orientations),
     .min = 2,
     .max = 36,
     .has_auto = true,
     .help = "of sift (of 360°; auto: 8) and hog (of 180°; auto: 9)"},
    {.key = "window",
     .kind = FX_PARAM_CHOICE,
     .offset = AT(window),
     .choices = window_names,
     .help = "of sift and hog: each pixel weighed by a Gaussian, or each cell by its mean (flat)"},
    {.key = "window_size",
     .kind = FX_PARAM_FLOAT,
     .offset = AT(window_size),
     .min = 0.1,
     .max = 1000,
     .help = "standard deviation of that Gaussian, in cells"},
    {.key = "stride",
     .kind = FX_PARAM_INT,
     .offset = AT(stride),
     .min = 1,
     .max = 64,
     .has_auto = true,
     .help = "pixels between patches; auto: 1 for images up to 64 × 64, else patch / 2"},
    {.key = "scales",
     .kind = FX_PARAM_INT,
     .offset = AT(scales),
     .min = 1,
     .max = 16,
     .help = "how often patches are taken, each time of a smaller image (while a patch fits)"},
    {.key = "scale_factor",
     .kind = FX_PARAM_FLOAT,
     .offset = AT(scale_factor),
     .min = 1.05,
     .max = 4,
     .help = "between neighboring scales"},
    {.key = "encoding",
     .kind = FX_PARAM_CHOICE,
     .offset = AT(encoding),
     .choices = encoding_names,
     .help = "nearest word, distance below the mean, products beyond a threshold (both signs), the "
             "nearest share of words, counts by rarity, residuals, gradients of a mixture"},
    {.key = "threshold",
     .kind = FX_PARAM_FLOAT,
     .offset = AT(threshold),
     .min = 0,
     .max = 1000,
     .help = "of encoding threshold"},
    {.key = "nearest",
     .kind = FX_PARAM_FLOAT,
     .offset = AT(nearest),
     .min = 1e-6,
     .max = 1,
     .help = "of encoding nearest: the share of the words that is set to 1, at least one"},
    {.key = "grid",
     .kind = FX_PARAM_INT,
     .offset = AT(grid),
     .min = 1,
     .max = 64,
     .help = "codes are pooled over grid × grid cells of the image"},
    {.key = "levels",
     .kind = FX_PARAM_INT,
     .offset = AT(levels),
     .min = 1,
     .max = FX__LEVELS,
     .help = "of a pyramid: each level has twice as many cells a side as the one before"},
    {.key = "pool",
     .kind = FX_PARAM_CHOICE,
     .offset = AT(pool),
     .choices = pool_names,
     .help = "over the patches of a cell"},
    {.key = "intra",
     .kind = FX_PARAM_BOOL,
     .offset = AT(intra),
     .help = "of vlad and fisher: L2 of each word's part of a cell, before bovw.norm"},
    {.key = "norm",
     .kind = FX_PARAM_CHOICE,
     .offset = AT(norm),
     .choices = norm_names,
     .help = "of the whole descriptor; sqrt: signed square roots of L1 (those, then L2)"},
    {.key = "norm_cells",
     .kind = FX_PARAM_BOOL,
     .offset = AT(norm_cells),
     .help = "bovw.norm of each cell apart"},
    {.key = "whiten",
     .kind = FX_PARAM_BOOL,
     .offset = AT(whiten),
     .help = "ZCA whitening of local descriptors"},
    {.key = "whiten_epsilon",
     .kind = FX_PARAM_FLOAT,
     .offset = AT(whiten_epsilon),
     .min = 1e-6,
     .max = 1000,
     .help = "added to the eigenvalues of the covariance"},
    {.key = "contrast",
     .kind = FX_PARAM_FLOAT,
     .offset = AT(contrast),
     .min = 0,
     .max = 65025,
     .help = "added to the variance of a patch of pixels, which are 0 … 255"},
    {.key = "spherical",
     .kind = FX_PARAM_BOOL,
     .offset = AT(spherical),
     .help =
         "k-means with words of length 1, matched by the absolute product; vlad, fisher: never"},
    {.key = "samples",
     .kind = FX_PARAM_INT,
     .offset = AT(samples),
     .min = 2,
     .max = 100000000,
     .has_auto = true,
     .help = "patches that the words are learned from; auto: 250 a word, vlad and fisher 1000"},
    {.key = "batch",
     .kind = FX_PARAM_INT,
     .offset = AT(batch),
     .min = 0,
     .max = 100000000,
     .help = "samples of a round of mini-batch k-means; 0: all in every round"},
    {.key = "rounds",
     .kind = FX_PARAM_INT,
     .offset = AT(rounds),
     .min = 0,
     .max = 10000,
     .help = "of k-means and of EM, at the most"},
};
#undef AT

const fx_section fx__bovw_section = {
    .name = "bovw", .params = keys, .count = sizeof keys / sizeof *keys};

fx_bovw_params fx_bovw_defaults(void) {
    return (fx_bovw_params){.local = FX_BOVW_LOCAL_AUTO,
                            .encoding = FX_BOVW_THRESHOLD,
                            .threshold = 0.25f,
                            .nearest = 0.1f,
                            .window_size = 2,
                            .scales = 1,
                            .scale_factor = 1.4142135f,
                            .grid = 4,
                            .levels = 1,
                            .norm = FX_BOVW_NORM_NONE,
                            .whiten = true,
                            .whiten_epsilon = 0.01f,
                            .contrast = 10,
                            .spherical = true,
                            .rounds = 15};
}

// A key that another one leaves without a meaning.
static fx_status senseless(const char *key, const char *found, const char *expected,
                           const char *other, const char *value, fx_error *error) {
    return fx_error_set(error, FX_ERROR_USAGE, "bovw.%s: found %s, expected %s for bovw.%s %s", key,
                        found, expected, other, value);
}

static fx_status check_local(const fx_bovw_params *p, fx_error *error) {
    if (p->local == FX_BOVW_LOCAL_AUTO) return FX_OK; // checked again when it is known
    const char *local = local_names[p->local];
    char text[16];
    if (fx__bovw_is_gradients(p)) {
        fx_bovw_params known = *p;
        fx__bovw_resolve_local(&known);
        if (known.patch % known.cells == 0) return FX_OK;
        snprintf(text, sizeof text, "%d", known.patch);
        char multiple[32];
        snprintf(multiple, sizeof multiple, "a multiple of %d", known.cells);
        return senseless("patch", text, multiple, "local", local, error);
    }
    if (p->cells != 0) {
        snprintf(text, sizeof text, "%d", p->cells);
        return senseless("cells", text, "auto", "local", local, error);
    }
    if (p->orientations != 0) {
        snprintf(text, sizeof text, "%d", p->orientations);
        return senseless("orientations", text, "auto", "local", local, error);
    }
    if (p->window != FX_BOVW_WINDOW_NONE)
        return senseless("window", window_names[p->window], "none", "local", local, error);
    return FX_OK;
}

fx_status fx__bovw_check(const fx_bovw_params *params, fx_error *error) {
    FX__TRY(fx__params_check(&fx__bovw_section, params, error));
    FX__TRY(check_local(params, error));
    if (params->grid << (params->levels - 1) > MOST_CELLS)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "bovw.levels: found %d, which ends in %d cells a side from bovw.grid "
                            "%d, expected at most %d",
                            params->levels, params->grid << (params->levels - 1), params->grid,
                            MOST_CELLS);
    const char *encoding = encoding_names[params->encoding];
    bool of_vectors = fx__bovw_is_of_vectors(params);
    if (of_vectors && params->pool == FX_BOVW_POOL_MAX)
        return senseless("pool", "max", "sum or mean", "encoding", encoding, error);
    if (!of_vectors && params->intra)
        return senseless("intra", "true", "false", "encoding", encoding, error);
    if (params->encoding == FX_BOVW_FISHER && params->batch > 0) {
        char batch[16];
        snprintf(batch, sizeof batch, "%d", params->batch);
        return senseless("batch", batch, "0", "encoding", encoding, error);
    }
    return FX_OK;
}

bool fx__bovw_is_gradients(const fx_bovw_params *params) {
    return params->local == FX_BOVW_SIFT || params->local == FX_BOVW_HOG;
}

bool fx__bovw_is_of_vectors(const fx_bovw_params *params) {
    return params->encoding == FX_BOVW_VLAD || params->encoding == FX_BOVW_FISHER;
}

void fx__bovw_resolve_local(fx_bovw_params *params) {
    bool gradients = fx__bovw_is_gradients(params), hog = params->local == FX_BOVW_HOG;
    if (params->patch == 0) params->patch = gradients ? 16 : 6;
    if (gradients && params->cells == 0) params->cells = hog ? 2 : 4;
    if (gradients && params->orientations == 0) params->orientations = hog ? 9 : 8;
}

fx_status fx__bovw_check_size(int patch, const fx_image *image, fx_error *error) {
    if (patch <= image->width && patch <= image->height) return FX_OK;
    return fx_error_set(error, FX_ERROR_DATA,
                        "the image is %d × %d pixels, smaller than a patch of %d × %d (bovw.patch)",
                        image->width, image->height, patch, patch);
}
