// Descriptors by name: keys, resolution of auto values, sizes, concatenation, bad images.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "featx/descriptor.h"
#include "tests/support/folder.h"
#include "tests/support/pixels.h"

TestSuite(descriptor, .init = folder_enter, .fini = folder_leave);

#define assert_message(error, text)                                                                \
    cr_assert_not_null(strstr((error).message, text), "message: %s", (error).message)

static fx_descriptor_params params_of(int count, const int *features) {
    fx_descriptor_params p = fx_descriptor_defaults();
    p.features.count = count;
    memcpy(p.features.values, features, sizeof(int) * (size_t)count);
    p.hog.pixels_per_cell = 8;
    p.bovw.words = 6;
    p.bovw.patch = 4;
    p.bovw.samples = 500;
    p.bovw.rounds = 2;
    return p;
}

static fx_descriptor_params params_with(fx_feature feature) {
    return params_of(1, (int[]){(int)feature});
}

static fx_descriptor *prepare(const fx_descriptor_params *p, const fx_image_source *training) {
    fx_descriptor *d;
    fx_error error = {0};
    cr_assert_eq(fx_descriptor_prepare(p, training, NULL, 1, NULL, &d, &error), FX_OK, "%s",
                 error.message);
    return d;
}

static fx_status prepare_fails(const fx_descriptor_params *p, const fx_image_source *training,
                               fx_error *error) {
    fx_descriptor *d = NULL;
    fx_status status = fx_descriptor_prepare(p, training, NULL, 1, NULL, &d, error);
    cr_assert_null(d);
    return status;
}

// One image through a scratch of its own.
static float *extract(const fx_descriptor *d, const fx_image *image, size_t *length) {
    fx_descriptor_scratch *scratch;
    fx_error error = {0};
    cr_assert_eq(fx_descriptor_scratch_create(d, &scratch, &error), FX_OK);
    cr_assert_eq(fx_descriptor_length(d, image->width, image->height, length, &error), FX_OK, "%s",
                 error.message);
    float *out = malloc(sizeof *out * *length);
    cr_assert_eq(fx_descriptor_extract(d, scratch, image, out, &error), FX_OK, "%s", error.message);
    fx_descriptor_scratch_destroy(scratch);
    return out;
}

static void free_images(fx_image *images, size_t count) {
    for (size_t i = 0; i < count; i++) fx_image_destroy(&images[i]);
}

Test(descriptor, keys) {
    size_t count;
    const fx_section *sections = fx_descriptor_sections(&count);
    const struct {
        const char *key, *value;
    } keys[] = {{"features", "[hog, color, bovw, raw]"},
                {"image.size", "[48, 32]"},
                {"image.gray", "true"},
                {"raw.whiten", "zca"},
                {"color.space", "rgb"},
                {"color.bins", "[4, 5, 6]"},
                {"color.joint", "false"},
                {"color.grid", "2"},
                {"color.norm", "L1"},
                {"hog.preset", "skimage"},
                {"hog.orientations", "12"},
                {"hog.pixels_per_cell", "6"},
                {"hog.cells_per_block", "2"},
                {"hog.block_stride", "2"},
                {"hog.block_norm", "L1-sqrt"},
                {"hog.signed", "true"},
                {"hog.interpolation", "true"},
                {"bovw.words", "100"}};
    fx_descriptor_params p = fx_descriptor_defaults();
    fx_error error;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        cr_assert_eq(fx_params_set(sections, count, &p, keys[i].key, keys[i].value, &error), FX_OK,
                     "%s", error.message);
    cr_assert(p.features.count == 4 && p.features.values[0] == FX_FEATURE_HOG &&
              p.features.values[3] == FX_FEATURE_RAW);
    cr_assert(p.image.size.width == 48 && p.image.size.height == 32 &&
              p.image.gray == FX_GRAY_YES && p.raw.whiten == FX_RAW_WHITEN_ZCA);
    cr_assert(p.color.space == FX_COLOR_RGB && p.color.bins.values[2] == 6 && !p.color.joint &&
              p.color.grid == 2 && p.color.norm == FX_COLOR_NORM_L1);
    cr_assert(p.hog.preset == FX_HOG_PRESET_SKIMAGE && p.hog.orientations == 12 &&
              p.hog.pixels_per_cell == 6 && p.hog.cells_per_block == 2 && p.hog.block_stride == 2 &&
              p.hog.block_norm == FX_HOG_NORM_L1_SQRT && p.hog.signed_gradients &&
              p.hog.interpolation);
    cr_assert_eq(p.bovw.words, 100);
    cr_assert_eq(fx_params_set(sections, count, &p, "hog.cells", "3", &error), FX_ERROR_USAGE);
    assert_message(error, "unknown key 'hog.cells'");
    cr_assert_eq(fx_params_set(sections, count, &p, "features", "hogg", &error), FX_ERROR_USAGE);
    assert_message(error, "one or several of raw, color, hog, bovw");
}

