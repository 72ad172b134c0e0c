// Augmentation, against a plain reference.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "featx/augmentation.h"
#include "src/image/augmentation_section.h"

enum { WIDTH = 6, HEIGHT = 5 };

static void fill(fx_image *image, int channels) {
    cr_assert_eq(fx_image_reserve(image, WIDTH, HEIGHT, channels, NULL), FX_OK);
    for (int i = 0; i < WIDTH * HEIGHT * channels; i++) image->pixels[i] = (uint8_t)i;
}

static int clamp(int value, int most) {
    return value < 0 ? 0 : value > most ? most : value;
}

// True where `out` is `in`, mirrored first where asked, then moved by (dx, dy).
static bool is_moved(const fx_image *in, const fx_image *out, bool mirrored, int dx, int dy) {
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            for (int c = 0; c < in->channels; c++) {
                int from_y = clamp(y - dy, HEIGHT - 1), from_x = clamp(x - dx, WIDTH - 1);
                if (mirrored) from_x = WIDTH - 1 - from_x;
                if (out->pixels[(y * WIDTH + x) * in->channels + c] !=
                    in->pixels[(from_y * WIDTH + from_x) * in->channels + c])
                    return false;
            }
    return true;
}

Test(augmentation, every_result_is_a_mirror_and_a_shift_evenly_spread) {
    enum { DRAWS = 9000, SHIFT = 2, SIDE = 2 * SHIFT + 1, WAYS = 2 * SIDE * SIDE };
    fx_augmentation_params params = {.flip = true, .shift = SHIFT};
    for (int channels = 1; channels <= 3; channels += 2) {
        fx_image in = {0}, image = {0};
        fx_augmentation_scratch scratch = {0};
        fill(&in, channels);
        int counts[WAYS] = {0};
        for (int draw = 0; draw < DRAWS; draw++) {
            fx_rng rng = fx_rng_at(1, FX_RNG_AUGMENT, 3, (uint64_t)draw);
            fill(&image, channels);
            cr_assert_eq(fx_augmentation_apply(&params, &rng, &image, &scratch, NULL), FX_OK);
            int found = -1;
            for (int way = 0; way < WAYS && found < 0; way++)
                if (is_moved(&in, &image, way % 2, way / 2 % SIDE - SHIFT, way / 2 / SIDE - SHIFT))
                    found = way;
            cr_assert_geq(found, 0);
            counts[found]++;
        }
        // 180 expected of each; 6 standard deviations (13.3) leave a chance of 1e-7 of failing.
        for (int way = 0; way < WAYS; way++)
            cr_assert(counts[way] > 100 && counts[way] < 260, "way %d: %d", way, counts[way]);
        fx_image_destroy(&in);
        fx_image_destroy(&image);
        fx_augmentation_scratch_destroy(&scratch);
    }
}

Test(augmentation, each_key_alone) {
    fx_image in = {0}, image = {0};
    fx_augmentation_scratch scratch = {0};
    fill(&in, 3);
    int mirrored = 0;
    for (uint64_t draw = 0; draw < 100; draw++) {
        fx_rng rng = fx_rng_at(1, FX_RNG_AUGMENT, 0, draw);
        fill(&image, 3);
        fx_augmentation_params flip = {.flip = true};
        cr_assert_eq(fx_augmentation_apply(&flip, &rng, &image, &scratch, NULL), FX_OK);
        cr_assert(is_moved(&in, &image, false, 0, 0) || is_moved(&in, &image, true, 0, 0));
        mirrored += is_moved(&in, &image, true, 0, 0);
        fill(&image, 3);
        fx_augmentation_params shift = {.shift = 1};
        cr_assert_eq(fx_augmentation_apply(&shift, &rng, &image, &scratch, NULL), FX_OK);
        bool found = false;
        for (int way = 0; way < 9; way++)
            found = found || is_moved(&in, &image, false, way % 3 - 1, way / 3 - 1);
        cr_assert(found);
    }
    cr_assert(mirrored > 20 && mirrored < 80); // 6 standard deviations (5)
    fx_image_destroy(&in);
    fx_image_destroy(&image);
    fx_augmentation_scratch_destroy(&scratch);
}

