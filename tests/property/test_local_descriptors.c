// Patches and dense SIFT: against their formulas over odd sizes, and what must leave them alone.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/local_descriptors.h"
#include "features/vocabulary.h"
#include "src/base/memory.h"
#include "tests/support/noise.h"
#include "tests/support/plain_sift.h"

static fx_error error;

// The pixels lie in a block of exactly their size, so that sanitizers see a read beyond it.
static fx_image make_image(uint32_t seed, int height, int width, int channels) {
    fx_image image = {.width = width, .height = height, .channels = channels};
    image.pixels = malloc((size_t)height * (size_t)width * (size_t)channels);
    noise_image(seed, height, width, channels, image.pixels);
    return image;
}

static float *extract(const fx_bovw_params *params, const fx_image *image,
                      const fx_positions *positions) {
    size_t rows = (size_t)positions->rows * (size_t)positions->columns;
    size_t d = fx__local_length(params, image->channels);
    float *scratch, *out;
    cr_assert_eq(
        fx__allocate(fx__local_scratch(params, image->channels), sizeof(float), &scratch, &error),
        FX_OK);
    cr_assert_eq(fx__allocate(rows * d + FX__PATCHES_SLACK, sizeof(float), &out, &error), FX_OK);
    fx__local_extract(params, image, positions, scratch, out);
    free(scratch);
    return out;
}

static fx_bovw_params make_params(int local, int patch, int stride) {
    fx_bovw_params params = fx_bovw_defaults();
    params.local = local;
    params.patch = patch;
    params.stride = stride;
    fx__bovw_resolve_local(&params);
    return params;
}

static void check_patch(const fx_image *image, int x, int y, int patch, const float *found) {
    size_t line = (size_t)image->width * (size_t)image->channels,
           run = (size_t)(patch * image->channels);
    const uint8_t *corner = image->pixels + (size_t)y * line + (size_t)(x * image->channels);
    double sum = 0, squares = 0, count = (double)run * patch;
    for (size_t i = 0; i < (size_t)patch; i++)
        for (size_t j = 0; j < run; j++) sum += corner[i * line + j];
    double mean = sum / count;
    for (size_t i = 0; i < (size_t)patch; i++)
        for (size_t j = 0; j < run; j++)
            squares += (corner[i * line + j] - mean) * (corner[i * line + j] - mean);
    double scale = 1 / sqrt(squares / count + 10);
    for (size_t i = 0; i < (size_t)patch; i++)
        for (size_t j = 0; j < run; j++) {
            double expected = (corner[i * line + j] - mean) * scale;
            // Up to 64 or so, three roundings.
            cr_assert(fabs(found[i * run + j] - expected) <= 1e-5, "patch %d at %d,%d", patch, x,
                      y);
        }
}

Test(patches, plain_reference) {
    const int sizes[] = {2, 3, 5, 6, 7, 8, 9, 16, 17, 33, 64};
    for (size_t s = 0; s < 11; s++)
        for (int channels = 1; channels <= 3; channels += 2)
            for (int stride = 1; stride <= 7; stride += 3) {
                fx_bovw_params params = make_params(FX_BOVW_PATCH, sizes[s], stride);
                int side = fx__local_side(&params), columns = side < 5 ? side : 5;
                int rows = columns < 3 ? columns : 3;
                fx_image image = make_image((uint32_t)s, (rows - 1) * stride + sizes[s] + 1,
                                            (columns - 1) * stride + sizes[s] + 2, channels);
                fx_positions positions = {
                    .x = 2, .y = 1, .columns = columns, .rows = rows, .stride = stride};
                float *out = extract(&params, &image, &positions);
                size_t d = fx__local_length(&params, channels);
                for (int i = 0; i < rows; i++)
                    for (int j = 0; j < columns; j++)
                        check_patch(&image, 2 + j * stride, 1 + i * stride, sizes[s],
                                    out + (size_t)(i * columns + j) * d);
                free(out);
                free(image.pixels);
            }
}

Test(local, rectangles_change_nothing) {
    for (int local = FX_BOVW_PATCH; local <= FX_BOVW_HOG; local++)
        for (int stride = 1; stride <= 5; stride += 2) {
            fx_bovw_params params = make_params(local, 8, stride);
            int side = fx__local_side(&params);
            cr_assert(side >= 4 && side <= 16);
            int span = (side - 1) * stride + 8;
            fx_image image = make_image(3, span, span, 3); // up to all four borders
            fx_positions all = {.columns = side, .rows = side, .stride = stride};
            float *together = extract(&params, &image, &all);
            size_t d = fx__local_length(&params, 3);
            for (int i = 0; i < side * side; i++) {
                fx_positions one = {.x = i % side * stride,
                                    .y = i / side * stride,
                                    .columns = 1,
                                    .rows = 1,
                                    .stride = stride};
                float *alone = extract(&params, &image, &one);
                cr_assert_arr_eq(alone, together + (size_t)i * d, d * sizeof *alone,
                                 "%d: stride %d, patch %d", local, stride, i);
                free(alone);
            }
            free(together);
            free(image.pixels);
        }
}

