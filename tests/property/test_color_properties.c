// What color histograms must do whatever the image: they ignore where a color stands (L5, L6).
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "featx/color_histogram.h"
#include "tests/support/pixels.h"

static float *extract(const fx_color_params *p, const fx_image *image) {
    float *out = malloc(sizeof *out * fx_color_length(p));
    void *scratch = malloc(fx_color_scratch(p));
    cr_assert_eq(fx_color_extract(p, image, out, scratch, NULL), FX_OK);
    free(scratch);
    return out;
}

// Every kind of histogram of both images is the same to the last bit.
static void check_same(const fx_image *a, const fx_image *b) {
    for (int space = FX_COLOR_GRAY; space <= FX_COLOR_LAB; space++)
        for (int kind = 0; kind < 8; kind++)
            for (int norm = FX_COLOR_NORM_NONE; norm <= FX_COLOR_NORM_SQRT; norm++) {
                fx_color_params p = fx_color_defaults();
                p.space = space;
                p.joint = kind & 1;
                p.binning = kind >> 1 & 1;
                if (kind & 4) p.range = (fx_int_list){.count = 2, .values = {20, 90}};
                p.norm = norm;
                float *x = extract(&p, a), *y = extract(&p, b);
                cr_assert_eq(memcmp(x, y, sizeof *x * fx_color_length(&p)), 0);
                free(x);
                free(y);
            }
}

Test(color_properties, shuffled_pixels_leave_it) {
    for (int channels = 1; channels <= 3; channels += 2) {
        fx_image image = pixels_random(41, 29, channels, 1);
        fx_image shuffled = pixels_blank(41, 29, channels);
        uint32_t order[41 * 29];
        for (uint32_t i = 0; i < 41 * 29; i++) order[i] = i;
        fx_rng rng = fx_rng_at(2, FX_RNG_USER, 0, 0);
        fx_rng_shuffle(&rng, order, 41 * 29);
        for (size_t i = 0; i < 41 * 29; i++)
            memcpy(shuffled.pixels + i * (size_t)channels,
                   image.pixels + order[i] * (size_t)channels, (size_t)channels);
        check_same(&image, &shuffled);
        fx_image_destroy(&image);
        fx_image_destroy(&shuffled);
    }
}

Test(color_properties, quarter_turn_and_flip_leave_it) {
    fx_image image = pixels_random(31, 44, 3, 3), turned = pixels_blank(44, 31, 3);
    for (int y = 0; y < 44; y++)
        for (int x = 0; x < 31; x++)
            memcpy(pixels_at(&turned, 43 - y, x), pixels_at(&image, x, y), 3);
    check_same(&image, &turned);
    fx_image_flip(&turned);
    check_same(&image, &turned);
    fx_image_destroy(&image);
    fx_image_destroy(&turned);
}

Test(color_properties, one_pixel_is_one_color) {
    for (int value = 0; value < 256; value++) {
        fx_image image = pixels_blank(1, 1, 3);
        image.pixels[0] = (uint8_t)value;
        fx_color_params p = fx_color_defaults();
        float *out = extract(&p, &image);
        double sum = 0;
        for (size_t i = 0; i < 128; i++) sum += out[i];
        cr_assert(sum == 1);
        free(out);
        fx_image_destroy(&image);
    }
}

// Linear shares of all bins sum to one pixel, wherever its color lies.
Test(color_properties, shares_sum_to_the_pixels) {
    fx_image image = pixels_random(33, 21, 3, 5);
    for (int space = FX_COLOR_GRAY; space <= FX_COLOR_LAB; space++)
        for (int joint = 0; joint < 2; joint++) {
            fx_color_params p = fx_color_defaults();
            p.space = space;
            p.joint = joint;
            p.binning = FX_COLOR_LINEAR;
            p.norm = FX_COLOR_NORM_NONE;
            float *out = extract(&p, &image);
            double sum = 0, histograms = 1;
            for (size_t i = 0; i < fx_color_length(&p); i++) sum += out[i];
            if (!joint) histograms = space == FX_COLOR_GRAY ? 1 : space == FX_COLOR_RG ? 2 : 3;
            // A number is rounded to float32 once: 6e-8 of it.
            cr_assert(fabs(sum - 33 * 21 * histograms) <= 1e-7 * 33 * 21 * histograms);
            free(out);
        }
    fx_image_destroy(&image);
}

// A level is what its own grid would give alone, and a cell the sum of the four below it.
Test(color_properties, levels_nest) {
    fx_image image = pixels_random(29, 31, 3, 6);
    fx_color_params p = fx_color_defaults();
    p.norm = FX_COLOR_NORM_NONE;
    p.levels = 3;
    float *all = extract(&p, &image), *level = all;
    cr_assert_eq(fx_color_length(&p), 21 * 128);
    p.levels = 1;
    for (int grid = 1; grid <= 4; grid *= 2) {
        p.grid = grid;
        float *alone = extract(&p, &image);
        size_t length = fx_color_length(&p), side = (size_t)grid;
        cr_assert_eq(memcmp(level, alone, sizeof *alone * length), 0);
        const float *finer = level + length;
        for (size_t i = 0; i < length && grid < 4; i++) {
            size_t row = i / 128 / side, column = i / 128 % side, bin = i % 128;
            const float *upper = finer + ((2 * row) * 2 * side + 2 * column) * 128 + bin;
            const float *lower = upper + 2 * side * 128;
            cr_assert(level[i] == upper[0] + upper[128] + lower[0] + lower[128]);
        }
        level += length;
        free(alone);
    }
    free(all);
    fx_image_destroy(&image);
}

// Every size to 70 × 70, each in an allocation of its own: AddressSanitizer sees a read beyond it.
Test(color_properties, odd_sizes) {
    for (int width = 1; width <= 70; width += width < 20 ? 1 : 7)
        for (int height = 1; height <= 70; height += height < 4 ? 1 : 13)
            for (int space = FX_COLOR_GRAY; space <= FX_COLOR_LAB; space++) {
                int channels = (width + space) & 1 ? 1 : 3;
                fx_image image = pixels_random(width, height, channels, (uint64_t)width);
                fx_color_params p = fx_color_defaults();
                p.space = space;
                p.binning = height & 1;
                p.grid = width < height ? width : height;
                if (p.grid > 3) p.grid = 3;
                float *out = extract(&p, &image);
                for (size_t i = 0; i < fx_color_length(&p); i++)
                    cr_assert(out[i] >= 0 && out[i] <= 1.000001F);
                free(out);
                fx_image_destroy(&image);
            }
}
