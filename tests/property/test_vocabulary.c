// Vocabularies: learning, threads, auto values, files, errors.
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "features/visual_words_state.h"
#include "features/vocabulary.h"
#include "featx/threads.h"
#include "src/base/memory.h"
#include "tests/support/words.h"

Test(vocabulary, same_bytes_for_any_number_of_threads) {
    for (int encoding = FX_BOVW_THRESHOLD; encoding <= FX_BOVW_FISHER; encoding++) {
        fx_bovw_params params = small_params();
        params.local = FX_BOVW_PATCH + encoding % 4;
        params.encoding = encoding;
        params.patch = 8;
        params.scales = 1 + encoding % 2;
        char first[65], sha[65];
        for (int threads = 1; threads <= 7; threads += threads < 3 ? 1 : 4) {
            fx_threads_set(threads);
            fx_vocabulary *v = learn(&params);
            fx_tensors *tensors;
            cr_assert_eq(fx__tensors_create(&tensors, &error), FX_OK);
            cr_assert_eq(fx__vocabulary_to_tensors(v, tensors, &error), FX_OK);
            cr_assert_eq(fx__tensors_sha256(tensors, sha, &error), FX_OK);
            if (threads == 1) memcpy(first, sha, sizeof sha);
            cr_assert_str_eq(sha, first, "%d threads", threads);
            fx__tensors_destroy(tensors);
            fx_vocabulary_destroy(v);
        }
    }
}

Test(vocabulary, the_seed_matters) {
    fx_bovw_params params = small_params();
    fx_image_source source = make_source(&normal, 40);
    fx_vocabulary *a = learn(&params), *b;
    cr_assert_eq(fx_vocabulary_learn(&params, &source, 3, 6, NULL, &b, &error), FX_OK);
    cr_assert_neq(memcmp(a->words.data, b->words.data, 20 * a->length * sizeof(float)), 0);
    fx_vocabulary_destroy(a);
    fx_vocabulary_destroy(b);
}

Test(vocabulary, auto_values) {
    fx_bovw_params params = fx_bovw_defaults();
    params.rounds = 0;
    fx_vocabulary *v = learn(&params);
    const fx_bovw_params *p = fx_vocabulary_params(v);
    cr_assert_eq(p->words, 200);
    cr_assert_eq(p->local, FX_BOVW_PATCH);
    cr_assert_eq(p->patch, 6);
    cr_assert_eq(p->samples, 50000);
    cr_assert_eq(p->stride, 1);
    cr_assert_eq(fx_vocabulary_channels(v), 3);
    cr_assert_eq(fx_bovw_length(v), 16 * 2 * 200);
    fx_vocabulary_destroy(v);
    // 20 … 22 × 300 pixels: more than 64 · 64.
    const noise_source tall = {300, -1, 0};
    fx_image_source source = make_source(&tall, 10);
    params.local = FX_BOVW_SIFT;
    params.words = 10;
    cr_assert_eq(fx_vocabulary_learn(&params, &source, 1, 1, NULL, &v, &error), FX_OK);
    p = fx_vocabulary_params(v);
    cr_assert_eq(p->patch, 16);
    cr_assert_eq(p->samples, 2500);
    cr_assert_eq(p->stride, 8);
    fx_vocabulary_destroy(v);
    // Patches up to 64 pixels a side or where a patch is given, else SIFT.
    params.local = FX_BOVW_LOCAL_AUTO;
    for (int width = 64; width <= 65; width++)
        for (params.patch = 0; params.patch <= 8; params.patch += 8) {
            const noise_source wide = {300, -1, width};
            source = make_source(&wide, 10);
            cr_assert_eq(fx_vocabulary_learn(&params, &source, 1, 1, NULL, &v, &error), FX_OK);
            cr_assert_eq(fx_vocabulary_params(v)->local,
                         width > 64 && params.patch == 0 ? FX_BOVW_SIFT : FX_BOVW_PATCH);
            fx_vocabulary_destroy(v);
        }
}