Test(descriptor, names_and_help) {
    static const char *const names[] = {"raw", "color", "hog", "bovw"};
    for (int i = 0; i < FX_FEATURE_COUNT; i++) {
        cr_assert_str_eq(fx_feature_name((fx_feature)i), names[i]);
        cr_assert_gt(strlen(fx_feature_help((fx_feature)i)), 10);
    }
}

Test(descriptor, wrong_parameters) {
    fx_image images[] = {pixels_random(32, 32, 3, 1)};
    fx_image_source source = pixels_source(images, 1);
    fx_error error;
    fx_descriptor_params p = fx_descriptor_defaults();
    p.features.count = 0;
    cr_assert_eq(prepare_fails(&p, &source, &error), FX_ERROR_USAGE);
    assert_message(error, "features: found none");
    p = params_of(3, (int[]){FX_FEATURE_HOG, FX_FEATURE_RAW, FX_FEATURE_HOG});
    cr_assert_eq(prepare_fails(&p, &source, &error), FX_ERROR_USAGE);
    assert_message(error, "features: found 'hog' twice");
    p = params_of(1, (int[]){7});
    cr_assert_eq(prepare_fails(&p, &source, &error), FX_ERROR_USAGE);
    p = params_with(FX_FEATURE_HOG);
    p.hog.orientations = 65;
    cr_assert_eq(prepare_fails(&p, &source, &error), FX_ERROR_USAGE);
    assert_message(error, "hog.orientations: found 65, expected an integer from 1 to 64");
    p.features.values[0] = FX_FEATURE_COLOR; // what is not used is not looked at
    fx_descriptor_destroy(prepare(&p, &source));
    p.color.grid = 65;
    cr_assert_eq(prepare_fails(&p, &source, &error), FX_ERROR_USAGE);
    p = params_with(FX_FEATURE_BOVW);
    p.bovw.words = 1;
    cr_assert_eq(prepare_fails(&p, &source, &error), FX_ERROR_USAGE);
    p = fx_descriptor_defaults();
    p.image.size = (fx_size){0, 7};
    cr_assert_eq(prepare_fails(&p, &source, &error), FX_ERROR_USAGE);
    assert_message(error, "image.size: found 0");
    p.image.size = (fx_size){32, 20000};
    cr_assert_eq(prepare_fails(&p, &source, &error), FX_ERROR_USAGE);
    p = fx_descriptor_defaults();
    p.raw.whiten = FX_RAW_WHITEN_ZCA;
    p.image.size = (fx_size){-1, -1};
    cr_assert_eq(prepare_fails(&p, &source, &error), FX_ERROR_USAGE);
    assert_message(error, "raw.whiten: found 'zca' with image.size native");
    p.image.size = (fx_size){64, 64};
    cr_assert_eq(prepare_fails(&p, &source, &error), FX_ERROR_DATA);
    assert_message(error, "found 12288 numbers an image (64×64×3), expected at most 4096");
    fx_descriptor *d = NULL;
    p = fx_descriptor_defaults();
    cr_assert_eq(fx_descriptor_prepare(&p, &source, "words", 1, NULL, &d, &error), FX_ERROR_USAGE);
    assert_message(error, "words: a vocabulary was given, but bovw is none of the features");
    p = params_with(FX_FEATURE_BOVW);
    cr_assert_eq(fx_descriptor_prepare(&p, &source, "/nowhere/words", 1, NULL, &d, &error),
                 FX_ERROR_IO);
    source.count = 0;
    cr_assert_eq(prepare_fails(&p, &source, &error), FX_ERROR_DATA);
    free_images(images, 1);
}

