// Dropout masks: against one block of the generator at a time, and their statistics.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "featx/rng.h"
#include "src/nn/dropout.h"

// What dropout.c says, word by word, with the published generator.
static uint8_t reference(fx__dropout_key key, unsigned layer, uint32_t threshold, size_t column) {
    size_t group = column / 128, within = column % 128;
    size_t word = within / 32, half = within % 32 / 16, block = within % 16;
    uint32_t output[4];
    fx_rng rng =
        fx_rng_at(key.seed, FX_RNG_DROPOUT, key.epoch, (uint64_t)layer << 48 | key.position);
    rng.counter[0] = (uint32_t)(group * 16 + block);
    fx_philox4x32_10(rng.counter, rng.key, output);
    return (half ? output[word] >> 16 : output[word] & 0xFFFF) >= threshold;
}

Test(mlp_dropout, masks_of_every_width) {
    const size_t widths[] = {1, 3, 7, 8, 9, 16, 31, 33, 64, 127, 128, 129, 300};
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
        fx__dropout_key key = {0x123456789ABCDEF0u + w, (uint32_t)w,
                               ((uint64_t)1 << 40) + w * 1000};
        uint8_t kept[301];
        memset(kept, 9, sizeof kept);
        fx__dropout_mask(key, (unsigned)w, 0.25f, widths[w], kept);
        for (size_t j = 0; j < widths[w]; j++)
            cr_assert_eq(kept[j], reference(key, (unsigned)w, 16384, j), "width %zu, column %zu",
                         widths[w], j);
        cr_assert_eq(kept[widths[w]], 9);
    }
}

Test(mlp_dropout, statistics) {
    enum { WIDTH = 512, ROWS = 2000 };
    const float probabilities[] = {0.1f, 0.5f, 0.9f};
    for (int p = 0; p < 3; p++) {
        size_t kept_units = 0, pairs = 0;
        double column[WIDTH] = {0}, worst = 0;
        uint8_t kept[WIDTH];
        const double stays = 1 - (double)probabilities[p];
        for (uint64_t i = 0; i < ROWS; i++) {
            fx__dropout_mask((fx__dropout_key){5, 1, i}, 1, probabilities[p], WIDTH, kept);
            for (size_t j = 0; j < WIDTH; j++) {
                kept_units += kept[j];
                column[j] += kept[j];
                pairs += j > 0 && kept[j] && kept[j - 1];
            }
        }
        // Five standard deviations of a binomial count.
        double n = (double)WIDTH * ROWS, deviation = sqrt(n * stays * (1 - stays));
        cr_assert(fabs((double)kept_units - n * stays) <= 5 * deviation);
        for (size_t j = 0; j < WIDTH; j++) worst = fmax(worst, fabs(column[j] - ROWS * stays));
        cr_assert(worst <= 5 * sqrt(ROWS * stays * (1 - stays)));
        // Neighbors are independent: stays² of the pairs.
        double m = (double)(WIDTH - 1) * ROWS, both = stays * stays;
        cr_assert(fabs((double)pairs - m * both) <= 7 * sqrt(m * both * (1 - both)));
    }
}

Test(mlp_dropout, keys) {
    uint8_t a[256], b[256];
    const fx__dropout_key key = {1, 2, 3};
    fx__dropout_mask(key, 4, 0.5f, 256, a);
    fx__dropout_mask(key, 4, 0.5f, 256, b);
    cr_assert_arr_eq(a, b, 256);
    const fx__dropout_key others[] = {{2, 2, 3}, {1, 3, 3}, {1, 2, 4}};
    for (int i = 0; i < 4; i++) {
        fx__dropout_mask(i < 3 ? others[i] : key, i < 3 ? 4 : 5, 0.5f, 256, b);
        int same = 0;
        for (int j = 0; j < 256; j++) same += a[j] == b[j];
        cr_assert(same > 128 - 40 && same < 128 + 40, "%d of 256 alike", same); // five deviations
    }
}

Test(mlp_dropout, apply_keeps_the_expectation) {
    cr_assert_eq(fx__dropout_scale(0), 1);
    cr_assert_eq(fx__dropout_scale(0.5f), 2);
    // 0.1 is rounded to 6554 / 65536, and the scale to the same.
    cr_assert_float_eq(fx__dropout_scale(0.1f), 65536.0 / (65536 - 6554), 1e-6);
    float x[2 * 40];
    uint8_t kept[2 * 50];
    for (int i = 0; i < 80; i++) x[i] = (float)i + 1;
    for (int i = 0; i < 100; i++) kept[i] = i % 3 == 0;
    fx__dropout_apply(2, 37, kept, 50, 3, x, 40);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 40; j++) {
            float before = (float)(i * 40 + j) + 1;
            cr_assert_eq(x[i * 40 + j], j >= 37 ? before : (i * 50 + j) % 3 ? 0 : 3 * before);
        }
}
