// fx_model_data opened: what to train on and what to test on, images or rows alike.
#ifndef FEATX_EXPERIMENT_MODEL_DATA_H
#define FEATX_EXPERIMENT_MODEL_DATA_H

#include "featx/model.h"
#include "src/experiment/descriptor_file.h"
#include "src/experiment/rows.h"

// Points into itself: must not be moved once opened.
typedef struct fx_data {
    const char *name;
    int classes;
    const char *const *class_names; // [classes]

    fx_rows pool;       // the training samples, then the validation samples the data brings itself
    size_t train_count; // of pool
    fx_rows test;       // count 0 where there are none
    size_t skipped;     // images of the pool that cannot be decoded, with FX_ON_ERROR_SKIP

    // Of images: views of the data set.
    fx_image_source training; // the first train_count of pool
    fx_image_source pool_images, joined;
    const fx_image_source *parts[2]; // of joined
    fx_image_subset kept;
    // Of a descriptor file.
    fx_descriptor_file file;
    fx_npy_rows rows;
    char **numbered; // [classes] names where the file has none

    int *pool_labels, *test_labels;
    uint32_t *pool_indices, *test_indices;
} fx_data;

// Opens a data set (lent) or reads a descriptor file. A file without splits gets 20 % of each class
// as its test split, drawn by `seed`, unless `whole`: then all of its rows are for testing. With
// `whole`, a data set without a test split has all of its samples for testing as well.
FX_MUST_CHECK fx_status fx__data_open(const fx_model_data *source, bool whole, uint64_t seed,
                                      fx_on_error on_error, const fx_progress *progress,
                                      fx_data *out, fx_error *error);
void fx__data_close(fx_data *data);

// Sees images through a descriptor that makes `length` numbers.
void fx__data_describe(fx_data *data, const fx_descriptor *descriptor, size_t length);

// Renames the labels of the test samples to the places of their classes' names in
// names[classes]. FX_ERROR_DATA where a class that has samples is not among them.
FX_MUST_CHECK fx_status fx__data_map_classes(fx_data *data, const char *const *names, int classes,
                                             fx_error *error);
#endif
