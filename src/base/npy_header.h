// The header of a .npy file and its data, for those who read them.
#ifndef FEATX_BASE_NPY_HEADER_H
#define FEATX_BASE_NPY_HEADER_H

#include "src/base/npy.h"

enum { FX__NPY_DIMENSIONS = 8 };

typedef struct fx__npy_header {
    char type[16]; // as descr has it: "<f4"
    bool fortran_order;
    int dimensions;
    size_t shape[FX__NPY_DIMENSIONS];
    size_t item_size;
} fx__npy_header;

// Reads the header and leaves the file at the data, whose size is then as the shape demands.
FX_MUST_CHECK fx_status fx__npy_read_header(FILE *file, uint64_t size, const char *path,
                                            fx__npy_header *out, fx_error *error);
// "[3, 2]"
void fx__npy_format_shape(const fx__npy_header *header, char *out, size_t size);
// The bytes of the data, aligned, read in one go. Free with free().
FX_MUST_CHECK fx_status fx__npy_read_data(FILE *file, const char *path,
                                          const fx__npy_header *header, size_t count,
                                          void *out_pointer, fx_error *error);
// float64 → float32, at the front of the same memory.
FX_MUST_CHECK fx_status fx__npy_narrow(const char *path, void *data, size_t count, fx_error *error);
#endif
