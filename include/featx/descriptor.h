// Descriptors by name, concatenated: what turns an image into one row of numbers.
//
// An fx_descriptor is a list of features with their parameters and whatever they learned. It is
// immutable once prepared: any number of threads may extract.
#ifndef FEATX_DESCRIPTOR_H
#define FEATX_DESCRIPTOR_H

#include "featx/color_histogram.h"
#include "featx/hog.h"
#include "featx/image_source.h"
#include "featx/matrix.h"
#include "featx/params.h"
#include "featx/progress.h"
#include "featx/raw_pixels.h"
#include "featx/visual_words.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fx_image_params {
    fx_size size; // what `raw` and `hog` resize to. auto: the size that all training images share,
                  // else 128 × 128. native: each image as it is, enlarged to one block of hog.
    int gray;     // fx_image_gray; auto: gray where all training images are, else RGB
} fx_image_params;

typedef enum fx_image_gray { FX_GRAY_AUTO, FX_GRAY_NO, FX_GRAY_YES } fx_image_gray;

typedef struct fx_raw_params {
    int whiten; // fx_raw_whiten: a fixed linear map learned from the training images
} fx_raw_params;

typedef enum fx_raw_whiten { FX_RAW_WHITEN_NONE, FX_RAW_WHITEN_ZCA } fx_raw_whiten;

// Every key of the sections features, image, raw, color, hog and bovw.
typedef struct fx_descriptor_params {
    fx_int_list features; // fx_feature, in the order of concatenation, each at most once
    fx_image_params image;
    fx_raw_params raw;
    fx_color_params color;
    fx_hog_params hog;
    fx_bovw_params bovw;
} fx_descriptor_params;

typedef enum fx_feature {
    FX_FEATURE_RAW,
    FX_FEATURE_COLOR,
    FX_FEATURE_HOG,
    FX_FEATURE_BOVW,
    FX_FEATURE_COUNT
} fx_feature;

fx_descriptor_params fx_descriptor_defaults(void); // features: raw

// The key tables: sections[*count] whose offsets are into fx_descriptor_params; the first has no
// name and holds `features`.
const fx_section *fx_descriptor_sections(size_t *count);

// "hog", and one line of what it is.
const char *fx_feature_name(fx_feature feature);
const char *fx_feature_help(fx_feature feature);

typedef struct fx_descriptor fx_descriptor;

// Resolves every auto value from the training images and learns what must be learned (vocabulary,
// whitening). `vocabulary` (may be NULL: learned here) is copied by reference count or value; its
// parameters replace params->bovw. FX_ERROR_USAGE for parameters out of range, or in params->bovw
// neither the default nor the vocabulary's, FX_ERROR_DATA for images that the parameters do not
// fit.
FX_MUST_CHECK fx_status fx_descriptor_prepare(const fx_descriptor_params *params,
                                              const fx_image_source *training,
                                              const char *vocabulary_path, uint64_t seed,
                                              const fx_progress *progress, fx_descriptor **out,
                                              fx_error *error);
void fx_descriptor_destroy(fx_descriptor *descriptor);

// As resolved: no auto left.
const fx_descriptor_params *fx_descriptor_get_params(const fx_descriptor *descriptor);

// Length of a row for images of this size (the size matters only with image.size native).
// 0 and an error where the image does not fit.
FX_MUST_CHECK fx_status fx_descriptor_length(const fx_descriptor *descriptor, int width, int height,
                                             size_t *out, fx_error *error);

// Buffers of one thread.
typedef struct fx_descriptor_scratch fx_descriptor_scratch;
FX_MUST_CHECK fx_status fx_descriptor_scratch_create(const fx_descriptor *descriptor,
                                                     fx_descriptor_scratch **out, fx_error *error);
void fx_descriptor_scratch_destroy(fx_descriptor_scratch *scratch);

// One image into out[length]. Converts channels and size as in training: where all training images
// had one size, any other image is first resized to that.
FX_MUST_CHECK fx_status fx_descriptor_extract(const fx_descriptor *descriptor,
                                              fx_descriptor_scratch *scratch, const fx_image *image,
                                              float *out, fx_error *error);

// What a bad image means.
typedef enum fx_on_error { FX_ON_ERROR_FAIL, FX_ON_ERROR_SKIP } fx_on_error;

// Rows begin … end-1 of a source into out[end - begin, length], parallel over images. With
// FX_ON_ERROR_SKIP a row that failed is zeroed and valid[row] is false (valid may be NULL with
// FAIL). All rows must have `length` numbers: FX_ERROR_DATA names the image that differs and says
// that image.size is needed.
FX_MUST_CHECK fx_status fx_descriptor_extract_range(const fx_descriptor *descriptor,
                                                    const fx_image_source *source, size_t begin,
                                                    size_t end, size_t length, float *out,
                                                    fx_on_error on_error, bool *valid,
                                                    const fx_progress *progress, fx_error *error);

#ifdef __cplusplus
}
#endif
#endif
