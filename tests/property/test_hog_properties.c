// What HoG must do whatever the image: symmetries, invariances, nothing from nothing.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "featx/hog.h"
#include "tests/support/pixels.h"

static float *extract(const fx_hog_params *p, const fx_image *image, size_t *count) {
    fx_error error = {0};
    size_t length = fx_hog_length(p, image->width, image->height);
    float *out = malloc(sizeof *out * length);
    void *scratch =
        aligned_alloc(64, (fx_hog_scratch(p, image->width, image->height) + 63) / 64 * 64);
    cr_assert_eq(fx_hog_extract(p, image, out, scratch, &error), FX_OK, "%s", error.message);
    free(scratch);
    if (count) *count = length;
    return out;
}

// Mean votes of cells, as they are before any block.
static fx_hog_params cells_only(int orientations, int size, bool is_signed) {
    fx_hog_params p = fx_hog_defaults();
    p.orientations = orientations;
    p.pixels_per_cell = size;
    p.cells_per_block = 1;
    p.block_norm = FX_HOG_NORM_NONE;
    p.signed_gradients = is_signed;
    return p;
}

// Sums of the same votes in another order: 361 is the largest vote, 1e-6 some roundings of it.
static const double SAME = 361 * 2e-6;

Test(hog_properties, constant_image_gives_zeros) {
    static const int sides[] = {1, 2, 3, 7, 16, 33};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        for (int kind = 0; kind < 40; kind++) {
            fx_hog_params p = cells_only(9, sides[i] < 4 ? 1 : 3, kind & 1);
            p.interpolation = kind / 2 % 2;
            p.border = kind & 4 ? FX_HOG_BORDER_MIRROR : FX_HOG_BORDER_NEAREST;
            p.block_norm = kind / 8;
            fx_image image = pixels_blank(sides[i], sides[i], kind % 3 ? 3 : 1);
            memset(image.pixels, 100 + kind, image.capacity);
            size_t count;
            float *out = extract(&p, &image, &count);
            for (size_t k = 0; k < count; k++) cr_assert(out[k] == 0, "%g", (double)out[k]);
            free(out);
            fx_image_destroy(&image);
        }
}

Test(hog_properties, presets_make_nothing_of_constant_images) {
    for (int preset = 0; preset <= FX_HOG_PRESET_VLFEAT_UOCTTI; preset++)
        for (int side = 24; side < 40; side += 5) {
            fx_hog_params p;
            fx_hog_apply_preset(&p, (fx_hog_preset)preset);
            fx_image image = pixels_blank(side, side + 3, side % 2 ? 1 : 3);
            memset(image.pixels, 7 * side, image.capacity);
            size_t count;
            float *out = extract(&p, &image, &count);
            for (size_t k = 0; k < count; k++) cr_assert(out[k] == 0, "%g", (double)out[k]);
            free(out);
            fx_image_destroy(&image);
        }
}

// Bins are differences of sums, and yet none is below zero, and one that nothing voted for is zero.
Test(hog_properties, bins_without_a_vote_are_zero) {
    enum { W = 70, H = 41 };
    for (int kind = 0; kind < 24; kind++) {
        static const int orientations[] = {1, 2, 9, 10, 18, 64};
        fx_hog_params p = cells_only(orientations[kind / 4], kind % 2 ? 8 : 5, kind & 2);
        p.interpolation = kind % 4 == 3 ? FX_HOG_INTERPOLATION_NONE : FX_HOG_INTERPOLATION_BOTH;
        fx_image image = pixels_blank(W, H, 3); // brighter to the right only: 0°
        for (int y = 0; y < H; y++)
            for (int x = 0; x < 3 * W; x++)
                image.pixels[(size_t)y * 3 * W + (size_t)x] = (uint8_t)(x * x / 3 / 60);
        size_t count, bins = (size_t)p.orientations;
        float *out = extract(&p, &image, &count);
        for (size_t k = 0; k < count; k++) {
            bool voted = k % bins == 0 || k % bins == bins - 1; // half of 0° goes around the circle
            cr_assert(voted ? out[k] >= 0 : out[k] == 0, "bin %zu of %zu: %g", k % bins, bins,
                      (double)out[k]);
        }
        free(out);
        for (size_t i = 0; i < image.capacity; i++) image.pixels[i] = (uint8_t)(i * i * 31 >> 7);
        out = extract(&p, &image, &count);
        for (size_t k = 0; k < count; k++) cr_assert(out[k] >= 0, "%g", (double)out[k]);
        free(out);
        fx_image_destroy(&image);
    }
}

