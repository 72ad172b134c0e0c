// HoG: sizes, errors, and the fast kernel against the plain reference.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/hog_blocks.h"
#include "features/hog_votes.h"
#include "featx/hog.h"
#include "tests/support/pixels.h"

#if defined(__SANITIZE_ADDRESS__)
enum { STEP = 9 }; // of exhaustive loops
#else
enum { STEP = 1 };
#endif

static float *floats(size_t count) {
    float *out = malloc(sizeof *out * (count ? count : 1));
    cr_assert_not_null(out);
    return out;
}

// Whatever was in the scratch must not matter: NaN.
static void *scratch_of(size_t bytes) {
    void *scratch = aligned_alloc(64, (bytes + 63) / 64 * 64);
    cr_assert_not_null(scratch);
    memset(scratch, 0xff, bytes);
    return scratch;
}

static float *extract(const fx_hog_params *params, const fx_image *image, size_t *length) {
    fx_error error = {0};
    *length = fx_hog_length(params, image->width, image->height);
    float *out = floats(*length);
    void *scratch = scratch_of(fx_hog_scratch(params, image->width, image->height));
    cr_assert_eq(fx_hog_extract(params, image, out, scratch, &error), FX_OK, "%s", error.message);
    free(scratch);
    return out;
}

Test(hog, defaults_and_presets) {
    fx_hog_params p = fx_hog_defaults();
    cr_assert(p.preset == FX_HOG_PRESET_DALAL_TRIGGS && p.orientations == 9 &&
              p.pixels_per_cell == 8 && p.cells_per_block == 2 && p.block_stride == 1 &&
              p.block_norm == FX_HOG_NORM_L2_HYS && !p.signed_gradients &&
              p.interpolation == FX_HOG_INTERPOLATION_BOTH && p.block_window == 0);
    cr_assert_eq(fx_hog_length(&p, 32, 32), 324);
    cr_assert_eq(fx_hog_length(&p, 64, 128), 3780); // Dalal & Triggs' window
    p.orientations = 12;
    fx_hog_apply_preset(&p, FX_HOG_PRESET_SKIMAGE);
    cr_assert(p.preset == FX_HOG_PRESET_SKIMAGE && p.orientations == 9 && p.cells_per_block == 3 &&
              !p.interpolation);
}

Test(hog, lengths) {
    fx_hog_params p = fx_hog_defaults();
    cr_assert_eq(fx_hog_length(&p, 15, 100), 0);
    cr_assert_eq(fx_hog_length(&p, 16, 16), 36);
    cr_assert_eq(fx_hog_length(&p, 23, 23), 36); // the rest beyond whole cells does not count
    cr_assert_eq(fx_hog_length(&p, 1024, 768), (size_t)127 * 95 * 36);
    p.block_stride = 2;
    cr_assert_eq(fx_hog_length(&p, 40, 48), (size_t)2 * 3 * 36);
    p.orientations = 0;
    cr_assert_eq(fx_hog_length(&p, 64, 64), 0);
    cr_assert_eq(fx_hog_scratch(&p, 64, 64), 0);
    fx_hog_apply_preset(&p, FX_HOG_PRESET_VLFEAT_UOCTTI);
    cr_assert_eq(fx_hog_length(&p, 64, 36), (size_t)8 * 5 * 31);
    cr_assert_eq(fx_hog_length(&p, 4, 4), 31);
    cr_assert_eq(fx_hog_length(&p, 3, 64), 0);
    fx_hog_apply_preset(&p, FX_HOG_PRESET_VLFEAT_DALAL_TRIGGS);
    cr_assert_eq(fx_hog_length(&p, 64, 35), (size_t)8 * 4 * 36);
    fx_hog_apply_preset(&p, FX_HOG_PRESET_OPENCV);
    cr_assert_eq(fx_hog_length(&p, 64, 128), 3780);
}

