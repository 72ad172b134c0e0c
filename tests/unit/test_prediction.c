// What a model answers: means over images and their mirrors, and over networks.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "src/base/file.h"
#include "src/experiment/prediction.h"
#include "tests/support/folder.h"
#include "tests/support/trained.h"

enum { IMAGES = 30, SCORES = IMAGES * TINY_CLASSES };

static void predict(const fx_model *model, const fx_image_source *images, float *scores) {
    fx_error error = {0};
    cr_assert_eq(fx_model_predict(model, images, 0, IMAGES, FX_ON_ERROR_FAIL, NULL, scores, &error),
                 FX_OK, "%s", error.message);
}

// --- mirrors ---

Test(prediction, mirrored_images) {
    tiny tiny;
    tiny_create(3, 0, 0, &tiny);
    const fx_image_source *base = &tiny.dataset.train.images;
    fx_image_source mirrored = fx_image_source_mirrored(base);
    fx_image plain = {0}, out = {0};
    char name[32];
    cr_assert_eq(mirrored.count, 3);
    cr_assert_eq(base->get(base->self, 1, &plain, NULL), FX_OK);
    cr_assert_eq(mirrored.get(mirrored.self, 1, &out, NULL), FX_OK);
    for (int y = 0; y < TINY_SIDE; ++y)
        for (int x = 0; x < TINY_SIDE; ++x)
            for (int c = 0; c < 3; ++c)
                cr_assert_eq(out.pixels[(y * TINY_SIDE + x) * 3 + c],
                             plain.pixels[(y * TINY_SIDE + TINY_SIDE - 1 - x) * 3 + c]);
    mirrored.name(mirrored.self, 1, name, sizeof name);
    cr_assert_str_eq(name, "tiny[1]");
    fx_image_destroy(&plain);
    fx_image_destroy(&out);
}

static fx_status get_lent(const void *self, size_t index, fx_image *out, fx_error *error) {
    (void)index, (void)error;
    *out = *(const fx_image *)self;
    return FX_OK;
}

Test(prediction, lent_pixels_are_mirrored_in_a_copy) {
    uint8_t lent[] = {1, 2, 3, 4, 5, 6};
    const fx_image image = {3, 2, 1, lent, 0};
    const fx_image_source base = {&image, 1, get_lent, get_lent, NULL};
    const fx_image_source mirrored = fx_image_source_mirrored(&base);
    fx_image out = {0};
    cr_assert_eq(mirrored.get(mirrored.self, 0, &out, NULL), FX_OK);
    cr_assert_arr_eq(lent, ((uint8_t[]){1, 2, 3, 4, 5, 6}), 6);
    cr_assert_arr_eq(out.pixels, ((uint8_t[]){3, 2, 1, 6, 5, 4}), 6);
    fx_image_destroy(&out);
}

// The mean of what the same network says without test_flip.
static void answers_with_mirrors(fx_feature feature, fx_loss loss) {
    tiny tiny;
    tiny_create(90, 0, IMAGES, &tiny);
    fx_model_params params = tiny_params(feature);
    params.mlp.loss = loss;
    params.descriptor.color.grid = 2; // or mirrors have the same colors
    trained once = train_images(&params, &tiny);
    params.augment.test_flip = true;
    trained twice = train_images(&params, &tiny);
    same_network(once.model, twice.model);
    const fx_image_source *images = &tiny.dataset.test.images;
    const fx_image_source mirrored = fx_image_source_mirrored(images);
    float plain[SCORES], other[SCORES], mean[SCORES], again[SCORES];
    predict(once.model, images, plain);
    predict(once.model, &mirrored, other);
    predict(twice.model, images, mean);
    predict(twice.model, &mirrored, again);
    int differing = 0;
    for (int i = 0; i < SCORES; ++i) {
        differing += plain[i] != other[i];
        cr_assert_eq(mean[i], 0.5F * plain[i] + 0.5F * other[i]);
        cr_assert_eq(mean[i], again[i], "an image and its mirror are one question");
    }
    cr_assert_gt(differing, SCORES / 2);
    int classes[IMAGES];
    fx__predicted_classes(mean, IMAGES, TINY_CLASSES, classes);
    cr_assert_arr_eq(twice.result.test_predictions, classes, sizeof classes);
    for (int i = 0; i < IMAGES; ++i)
        cr_assert_eq(twice.result.test_confidence[i], mean[i * TINY_CLASSES + classes[i]]);
    destroy(&once);
    destroy(&twice);
}

Test(prediction, raw_with_mirrors) {
    answers_with_mirrors(FX_FEATURE_RAW, FX_CROSS_ENTROPY);
}

Test(prediction, hog_with_mirrors) {
    answers_with_mirrors(FX_FEATURE_HOG, FX_CROSS_ENTROPY);
}

