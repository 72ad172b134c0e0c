// Color histograms: sizes, errors, counts, norms, and the fast bins against the plain ones.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/color_histogram.h"
#include "tests/support/pixels.h"

#if defined(__SANITIZE_ADDRESS__)
enum { STEP = 11 }; // of exhaustive loops
#else
enum { STEP = 1 };
#endif

static float *extract(const fx_color_params *p, const fx_image *image) {
    fx_error error = {0};
    float *out = malloc(sizeof *out * fx_color_length(p));
    size_t bytes = fx_color_scratch(p);
    void *scratch = malloc(bytes);
    memset(scratch, 0xff, bytes);
    cr_assert_eq(fx_color_extract(p, image, out, scratch, &error), FX_OK, "%s", error.message);
    free(scratch);
    return out;
}

Test(color, defaults_and_lengths) {
    fx_color_params p = fx_color_defaults();
    cr_assert(p.space == FX_COLOR_HSV && p.bins.count == 0 && p.joint && p.grid == 1 &&
              p.norm == FX_COLOR_NORM_SQRT);
    cr_assert_eq(fx_color_length(&p), 128);
    p.grid = 3;
    cr_assert_eq(fx_color_length(&p), 9 * 128);
    p.joint = false;
    cr_assert_eq(fx_color_length(&p), 9 * 16);
    p.space = FX_COLOR_RGB;
    p.grid = 1;
    cr_assert_eq(fx_color_length(&p), 24);
    p.joint = true;
    cr_assert_eq(fx_color_length(&p), 512);
    p.bins = (fx_int_list){.count = 1, .values = {5}};
    cr_assert_eq(fx_color_length(&p), 125);
    p.space = FX_COLOR_GRAY;
    cr_assert_eq(fx_color_length(&p), 5);
    p.bins.count = 0;
    cr_assert_eq(fx_color_length(&p), 32);
}

Test(color, errors) {
    fx_error error;
    float out[512];
    uint32_t scratch[2048];
    fx_image image = pixels_blank(7, 3, 3);
    fx_color_params p = fx_color_defaults();
    p.grid = 4;
    cr_assert_eq(fx_color_extract(&p, &image, out, scratch, &error), FX_ERROR_DATA);
    cr_assert_str_eq(error.message, "7×3 pixels are less than one for each cell of color.grid, "
                                    "expected at least 4×4");
    p = fx_color_defaults();
    p.bins = (fx_int_list){.count = 2, .values = {4, 4}};
    cr_assert_eq(fx_color_extract(&p, &image, out, scratch, &error), FX_ERROR_USAGE);
    cr_assert_str_eq(error.message,
                     "color.bins: found 2 numbers, expected 1 or, for color.space hsv, 3");
    p.space = FX_COLOR_GRAY;
    p.bins = (fx_int_list){.count = 3, .values = {4, 4, 4}};
    cr_assert_eq(fx_color_length(&p), 0);
    cr_assert_eq(fx_color_scratch(&p), 0);
    p = fx_color_defaults();
    p.bins = (fx_int_list){.count = 1, .values = {257}};
    cr_assert_eq(fx_color_extract(&p, &image, out, scratch, &error), FX_ERROR_USAGE);
    cr_assert_not_null(strstr(error.message, "color.bins: found 257"), "%s", error.message);
    p = fx_color_defaults();
    p.grid = 0;
    cr_assert_eq(fx_color_extract(&p, &image, out, scratch, &error), FX_ERROR_USAGE);
    p = fx_color_defaults();
    p.norm = 4;
    cr_assert_eq(fx_color_extract(&p, &image, out, scratch, &error), FX_ERROR_USAGE);
    p = fx_color_defaults();
    p.space = -1;
    cr_assert_eq(fx_color_extract(&p, &image, out, scratch, &error), FX_ERROR_USAGE);
    fx_image_destroy(&image);
}

