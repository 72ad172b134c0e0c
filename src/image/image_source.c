// Image sources: the survey, and the sources that need no data set.
#include "featx/image_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/base/parallel.h"

enum { SURVEY_PIECE = 64 }; // images probed by one task

typedef struct {
    const fx_image_source *source;
    fx_image_survey *pieces;
} survey_job;

static void survey_add(fx_image_survey *total, const fx_image_survey *more) {
    if (total->count == 0) {
        *total = *more;
        return;
    }
    total->count += more->count;
    total->same_size = total->same_size && more->same_size && total->width == more->width &&
                       total->height == more->height;
    if (more->min_width < total->min_width) total->min_width = more->min_width;
    if (more->min_height < total->min_height) total->min_height = more->min_height;
    total->all_gray = total->all_gray && more->all_gray;
}

static fx_status survey_piece(void *context, size_t index, int thread, fx_error *error) {
    (void)thread;
    survey_job *job = context;
    size_t begin = index * SURVEY_PIECE, end = begin + SURVEY_PIECE;
    if (end > job->source->count) end = job->source->count;
    for (size_t i = begin; i < end; i++) {
        fx_image image = {0};
        FX__TRY(job->source->probe(job->source->self, i, &image, error));
        survey_add(&job->pieces[index],
                   &(fx_image_survey){1, true, image.width, image.height, image.width, image.height,
                                      image.channels == 1});
    }
    return FX_OK;
}

fx_status fx_image_source_survey(const fx_image_source *source, fx_image_survey *out,
                                 fx_error *error) {
    *out = (fx_image_survey){0};
    if (source->count == 0)
        return fx_error_set(error, FX_ERROR_DATA, "no images, expected at least one");
    size_t pieces = (source->count + SURVEY_PIECE - 1) / SURVEY_PIECE;
    survey_job job = {.source = source};
    FX__TRY(fx__allocate(pieces, sizeof *job.pieces, &job.pieces, error));
    fx_status status = fx__parallel_for(pieces, survey_piece, &job, error);
    if (status == FX_OK)
        for (size_t i = 0; i < pieces; i++) survey_add(out, &job.pieces[i]);
    free(job.pieces);
    return status;
}

// --- a view of another source ---

static fx_status subset_get(const void *self, size_t index, fx_image *out, fx_error *error) {
    const fx_image_subset *subset = self;
    return subset->base->get(subset->base->self, subset->indices[index], out, error);
}

static fx_status subset_probe(const void *self, size_t index, fx_image *out, fx_error *error) {
    const fx_image_subset *subset = self;
    return subset->base->probe(subset->base->self, subset->indices[index], out, error);
}

static void subset_name(const void *self, size_t index, char *out, size_t size) {
    const fx_image_subset *subset = self;
    subset->base->name(subset->base->self, subset->indices[index], out, size);
}

fx_image_source fx_image_source_subset(const fx_image_source *base, const uint32_t *indices,
                                       size_t count, fx_image_subset *storage) {
    *storage = (fx_image_subset){base, indices};
    return (fx_image_source){storage, count, subset_get, subset_probe, subset_name};
}

// --- another source, mirrored ---

static fx_status mirrored_get(const void *self, size_t index, fx_image *out, fx_error *error) {
    const fx_image_source *base = self;
    FX__TRY(base->get(base->self, index, out, error));
    if (out->capacity == 0) { // lent pixels stay as they are
        const fx_image lent = *out;
        *out = (fx_image){0};
        FX__TRY(fx_image_reserve(out, lent.width, lent.height, lent.channels, error));
        memcpy(out->pixels, lent.pixels, out->capacity);
    }
    fx_image_flip(out);
    return FX_OK;
}

static fx_status mirrored_probe(const void *self, size_t index, fx_image *out, fx_error *error) {
    const fx_image_source *base = self;
    return base->probe(base->self, index, out, error);
}

static void mirrored_name(const void *self, size_t index, char *out, size_t size) {
    const fx_image_source *base = self;
    base->name(base->self, index, out, size);
}

fx_image_source fx_image_source_mirrored(const fx_image_source *base) {
    return (fx_image_source){base, base->count, mirrored_get, mirrored_probe, mirrored_name};
}

// --- a list of files ---

static fx_status files_get(const void *self, size_t index, fx_image *out, fx_error *error) {
    return fx_image_load(((const char *const *)self)[index], out, error);
}

static fx_status files_probe(const void *self, size_t index, fx_image *out, fx_error *error) {
    return fx_image_probe(((const char *const *)self)[index], out, error);
}

static void files_name(const void *self, size_t index, char *out, size_t size) {
    if (size > 0) snprintf(out, size, "%s", ((const char *const *)self)[index]);
}

fx_image_source fx_image_source_files(const char *const *paths, size_t count) {
    return (fx_image_source){paths, count, files_get, files_probe, files_name};
}