// In two channels whose gradients mirror each other neither square may be the larger by rounding.
Test(hog, of_equal_gradients_the_first_channel_votes) {
    enum { SIDE = 3, BINS = 9 };
    static const uint8_t red[SIDE][SIDE] = {{49, 88, 163}, {90, 37, 93}, {5, 23, 88}};
    fx_image image = pixels_blank(SIDE, SIDE, 3);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            image.pixels[3 * (y * SIDE + x)] = red[y][x];
            image.pixels[3 * (y * SIDE + x) + 1] = red[x][y];
            image.pixels[3 * (y * SIDE + x) + 2] = 0;
        }
    fx_hog_params p;
    fx_hog_apply_preset(&p, FX_HOG_PRESET_OPENCV);
    p.block_window = 0;
    p.pixels_per_cell = 1;
    p.interpolation = FX_HOG_INTERPOLATION_NONE;
    float cells[SIDE * SIDE * BINS];
    double expected[SIDE * SIDE * BINS];
    void *scratch = scratch_of(sizeof(float) * fx__hog_cells_scratch(&p));
    fx__hog_cells(&p, &image, cells, scratch);
    fx__hog_cells_reference(&p, &image, expected);
    for (int i = 0; i < SIDE * SIDE * BINS; i++)
        // Roots of pixels: magnitudes of at most 18, to 5e-7.
        cr_assert_float_eq(cells[i], expected[i], 1e-5, "cell %d, bin %d", i / BINS, i % BINS);
    free(scratch);
    fx_image_destroy(&image);
}

