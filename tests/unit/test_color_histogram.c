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
    p.levels = 3;
    cr_assert_eq(fx_color_length(&p), (1 + 4 + 16) * 32);
    p.levels = 1;
    p.space = FX_COLOR_RG;
    cr_assert_eq(fx_color_length(&p), 256);
    p.joint = false;
    cr_assert_eq(fx_color_length(&p), 32);
    p.space = FX_COLOR_LAB;
    cr_assert_eq(fx_color_length(&p), 20);
}

// What auto stands for, as it is written into files.
Test(color, resolved) {
    fx_color_params p = fx_color_defaults();
    cr_assert_eq(fx__color_resolve(&p, NULL), FX_OK);
    static const int range[6] = {0, 360, 0, 100, 0, 100}, bins[3] = {8, 4, 4};
    cr_assert(p.bins.count == 3 && memcmp(p.bins.values, bins, sizeof bins) == 0);
    cr_assert(p.range.count == 6 && memcmp(p.range.values, range, sizeof range) == 0);
    fx_color_axes axes;
    cr_assert_eq(fx__color_axes_of(&p, &axes, NULL), FX_OK);
    cr_assert(axes.whole);
}

Test(color, errors) {
    fx_error error;
    float out[512];
    uint32_t scratch[2052];
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
    p = fx_color_defaults();
    p.range = (fx_int_list){.count = 4, .values = {0, 1, 0, 1}};
    cr_assert_eq(fx_color_extract(&p, &image, out, scratch, &error), FX_ERROR_USAGE);
    cr_assert_str_eq(error.message,
                     "color.range: found 4 numbers, expected 2 or, for color.space hsv, 6");
    p.range = (fx_int_list){.count = 2, .values = {5, 5}};
    cr_assert_eq(fx_color_extract(&p, &image, out, scratch, &error), FX_ERROR_USAGE);
    cr_assert_str_eq(error.message,
                     "color.range: found [5, 5], expected a low bound and a higher one");
    p = fx_color_defaults();
    p.levels = 3;
    cr_assert_eq(fx_color_extract(&p, &image, out, scratch, &error), FX_ERROR_DATA);
    cr_assert_str_eq(error.message, "7×3 pixels are less than one for each cell of color.grid and "
                                    "color.levels, expected at least 4×4");
    p = fx_color_defaults();
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
    fx_color_axes axes = fx__color_axes(FX_COLOR_HSV);
    axes.bins[0] = 6;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t plain[3], fast[3][FX__COLOR_BLOCK];
        fx__color_positions_reference(&axes, 1, cases[i].rgb, plain);
        fx__color_positions(&axes, 1, cases[i].rgb, 3, 1, fast);
        for (int c = 0; c < 3; c++) {
            cr_assert_eq(plain[c], cases[i].bin[c], "color %zu channel %d: %u", i, c, plain[c]);
            cr_assert_eq(fast[c][0], cases[i].bin[c], "color %zu channel %d: %u", i, c, fast[c][0]);
        }
    }
}

// The bounds themselves: both belong to the range, the upper one to the last bin.
Test(color, range_of_known_values) {
    fx_color_axes axes = fx__color_axes(FX_COLOR_GRAY);
    axes.bins[0] = 4;
    axes.low[0] = 100;
    axes.high[0] = 108;
    axes.whole = false;
    static const int values[] = {99, 100, 101, 102, 107, 108, 109};
    static const int bins[] = {-1, 0, 0, 1, 3, 3, -1}, steps[] = {-1, 0, 512, 1024, 3584, 4096, -1};
    for (int i = 0; i < 7; i++) {
        uint8_t gray = (uint8_t)values[i];
        uint32_t position[3][FX__COLOR_BLOCK];
        fx__color_positions(&axes, 1, &gray, 1, 1, position);
        cr_assert_eq(position[0][0], bins[i] < 0 ? FX__COLOR_OUTSIDE : (uint32_t)bins[i]);
        fx__color_positions(&axes, FX__COLOR_STEPS, &gray, 1, 1, position);
        cr_assert_eq(position[0][0], steps[i] < 0 ? FX__COLOR_OUTSIDE : (uint32_t)steps[i]);
    }
}