// Variants cells and uoctti: cells change places as above, θ becomes 180° - θ, bins being centered
// on multiples of their width, and the blocks to the left and right of a cell change places. With 8
// orientations no gradient of 8-bit pixels is halfway between two bins.
Test(hog_properties, flip_permutes_cells_by_their_blocks) {
    enum { K = 8, CELLS_X = 5, CELLS_Y = 3 };
    for (int preset = FX_HOG_PRESET_VLFEAT_DALAL_TRIGGS; preset <= FX_HOG_PRESET_VLFEAT_UOCTTI;
         preset++) {
        fx_hog_params p;
        fx_hog_apply_preset(&p, (fx_hog_preset)preset);
        p.orientations = K;
        p.pixels_per_cell = 6;
        bool uoctti = p.variant == FX_HOG_UOCTTI;
        int length = uoctti ? 3 * K + 4 : 4 * K;
        fx_image image = pixels_random(CELLS_X * 6, CELLS_Y * 6, 3, 15);
        float *before = extract(&p, &image, NULL);
        fx_image_flip(&image);
        float *after = extract(&p, &image, NULL);
        for (int y = 0; y < CELLS_Y; y++)
            for (int x = 0; x < CELLS_X; x++)
                for (int i = 0; i < length; i++) {
                    int o = i % K, turned = (K - o) % K, to;
                    if (!uoctti)
                        to = (i / K ^ 1) * K + turned;
                    else if (i < 2 * K)
                        to = (3 * K - i) % (2 * K);
                    else
                        to = i < 3 * K ? 2 * K + turned : 3 * K + ((i - 3 * K) ^ 1);
                    double a = before[(y * CELLS_X + x) * length + i];
                    double f = after[(y * CELLS_X + CELLS_X - 1 - x) * length + to];
                    cr_assert(fabs(a - f) <= 2e-6, "preset %d, cell %d %d, number %d: %g and %g",
                              preset, x, y, i, a, f);
                }
        free(before);
        free(after);
        fx_image_destroy(&image);
    }
}

Test(hog_properties, nothing_but_finite_numbers) {
    for (int norm = FX_HOG_NORM_NONE; norm <= FX_HOG_NORM_L2_HYS; norm++)
        for (int size = 1; size <= 9; size++) {
            fx_hog_params p = fx_hog_defaults();
            p.block_norm = norm;
            p.pixels_per_cell = size;
            fx_image image = pixels_blank(40, 37, 3);
            // One bright pixel, so that most blocks are empty and some nearly so.
            memset(pixels_at(&image, 17, 19), 1, 3);
            size_t count;
            float *out = extract(&p, &image, &count);
            for (size_t k = 0; k < count; k++) cr_assert(out[k] >= 0 && isfinite(out[k]));
            free(out);
            fx_image_destroy(&image);
        }
}

// Left becomes right: cells change places, and θ becomes 180° - θ, bin b orientations - 1 - b
// (signed: the half turn's bins so, and the other half's).
static void check_flip(int orientations, bool is_signed) {
    int size = 6, cells_x = 5, cells_y = 4;
    fx_hog_params p = cells_only(orientations, size, is_signed);
    fx_image image = pixels_random(cells_x * size, cells_y * size, 3, 5);
    float *before = extract(&p, &image, NULL);
    fx_image_flip(&image);
    float *after = extract(&p, &image, NULL);
    for (int y = 0; y < cells_y; y++)
        for (int x = 0; x < cells_x; x++)
            for (int b = 0; b < orientations; b++) {
                int half = is_signed ? orientations / 2 : orientations;
                int mirrored = (half - 1 - b + orientations) % orientations;
                double a = before[(y * cells_x + x) * orientations + b];
                double f = after[(y * cells_x + cells_x - 1 - x) * orientations + mirrored];
                cr_assert(fabs(a - f) <= SAME, "cell %d %d bin %d: %g and %g", x, y, b, a, f);
            }
    free(before);
    free(after);
    fx_image_destroy(&image);
}

Test(hog_properties, flip_permutes) {
    check_flip(9, false);
    check_flip(8, false);
    check_flip(1, false);
    check_flip(18, true);
    check_flip(2, true);
}

