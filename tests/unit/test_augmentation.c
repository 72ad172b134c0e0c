// Augmentation, against a plain reference.
#include <criterion/criterion.h>
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
        fx_image in = {0}, image = {0}, scratch = {0};
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
        fx_image_destroy(&scratch);
    }
}

Test(augmentation, each_key_alone) {
    fx_image in = {0}, image = {0}, scratch = {0};
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
    fx_image_destroy(&scratch);
}

Test(augmentation, same_key_same_bytes_and_lent_pixels_stay) {
    uint8_t pixels[WIDTH * HEIGHT], before[WIDTH * HEIGHT];
    for (int i = 0; i < WIDTH * HEIGHT; i++) pixels[i] = (uint8_t)(i * 7);
    memcpy(before, pixels, sizeof pixels);
    fx_augmentation_params params = {.flip = true, .shift = 3};
    fx_image results[2] = {{0}}, scratch = {0};
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
    fx_image_destroy(&scratch);
}

Test(augmentation, small_images_large_shifts_and_nothing) {
    uint8_t pixel[3] = {5, 6, 7};
    fx_image image = {1, 1, 3, pixel, 0}, scratch = {0};
    fx_rng rng = fx_rng_at(1, FX_RNG_AUGMENT, 1, 1);
    fx_augmentation_params params = {.flip = true, .shift = 4096};
    fx_error error = {0};
    cr_assert_eq(fx_augmentation_apply(&params, &rng, &image, &scratch, &error), FX_OK);
    cr_assert_eq(memcmp(image.pixels, (uint8_t[]){5, 6, 7}, 3), 0);
    params.shift = -1;
    cr_assert_eq(fx_augmentation_apply(&params, &rng, &image, &scratch, &error), FX_ERROR_USAGE);
    fx_image_destroy(&image);
    fx_image_destroy(&scratch);
    params = fx_augmentation_defaults();
    cr_assert(fx_augmentation_is_identity(&params));
    params.flip = true;
    cr_assert_not(fx_augmentation_is_identity(&params));
    params = (fx_augmentation_params){.shift = 1};
    cr_assert_not(fx_augmentation_is_identity(&params));
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