Test(descriptor, auto_values) {
    fx_image images[] = {pixels_random(20, 16, 1, 1), pixels_random(20, 16, 1, 2),
                         pixels_random(20, 16, 3, 3), pixels_random(21, 16, 1, 4)};
    const struct {
        size_t begin, count;
        int width, height, gray;
    } cases[] = {{0, 2, 20, 16, FX_GRAY_YES},  // all alike
                 {0, 3, 20, 16, FX_GRAY_NO},   // one in color
                 {0, 4, 128, 128, FX_GRAY_NO}, // one of another size
                 {3, 1, 21, 16, FX_GRAY_YES}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fx_image_source source = pixels_source(images + cases[i].begin, cases[i].count);
        fx_descriptor_params p = params_of(2, (int[]){FX_FEATURE_RAW, FX_FEATURE_COLOR});
        fx_descriptor *d = prepare(&p, &source);
        const fx_descriptor_params *r = fx_descriptor_get_params(d);
        cr_assert(r->image.size.width == cases[i].width && r->image.size.height == cases[i].height);
        cr_assert_eq(r->image.gray, cases[i].gray);
        cr_assert(r->color.bins.count == 3 && r->color.bins.values[0] == 8 &&
                  r->color.bins.values[1] == 4 && r->color.bins.values[2] == 4);
        size_t length;
        cr_assert_eq(fx_descriptor_length(d, 99, 7, &length, NULL), FX_OK);
        cr_assert_eq(length, (size_t)(cases[i].width * cases[i].height *
                                          (cases[i].gray == FX_GRAY_YES ? 1 : 3) +
                                      128));
        fx_descriptor_destroy(d);
    }
    free_images(images, 4);
}

// Trained on images of one size, any other image is brought to that size and those channels first.
Test(descriptor, any_image_after_training_on_one_size) {
    fx_image images[] = {pixels_random(20, 16, 1, 1), pixels_random(20, 16, 1, 2)};
    fx_image_source source = pixels_source(images, 2);
    fx_image other = pixels_random(33, 50, 3, 3), gray = {0}, small = {0}, smaller = {0};
    fx_descriptor_params p =
        params_of(3, (int[]){FX_FEATURE_COLOR, FX_FEATURE_HOG, FX_FEATURE_RAW});
    p.image.size = (fx_size){17, 18}; // of raw and hog
    p.color.grid = 2;
    fx_descriptor *d = prepare(&p, &source);
    size_t length, hog_length = fx_hog_length(&p.hog, 17, 18);
    float *row = extract(d, &other, &length);
    cr_assert_eq(length, 4 * 128 + hog_length + 17 * 18);

    fx_error error;
    cr_assert_eq(fx_image_convert(&other, 1, &gray, &error), FX_OK);
    cr_assert_eq(fx_image_resize(&gray, 20, 16, &small, &error), FX_OK);
    cr_assert_eq(fx_image_resize(&small, 17, 18, &smaller, &error), FX_OK);
    float *expected = malloc(sizeof *expected * length);
    void *scratch = aligned_alloc(64, 1 << 20);
    cr_assert_eq(fx_color_extract(&p.color, &small, expected, scratch, &error), FX_OK);
    cr_assert_eq(fx_hog_extract(&p.hog, &smaller, expected + 512, scratch, &error), FX_OK);
    fx_raw_pixels_extract(&smaller, expected + 512 + hog_length);
    cr_assert_eq(memcmp(row, expected, sizeof *row * length), 0);

    free(scratch);
    free(expected);
    free(row);
    fx_descriptor_destroy(d);
    fx_image_destroy(&other);
    fx_image_destroy(&gray);
    fx_image_destroy(&small);
    fx_image_destroy(&smaller);
    free_images(images, 2);
}

