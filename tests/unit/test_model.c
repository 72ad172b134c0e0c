// Models: what training counts and measures, what it leaves out, what evaluation says.
#include <criterion/criterion.h>
#include <math.h>

#include "src/experiment/metrics.h"
#include "tests/support/trained.h"

// --- training ---

Test(model, training_counts_what_it_saw) {
    tiny tiny;
    tiny_create(240, 0, 90, &tiny);
    fx_model_params params = tiny_params(FX_FEATURE_RAW);
    params.train.validation = 0.25F;
    trained t = train_images(&params, &tiny);
    const fx_result *r = &t.result;
    cr_assert_eq(r->train_samples, 180);
    cr_assert_eq(r->validation_samples, 60);
    cr_assert_eq(r->test_samples, 90);
    cr_assert_eq(r->skipped, 0);
    cr_assert_eq(r->descriptor_length, TINY_SIDE * TINY_SIDE * 3);
    // 432 × 16 weights, 16 × 2 of batch normalization, 16 × 3 weights, 3 biases.
    cr_assert_eq(r->parameters, 432 * 16 + 32 + 48 + 3);
    cr_assert_eq(r->history.count, 12);
    cr_assert_eq(r->validation_accuracy,
                 r->history.epochs[r->history.best - 1].validation_accuracy);
    cr_assert(r->train_accuracy > 0.9 && r->test_accuracy > 0.8, "train %g, test %g",
              r->train_accuracy, r->test_accuracy);
    uint64_t right = 0, all = 0;
    for (size_t i = 0; i < 9; ++i) {
        all += r->confusion[i];
        right += i % 4 == 0 ? r->confusion[i] : 0;
    }
    cr_assert_eq(all, 90);
    cr_assert_eq((double)right / 90, r->test_accuracy);
    cr_assert_eq(fx__accuracy(r->test_labels, r->test_predictions, 90), r->test_accuracy);
    for (size_t i = 0; i < 90; ++i) {
        cr_assert_eq(r->test_indices[i], i);
        cr_assert_eq(r->test_labels[i], (int)(i % TINY_CLASSES));
    }
    cr_assert(r->test_accuracy_ci95[0] < r->test_accuracy &&
              r->test_accuracy <= r->test_accuracy_ci95[1]);
    cr_assert_str_eq(fx_model_class_name(t.model, 2), "blue \"sky\"");
    cr_assert(fx_model_has_probabilities(t.model));
    destroy(&t);
}

Test(model, the_final_network_is_what_is_reported) {
    tiny tiny;
    tiny_create(120, 0, 60, &tiny);
    fx_model_params params = tiny_params(FX_FEATURE_COLOR);
    trained t = train_images(&params, &tiny);
    float scores[60 * TINY_CLASSES];
    fx_error error = {0};
    cr_assert_eq(fx_model_predict(t.model, &tiny.dataset.test.images, 0, 60, FX_ON_ERROR_FAIL, NULL,
                                  scores, &error),
                 FX_OK);
    for (size_t i = 0; i < 60; ++i) {
        const float *row = scores + i * TINY_CLASSES;
        int best = row[1] > row[0] ? 1 : 0;
        if (row[2] > row[best]) best = 2;
        cr_assert_eq(t.result.test_predictions[i], best);
        cr_assert(fabsf(t.result.test_confidence[i] - row[best]) <= 1e-6F, "rounding of softmax");
        cr_assert(fabsf(row[0] + row[1] + row[2] - 1) <= 1e-5F, "three probabilities, rounded");
    }
    fx_model_data data = {.name = "tiny", .images = &tiny.dataset};
    fx_result again;
    cr_assert_eq(fx_model_evaluate(t.model, &data, NULL, &again, &error), FX_OK);
    cr_assert_arr_eq(again.test_predictions, t.result.test_predictions, 60 * sizeof(int));
    cr_assert_str_eq(again.model_sha256, t.result.model_sha256);
    cr_assert(isnan(again.train_accuracy) && isnan(again.validation_accuracy));
    fx_result_destroy(&again);
    destroy(&t);
}