// A quarter turn clockwise: (x, y) goes to (side - 1 - y, x), θ to θ + 90°.
static void check_turn(int orientations, bool is_signed) {
    int size = 6, cells = 4, side = size * cells;
    fx_hog_params p = cells_only(orientations, size, is_signed);
    fx_image image = pixels_random(side, side, 3, 6), turned = pixels_blank(side, side, 3);
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++)
            memcpy(pixels_at(&turned, side - 1 - y, x), pixels_at(&image, x, y), 3);
    float *before = extract(&p, &image, NULL), *after = extract(&p, &turned, NULL);
    for (int y = 0; y < cells; y++)
        for (int x = 0; x < cells; x++)
            for (int b = 0; b < orientations; b++) {
                int quarter = orientations / (is_signed ? 4 : 2);
                double a = before[(y * cells + x) * orientations + b];
                double t = after[(x * cells + cells - 1 - y) * orientations +
                                 (b + quarter) % orientations];
                cr_assert(fabs(a - t) <= SAME, "cell %d %d bin %d: %g and %g", x, y, b, a, t);
            }
    free(before);
    free(after);
    fx_image_destroy(&image);
    fx_image_destroy(&turned);
}

Test(hog_properties, quarter_turn_permutes) {
    check_turn(8, false);
    check_turn(18, false);
    check_turn(12, true);
}

// 2·p + 10: every gradient doubles. What is left is the norm's epsilon, 1e-5 beside a norm of at
// least 1 here, and some roundings.
Test(hog_properties, gain_and_offset_leave_it) {
    for (int norm = FX_HOG_NORM_L1; norm <= FX_HOG_NORM_L2_HYS; norm++) {
        fx_hog_params p = fx_hog_defaults();
        p.block_norm = norm;
        fx_image image = pixels_random(40, 33, 3, 7);
        for (size_t i = 0; i < image.capacity; i++)
            image.pixels[i] = (uint8_t)(image.pixels[i] / 3);
        size_t count;
        float *before = extract(&p, &image, &count);
        for (size_t i = 0; i < image.capacity; i++)
            image.pixels[i] = (uint8_t)(2 * image.pixels[i] + 10);
        float *after = extract(&p, &image, NULL);
        for (size_t k = 0; k < count; k++)
            cr_assert(fabs(before[k] - after[k]) <= 1e-5, "%g and %g", (double)before[k],
                      (double)after[k]);
        free(before);
        free(after);
        fx_image_destroy(&image);
    }
}

// A window moved by one cell sees the same cells one further, but for those at its borders.
static void check_shift(bool interpolation, int orientations) {
    int size = 7, cells = 5;
    fx_hog_params p = cells_only(orientations, size, false);
    p.interpolation = interpolation;
    fx_image whole = pixels_random(size * (cells + 1), size * (cells + 1), 3, 8);
    fx_image windows[2];
    float *rows[2];
    for (int k = 0; k < 2; k++) {
        windows[k] = pixels_blank(size * cells, size * cells, 3);
        for (int y = 0; y < size * cells; y++)
            memcpy(pixels_at(&windows[k], 0, y), pixels_at(&whole, k * size, y + k * size),
                   (size_t)(size * cells) * 3);
        rows[k] = extract(&p, &windows[k], NULL);
    }
    for (int y = 1; y < cells - 2; y++)
        for (int x = 1; x < cells - 2; x++)
            for (int b = 0; b < orientations; b++) {
                double first = rows[0][((y + 1) * cells + x + 1) * orientations + b];
                double second = rows[1][(y * cells + x) * orientations + b];
                cr_assert(fabs(first - second) <= SAME, "%g and %g", first, second);
            }
    for (int k = 0; k < 2; k++) {
        free(rows[k]);
        fx_image_destroy(&windows[k]);
    }
    fx_image_destroy(&whole);
}

Test(hog_properties, shift_by_a_cell_shifts) {
    check_shift(true, 9);
    check_shift(false, 9);
    check_shift(true, 64);
}

Test(hog_properties, second_call_gives_the_same_bytes) {
    fx_hog_params p = fx_hog_defaults();
    fx_image image = pixels_random(300, 50, 3, 9);
    size_t count;
    float *first = extract(&p, &image, &count), *second = extract(&p, &image, NULL);
    cr_assert_eq(memcmp(first, second, sizeof *first * count), 0);
    free(first);
    free(second);
    fx_image_destroy(&image);
}
