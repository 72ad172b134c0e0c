// Philox4x32-10 (Salmon et al. 2011): ten rounds of two 32 × 32 → 64 bit products, keyed by the
// seed and counting in a 128-bit counter {block, sample low, sample high | purpose, epoch}.
#include "featx/rng.h"

#include <assert.h>
#include <math.h>

static const uint32_t MULTIPLIER_0 = 0xD2511F53, MULTIPLIER_1 = 0xCD9E8D57;
static const uint32_t WEYL_0 = 0x9E3779B9, WEYL_1 = 0xBB67AE85;

void fx_philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t output[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t product_0 = (uint64_t)MULTIPLIER_0 * c0;
        uint64_t product_1 = (uint64_t)MULTIPLIER_1 * c2;
        c0 = (uint32_t)(product_1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)product_1;
        c2 = (uint32_t)(product_0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)product_0;
        k0 += WEYL_0;
        k1 += WEYL_1;
    }
    output[0] = c0;
    output[1] = c1;
    output[2] = c2;
    output[3] = c3;
}

fx_rng fx_rng_at(uint64_t seed, fx_rng_purpose purpose, uint32_t epoch, uint64_t sample) {
    assert((unsigned)purpose < 256 && sample < (uint64_t)1 << 56);
    return (fx_rng){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, (uint32_t)sample, (uint32_t)(sample >> 32) << 8 | ((uint32_t)purpose & 0xFF),
                    epoch},
    };
}

uint32_t fx_rng_uint32(fx_rng *rng) {
    if (rng->unused == 0) {
        fx_philox4x32_10(rng->counter, rng->key, rng->output);
        rng->counter[0]++;
        rng->unused = 4;
    }
    return rng->output[4 - rng->unused--];
}

// Source: Lemire, "Fast random integer generation in an interval", TOMACS 29(1), 2019.
uint32_t fx_rng_below(fx_rng *rng, uint32_t n) {
    assert(n > 0);
    uint64_t product = (uint64_t)fx_rng_uint32(rng) * n;
    if ((uint32_t)product < n) {
        uint32_t threshold = -n % n;
        while ((uint32_t)product < threshold) product = (uint64_t)fx_rng_uint32(rng) * n;
    }
    return (uint32_t)(product >> 32);
}

double fx_rng_uniform(fx_rng *rng) {
    uint64_t high = fx_rng_uint32(rng) >> 5, low = fx_rng_uint32(rng) >> 6;
    return (double)(high << 26 | low) * 0x1p-53;
}

double fx_rng_normal(fx_rng *rng) {
    const double two_pi = 6.283185307179586;
    double radius = sqrt(-2 * log(1 - fx_rng_uniform(rng)));
    return radius * cos(two_pi * fx_rng_uniform(rng));
}

void fx_rng_shuffle(fx_rng *rng, uint32_t *values, size_t count) {
    assert(count <= UINT32_MAX);
    for (size_t i = count; i > 1; i--) {
        size_t j = fx_rng_below(rng, (uint32_t)i);
        uint32_t swapped = values[i - 1];
        values[i - 1] = values[j];
        values[j] = swapped;
    }
}
