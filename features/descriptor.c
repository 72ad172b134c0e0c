// Descriptors by name, concatenated: preparation on training images, and extraction.
//
// Sizes. Where all training images have one size and image.size is not native, every image is first
// resized to that size, so that any image can be described later; `color` and `bovw` work on it,
// `raw` and `hog` on it resized to image.size (auto: the same). Where training images differ in
// size, `color` and `bovw` work on each image's own size, `raw` and `hog` on image.size (auto:
// 128 × 128). With image.size native every image is described at its own size, enlarged to one
// block where it is too small for `hog`. Resizing does not keep the aspect. Channels are converted
// before anything else.
//
// Ranges are cut into chunks whose sizes depend on the range alone; a thread takes a chunk, with
// buffers of its own. Whitening is a matrix product over the rows of a chunk: a row comes out the
// same to rounding whatever its chunk.
#include "featx/descriptor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "features/color_histogram.h"
#include "features/feature.h"
#include "features/hog_cells.h"
#include "features/visual_words_state.h"
#include "src/base/memory.h"
#include "src/base/parallel.h"

enum {
    CHUNK_MAX = 64, // images
    CHUNKS = 64,    // wanted at least, for threads to share and for progress to show
    MIXED_SIZE = 128,
    CELL = 8,               // of HoG
    WHITEN_SAMPLES = 20000, // images that a whitening is learned from, at most
    WHITEN_MAX = 4096,      // numbers
};

// Added to the eigenvalues of pixels in [0, 1].
static const float WHITEN_EPSILON = 0.01f;

// Preparation
// -------------------------------------------------------------------------------------

static bool is_native(fx_size size) {
    return size.width < 0;
}

// What raw and hog see of an image of the given size: at least one block of cells.
static fx_size described_size(const fx_descriptor *d, fx_size own) {
    if (!is_native(d->params.image.size)) return d->params.image.size;
    if (!fx__descriptor_uses(&d->params, FX_FEATURE_HOG)) return own;
    int block = fx__hog_smallest(&d->params.hog);
    return (fx_size){own.width > block ? own.width : block,
                     own.height > block ? own.height : block};
}

// Puts values in the place of auto.
static fx_status resolve(fx_descriptor *d, const fx_image_survey *survey, fx_error *error) {
    fx_image_params *image = &d->params.image;
    if (image->gray == FX_GRAY_AUTO) image->gray = survey->all_gray ? FX_GRAY_YES : FX_GRAY_NO;
    d->channels = image->gray == FX_GRAY_YES ? 1 : 3;
    if (survey->same_size && !is_native(image->size))
        d->input = (fx_size){survey->width, survey->height};
    if (image->size.width == 0)
        image->size = survey->same_size ? d->input : (fx_size){MIXED_SIZE, MIXED_SIZE};
    if (d->params.hog.pixels_per_cell == 0) {
        fx_size size = image->size;
        int quarter = (size.width < size.height ? size.width : size.height) / 4;
        if (is_native(size) || quarter > CELL) quarter = CELL;
        d->params.hog.pixels_per_cell = quarter > 0 ? quarter : 1;
    }
    if (fx__descriptor_uses(&d->params, FX_FEATURE_COLOR))
        FX__TRY(fx__color_resolve(&d->params.color, error));
    return FX_OK;
}

// What is asked for, and not left to the defaults, must be what the vocabulary has.
static fx_status check_vocabulary(const fx_bovw_params *asked, const fx_bovw_params *has,
                                  const char *path, fx_error *error) {
    const fx_bovw_params defaults = fx_bovw_defaults();
    const fx_section *section = &fx__bovw_section;
    for (size_t i = 0; i < section->count; i++) {
        const fx_param *param = &section->params[i];
        char found[64], usual[64], expected[64];
        fx_param_format(param, asked, found, sizeof found);
        fx_param_format(param, &defaults, usual, sizeof usual);
        fx_param_format(param, has, expected, sizeof expected);
        if (strcmp(found, usual) != 0 && strcmp(found, expected) != 0)
            return fx_error_set(error, FX_ERROR_USAGE,
                                "bovw.%s: found %s, expected %s, as the vocabulary %s has it",
                                param->key, found, expected, path);
    }
    return FX_OK;
}