// Of mixed sizes: color works on the image's own pixels, raw and hog at image.size.
Test(descriptor, mixed_sizes) {
    fx_image images[] = {pixels_random(1, 1, 3, 1), pixels_random(7, 3, 3, 2),
                         pixels_random(40, 30, 3, 3)};
    fx_image_source source = pixels_source(images, 3);
    fx_descriptor_params p =
        params_of(3, (int[]){FX_FEATURE_COLOR, FX_FEATURE_HOG, FX_FEATURE_RAW});
    p.image.size = (fx_size){24, 16};
    p.color.norm = FX_COLOR_NORM_NONE;
    fx_descriptor *d = prepare(&p, &source);
    for (int i = 0; i < 3; i++) {
        size_t length;
        float *row = extract(d, &images[i], &length), sum = 0;
        cr_assert_eq(length, 128 + fx_hog_length(&p.hog, 24, 16) + 24 * 16 * 3);
        for (int k = 0; k < 128; k++) sum += row[k];
        cr_assert(sum == (float)(images[i].width * images[i].height)); // nothing was resized
        for (size_t k = 0; k < length; k++) cr_assert(isfinite(row[k]));
        free(row);
    }
    fx_descriptor_destroy(d);
    free_images(images, 3);
}

Test(descriptor, native_sizes) {
    fx_image images[] = {pixels_random(40, 32, 3, 1), pixels_random(32, 40, 3, 2),
                         pixels_random(48, 33, 3, 3), pixels_random(7, 3, 3, 4)};
    fx_image_source source = pixels_source(images, 4);
    fx_descriptor_params p = params_with(FX_FEATURE_HOG);
    p.image.size = (fx_size){-1, -1};
    fx_descriptor *d = prepare(&p, &source);
    fx_error error;
    size_t length;
    float *row = extract(d, &images[2], &length);
    cr_assert_eq(length, (size_t)3 * 5 * 36);
    free(row);
    // Enlarged to one block where it is smaller, on the sides that are.
    cr_assert_eq(fx_descriptor_length(d, 7, 3, &length, &error), FX_OK);
    cr_assert_eq(length, 36);
    cr_assert_eq(fx_descriptor_length(d, 7, 24, &length, &error), FX_OK);
    cr_assert_eq(length, 2 * 36);
    row = extract(d, &images[3], &length);
    for (size_t k = 0; k < length; k++) cr_assert(isfinite(row[k]));
    free(row);
    // As many numbers in another arrangement pass; another number does not.
    float *rows = malloc(sizeof *rows * 4 * 432);
    cr_assert_eq(fx_descriptor_extract_range(d, &source, 0, 2, 432, rows, FX_ON_ERROR_FAIL, NULL,
                                             NULL, &error),
                 FX_OK);
    cr_assert_eq(fx_descriptor_extract_range(d, &source, 0, 3, 432, rows, FX_ON_ERROR_FAIL, NULL,
                                             NULL, &error),
                 FX_ERROR_DATA);
    cr_assert_str_eq(error.message, "image 2: 48×33 pixels give 540 numbers, image 0 gave 432: set "
                                    "image.size to give all one size");
    cr_assert_eq(fx_descriptor_extract_range(d, &source, 3, 4, 432, rows, FX_ON_ERROR_FAIL, NULL,
                                             NULL, &error),
                 FX_ERROR_DATA);
    assert_message(error, "image 3: 7×3 pixels give 36 numbers");
    free(rows);
    fx_descriptor_destroy(d);
    free_images(images, 4);
}

