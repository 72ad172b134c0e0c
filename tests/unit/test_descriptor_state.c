// A prepared descriptor as JSON, in tensors and back.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/descriptor_state.h"
#include "tests/support/pixels.h"

enum { COUNT = 60 };
static fx_image images[COUNT];

static fx_image_source source_of(void) {
    for (int i = 0; i < COUNT; i++) images[i] = pixels_random(16, 16, 3, (uint64_t)i);
    return pixels_source(images, COUNT);
}

static void free_source(void) {
    for (int i = 0; i < COUNT; i++) fx_image_destroy(&images[i]);
}

static fx_descriptor_params everything(void) {
    fx_descriptor_params p = fx_descriptor_defaults();
    p.features =
        (fx_int_list){4, {FX_FEATURE_HOG, FX_FEATURE_RAW, FX_FEATURE_BOVW, FX_FEATURE_COLOR}};
    p.image.gray = FX_GRAY_YES;
    p.raw.whiten = FX_RAW_WHITEN_ZCA;
    p.bovw.words = 5;
    p.bovw.patch = 4;
    p.bovw.samples = 300;
    p.bovw.rounds = 2;
    return p;
}

static fx_descriptor *prepare(fx_descriptor_params p, const fx_image_source *source) {
    fx_descriptor *d;
    fx_error error = {0};
    cr_assert_eq(fx_descriptor_prepare(&p, source, NULL, 1, NULL, &d, &error), FX_OK, "%s",
                 error.message);
    return d;
}

static void assert_json(fx_descriptor_params p, const fx_image_source *source, const char *text) {
    fx_descriptor *d = prepare(p, source);
    fx_text json = {0};
    cr_assert_eq(fx__descriptor_json(d, &json, NULL), FX_OK);
    cr_assert_str_eq(json.data, text);
    fx__text_destroy(&json);
    fx_descriptor_destroy(d);
}

Test(descriptor_state, json) {
    fx_image_source source = source_of();
    fx_descriptor_params p = fx_descriptor_defaults();
    assert_json(p, &source,
                "{\"features\": [\"raw\"], \"image\": {\"size\": [16, 16], \"gray\": \"false\"}, "
                "\"raw\": {\"whiten\": \"none\"}, \"input_size\": [16, 16]}");
    p.features = (fx_int_list){2, {FX_FEATURE_HOG, FX_FEATURE_COLOR}};
    p.image.size = (fx_size){-1, -1};
    p.hog.orientations = 12;
    assert_json(
        p, &source,
        "{\"features\": [\"hog\", \"color\"], \"image\": {\"size\": \"native\", \"gray\": "
        "\"false\"}, \"color\": {\"space\": \"hsv\", \"bins\": [8, 4, 4], "
        "\"range\": [0, 360, 0, 100, 0, 100], \"binning\": \"hard\", \"joint\": true, "
        "\"grid\": 1, \"levels\": 1, \"norm\": \"sqrt\"}, \"hog\": {\"preset\": \"dalal-triggs\", "
        "\"variant\": \"blocks\", \"orientations\": 12, \"pixels_per_cell\": 8, "
        "\"cells_per_block\": 2, \"block_stride\": 1, \"block_norm\": \"L2-Hys\", "
        "\"epsilon\": \"skimage\", \"block_window\": 0, \"order\": \"rows\", "
        "\"signed\": false, \"interpolation\": \"true\", \"first_bin\": \"begins\", "
        "\"gradient\": \"channel\", \"gamma\": \"none\", \"border\": \"nearest\", "
        "\"partial_cells\": false}}");
    free_source();
}

static float *rows_of(const fx_descriptor *d, const fx_image_source *source, size_t *length) {
    cr_assert_eq(fx_descriptor_length(d, 16, 16, length, NULL), FX_OK);
    float *rows = malloc(sizeof *rows * COUNT * *length);
    cr_assert_eq(fx_descriptor_extract_range(d, source, 0, COUNT, *length, rows, FX_ON_ERROR_FAIL,
                                             NULL, NULL, NULL),
                 FX_OK);
    return rows;
}

Test(descriptor_state, comes_back_the_same) {
    fx_image_source source = source_of();
    fx_descriptor *d = prepare(everything(), &source), *again;
    fx_tensors *tensors;
    fx_error error = {0};
    cr_assert_eq(fx__tensors_create(&tensors, NULL), FX_OK);
    cr_assert_eq(fx__descriptor_to_tensors(d, tensors, NULL), FX_OK);
    cr_assert_eq(fx__descriptor_from_tensors(tensors, &again, &error), FX_OK, "%s", error.message);
    char first[65], second[65];
    cr_assert_eq(fx__descriptor_sha256(d, first, NULL), FX_OK);
    cr_assert_eq(fx__descriptor_sha256(again, second, NULL), FX_OK);
    cr_assert_str_eq(first, second);
    size_t length, length_again;
    float *rows = rows_of(d, &source, &length),
          *rows_again = rows_of(again, &source, &length_again);
    cr_assert_eq(length, length_again);
    cr_assert_eq(memcmp(rows, rows_again, sizeof *rows * COUNT * length), 0);
    // An image of another size is brought to that of the training images.
    cr_assert_eq(fx_descriptor_length(again, 99, 5, &length_again, NULL), FX_OK);
    cr_assert_eq(length, length_again);
    free(rows);
    free(rows_again);
    fx__tensors_destroy(tensors);
    fx_descriptor_destroy(d);
    fx_descriptor_destroy(again);
    free_source();
}