// Two values of Lab that float32 and float64 see on different sides of an edge.
static bool near(const fx_color_axes *axes, int steps, const uint8_t rgb[3], int channel) {
    double lab[3], width = axes->high[channel] - axes->low[channel];
    fx__color_lab_reference(rgb, lab);
    double x = (lab[channel] - axes->low[channel]) / width * axes->bins[channel] * steps;
    return fabs(x - round(x)) <= 2e-4 / width * axes->bins[channel] * steps;
}

// Colors of the whole cube. In steps of a bin every value of Lab is near an edge, and a step off.
static void compare_colors(const fx_color_axes *axes, int steps, int stride) {
    uint8_t pixels[3 * FX__COLOR_BLOCK];
    uint32_t fast[3][FX__COLOR_BLOCK], plain[3];
    for (int r = 0; r < 256; r += stride)
        for (int g = 0; g < 256; g += stride / 64 + 1) {
            for (int b = 0; b < 256; b++) {
                pixels[3 * b] = (uint8_t)r;
                pixels[3 * b + 1] = (uint8_t)g;
                pixels[3 * b + 2] = (uint8_t)b;
            }
            fx__color_positions(axes, steps, pixels, 3, 256, fast);
            for (int b = 0; b < 256; b++) {
                fx__color_positions_reference(axes, steps, pixels + 3 * b, plain);
                for (int c = 0; c < axes->channels; c++)
                    if (fast[c][b] != plain[c] &&
                        !(axes->space == FX_COLOR_LAB && near(axes, steps, pixels + 3 * b, c)))
                        cr_assert_fail("(%d, %d, %d) channel %d of %d bins, %d steps: %u, expected "
                                       "%u",
                                       r, g, b, c, axes->bins[c], steps, fast[c][b], plain[c]);
            }
        }
}

static fx_color_axes axes_of(fx_color_space space, int bins0, int bins1, int bins2) {
    fx_color_axes axes = fx__color_axes(space);
    const int bins[3] = {bins0, bins1, bins2};
    for (int c = 0; c < 3 && c < axes.channels; c++) axes.bins[c] = bins[c];
    return axes;
}

Test(color, every_color_finds_its_bin) {
    static const int bins[][3] = {{8, 4, 4}, {18, 3, 3}, {256, 256, 256}, {255, 51, 17}, {7, 5, 1}};
    for (int i = 0; i < 5; i++)
        for (int space = FX_COLOR_RG; space <= FX_COLOR_LAB; space++) {
            fx_color_axes axes = axes_of((fx_color_space)space, bins[i][0], bins[i][1], bins[i][2]);
            compare_colors(&axes, 1, space == FX_COLOR_HSV && i == 0 ? STEP : 9 * STEP);
        }
    fx_color_axes gray[2] = {axes_of(FX_COLOR_GRAY, 256, 1, 1), axes_of(FX_COLOR_GRAY, 51, 1, 1)};
    for (int i = 0; i < 2; i++) compare_colors(&gray[i], 1, 5 * STEP);
    for (int n = 1; n <= 256; n++) { // channels are alone: one color of each value does
        fx_color_axes axes = axes_of(FX_COLOR_RGB, 1, n, 257 - n);
        compare_colors(&axes, 1, 256);
    }
}

// Ranges that put many values on an edge, many outside; and positions between edges.
Test(color, ranges_and_steps) {
    static const int ranges[][2] = {{0, 100}, {20, 84}, {-50, 205}, {-1024, 1024}, {33, 34}};
    for (int space = FX_COLOR_GRAY; space <= FX_COLOR_LAB; space++)
        for (int i = 0; i < 6; i++)
            for (int steps = 1; steps <= FX__COLOR_STEPS; steps += FX__COLOR_STEPS - 1) {
                fx_color_axes axes = axes_of((fx_color_space)space, i ? 16 : 256, 7, 20);
                for (int c = 0; c < axes.channels && i < 5; c++) {
                    axes.low[c] = ranges[i][0];
                    axes.high[c] = ranges[i][1] + c;
                    axes.whole = false;
                }
                compare_colors(&axes, steps, 85);
            }
}

