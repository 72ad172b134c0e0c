// Random local descriptors of the training images.
//
// A uniform sample of all patches, without replacement: where images differ in size, the large ones
// give more. A first pass asks each image for its size only and decides how many patches it gives
// (reservoir.h); a second one reads those that give any, once, and keeps none. The k patches of an
// image with n places are one of each of k runs of places, cut at ⌊t · n / k⌋ from a random place
// on: they lie evenly, none twice, and each place is as likely as any other. With several scales an
// image has one of them, drawn evenly. Memory is that of params->samples patches.
#include "features/patch_samples.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "features/local_descriptors.h"
#include "features/reservoir.h"
#include "features/vocabulary.h"
#include "featx/rng.h"
#include "src/base/memory.h"
#include "src/base/parallel.h"

enum {
    SMALL_SIDE = 64,
    IMAGES = 16, // of a piece of work
};

// Of FX_RNG_PATCHES, in the place of the epoch.
enum { DRAW_COUNT, DRAW_PLACES, DRAW_SCALE };

typedef struct sampler_scratch {
    fx_image image, converted, scaled;
    float *local; // scratch, then one descriptor
} sampler_scratch;

typedef struct sampler {
    const fx_image_source *images;
    const fx_bovw_params *params; // stride 1
    int channels;
    uint64_t seed;
    fx_reservoir chosen;      // its groups are images
    uint64_t pixels;          // of all images
    fx_matrix samples;        // [chosen.count, d]
    sampler_scratch *scratch; // [threads]
} sampler;

// The size at which an image of this size gives its patches: any at which one fits.
static fx_size size_of(const sampler *s, size_t index, const fx_image *image) {
    fx_size size = {image->width, image->height};
    uint32_t fitting = 1;
    while ((int)fitting < s->params->scales &&
           fx__bovw_scaled_size(s->params, image, (int)fitting, &size))
        fitting++;
    fx_rng rng = fx_rng_at(s->seed, FX_RNG_PATCHES, DRAW_SCALE, index);
    int scale = fitting > 1 ? (int)fx_rng_below(&rng, fitting) : 0;
    fx__bovw_scaled_size(s->params, image, scale, &size);
    return size;
}

static uint64_t places_of(const sampler *s, fx_size size) {
    int patch = s->params->patch;
    return (uint64_t)(size.width - patch + 1) * (uint64_t)(size.height - patch + 1);
}

static fx_status check_size(const sampler *s, size_t index, const fx_image *image,
                            fx_error *error) {
    fx_status status = fx__bovw_check_size(s->params->patch, image, error);
    if (status == FX_OK) return FX_OK;
    char name[300];
    s->images->name(s->images->self, index, name, sizeof name);
    return fx__error_prefix(error, status, "%s", name);
}

static fx_status count_piece(void *context, size_t piece, int thread, fx_error *error) {
    (void)thread;
    sampler *s = context;
    size_t begin = piece * IMAGES, end = begin + IMAGES;
    if (end > s->images->count) end = s->images->count;
    for (size_t i = begin; i < end; i++) {
        fx_image image = {0};
        FX__TRY(s->images->probe(s->images->self, i, &image, error));
        FX__TRY(check_size(s, i, &image, error));
        fx_rng rng = fx_rng_at(s->seed, FX_RNG_PATCHES, DRAW_COUNT, i);
        uint64_t places = places_of(s, size_of(s, i, &image));
#pragma omp critical(fx__patch_reservoir)
        {
            s->pixels += (uint64_t)image.width * (uint64_t)image.height;
            fx__reservoir_offer(&s->chosen, (uint32_t)i, places, &rng);
        }
    }
    return FX_OK;
}

// The first sample whose image is at least `image`.
static size_t first_sample(const sampler *s, size_t image) {
    size_t low = 0, high = s->chosen.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->chosen.items[middle].group < image)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static fx_status read_image(const sampler *s, size_t index, sampler_scratch *scratch,
                            const fx_image **out, fx_error *error) {
    FX__TRY(s->images->get(s->images->self, index, &scratch->image, error));
    *out = &scratch->image;
    if (scratch->image.channels != s->channels) {
        FX__TRY(fx_image_convert(&scratch->image, s->channels, &scratch->converted, error));
        *out = &scratch->converted;
    }
    FX__TRY(check_size(s, index, *out, error)); // again: a file may have changed since
    fx_size size = size_of(s, index, *out);
    if (size.width == (*out)->width && size.height == (*out)->height) return FX_OK;
    FX__TRY(fx_image_resize(*out, size.width, size.height, &scratch->scaled, error));
    *out = &scratch->scaled;
    return FX_OK;
}

