// Samples as a trainer takes them.
#ifndef FEATX_NN_SAMPLES_H
#define FEATX_NN_SAMPLES_H

#include "src/nn/network.h"

// x[n, inputs] = the samples indices[n] as seen in `epoch`, standardized as `mlp` does; rows of a
// matrix in one pass.
FX_MUST_CHECK fx_status fx__samples_gather(const fx_samples *samples, const fx_mlp *mlp,
                                           uint32_t epoch, const uint32_t *indices, size_t n,
                                           float *x, fx_error *error);

// Sets the standardization of `mlp` from all samples, as seen in epoch 0, reading them in order and
// in chunks of `rows`; x[rows, inputs] and indices[rows] are scratch.
FX_MUST_CHECK fx_status fx__samples_standardize(const fx_samples *samples, fx_mlp *mlp, size_t rows,
                                                float *x, uint32_t *indices,
                                                const fx_progress *progress, fx_error *error);
#endif
