// A dense row-major matrix of float32 or a vector of them.
#ifndef FEATX_MATRIX_H
#define FEATX_MATRIX_H

#include <stddef.h>

#include "featx/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fx_matrix {
    size_t rows, columns;
    float *data; // [rows, columns] row-major, 64-byte aligned when made by fx_matrix_create
} fx_matrix;

// Allocates zeros. FX_ERROR_MEMORY where rows × columns floats cannot be had.
FX_MUST_CHECK fx_status fx_matrix_create(size_t rows, size_t columns, fx_matrix *out,
                                         fx_error *error);

// Frees the data and sets the matrix to 0 × 0. NULL and an already destroyed matrix are safe.
void fx_matrix_destroy(fx_matrix *matrix);

#ifdef __cplusplus
}
#endif
#endif