// k-means of small batches ends elsewhere than that of all samples.
Test(vocabulary, batches) {
    fx_bovw_params params = small_params();
    fx_vocabulary *all = learn(&params);
    params.batch = 100;
    fx_vocabulary *some = learn(&params);
    cr_assert_neq(memcmp(all->words.data, some->words.data, 20 * all->length * sizeof(float)), 0);
    cr_assert_eq(fx_vocabulary_params(some)->batch, 100);
    fx_vocabulary_destroy(all);
    fx_vocabulary_destroy(some);
}

Test(vocabulary, learning_errors) {
    fx_bovw_params params = small_params();
    fx_image_source source = make_source(&normal, 40);
    fx_vocabulary *v;
    const noise_source one_small = {18, 11, 0};
    fx_image_source with_small = make_source(&one_small, 40);
    cr_assert_eq(fx_vocabulary_learn(&params, &with_small, 3, 1, NULL, &v, &error), FX_ERROR_DATA);
    cr_assert_str_eq(error.message, "noise[11]: the image is 5 × 4 pixels, smaller than a patch of "
                                    "6 × 6 (bovw.patch)");
    cr_assert_null(v);
    params.samples = 10;
    cr_assert_eq(fx_vocabulary_learn(&params, &source, 3, 1, NULL, &v, &error), FX_ERROR_DATA);
    cr_assert_str_eq(error.message, "bovw.words: 10 samples are fewer than 20 clusters");
    params.samples = 2000;
    params.words = 1;
    cr_assert_eq(fx_vocabulary_learn(&params, &source, 3, 1, NULL, &v, &error), FX_ERROR_USAGE);
    params.words = 20;
    params.local = FX_BOVW_SIFT;
    params.patch = 6;
    cr_assert_eq(fx_vocabulary_learn(&params, &source, 3, 1, NULL, &v, &error), FX_ERROR_USAGE);
    cr_assert_str_eq(error.message,
                     "bovw.patch: found 6, expected a multiple of 4 for bovw.local sift");
    source.count = 0;
    params.patch = 8;
    cr_assert_eq(fx_vocabulary_learn(&params, &source, 3, 1, NULL, &v, &error), FX_ERROR_DATA);
}

Test(vocabulary, keys_that_make_no_sense_together) {
    const struct {
        const char *keys[6], *message;
    } cases[] = {
        {{"local", "hog", "patch", "9"},
         "bovw.patch: found 9, expected a multiple of 2 for bovw.local hog"},
        {{"local", "sift", "cells", "3"},
         "bovw.patch: found 16, expected a multiple of 3 for bovw.local sift"},
        {{"local", "gray", "cells", "3"}, "bovw.cells: found 3, expected auto for bovw.local gray"},
        {{"local", "patch", "orientations", "8"},
         "bovw.orientations: found 8, expected auto for bovw.local patch"},
        {{"local", "patch", "window", "flat"},
         "bovw.window: found flat, expected none for bovw.local patch"},
        // Auto becomes patch where one is given.
        {{"window", "gaussian", "patch", "6"},
         "bovw.window: found gaussian, expected none for bovw.local patch"},
        {{"encoding", "vlad", "pool", "max"},
         "bovw.pool: found max, expected sum or mean for bovw.encoding vlad"},
        {{"encoding", "fisher", "pool", "max"},
         "bovw.pool: found max, expected sum or mean for bovw.encoding fisher"},
        {{"encoding", "tf-idf", "intra", "true"},
         "bovw.intra: found true, expected false for bovw.encoding tf-idf"},
        {{"encoding", "fisher", "batch", "50"},
         "bovw.batch: found 50, expected 0 for bovw.encoding fisher"},
        {{"grid", "3", "levels", "6"},
         "bovw.levels: found 6, which ends in 96 cells a side from bovw.grid 3, expected at most "
         "64"},
    };
    fx_section section = fx__bovw_section;
    fx_image_source source = make_source(&normal, 40);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fx_bovw_params params = small_params();
        fx_vocabulary *v;
        for (size_t k = 0; cases[i].keys[k]; k += 2) {
            char key[32];
            snprintf(key, sizeof key, "bovw.%s", cases[i].keys[k]);
            cr_assert_eq(fx_params_set(&section, 1, &params, key, cases[i].keys[k + 1], &error),
                         FX_OK, "%s", error.message);
        }
        cr_assert_eq(fx_vocabulary_learn(&params, &source, 3, 1, NULL, &v, &error), FX_ERROR_USAGE);
        cr_assert_str_eq(error.message, cases[i].message);
    }
}

