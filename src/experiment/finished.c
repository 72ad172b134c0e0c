// Identities of trainings, and finished trainings as files.
//
// A finished training is its model file with two entries of metadata more:
//   history   as in a checkpoint
//   result    {"numbers": {name: number}, "indices": […], "labels": […], "predictions": […]}
// The confusion and the accuracy follow from the predictions, the hash from the model.
#include "src/experiment/finished.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "featx/version.h"
#include "src/base/block_product.h"
#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/base/params.h"
#include "src/experiment/metrics.h"
#include "src/experiment/scoring.h"
#include "src/nn/checkpoint.h"

// --- identity ---

static fx_status add_params(fx_tensors *tensors, const fx_model_params *params, fx_error *error) {
    size_t count;
    const fx_section *sections = fx_model_sections(&count);
    fx_text text = {0};
    fx_status status = FX_OK;
    for (size_t i = 0; i < count && status == FX_OK; ++i) {
        status = fx__text_printf(&text, error, "%s: ", sections[i].name);
        if (status == FX_OK) status = fx__params_json(&sections[i], params, &text, error);
    }
    if (status == FX_OK) status = fx__text_printf(&text, error, "seed: %" PRIu64, params->seed);
    if (status == FX_OK) status = fx__tensors_add_text(tensors, "params", text.data, error);
    fx__text_destroy(&text);
    return status;
}

// What the file of initial weights holds, wherever it is.
static fx_status add_initial(fx_tensors *tensors, const char *path, fx_error *error) {
    fx_tensors *initial;
    char sha256[65];
    if (!path[0]) return FX_OK;
    FX__TRY(fx__tensors_load(path, &initial, error));
    fx_status status = fx__tensors_sha256(initial, sha256, error);
    fx__tensors_destroy(initial);
    return status == FX_OK ? fx__tensors_add_text(tensors, "initial", sha256, error) : status;
}

// Labels as text would be many times their size: as floats, which hold classes exactly.
static fx_status add_labels(fx_tensors *tensors, const int *labels, size_t count, fx_error *error) {
    float *values;
    FX__TRY(fx__allocate(count, sizeof *values, &values, error));
    for (size_t i = 0; i < count; ++i) values[i] = (float)labels[i];
    fx_status status = fx__tensors_add(tensors, "labels", 1, &count, values, error);
    free(values);
    return status;
}

fx_status fx__training_identity(const fx_model_params *params, const char *extra,
                                const char *const *class_names, int classes, const int *labels,
                                size_t count, char out[65], fx_error *error) {
    fx_tensors *tensors;
    fx_text names = {0};
    FX__TRY(fx__tensors_create(&tensors, error));
    fx_status status;
    FX__TRY_GOTO(fx__tensors_add_text(tensors, "featx", fx_version(), error));
    FX__TRY_GOTO(fx__tensors_add_text(tensors, "blas", fx__product_version(), error));
    FX__TRY_GOTO(fx__tensors_add_text(tensors, "extra", extra, error));
    FX__TRY_GOTO(add_params(tensors, params, error));
    FX__TRY_GOTO(add_initial(tensors, params->mlp.initial, error));
    for (int c = 0; c < classes; ++c)
        FX__TRY_GOTO(fx__text_json_string(&names, class_names[c], error));
    FX__TRY_GOTO(fx__tensors_add_text(tensors, "classes", names.data ? names.data : "", error));
    FX__TRY_GOTO(add_labels(tensors, labels, count, error));
    status = fx__tensors_sha256(tensors, out, error);
done:
    fx__text_destroy(&names);
    fx__tensors_destroy(tensors);
    return status;
}

// --- finished trainings ---

// The numbers of a result that do not follow from the rest, by name.
typedef struct number {
    const char *name;
    size_t *count; // one of the two
    double *value;
} number;

enum { NUMBERS = 12 };

static void numbers_of(fx_result *r, number out[NUMBERS]) {
    const number numbers[NUMBERS] = {
        {"train_samples", &r->train_samples, NULL},
        {"validation_samples", &r->validation_samples, NULL},
        {"test_samples", &r->test_samples, NULL},
        {"skipped", &r->skipped, NULL},
        {"train_accuracy", NULL, &r->train_accuracy},
        {"validation_accuracy", NULL, &r->validation_accuracy},
        {"load", NULL, &r->seconds.load},
        {"fit", NULL, &r->seconds.fit},
        {"extract", NULL, &r->seconds.extract},
        {"train", NULL, &r->seconds.train},
        {"test", NULL, &r->seconds.test},
        {"total", NULL, &r->seconds.total},
    };
    memcpy(out, numbers, sizeof numbers);
}

static fx_status add_ints(fx_text *text, const char *name, const int *values, size_t count,
                          fx_error *error) {
    FX__TRY(fx__text_printf(text, error, ", \"%s\": [", name));
    for (size_t i = 0; i < count; ++i)
        FX__TRY(fx__text_printf(text, error, i ? ",%d" : "%d", values[i]));
    return fx__text_printf(text, error, "]");
}

static fx_status result_text(const fx_result *result, fx_text *text, fx_error *error) {
    fx_result copy = *result;
    number numbers[NUMBERS];
    numbers_of(&copy, numbers);
    FX__TRY(fx__text_printf(text, error, "{\"numbers\": {"));
    for (int i = 0; i < NUMBERS; ++i) {
        FX__TRY(fx__text_printf(text, error, "%s\"%s\": ", i ? ", " : "", numbers[i].name));
        FX__TRY(numbers[i].count ? fx__text_printf(text, error, "%zu", *numbers[i].count)
                                 : fx__text_json_number(text, *numbers[i].value, error));
    }
    size_t n = result->test_samples;
    FX__TRY(fx__text_printf(text, error, "}, \"indices\": ["));
    for (size_t i = 0; i < n; ++i)
        FX__TRY(
            fx__text_printf(text, error, i ? ",%" PRIu32 : "%" PRIu32, result->test_indices[i]));
    FX__TRY(fx__text_printf(text, error, "]"));
    FX__TRY(add_ints(text, "labels", result->test_labels, n, error));
    FX__TRY(add_ints(text, "predictions", result->test_predictions, n, error));
    return fx__text_printf(text, error, "}");
}