Test(augmentation, same_key_same_bytes_and_lent_pixels_stay) {
    uint8_t pixels[WIDTH * HEIGHT], before[WIDTH * HEIGHT];
    for (int i = 0; i < WIDTH * HEIGHT; i++) pixels[i] = (uint8_t)(i * 7);
    memcpy(before, pixels, sizeof pixels);
    fx_augmentation_params params = {.flip = true, .shift = 3};
    fx_image results[2] = {{0}};
    fx_augmentation_scratch scratch = {0};
    for (uint64_t sample = 0; sample < 20; sample++) {
        for (int i = 0; i < 2; i++) {
            fx_rng rng = fx_rng_at(9, FX_RNG_AUGMENT, 1, sample);
            fx_image_destroy(&results[i]);
            results[i] = (fx_image){WIDTH, HEIGHT, 1, pixels, 0};
            cr_assert_eq(fx_augmentation_apply(&params, &rng, &results[i], &scratch, NULL), FX_OK);
            cr_assert_eq(memcmp(pixels, before, sizeof pixels), 0);
        }
        cr_assert_eq(memcmp(results[0].pixels, results[1].pixels, sizeof pixels), 0);
    }
    fx_image_destroy(&results[0]);
    fx_image_destroy(&results[1]);
    fx_augmentation_scratch_destroy(&scratch);
}

Test(augmentation, small_images_large_shifts_and_nothing) {
    uint8_t pixel[3] = {5, 6, 7};
    fx_image image = {1, 1, 3, pixel, 0};
    fx_augmentation_scratch scratch = {0};
    fx_rng rng = fx_rng_at(1, FX_RNG_AUGMENT, 1, 1);
    fx_augmentation_params params = {.flip = true, .shift = 4096};
    fx_error error = {0};
    cr_assert_eq(fx_augmentation_apply(&params, &rng, &image, &scratch, &error), FX_OK);
    cr_assert_eq(memcmp(image.pixels, (uint8_t[]){5, 6, 7}, 3), 0);
    params.shift = -1;
    cr_assert_eq(fx_augmentation_apply(&params, &rng, &image, &scratch, &error), FX_ERROR_USAGE);
    fx_image_destroy(&image);
    fx_augmentation_scratch_destroy(&scratch);
    params = fx_augmentation_defaults();
    cr_assert(fx_augmentation_is_identity(&params));
    params.flip = true;
    cr_assert_not(fx_augmentation_is_identity(&params));
    const fx_augmentation_params some[] = {{.shift = 1},   {.rotate = 1}, {.scale = 0.1f},
                                           {.shear = 1},   {.hue = 1},    {.color = 0.1f},
                                           {.elastic = 1}, {.cutout = 1}};
    for (size_t i = 0; i < 8; i++) cr_assert_not(fx_augmentation_is_identity(&some[i]));
    const fx_augmentation_params none[] = {{.elastic_sigma = 9}, {.padding = FX_PADDING_ZERO}};
    for (size_t i = 0; i < 2; i++) cr_assert(fx_augmentation_is_identity(&none[i]));
}

Test(augmentation, section) {
    fx_augmentation_params params = fx_augmentation_defaults();
    fx_error error = {0};
    cr_assert_eq(
        fx_params_set(&fx__augmentation_section, 1, &params, "augment.flip", "true", &error), FX_OK,
        "%s", error.message);
    cr_assert_eq(fx_params_set(&fx__augmentation_section, 1, &params, "augment.shift", "4", &error),
                 FX_OK, "%s", error.message);
    cr_assert(params.flip && params.shift == 4);
    cr_assert_eq(
        fx_params_set(&fx__augmentation_section, 1, &params, "augment.shift", "-1", &error),
        FX_ERROR_USAGE);
}

static void apply(const fx_augmentation_params *params, uint64_t sample, const fx_image *in,
                  fx_image *out) {
    static fx_augmentation_scratch scratch; // dirty from one call to the next
    fx_rng rng = fx_rng_at(5, FX_RNG_AUGMENT, 2, sample);
    cr_assert_eq(fx_image_reserve(out, in->width, in->height, in->channels, NULL), FX_OK);
    memcpy(out->pixels, in->pixels, (size_t)(in->width * in->height * in->channels));
    cr_assert_eq(fx_augmentation_apply(params, &rng, out, &scratch, NULL), FX_OK);
}

