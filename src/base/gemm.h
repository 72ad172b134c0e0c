// Matrix products in tiles (the only user of cblas.h).
//
// C is cut into tiles whose shapes depend on m, n and k alone; each tile is one single-threaded
// sgemm over the whole of k, and the tiles run under OpenMP. So the bytes are the same for any
// number of threads.
#ifndef FEATX_BASE_GEMM_H
#define FEATX_BASE_GEMM_H

#include <stdbool.h>
#include <stddef.h>

// C[m, n] = alpha · op(A)[m, k] · op(B)[k, n] + beta · C, row-major with leading dimensions.
// op(A) is A[m, k] or, with transpose_a, the transpose of A[k, m]; B likewise. beta 0 overwrites C,
// NaN included.
void fx__gemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, float alpha,
              const float *a, size_t lda, const float *b, size_t ldb, float beta, float *c,
              size_t ldc);

// One tile, in the calling thread: for loops that are parallel themselves.
void fx__gemm_serial(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, float alpha,
                     const float *a, size_t lda, const float *b, size_t ldb, float beta, float *c,
                     size_t ldc);

// False where the BLAS in use is not safe to call from several threads: products then run one at a
// time.
bool fx__gemm_is_parallel(void);

// The machine's matrix-product rate in FLOP/s: each of `threads` threads runs its own 2048³
// product, all at once; median of 5.
double fx__gemm_rate(int threads);

// Where OpenBLAS took a processor that it did not know for one without wide vectors: the value of
// OPENBLAS_CORETYPE that names a kernel as wide as the processor's; else NULL. OpenBLAS reads it
// when it is loaded, so that only the next process can have it. (0.3.21 takes Emerald Rapids for
// Prescott, and products run at a sixth of the speed.)
const char *fx__gemm_missed_core(void);

// "OpenBLAS 0.3.21, kernel Zen"
const char *fx__gemm_version(void);
#endif
