// Whitening, patches, SIFT and encodings against NumPy, k-means against scikit-learn.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "features/local_descriptors.h"
#include "features/visual_words_state.h"
#include "features/vocabulary.h"
#include "features/whitening.h"
#include "src/base/gemm.h"
#include "src/base/memory.h"
#include "src/base/text.h"
#include "tests/golden/words/words.h"
#include "tests/support/noise.h"

static fx_error error;

static void close_to(const float *found, const double *expected, size_t count, double tolerance,
                     const char *what) {
    for (size_t i = 0; i < count; i++)
        cr_assert(fabs(found[i] - expected[i]) <= tolerance, "%s[%zu]: %.9g, expected %.9g", what,
                  i, found[i], expected[i]);
}

static fx_image make_image(uint32_t seed, int height, int width) {
    fx_image image = {0};
    cr_assert_eq(fx_image_reserve(&image, width, height, 3, &error), FX_OK);
    noise_image(seed, height, width, 3, image.pixels);
    return image;
}

Test(whitening, numpy) {
    fx_matrix mixed;
    cr_assert_eq(fx_matrix_create(300, 7, &mixed, &error), FX_OK);
    for (size_t i = 0; i < 300; i++)
        for (size_t j = 0; j < 7; j++) {
            double sum = 3;
            for (size_t k = 0; k < 7; k++)
                sum += noise_unit(2, (uint32_t)(i * 7 + k)) * noise_unit(1, (uint32_t)(k * 7 + j));
            mixed.data[i * 7 + j] = (float)sum;
        }
    for (int large = 0; large < 2; large++) {
        fx_whitening w;
        cr_assert_eq(fx__whitening_learn(&mixed, large ? 0.5f : 1e-3f, &w, &error), FX_OK);
        close_to(w.mean, golden_whitening_mean, 7, 1e-6, "mean");
        // A covariance off by 1e-7 of its size moves 1 / √(1e-3 + λ) by 1e-7 / 1e-3 of its
        // size, 32.
        close_to(w.matrix, large ? golden_whitening_large : golden_whitening_small, 49,
                 large ? 1e-6 : 1e-3, "matrix");
        fx__whitening_destroy(&w);
    }
    fx_matrix_destroy(&mixed);
}

Test(patches, numpy) {
    fx_image image = make_image(5, 17, 20);
    fx_positions all = {.columns = 16, .rows = 13, .stride = 1};
    float *scratch, *rows;
    cr_assert_eq(fx__allocate(fx__patches_scratch(20, 3), 4, &scratch, &error), FX_OK);
    cr_assert_eq(fx__allocate(16 * 13 * 75 + FX__PATCHES_SLACK, 4, &rows, &error), FX_OK);
    fx__patches_extract(&image, &all, 5, 10, scratch, rows);
    // Values up to about 3, rounded a few times.
    close_to(rows + (4 * 16 + 7) * 75, golden_patch, 75, 2e-6, "patch");
    free(scratch);
    free(rows);
    fx_image_destroy(&image);
}

static void check_sift(const fx_image *image, int x, int y, int patch, const double *expected) {
    fx_bovw_params params = fx_bovw_defaults();
    params.local = FX_BOVW_SIFT;
    params.patch = patch;
    params.stride = 1;
    fx__bovw_resolve_local(&params);
    fx_positions one = {.x = x, .y = y, .columns = 1, .rows = 1, .stride = 1};
    float *scratch, v[128];
    cr_assert_eq(fx__allocate(fx__local_scratch(&params, 3), 4, &scratch, &error), FX_OK);
    fx__local_extract(&params, image, &one, scratch, v);
    close_to(v, expected, 128, 1e-6, "sift"); // shares of angles are good to 4e-7
    free(scratch);
}

Test(sift, numpy) {
    fx_image image = make_image(6, 23, 25);
    check_sift(&image, 5, 3, 12, golden_sift_inner);
    check_sift(&image, 13, 11, 12, golden_sift_corner);
    check_sift(&image, 0, 0, 8, golden_sift_first);
    fx_image_destroy(&image);
}

