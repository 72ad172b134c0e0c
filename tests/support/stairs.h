// An image whose gradients all point to multiples of 45°: the sum of a walk of ±1 along x and one
// along y.
#ifndef FEATX_TESTS_STAIRS_H
#define FEATX_TESTS_STAIRS_H

#include "tests/support/noise.h"

// Up to 60 × 60 pixels or so before values leave 0 … 255.
static inline void stairs_image(uint32_t seed, int height, int width, uint8_t *out) {
    int down = 128;
    for (int y = 0; y < height; y++, down += noise(seed, (uint32_t)y) >> 31 ? 3 : -3) {
        int value = down;
        for (int x = 0; x < width; x++, value += noise(seed + 1, (uint32_t)x) >> 31 ? 3 : -3)
            out[y * width + x] = (uint8_t)value;
    }
}
#endif