// All of float32's error: of the roots, times 500.
Test(color, lab_of_all_colors) {
    double worst = 0;
    fx_color_planes planes;
    float fast[3][FX__COLOR_BLOCK];
    for (int r = 0; r < 256; r += 3 * STEP)
        for (int g = 0; g < 256; g += 5) {
            for (int b = 0; b < 256; b++) {
                planes.r[b] = (uint8_t)r;
                planes.g[b] = (uint8_t)g;
                planes.b[b] = (uint8_t)b;
            }
            fx__color_lab(&planes, 256, fast);
            for (int b = 0; b < 256; b += 3) {
                double lab[3];
                fx__color_lab_reference((uint8_t[]){planes.r[b], planes.g[b], planes.b[b]}, lab);
                for (int c = 0; c < 3; c++) worst = fmax(worst, fabs(fast[c][b] - lab[c]));
            }
        }
    cr_assert(worst <= 2e-4, "%g", worst);
}

// Grays lie on the axis and white at its end, to the last bit: edges at 0 and 100 hold.
Test(color, lab_of_grays) {
    fx_color_planes planes;
    float lab[3][FX__COLOR_BLOCK];
    for (int i = 0; i < 256; i++) planes.r[i] = planes.g[i] = planes.b[i] = (uint8_t)i;
    fx__color_lab(&planes, 256, lab);
    for (int i = 0; i < 256; i++) {
        cr_assert(lab[1][i] == 0 && lab[2][i] == 0);
        cr_assert(lab[0][i] >= 0 && lab[0][i] <= 100);
        if (i > 0) cr_assert(lab[0][i] > lab[0][i - 1]);
    }
    cr_assert(lab[0][255] > 99.9999F);
}

// Gray stands for R = G = B, and no block size reads or writes beyond its pixels.
Test(color, gray_and_odd_counts) {
    for (int kind = 0; kind < 12; kind++)
        for (size_t count = 1; count <= FX__COLOR_BLOCK; count += count < 70 ? 1 : 31) {
            fx_color_axes axes = axes_of((fx_color_space)(kind / 2), 8, 4, 5);
            int steps = kind & 1 ? FX__COLOR_STEPS : 1;
            uint8_t *gray = malloc(count), *rgb = malloc(3 * count);
            uint32_t one[3][FX__COLOR_BLOCK], three[3][FX__COLOR_BLOCK], plain[3];
            for (size_t i = 0; i < count; i++)
                gray[i] = rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = (uint8_t)(i * 37 + count);
            fx__color_positions(&axes, steps, gray, 1, count, one);
            fx__color_positions(&axes, steps, rgb, 3, count, three);
            for (size_t i = 0; i < count; i++) {
                fx__color_positions_reference(&axes, steps, rgb + 3 * i, plain);
                for (int c = 0; c < axes.channels; c++) {
                    cr_assert_eq(one[c][i], three[c][i]);
                    cr_assert(three[c][i] == plain[c] ||
                              (axes.space == FX_COLOR_LAB && near(&axes, steps, rgb + 3 * i, c)));
                }
            }
            free(gray);
            free(rgb);
        }
}

// What a pixel gives to bin k of a channel, from its position in steps: hard and linear.
static uint64_t share_of(const fx_color_params *p, const fx_color_axes *axes, int channel,
                         uint32_t position, int k) {
    int bins = axes->bins[channel], steps = FX__COLOR_STEPS, at = (int)position;
    if (position == FX__COLOR_OUTSIDE) return 0;
    if (p->binning == FX_COLOR_HARD) return at == k ? 1 : 0;
    bool circle = axes->space == FX_COLOR_HSV && channel == 0 && axes->whole;
    uint64_t share = 0;
    for (int bin = -1; bin <= bins; bin++) {
        int distance = abs(at - (bin * steps + steps / 2));
        int target = bin < 0       ? (circle ? bins - 1 : 0)
                     : bin == bins ? (circle ? 0 : bins - 1)
                                   : bin;
        if (target == k && distance < steps) share += (uint64_t)(steps - distance);
    }
    return share;
}

