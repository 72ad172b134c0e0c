// Rows of numbers with labels, wherever they come from: images through a descriptor, or a
// descriptor file.
#ifndef FEATX_EXPERIMENT_ROWS_H
#define FEATX_EXPERIMENT_ROWS_H

#include "featx/augmentation.h"
#include "featx/descriptor.h"
#include "featx/training.h"
#include "src/base/npy.h"

typedef struct fx_rows {
    size_t count, length;
    const int *labels;               // [count]; NULL where unknown
    const fx_image_source *images;   // `count` images, seen through
    const fx_descriptor *descriptor; // this; or NULL and
    const fx_npy_rows *file;         // rows of this,
    const uint32_t *indices;         // [count]
} fx_rows;

// Rows that are handled at once where not all of them fit: about 32 MB, whatever the threads.
size_t fx__rows_chunk(size_t length);

// Rows begin … begin+n-1 into x[n, length]. With FX_ON_ERROR_SKIP valid[n] tells which came through
// (the others are zeroed); else it may be NULL.
FX_MUST_CHECK fx_status fx__rows_fill(const fx_rows *rows, size_t begin, size_t n, float *x,
                                      fx_on_error on_error, bool *valid,
                                      const fx_progress *progress, fx_error *error);

// Rows of a descriptor file as samples, without copying. *rows must outlive them. More than
// `window` MiB of them (as float32, however they are stored) are shuffled in windows of that size.
fx_samples fx__samples_of_rows(const fx_rows *rows, int window);

// A view of base's samples indices[count]. labels[count] are the view's own. What it points to must
// outlive it.
typedef struct fx_samples_view {
    fx_samples base;
    const uint32_t *indices;
} fx_samples_view;
fx_samples fx__samples_view(const fx_samples *base, const uint32_t *indices, size_t count,
                            const int *labels, fx_samples_view *storage);

// Images that are augmented and described whenever they are asked for: sample i in epoch e is a
// function of (seed, e, i), and the plain image in epoch 0. Free with fx__augmented_destroy.
typedef struct fx_augmented fx_augmented;
FX_MUST_CHECK fx_status fx__augmented_create(const fx_rows *rows,
                                             const fx_augmentation_params *params, uint64_t seed,
                                             fx_augmented **out, fx_samples *samples,
                                             fx_error *error);
// Samples from here on are those of another seed.
void fx__augmented_reseed(fx_augmented *augmented, uint64_t seed);
void fx__augmented_destroy(fx_augmented *augmented);
#endif
