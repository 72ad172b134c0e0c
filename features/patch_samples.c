// Random local descriptors of the training images.
//
// Patch s of n comes from image ⌊(s + u) · count / n⌋ with u uniform in [0, 1): a draw that is even
// over the images and ascending, so that every image is read once and none is kept. Its place is
// uniform over the image; patches may coincide. With several scales an image has one of them, drawn
// evenly.
#include "features/patch_samples.h"

#include <stdlib.h>
#include <string.h>

#include "features/local_descriptors.h"
#include "features/vocabulary.h"
#include "featx/rng.h"
#include "src/base/memory.h"
#include "src/base/parallel.h"

enum {
    SMALL_SIDE = 64,
    IMAGES = 16, // of a piece of work
};

typedef struct sampler_scratch {
    fx_image image, converted, scaled;
    float *local; // scratch, then one descriptor
} sampler_scratch;

typedef struct sampler {
    const fx_image_source *images;
    const fx_bovw_params *params; // stride 1
    int channels;
    uint64_t seed;
    uint32_t *image_of; // [samples] ascending
    fx_matrix samples;
    uint64_t *pixels, *visited; // [pieces] sums over the images read
    sampler_scratch *scratch;   // [threads]
} sampler;

// The first sample whose image is at least `image`.
static size_t first_sample(const sampler *s, size_t image) {
    size_t low = 0, high = s->samples.rows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->image_of[middle] < image)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// An image gives all its patches at one scale, any of those at which a patch fits.
static fx_status at_some_scale(const sampler *s, size_t index, sampler_scratch *scratch,
                               const fx_image **image, fx_error *error) {
    fx_size size;
    uint32_t fitting = 1;
    while ((int)fitting < s->params->scales &&
           fx__bovw_scaled_size(s->params, *image, (int)fitting, &size))
        fitting++;
    fx_rng rng = fx_rng_at(s->seed, FX_RNG_PATCHES, 2, index);
    int scale = fitting > 1 ? (int)fx_rng_below(&rng, fitting) : 0;
    if (scale == 0 || !fx__bovw_scaled_size(s->params, *image, scale, &size)) return FX_OK;
    FX__TRY(fx_image_resize(*image, size.width, size.height, &scratch->scaled, error));
    *image = &scratch->scaled;
    return FX_OK;
}

static fx_status read_image(const sampler *s, size_t index, sampler_scratch *scratch,
                            const fx_image **out, fx_error *error) {
    FX__TRY(s->images->get(s->images->self, index, &scratch->image, error));
    *out = &scratch->image;
    if (scratch->image.channels != s->channels) {
        FX__TRY(fx_image_convert(&scratch->image, s->channels, &scratch->converted, error));
        *out = &scratch->converted;
    }
    fx_status status = fx__bovw_check_size(s->params->patch, *out, error);
    if (status == FX_OK) return at_some_scale(s, index, scratch, out, error);
    char name[300];
    s->images->name(s->images->self, index, name, sizeof name);
    return fx__error_prefix(error, status, "%s", name);
}

static fx_status sample_piece(void *context, size_t piece, int thread, fx_error *error) {
    sampler *s = context;
    sampler_scratch *scratch = &s->scratch[thread];
    const fx_image *image = NULL;
    size_t end = first_sample(s, (piece + 1) * IMAGES), length = s->samples.columns;
    float *descriptor = scratch->local + fx__local_scratch(s->params, s->channels);
    for (size_t i = first_sample(s, piece * IMAGES); i < end; i++) {
        if (!image || s->image_of[i] != s->image_of[i - 1]) {
            FX__TRY(read_image(s, s->image_of[i], scratch, &image, error));
            s->pixels[piece] += (uint64_t)image->width * (uint64_t)image->height;
            s->visited[piece]++;
        }
        fx_rng rng = fx_rng_at(s->seed, FX_RNG_PATCHES, 1, i);
        int x = (int)fx_rng_below(&rng, (uint32_t)(image->width - s->params->patch + 1));
        int y = (int)fx_rng_below(&rng, (uint32_t)(image->height - s->params->patch + 1));
        fx_positions position = {.x = x, .y = y, .columns = 1, .rows = 1, .stride = 1};
        fx__local_extract(s->params, image, &position, scratch->local, descriptor);
        memcpy(s->samples.data + i * length, descriptor, length * sizeof *descriptor);
    }
    return FX_OK;
}

fx_status fx__draw_patches(fx_bovw_params *params, const fx_image_source *images, int channels,
                           uint64_t seed, const fx_progress *progress, fx_matrix *samples,
                           fx_error *error) {
    fx_bovw_params single = *params;
    single.stride = 1;
    size_t n = (size_t)params->samples, pieces = (images->count + IMAGES - 1) / IMAGES;
    size_t threads = (size_t)fx__threads(), length = fx__local_length(params, channels);
    size_t local = fx__local_scratch(&single, channels) + length + FX__PATCHES_SLACK;
    sampler s = {.images = images, .params = &single, .channels = channels, .seed = seed};
    fx_status status;
    FX__TRY_GOTO(fx_matrix_create(n, length, &s.samples, error));
    FX__TRY_GOTO(fx__allocate(n, sizeof *s.image_of, &s.image_of, error));
    FX__TRY_GOTO(fx__allocate(pieces, sizeof *s.pixels, &s.pixels, error));
    FX__TRY_GOTO(fx__allocate(pieces, sizeof *s.visited, &s.visited, error));
    FX__TRY_GOTO(fx__allocate(threads, sizeof *s.scratch, &s.scratch, error));
    for (size_t t = 0; t < threads; t++)
        FX__TRY_GOTO(fx__allocate(local, sizeof(float), &s.scratch[t].local, error));
    for (size_t i = 0; i < n; i++) {
        fx_rng rng = fx_rng_at(seed, FX_RNG_PATCHES, 0, i);
        double place = ((double)i + fx_rng_uniform(&rng)) * (double)images->count / (double)n;
        s.image_of[i] = (uint32_t)((size_t)place < images->count ? place : images->count - 1);
    }
    FX__TRY_GOTO(fx__parallel_for_progress(pieces, sample_piece, &s, progress, "patches",
                                           images->count, error));
    if (params->stride == 0) {
        uint64_t pixels = 0, visited = 0;
        for (size_t piece = 0; piece < pieces; piece++) {
            pixels += s.pixels[piece];
            visited += s.visited[piece];
        }
        params->stride = pixels <= visited * SMALL_SIDE * SMALL_SIDE ? 1 : params->patch / 2;
    }
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
    free(s.image_of);
    free(s.pixels);
    free(s.visited);
    fx_matrix_destroy(&s.samples);
    return status;
}