// 8, a quarter of the shorter side where that is less, and at least 1.
Test(descriptor, auto_cells) {
    const struct {
        fx_size size;
        int cell;
    } cases[] = {{{0, 0}, 8},   {{-1, -1}, 8},   {{28, 28}, 7}, {{40, 17}, 4},
                 {{32, 32}, 8}, {{300, 200}, 8}, {{7, 3}, 1}};
    fx_image image = pixels_random(64, 48, 3, 1);
    fx_image_source source = pixels_source(&image, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fx_descriptor_params p = params_with(FX_FEATURE_HOG);
        p.hog.pixels_per_cell = 0;
        p.image.size = cases[i].size;
        fx_descriptor *d = prepare(&p, &source);
        cr_assert_eq(fx_descriptor_get_params(d)->hog.pixels_per_cell, cases[i].cell, "%zu", i);
        fx_descriptor_destroy(d);
    }
    fx_image_destroy(&image);
}

Test(descriptor, native_keeps_images_of_one_size) {
    fx_image images[] = {pixels_random(24, 24, 3, 1), pixels_random(24, 24, 3, 2)};
    fx_image_source source = pixels_source(images, 2);
    fx_image other = pixels_random(9, 5, 3, 3);
    fx_descriptor_params p = params_with(FX_FEATURE_RAW);
    p.image.size = (fx_size){-1, -1};
    fx_descriptor *d = prepare(&p, &source);
    size_t length;
    free(extract(d, &other, &length));
    cr_assert_eq(length, 9 * 5 * 3);
    fx_descriptor_destroy(d);
    fx_image_destroy(&other);
    free_images(images, 2);
}

Test(descriptor, thousands_are_grouped) {
    fx_image images[] = {pixels_random(60, 60, 3, 1), pixels_random(50, 50, 3, 2)};
    fx_image_source source = pixels_source(images, 2);
    fx_descriptor_params p = params_with(FX_FEATURE_RAW);
    p.image.size = (fx_size){-1, -1};
    fx_descriptor *d = prepare(&p, &source);
    fx_error error;
    float *rows = malloc(sizeof *rows * 2 * 10800);
    cr_assert_eq(fx_descriptor_extract_range(d, &source, 0, 2, 10800, rows, FX_ON_ERROR_FAIL, NULL,
                                             NULL, &error),
                 FX_ERROR_DATA);
    assert_message(error, "image 1: 50×50 pixels give 7,500 numbers, image 0 gave 10,800: set");
    free(rows);
    fx_descriptor_destroy(d);
    free_images(images, 2);
}

Test(descriptor, images_that_do_not_fit_the_parameters) {
    fx_image images[] = {pixels_random(12, 12, 3, 1), pixels_random(12, 3, 3, 2)};
    fx_image_source source = pixels_source(images, 1);
    fx_error error;
    fx_descriptor_params p = params_with(FX_FEATURE_HOG);
    cr_assert_eq(prepare_fails(&p, &source, &error), FX_ERROR_DATA);
    assert_message(error, "12×12 pixels are smaller than one HoG block");
    source.count = 2;
    p = params_with(FX_FEATURE_BOVW);
    cr_assert_eq(prepare_fails(&p, &source, &error), FX_ERROR_DATA);
    assert_message(error, "image 1");
    // Learned from what fits, given what does not.
    source.count = 1;
    p.image.size = (fx_size){-1, -1};
    fx_descriptor *d = prepare(&p, &source);
    source.count = 2;
    size_t length;
    cr_assert_eq(fx_descriptor_length(d, 12, 12, &length, &error), FX_OK);
    float *rows = malloc(sizeof *rows * 2 * length);
    cr_assert_eq(fx_descriptor_extract_range(d, &source, 0, 2, length, rows, FX_ON_ERROR_FAIL, NULL,
                                             NULL, &error),
                 FX_ERROR_DATA);
    assert_message(error, "image 1: ");
    assert_message(error, "smaller than a patch of");
    free(rows);
    fx_descriptor_destroy(d);
    free_images(images, 2);
}