Test(local, gain_and_offset) {
    fx_image image = make_image(4, 12, 12, 3), brighter = make_image(4, 12, 12, 3);
    for (size_t i = 0; i < 12 * 12 * 3; i++) {
        image.pixels[i] = (uint8_t)(image.pixels[i] / 3);
        if (i % 3) image.pixels[i] = image.pixels[i - i % 3]; // gray: luma rounds otherwise
        brighter.pixels[i] = (uint8_t)(2 * image.pixels[i] + 70);
    }
    fx_positions one = {.columns = 1, .rows = 1, .stride = 1};
    for (int local = FX_BOVW_PATCH; local <= FX_BOVW_HOG; local++) {
        fx_bovw_params params = make_params(local, 12, 1);
        params.contrast = 0;
        float *a = extract(&params, &image, &one), *b = extract(&params, &brighter, &one);
        for (size_t i = 0; i < fx__local_length(&params, 3); i++)
            cr_assert(fabsf(a[i] - b[i]) <= 2e-6f, "%g, %g", a[i], b[i]); // values up to 3
        free(a);
        free(b);
    }
    free(image.pixels);
    free(brighter.pixels);
}

Test(local, a_flat_image_gives_zeros) {
    fx_image image = make_image(5, 20, 20, 1);
    memset(image.pixels, 200, 400);
    fx_positions all = {.columns = 9, .rows = 9, .stride = 1};
    for (int local = FX_BOVW_PATCH; local <= FX_BOVW_HOG; local++) {
        fx_bovw_params params = make_params(local, 12, 1);
        params.contrast = 0;
        float *out = extract(&params, &image, &all);
        for (size_t i = 0; i < 81 * fx__local_length(&params, 1); i++) cr_assert_eq(out[i], 0);
        free(out);
    }
    free(image.pixels);
}

Test(patches, gray_of_color) {
    fx_image image = make_image(9, 15, 17, 3), gray = {0};
    cr_assert_eq(fx_image_convert(&image, 1, &gray, &error), FX_OK);
    fx_positions all = {.x = 2, .y = 1, .columns = 4, .rows = 3, .stride = 2};
    for (int patch = 2; patch <= 9; patch++) {
        fx_bovw_params params = make_params(FX_BOVW_GRAY, patch, 2);
        float *of_color = extract(&params, &image, &all), *of_gray = extract(&params, &gray, &all);
        cr_assert_eq(fx__local_length(&params, 3), (size_t)(patch * patch));
        cr_assert_arr_eq(of_color, of_gray, (size_t)(12 * patch * patch) * sizeof *of_gray);
        free(of_color);
        free(of_gray);
    }
    free(image.pixels);
    fx_image_destroy(&gray);
}

// Rectangles of all kinds of descriptors in images that they fill up to the last pixel.
static void check_dense(const fx_dense_sift *s, int columns, int rows, int stride, int channels) {
    int patch = s->cells * s->cell;
    size_t length = (size_t)(s->cells * s->cells * s->orientations);
    fx_image image = make_image((uint32_t)(patch + stride), (rows - 1) * stride + patch,
                                (columns - 1) * stride + patch, channels);
    fx_positions all = {.columns = columns, .rows = rows, .stride = stride};
    float *scratch, *out = malloc((size_t)(rows * columns) * length * sizeof *out);
    size_t floats = fx__dense_sift_scratch(s, columns, rows, stride);
    cr_assert_eq(fx__allocate(floats, sizeof(float), &scratch, &error), FX_OK);
    memset(scratch, 0x7F, floats * sizeof *scratch);
    fx__dense_sift_extract(s, &image, &all, scratch, out);
    double *expected = malloc(length * sizeof *expected);
    for (int i = 0; i < rows * columns; i++) {
        plain_sift(s, &image, i % columns * stride, i / columns * stride, atan2, expected);
        // Angles are good to 4e-7 of 45° and to a rounding of the number of bins.
        for (size_t k = 0; k < length; k++)
            cr_assert(fabs(out[(size_t)i * length + k] - expected[k]) <= 5e-7 * s->orientations,
                      "%d × %d cells, %d bins, window %d, stride %d: %zu of patch %d: %g, %g",
                      s->cells, s->cell, s->orientations, s->window, stride, k, i,
                      (double)out[(size_t)i * length + k], expected[k]);
    }
    free(expected);
    free(out);
    free(scratch);
    free(image.pixels);
}

