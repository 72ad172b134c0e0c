// Rows of descriptors going into files, a chunk at a time.
#ifndef FEATX_TOOLS_ROW_WRITER_H
#define FEATX_TOOLS_ROW_WRITER_H

#include "src/base/npy.h"
#include "tools/inputs.h"

typedef enum row_format {
    ROWS_NPY,   // OUT.npy with OUT.labels.npy, OUT.paths.txt and OUT.json beside it
    ROWS_CSV,   // path[,class],f0,f1,… with a header
    ROWS_LIBSVM // class index:value …, indices from 1, zeros left out; class 0 where unlabeled
} row_format;

typedef struct row_writer {
    row_format format;
    const char *path; // "-" is standard output: the rows alone
    const inputs *inputs;
    size_t length;
    size_t count;         // rows written
    fx_row_splits splits; // of the rows written
    fx_npy_writer npy;
    fx_writer text, paths;
    int64_t *labels; // [count], of npy
} row_writer;

// FX_ERROR_USAGE names what is accepted; NULL is npy.
FX_MUST_CHECK fx_status row_format_parse(const char *name, row_format *out, fx_error *error);

// `path` NULL counts rows and writes nothing.
FX_MUST_CHECK fx_status row_writer_open(const char *path, row_format format, const inputs *inputs,
                                        size_t length, row_writer *out, fx_error *error);
// rows[n, length] of inputs first … first+n-1; those with valid[i] false are left out.
FX_MUST_CHECK fx_status row_writer_append(row_writer *writer, const float *rows, size_t first,
                                          size_t n, const bool *valid, fx_error *error);
// Puts the files in their places, the JSON last: where it stands, all of them are whole.
FX_MUST_CHECK fx_status row_writer_commit(row_writer *writer, const fx_descriptor *descriptor,
                                          fx_error *error);
void row_writer_abort(row_writer *writer); // safe after commit
#endif
