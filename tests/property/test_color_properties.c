// What color histograms must do whatever the image: they ignore where a color stands (L5, L6).
#include <criterion/criterion.h>
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
    for (int space = FX_COLOR_GRAY; space <= FX_COLOR_HSV; space++)
        for (int joint = 0; joint < 2; joint++)
            for (int norm = FX_COLOR_NORM_NONE; norm <= FX_COLOR_NORM_SQRT; norm++) {
                fx_color_params p = fx_color_defaults();
                p.space = space;
                p.joint = joint;
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