Test(dense_sift, plain_reference) {
    const int cell_sizes[] = {1, 2, 3, 4, 5, 7, 8};
    const int orientations[] = {8, 2, 9, 4, 16, 17, 3, 36};
    int round = 0;
    for (int cells = 1; cells <= 8; cells++)
        for (size_t c = 0; c < 7; c++)
            for (int window = FX_BOVW_WINDOW_NONE; window <= FX_BOVW_WINDOW_GAUSSIAN; window++) {
                if (cells * cell_sizes[c] > 24 || cells * cell_sizes[c] < 2) continue;
                fx_dense_sift s = {.cells = cells,
                                   .cell = cell_sizes[c],
                                   .orientations = orientations[round % 8],
                                   .half = round / 2 % 2,
                                   .window = window,
                                   .window_size = 0.5f + (float)(round % 4)};
                check_dense(&s, 1 + round % 5, 1 + round % 3, 1 + round % 6, 1 + round % 2 * 2);
                round++;
            }
}

Test(dense_sift, large_cells) {
    fx_dense_sift s = {.cells = 2, .cell = 32, .orientations = 8, .window_size = 2};
    for (s.window = FX_BOVW_WINDOW_NONE; s.window <= FX_BOVW_WINDOW_GAUSSIAN; s.window++)
        check_dense(&s, 2, 1, 32, 1);
}

// Mirrored: cells from right to left, orientations 180° - b. Turned by 90°: cell (y, x) is where
// (x, n - 1 - y) was. With cells of an odd side, whose centers are whole pixels.
Test(dense_sift, flip_and_rotation) {
    for (int window = FX_BOVW_WINDOW_NONE; window <= FX_BOVW_WINDOW_GAUSSIAN; window++) {
        fx_bovw_params params = make_params(FX_BOVW_SIFT, 20, 1);
        params.window = window;
        fx_image image = make_image(8, 20, 20, 1), flipped = make_image(8, 20, 20, 1);
        fx_image turned = make_image(8, 20, 20, 1);
        for (int y = 0; y < 20; y++)
            for (int x = 0; x < 20; x++) {
                flipped.pixels[y * 20 + 19 - x] = image.pixels[y * 20 + x];
                turned.pixels[x * 20 + 19 - y] = image.pixels[y * 20 + x]; // +x becomes +y
            }
        fx_positions one = {.columns = 1, .rows = 1, .stride = 1};
        float *v = extract(&params, &image, &one), *f = extract(&params, &flipped, &one);
        float *t = extract(&params, &turned, &one);
        for (size_t y = 0; y < 4; y++)
            for (size_t x = 0; x < 4; x++)
                for (size_t bin = 0; bin < 8; bin++) {
                    float value = v[(y * 4 + x) * 8 + bin]; // up to 0.4, a few roundings
                    float mirrored = f[(y * 4 + 3 - x) * 8 + (12 - bin) % 8];
                    float rotated = t[(x * 4 + 3 - y) * 8 + (bin + 2) % 8];
                    cr_assert(fabsf(value - mirrored) <= 1e-6f, "%g, %g", value, mirrored);
                    cr_assert(fabsf(value - rotated) <= 1e-6f, "%g, %g", value, rotated);
                }
        free(v);
        free(f);
        free(t);
        free(image.pixels);
        free(flipped.pixels);
        free(turned.pixels);
    }
}

// Sum over the cells of one orientation.
static double votes(const float *v, size_t orientation) {
    double sum = 0;
    for (size_t cell = 0; cell < 16; cell++) sum += v[cell * 8 + orientation];
    return sum;
}

Test(sift, orientations) {
    // Ramps: brightness rises toward 0°, 45°, … (y down).
    const int dx[] = {1, 1, 0, -1, -1, -1, 0, 1}, dy[] = {0, 1, 1, 1, 0, -1, -1, -1};
    fx_bovw_params params = make_params(FX_BOVW_SIFT, 16, 1);
    fx_positions one = {.x = 4, .y = 4, .columns = 1, .rows = 1, .stride = 1};
    for (size_t bin = 0; bin < 8; bin++) {
        fx_image image = make_image(6, 24, 24, 1);
        for (int y = 0; y < 24; y++)
            for (int x = 0; x < 24; x++)
                image.pixels[y * 24 + x] = (uint8_t)(128 + 2 * (dx[bin] * x + dy[bin] * y));
        float *v = extract(&params, &image, &one);
        double all = 0;
        for (size_t i = 0; i < 8; i++) all += votes(v, i);
        cr_assert(votes(v, bin) > (1 - 1e-6) * all, "orientation %zu", bin);
        free(v);
        free(image.pixels);
    }
}

Test(sift, unit_length_and_clipped) {
    fx_bovw_params params = make_params(FX_BOVW_SIFT, 20, 3);
    fx_image image = make_image(7, 64, 64, 3);
    fx_positions all = {.columns = 15, .rows = 15, .stride = 3};
    float *out = extract(&params, &image, &all);
    for (size_t row = 0; row < 225; row++) {
        double length = 0;
        for (size_t i = 0; i < 128; i++) {
            length += (double)out[row * 128 + i] * out[row * 128 + i];
            cr_assert(out[row * 128 + i] >= 0 && out[row * 128 + i] < 0.4f);
        }
        cr_assert(fabs(length - 1) <= 1e-6);
    }
    free(out);
    free(image.pixels);
}