Test(descriptor, bad_images) {
    enum { COUNT = 200 };
    fx_image images[COUNT];
    for (int i = 0; i < COUNT; i++) {
        images[i] = pixels_random(10, 10, 1, (uint64_t)i);
        if (i % 70 == 69) images[i].width = 0;
    }
    fx_image_source source = pixels_source(images, COUNT);
    fx_image_source good = pixels_source(images, 60);
    for (int whiten = 0; whiten < 2; whiten++) {
        fx_descriptor_params p = params_of(2, (int[]){FX_FEATURE_COLOR, FX_FEATURE_RAW});
        p.raw.whiten = whiten ? FX_RAW_WHITEN_ZCA : FX_RAW_WHITEN_NONE;
        fx_descriptor *d = prepare(&p, &good);
        fx_error error;
        size_t length;
        cr_assert_eq(fx_descriptor_length(d, 10, 10, &length, &error), FX_OK);
        float *rows = malloc(sizeof *rows * COUNT * length);
        memset(rows, 0xff, sizeof *rows * COUNT * length); // NaN
        bool valid[COUNT];
        cr_assert_eq(fx_descriptor_extract_range(d, &source, 0, COUNT, length, rows,
                                                 FX_ON_ERROR_FAIL, NULL, NULL, &error),
                     FX_ERROR_FORMAT);
        cr_assert_str_eq(error.message, "image 69: damaged"); // the first, and named once
        cr_assert_eq(fx_descriptor_extract_range(d, &source, 0, COUNT, length, rows,
                                                 FX_ON_ERROR_SKIP, valid, NULL, &error),
                     FX_OK, "%s", error.message);
        for (int i = 0; i < COUNT; i++) {
            cr_assert_eq(valid[i], i % 70 != 69);
            float largest = 0;
            for (size_t k = 0; k < length; k++) largest += fabsf(rows[(size_t)i * length + k]);
            cr_assert(valid[i] ? largest > 0 : largest == 0, "image %d: %g", i, (double)largest);
        }
        // Only bad ones, and nothing at all.
        memset(rows, 0xff, sizeof *rows * length);
        cr_assert_eq(fx_descriptor_extract_range(d, &source, 69, 70, length, rows, FX_ON_ERROR_SKIP,
                                                 valid, NULL, &error),
                     FX_OK);
        cr_assert(!valid[0]);
        for (size_t k = 0; k < length; k++) cr_assert(rows[k] == 0);
        cr_assert_eq(fx_descriptor_extract_range(d, &source, 7, 7, length, rows, FX_ON_ERROR_FAIL,
                                                 NULL, NULL, &error),
                     FX_OK);
        free(rows);
        fx_descriptor_destroy(d);
    }
    free_images(images, COUNT);
}

// Whitened rows are centered and uncorrelated; one image gives what it gives among others.
Test(descriptor, whitened_pixels) {
    enum { COUNT = 3000, N = 36 };
    static fx_image images[COUNT];
    for (int i = 0; i < COUNT; i++) images[i] = pixels_random(6, 6, 1, (uint64_t)i);
    fx_image_source source = pixels_source(images, COUNT);
    fx_descriptor_params p = params_with(FX_FEATURE_RAW);
    p.raw.whiten = FX_RAW_WHITEN_ZCA;
    fx_descriptor *d = prepare(&p, &source);
    float *rows = malloc(sizeof *rows * COUNT * N);
    cr_assert_eq(fx_descriptor_extract_range(d, &source, 0, COUNT, N, rows, FX_ON_ERROR_FAIL, NULL,
                                             NULL, NULL),
                 FX_OK);
    double mean[N] = {0};
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 0; j < N; j++) mean[j] += rows[i * N + j] / COUNT;
    for (size_t j = 0; j < N; j++) {
        cr_assert(fabs(mean[j]) <= 1e-4, "mean %g", mean[j]); // sums of 3,000 float32
        for (size_t k = 0; k < N; k++) {
            double c = 0;
            for (size_t i = 0; i < COUNT; i++)
                c += (double)rows[i * N + j] * rows[i * N + k] / COUNT;
            // λ / (λ + 0.01): below 1 by the epsilon, and with every λ ≥ 0.004 here (the noise's
            // variance, 60²/12 / 255²) above 0.28; off the diagonal at most half of what is left.
            if (j == k)
                cr_assert(c <= 1.0 && c >= 0.28, "variance %g", c);
            else
                cr_assert(fabs(c) <= 0.36, "covariance %g", c);
        }
    }
    size_t length;
    for (int i = 0; i < COUNT; i += 997) {
        float *row = extract(d, &images[i], &length);
        for (size_t j = 0; j < N; j++)
            cr_assert(fabsf(row[j] - rows[(size_t)i * N + j]) <= 1e-5f * 10); // another product
        free(row);
    }
    free(rows);
    fx_descriptor_destroy(d);
    free_images(images, COUNT);
}