// Numbers of every cell, pixel after pixel, bin after bin.
static void check_counts(fx_color_params p, int width, int height, int channels) {
    p.norm = FX_COLOR_NORM_NONE;
    fx_image image = pixels_random(width, height, channels, (uint64_t)(width * 100 + height));
    fx_color_axes axes;
    cr_assert_eq(fx__color_axes_of(&p, &axes, NULL), FX_OK);
    size_t length = fx_color_length(&p), grid = (size_t)p.grid, cell = length / (grid * grid);
    float *out = extract(&p, &image);
    double *expected = calloc(length, sizeof *expected);
    bool linear = p.binning == FX_COLOR_LINEAR;
    double unit = linear ? 1.0 / FX__COLOR_STEPS : 1;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const uint8_t *q = pixels_at(&image, x, y);
            uint32_t at[3][FX__COLOR_BLOCK];
            int row = 0, column = 0;
            while ((row + 1) * height / p.grid <= y) row++;
            while ((column + 1) * width / p.grid <= x) column++;
            fx__color_positions(&axes, linear ? FX__COLOR_STEPS : 1, q, channels, 1, at);
            double *to = expected + ((size_t)row * grid + (size_t)column) * cell;
            for (int i = 0; i < axes.bins[0]; i++) {
                double first = unit * (double)share_of(&p, &axes, 0, at[0][0], i);
                if (!p.joint || axes.channels == 1) to[i] += first;
                for (int j = 0; p.joint && axes.channels > 1 && j < axes.bins[1]; j++) {
                    double second = first * unit * (double)share_of(&p, &axes, 1, at[1][0], j);
                    if (axes.channels == 2) to[i * axes.bins[1] + j] += second;
                    for (int k = 0; axes.channels == 3 && second > 0 && k < axes.bins[2]; k++)
                        to[(i * axes.bins[1] + j) * axes.bins[2] + k] +=
                            second * unit * (double)share_of(&p, &axes, 2, at[2][0], k);
                }
            }
            for (int c = 1, begin = axes.bins[0]; !p.joint && c < axes.channels; c++) {
                for (int i = 0; i < axes.bins[c]; i++)
                    to[begin + i] += unit * (double)share_of(&p, &axes, c, at[c][0], i);
                begin += axes.bins[c];
            }
        }
    // Sums of 2^-30ths are exact in float64 and rounded to float32 once.
    for (size_t i = 0; i < length; i++)
        cr_assert(out[i] == (float)expected[i], "number %zu: %g, expected %g", i, (double)out[i],
                  expected[i]);
    free(out);
    free(expected);
    fx_image_destroy(&image);
}

Test(color, counts) {
    static const int sizes[][2] = {{1, 1}, {7, 3}, {3, 7}, {33, 17}, {255, 3}, {257, 3}, {600, 2}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int kind = 0; kind < 48; kind++) {
            fx_color_params p = fx_color_defaults();
            p.space = kind % 6;
            p.joint = kind / 6 & 1;
            p.binning = kind / 12 & 1;
            p.grid = kind / 24 & 1 && sizes[i][0] >= 3 && sizes[i][1] >= 3 ? 3 : 1;
            if (p.grid == 3) p.range = (fx_int_list){.count = 2, .values = {10, 90}};
            if (kind == 10) p.bins = (fx_int_list){.count = 1, .values = {13}}; // 2197: one copy
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

// A histogram without pixels is zero whatever its norm.
Test(color, nothing_inside) {
    fx_image image = pixels_random(9, 9, 3, 7);
    for (int norm = FX_COLOR_NORM_NONE; norm <= FX_COLOR_NORM_SQRT; norm++)
        for (int binning = 0; binning < 2; binning++) {
            fx_color_params p = fx_color_defaults();
            p.range = (fx_int_list){.count = 2, .values = {1000, 1001}};
            p.norm = norm;
            p.binning = binning;
            float *out = extract(&p, &image);
            for (size_t i = 0; i < fx_color_length(&p); i++) cr_assert(out[i] == 0);
            free(out);
        }
    fx_image_destroy(&image);
}
