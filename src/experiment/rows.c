// Rows from images or from a descriptor file, and the fx_samples that a trainer draws from.
//
// Nothing here copies the matrix of a training set: a view maps its indices to those of its base,
// block by block. Augmented images are made in fixed pieces of PIECE samples, each by one thread
// with that thread's buffers, so bytes do not depend on the number of threads.
#include "src/experiment/rows.h"

#include <stdlib.h>
#include <string.h>

#include "featx/rng.h"
#include "src/base/memory.h"
#include "src/base/parallel.h"

enum {
    CHUNK_FLOATS = 8 << 20,
    CHUNK_ROWS = 1024,
    VIEW_BLOCK = 1024,
    PIECE = 4,
    BLOCK_BYTES = 1 << 20,
    BLOCKS = 64
};

size_t fx__rows_chunk(size_t length) {
    size_t rows = CHUNK_FLOATS / (length ? length : 1);
    return rows < 1 ? 1 : rows > CHUNK_ROWS ? CHUNK_ROWS : rows;
}

static void copy_row(const fx_rows *rows, size_t index, float *out) {
    fx__npy_row(rows->file, rows->indices[index], out);
}

fx_status fx__rows_fill(const fx_rows *rows, size_t begin, size_t n, float *x, fx_on_error on_error,
                        bool *valid, const fx_progress *progress, fx_error *error) {
    if (rows->images)
        return fx_descriptor_extract_range(rows->descriptor, rows->images, begin, begin + n,
                                           rows->length, x, on_error, valid, progress, error);
    for (size_t i = 0; i < n; ++i) fx__npy_row_wanted(rows->file, rows->indices[begin + i]);
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < n; ++i) {
        copy_row(rows, begin + i, x + i * rows->length);
        if (valid) valid[i] = true;
    }
    fx__npy_rows_done(rows->file, n);
    return FX_OK;
}

static fx_status fill_from_rows(const void *self, uint32_t epoch, const uint32_t *indices, size_t n,
                                float *x, fx_error *error) {
    (void)epoch, (void)error;
    const fx_rows *rows = self;
    for (size_t i = 0; i < n; ++i) fx__npy_row_wanted(rows->file, rows->indices[indices[i]]);
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < n; ++i) copy_row(rows, indices[i], x + i * rows->length);
    fx__npy_rows_done(rows->file, n);
    return FX_OK;
}

fx_samples fx__samples_of_rows(const fx_rows *rows, int window) {
    const size_t row = (rows->length ? rows->length : 1) * sizeof(float);
    const size_t together = ((size_t)window << 20) / row;
    const size_t part = ((size_t)window << 20) / BLOCKS; // small windows have many blocks as well
    const size_t block = (part < BLOCK_BYTES ? part : BLOCK_BYTES) / row;
    return (fx_samples){.self = rows,
                        .count = rows->count,
                        .length = rows->length,
                        .labels = rows->labels,
                        .fill = fill_from_rows,
                        .costly = rows->count > together,
                        .block = block > 0 ? block : 1,
                        .window = together > 0 ? together : 1};
}

static fx_status fill_view(const void *self, uint32_t epoch, const uint32_t *indices, size_t n,
                           float *x, fx_error *error) {
    const fx_samples_view *view = self;
    uint32_t mapped[VIEW_BLOCK];
    for (size_t begin = 0; begin < n; begin += VIEW_BLOCK) {
        size_t count = n - begin < VIEW_BLOCK ? n - begin : VIEW_BLOCK;
        for (size_t i = 0; i < count; ++i) mapped[i] = view->indices[indices[begin + i]];
        FX__TRY(view->base.fill(view->base.self, epoch, mapped, count,
                                x + begin * view->base.length, error));
    }
    return FX_OK;
}

fx_samples fx__samples_view(const fx_samples *base, const uint32_t *indices, size_t count,
                            const int *labels, fx_samples_view *storage) {
    *storage = (fx_samples_view){*base, indices};
    fx_samples view = *base;
    view.self = storage;
    view.count = count;
    view.labels = labels;
    view.fill = fill_view;
    return view;
}

// --- augmented images ---