static fx_status get_vocabulary(fx_descriptor *d, const fx_image_source *training, const char *path,
                                uint64_t seed, const fx_progress *progress, fx_error *error) {
    if (!fx__descriptor_uses(&d->params, FX_FEATURE_BOVW)) {
        if (!path) return FX_OK;
        return fx_error_set(error, FX_ERROR_USAGE,
                            "%s: a vocabulary was given, but bovw is none of the features", path);
    }
    if (!path) {
        FX__TRY(fx_vocabulary_learn(&d->params.bovw, training, d->channels, seed, progress,
                                    &d->vocabulary, error));
    } else {
        FX__TRY(fx_vocabulary_load(path, &d->vocabulary, error));
        int channels = fx_vocabulary_channels(d->vocabulary);
        if (channels != d->channels)
            return fx_error_set(error, FX_ERROR_DATA,
                                "%s: found visual words of %s images, expected %s, as the images "
                                "are: set image.gray",
                                path, channels == 1 ? "gray" : "RGB",
                                d->channels == 1 ? "gray" : "RGB");
        FX__TRY(
            check_vocabulary(&d->params.bovw, fx_vocabulary_params(d->vocabulary), path, error));
    }
    d->params.bovw = *fx_vocabulary_params(d->vocabulary);
    return FX_OK;
}

// Learns the whitening from the raw rows of images that lie evenly among all.
static fx_status learn_whitening(fx_descriptor *d, const fx_image_source *training,
                                 const fx_progress *progress, fx_error *error) {
    fx_size size = d->params.image.size;
    size_t length = fx_raw_pixels_length(size.width, size.height, d->channels);
    size_t count = training->count < WHITEN_SAMPLES ? training->count : WHITEN_SAMPLES;
    if (length > WHITEN_MAX)
        return fx_error_set(error, FX_ERROR_DATA,
                            "raw.whiten: found %zu numbers an image (%d×%d×%d), expected at most "
                            "%d: set image.size",
                            length, size.width, size.height, d->channels, WHITEN_MAX);
    fx_descriptor plain = {.params = d->params, .channels = d->channels, .input = d->input};
    plain.params.features = (fx_int_list){.count = 1, .values = {FX_FEATURE_RAW}};
    fx_matrix samples = {0};
    uint32_t *indices = NULL;
    fx_status status;
    FX__TRY_GOTO(fx__allocate(count, sizeof *indices, &indices, error));
    for (size_t i = 0; i < count; i++) indices[i] = (uint32_t)(i * training->count / count);
    fx_image_subset storage;
    fx_image_source subset = fx_image_source_subset(training, indices, count, &storage);
    FX__TRY_GOTO(fx_matrix_create(count, length, &samples, error));
    FX__TRY_GOTO(fx_descriptor_extract_range(&plain, &subset, 0, count, length, samples.data,
                                             FX_ON_ERROR_FAIL, NULL, NULL, error));
    if (!fx_progress_report(progress, "whiten", 0, 1, NULL)) {
        status = fx_error_set(error, FX_ERROR_INTERRUPTED, "interrupted");
        goto done;
    }
    FX__TRY_GOTO(fx__whitening_learn(&samples, WHITEN_EPSILON, &d->whitening, error));
done:
    fx_matrix_destroy(&samples);
    free(indices);
    return status;
}

fx_status fx_descriptor_prepare(const fx_descriptor_params *params, const fx_image_source *training,
                                const char *vocabulary_path, uint64_t seed,
                                const fx_progress *progress, fx_descriptor **out, fx_error *error) {
    *out = NULL;
    FX__TRY(fx__descriptor_check(params, error));
    fx_image_survey survey;
    FX__TRY(fx_image_source_survey(training, &survey, error));
    fx_descriptor *d;
    FX__TRY(fx__allocate(1, sizeof *d, &d, error));
    d->params = *params;
    fx_status status;
    size_t length;
    FX__TRY_GOTO(resolve(d, &survey, error));
    // What does not fit is found before hours of learning, except for images of mixed sizes.
    bool native = is_native(d->params.image.size);
    fx_size first = described_size(d, (fx_size){survey.width, survey.height});
    for (int i = 0; i < d->params.features.count; i++) {
        const fx_feature_type *type = &fx__features[d->params.features.values[i]];
        if (!type->sized || (native && !survey.same_size)) continue;
        status = type->length(d, first.width, first.height, &length, error);
        if (status != FX_OK && native) {
            char name[256];
            training->name(training->self, 0, name, sizeof name);
            fx__error_prefix(error, status, "%s", name);
        }
        if (status != FX_OK) goto done;
    }
    FX__TRY_GOTO(get_vocabulary(d, training, vocabulary_path, seed, progress, error));
    if (fx__descriptor_uses(&d->params, FX_FEATURE_RAW) &&
        d->params.raw.whiten == FX_RAW_WHITEN_ZCA)
        FX__TRY_GOTO(learn_whitening(d, training, progress, error));
done:
    if (status == FX_OK)
        *out = d;
    else
        fx_descriptor_destroy(d);
    return status;
}

