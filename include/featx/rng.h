// Random numbers as a function, not a stream: Philox4x32-10, keyed by (seed, purpose, epoch,
// sample).
//
// Two generators with the same key give the same numbers whatever was drawn before, on whichever
// thread: initialization, shuffles, dropout masks, augmentation and patch sampling can be resumed,
// reordered and run in parallel without changing a bit.
//
// Source: Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#ifndef FEATX_RNG_H
#define FEATX_RNG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fx_rng_purpose {
    FX_RNG_SHAPES = 1, // the built-in data set
    FX_RNG_SPLIT,      // train/test and validation splits
    FX_RNG_PATCHES,    // which patches feed a vocabulary
    FX_RNG_KMEANS,     // seeding
    FX_RNG_WEIGHTS,    // initialization
    FX_RNG_SHUFFLE,    // order of samples
    FX_RNG_DROPOUT,
    FX_RNG_AUGMENT,
    FX_RNG_MIXUP,
    FX_RNG_SEARCH,    // hyper-parameters
    FX_RNG_BOOTSTRAP, // intervals
    FX_RNG_DISTURB,   // test images
    FX_RNG_USER = 128 // first value free for callers
} fx_rng_purpose;

typedef struct fx_rng {
    uint32_t key[2];     // seed
    uint32_t counter[4]; // block, sample (low), sample (high 24 bits) | purpose (8 bits), epoch
    uint32_t output[4];
    int unused; // values left in output
} fx_rng;

// purpose < 256, sample < 2^56.
fx_rng fx_rng_at(uint64_t seed, fx_rng_purpose purpose, uint32_t epoch, uint64_t sample);

uint32_t fx_rng_uint32(fx_rng *rng);
uint32_t fx_rng_below(fx_rng *rng, uint32_t n); // uniform over 0 … n-1, without bias; n ≥ 1
double fx_rng_uniform(fx_rng *rng);             // [0, 1), 53 random bits
double fx_rng_normal(fx_rng *rng); // mean 0, deviation 1 (Box–Muller, one of the pair)

// Fisher–Yates in place.
void fx_rng_shuffle(fx_rng *rng, uint32_t *values, size_t count);

// One block of Philox4x32-10: what the published known answers are stated for.
void fx_philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t output[4]);

#ifdef __cplusplus
}
#endif
#endif
