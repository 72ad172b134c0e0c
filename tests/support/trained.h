// A trained model with its result, and what tests ask of both.
#ifndef FEATX_TESTS_TRAINED_H
#define FEATX_TESTS_TRAINED_H

#include <criterion/criterion.h>

#include "tests/support/tiny.h"

typedef struct trained {
    fx_model *model;
    fx_result result;
} trained;

static inline trained train(const fx_model_params *params, const fx_model_data *data,
                            fx_on_error on_error) {
    trained out;
    fx_error error = {0};
    fx_model_options options = {.on_error = on_error};
    cr_assert_eq(fx_model_train(params, data, &options, &out.model, &out.result, &error), FX_OK,
                 "%s", error.message);
    return out;
}

static inline trained train_images(const fx_model_params *params, const tiny *tiny) {
    fx_model_data data = {.name = "tiny", .images = &tiny->dataset};
    return train(params, &data, FX_ON_ERROR_FAIL);
}

static inline void destroy(trained *trained) {
    fx_model_destroy(trained->model);
    fx_result_destroy(&trained->result);
}

static inline void refused(fx_status found, fx_status expected, const fx_error *error,
                           const char *part) {
    cr_assert_eq(found, expected, "status %d: %s", found, error->message);
    cr_assert_not_null(strstr(error->message, part), "'%s' lacks '%s'", error->message, part);
    cr_assert_null(strchr(error->message, '\n'));
}

static inline void same_network(const fx_model *a, const fx_model *b) {
    fx_mlp *first = (fx_mlp *)fx_model_mlp(a), *second = (fx_mlp *)fx_model_mlp(b);
    size_t count = fx_mlp_parameters(first);
    cr_assert_eq(fx_mlp_parameters(second), count);
    cr_assert_arr_eq(fx_mlp_parameter_block(first), fx_mlp_parameter_block(second),
                     count * sizeof(float));
}
#endif