// Samples begin … end-1, all those of one image.
static fx_status sample_image(sampler *s, size_t begin, size_t end, sampler_scratch *scratch,
                              fx_error *error) {
    const fx_image *image;
    uint32_t index = s->chosen.items[begin].group;
    FX__TRY(read_image(s, index, scratch, &image, error));
    size_t length = s->samples.columns, count = end - begin;
    float *descriptor = scratch->local + fx__local_scratch(s->params, s->channels);
    uint64_t places = places_of(s, (fx_size){image->width, image->height});
    uint32_t columns = (uint32_t)(image->width - s->params->patch + 1);
    assert(places > 0 && columns > 0); // check_size()
    fx_rng rng = fx_rng_at(s->seed, FX_RNG_PATCHES, DRAW_PLACES, index);
    uint64_t first = fx_rng_below(&rng, (uint32_t)places);
    for (size_t t = 0; t < count; t++) {
        uint64_t low = t * places / count, high = (t + 1) * places / count;
        uint32_t run = high > low ? (uint32_t)(high - low) : 1;
        uint64_t place = (first + low + fx_rng_below(&rng, run)) % places;
        fx_positions position = {.x = (int)(place % columns),
                                 .y = (int)(place / columns),
                                 .columns = 1,
                                 .rows = 1,
                                 .stride = 1};
        fx__local_extract(s->params, image, &position, scratch->local, descriptor);
        memcpy(s->samples.data + (begin + t) * length, descriptor, length * sizeof *descriptor);
    }
    return FX_OK;
}

static fx_status sample_piece(void *context, size_t piece, int thread, fx_error *error) {
    sampler *s = context;
    size_t last = first_sample(s, (piece + 1) * IMAGES);
    for (size_t begin = first_sample(s, piece * IMAGES), end; begin < last; begin = end) {
        end = first_sample(s, (size_t)s->chosen.items[begin].group + 1);
        FX__TRY(sample_image(s, begin, end, &s->scratch[thread], error));
    }
    return FX_OK;
}

fx_status fx__draw_patches(fx_bovw_params *params, const fx_image_source *images, int channels,
                           uint64_t seed, const fx_progress *progress, fx_matrix *samples,
                           fx_error *error) {
    fx_bovw_params single = *params;
    single.stride = 1;
    size_t pieces = (images->count + IMAGES - 1) / IMAGES;
    size_t threads = (size_t)fx__threads(), length = fx__local_length(params, channels);
    size_t local = fx__local_scratch(&single, channels) + length + FX__PATCHES_SLACK;
    sampler s = {.images = images, .params = &single, .channels = channels, .seed = seed};
    fx_status status;
    FX__TRY_GOTO(fx__reservoir_create((size_t)params->samples, &s.chosen, error));
    FX__TRY_GOTO(fx__allocate(threads, sizeof *s.scratch, &s.scratch, error));
    for (size_t t = 0; t < threads; t++)
        FX__TRY_GOTO(fx__allocate(local, sizeof(float), &s.scratch[t].local, error));
    FX__TRY_GOTO(fx__parallel_for_progress(pieces, count_piece, &s, progress, "sizes",
                                           images->count, error));
    fx__reservoir_finish(&s.chosen);
    FX__TRY_GOTO(fx_matrix_create(s.chosen.count, length, &s.samples, error));
    FX__TRY_GOTO(fx__parallel_for_progress(pieces, sample_piece, &s, progress, "patches",
                                           images->count, error));
    if (params->stride == 0)
        params->stride =
            s.pixels <= images->count * SMALL_SIDE * SMALL_SIDE ? 1 : params->patch / 2;
    *samples = s.samples;
    s.samples = (fx_matrix){0};
done:
    for (size_t t = 0; s.scratch && t < threads; t++) {
        fx_image_destroy(&s.scratch[t].image);
        fx_image_destroy(&s.scratch[t].converted);
        fx_image_destroy(&s.scratch[t].scaled);
        free(s.scratch[t].local);
    }
    free(s.scratch);
    fx__reservoir_destroy(&s.chosen);
    fx_matrix_destroy(&s.samples);
    return status;
}
