// Row-major float32 matrices.
#include "featx/matrix.h"

#include <stdlib.h>

#include "src/base/memory.h"

fx_status fx_matrix_create(size_t rows, size_t columns, fx_matrix *out, fx_error *error) {
    *out = (fx_matrix){0};
    size_t count;
    if (!fx__size_mul(rows, columns, &count))
        return fx_error_set(error, FX_ERROR_MEMORY, "a matrix of %zu × %zu cannot be addressed",
                            rows, columns);
    FX__TRY(fx__allocate(count, sizeof(float), &out->data, error));
    out->rows = rows;
    out->columns = columns;
    return FX_OK;
}

void fx_matrix_destroy(fx_matrix *matrix) {
    if (!matrix) return;
    free(matrix->data);
    *matrix = (fx_matrix){0};
}