fx_status fx__finished_save(const char *path, const fx_model *model, const fx_result *result,
                            fx_error *error) {
    fx_tensors *tensors;
    fx_text text = {0}, history = {0};
    FX__TRY(fx__model_to_tensors(model, &tensors, error));
    fx_status status;
    FX__TRY_GOTO(result_text(result, &text, error));
    FX__TRY_GOTO(fx__tensors_add_text(tensors, "result", text.data, error));
    FX__TRY_GOTO(fx__history_json(&result->history, &history, error));
    FX__TRY_GOTO(fx__tensors_add_text(tensors, "history", history.data, error));
    if (result->test_samples > 0)
        FX__TRY_GOTO(fx__tensors_add(tensors, "test_confidence", 1, &result->test_samples,
                                     result->test_confidence, error));
    status = fx__tensors_save(tensors, path, error);
done:
    fx__text_destroy(&text);
    fx__text_destroy(&history);
    fx__tensors_destroy(tensors);
    return status;
}

static bool read_numbers(const json_t *object, fx_result *result) {
    number numbers[NUMBERS];
    numbers_of(result, numbers);
    for (int i = 0; i < NUMBERS; ++i) {
        const json_t *value = json_object_get(object, numbers[i].name);
        if (numbers[i].count) {
            if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
            *numbers[i].count = (size_t)json_integer_value(value);
        } else {
            if (!json_is_number(value) && !json_is_null(value)) return false;
            *numbers[i].value = json_is_null(value) ? NAN : json_number_value(value);
        }
    }
    return true;
}

// list[count] of integers from 0 to most.
static bool read_list(const json_t *list, size_t count, json_int_t most, void *out) {
    int *values = out; // or uint32_t, of the same size
    if (json_array_size(list) != count) return false;
    for (size_t i = 0; i < count; ++i) {
        const json_t *value = json_array_get(list, i);
        json_int_t number = json_integer_value(value);
        if (!json_is_integer(value) || number < 0 || number > most) return false;
        uint32_t bits = (uint32_t)number;
        memcpy(&values[i], &bits, sizeof bits);
    }
    return true;
}

static fx_status read_result(const json_t *root, int classes, fx_result *result, fx_error *error) {
    const json_t *indices = json_object_get(root, "indices");
    size_t n = json_array_size(indices), cells = (size_t)classes * (size_t)classes;
    result->classes = classes;
    FX__TRY(fx__allocate(cells, sizeof *result->confusion, &result->confusion, error));
    FX__TRY(fx__allocate(n, sizeof *result->test_indices, &result->test_indices, error));
    FX__TRY(fx__allocate(n, sizeof *result->test_labels, &result->test_labels, error));
    FX__TRY(fx__allocate(n, sizeof *result->test_predictions, &result->test_predictions, error));
    if (!read_numbers(json_object_get(root, "numbers"), result) || result->test_samples != n ||
        !read_list(indices, n, UINT32_MAX, result->test_indices) ||
        !read_list(json_object_get(root, "labels"), n, classes - 1, result->test_labels) ||
        !read_list(json_object_get(root, "predictions"), n, classes - 1, result->test_predictions))
        return fx_error_set(error, FX_ERROR_FORMAT, "metadata 'result' is not that of a training");
    fx__summarize_test(result);
    return FX_OK;
}

static fx_status read_confidence(const fx_tensors *tensors, fx_result *result, fx_error *error) {
    size_t n = result->test_samples;
    const float *confidence;
    FX__TRY(fx__allocate(n, sizeof *confidence, &result->test_confidence, error));
    if (n == 0) return FX_OK;
    FX__TRY(fx__tensors_get(tensors, "test_confidence", 1, &n, &confidence, error));
    memcpy(result->test_confidence, confidence, n * sizeof *confidence);
    return FX_OK;
}

static fx_status read_finished(const fx_tensors *tensors, fx_model **model, fx_result *result,
                               fx_error *error) {
    const char *text = fx__tensors_text(tensors, "result");
    const char *history = fx__tensors_text(tensors, "history");
    if (!text || !history)
        return fx_error_set(error, FX_ERROR_FORMAT, "not a finished training: it has no result");
    FX__TRY(fx__model_from_tensors(tensors, model, error));
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    fx_status status = read_result(root, fx_model_classes(*model), result, error);
    json_decref(root);
    if (status == FX_OK) status = read_confidence(tensors, result, error);
    if (status == FX_OK) status = fx__history_parse(history, &result->history, error);
    if (status == FX_OK) status = fx__model_describe_result(*model, result, error);
    return status;
}

fx_status fx__finished_load(const char *path, fx_model **model, fx_result *result,
                            fx_error *error) {
    *model = NULL;
    *result = (fx_result){0};
    if (!fx__is_file(path)) return FX_OK;
    fx_tensors *tensors;
    FX__TRY(fx__tensors_load(path, &tensors, error));
    fx_status status = read_finished(tensors, model, result, error);
    fx__tensors_destroy(tensors);
    if (status == FX_OK) return FX_OK;
    fx_model_destroy(*model);
    *model = NULL;
    fx_result_destroy(result);
    return fx__error_prefix(error, status, "%s", path);
}