Test(hog, errors) {
    fx_error error;
    float out[36];
    fx_image image = pixels_blank(15, 40, 1);
    fx_hog_params p = fx_hog_defaults();
    cr_assert_eq(fx_hog_extract(&p, &image, out, NULL, &error), FX_ERROR_DATA);
    cr_assert_str_eq(error.message,
                     "15×40 pixels are smaller than one HoG block, expected at least "
                     "16×16 (2×2 cells of 8×8 pixels)");
    const struct {
        size_t offset;
        int value;
        const char *message;
    } cases[] = {
        {offsetof(fx_hog_params, orientations), 65, "hog.orientations: found 65, expected"},
        {offsetof(fx_hog_params, pixels_per_cell), 0, "hog.pixels_per_cell: found 0, expected"},
        {offsetof(fx_hog_params, cells_per_block), -1, "hog.cells_per_block: found -1, expected"},
        {offsetof(fx_hog_params, block_stride), 65, "hog.block_stride: found 65, expected"},
        {offsetof(fx_hog_params, block_norm), 5, "hog.block_norm: found 5, expected one of none"},
        {offsetof(fx_hog_params, preset), -1, "hog.preset: found -1, expected one of dalal"},
        {offsetof(fx_hog_params, variant), 3, "hog.variant: found 3, expected one of blocks"},
        {offsetof(fx_hog_params, border), 3, "hog.border: found 3, expected one of nearest"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        p = fx_hog_defaults();
        memcpy((char *)&p + cases[i].offset, &cases[i].value, sizeof(int));
        cr_assert_eq(fx_hog_extract(&p, &image, out, NULL, &error), FX_ERROR_USAGE);
        cr_assert_not_null(strstr(error.message, cases[i].message), "%s", error.message);
    }
    fx_hog_apply_preset(&p, FX_HOG_PRESET_VLFEAT_UOCTTI);
    p.cells_per_block = 3;
    cr_assert_eq(fx_hog_extract(&p, &image, out, NULL, &error), FX_ERROR_USAGE);
    cr_assert_str_eq(error.message, "hog.cells_per_block: found another value, expected 2 with "
                                    "hog.variant uoctti");
    fx_hog_apply_preset(&p, FX_HOG_PRESET_OPENCV);
    p.partial_cells = 1;
    cr_assert_eq(fx_hog_extract(&p, &image, out, NULL, &error), FX_ERROR_USAGE);
    cr_assert_str_eq(error.message,
                     "hog.partial_cells: found true, expected false with hog.block_window");
    fx_hog_apply_preset(&p, FX_HOG_PRESET_VLFEAT_UOCTTI);
    image.width = 3; // half of a cell is 4
    p.cells_per_block = 2;
    cr_assert_eq(fx_hog_extract(&p, &image, out, NULL, &error), FX_ERROR_DATA);
    cr_assert_not_null(strstr(error.message, "expected at least 4×4"), "%s", error.message);
    fx_image_destroy(&image);
}

// Cells of the kernel against the reference. A cell is a sum of at most size² votes of at most
// 361 (√2·255), divided by size². A vote is a product of three shares, with a few roundings of 6e-8
// each: 1e-6 of it; and an angle is within 2.2e-7 rad, signed
// 3.5e-7, which moves at most 7e-8 of a vote a bin.
static void compare_cells(const fx_hog_params *p, const fx_image *image) {
    fx__hog_grid g = fx__hog_grid_of(p, image->width, image->height);
    size_t count = (size_t)g.cells_x * (size_t)g.cells_y * (size_t)g.bins;
    float *fast = floats(count);
    double *plain = malloc(sizeof *plain * count);
    float *scratch = scratch_of(sizeof(float) * fx__hog_cells_scratch(p));
    fx__hog_cells(p, image, fast, scratch);
    fx__hog_cells_reference(p, image, plain);
    for (size_t i = 0; i < count; i++)
        cr_assert(fabs(fast[i] - plain[i]) <= 361 * (1e-6 + 1e-7 * p->orientations),
                  "%d×%d×%d, cell %d, %d bins, number %zu: %g, expected %g", image->width,
                  image->height, image->channels, p->pixels_per_cell, p->orientations, i,
                  (double)fast[i], plain[i]);
    free(scratch);
    free(plain);
    free(fast);
}

static void compare_kinds(fx_hog_params p, int width, int height, uint64_t seed) {
    for (int kind = 0; kind < 24; kind++) {
        p.interpolation = kind & 3;
        p.signed_gradients = (seed + (uint64_t)kind) / 4 % 2;
        p.border = kind / 8;
        p.first_bin = kind / 4 % 2;
        p.gamma = (int)(seed / 4) % 2;
        p.gradient = (int)(seed / 8) % 2;
        p.partial_cells = seed / 16 % 2;
        fx_image image = pixels_random(width, height, seed % 2 ? 3 : 1, seed);
        compare_cells(&p, &image);
        fx_image_destroy(&image);
    }
}

Test(hog, kernel_equals_reference_at_every_size) {
    static const int cells[] = {1, 2, 3, 5, 7, 8}, bins[] = {1, 2, 7, 8, 9, 18};
    for (int width = 1; width <= 70; width += 1 + STEP / 4)
        for (int k = 0; k < 3; k++) {
            int height = k == 0 ? 1 + width % 9 : k == 1 ? 71 - width : 1 + width * 37 % 70;
            for (int i = 0; i < 6; i++) {
                if (cells[i] > width || cells[i] > height || (i + k) % 3) continue;
                fx_hog_params p = fx_hog_defaults();
                p.pixels_per_cell = cells[i];
                p.orientations = bins[(width + i) % 6];
                compare_kinds(p, width, height, (uint64_t)(width * 10 + i));
            }
        }
}

// Wider than a strip of columns, cells across its border, many bins, cells as large as they can be.
Test(hog, kernel_equals_reference_across_strips) {
    static const int cases[][4] = {{530, 9, 8, 9},  {257, 7, 7, 18},   {513, 5, 5, 64},
                                   {160, 6, 3, 64}, {600, 40, 40, 9},  {90, 300, 45, 64},
                                   {256, 8, 8, 9},  {305, 301, 300, 9}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fx_hog_params p = fx_hog_defaults();
        p.pixels_per_cell = cases[i][2];
        p.orientations = cases[i][3];
        compare_kinds(p, cases[i][0], cases[i][1], i);
    }
}

// RGB bytes of cells so large that all the rows that can be worked on at once are, narrow strips
// among them.
Test(hog, kernel_equals_reference_where_blocks_are_full) {
    static const int cases[][4] = {
        {138, 138, 69, 14}, {139, 195, 69, 9}, {256, 32, 16, 9}, {198, 22, 16, 9}, {48, 64, 32, 8}};
    enum { RGB = 1, RGB_PARTIAL = 17 }; // seeds
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fx_hog_params p = fx_hog_defaults();
        p.pixels_per_cell = cases[i][2];
        p.orientations = cases[i][3];
        compare_kinds(p, cases[i][0], cases[i][1], RGB);
        compare_kinds(p, cases[i][0], cases[i][1], RGB_PARTIAL);
    }
}