Test(vocabulary, auto_values_of_encodings) {
    fx_bovw_params params = fx_bovw_defaults();
    params.rounds = 0;
    params.local = FX_BOVW_HOG;
    params.encoding = FX_BOVW_VLAD;
    fx_vocabulary *v = learn(&params);
    const fx_bovw_params *p = fx_vocabulary_params(v);
    cr_assert_eq(p->words, 64);
    cr_assert_eq(p->samples, 64000);
    cr_assert_eq(p->patch, 16);
    cr_assert_eq(p->cells, 2);
    cr_assert_eq(p->orientations, 9);
    cr_assert_not(p->spherical);
    cr_assert_eq(fx_bovw_length(v), 16 * 64 * 36);
    fx_vocabulary_destroy(v);
}

// A word that all images have says nothing; one that is in one of 40 says log 40.
Test(vocabulary, rarity) {
    fx_bovw_params params = small_params();
    params.encoding = FX_BOVW_TFIDF;
    params.words = 100;
    fx_vocabulary *v = learn(&params);
    fx_image_source source = make_source(&normal, 40);
    double documents[100] = {0};
    fx_vocabulary counts = *v;
    counts.params.encoding = FX_BOVW_HARD;
    counts.params.grid = 1;
    for (size_t i = 0; i < 40; i++) {
        fx_image image = {0}, color = {0};
        cr_assert_eq(get(source.self, i, &image, &error), FX_OK);
        cr_assert_eq(fx_image_convert(&image, 3, &color, &error), FX_OK);
        float *present = extract(&counts, &color);
        for (size_t w = 0; w < 100; w++) documents[w] += present[w] > 0;
        free(present);
        fx_image_destroy(&image);
        fx_image_destroy(&color);
    }
    size_t rare = 0;
    for (size_t w = 0; w < 100; w++) {
        double expected = log(40 / fmax(1, documents[w]));
        cr_assert(fabs(v->idf[w] - expected) <= 1e-6, "word %zu: %g, expected %g", w, v->idf[w],
                  expected);
        rare += v->idf[w] > 0;
    }
    cr_assert(rare > 10, "%zu words are rare", rare);
    fx_vocabulary_destroy(v);
}

static bool stop(void *self, const char *stage, size_t done, size_t total, const char *note) {
    (void)note;
    (void)total;
    return strcmp(stage, self) != 0 || done == 0;
}

Test(vocabulary, stops_on_request) {
    fx_bovw_params params = small_params();
    fx_image_source source = make_source(&normal, 40);
    const char *stages[] = {"patches", "k-means"};
    for (int i = 0; i < 2; i++) {
        char stage[16];
        snprintf(stage, sizeof stage, "%s", stages[i]);
        fx_progress progress = {stage, stop};
        fx_vocabulary *v;
        cr_assert_eq(fx_vocabulary_learn(&params, &source, 3, 1, &progress, &v, &error),
                     FX_ERROR_INTERRUPTED, "%s", stage);
        cr_assert_null(v);
    }
}

