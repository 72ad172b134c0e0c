// Descriptors by name, their keys and how each is called.
#include "features/feature.h"

#include <stddef.h>
#include <threads.h>

#include "features/color_histogram.h"
#include "features/hog_cells.h"
#include "features/sections.h"
#include "features/visual_words_state.h"
#include "src/base/memory.h"
#include "src/base/params.h"

// Keys
// --------------------------------------------------------------------------------------------

static const char *const FEATURES[] = {"raw", "color", "hog", "bovw", NULL};
static const char *const GRAY[] = {"auto", "false", "true", NULL};
static const char *const WHITEN[] = {"none", "zca", NULL};

static const fx_param FEATURES_PARAMS[] = {
    {.key = "features",
     .kind = FX_PARAM_CHOICES,
     .offset = offsetof(fx_descriptor_params, features),
     .choices = FEATURES,
     .help = "descriptors, in the order in which they are concatenated"},
};

static const fx_param IMAGE_PARAMS[] = {
    {.key = "size",
     .kind = FX_PARAM_SIZE,
     .offset = offsetof(fx_image_params, size),
     .min = 1,
     .max = 16384,
     .help = "what raw and hog resize to, pixels, without keeping the aspect; auto: the size that "
             "all training images share, else 128×128; native: each image as it is"},
    {.key = "gray",
     .kind = FX_PARAM_CHOICE,
     .offset = offsetof(fx_image_params, gray),
     .choices = GRAY,
     .help = "one channel instead of three; auto: where all training images are gray"},
};

static const fx_param RAW_PARAMS[] = {
    {.key = "whiten",
     .kind = FX_PARAM_CHOICE,
     .offset = offsetof(fx_raw_params, whiten),
     .choices = WHITEN,
     .help = "a fixed linear map learned from the training images"},
};

enum { SECTIONS = 6 };
static fx_section sections[SECTIONS];
static once_flag sections_made = ONCE_FLAG_INIT;

static fx_section moved(fx_section section, size_t offset) {
    section.offset = offset;
    return section;
}

static void make_sections(void) {
    sections[0] = (fx_section){.name = "", .params = FEATURES_PARAMS, .count = 1};
    sections[1] = (fx_section){.name = "image",
                               .params = IMAGE_PARAMS,
                               .count = 2,
                               .offset = offsetof(fx_descriptor_params, image)};
    sections[2] = (fx_section){.name = "raw",
                               .params = RAW_PARAMS,
                               .count = 1,
                               .offset = offsetof(fx_descriptor_params, raw)};
    sections[3] = moved(fx__color_section, offsetof(fx_descriptor_params, color));
    sections[4] = moved(fx__hog_section, offsetof(fx_descriptor_params, hog));
    sections[5] = moved(fx__bovw_section, offsetof(fx_descriptor_params, bovw));
}

const fx_section *fx_descriptor_sections(size_t *count) {
    call_once(&sections_made, make_sections);
    *count = SECTIONS;
    return sections;
}

fx_descriptor_params fx_descriptor_defaults(void) {
    fx_descriptor_params params = {.features = {.count = 1, .values = {FX_FEATURE_RAW}},
                                   .image = {.gray = FX_GRAY_AUTO},
                                   .raw = {.whiten = FX_RAW_WHITEN_NONE},
                                   .color = fx_color_defaults(),
                                   .hog = fx_hog_defaults(),
                                   .bovw = fx_bovw_defaults()};
    params.hog.pixels_per_cell = 0;
    return params;
}

bool fx__descriptor_uses(const fx_descriptor_params *params, fx_feature feature) {
    for (int i = 0; i < params->features.count; i++)
        if (params->features.values[i] == (int)feature) return true;
    return false;
}

fx_status fx__descriptor_check(const fx_descriptor_params *params, fx_error *error) {
    size_t count;
    const fx_section *all = fx_descriptor_sections(&count);
    FX__TRY(fx__params_check(&all[0], params, error));
    FX__TRY(fx__params_check(&all[1], params, error));
    if (params->features.count == 0)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "features: found none, expected one or several of raw, color, hog, "
                            "bovw");
    bool seen[FX_FEATURE_COUNT] = {0};
    for (int i = 0; i < params->features.count; i++) {
        int feature = params->features.values[i];
        if (seen[feature])
            return fx_error_set(error, FX_ERROR_USAGE,
                                "features: found '%s' twice, expected each once at the most",
                                fx__features[feature].name);
        seen[feature] = true;
        FX__TRY(fx__features[feature].check(params, error));
    }
    return FX_OK;
}

// raw
// ---------------------------------------------------------------------------------------------