// Every gradient that 8-bit pixels can have goes into its bin, those on the edge of two (multiples
// of 45° alone can be) into the upper one.
static void check_bins(int channels, int orientations, bool signed_gradients) {
    // A row between two even ones: at odd pixels dx is the difference of neighboring even ones,
    // which step from 0 to v and back to 0; at even pixels likewise.
    enum { WIDTH = 4 * 256 };
    fx_hog_params p = fx_hog_defaults();
    p.orientations = orientations;
    p.signed_gradients = signed_gradients;
    p.interpolation = false;
    p.pixels_per_cell = 1;
    fx_image image = pixels_blank(WIDTH, 3, channels);
    float *cells = floats((size_t)WIDTH * 3 * (size_t)orientations);
    float *scratch = scratch_of(sizeof(float) * fx__hog_cells_scratch(&p));
    const long double pi = acosl(-1.0L);
    size_t bytes = WIDTH * (size_t)channels;
    for (int x = 0; x < WIDTH; x++)
        memset(pixels_at(&image, x, 1), x % 4 < 2 ? 0 : x / 4, (size_t)channels);
    for (int dy = -255; dy <= 255; dy += STEP) {
        memset(pixels_at(&image, 0, 0), dy < 0 ? -dy : 0, bytes);
        memset(pixels_at(&image, 0, 2), dy > 0 ? dy : 0, bytes);
        fx__hog_cells(&p, &image, cells, scratch);
        for (int x = 1; x < WIDTH - 1; x++) {
            int dx = *pixels_at(&image, x + 1, 1) - *pixels_at(&image, x - 1, 1);
            if (dx == 0 && dy == 0) continue;
            long double angle = atan2l(dy, dx) / pi; // half turns
            if (angle < 0) angle += signed_gradients ? 2 : 1;
            long double t = angle * orientations / (signed_gradients ? 2 : 1);
            if (fabsl(t - roundl(t)) < 1e-12L) t = roundl(t);
            int expected = (int)t % orientations;
            const float *cell = cells + (WIDTH + (size_t)x) * (size_t)orientations;
            for (int o = 0; o < orientations; o++)
                cr_assert((cell[o] > 0) == (o == expected), "%d bins: (%d, %d) in %d, expected %d",
                          orientations, dx, dy, o, expected);
        }
    }
    free(scratch);
    free(cells);
    fx_image_destroy(&image);
}

Test(hog, every_gradient_finds_its_bin) {
    static const int bins[] = {1, 2, 4, 6, 8, 9, 12, 18, 30};
    for (size_t i = 0; i < sizeof bins / sizeof *bins; i++) {
        check_bins(1, bins[i], false);
        check_bins(1, bins[i], true);
        check_bins(3, bins[i], false);
        check_bins(3, bins[i], true);
    }
}

// The whole against the reference, to 1e-5 of the largest number there can be, as against the
// libraries.
static void compare_whole(const fx_hog_params *p, const fx_image *image) {
    size_t length;
    float *fast = extract(p, image, &length);
    fx__hog_grid g = fx__hog_grid_of(p, image->width, image->height);
    double *cells = malloc(sizeof *cells * (size_t)g.cells_x * (size_t)g.cells_y * (size_t)g.bins);
    double *plain = malloc(sizeof *plain * (length + 1));
    fx__hog_reference(p, image, cells, plain);
    double largest = p->variant == FX_HOG_BLOCKS && p->block_norm == FX_HOG_NORM_NONE ? 361 : 1;
    for (size_t i = 0; i < length; i++)
        cr_assert(fabs(fast[i] - plain[i]) <= largest * 1e-5,
                  "%d×%d×%d, variant %d, cell %d, block %d, number %zu of %zu: %g, expected %g",
                  image->width, image->height, image->channels, p->variant, p->pixels_per_cell,
                  p->cells_per_block, i, length, (double)fast[i], plain[i]);
    free(plain);
    free(cells);
    free(fast);
}

