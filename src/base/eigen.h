// Eigenvectors of a symmetric matrix (LAPACK, which OpenBLAS brings along).
#ifndef FEATX_BASE_EIGEN_H
#define FEATX_BASE_EIGEN_H

#include <stddef.h>

#include "featx/error.h"

// matrix[n, n] becomes its eigenvectors, one a row, of length 1; values[n] their eigenvalues,
// ascending. Same bytes for any number of threads. FX_ERROR_MEMORY; FX_ERROR_NUMERIC where the
// matrix is not finite or the iteration does not converge.
FX_MUST_CHECK fx_status fx__eigen_symmetric(size_t n, double *matrix, double *values,
                                            fx_error *error);
#endif