// The bins of known colors.
Test(color, hsv_of_known_colors) {
    const struct {
        uint8_t rgb[3];
        uint32_t bin[3]; // of 6 hues, 4 saturations, 4 values
    } cases[] = {
        {{255, 0, 0}, {0, 3, 3}},     {{255, 255, 0}, {1, 3, 3}}, // 60° belongs to the second sixth
        {{0, 255, 0}, {2, 3, 3}},     {{0, 255, 255}, {3, 3, 3}},   {{0, 0, 255}, {4, 3, 3}},
        {{255, 0, 255}, {5, 3, 3}},   {{255, 0, 1}, {5, 3, 3}},     {{0, 0, 0}, {0, 0, 0}},
        {{255, 255, 255}, {0, 0, 3}}, {{128, 128, 128}, {0, 0, 2}}, {{128, 64, 64}, {0, 2, 2}},
        {{127, 127, 127}, {0, 0, 1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static const int bins[3] = {6, 4, 4};
        uint32_t plain[3], fast[3][FX__COLOR_BLOCK];
        fx__color_bins_reference(FX_COLOR_HSV, bins, cases[i].rgb, plain);
        fx__color_bins(FX_COLOR_HSV, bins, cases[i].rgb, 3, 1, fast);
        for (int c = 0; c < 3; c++) {
            cr_assert_eq(plain[c], cases[i].bin[c], "color %zu channel %d: %u", i, c, plain[c]);
            cr_assert_eq(fast[c][0], cases[i].bin[c], "color %zu channel %d: %u", i, c, fast[c][0]);
        }
    }
}

// All 2^24 colors, with numbers of bins that put many on an edge.
static void compare_all_colors(fx_color_space space, const int bins[3], int step) {
    uint8_t pixels[3 * FX__COLOR_BLOCK];
    uint32_t fast[3][FX__COLOR_BLOCK], plain[3];
    for (int r = 0; r < 256; r += step)
        for (int g = 0; g < 256; g++) {
            for (int b = 0; b < 256; b++) {
                pixels[3 * b] = (uint8_t)r;
                pixels[3 * b + 1] = (uint8_t)g;
                pixels[3 * b + 2] = (uint8_t)b;
            }
            fx__color_bins(space, bins, pixels, 3, 256, fast);
            for (int b = 0; b < 256; b++) {
                fx__color_bins_reference(space, bins, pixels + 3 * b, plain);
                for (int c = 0; c < (space == FX_COLOR_GRAY ? 1 : 3); c++)
                    if (fast[c][b] != plain[c])
                        cr_assert_fail("(%d, %d, %d) channel %d of %d bins: %u, expected %u", r, g,
                                       b, c, bins[c], fast[c][b], plain[c]);
            }
        }
}

Test(color, every_color_finds_its_bin) {
    static const int hsv[][3] = {{8, 4, 4}, {18, 3, 3}, {256, 256, 256}, {255, 51, 17}, {7, 5, 1}};
    for (int i = 0; i < 5; i++) compare_all_colors(FX_COLOR_HSV, hsv[i], i < 2 ? STEP : 3 * STEP);
    compare_all_colors(FX_COLOR_GRAY, (int[3]){256, 1, 1}, STEP);
    compare_all_colors(FX_COLOR_GRAY, (int[3]){51, 1, 1}, 5 * STEP);
    for (int n = 1; n <= 256; n++) // channels are alone: one color of each value does
        compare_all_colors(FX_COLOR_RGB, (int[3]){1, n, 257 - n}, 256);
}

// Gray stands for R = G = B, and no block size reads or writes beyond its pixels.
Test(color, gray_and_odd_counts) {
    static const int bins[3] = {8, 4, 5};
    for (int space = FX_COLOR_GRAY; space <= FX_COLOR_HSV; space++)
        for (size_t count = 1; count <= FX__COLOR_BLOCK; count += count < 70 ? 1 : 31) {
            uint8_t *gray = malloc(count), *rgb = malloc(3 * count);
            uint32_t one[3][FX__COLOR_BLOCK], three[3][FX__COLOR_BLOCK], plain[3];
            for (size_t i = 0; i < count; i++)
                gray[i] = rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = (uint8_t)(i * 37 + count);
            fx__color_bins((fx_color_space)space, bins, gray, 1, count, one);
            fx__color_bins((fx_color_space)space, bins, rgb, 3, count, three);
            for (size_t i = 0; i < count; i++) {
                fx__color_bins_reference((fx_color_space)space, bins, rgb + 3 * i, plain);
                for (int c = 0; c < (space == FX_COLOR_GRAY ? 1 : 3); c++)
                    cr_assert(one[c][i] == plain[c] && three[c][i] == plain[c]);
            }
            free(gray);
            free(rgb);
        }
}

// Counts of every cell, pixel after pixel.
static void check_counts(fx_color_params p, int width, int height, int channels) {
    p.norm = FX_COLOR_NORM_NONE;
    fx_image image = pixels_random(width, height, channels, (uint64_t)(width * 100 + height));
    fx_color_params resolved = p;
    cr_assert_eq(fx__color_resolve(&resolved, NULL), FX_OK);
    int bins[3] = {1, 1, 1};
    for (int c = 0; c < resolved.bins.count; c++) bins[c] = resolved.bins.values[c];
    size_t length = fx_color_length(&p), grid = (size_t)p.grid, cell = length / (grid * grid);
    float *out = extract(&p, &image);
    float *expected = calloc(length, sizeof *expected);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const uint8_t *q = pixels_at(&image, x, y);
            uint8_t rgb[3] = {q[0], q[channels == 3 ? 1 : 0], q[channels == 3 ? 2 : 0]};
            uint32_t b[3];
            int row = 0, column = 0;
            while ((row + 1) * height / p.grid <= y) row++;
            while ((column + 1) * width / p.grid <= x) column++;
            fx__color_bins_reference((fx_color_space)p.space, bins, rgb, b);
            float *at = expected + ((size_t)row * grid + (size_t)column) * cell;
            if (p.space == FX_COLOR_GRAY) {
                at[b[0]]++;
            } else if (p.joint) {
                at[((int)b[0] * bins[1] + (int)b[1]) * bins[2] + (int)b[2]]++;
            } else {
                at[b[0]]++;
                at[bins[0] + (int)b[1]]++;
                at[bins[0] + bins[1] + (int)b[2]]++;
            }
        }
    for (size_t i = 0; i < length; i++)
        cr_assert(out[i] == expected[i], "number %zu: %g, expected %g", i, (double)out[i],
                  (double)expected[i]);
    free(out);
    free(expected);
    fx_image_destroy(&image);
}

Test(color, counts) {
    static const int sizes[][2] = {{1, 1},   {7, 3},   {3, 7},   {33, 17},
                                   {255, 3}, {256, 3}, {257, 3}, {600, 5}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int kind = 0; kind < 24; kind++) {
            fx_color_params p = fx_color_defaults();
            p.space = kind % 3;
            p.joint = kind / 3 & 1;
            p.grid = kind / 6 & 1 && sizes[i][0] >= 3 && sizes[i][1] >= 3 ? 3 : 1;
            if (kind >= 18) p.bins = (fx_int_list){.count = 1, .values = {13}}; // 2197: one copy
            check_counts(p, sizes[i][0], sizes[i][1], kind & 1 ? 3 : 1);
            check_counts(p, sizes[i][0], sizes[i][1], 3);
        }
}

// Each cell, and where not joint each channel, is normalized alone.
Test(color, norms) {
    fx_image image = pixels_random(37, 23, 3, 4);
    for (int joint = 0; joint < 2; joint++)
        for (int norm = FX_COLOR_NORM_NONE; norm <= FX_COLOR_NORM_SQRT; norm++) {
            fx_color_params p = fx_color_defaults();
            p.space = FX_COLOR_RGB;
            p.bins = (fx_int_list){.count = 1, .values = {6}};
            p.grid = 2;
            p.joint = joint;
            p.norm = norm;
            float *out = extract(&p, &image);
            size_t length = fx_color_length(&p), part = joint ? 216 : 6;
            for (size_t i = 0; i < length; i += part) {
                double sum = 0, squares = 0;
                for (size_t k = 0; k < part; k++) {
                    sum += out[i + k];
                    squares += (double)out[i + k] * out[i + k];
                }
                // Each number is rounded once: 6e-8 of it.
                if (norm == FX_COLOR_NORM_L1) cr_assert(fabs(sum - 1) <= 1e-7);
                if (norm == FX_COLOR_NORM_L2) cr_assert(fabs(squares - 1) <= 2e-7);
                if (norm == FX_COLOR_NORM_SQRT) cr_assert(fabs(squares - 1) <= 2e-7);
                if (norm == FX_COLOR_NORM_NONE)
                    cr_assert(sum == 18 * 11 || sum == 19 * 11 || sum == 18 * 12 || sum == 19 * 12);
            }
            free(out);
        }
    fx_image_destroy(&image);
}