void fx_descriptor_destroy(fx_descriptor *descriptor) {
    if (!descriptor) return;
    fx_vocabulary_destroy(descriptor->vocabulary);
    fx__whitening_destroy(&descriptor->whitening);
    free(descriptor);
}

const fx_descriptor_params *fx_descriptor_get_params(const fx_descriptor *descriptor) {
    return &descriptor->params;
}

// Layout of a row
// ---------------------------------------------------------------------------------

// What a row is made of, for images of one size.
typedef struct layout {
    int width, height; // of the image as given
    fx_size base;      // what color and bovw see
    fx_size sized;     // what raw and hog see
    size_t lengths[FX_FEATURE_COUNT], total;
    size_t scratch; // bytes
} layout;

static fx_status make_layout(const fx_descriptor *d, int width, int height, layout *out,
                             fx_error *error) {
    fx_size own = {width, height};
    *out = (layout){.width = width, .height = height};
    out->base = d->input.width > 0 ? d->input : own;
    out->sized = described_size(d, own);
    for (int i = 0; i < d->params.features.count; i++) {
        const fx_feature_type *type = &fx__features[d->params.features.values[i]];
        fx_size size = type->sized ? out->sized : out->base;
        FX__TRY(type->length(d, size.width, size.height, &out->lengths[i], error));
        size_t scratch = type->scratch(d, size.width, size.height);
        if (scratch > out->scratch) out->scratch = scratch;
        out->total += out->lengths[i];
    }
    return FX_OK;
}

fx_status fx_descriptor_length(const fx_descriptor *descriptor, int width, int height, size_t *out,
                               fx_error *error) {
    layout l;
    *out = 0;
    FX__TRY(make_layout(descriptor, width, height, &l, error));
    *out = l.total;
    return FX_OK;
}

// One image
// ---------------------------------------------------------------------------------------

struct fx_descriptor_scratch {
    layout layout; // of the image before; width 0: none
    fx_image given, converted, base, sized;
    void *bytes;
    size_t capacity;     // of bytes
    float *raw, *whiter; // [CHUNK_MAX, whitening.length] where raw is whitened
};

void fx_descriptor_scratch_destroy(fx_descriptor_scratch *scratch) {
    if (!scratch) return;
    fx_image_destroy(&scratch->given);
    fx_image_destroy(&scratch->converted);
    fx_image_destroy(&scratch->base);
    fx_image_destroy(&scratch->sized);
    free(scratch->bytes);
    free(scratch->raw);
    free(scratch->whiter);
    free(scratch);
}

fx_status fx_descriptor_scratch_create(const fx_descriptor *descriptor, fx_descriptor_scratch **out,
                                       fx_error *error) {
    fx_descriptor_scratch *s;
    *out = NULL;
    FX__TRY(fx__allocate(1, sizeof *s, &s, error));
    fx_status status = FX_OK;
    size_t n = descriptor->whitening.length;
    if (n > 0) {
        FX__TRY_GOTO(fx__allocate(n * CHUNK_MAX, sizeof(float), &s->raw, error));
        FX__TRY_GOTO(fx__allocate(n * CHUNK_MAX, sizeof(float), &s->whiter, error));
    }
done:
    if (status == FX_OK)
        *out = s;
    else
        fx_descriptor_scratch_destroy(s);
    return status;
}

