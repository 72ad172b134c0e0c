// Dropout masks from Philox4x32-10, sixteen blocks at a time.
//
// The columns of a sample are cut into groups of 128. A group is served by sixteen consecutive
// blocks of the generator of (seed, FX_RNG_DROPOUT, epoch, layer << 48 | position), counting from
// 16 · group. Column 32·w + 16·h + b of the group takes half h (0: the low 16 bits) of word w of
// its block b, and stays where that number is at least the threshold, 65536 · probability.
//
// The rounds are those of src/base/rng.c, over arrays so that they vectorize; the tests compare the
// two.
//
// Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
// JMLR 15, 2014.
#include "src/nn/dropout.h"

#include <assert.h>
#include <string.h>

#include "featx/rng.h"
#include "src/base/kernel.h"

enum { BLOCKS = 16, GROUP = 8 * BLOCKS, ROUNDS = 10 };

static uint32_t threshold(float probability) {
    return (uint32_t)(probability * 65536.0f + 0.5f);
}

float fx__dropout_scale(float probability) {
    return 65536.0f / (65536.0f - (float)threshold(probability));
}

FX__KERNEL
void fx__dropout_mask(fx__dropout_key key, unsigned layer, float probability, size_t count,
                      uint8_t *kept) {
    assert(layer < 256 && key.position < (uint64_t)1 << 48);
    const fx_rng rng =
        fx_rng_at(key.seed, FX_RNG_DROPOUT, key.epoch, (uint64_t)layer << 48 | key.position);
    const uint16_t from = (uint16_t)threshold(probability);
    for (size_t column = 0; column < count; column += GROUP) {
        const uint32_t first = (uint32_t)(column / GROUP * BLOCKS);
        uint32_t words[4][BLOCKS];
#pragma omp simd
        for (int b = 0; b < BLOCKS; b++) {
            uint32_t c0 = first + (uint32_t)b;
            uint32_t c1 = rng.counter[1], c2 = rng.counter[2], c3 = rng.counter[3];
            uint32_t k0 = rng.key[0], k1 = rng.key[1];
#pragma GCC unroll 10
            for (int round = 0; round < ROUNDS; round++) {
                uint64_t product_0 = (uint64_t)0xD2511F53u * c0;
                uint64_t product_1 = (uint64_t)0xCD9E8D57u * c2;
                c0 = (uint32_t)(product_1 >> 32) ^ c1 ^ k0;
                c1 = (uint32_t)product_1;
                c2 = (uint32_t)(product_0 >> 32) ^ c3 ^ k1;
                c3 = (uint32_t)product_0;
                k0 += 0x9E3779B9u;
                k1 += 0xBB67AE85u;
            }
            words[0][b] = c0;
            words[1][b] = c1;
            words[2][b] = c2;
            words[3][b] = c3;
        }
        uint16_t numbers[GROUP];
        for (int w = 0; w < 4; w++)
#pragma omp simd
            for (int b = 0; b < BLOCKS; b++) {
                numbers[2 * BLOCKS * w + b] = (uint16_t)words[w][b];
                numbers[2 * BLOCKS * w + BLOCKS + b] = (uint16_t)(words[w][b] >> 16);
            }
        uint8_t stays[GROUP];
#pragma omp simd
        for (int j = 0; j < GROUP; j++) stays[j] = numbers[j] >= from;
        memcpy(kept + column, stays, count - column < GROUP ? count - column : GROUP);
    }
}

FX__KERNEL
void fx__dropout_apply(size_t rows, size_t count, const uint8_t *kept, size_t kept_stride,
                       float scale, float *x, size_t stride) {
    for (size_t i = 0; i < rows; i++) {
        const uint8_t *stays = kept + i * kept_stride;
        float *row = x + i * stride;
#pragma omp simd
        for (size_t j = 0; j < count; j++) row[j] = stays[j] ? row[j] * scale : 0.0f;
    }
}