Test(model, own_validation_split_is_held_out_and_refit_uses_all) {
    tiny tiny;
    tiny_create(120, 45, 30, &tiny);
    fx_model_params params = tiny_params(FX_FEATURE_COLOR);
    params.train.validation = 0.5F;
    trained t = train_images(&params, &tiny);
    cr_assert_eq(t.result.train_samples, 120);
    cr_assert_eq(t.result.validation_samples, 45);
    params.train.refit = true;
    trained refit = train_images(&params, &tiny);
    cr_assert_eq(refit.result.train_samples, 165);
    cr_assert_eq(refit.result.validation_samples, 45);
    cr_assert_eq(refit.result.history.best, t.result.history.best);
    cr_assert_eq(refit.result.validation_accuracy, t.result.validation_accuracy);
    cr_assert_str_neq(refit.result.model_sha256, t.result.model_sha256);
    destroy(&refit);
    destroy(&t);
}

Test(model, refit_is_a_training_of_the_chosen_length_on_everything) {
    tiny tiny;
    tiny_create(120, 0, 30, &tiny);
    fx_model_params params = tiny_params(FX_FEATURE_COLOR);
    params.train.learning_rate = 0.3F; // too large: the last epoch is not the best
    params.mlp.dropout = 0.5F;
    params.train.schedule = FX_SCHEDULE_CONSTANT;
    params.train.refit = true;
    trained refit = train_images(&params, &tiny);
    cr_assert_eq(refit.result.train_samples, 120);
    params.train.refit = false;
    params.train.validation = 0;
    params.train.epochs = refit.result.history.best;
    trained plain = train_images(&params, &tiny);
    cr_assert_eq(plain.result.validation_samples, 0);
    cr_assert(isnan(plain.result.validation_accuracy));
    cr_assert(plain.result.history.count < 12, "fewer than the run that chose had");
    same_network(refit.model, plain.model);
    cr_assert_eq(refit.result.train_accuracy, plain.result.train_accuracy);
    destroy(&refit);
    destroy(&plain);
}

Test(model, augmentation_changes_training_and_nothing_else) {
    tiny tiny;
    tiny_create(120, 0, 30, &tiny);
    fx_model_params params = tiny_params(FX_FEATURE_RAW);
    trained plain = train_images(&params, &tiny);
    params.augment.shift = 1;
    trained shifted = train_images(&params, &tiny), again = train_images(&params, &tiny);
    cr_assert_str_neq(shifted.result.model_sha256, plain.result.model_sha256);
    cr_assert_str_eq(shifted.result.model_sha256, again.result.model_sha256);
    cr_assert(shifted.result.test_accuracy > 0.6, "%g", shifted.result.test_accuracy);
    destroy(&plain);
    destroy(&shifted);
    destroy(&again);
}

// `tiny` without the images that are bad or small.
typedef struct clean {
    fx_dataset dataset;
    fx_image_subset storage[3];
    uint32_t indices[3][TINY_MAX];
    int labels[3][TINY_MAX];
} clean;

static void clean_create(const tiny *tiny, clean *out) {
    const tiny_part *parts[] = {&tiny->train, &tiny->validation, &tiny->test};
    const fx_split *from[] = {&tiny->dataset.train, &tiny->dataset.validation, &tiny->dataset.test};
    fx_split *to[] = {&out->dataset.train, &out->dataset.validation, &out->dataset.test};
    out->dataset = tiny->dataset;
    for (int p = 0; p < 3; ++p) {
        size_t count = 0;
        for (size_t i = 0; i < from[p]->images.count; ++i) {
            if (tiny_every(parts[p]->bad_every, i) || tiny_every(parts[p]->small_every, i))
                continue;
            out->labels[p][count] = from[p]->labels[i];
            out->indices[p][count++] = (uint32_t)i;
        }
        *to[p] = (fx_split){
            fx_image_source_subset(&from[p]->images, out->indices[p], count, &out->storage[p]),
            out->labels[p]};
    }
}

