// Integer noise that Python and C make alike: golden/words/make_words_golden.py.
#ifndef FEATX_TESTS_NOISE_H
#define FEATX_TESTS_NOISE_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t noise(uint32_t seed, uint32_t index) {
    uint32_t x = index + seed * 0x9E3779B9u;
    x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
    x = (x ^ (x >> 13)) * 0xC2B2AE35u;
    return x ^ (x >> 16);
}

// Multiples of 2^-16 in [-1/2, 1/2).
static inline double noise_unit(uint32_t seed, uint32_t index) {
    return (noise(seed, index) >> 16) / 65536.0 - 0.5;
}

// 8-bit noise, smoothed along x.
static inline void noise_image(uint32_t seed, int height, int width, int channels, uint8_t *out) {
    size_t count = (size_t)height * (size_t)width * (size_t)channels;
    for (size_t i = 0; i < count; i++) out[i] = (uint8_t)(noise(seed, (uint32_t)i) >> 24);
    for (int y = 0; y < height; y++) {
        uint8_t *line = out + (size_t)y * (size_t)width * (size_t)channels;
        for (int i = width * channels - 1; i >= channels; i--)
            line[i] = (uint8_t)((line[i] + 3 * line[i - channels] + 2) / 4);
    }
}
#endif
