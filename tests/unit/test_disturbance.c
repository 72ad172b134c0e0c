// Disturbances: each does what its name and strength say, and is a function of its arguments.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "featx/disturbance.h"

enum { SIDE = 32 };

static fx_image made(int width, int height, int channels, unsigned seed) {
    fx_image image = {0};
    cr_assert_eq(fx_image_reserve(&image, width, height, channels, NULL), FX_OK);
    fx_rng rng = fx_rng_at(seed, FX_RNG_USER, 0, 0);
    for (int i = 0; i < width * height * channels; i++)
        image.pixels[i] = (uint8_t)fx_rng_below(&rng, 256);
    return image;
}

static fx_image disturbed(fx_disturbance kind, double strength, uint64_t sample,
                          const fx_image *in) {
    fx_image out = {0};
    fx_rng rng = fx_rng_at(1, FX_RNG_DISTURB, 0, sample);
    fx_error error = {0};
    cr_assert_eq(fx_disturb(kind, strength, &rng, in, &out, &error), FX_OK, "%s", error.message);
    cr_assert(out.width == in->width && out.height == in->height && out.channels == in->channels);
    return out;
}

static size_t bytes(const fx_image *image) {
    return (size_t)image->width * (size_t)image->height * (size_t)image->channels;
}

Test(disturbance, is_a_function_and_nothing_at_strength_0) {
    static const int sizes[][3] = {{1, 1, 3}, {7, 3, 1}, {32, 32, 3}, {5, 40, 3}};
    for (int s = 0; s < 4; s++) {
        fx_image in = made(sizes[s][0], sizes[s][1], sizes[s][2], 3);
        for (int kind = 0; kind < FX_DISTURBANCES; kind++) {
            fx_image none = disturbed((fx_disturbance)kind, 0, 5, &in);
            cr_assert_arr_eq(none.pixels, in.pixels, bytes(&in));
            fx_image first = disturbed((fx_disturbance)kind, 60, 5, &in);
            fx_image again = disturbed((fx_disturbance)kind, 60, 5, &in);
            cr_assert_arr_eq(first.pixels, again.pixels, bytes(&in));
            fx_image_destroy(&none);
            fx_image_destroy(&first);
            fx_image_destroy(&again);
        }
        fx_image_destroy(&in);
    }
}

// Every pixel away from the borders is one of the input, the same step away for all; the steps have
// the length asked for, to rounding, and go everywhere.
Test(disturbance, shift_moves_all_pixels_alike) {
    fx_image in = made(SIDE, SIDE, 3, 1);
    bool seen[4] = {false};
    for (uint64_t sample = 0; sample < 40; sample++) {
        fx_image out = disturbed(FX_DISTURB_SHIFT, 12.5, sample, &in);
        int found = 0;
        for (int dy = -5; dy <= 5; dy++)
            for (int dx = -5; dx <= 5; dx++) {
                bool same = true;
                for (int y = 5; y < SIDE - 5; y++)
                    same = same &&
                           memcmp(out.pixels + (y * SIDE + 5) * 3,
                                  in.pixels + ((y - dy) * SIDE + 5 - dx) * 3, 3 * (SIDE - 10)) == 0;
                if (!same) continue;
                found++;
                cr_assert(fabs(hypot(dx, dy) - 4) <= 0.75, "rounding of both parts: %d, %d", dx,
                          dy);
                seen[(dx > 0) * 2 + (dy > 0)] = true;
            }
        cr_assert_eq(found, 1);
        fx_image_destroy(&out);
    }
    cr_assert(seen[0] && seen[1] && seen[2] && seen[3]);
    fx_image_destroy(&in);
}

Test(disturbance, rotation_by_a_right_angle_is_exact) {
    fx_image in = made(SIDE, SIDE, 1, 2);
    int turns[2] = {0, 0};
    for (uint64_t sample = 0; sample < 20; sample++) {
        fx_image out = disturbed(FX_DISTURB_ROTATION, 90, sample, &in);
        bool left = true, right = true;
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++) {
                left = left && out.pixels[y * SIDE + x] == in.pixels[x * SIDE + SIDE - 1 - y];
                right = right && out.pixels[y * SIDE + x] == in.pixels[(SIDE - 1 - x) * SIDE + y];
            }
        cr_assert(left != right);
        turns[left]++;
        fx_image_destroy(&out);
    }
    cr_assert(turns[0] > 0 && turns[1] > 0, "to both sides");
    fx_image_destroy(&in);
}

