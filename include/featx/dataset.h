// Data sets: labeled images in splits, whatever the format they came in.
#ifndef FEATX_DATASET_H
#define FEATX_DATASET_H

#include <stdint.h>

#include "featx/image_source.h"
#include "featx/progress.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fx_split {
    fx_image_source images; // count 0 where the split does not exist
    const int *labels;      // [images.count], 0 … classes-1
} fx_split;

typedef struct fx_dataset {
    const char *name;
    int classes;
    const char *const *class_names;   // [classes]
    fx_split train, validation, test; // validation: only where the data set brings one (val/)
    size_t ignored;                   // files of an image folder that are not images
    void *owner;                      // the loader's
    void (*destroy_owner)(void *owner);
} fx_dataset;

typedef struct fx_dataset_options {
    const char *data_root;              // where NAME of a catalog entry lies: data_root/NAME
    const char *const *catalog_folders; // NULL-terminated; searched in order for NAME.yaml
    const char *labels;                 // of CIFAR-100 alone: "fine" (NULL) or "coarse"
    float test_fraction;                // of a folder without splits; 0 is the default: what the
                                        // catalog says, else 0.2
    uint64_t seed;                      // of shapes and of splits drawn here
} fx_dataset_options;

// Loads `shapes`, a name of the catalog, or a path. What has a slash or begins with a dot is a
// path; anything else is `shapes`, else a name of the catalog, else a folder here. So `mnist` is
// always the data set in data_root, and ./mnist the folder. At a path lies a CIFAR binary folder,
// an IDX folder or an image folder, told apart by the names of the files in it. `options` may be
// NULL. FX_ERROR_USAGE: no such name or path (the message lists the names), an option or a key of
// the catalog out of range. FX_ERROR_IO, FX_ERROR_FORMAT, FX_ERROR_DATA: each names the file, what
// was found, what was expected; where the data of a name are absent, how to get them. Fills *out,
// to be freed by fx_dataset_destroy.
FX_MUST_CHECK fx_status fx_dataset_load(const char *name, const fx_dataset_options *options,
                                        fx_dataset *out, fx_error *error);
void fx_dataset_destroy(fx_dataset *dataset);

// The built-in data set: 32 × 32 RGB, 10 classes, 6,000 training and 1,000 test images, a function
// of the seed. What each class shows stands in datasets/shapes.c.
FX_MUST_CHECK fx_status fx_shapes_create(uint64_t seed, fx_dataset *out, fx_error *error);

// Splits 0 … count-1 by class: *first gets `fraction` of each class (rounded; strictly between 0
// and 1 at least one of a class of two or more goes to each side), *second the rest, both
// ascending. Seeded. Free both with free(). FX_ERROR_USAGE: a fraction outside 0 … 1.
// FX_ERROR_DATA: a label outside 0 … classes-1.
FX_MUST_CHECK fx_status fx_stratified_split(const int *labels, size_t count, int classes,
                                            double fraction, uint64_t seed, uint32_t **first,
                                            size_t *first_count, uint32_t **second,
                                            size_t *second_count, fx_error *error);

#ifdef __cplusplus
}
#endif
#endif
