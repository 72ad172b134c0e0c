// exp, expm1, sigmoid and tanh of one float, written without branches so that a loop over them
// vectorizes.
//
// x = n·ln 2 + r with |r| ≤ ln 2 / 2; e^r - 1 = r + r²·P(r), P of degree 5 fitted to the least
// largest relative error (2.5e-10, far below the rounding); e^x = 2^n + 2^n·(e^r - 1). No fused
// multiply-add, so all instruction sets give the same bits. NaN in, NaN out.
//
// Largest errors, over sweeps of the floats (tests/property/test_activation.c):
//   exp      1 ulp;     below -103.98 it is 0, above 88.73 infinite, as rounding demands
//   expm1    1 ulp      for x ≤ 0
//   sigmoid  2.5 ulp    where it is not denormal
//   tanh     2.5 ulp
#ifndef FEATX_NN_VECTOR_MATH_H
#define FEATX_NN_VECTOR_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define FX__INLINE static inline __attribute__((always_inline))

FX__INLINE float fx__float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

FX__INLINE uint32_t fx__bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

// 2^n for -127 < n < 128.
FX__INLINE float fx__power_of_two(int32_t n) {
    return fx__float_of_bits((uint32_t)(n + 127) << 23);
}

// Splits x: *n, and e^r - 1 is returned. |x| < 2^20.
FX__INLINE float fx__exp_reduced(float x, int32_t *n) {
    const float rounder = 0x1.8p23f; // adding it rounds to an integer in the lowest bits
    const float log2_e = 1.44269504f;
    const float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f; // n · ln2_high is exact
    float shifted = x * log2_e + rounder;
    float whole = shifted - rounder;
    *n = (int32_t)(fx__bits_of_float(shifted) - fx__bits_of_float(rounder));
    float r = (x - whole * ln2_high) - whole * ln2_low;
    float p = 1.9845893e-4f;
    p = p * r + 1.3940823e-3f;
    p = p * r + 8.33339e-3f;
    p = p * r + 4.166636e-2f;
    p = p * r + 0.16666666f;
    p = p * r + 0.5f;
    return r + r * r * p;
}

FX__INLINE float fx__exp(float x) {
    x = x < -104.0f ? -104.0f : x;
    x = x > 89.0f ? 89.0f : x;
    int32_t n;
    float e = fx__exp_reduced(x, &n);
    int32_t half = n >> 1; // 2^n in two steps reaches denormals and infinity
    return (1.0f + e) * fx__power_of_two(half) * fx__power_of_two(n - half);
}

// e^x - 1 for x ≤ 0.
FX__INLINE float fx__expm1_negative(float x) {
    x = x < -20.0f ? -20.0f : x; // there it is -1
    int32_t n;
    float e = fx__exp_reduced(x, &n);
    float scale = fx__power_of_two(n);
    return scale * e + (scale - 1.0f);
}

FX__INLINE float fx__sigmoid(float x) {
    return 1.0f / (1.0f + fx__exp(-x));
}

FX__INLINE float fx__tanh(float x) {
    float e = fx__expm1_negative(-2.0f * fabsf(x));
    return copysignf(e / (e + 2.0f), x);
}
#endif
