// NumPy's .npy, versions 1.0 to 3.0, C order, little-endian.
// Source: NumPy Enhancement Proposal 1.
#ifndef FEATX_BASE_NPY_H
#define FEATX_BASE_NPY_H

#include <stdint.h>

#include "featx/matrix.h"
#include "src/base/file.h"

// A [rows, columns] float32 file written row by row; the number of rows is put into the header at
// the end, so memory does not grow with it. `rows_hint` is written to the header first: for
// standard output it must be exact.
typedef struct fx_npy_writer {
    fx_writer writer;
    size_t rows, columns, rows_hint;
} fx_npy_writer;

FX_MUST_CHECK fx_status fx__npy_open(const char *path, size_t columns, size_t rows_hint,
                                     fx_npy_writer *out, fx_error *error);
// The same over fx__writer_open_partial: *rows is the number of whole rows that an earlier process
// left. Nothing is written before fx__npy_keep_rows.
FX_MUST_CHECK fx_status fx__npy_open_partial(const char *path, size_t columns, size_t rows_hint,
                                             fx_npy_writer *out, size_t *rows, fx_error *error);
// Goes on behind the first `rows` of those; 0 begins anew.
FX_MUST_CHECK fx_status fx__npy_keep_rows(fx_npy_writer *npy, size_t rows, fx_error *error);
// Reads rows first … first+count-1 of those kept into out[count, columns].
FX_MUST_CHECK fx_status fx__npy_read_back(fx_npy_writer *npy, size_t first, size_t count,
                                          float *out, fx_error *error);
FX_MUST_CHECK fx_status fx__npy_append(fx_npy_writer *writer, const float *rows, size_t count,
                                       fx_error *error);
FX_MUST_CHECK fx_status fx__npy_commit(fx_npy_writer *writer, fx_error *error);
void fx__npy_abort(fx_npy_writer *npy);

FX_MUST_CHECK fx_status fx__npy_save_int64(const char *path, const int64_t *values, size_t count,
                                           fx_error *error);

// Reads a 2-D float32 or float64 file (converted), a 1-D one as one column.
FX_MUST_CHECK fx_status fx__npy_load(const char *path, fx_matrix *out, fx_error *error);
// The rows of a 2-D float32 file, mapped into memory: only what is looked at is read. The file must
// not become shorter while it is mapped.
typedef struct fx_npy_map {
    size_t rows, columns;
    const float *data; // [rows, columns]
    void *base;
    size_t bytes;
} fx_npy_map;
FX_MUST_CHECK fx_status fx__npy_map(const char *path, fx_npy_map *out, fx_error *error);
void fx__npy_unmap(fx_npy_map *map);

// Rows of a 2-D float32, float16 or float64 file, as float32. The first two are mapped: pages come
// from the disk when rows are asked for, and go again when much was, so that files larger than
// memory can be used. A mapped file must not be shortened by others meanwhile: that ends the
// program (SIGBUS). Our own writers replace files, which does no harm.
typedef struct fx_npy_rows {
    size_t rows, columns;
    bool half;                 // float16
    const unsigned char *data; // [rows, columns], aligned to an element
    void *mapping;             // NULL where the data is owned
    size_t mapped_bytes;
    struct fx_npy_usage *usage; // of mapped files that are large, else NULL
} fx_npy_rows;

FX_MUST_CHECK fx_status fx__npy_rows_open(const char *path, fx_npy_rows *out, fx_error *error);
void fx__npy_rows_close(fx_npy_rows *rows);
// Has the row's surroundings read in the background. One thread at a time.
void fx__npy_row_wanted(const fx_npy_rows *rows, size_t index);
// out[columns] = one row. Any number of threads may call.
void fx__npy_row(const fx_npy_rows *rows, size_t index, float *out);
// Says that `count` rows were read: lets pages go where that makes too many. The system keeps them
// as long as it has room. One thread at a time.
void fx__npy_rows_done(const fx_npy_rows *rows, size_t count);

// Reads a 1-D file of any integer type.
FX_MUST_CHECK fx_status fx__npy_load_int64(const char *path, int64_t **out, size_t *count,
                                           fx_error *error);
#endif
