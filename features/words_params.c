// The keys of visual words: their table, defaults and ranges.
#include <stddef.h>

#include "features/local_descriptors.h"
#include "features/visual_words_state.h"
#include "features/vocabulary.h"
#include "src/base/memory.h"
#include "src/base/params.h"

enum { SIFT_CELLS = 4 };

static const char *const local_names[] = {"auto", "patch", "sift", NULL};
static const char *const encoding_names[] = {"hard", "triangle", "threshold", NULL};
static const char *const norm_names[] = {"none", "l1", "l2", "sqrt", NULL};

#define AT(field) offsetof(fx_bovw_params, field)
static const fx_param keys[] = {
    {.key = "words",
     .kind = FX_PARAM_INT,
     .offset = AT(words),
     .min = 2,
     .max = 65536,
     .has_auto = true,
     .help = "size of the vocabulary; auto: 800 from 20,000 training images on, else 200"},
    {.key = "local",
     .kind = FX_PARAM_CHOICE,
     .offset = AT(local),
     .choices = local_names,
     .help =
         "local descriptor: contrast-normalized pixels or dense SIFT; auto: sift where all images "
         "are more than 64 pixels wide and high and bovw.patch is auto, else patch"},
    {.key = "patch",
     .kind = FX_PARAM_INT,
     .offset = AT(patch),
     .min = 2,
     .max = 64,
     .has_auto = true,
     .help = "side of a patch, pixels (sift: a multiple of 4); auto: 6, sift 16"},
    {.key = "stride",
     .kind = FX_PARAM_INT,
     .offset = AT(stride),
     .min = 1,
     .max = 64,
     .has_auto = true,
     .help = "pixels between patches; auto: 1 for images up to 64 × 64, else patch / 2"},
    {.key = "encoding",
     .kind = FX_PARAM_CHOICE,
     .offset = AT(encoding),
     .choices = encoding_names,
     .help = "nearest word, distance below the mean, or products beyond a threshold, both signs"},
    {.key = "threshold",
     .kind = FX_PARAM_FLOAT,
     .offset = AT(threshold),
     .min = 0,
     .max = 1000,
     .help = "of encoding threshold"},
    {.key = "grid",
     .kind = FX_PARAM_INT,
     .offset = AT(grid),
     .min = 1,
     .max = 64,
     .help = "codes are summed over grid × grid cells of the image"},
    {.key = "norm",
     .kind = FX_PARAM_CHOICE,
     .offset = AT(norm),
     .choices = norm_names,
     .help = "of the whole descriptor; sqrt: square roots of l1"},
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
     .help = "k-means with words of length 1, matched by the absolute product"},
    {.key = "samples",
     .kind = FX_PARAM_INT,
     .offset = AT(samples),
     .min = 2,
     .max = 100000000,
     .has_auto = true,
     .help = "patches that the words are learned from; auto: 250 a word"},
    {.key = "rounds",
     .kind = FX_PARAM_INT,
     .offset = AT(rounds),
     .min = 0,
     .max = 10000,
     .help = "of k-means, at the most"},
};
#undef AT

const fx_section fx__bovw_section = {
    .name = "bovw", .params = keys, .count = sizeof keys / sizeof *keys};

fx_bovw_params fx_bovw_defaults(void) {
    return (fx_bovw_params){.local = FX_BOVW_LOCAL_AUTO,
                            .encoding = FX_BOVW_THRESHOLD,
                            .threshold = 0.25f,
                            .grid = 4,
                            .norm = FX_BOVW_NORM_NONE,
                            .whiten = true,
                            .whiten_epsilon = 0.01f,
                            .contrast = 10,
                            .spherical = true,
                            .rounds = 15};
}

fx_status fx__bovw_check(const fx_bovw_params *params, fx_error *error) {
    FX__TRY(fx__params_check(&fx__bovw_section, params, error));
    if (params->local == FX_BOVW_SIFT && params->patch % SIFT_CELLS != 0)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "bovw.patch: found %d, expected a multiple of %d for bovw.local sift",
                            params->patch, SIFT_CELLS);
    return FX_OK;
}

fx_status fx__bovw_check_size(int patch, const fx_image *image, fx_error *error) {
    if (patch <= image->width && patch <= image->height) return FX_OK;
    return fx_error_set(error, FX_ERROR_DATA,
                        "the image is %d × %d pixels, smaller than a patch of %d × %d (bovw.patch)",
                        image->width, image->height, patch, patch);
}