// Trains with the bad images left out, and on images that are all good: the same network.
static void skips(tiny *tiny, const fx_model_params *params, size_t train_and_validation,
                  size_t test, size_t skipped, const char *message) {
    fx_model_data data = {.name = "tiny", .images = &tiny->dataset};
    fx_model *model;
    fx_result result;
    fx_error error = {0};
    fx_status status = fx_model_train(params, &data, NULL, &model, &result, &error);
    cr_assert_neq(status, FX_OK);
    refused(status, status, &error, message);
    cr_assert_null(model);
    trained t = train(params, &data, FX_ON_ERROR_SKIP);
    cr_assert_eq(t.result.train_samples + t.result.validation_samples, train_and_validation);
    cr_assert_eq(t.result.test_samples, test);
    cr_assert_eq(t.result.skipped, skipped);
    for (size_t i = 0; i < test; ++i) {
        uint32_t index = t.result.test_indices[i];
        cr_assert(!tiny_every(tiny->test.bad_every, index));
        cr_assert_eq(t.result.test_labels[i], tiny->test.labels[index]);
    }
    clean clean;
    clean_create(tiny, &clean);
    data.images = &clean.dataset;
    trained other = train(params, &data, FX_ON_ERROR_FAIL);
    cr_assert_eq(other.result.validation_samples, t.result.validation_samples);
    same_network(t.model, other.model);
    cr_assert_arr_eq(t.result.test_predictions, other.result.test_predictions, test * sizeof(int));
    destroy(&other);
    destroy(&t);
}

Test(model, images_that_cannot_be_decoded_fail_by_name_or_are_left_out) {
    tiny tiny;
    for (int own = 0; own < 2; ++own)             // without and with a validation split of its own
        for (int shift = 0; shift < 2; ++shift) { // rows in a matrix, and made when asked for
            tiny_create(own ? 90 : 120, own ? 30 : 0, 40, &tiny);
            tiny.train.bad_every = tiny.validation.bad_every = 10;
            tiny.test.bad_every = 8;
            fx_model_params params = tiny_params(FX_FEATURE_HOG);
            params.augment.shift = shift;
            skips(&tiny, &params, 108, 35, 12 + 5, "damaged");
        }
}

Test(model, images_that_do_not_fit_the_descriptor_are_left_out) {
    tiny tiny;
    tiny_create(120, 0, 40, &tiny);
    tiny.train.small_every = 10;
    tiny.test.bad_every = 8;
    fx_model_params params = tiny_params(FX_FEATURE_COLOR);
    params.descriptor.color.grid = 3;
    skips(&tiny, &params, 108, 35, 12 + 5, "tiny[9]");
    // Augmented, a sample keeps its number, and so its random changes: not those of a clean set.
    params.augment.flip = true;
    fx_model_data data = {.name = "tiny", .images = &tiny.dataset};
    trained t = train(&params, &data, FX_ON_ERROR_SKIP);
    cr_assert_eq(t.result.train_samples + t.result.validation_samples, 108);
    cr_assert_eq(t.result.skipped, 12 + 5);
    destroy(&t);
}

Test(model, parameters_filled_in_by_hand_are_checked_first) {
    tiny tiny;
    tiny_create(30, 0, 0, &tiny);
    fx_model_data data = {.name = "tiny", .images = &tiny.dataset};
    fx_model_params params = tiny_params(FX_FEATURE_RAW);
    params.train.batch_size = 0;
    fx_model *model;
    fx_result result;
    fx_error error = {0};
    fx_status status = fx_model_train(&params, &data, NULL, &model, &result, &error);
    refused(status, FX_ERROR_USAGE, &error, "train.batch_size");
    tiny_create(0, 0, 9, &tiny);
    params = tiny_params(FX_FEATURE_RAW);
    status = fx_model_train(&params, &data, NULL, &model, &result, &error);
    refused(status, FX_ERROR_DATA, &error, "tiny: no samples to train on");
}

static bool stop_in_test(void *self, const char *stage, size_t done, size_t total,
                         const char *note) {
    (void)done, (void)total, (void)note;
    return strcmp(stage, self) != 0;
}

