// Rows of descriptors going into files, a piece at a time.
//
// OUT.npy and OUT.paths.txt grow as OUT.npy.partial and OUT.paths.txt.partial, beside OUT.resume
// (resume.h): what a later process needs to go on. Their own sizes say how far the writing came, so
// a process may end at any moment.
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
    const fx_descriptor *descriptor;
    size_t length;
    size_t piece;         // images
    size_t next;          // input to begin with: a whole number of pieces, or all
    size_t count;         // rows written
    size_t resumed;       // of them, by an earlier process
    fx_row_splits splits; // of the rows written
    fx_npy_writer npy;
    fx_writer text, paths;
    char *manifest;  // path of OUT.resume; NULL where there is nothing to go on from
    int64_t *labels; // [count], of npy
} row_writer;

// FX_ERROR_USAGE names what is accepted; NULL is npy.
FX_MUST_CHECK fx_status row_format_parse(const char *name, row_format *out, fx_error *error);

// out->format, path, inputs, descriptor, length and piece are given. `path` NULL counts rows and
// writes nothing. With `resume` goes on from what an earlier process left, if it left anything;
// FX_ERROR_DATA where inputs or settings have changed since.
FX_MUST_CHECK fx_status row_writer_open(row_writer *writer, bool resume, fx_error *error);
// rows[n, length] of inputs first … first+n-1; those with valid[i] false (NULL: none) are left out.
FX_MUST_CHECK fx_status row_writer_append(row_writer *writer, const float *rows, size_t first,
                                          size_t n, const bool *valid, fx_error *error);
// Puts the files in their places, the JSON last: where it stands, all of them are whole.
FX_MUST_CHECK fx_status row_writer_commit(row_writer *writer, fx_error *error);
// Ends here, for a later process to go on. *kept is false where it cannot, and nothing is left.
FX_MUST_CHECK fx_status row_writer_keep(row_writer *writer, bool *kept, fx_error *error);
void row_writer_abort(row_writer *writer); // leaves nothing; safe after commit
#endif
