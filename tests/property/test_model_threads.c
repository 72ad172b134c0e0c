// The bytes of a model do not depend on the number of threads.
#include <criterion/criterion.h>

#include "featx/threads.h"
#include "tests/support/tiny.h"

static void same_for_any_threads(const fx_model_params *params) {
    tiny tiny;
    tiny_create(150, 0, 40, &tiny);
    fx_model_data data = {.name = "tiny", .images = &tiny.dataset};
    static const int threads[] = {1, 2, 3, 7};
    char reference[65] = "";
    for (size_t i = 0; i < sizeof threads / sizeof *threads; ++i) {
        fx_threads_set(threads[i]);
        fx_model *model;
        fx_result result;
        fx_error error = {0};
        cr_assert_eq(fx_model_train(params, &data, NULL, &model, &result, &error), FX_OK, "%s",
                     error.message);
        if (i == 0) strcpy(reference, result.model_sha256);
        cr_assert_str_eq(result.model_sha256, reference, "%d threads", threads[i]);
        fx_result_destroy(&result);
        fx_model_destroy(model);
    }
}

Test(model_threads, raw) {
    fx_model_params params = tiny_params(FX_FEATURE_RAW);
    params.mlp.hidden = (fx_int_list){.count = 2, .values = {150, 33}}; // more than one tile
    same_for_any_threads(&params);
}

Test(model_threads, color_with_refit) {
    fx_model_params params = tiny_params(FX_FEATURE_COLOR);
    params.train.refit = true;
    same_for_any_threads(&params);
}

Test(model_threads, hog_with_augmentation) {
    fx_model_params params = tiny_params(FX_FEATURE_HOG);
    params.augment = (fx_augmentation_params){.flip = true, .shift = 2};
    same_for_any_threads(&params);
}

Test(model_threads, raw_with_everything_that_is_drawn) {
    fx_model_params params = tiny_params(FX_FEATURE_RAW);
    params.mlp.dropout = 0.3f;
    params.mlp.input_dropout = 0.1f;
    params.mlp.batch_norm = true;
    params.augment = (fx_augmentation_params){.flip = true,
                                              .shift = 2,
                                              .rotate = 20,
                                              .scale = 0.2f,
                                              .shear = 10,
                                              .elastic = 1,
                                              .elastic_sigma = 3,
                                              .color = 0.3f,
                                              .hue = 20,
                                              .cutout = 4};
    same_for_any_threads(&params);
}

Test(model_threads, ensemble_with_mirrors) {
    fx_model_params params = tiny_params(FX_FEATURE_RAW);
    params.mlp.hidden.values[0] = 150; // more than one tile
    params.train.epochs = 4;
    params.train.ensemble = 3;
    params.augment = (fx_augmentation_params){.shift = 1, .test_flip = true};
    same_for_any_threads(&params);
}

Test(model_threads, visual_words) {
    fx_model_params params = tiny_params(FX_FEATURE_BOVW);
    same_for_any_threads(&params);
}
