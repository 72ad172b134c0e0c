// LAPACK's dsyevd (divide and conquer) by its Fortran name: Debian's OpenBLAS carries it, its C
// interface is a package of its own. LAPACK is column-major, so eigenvectors, its columns, are our
// rows; the input is symmetric.
#include "src/base/eigen.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "src/base/gemm.h"
#include "src/base/memory.h"

// The last two arguments are the hidden lengths of the character arguments.
void dsyevd_(const char *job, const char *triangle, const int *n, double *a, const int *lda,
             double *w, double *work, const int *work_size, int *iwork, const int *iwork_size,
             int *info, size_t job_length, size_t triangle_length);

fx_status fx__eigen_symmetric(size_t n, double *matrix, double *values, fx_error *error) {
    if (n == 0) return FX_OK;
    size_t cells;
    if (n > INT_MAX || !fx__size_mul(n, n, &cells))
        return fx_error_set(error, FX_ERROR_MEMORY, "a matrix of %zu × %zu is too large", n, n);
    for (size_t i = 0; i < cells; i++)
        if (!isfinite(matrix[i]))
            return fx_error_set(error, FX_ERROR_NUMERIC,
                                "a matrix whose eigenvalues are needed is not finite");
    fx__gemm_is_parallel(); // prepares OpenBLAS: one thread

    int size = (int)n, info = 0, query = -1, iwork_size = 0;
    double wanted = 0;
    dsyevd_("V", "U", &size, matrix, &size, values, &wanted, &query, &iwork_size, &query, &info, 1,
            1);
    if (info != 0 || wanted > INT_MAX)
        return fx_error_set(error, FX_ERROR_MEMORY, "a matrix of %zu × %zu is too large", n, n);
    int work_size = (int)wanted;
    double *work = NULL;
    int *iwork = NULL;
    fx_status status = FX_OK;
    FX__TRY_GOTO(fx__allocate((size_t)work_size, sizeof *work, &work, error));
    FX__TRY_GOTO(fx__allocate((size_t)iwork_size, sizeof *iwork, &iwork, error));
    dsyevd_("V", "U", &size, matrix, &size, values, work, &work_size, iwork, &iwork_size, &info, 1,
            1);
    if (info != 0)
        status = fx_error_set(error, FX_ERROR_NUMERIC,
                              "the eigenvalues of a %zu × %zu matrix did not converge", n, n);
done:
    free(work);
    free(iwork);
    return status;
}