Test(hog, blocks_equal_reference) {
    for (int norm = FX_HOG_NORM_NONE; norm <= FX_HOG_NORM_L2_HYS; norm++)
        for (int block = 1; block <= 4; block++)
            for (int stride = 1; stride <= 3; stride++)
                for (int kind = 0; kind < 4; kind++) {
                    fx_hog_params p = fx_hog_defaults();
                    p.block_norm = norm;
                    p.cells_per_block = block;
                    p.block_stride = stride;
                    p.pixels_per_cell = 6;
                    p.order = kind % 2;
                    p.block_window = kind / 2 ? 0.25f : 0;
                    p.interpolation = (kind + stride) % 4;
                    p.epsilon = (norm + block) % 3;
                    fx_image image = pixels_random(45, 39, 3, (uint64_t)(norm * 100 + block));
                    compare_whole(&p, &image);
                    fx_image_destroy(&image);
                }
}

// Every preset at every size from 1 × 1, with strides, into allocations of exactly their size.
Test(hog, presets_equal_reference_at_every_size) {
    for (int width = 1; width <= 70; width += 1 + STEP / 2)
        for (int preset = 0; preset <= FX_HOG_PRESET_VLFEAT_UOCTTI; preset++) {
            fx_hog_params p;
            fx_hog_apply_preset(&p, (fx_hog_preset)preset);
            bool blocks = p.variant == FX_HOG_BLOCKS;
            p.pixels_per_cell = 1 + (width + preset) % 9;
            if (blocks) p.block_stride = 1 + width % 3;
            for (int k = 0; k < 2; k++) {
                int height = k ? 1 + width * 37 % 70 : 1 + width % 11;
                fx_image image = pixels_random(width, height, width % 2 ? 3 : 1, (uint64_t)width);
                if (fx_hog_length(&p, width, height) > 0) compare_whole(&p, &image);
                fx_image_destroy(&image);
            }
        }
}

// Windows across strips of columns, blocks wider than a strip.
Test(hog, windows_equal_reference_across_strips) {
    static const int cases[][5] = {{400, 33, 8, 2, 1}, {330, 300, 37, 8, 1}, {290, 60, 12, 5, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fx_hog_params p;
        fx_hog_apply_preset(&p, FX_HOG_PRESET_OPENCV);
        p.pixels_per_cell = cases[i][2];
        p.cells_per_block = cases[i][3];
        p.block_stride = cases[i][4];
        fx_image image = pixels_random(cases[i][0], cases[i][1], 3, i);
        compare_whole(&p, &image);
        fx_image_destroy(&image);
    }
}

Test(hog, gray_is_that_of_images) {
    fx_image image = pixels_random(40, 33, 3, 11), gray = {0};
    fx_error error;
    cr_assert_eq(fx_image_convert(&image, 1, &gray, &error), FX_OK);
    fx_hog_params p = fx_hog_defaults();
    size_t length;
    float *converted = extract(&p, &gray, &length);
    p.gradient = FX_HOG_GRADIENT_GRAY;
    float *direct = extract(&p, &image, &length);
    cr_assert_eq(memcmp(converted, direct, sizeof *direct * length), 0);
    free(direct);
    free(converted);
    fx_image_destroy(&gray);
    fx_image_destroy(&image);
}

Test(hog, normalization_of_every_length) {
    for (size_t count = 1; count <= 70; count++)
        for (int norm = FX_HOG_NORM_NONE; norm <= FX_HOG_NORM_L2_HYS; norm++) {
            float fast[70];
            double plain[70];
            fx_rng rng = fx_rng_at(count, FX_RNG_USER, (uint32_t)norm, 0);
            for (size_t i = 0; i < count; i++)
                plain[i] = fast[i] = (float)(fx_rng_uniform(&rng) * (i % 7 ? 1 : 300));
            fx_hog_params p = fx_hog_defaults();
            p.block_norm = norm;
            p.epsilon = (int)count % 3;
            fx__hog_normalize(&p, fast, count);
            fx__hog_normalize_reference(&p, plain, count);
            // Sums of at most 70 numbers, each rounding 6e-8.
            for (size_t i = 0; i < count; i++)
                cr_assert(fabs(fast[i] - plain[i]) <= 5e-6 * fabs(plain[i]), "%g, expected %g",
                          (double)fast[i], plain[i]);
        }
}