// Brings the layout and the bytes of scratch to the size of an image.
static fx_status fit_scratch(const fx_descriptor *d, fx_descriptor_scratch *s,
                             const fx_image *image, fx_error *error) {
    if (s->layout.width == image->width && s->layout.height == image->height) return FX_OK;
    s->layout.width = 0;
    layout l;
    FX__TRY(make_layout(d, image->width, image->height, &l, error));
    if (l.scratch > s->capacity) {
        free(s->bytes);
        s->bytes = NULL;
        s->capacity = 0;
        FX__TRY(fx__allocate(l.scratch, 1, &s->bytes, error));
        s->capacity = l.scratch;
    }
    s->layout = l;
    return FX_OK;
}

static fx_status resize_to(const fx_image **image, fx_size size, fx_image *buffer,
                           fx_error *error) {
    if ((*image)->width == size.width && (*image)->height == size.height) return FX_OK;
    FX__TRY(fx_image_resize(*image, size.width, size.height, buffer, error));
    *image = buffer;
    return FX_OK;
}

// Everything but the whitening of raw. The layout fits the image.
static fx_status describe(const fx_descriptor *d, fx_descriptor_scratch *s, const fx_image *image,
                          float *out, fx_error *error) {
    if (image->channels != d->channels) {
        FX__TRY(fx_image_convert(image, d->channels, &s->converted, error));
        image = &s->converted;
    }
    const fx_image *base = image, *sized = NULL;
    FX__TRY(resize_to(&base, s->layout.base, &s->base, error));
    for (int i = 0; i < d->params.features.count; i++) {
        const fx_feature_type *type = &fx__features[d->params.features.values[i]];
        if (type->sized && !sized) {
            sized = base;
            FX__TRY(resize_to(&sized, s->layout.sized, &s->sized, error));
        }
        FX__TRY(type->extract(d, type->sized ? sized : base, out, s->bytes, error));
        out += s->layout.lengths[i];
    }
    return FX_OK;
}

// Whitens the raw part of rows[count ≤ CHUNK_MAX, length].
static void whiten(const fx_descriptor *d, fx_descriptor_scratch *s, size_t count, size_t length,
                   float *rows) {
    size_t n = d->whitening.length;
    if (n == 0) return;
    for (int i = 0; d->params.features.values[i] != FX_FEATURE_RAW; i++)
        rows += s->layout.lengths[i];
    for (size_t i = 0; i < count; i++) memcpy(s->raw + i * n, rows + i * length, sizeof *rows * n);
    fx__whitening_apply(&d->whitening, s->raw, count, s->whiter);
    for (size_t i = 0; i < count; i++)
        memcpy(rows + i * length, s->whiter + i * n, sizeof *rows * n);
}

fx_status fx_descriptor_extract(const fx_descriptor *descriptor, fx_descriptor_scratch *scratch,
                                const fx_image *image, float *out, fx_error *error) {
    FX__TRY(fit_scratch(descriptor, scratch, image, error));
    FX__TRY(describe(descriptor, scratch, image, out, error));
    whiten(descriptor, scratch, 1, scratch->layout.total, out);
    return FX_OK;
}

// Many images
// -------------------------------------------------------------------------------------

typedef struct extraction {
    const fx_descriptor *descriptor;
    const fx_image_source *source;
    size_t begin, end, chunk, length;
    float *out;
    fx_on_error on_error;
    bool *valid;
    fx_descriptor_scratch **scratch; // [threads]
} extraction;

// "11,664"
static const char *grouped(size_t number, char out[32]) {
    char digits[24];
    int count = snprintf(digits, sizeof digits, "%zu", number);
    char *at = out;
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0) *at++ = ',';
        *at++ = digits[i];
    }
    *at = 0;
    return out;
}