// What changes rows changes the hash: parameters in use, training images. What does not, does not.
Test(descriptor_state, hash) {
    fx_image_source source = source_of();
    fx_descriptor_params p = everything();
    fx_descriptor *d[5] = {prepare(p, &source)};
    p.hog.orientations = 8;
    d[1] = prepare(p, &source);
    p = everything();
    source.count = COUNT - 1;
    d[2] = prepare(p, &source);
    p.features = (fx_int_list){1, {FX_FEATURE_HOG}};
    d[3] = prepare(p, &source);
    p.color.grid = 3;
    d[4] = prepare(p, &source);
    char hash[5][65];
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(fx__descriptor_sha256(d[i], hash[i], NULL), FX_OK);
        cr_assert_eq(strlen(hash[i]), 64);
        fx_descriptor_destroy(d[i]);
    }
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < i; k++) cr_assert_str_neq(hash[i], hash[k]);
    cr_assert_str_eq(hash[3], hash[4]);
    free_source();
}

static void assert_refused(const char *json, const char *message) {
    fx_tensors *tensors;
    fx_descriptor *d = NULL;
    fx_error error = {0};
    cr_assert_eq(fx__tensors_create(&tensors, NULL), FX_OK);
    if (json) cr_assert_eq(fx__tensors_add_text(tensors, "descriptor", json, NULL), FX_OK);
    cr_assert_eq(fx__descriptor_from_tensors(tensors, &d, &error), FX_ERROR_FORMAT, "%s", json);
    cr_assert_eq(error.code, FX_ERROR_FORMAT);
    cr_assert_null(d);
    cr_assert_not_null(strstr(error.message, message), "message: %s", error.message);
    fx__tensors_destroy(tensors);
}

Test(descriptor_state, what_is_refused) {
    assert_refused(NULL, "found no metadata \"descriptor\"");
    assert_refused("{\"features\": [", "descriptor:2: malformed");
    assert_refused("[]", "descriptor:1");
    assert_refused("{\"features\": [\"hog\", \"sift\"]}", "features: found [hog, sift]");
    assert_refused("{\"features\": []}", "features: found none");
    assert_refused("{\"features\": [\"hog\"], \"hog\": {\"bins\": 9}}", "unknown key 'hog.bins'");
    assert_refused("{\"features\": [\"hog\"]}", "found image.size or image.gray auto");
    assert_refused("{\"features\": [\"hog\"], \"image\": {\"size\": [8, 8], \"gray\": \"auto\"}}",
                   "found image.size or image.gray auto");
    assert_refused("{\"features\": [\"raw\"], \"image\": {\"size\": [8, 8], \"gray\": \"true\"}, "
                   "\"input_size\": [8]}",
                   "expected \"input_size\": [width, height]");
    assert_refused("{\"features\": [\"raw\"], \"image\": {\"size\": [8, 8], \"gray\": \"true\"}, "
                   "\"input_size\": [8, [8]]}",
                   "expected \"input_size\": [width, height]");
    assert_refused("{\"features\": [\"raw\"], \"image\": {\"size\": [8, 8], \"gray\": \"true\"}, "
                   "\"raw\": {\"whiten\": \"zca\"}}",
                   "descriptor.raw.mean");
    assert_refused("{\"features\": [\"bovw\"], \"image\": {\"size\": [8, 8], \"gray\": \"true\"}}",
                   "bovw");
}

Test(descriptor_state, numbers_that_are_not_finite) {
    fx_tensors *tensors;
    fx_descriptor *d = NULL;
    fx_error error = {0};
    float mean[4] = {0}, matrix[16] = {1, 2, NAN};
    cr_assert_eq(fx__tensors_create(&tensors, NULL), FX_OK);
    cr_assert_eq(fx__tensors_add_text(tensors, "descriptor",
                                      "{\"features\": [\"raw\"], \"image\": {\"size\": [2, 2], "
                                      "\"gray\": \"true\"}, \"raw\": {\"whiten\": \"zca\"}}",
                                      NULL),
                 FX_OK);
    cr_assert_eq(fx__tensors_add(tensors, "descriptor.raw.mean", 1, (size_t[]){4}, mean, NULL),
                 FX_OK);
    cr_assert_eq(
        fx__tensors_add(tensors, "descriptor.raw.whitening", 2, (size_t[]){4, 4}, matrix, NULL),
        FX_OK);
    cr_assert_eq(fx__descriptor_from_tensors(tensors, &d, &error), FX_ERROR_FORMAT);
    cr_assert_not_null(strstr(error.message, "not finite"), "%s", error.message);
    fx__tensors_destroy(tensors);
}
