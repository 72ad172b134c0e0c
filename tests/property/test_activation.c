// Accuracy of the vectorized exponentials, in units in the last place, over sweeps of the floats.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "featx/mlp.h"
#include "src/nn/activation.h"
#include "src/nn/vector_math.h"

// Distance of a float from the exact value, in spacings of floats there.
static double ulps(float found, double exact) {
    if (isinf(found) && exact > (double)INFINITY) return 0;
    int exponent;
    frexp(exact, &exponent);
    double spacing = ldexp(1, exponent - 24);
    if (spacing < 0x1p-149) spacing = 0x1p-149;
    return fabs((double)found - exact) / spacing;
}

// Every `stride`-th float between low and high, ascending in magnitude of bits.
static float *sweep(float low, float high, uint32_t stride, size_t *count) {
    float *values = malloc(((size_t)1 << 32) / stride * sizeof *values + 64);
    size_t n = 0;
    for (uint64_t bits = 0; bits < (uint64_t)1 << 32; bits += stride) {
        float value = fx__float_of_bits((uint32_t)bits);
        if (value >= low && value <= high) values[n++] = value; // false for NaN
    }
    *count = n;
    return values;
}

static double exact_sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

static void check_sweep(int activation, double (*exact)(double), float low, float high,
                        double limit) {
    size_t count;
    float *x = sweep(low, high, 1009, &count);
    float *y = malloc(count * sizeof *y), *one = calloc(count, sizeof *one);
    float *zero = calloc(count, sizeof *zero);
    for (size_t i = 0; i < count; i++) one[i] = 1;
    fx__activation_forward(activation, 1, count, x, count, one, zero, y, count);
    double worst = 0;
    float where = 0;
    for (size_t i = 0; i < count; i++) {
        double error = ulps(y[i], exact((double)x[i]));
        if (!(error <= worst)) worst = error, where = x[i];
    }
    cr_assert(worst <= limit, "activation %d: %g ulp at %.9g", activation, worst, (double)where);
    free(x);
    free(y);
    free(one);
    free(zero);
}

Test(activation, exp_within_its_stated_error) {
    size_t count;
    float *x = sweep(-200, 200, 499, &count);
    double worst = 0;
    float where = 0;
    for (size_t i = 0; i < count; i++) {
        double exact = exp((double)x[i]);
        float rounded = (float)exact; // infinite, or denormal, or 0, as it should be
        double error =
            isinf(rounded) ? (isinf(fx__exp(x[i])) ? 0 : 1e9) : ulps(fx__exp(x[i]), exact);
        if (!(error <= worst)) worst = error, where = x[i];
    }
    free(x);
    cr_assert(worst <= 1, "%g ulp at %.9g", worst, (double)where);
}

Test(activation, sigmoid_within_its_stated_error) {
    check_sweep(FX_SIGMOID, exact_sigmoid, -87, 200, 2.5);
}

Test(activation, tanh_within_its_stated_error) {
    check_sweep(FX_TANH, tanh, -50, 50, 2.5);
}

Test(activation, elu_within_its_stated_error) {
    check_sweep(FX_ELU, expm1, -200, 0, 1);
}

Test(activation, extremes) {
    cr_assert_eq(fx__exp(0), 1);
    cr_assert_eq(fx__exp(-INFINITY), 0);
    cr_assert(isinf(fx__exp(INFINITY)));
    cr_assert(isnan(fx__exp(NAN)));
    cr_assert_eq(fx__sigmoid(INFINITY), 1);
    cr_assert_eq(fx__sigmoid(-INFINITY), 0);
    cr_assert_eq(fx__tanh(INFINITY), 1);
    cr_assert_eq(fx__tanh(-INFINITY), -1);
    cr_assert_eq(fx__expm1_negative(-INFINITY), -1);
    for (int activation = FX_IDENTITY; activation < FX_MAXOUT; activation++) {
        // A NaN that vanished in an activation would hide a training that went astray.
        float x[3] = {1, NAN, -1}, y[3], one[3] = {1, 1, 1}, zero[3] = {0};
        fx__activation_forward(activation, 1, 3, x, 3, one, zero, y, 3);
        cr_assert(isnan(y[1]) && isfinite(y[0]) && isfinite(y[2]), "activation %d", activation);
    }
}

