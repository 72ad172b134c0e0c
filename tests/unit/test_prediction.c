// What a model answers: means over images and their mirrors.
#include <criterion/criterion.h>
#include <math.h>

#include "src/experiment/prediction.h"
#include "tests/support/trained.h"

enum { IMAGES = 30, SCORES = IMAGES * TINY_CLASSES };

static void predict(const fx_model *model, const fx_image_source *images, float *scores) {
    fx_error error = {0};
    cr_assert_eq(
        fx_model_predict(model, images, 0, IMAGES, FX_ON_ERROR_FAIL, NULL, scores, &error), FX_OK,
        "%s", error.message);
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
static void accuracies_of_answers(bool augment) {
    tiny tiny;
    tiny_create(60, IMAGES, 0, &tiny);
    fx_model_params params = tiny_params(FX_FEATURE_HOG);
    params.augment.shift = augment ? 1 : 0;
    params.augment.test_flip = true;
    params.train.epochs = 1; // accuracies that mirrors change
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
    accuracies_of_answers(false);
}

Test(prediction, accuracies_with_mirrors_of_augmented_images) {
    accuracies_of_answers(true);
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
