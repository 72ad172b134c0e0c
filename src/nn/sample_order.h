// In which order an epoch sees the samples.
#ifndef FEATX_NN_SAMPLE_ORDER_H
#define FEATX_NN_SAMPLE_ORDER_H

#include <stdint.h>

#include "featx/training.h"

// order[samples->count] of epoch `epoch` (1-based).
FX_MUST_CHECK fx_status fx__sample_order(const fx_samples *samples, uint64_t seed, uint32_t epoch,
                                         uint32_t *order, fx_error *error);
#endif