Test(prediction, color_with_mirrors) {
    answers_with_mirrors(FX_FEATURE_COLOR, FX_CROSS_ENTROPY);
}

Test(prediction, visual_words_with_mirrors) {
    answers_with_mirrors(FX_FEATURE_BOVW, FX_CROSS_ENTROPY);
}

Test(prediction, scores_with_mirrors) {
    answers_with_mirrors(FX_FEATURE_RAW, FX_HINGE);
}

// Accuracies of samples are those of the model's answers, augmented in training or not.
static void accuracies_of_answers(bool augment, bool test_flip, int ensemble) {
    tiny tiny;
    tiny_create(60, IMAGES, 0, &tiny);
    fx_model_params params = tiny_params(FX_FEATURE_HOG);
    params.augment.shift = augment ? 1 : 0;
    params.augment.test_flip = test_flip;
    params.train.ensemble = ensemble;
    params.train.epochs = 1; // accuracies that a mean changes
    params.train.learning_rate = 0.003F;
    trained t = train_images(&params, &tiny);
    const fx_split *splits[] = {&tiny.dataset.train, &tiny.dataset.validation};
    const double accuracies[] = {t.result.train_accuracy, t.result.validation_accuracy};
    for (int s = 0; s < 2; ++s) {
        fx_dataset only = {.name = "only",
                           .classes = TINY_CLASSES,
                           .class_names = tiny.dataset.class_names,
                           .test = *splits[s]};
        fx_model_data data = {.images = &only};
        fx_result result;
        fx_error error = {0};
        cr_assert_eq(fx_model_evaluate(t.model, &data, NULL, &result, &error), FX_OK, "%s",
                     error.message);
        cr_assert_eq(result.test_accuracy, accuracies[s]);
        fx_result_destroy(&result);
    }
    cr_assert_neq(t.result.validation_accuracy, t.result.history.epochs[0].validation_accuracy,
                  "or this says nothing");
    destroy(&t);
}

Test(prediction, accuracies_with_mirrors) {
    accuracies_of_answers(false, true, 1);
}

Test(prediction, accuracies_with_mirrors_of_augmented_images) {
    accuracies_of_answers(true, true, 1);
}

Test(prediction, accuracies_of_ensembles) {
    accuracies_of_answers(false, false, 3);
}

Test(prediction, bad_images_are_skipped_with_their_mirrors) {
    tiny tiny;
    tiny_create(90, 0, IMAGES, &tiny);
    tiny.test.bad_every = 7;
    fx_model_params params = tiny_params(FX_FEATURE_RAW);
    params.augment.test_flip = true;
    fx_model_data data = {.images = &tiny.dataset};
    trained t = train(&params, &data, FX_ON_ERROR_SKIP);
    cr_assert_eq(t.result.skipped, 4);
    cr_assert_eq(t.result.test_samples, IMAGES - 4);
    destroy(&t);
}

// --- ensembles ---

static fx_model_params ensemble_params(int networks) {
    fx_model_params params = tiny_params(FX_FEATURE_COLOR);
    params.seed = 5;
    params.train.epochs = 3;
    params.train.ensemble = networks;
    params.augment.shift = 1; // drawn for each network
    return params;
}

// One network trained as the k-th of an ensemble on a data set that brings its own held-out part.
static trained train_alone(fx_model_params params, const tiny *tiny, int k) {
    params.train.ensemble = 1;
    params.seed += (uint64_t)k;
    return train_images(&params, tiny);
}

static void networks_of_further_seeds(fx_loss loss, bool refit, bool test_flip) {
    enum { NETWORKS = 3 };
    tiny tiny;
    tiny_create(90, 30, IMAGES, &tiny);
    fx_model_params params = ensemble_params(NETWORKS);
    params.mlp.loss = loss;
    params.train.refit = refit;
    params.train.schedule = FX_SCHEDULE_CONSTANT;
    params.train.learning_rate = 0.1F; // each has another best epoch
    params.train.epochs = 8;
    params.augment.test_flip = test_flip;
    trained together = train_images(&params, &tiny);
    cr_assert_eq(fx_model_networks(together.model), NETWORKS);
    const fx_image_source *images = &tiny.dataset.test.images;
    float sum[SCORES] = {0}, own[SCORES], mean[SCORES];
    size_t parameters = 0;
    for (int k = 0; k < NETWORKS; ++k) {
        trained alone = train_alone(params, &tiny, k);
        fx_mlp *a = (fx_mlp *)fx_model_network(together.model, k);
        fx_mlp *b = (fx_mlp *)fx_model_mlp(alone.model);
        cr_assert_arr_eq(fx_mlp_parameter_block(a), fx_mlp_parameter_block(b),
                         fx_mlp_parameters(b) * sizeof(float), "network %d", k);
        parameters += alone.result.parameters;
        predict(alone.model, images, own);
        for (int i = 0; i < SCORES; ++i) sum[i] += own[i] / NETWORKS;
        destroy(&alone);
    }
    cr_assert_eq(together.result.parameters, parameters);
    predict(together.model, images, mean);
    for (int i = 0; i < SCORES; ++i)
        cr_assert(fabsf(mean[i] - sum[i]) <= 1e-6F * fmaxf(1, fabsf(sum[i])), "rounding of means");
    fx_model_data data = {.images = &tiny.dataset};
    fx_result result;
    cr_assert_eq(fx_model_evaluate(together.model, &data, NULL, &result, NULL), FX_OK);
    cr_assert_arr_eq(result.test_predictions, together.result.test_predictions,
                     IMAGES * sizeof(int));
    fx_result_destroy(&result);
    destroy(&together);
}