Test(encoding, errors) {
    fx_bovw_params params = small_params();
    fx_vocabulary *v = learn(&params);
    float *out = malloc(fx_bovw_length(v) * sizeof *out);
    void *scratch = malloc(fx_bovw_scratch(v));
    fx_image image = make_image(1, 5, 30, 3), gray = make_image(1, 30, 30, 1);
    cr_assert_eq(fx_bovw_extract(v, &image, out, scratch, &error), FX_ERROR_DATA);
    cr_assert_str_eq(error.message,
                     "the image is 30 × 5 pixels, smaller than a patch of 6 × 6 (bovw.patch)");
    cr_assert_eq(fx_bovw_extract(v, &gray, out, scratch, &error), FX_ERROR_DATA);
    cr_assert_str_eq(error.message, "the image has 1 channel, the vocabulary was learned from 3");
    free(image.pixels);
    free(gray.pixels);
    free(scratch);
    free(out);
    fx_vocabulary_destroy(v);
}

// ---- Files --------------------------------------------------------------------------------------

static void temporary(char *path, size_t size) {
    snprintf(path, size, "%s/test_words_%d.safetensors", FX_BINARY_DIR, (int)getpid());
}

Test(vocabulary, files) {
    char path[500];
    temporary(path, sizeof path);
    fx_image image = make_image(6, 25, 26, 3);
    for (int encoding = FX_BOVW_HARD; encoding <= FX_BOVW_FISHER; encoding++) {
        fx_bovw_params params = small_params();
        params.encoding = encoding;
        params.local = FX_BOVW_PATCH + encoding % 4;
        params.patch = 8;
        params.window = fx__bovw_is_gradients(&params) ? FX_BOVW_WINDOW_GAUSSIAN : 0;
        params.scales = 1 + encoding % 2;
        params.whiten = encoding != FX_BOVW_HARD;
        fx_vocabulary *v = learn(&params), *loaded;
        cr_assert_eq(fx_vocabulary_save(v, path, &error), FX_OK, "%s", error.message);
        cr_assert_eq(fx_vocabulary_load(path, &loaded, &error), FX_OK, "%s", error.message);
        float *a = extract(v, &image), *b = extract(loaded, &image);
        cr_assert_arr_eq(a, b, fx_bovw_length(v) * sizeof *a);
        cr_assert_eq(memcmp(&v->params, &loaded->params, sizeof v->params), 0);
        free(a);
        free(b);
        fx_vocabulary_destroy(v);
        fx_vocabulary_destroy(loaded);
    }
    free(image.pixels);
    unlink(path);
}

Test(vocabulary, file_errors) {
    char path[500];
    temporary(path, sizeof path);
    fx_vocabulary *v;
    fx_tensors *tensors;
    cr_assert_eq(fx_vocabulary_load(path, &v, &error), FX_ERROR_IO);
    const float value[48] = {0, NAN};
    const size_t shape[] = {2, 12}, wrong[] = {2, 24};
    const char *json = "{\"bovw\": {\"words\": 2, \"local\": \"patch\", \"patch\": 2, \"stride\": "
                       "1, \"whiten\": false}}";
    const char *automatic =
        "{\"bovw\": {\"words\": 2, \"local\": \"patch\", \"patch\": 2, \"whiten\": false}}";
    const struct {
        const char *json, *channels, *part;
        const size_t *shape;
    } cases[] = {
        {NULL, NULL, "not a vocabulary", shape},
        {json, "2", "not a vocabulary", shape},
        {"{\"bovw\": {\"words\": 1}}", "3", "bovw.words", shape},
        {"{\"bovw\": {\"wurds\": 2}}", "3", "did you mean", shape},
        {"[", "3", "bovw", shape},
        {automatic, "3", "auto", shape},
        {json, "3", "bovw.words", wrong},
        {json, "3", "element 1 is not finite", shape},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_assert_eq(fx__tensors_create(&tensors, &error), FX_OK);
        if (cases[i].json)
            cr_assert_eq(fx__tensors_add_text(tensors, "bovw", cases[i].json, &error), FX_OK);
        if (cases[i].channels)
            cr_assert_eq(fx__tensors_add_text(tensors, "bovw.channels", cases[i].channels, &error),
                         FX_OK);
        cr_assert_eq(fx__tensors_add(tensors, "bovw.words", 2, cases[i].shape, value, &error),
                     FX_OK);
        cr_assert_eq(fx__tensors_save(tensors, path, &error), FX_OK);
        fx__tensors_destroy(tensors);
        cr_assert_eq(fx_vocabulary_load(path, &v, &error), FX_ERROR_FORMAT, "%zu: %s", i,
                     error.message);
        cr_assert_null(v);
        cr_assert_eq(strncmp(error.message, path, strlen(path)), 0, "%s", error.message);
        cr_assert_not_null(strstr(error.message, cases[i].part), "%zu: %s", i, error.message);
    }
    unlink(path);
}

