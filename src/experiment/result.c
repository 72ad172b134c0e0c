// A result as JSON, and its end.
//
// The object has the keys of `classify train --json`. Accuracies are fractions; what was not
// measured is null. Doubles are written with the fewest of 15 to 17 digits that read back the same.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "src/base/memory.h"
#include "src/experiment/metrics.h"

void fx_result_destroy(fx_result *result) {
    if (!result) return;
    free(result->confusion);
    free(result->test_indices);
    free(result->test_labels);
    free(result->test_predictions);
    free(result->test_confidence);
    fx_history_destroy(&result->history);
    *result = (fx_result){0};
}

fx_status fx__text_json_number(fx_text *text, double value, fx_error *error) {
    char number[32] = "null";
    for (int digits = 15; isfinite(value) && digits <= 17; ++digits) {
        snprintf(number, sizeof number, "%.*g", digits, value);
        if (strtod(number, NULL) == value) break;
    }
    return fx__text_printf(text, error, "%s", number);
}

static fx_status named_number(fx_text *out, const char *key, double value, fx_error *error) {
    FX__TRY(fx__text_printf(out, error, ", \"%s\": ", key));
    return fx__text_json_number(out, value, error);
}

static fx_status features_json(const fx_model_params *params, fx_text *out, fx_error *error) {
    const fx_int_list *features = &params->descriptor.features;
    FX__TRY(fx__text_printf(out, error, ", \"features\": ["));
    for (int i = 0; i < features->count; ++i)
        FX__TRY(fx__text_printf(out, error, "%s\"%s\"", i ? ", " : "",
                                fx_feature_name((fx_feature)features->values[i])));
    return fx__text_printf(out, error, "]");
}

static fx_status confusion_json(const fx_result *result, fx_text *out, fx_error *error) {
    size_t classes = (size_t)result->classes;
    FX__TRY(fx__text_printf(out, error, ", \"confusion\": ["));
    for (size_t row = 0; row < classes; ++row)
        for (size_t column = 0; column < classes; ++column)
            FX__TRY(fx__text_printf(out, error, "%s%" PRIu64 "%s",
                                    column ? ", "
                                    : row  ? ", ["
                                           : "[",
                                    result->confusion[row * classes + column],
                                    column + 1 == classes ? "]" : ""));
    return fx__text_printf(out, error, "]");
}

static fx_status seconds_json(const fx_seconds *seconds, fx_text *out, fx_error *error) {
    FX__TRY(fx__text_printf(out, error, ", \"seconds\": {\"load\": "));
    FX__TRY(fx__text_json_number(out, seconds->load, error));
    FX__TRY(named_number(out, "fit", seconds->fit, error));
    FX__TRY(named_number(out, "extract", seconds->extract, error));
    FX__TRY(named_number(out, "train", seconds->train, error));
    FX__TRY(named_number(out, "test", seconds->test, error));
    FX__TRY(named_number(out, "total", seconds->total, error));
    return fx__text_printf(out, error, "}");
}

static uint64_t peak_rss_bytes(void) {
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_maxrss * 1024;
}

fx_status fx__result_json(const fx_result *result, const fx_model *model, const char *dataset,
                          int threads, fx_text *out, fx_error *error) {
    const fx_model_params *params = fx_model_get_params(model);
    FX__TRY(fx__text_printf(out, error, "{\"dataset\": "));
    FX__TRY(fx__text_json_string(out, dataset, error));
    FX__TRY(features_json(params, out, error));
    FX__TRY(fx__text_printf(
        out, error,
        ", \"seed\": %" PRIu64 ", \"threads\": %d, \"train_samples\": %zu, "
        "\"validation_samples\": %zu, \"test_samples\": %zu, \"descriptor_length\": %zu, "
        "\"ensemble\": %d, \"parameters\": %zu",
        result->seed, threads, result->train_samples, result->validation_samples,
        result->test_samples, result->descriptor_length, fx_model_networks(model),
        result->parameters));
    FX__TRY(named_number(out, "train_accuracy", result->train_accuracy, error));
    FX__TRY(named_number(out, "validation_accuracy", result->validation_accuracy, error));
    FX__TRY(named_number(out, "test_accuracy", result->test_accuracy, error));
    FX__TRY(fx__text_printf(out, error, ", \"test_accuracy_ci95\": ["));
    FX__TRY(fx__text_json_number(out, result->test_accuracy_ci95[0], error));
    FX__TRY(fx__text_printf(out, error, ", "));
    FX__TRY(fx__text_json_number(out, result->test_accuracy_ci95[1], error));
    FX__TRY(fx__text_printf(out, error, "]"));
    FX__TRY(confusion_json(result, out, error));
    FX__TRY(seconds_json(&result->seconds, out, error));
    return fx__text_printf(out, error,
                           ", \"peak_rss_bytes\": %" PRIu64 ", \"model_sha256\": \"%s\"}",
                           peak_rss_bytes(), result->model_sha256);
}
