// The JSON beside a descriptor file: OUT.json of OUT.npy, what its rows are.
//
//   {"format": "featx-descriptors", "version": 1,
//    "descriptor": {…},                 the resolved parameters, as fx__descriptor_json writes them
//    "descriptor_sha256": "…",          parameters and what was learned
//    "count": n, "length": d,
//    "classes": ["a", …],               or null
//    "splits": {"train": [begin, end], "validation": [begin, end], "test": [begin, end]}}
//
// Rows of a data set stand in the order train, validation, test; a split may be absent. Loose files
// have no "splits". Labels stand in OUT.labels.npy.
#ifndef FEATX_EXPERIMENT_DESCRIPTOR_FILE_H
#define FEATX_EXPERIMENT_DESCRIPTOR_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "featx/descriptor.h"

typedef struct fx_row_range {
    size_t begin, end; // rows; equal where the split does not exist
} fx_row_range;

typedef struct fx_row_splits {
    fx_row_range train, validation, test;
} fx_row_splits;

typedef struct fx_descriptor_file {
    char *specification; // the value of "descriptor", one line of JSON
    char sha256[65];
    size_t count, length;
    int classes; // 0 where null
    char **class_names;
    bool has_splits;
    fx_row_splits splits;
} fx_descriptor_file;

// class_names NULL with classes 0 writes null; splits NULL writes none. Atomic. FX_ERROR_IO.
FX_MUST_CHECK fx_status fx__descriptor_file_write_json(
    const char *path, const fx_descriptor *descriptor, size_t count, size_t length,
    const char *const *class_names, int classes, const fx_row_splits *splits, fx_error *error);
// FX_ERROR_IO, FX_ERROR_FORMAT; messages start with the path. Free with
// fx__descriptor_file_destroy.
FX_MUST_CHECK fx_status fx__descriptor_file_read_json(const char *path, fx_descriptor_file *out,
                                                      fx_error *error);
void fx__descriptor_file_destroy(fx_descriptor_file *file);

// "OUT" + extension for "OUT.npy". FX_ERROR_USAGE where the path does not end in .npy. Free with
// free().
FX_MUST_CHECK fx_status fx__descriptor_file_sibling(const char *npy, const char *extension,
                                                    char **out, fx_error *error);
#endif