// A vocabulary of before these keys were there: what they default to then.
Test(vocabulary, file_of_fewer_keys) {
    const float words[2 * 128] = {1};
    const size_t shape[] = {2, 128};
    fx_tensors *tensors;
    fx_vocabulary *v;
    cr_assert_eq(fx__tensors_create(&tensors, &error), FX_OK);
    cr_assert_eq(fx__tensors_add_text(tensors, "bovw",
                                      "{\"bovw\": {\"words\": 2, \"local\": \"sift\", "
                                      "\"patch\": 8, \"stride\": 1, \"whiten\": false}}",
                                      &error),
                 FX_OK);
    cr_assert_eq(fx__tensors_add_text(tensors, "bovw.channels", "1", &error), FX_OK);
    cr_assert_eq(fx__tensors_add(tensors, "bovw.words", 2, shape, words, &error), FX_OK);
    cr_assert_eq(fx__vocabulary_from_tensors(tensors, &v, &error), FX_OK, "%s", error.message);
    cr_assert_eq(fx_vocabulary_params(v)->cells, 4);
    cr_assert_eq(fx_vocabulary_params(v)->orientations, 8);
    fx_vocabulary_destroy(v);
    fx__tensors_destroy(tensors);
}

Test(vocabulary, mixtures_in_files_are_checked) {
    const float words[2 * 4] = {1}, good[2 * 4] = {1, 1, 1, 1, 1, 1, 1, 1}, none[2 * 4] = {1, 1, 0};
    const float half[] = {0.5f, 0.5f}, more[] = {0.5f, 0.6f}, less[] = {-0.5f, 1.5f};
    const size_t shape[] = {2, 4};
    const struct {
        const float *variances, *priors;
        const char *part;
    } cases[] = {{good, half, NULL},
                 {none, half, "'bovw.variances': found 0, expected more than 0"},
                 {good, more, "'bovw.priors': found a sum of 1.1, expected 1"},
                 {good, less, "'bovw.priors': found -0.5, expected at least 0"},
                 {good, NULL, "bovw.priors"},
                 {NULL, half, "bovw.variances"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fx_tensors *t;
        fx_vocabulary *v;
        cr_assert_eq(fx__tensors_create(&t, &error), FX_OK);
        cr_assert_eq(fx__tensors_add_text(t, "bovw",
                                          "{\"bovw\": {\"words\": 2, \"local\": \"patch\", "
                                          "\"patch\": 2, \"stride\": 1, \"whiten\": false, "
                                          "\"encoding\": \"fisher\"}}",
                                          &error),
                     FX_OK);
        cr_assert_eq(fx__tensors_add_text(t, "bovw.channels", "1", &error), FX_OK);
        cr_assert_eq(fx__tensors_add(t, "bovw.words", 2, shape, words, &error), FX_OK);
        if (cases[i].variances)
            cr_assert_eq(fx__tensors_add(t, "bovw.variances", 2, shape, cases[i].variances, &error),
                         FX_OK);
        if (cases[i].priors)
            cr_assert_eq(fx__tensors_add(t, "bovw.priors", 1, shape, cases[i].priors, &error),
                         FX_OK);
        fx_status status = fx__vocabulary_from_tensors(t, &v, &error);
        cr_assert_eq(status, cases[i].part ? FX_ERROR_FORMAT : FX_OK, "%zu: %s", i, error.message);
        if (cases[i].part)
            cr_assert_not_null(strstr(error.message, cases[i].part), "%s", error.message);
        fx_vocabulary_destroy(v);
        fx__tensors_destroy(t);
    }
}
