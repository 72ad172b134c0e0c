// INPUT…: image files, folders, data sets and `-`, as one list of images.
#ifndef FEATX_TOOLS_INPUTS_H
#define FEATX_TOOLS_INPUTS_H

#include "src/experiment/descriptor_file.h"
#include "tools/options.h"
#include "tools/watch.h"

// Must not be moved once opened.
typedef struct inputs {
    fx_image_source images; // all of them; of a data set in the order train, validation, test
    size_t count;           // = images.count
    // Of one data set or folder of classes; of loose files classes is 0 and the rest NULL.
    int classes;
    const char *const *class_names;
    int *labels; // [count]
    fx_row_splits splits;

    fx_dataset dataset;
    char **paths; // of loose files
    size_t path_count, path_capacity;
    size_t ignored; // files of folders that are not images, or stand beside folders of classes
    fx_image standard_input;
    bool has_standard_input;
    uint32_t *kept; // what inputs_drop_bad() left
    fx_image_subset subset;
    fx_image_source all;
    watch watch;
} inputs;

typedef enum input_kinds {
    INPUTS_FILES,   // folders are searched for images, at any depth
    INPUTS_DATASETS // and one argument alone may be a data set or a folder of classes
} input_kinds;

// FX_ERROR_USAGE: no such input. FX_ERROR_DATA: a folder without images. With FX_ON_ERROR_SKIP the
// images that cannot be had are reported when they are met.
FX_MUST_CHECK fx_status inputs_open(const options *options, const char *const *arguments,
                                    size_t count, input_kinds kinds, uint64_t seed, inputs *out,
                                    fx_error *error);
void inputs_close(inputs *inputs);

// Leaves out the images that cannot be probed or, with `decode`, decoded, and those that `check`
// (may be NULL) is not content with. FX_ERROR_DATA where none is left or, with `decode`, none of
// the training split.
typedef fx_status inputs_check(const void *context, const fx_image *image, fx_error *error);
FX_MUST_CHECK fx_status inputs_drop_bad(inputs *inputs, bool decode, inputs_check *check,
                                        const void *context, fx_error *error);

// Reports image `index` of inputs->images as skipped, unless it was.
void inputs_report(inputs *inputs, size_t index, const fx_error *reason);

// The images to learn from: the training split, or all where there is none.
fx_image_source inputs_training(const inputs *inputs);
#endif
