// The order of samples in epoch e, a function of (seed, e) and the number of samples.
//
// Samples that fit (window 0, or at least as many as there are): the Fisher–Yates shuffle of
// 0 … n-1 by the generator of (seed, FX_RNG_SHUFFLE, e, 0).
//
// Samples that do not: a random row of a file costs as much as the rows around it, so rows stay
// together in blocks of `block` consecutive samples (the last may be shorter). The blocks are
// shuffled by the generator of (seed, FX_RNG_SHUFFLE, e, 0); each run of window / block of them is
// a window, whose samples are shuffled by that of (seed, FX_RNG_SHUFFLE, e, 1 + window). Only one
// window's rows have to be in memory at a time, and each window is drawn from the whole file, so
// that a file sorted by class still gives mixed batches.
//
// Source: Xu et al., "In-database machine learning with CorgiPile: stochastic gradient descent
// without full data shuffle", SIGMOD 2022. They draw blocks with one window in memory as well.
#include "src/nn/sample_order.h"

#include <stdlib.h>

#include "featx/rng.h"
#include "src/base/memory.h"

static void shuffle(uint64_t seed, uint32_t epoch, uint64_t key, uint32_t *values, size_t count) {
    fx_rng rng = fx_rng_at(seed, FX_RNG_SHUFFLE, epoch, key);
    fx_rng_shuffle(&rng, values, count);
}

fx_status fx__sample_order(const fx_samples *samples, uint64_t seed, uint32_t epoch,
                           uint32_t *order, fx_error *error) {
    const size_t n = samples->count, block = samples->block > 0 ? samples->block : 1;
    if (samples->window == 0 || samples->window >= n) {
        for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
        shuffle(seed, epoch, 0, order, n);
        return FX_OK;
    }
    const size_t blocks = (n + block - 1) / block;
    const size_t together = samples->window > block ? samples->window / block : 1;
    uint32_t *shuffled;
    FX__TRY(fx__allocate(blocks, sizeof *shuffled, &shuffled, error));
    for (size_t b = 0; b < blocks; b++) shuffled[b] = (uint32_t)b;
    shuffle(seed, epoch, 0, shuffled, blocks);
    size_t filled = 0, begin = 0; // of the order; of the window in it
    for (size_t b = 0; b < blocks; b++) {
        size_t first = shuffled[b] * block, end = first + block < n ? first + block : n;
        for (size_t i = first; i < end; i++) order[filled++] = (uint32_t)i;
        if ((b + 1) % together != 0 && b + 1 < blocks) continue;
        shuffle(seed, epoch, 1 + b / together, order + begin, filled - begin);
        begin = filled;
    }
    free(shuffled);
    return FX_OK;
}