// A vocabulary given brings its own parameters, and must be of the images' channels.
Test(descriptor, vocabulary_from_a_file) {
    fx_image images[20];
    for (int i = 0; i < 20; i++) images[i] = pixels_random(12, 12, 1, (uint64_t)i);
    fx_image_source source = pixels_source(images, 20);
    fx_descriptor_params p = params_with(FX_FEATURE_BOVW);
    fx_vocabulary *vocabulary;
    fx_error error = {0};
    cr_assert_eq(fx_vocabulary_learn(&p.bovw, &source, 1, 1, NULL, &vocabulary, &error), FX_OK,
                 "%s", error.message);
    cr_assert_eq(fx_vocabulary_save(vocabulary, "words", &error), FX_OK, "%s", error.message);
    size_t expected = fx_bovw_length(vocabulary), length;
    fx_vocabulary_destroy(vocabulary);

    p.bovw.words = 99;
    fx_descriptor *d = NULL;
    cr_assert_eq(fx_descriptor_prepare(&p, &source, "words", 1, NULL, &d, &error), FX_ERROR_USAGE);
    cr_assert_null(d);
    assert_message(error, "bovw.words: found 99, expected 6, as the vocabulary words has it");
    p.bovw = fx_bovw_defaults();
    cr_assert_eq(fx_descriptor_prepare(&p, &source, "words", 1, NULL, &d, &error), FX_OK, "%s",
                 error.message);
    cr_assert_eq(fx_descriptor_get_params(d)->bovw.words, 6);
    cr_assert_eq(fx_descriptor_length(d, 12, 12, &length, NULL), FX_OK);
    cr_assert_eq(length, expected);
    fx_descriptor_destroy(d);

    p.image.gray = FX_GRAY_NO;
    cr_assert_eq(fx_descriptor_prepare(&p, &source, "words", 1, NULL, &d, &error), FX_ERROR_DATA);
    cr_assert_null(d);
    assert_message(error, "words: found visual words of gray images, expected RGB");
    free_images(images, 20);
}

static bool stop_at_once(void *self, const char *stage, size_t done, size_t total,
                         const char *note) {
    (void)stage, (void)done, (void)total, (void)note;
    ++*(int *)self;
    return false;
}

Test(descriptor, interrupted) {
    fx_image images[4];
    for (int i = 0; i < 4; i++) images[i] = pixels_random(8, 8, 3, (uint64_t)i);
    fx_image_source source = pixels_source(images, 4);
    fx_descriptor_params p = params_with(FX_FEATURE_COLOR);
    fx_descriptor *d = prepare(&p, &source);
    float rows[4 * 128];
    int calls = 0;
    fx_progress progress = {&calls, stop_at_once};
    cr_assert_eq(fx_descriptor_extract_range(d, &source, 0, 4, 128, rows, FX_ON_ERROR_FAIL, NULL,
                                             &progress, NULL),
                 FX_ERROR_INTERRUPTED);
    cr_assert_geq(calls, 1);
    fx_descriptor_destroy(d);
    free_images(images, 4);
}

Test(descriptor, nothing_to_destroy) {
    fx_descriptor_destroy(NULL);
    fx_descriptor_scratch_destroy(NULL);
}