Test(augmentation, all_at_once_on_any_size_same_key_same_bytes) {
    fx_augmentation_params params = {.flip = true,
                                     .shift = 3,
                                     .rotate = 180,
                                     .scale = 4,
                                     .shear = 60,
                                     .elastic = 5,
                                     .elastic_sigma = 3,
                                     .color = 1,
                                     .hue = 180,
                                     .cutout = 4};
    const int sizes[] = {1, 2, 3, 7, 8, 9, 33, 64};
    fx_image in = {0}, a = {0}, b = {0};
    for (int padding = 0; padding < 3; padding++)
        for (size_t w = 0; w < 8; w++)
            for (size_t h = 0; h < 8; h++)
                for (int channels = 1; channels <= 3; channels += 2) {
                    params.padding = padding;
                    cr_assert_eq(fx_image_reserve(&in, sizes[w], sizes[h], channels, NULL), FX_OK);
                    const size_t count = (size_t)(sizes[w] * sizes[h] * channels);
                    for (size_t i = 0; i < count; i++) in.pixels[i] = (uint8_t)(i * 37);
                    apply(&params, 8 * w + h, &in, &a);
                    apply(&params, 8 * w + h, &in, &b);
                    cr_assert_arr_eq(a.pixels, b.pixels, count);
                }
    fx_image_destroy(&in);
    fx_image_destroy(&a);
    fx_image_destroy(&b);
}

Test(augmentation, a_uniform_image_stays_uniform_under_every_warp) {
    fx_augmentation_params params = {.flip = true,
                                     .shift = 9,
                                     .rotate = 90,
                                     .scale = 1,
                                     .shear = 40,
                                     .elastic = 6,
                                     .elastic_sigma = 2,
                                     .cutout = 7};
    fx_image in = {0}, out = {0};
    cr_assert_eq(fx_image_reserve(&in, 21, 17, 3, NULL), FX_OK);
    for (int i = 0; i < 21 * 17 * 3; i++) in.pixels[i] = (uint8_t)(50 + 60 * (i % 3));
    for (uint64_t sample = 0; sample < 30; sample++) {
        params.padding = sample % 2 ? FX_PADDING_EDGE : FX_PADDING_REFLECT;
        apply(&params, sample, &in, &out);
        cr_assert_arr_eq(out.pixels, in.pixels, 21 * 17 * 3);
    }
    fx_image_destroy(&in);
    fx_image_destroy(&out);
}

Test(augmentation, elastic_displacement_has_the_size_that_was_asked_for) {
    // A ramp tells the displacement along x, up to rounding to whole gray levels (variance 1/12).
    enum { SIDE = 64, STEP = 3 };
    fx_augmentation_params params = {.elastic = 2, .elastic_sigma = 4};
    fx_image in = {0}, out = {0};
    cr_assert_eq(fx_image_reserve(&in, SIDE, SIDE, 1, NULL), FX_OK);
    for (int i = 0; i < SIDE * SIDE; i++) in.pixels[i] = (uint8_t)(STEP * (i % SIDE) + 20);
    double squares = 0, sum = 0;
    int count = 0;
    for (uint64_t sample = 0; sample < 40; sample++) {
        apply(&params, sample, &in, &out);
        for (int y = 0; y < SIDE; y++)
            for (int x = 12; x < SIDE - 12; x++, count++) { // away from the borders: 6 deviations
                double moved = (out.pixels[y * SIDE + x] - in.pixels[y * SIDE + x]) / (double)STEP;
                sum += moved;
                squares += moved * moved;
            }
    }
    // About 40 · 64 · 40 / (4 π σ²) ≈ 510 independent values: the variance to 6 %, so 4 deviations.
    double rms = sqrt(squares / count);
    cr_assert(!(fabs(rms - 2) > 0.3), "root mean square %g, expected 2", rms);
    cr_assert(!(fabs(sum / count) > 0.4), "mean %g, expected 0", sum / count);
    fx_image_destroy(&in);
    fx_image_destroy(&out);
}