// Buffers of one thread.
typedef struct worker {
    fx_descriptor_scratch *scratch;
    fx_image image;
    fx_augmentation_scratch spare;
} worker;

struct fx_augmented {
    const fx_rows *rows;
    fx_augmentation_params params;
    uint64_t seed;
    size_t worker_count;
    worker *workers; // [worker_count]
};

typedef struct fill_job {
    const fx_augmented *augmented;
    uint32_t epoch;
    const uint32_t *indices;
    size_t n;
    float *x;
} fill_job;

static fx_status describe(const fill_job *job, size_t row, worker *own, fx_error *error) {
    const fx_augmented *augmented = job->augmented;
    const fx_rows *rows = augmented->rows;
    uint32_t index = job->indices[row];
    FX__TRY(rows->images->get(rows->images->self, index, &own->image, error));
    if (job->epoch > 0) {
        fx_rng rng = fx_rng_at(augmented->seed, FX_RNG_AUGMENT, job->epoch, index);
        FX__TRY(fx_augmentation_apply(&augmented->params, &rng, &own->image, &own->spare, error));
    }
    size_t length;
    FX__TRY(fx_descriptor_length(rows->descriptor, own->image.width, own->image.height, &length,
                                 error));
    if (length != rows->length) {
        char name[256];
        rows->images->name(rows->images->self, index, name, sizeof name);
        return fx_error_set(error, FX_ERROR_DATA,
                            "%s: %d × %d pixels give %zu numbers, the images before it %zu; set "
                            "image.size",
                            name, own->image.width, own->image.height, length, rows->length);
    }
    return fx_descriptor_extract(rows->descriptor, own->scratch, &own->image,
                                 job->x + row * rows->length, error);
}

static fx_status fill_piece(void *context, size_t piece, int thread, fx_error *error) {
    const fill_job *job = context;
    worker *own = &job->augmented->workers[thread];
    size_t end = (piece + 1) * PIECE < job->n ? (piece + 1) * PIECE : job->n;
    for (size_t row = piece * PIECE; row < end; ++row) FX__TRY(describe(job, row, own, error));
    return FX_OK;
}

static fx_status fill_augmented(const void *self, uint32_t epoch, const uint32_t *indices, size_t n,
                                float *x, fx_error *error) {
    fill_job job = {self, epoch, indices, n, x};
    return fx__parallel_for((n + PIECE - 1) / PIECE, fill_piece, &job, error);
}

fx_status fx__augmented_create(const fx_rows *rows, const fx_augmentation_params *params,
                               uint64_t seed, fx_augmented **out, fx_samples *samples,
                               fx_error *error) {
    fx_augmented *augmented;
    FX__TRY(fx__allocate(1, sizeof *augmented, &augmented, error));
    *augmented = (fx_augmented){.rows = rows, .params = *params, .seed = seed};
    fx_status status;
    augmented->worker_count = (size_t)fx__threads();
    FX__TRY_GOTO(fx__allocate(augmented->worker_count, sizeof *augmented->workers,
                              &augmented->workers, error));
    for (size_t i = 0; i < augmented->worker_count; ++i)
        FX__TRY_GOTO(
            fx_descriptor_scratch_create(rows->descriptor, &augmented->workers[i].scratch, error));
    *samples = (fx_samples){.self = augmented,
                            .count = rows->count,
                            .length = rows->length,
                            .labels = rows->labels,
                            .fill = fill_augmented,
                            .costly = true};
    *out = augmented;
    return FX_OK;
done:
    fx__augmented_destroy(augmented);
    return status;
}

void fx__augmented_reseed(fx_augmented *augmented, uint64_t seed) {
    augmented->seed = seed;
}

void fx__augmented_destroy(fx_augmented *augmented) {
    if (!augmented) return;
    for (size_t i = 0; augmented->workers && i < augmented->worker_count; ++i) {
        fx_descriptor_scratch_destroy(augmented->workers[i].scratch);
        fx_image_destroy(&augmented->workers[i].image);
        fx_augmentation_scratch_destroy(&augmented->workers[i].spare);
    }
    free(augmented->workers);
    free(augmented);
}
