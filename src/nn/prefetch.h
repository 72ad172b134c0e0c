// Batches made on other cores while the network trains.
#ifndef FEATX_NN_PREFETCH_H
#define FEATX_NN_PREFETCH_H

#include "src/nn/samples.h"

typedef struct fx__prefetch fx__prefetch;

// Batches of at most `rows` samples. *out is NULL where nothing would be won: with one thread, or
// samples that cost nothing to get.
FX_MUST_CHECK fx_status fx__prefetch_create(const fx_samples *samples, const fx_mlp *mlp,
                                            size_t rows, fx__prefetch **out, fx_error *error);
// Waits for what is being made. NULL is safe.
void fx__prefetch_destroy(fx__prefetch *prefetch);

// *x = the samples order[begin … begin+n-1] as seen in `epoch`, standardized: exchanged for a
// buffer of the same size, or filled where they were not being made (`prefetch` NULL among that).
// Then begins to make the `next` samples that follow them; order must stay as it is until the next
// call.
FX_MUST_CHECK fx_status fx__prefetch_take(fx__prefetch *prefetch, const fx_samples *samples,
                                          const fx_mlp *mlp, uint32_t epoch, const uint32_t *order,
                                          size_t begin, size_t n, size_t next, float **x,
                                          fx_error *error);
#endif
