// What a descriptor learns and extracts has the same bytes for any number of threads.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "features/descriptor_state.h"
#include "featx/threads.h"
#include "tests/support/pixels.h"

enum { COUNT = 150 };

static float *run(const fx_image_source *source, fx_descriptor_params p, int threads, char hash[65],
                  size_t *length) {
    fx_descriptor *d;
    fx_error error = {0};
    fx_threads_set(threads);
    cr_assert_eq(fx_descriptor_prepare(&p, source, NULL, 3, NULL, &d, &error), FX_OK, "%s",
                 error.message);
    cr_assert_eq(fx__descriptor_sha256(d, hash, NULL), FX_OK);
    cr_assert_eq(fx_descriptor_length(d, 20, 20, length, NULL), FX_OK);
    float *rows = malloc(sizeof *rows * COUNT * *length);
    cr_assert_eq(fx_descriptor_extract_range(d, source, 0, COUNT, *length, rows, FX_ON_ERROR_FAIL,
                                             NULL, NULL, &error),
                 FX_OK, "%s", error.message);
    fx_descriptor_destroy(d);
    return rows;
}

static void compare_threads(fx_image *images, const int *features, int whiten) {
    fx_image_source source = pixels_source(images, COUNT);
    fx_descriptor_params p = fx_descriptor_defaults();
    p.features = (fx_int_list){2, {features[0], features[1]}};
    p.image.size = (fx_size){20, 20};
    p.image.gray = FX_GRAY_YES;
    p.raw.whiten = whiten;
    p.bovw.words = 8;
    p.bovw.patch = 4;
    p.bovw.samples = 2000;
    p.bovw.rounds = 3;
    char hash[65], other_hash[65];
    size_t length;
    float *rows = run(&source, p, 1, hash, &length);
    for (int threads = 2; threads <= 5; threads += 3) {
        float *other = run(&source, p, threads, other_hash, &length);
        cr_assert_str_eq(hash, other_hash);
        cr_assert_eq(memcmp(rows, other, sizeof *rows * COUNT * length), 0, "%d threads", threads);
        free(other);
    }
    free(rows);
}

Test(descriptor_threads, same_bytes) {
    fx_image same[COUNT], mixed[COUNT];
    for (int i = 0; i < COUNT; i++) {
        same[i] = pixels_random(20, 20, 3, (uint64_t)i);
        mixed[i] = pixels_random(15 + i % 11, 13 + i % 7, i % 5 ? 3 : 1, (uint64_t)i);
    }
    const int hog_and_color[] = {FX_FEATURE_HOG, FX_FEATURE_COLOR};
    const int raw_and_words[] = {FX_FEATURE_RAW, FX_FEATURE_BOVW};
    compare_threads(same, hog_and_color, FX_RAW_WHITEN_NONE);
    compare_threads(mixed, hog_and_color, FX_RAW_WHITEN_NONE);
    compare_threads(same, raw_and_words, FX_RAW_WHITEN_ZCA);
    compare_threads(mixed, raw_and_words, FX_RAW_WHITEN_ZCA);
    for (int i = 0; i < COUNT; i++) {
        fx_image_destroy(&same[i]);
        fx_image_destroy(&mixed[i]);
    }
}