// Any width takes the same values, wherever a vector ends, and touches nothing beyond.
Test(activation, widths) {
    const size_t widths[] = {1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64};
    for (int activation = FX_IDENTITY; activation < FX_MAXOUT; activation++)
        for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
            size_t count = widths[w];
            float z[3 * 70], y[3 * 70], delta[3 * 70], scale[70], shift[70];
            for (size_t i = 0; i < 3 * 70; i++) {
                z[i] = (float)i * 0.05f - 5;
                y[i] = 77;
                delta[i] = 0.5f;
            }
            for (size_t j = 0; j < 70; j++) {
                scale[j] = 0.5f + (float)j * 0.01f;
                shift[j] = 0.3f - (float)j * 0.02f;
            }
            fx__activation_forward(activation, 3, count, z, 70, scale, shift, y, 70);
            fx__activation_backward(activation, 3, count, y, 70, 1, delta, 70);
            for (size_t i = 0; i < 3; i++)
                for (size_t j = 0; j < 70; j++) {
                    size_t at = i * 70 + j;
                    if (j >= count) {
                        cr_assert_eq(y[at], 77);
                        cr_assert_eq(delta[at], 0.5f);
                        continue;
                    }
                    double x = (double)z[at] * (double)scale[j] + (double)shift[j], f, d;
                    switch (activation) {
                    case FX_SIGMOID:
                        f = exact_sigmoid(x), d = f * (1 - f);
                        break;
                    case FX_TANH:
                        f = tanh(x), d = 1 - f * f;
                        break;
                    case FX_RELU:
                        f = x > 0 ? x : 0, d = x > 0;
                        break;
                    case FX_LEAKY_RELU:
                        f = x > 0 ? x : 0.01 * x, d = x > 0 ? 1 : 0.01;
                        break;
                    case FX_ELU:
                        f = x > 0 ? x : expm1(x), d = x > 0 ? 1 : exp(x);
                        break;
                    default:
                        f = x, d = 1;
                    }
                    // |x| < 10: a few roundings of numbers up to 10.
                    cr_assert(fabs((double)y[at] - f) <= 3e-6, "activation %d at %g", activation,
                              x);
                    cr_assert(fabs((double)delta[at] - 0.5 * d) <= 3e-6, "slope of %d at %g",
                              activation, x);
                }
        }
}

Test(activation, maxout_takes_the_first_of_equals) {
    enum { WIDTH = 3, COUNT = 2, PIECES = 3 };
    const float z[] = {1, 5, 0, 2, 5, 0, 2, -1, 0}; // [PIECES, WIDTH]
    float scale[9], shift[9] = {0}, y[WIDTH] = {9, 9, 9}, out[9] = {8, 8, 8, 8, 8, 8, 8, 8, 8};
    uint8_t winner[WIDTH] = {7, 7, 7};
    for (int i = 0; i < 9; i++) scale[i] = 1;
    fx__maxout_forward(1, COUNT, WIDTH, PIECES, z, 9, scale, shift, y, WIDTH, winner, WIDTH);
    cr_assert(y[0] == 2 && y[1] == 5 && y[2] == 9);
    cr_assert(winner[0] == 1 && winner[1] == 0 && winner[2] == 7);
    const float delta[] = {0.5f, 0.25f, 0};
    fx__maxout_backward(1, COUNT, WIDTH, PIECES, winner, WIDTH, delta, WIDTH, out, 9);
    const float expected[] = {0, 0.25f, 8, 0.5f, 0, 8, 0, 0, 8};
    cr_assert_arr_eq(out, expected, sizeof expected);
    float nan_piece[9] = {0, 0, 0, NAN, 0, 0, 1, 1, 1};
    fx__maxout_forward(1, COUNT, WIDTH, PIECES, nan_piece, 9, scale, shift, y, WIDTH, NULL, 0);
    cr_assert(y[1] == 1);
}