static fx_status wrong_length(const extraction *e, const layout *found, fx_error *error) {
    char expected[32], other[32], name[200];
    grouped(found->total, other);
    grouped(e->length, expected);
    // Who set the length: the first image of the source, as a rule.
    fx_image first = {0};
    size_t length = 0;
    if (e->source->probe(e->source->self, 0, &first, NULL) == FX_OK &&
        fx_descriptor_length(e->descriptor, first.width, first.height, &length, NULL) == FX_OK &&
        length == e->length) {
        e->source->name(e->source->self, 0, name, sizeof name);
        return fx_error_set(error, FX_ERROR_DATA,
                            "%d×%d pixels give %s numbers, %s gave %s: set image.size to give all "
                            "one size",
                            found->width, found->height, other, name, expected);
    }
    return fx_error_set(error, FX_ERROR_DATA,
                        "%d×%d pixels give %s numbers, expected %s: set image.size to give all one "
                        "size",
                        found->width, found->height, other, expected);
}

static fx_status extract_row(const extraction *e, fx_descriptor_scratch *s, size_t index,
                             float *out, fx_error *error) {
    // The source's own errors name the image.
    FX__TRY(e->source->get(e->source->self, index, &s->given, error));
    fx_status status = fit_scratch(e->descriptor, s, &s->given, error);
    if (status == FX_OK && s->layout.total != e->length)
        status = wrong_length(e, &s->layout, error);
    if (status == FX_OK) status = describe(e->descriptor, s, &s->given, out, error);
    if (status == FX_OK) return FX_OK;
    char name[200];
    e->source->name(e->source->self, index, name, sizeof name);
    return fx__error_prefix(error, status, "%s", name);
}

// True where an error is the image's, and not the program's or the user's.
static bool is_of_image(fx_status status) {
    return status == FX_ERROR_IO || status == FX_ERROR_FORMAT || status == FX_ERROR_DATA;
}

static fx_status extract_chunk(void *context, size_t index, int thread, fx_error *error) {
    const extraction *e = context;
    fx_descriptor_scratch *s = e->scratch[thread];
    size_t begin = index * e->chunk, count = e->end - e->begin - begin;
    if (count > e->chunk) count = e->chunk;
    float *rows = e->out + begin * e->length;
    size_t bad = 0;
    for (size_t i = 0; i < count; i++) {
        float *row = rows + i * e->length;
        fx_status status = extract_row(e, s, e->begin + begin + i, row, error);
        if (e->valid) e->valid[begin + i] = status == FX_OK;
        if (status == FX_OK) continue;
        if (e->on_error != FX_ON_ERROR_SKIP || !is_of_image(status)) return status;
        memset(row, 0, sizeof *row * e->length);
        bad++;
    }
    if (bad == count) return FX_OK;
    whiten(e->descriptor, s, count, e->length, rows);
    for (size_t i = 0; e->valid && bad > 0 && i < count; i++)
        if (!e->valid[begin + i]) memset(rows + i * e->length, 0, sizeof *rows * e->length);
    return FX_OK;
}

static size_t chunk_of(const fx_descriptor *descriptor, size_t count) {
    if (descriptor->whitening.length > 0) return CHUNK_MAX;
    size_t chunk = count / CHUNKS;
    return chunk < 1 ? 1 : chunk > CHUNK_MAX ? CHUNK_MAX : chunk;
}

fx_status fx_descriptor_extract_range(const fx_descriptor *descriptor,
                                      const fx_image_source *source, size_t begin, size_t end,
                                      size_t length, float *out, fx_on_error on_error, bool *valid,
                                      const fx_progress *progress, fx_error *error) {
    if (begin >= end) return FX_OK;
    extraction e = {.descriptor = descriptor,
                    .source = source,
                    .begin = begin,
                    .end = end,
                    .chunk = chunk_of(descriptor, end - begin),
                    .length = length,
                    .out = out,
                    .on_error = valid ? on_error : FX_ON_ERROR_FAIL,
                    .valid = valid};
    size_t threads = (size_t)fx__threads(), chunks = (end - begin + e.chunk - 1) / e.chunk;
    fx_status status;
    FX__TRY(fx__allocate(threads, sizeof *e.scratch, &e.scratch, error));
    for (size_t i = 0; i < threads; i++)
        FX__TRY_GOTO(fx_descriptor_scratch_create(descriptor, &e.scratch[i], error));
    FX__TRY_GOTO(fx__parallel_for_progress(chunks, extract_chunk, &e, progress, "extract",
                                           end - begin, error));
done:
    for (size_t i = 0; i < threads; i++) fx_descriptor_scratch_destroy(e.scratch[i]);
    free(e.scratch);
    return status;
}