Test(disturbance, noise_has_its_deviation) {
    fx_image in = {0};
    cr_assert_eq(fx_image_reserve(&in, 100, 100, 3, NULL), FX_OK);
    memset(in.pixels, 128, 30000);
    fx_image out = disturbed(FX_DISTURB_NOISE, 16, 3, &in);
    double sum = 0, squares = 0;
    for (int i = 0; i < 30000; i++) {
        sum += out.pixels[i] - 128.0;
        squares += pow(out.pixels[i] - 128.0, 2);
    }
    // Four standard errors: 16 / sqrt(30000) of the mean, 16 / sqrt(60000) of the deviation.
    cr_assert(fabs(sum / 30000) <= 0.37);
    cr_assert(fabs(sqrt(squares / 30000) - 16) <= 0.27);
    fx_image_destroy(&in);
    fx_image_destroy(&out);
}

// The image of a point is the Gaussian, to half a gray level.
Test(disturbance, blur_spreads_a_point) {
    fx_image in = {0};
    cr_assert_eq(fx_image_reserve(&in, 50, 40, 1, NULL), FX_OK);
    memset(in.pixels, 0, 2000);
    in.pixels[20 * 50 + 25] = 255;
    fx_image out = disturbed(FX_DISTURB_BLUR, 4, 0, &in); // deviation 2 pixels
    double total = 0;
    for (int k = -6; k <= 6; k++) total += exp(-k * k / 8.0);
    for (int y = 0; y < 40; y++)
        for (int x = 0; x < 50; x++) {
            int dx = abs(x - 25), dy = abs(y - 20);
            double expected =
                dx <= 6 && dy <= 6 ? 255 * exp(-(dx * dx + dy * dy) / 8.0) / (total * total) : 0;
            cr_assert(fabs(out.pixels[y * 50 + x] - expected) <= 0.501);
        }
    fx_image_destroy(&in);
    fx_image_destroy(&out);
}

Test(disturbance, brightness_is_added_to_every_number) {
    fx_image in = made(SIDE, SIDE, 3, 4);
    int up = 0;
    for (uint64_t sample = 0; sample < 20; sample++) {
        fx_image out = disturbed(FX_DISTURB_BRIGHTNESS, 32, sample, &in);
        int at = 0;
        while (in.pixels[at] < 100 || in.pixels[at] > 150) at++;
        int added = out.pixels[at] - in.pixels[at];
        cr_assert_eq(abs(added), 32);
        up += added > 0;
        for (size_t i = 0; i < bytes(&in); i++) {
            int expected = in.pixels[i] + added;
            cr_assert_eq(out.pixels[i], expected < 0 ? 0 : expected > 255 ? 255 : expected);
        }
        fx_image_destroy(&out);
    }
    cr_assert(up > 2 && up < 18);
    fx_image_destroy(&in);
}

// Pixels (all three channels together) change places: as many as asked for, none is lost.
Test(disturbance, shuffling_keeps_the_pixels) {
    fx_image in = {0};
    cr_assert_eq(fx_image_reserve(&in, SIDE, SIDE, 3, NULL), FX_OK);
    for (int i = 0; i < SIDE * SIDE; i++)
        for (int c = 0; c < 3; c++)
            in.pixels[3 * i + c] = (uint8_t)(c == 0 ? i >> 8 : c == 1 ? i : 7);
    for (int percent = 25; percent <= 100; percent += 75) {
        fx_image out = disturbed(FX_DISTURB_SHUFFLING, percent, 1, &in);
        bool found[SIDE * SIDE] = {false};
        int moved = 0;
        for (int i = 0; i < SIDE * SIDE; i++) {
            int pixel = out.pixels[3 * i] << 8 | out.pixels[3 * i + 1];
            cr_assert(!found[pixel] && out.pixels[3 * i + 2] == 7);
            found[pixel] = true;
            moved += pixel != i;
        }
        cr_assert_eq(moved, SIDE * SIDE * percent / 100);
        fx_image_destroy(&out);
    }
    fx_image_destroy(&in);
}

Test(disturbance, strengths_out_of_range) {
    fx_image in = made(4, 4, 1, 1), out = {0};
    fx_error error;
    fx_rng rng = fx_rng_at(1, FX_RNG_DISTURB, 0, 0);
    cr_assert_eq(fx_disturb(FX_DISTURB_SHUFFLING, 101, &rng, &in, &out, &error), FX_ERROR_USAGE);
    cr_assert_not_null(strstr(error.message, "shuffling: 101, expected 0 … 100"));
    cr_assert_eq(fx_disturb(FX_DISTURB_NOISE, -1, &rng, &in, &out, &error), FX_ERROR_USAGE);
    cr_assert_eq(fx_disturb(FX_DISTURB_BLUR, NAN, &rng, &in, &out, &error), FX_ERROR_USAGE);
    cr_assert_eq(fx_disturb(FX_DISTURB_ROTATION, 400, &rng, &in, &out, &error), FX_OK);
    fx_image_destroy(&in);
    fx_image_destroy(&out);
}