Test(model, stops_on_request_in_every_stage) {
    tiny tiny;
    tiny_create(60, 0, 30, &tiny);
    fx_model_data data = {.name = "tiny", .images = &tiny.dataset};
    fx_model_params params = tiny_params(FX_FEATURE_RAW);
    static const char *const stages[] = {"extract", "train", "score", "test"};
    for (size_t i = 0; i < sizeof stages / sizeof *stages; ++i) {
        char stage[16];
        strcpy(stage, stages[i]);
        fx_progress progress = {stage, stop_in_test};
        fx_model_options options = {.progress = &progress};
        fx_model *model;
        fx_result result;
        fx_error error = {0};
        cr_assert_eq(fx_model_train(&params, &data, &options, &model, &result, &error),
                     FX_ERROR_INTERRUPTED, "%s", stage);
        cr_assert(!model && !result.confusion && !result.history.epochs);
    }
}

// --- evaluation ---

Test(model, classes_meet_by_their_names) {
    tiny tiny, turned;
    tiny_create(120, 0, 45, &tiny);
    tiny_create(0, 0, 45, &turned);
    fx_model_params params = tiny_params(FX_FEATURE_COLOR);
    trained t = train_images(&params, &tiny);
    // The same images under names in another order, and one class more that has no image.
    static const char *const names[] = {"green", "blue \"sky\"", "other", "red"};
    static const int place[TINY_CLASSES] = {3, 0, 1};
    int labels[45];
    for (int i = 0; i < 45; ++i) labels[i] = place[tiny.test.labels[i]];
    turned.dataset = tiny.dataset;
    turned.dataset.classes = 4;
    turned.dataset.class_names = names;
    turned.dataset.test.labels = labels;
    fx_model_data data = {.name = "turned", .images = &turned.dataset};
    fx_result result;
    fx_error error = {0};
    cr_assert_eq(fx_model_evaluate(t.model, &data, NULL, &result, &error), FX_OK, "%s",
                 error.message);
    cr_assert_eq(result.test_accuracy, t.result.test_accuracy);
    cr_assert_arr_eq(result.confusion, t.result.confusion, 9 * sizeof(uint64_t));
    fx_result_destroy(&result);
    labels[7] = 2;
    fx_status status = fx_model_evaluate(t.model, &data, NULL, &result, &error);
    refused(status, FX_ERROR_DATA, &error, "turned: class 'other' is unknown to the model");
    destroy(&t);
}

Test(model, data_without_a_test_split_is_evaluated_whole) {
    tiny tiny;
    tiny_create(60, 30, 0, &tiny);
    fx_model_params params = tiny_params(FX_FEATURE_COLOR);
    trained t = train_images(&params, &tiny);
    cr_assert_eq(t.result.test_samples, 0);
    fx_model_data data = {.name = "tiny", .images = &tiny.dataset};
    fx_result result;
    fx_error error = {0};
    cr_assert_eq(fx_model_evaluate(t.model, &data, NULL, &result, &error), FX_OK);
    cr_assert_eq(result.test_samples, 90);
    fx_result_destroy(&result);
    destroy(&t);
}

Test(model, result_as_json_has_its_keys) {
    tiny tiny;
    tiny_create(60, 0, 30, &tiny);
    fx_model_params params = tiny_params(FX_FEATURE_COLOR);
    params.train.validation = 0;
    trained t = train_images(&params, &tiny);
    fx_text text = {0};
    cr_assert_eq(fx__result_json(&t.result, t.model, "a \"b\"", 3, &text, NULL), FX_OK);
    static const char *const parts[] = {
        "{\"dataset\": \"a \\\"b\\\"\", \"features\": [\"color\"], \"seed\": 1, \"threads\": 3, "
        "\"train_samples\": 60, \"validation_samples\": 0, \"test_samples\": 30, "
        "\"descriptor_length\": 128, \"ensemble\": 1, \"parameters\": ",
        "\"train_accuracy\": ",
        "\"validation_accuracy\": null, \"test_accuracy\": ",
        "\"test_accuracy_ci95\": [",
        "\"confusion\": [[",
        "\"seconds\": {\"load\": ",
        "\"fit\": ",
        "\"extract\": ",
        "\"train\": ",
        "\"test\": ",
        "\"total\": ",
        "\"peak_rss_bytes\": ",
        "\"model_sha256\": \"",
    };
    const char *at = text.data;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; ++i) {
        at = strstr(at, parts[i]);
        cr_assert_not_null(at, "no %s in %s", parts[i], text.data);
    }
    fx__text_destroy(&text);
    destroy(&t);
}