Test(prediction, ensemble) {
    networks_of_further_seeds(FX_CROSS_ENTROPY, false, false);
}

Test(prediction, ensemble_of_scores_trained_again_with_mirrors) {
    networks_of_further_seeds(FX_SQUARED_ERROR, true, true);
}

TestSuite(ensemble_files, .init = folder_enter, .fini = folder_leave);

Test(ensemble_files, models_keep_their_networks) {
    tiny tiny;
    tiny_create(90, 0, IMAGES, &tiny);
    fx_model_params params = ensemble_params(2);
    trained t = train_images(&params, &tiny);
    fx_error error = {0};
    fx_model *loaded;
    fx_result result;
    fx_model_data data = {.images = &tiny.dataset};
    cr_assert_eq(fx_model_save(t.model, "model", &error), FX_OK, "%s", error.message);
    cr_assert_eq(fx_model_load("model", &loaded, &error), FX_OK, "%s", error.message);
    cr_assert_eq(fx_model_networks(loaded), 2);
    cr_assert_eq(fx_model_evaluate(loaded, &data, NULL, &result, NULL), FX_OK);
    cr_assert_str_eq(result.model_sha256, t.result.model_sha256);
    cr_assert_arr_eq(result.test_predictions, t.result.test_predictions, IMAGES * sizeof(int));
    cr_assert_arr_eq(result.test_confidence, t.result.test_confidence, IMAGES * sizeof(float));
    fx_result_destroy(&result);
    fx_model_destroy(loaded);
    destroy(&t);

    // A file that lost one says which.
    char *bytes;
    size_t count;
    cr_assert_eq(fx__file_read("model", 1 << 26, &bytes, &count, NULL), FX_OK);
    for (size_t i = 0; i + 15 < count; ++i)
        if (memcmp(bytes + i, "\"ensemble.1.mlp.", 16) == 0) bytes[i + 10] = '7';
    cr_assert_eq(fx__file_write("model", bytes, count, NULL), FX_OK);
    free(bytes);
    refused(fx_model_load("model", &loaded, &error), FX_ERROR_FORMAT, &error,
            "model: no matrix 'ensemble.1.mlp.0.weights'");
}

static bool stop_late(void *self, const char *stage, size_t done, size_t total, const char *note) {
    (void)done, (void)total, (void)note;
    int *left = self;
    return strncmp(stage, "train", 5) != 0 || --*left > 0;
}

// Stopped at any report, in any of its networks, chosen or trained again.
Test(ensemble_files, resumed_to_the_same_bytes) {
    tiny tiny;
    tiny_create(200, 40, IMAGES, &tiny);
    fx_model_params params = ensemble_params(3);
    params.train.batch_size = 2;
    params.train.epochs = 12;
    params.train.refit = true;
    params.mlp.hidden.values[0] = 128; // slow enough for several reports
    fx_model_data data = {.images = &tiny.dataset};
    trained whole = train_images(&params, &tiny);
    int left, stops = 0, later = 0;
    fx_progress progress = {&left, stop_late};
    fx_model_options options = {.checkpoint = "state", .progress = &progress};
    fx_status status = FX_ERROR_INTERRUPTED;
    fx_model *model;
    fx_result result;
    fx_error error = {0};
    for (; status == FX_ERROR_INTERRUPTED; options.resume = true) {
        left = 3;
        status = fx_model_train(&params, &data, &options, &model, &result, &error);
        stops += status == FX_ERROR_INTERRUPTED;
        later += fx__is_file("state.2.refit");
    }
    cr_assert_eq(status, FX_OK, "%s", error.message);
    cr_assert(stops >= 4 && later >= 1, "%d stops, %d of them in the last network", stops, later);
    cr_assert_str_eq(result.model_sha256, whole.result.model_sha256);
    cr_assert_eq(result.validation_accuracy, whole.result.validation_accuracy);
    cr_assert_eq(folder_entries("."), 6);
    fx_model_remove_checkpoint("state");
    cr_assert_eq(folder_entries("."), 0);
    fx_model_destroy(model);
    fx_result_destroy(&result);
    destroy(&whole);
}