// A vocabulary of given words.
static fx_vocabulary *make_vocabulary(const char *encoding, bool spherical, int stride) {
    enum { D = 48, WORDS = 21 };
    float words[WORDS * D], mean[D], matrix[D * D];
    for (uint32_t i = 0; i < WORDS * D; i++) words[i] = (float)noise_unit(7, i);
    for (uint32_t i = 0; i < D; i++) mean[i] = (float)(0.2 * noise_unit(8, i));
    for (uint32_t i = 0; i < D; i++)
        for (uint32_t j = 0; j < D; j++)
            matrix[i * D + j] =
                (float)(0.25 * (noise_unit(9, i * D + j) + noise_unit(9, j * D + i)) + (i == j));
    fx_text json = {0};
    cr_assert_eq(
        fx__text_printf(
            &json, &error,
            "{\"bovw\": {\"words\": 21, \"local\": \"patch\", \"patch\": 4, \"stride\": %d, "
            "\"encoding\": \"%s\", \"threshold\": 0.3, \"grid\": 3, "
            "\"spherical\": %s}}",
            stride, encoding, spherical ? "true" : "false"),
        FX_OK);
    fx_tensors *tensors;
    fx_vocabulary *vocabulary;
    const size_t d = D, shape[] = {WORDS, D}, square[] = {D, D};
    cr_assert_eq(fx__tensors_create(&tensors, &error), FX_OK);
    cr_assert_eq(fx__tensors_add_text(tensors, "bovw", json.data, &error), FX_OK);
    cr_assert_eq(fx__tensors_add_text(tensors, "bovw.channels", "3", &error), FX_OK);
    cr_assert_eq(fx__tensors_add(tensors, "bovw.words", 2, shape, words, &error), FX_OK);
    cr_assert_eq(fx__tensors_add(tensors, "bovw.mean", 1, &d, mean, &error), FX_OK);
    cr_assert_eq(fx__tensors_add(tensors, "bovw.whitening", 2, square, matrix, &error), FX_OK);
    fx_status status = fx__vocabulary_from_tensors(tensors, &vocabulary, &error);
    cr_assert_eq(status, FX_OK, "%s", error.message);
    fx__tensors_destroy(tensors);
    fx__text_destroy(&json);
    return vocabulary;
}

static void check_encoding(const char *encoding, bool spherical, int stride, size_t length,
                           const double *expected, double tolerance) {
    fx_image image = make_image(5, 17, 20);
    fx_vocabulary *vocabulary = make_vocabulary(encoding, spherical, stride);
    cr_assert_eq(fx_bovw_length(vocabulary), length);
    void *scratch;
    float *out;
    cr_assert_eq(fx__allocate(fx_bovw_scratch(vocabulary), 1, &scratch, &error), FX_OK);
    cr_assert_eq(fx__allocate(length, sizeof *out, &out, &error), FX_OK);
    cr_assert_eq(fx_bovw_extract(vocabulary, &image, out, scratch, &error), FX_OK);
    close_to(out, expected, length, tolerance, encoding);
    free(scratch);
    free(out);
    fx_vocabulary_destroy(vocabulary);
    fx_image_destroy(&image);
}

#define LENGTH(array) (sizeof(array) / sizeof *(array))

// Products are sums of 48 terms of about 1, good to about 1e-6; a cell sums up to 25 codes.
Test(encoding, threshold) {
    check_encoding("threshold", true, 1, LENGTH(golden_threshold_1), golden_threshold_1, 5e-5);
    check_encoding("threshold", false, 3, LENGTH(golden_threshold_3), golden_threshold_3, 1e-5);
}

Test(encoding, triangle) {
    check_encoding("triangle", true, 1, LENGTH(golden_triangle_1), golden_triangle_1, 5e-5);
    check_encoding("triangle", false, 3, LENGTH(golden_triangle_3), golden_triangle_3, 1e-5);
}

Test(encoding, hard) {
    check_encoding("hard", false, 1, LENGTH(golden_hard_1), golden_hard_1, 0);
    check_encoding("hard", false, 3, LENGTH(golden_hard_3), golden_hard_3, 0);
    check_encoding("hard", true, 1, LENGTH(golden_hard_spherical_1), golden_hard_spherical_1, 0);
    check_encoding("hard", true, 3, LENGTH(golden_hard_spherical_3), golden_hard_spherical_3, 0);
}