static fx_status raw_check(const fx_descriptor_params *params, fx_error *error) {
    size_t count;
    FX__TRY(fx__params_check(&fx_descriptor_sections(&count)[2], params, error));
    if (params->raw.whiten != FX_RAW_WHITEN_NONE && params->image.size.width == -1)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "raw.whiten: found '%s' with image.size native, expected one size for "
                            "all images",
                            WHITEN[params->raw.whiten]);
    return FX_OK;
}

static fx_status raw_length(const fx_descriptor *descriptor, int width, int height, size_t *out,
                            fx_error *error) {
    (void)error;
    *out = fx_raw_pixels_length(width, height, descriptor->channels);
    return FX_OK;
}

static size_t raw_scratch(const fx_descriptor *descriptor, int width, int height) {
    (void)descriptor, (void)width, (void)height;
    return 0;
}

static fx_status raw_extract(const fx_descriptor *descriptor, const fx_image *image, float *out,
                             void *scratch, fx_error *error) {
    (void)descriptor, (void)scratch, (void)error;
    fx_raw_pixels_extract(image, out);
    return FX_OK;
}

// color
// -------------------------------------------------------------------------------------------

static fx_status color_check(const fx_descriptor_params *params, fx_error *error) {
    fx_color_params color = params->color;
    return fx__color_resolve(&color, error);
}

static fx_status color_length(const fx_descriptor *descriptor, int width, int height, size_t *out,
                              fx_error *error) {
    FX__TRY(fx__color_fits(&descriptor->params.color, width, height, error));
    *out = fx_color_length(&descriptor->params.color);
    return FX_OK;
}

static size_t color_scratch(const fx_descriptor *descriptor, int width, int height) {
    (void)width, (void)height;
    return fx_color_scratch(&descriptor->params.color);
}

static fx_status color_extract(const fx_descriptor *descriptor, const fx_image *image, float *out,
                               void *scratch, fx_error *error) {
    return fx_color_extract(&descriptor->params.color, image, out, scratch, error);
}

// hog
// ---------------------------------------------------------------------------------------------

static fx_status hog_check(const fx_descriptor_params *params, fx_error *error) {
    return fx__hog_check(&params->hog, error);
}

static fx_status hog_length(const fx_descriptor *descriptor, int width, int height, size_t *out,
                            fx_error *error) {
    *out = fx_hog_length(&descriptor->params.hog, width, height);
    return fx__hog_fits(&descriptor->params.hog, width, height, error);
}

static size_t hog_scratch(const fx_descriptor *descriptor, int width, int height) {
    return fx_hog_scratch(&descriptor->params.hog, width, height);
}

static fx_status hog_extract(const fx_descriptor *descriptor, const fx_image *image, float *out,
                             void *scratch, fx_error *error) {
    return fx_hog_extract(&descriptor->params.hog, image, out, scratch, error);
}

// bovw
// --------------------------------------------------------------------------------------------

static fx_status bovw_check(const fx_descriptor_params *params, fx_error *error) {
    return fx__bovw_check(&params->bovw, error);
}

static fx_status bovw_length(const fx_descriptor *descriptor, int width, int height, size_t *out,
                             fx_error *error) {
    (void)width, (void)height, (void)error;
    *out = fx_bovw_length(descriptor->vocabulary);
    return FX_OK;
}

static size_t bovw_scratch(const fx_descriptor *descriptor, int width, int height) {
    (void)width, (void)height;
    return fx_bovw_scratch(descriptor->vocabulary);
}

static fx_status bovw_extract(const fx_descriptor *descriptor, const fx_image *image, float *out,
                              void *scratch, fx_error *error) {
    return fx_bovw_extract(descriptor->vocabulary, image, out, scratch, error);
}

const fx_feature_type fx__features[FX_FEATURE_COUNT] = {
    [FX_FEATURE_RAW] = {"raw", "the pixels themselves, in [0, 1]", true, raw_check, raw_length,
                        raw_scratch, raw_extract},
    [FX_FEATURE_COLOR] = {"color", "how often each color occurs, wherever it stands", false,
                          color_check, color_length, color_scratch, color_extract},
    [FX_FEATURE_HOG] = {"hog", "histograms of gradient orientations over a grid of cells", true,
                        hog_check, hog_length, hog_scratch, hog_extract},
    [FX_FEATURE_BOVW] = {"bovw", "how often each learned visual word occurs", false, bovw_check,
                         bovw_length, bovw_scratch, bovw_extract},
};

const char *fx_feature_name(fx_feature feature) {
    return fx__features[feature].name;
}

const char *fx_feature_help(fx_feature feature) {
    return fx__features[feature].help;
}
