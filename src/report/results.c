// results.json and results.csv.
//
// CSV: lines end in CR LF; names stand in quotes, their quotes doubled, their control characters as
// \xHH, so that a record is a line and showing it moves no cursor. A name that a spreadsheet would
// take for a formula (it begins with = + - @, a tab or a CR) gets an apostrophe before it; JSON has
// it as it is. What was not measured is an empty field, and null in JSON.
#include "src/report/results.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "featx/version.h"
#include "src/base/block_product.h"
#include "src/base/memory.h"
#include "src/experiment/metrics.h"

static fx_status json_number(fx_text *out, const char *before, double value, fx_error *error) {
    FX__TRY(fx__text_printf(out, error, "%s", before));
    return fx__text_json_number(out, value, error);
}

static fx_status json_string(fx_text *out, const char *before, const char *value, fx_error *error) {
    FX__TRY(fx__text_printf(out, error, "%s", before));
    return fx__text_json_string(out, value, error);
}

static fx_status diagnostics_json(const fx_history *history, int epoch, fx_text *out,
                                  fx_error *error) {
    FX__TRY(fx__text_printf(out, error, ", \"layers\": ["));
    for (int l = 0; l < history->layers; l++) {
        const fx_layer_diagnostics *layer = &history->diagnostics[epoch * history->layers + l];
        FX__TRY(json_number(out, l ? ", {\"saturated\": " : "{\"saturated\": ", layer->saturated,
                            error));
        FX__TRY(json_number(out, ", \"dead\": ", layer->dead, error));
        FX__TRY(json_number(out, ", \"zero\": ", layer->zero, error));
        FX__TRY(json_number(out, ", \"mean\": ", layer->mean, error));
        FX__TRY(json_number(out, ", \"gradient_norm\": ", layer->gradient_norm, error));
        FX__TRY(fx__text_printf(out, error, "}"));
    }
    return fx__text_printf(out, error, "]");
}

static fx_status history_json(const fx_history *history, fx_text *out, fx_error *error) {
    FX__TRY(fx__text_printf(out, error,
                            "\"history\": {\"best\": %d, \"early_stopped\": %s, \"epochs\": [",
                            history->best, history->early_stopped ? "true" : "false"));
    for (int i = 0; i < history->count; i++) {
        const fx_epoch *epoch = &history->epochs[i];
        FX__TRY(fx__text_printf(out, error, "%s\n   {\"epoch\": %d", i ? "," : "", epoch->epoch));
        FX__TRY(json_number(out, ", \"learning_rate\": ", epoch->learning_rate, error));
        FX__TRY(json_number(out, ", \"train_loss\": ", epoch->train_loss, error));
        FX__TRY(json_number(out, ", \"train_accuracy\": ", epoch->train_accuracy, error));
        FX__TRY(json_number(out, ", \"validation_loss\": ", epoch->validation_loss, error));
        FX__TRY(json_number(out, ", \"validation_accuracy\": ", epoch->validation_accuracy, error));
        FX__TRY(json_number(out, ", \"seconds\": ", epoch->seconds, error));
        FX__TRY(diagnostics_json(history, i, out, error));
        FX__TRY(fx__text_printf(out, error, "}"));
    }
    return fx__text_printf(out, error, "]}");
}

// The object of `classify train --json`, with the name put before and the history after its keys.
static fx_status arm_json(const fx_comparison *comparison, size_t arm, size_t seed, int threads,
                          fx_text *out, fx_error *error) {
    const fx_result *result = &comparison->results[arm * comparison->seed_count + seed];
    const fx_experiment *experiment = comparison->experiment;
    fx_text object = {0};
    fx_status status;
    FX__TRY_GOTO(fx__result_json(result, comparison->models[arm], experiment->dataset, threads,
                                 &object, error));
    FX__TRY_GOTO(json_string(out, "{\"name\": ", experiment->arms[arm].name, error));
    FX__TRY_GOTO(fx__text_printf(out, error, ", %.*s, ", (int)object.length - 2, object.data + 1));
    FX__TRY_GOTO(history_json(&result->history, out, error));
    FX__TRY_GOTO(fx__text_printf(out, error, "}"));
done:
    fx__text_destroy(&object);
    return status;
}

static fx_status pair_json(const fx_comparison *comparison, const fx_pair *pair, fx_text *out,
                           fx_error *error) {
    const fx_arm *arms = comparison->experiment->arms;
    FX__TRY(json_string(out, "{\"a\": ", arms[pair->a].name, error));
    FX__TRY(json_string(out, ", \"b\": ", arms[pair->b].name, error));
    FX__TRY(json_number(out, ", \"difference\": ", pair->difference, error));
    FX__TRY(json_number(out, ", \"difference_ci95\": [", pair->ci95[0], error));
    FX__TRY(json_number(out, ", ", pair->ci95[1], error));
    FX__TRY(json_number(out, "], \"p\": ", pair->p, error));
    return fx__text_printf(out, error, ", \"only_a\": %" PRIu64 ", \"only_b\": %" PRIu64 "}",
                           pair->only_a, pair->only_b);
}

// [[…], …] of values[rows · stride], `columns` of each row.
static fx_status rows_json(const double *values, size_t rows, size_t columns, size_t stride,
                           fx_text *out, fx_error *error) {
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns; column++)
            FX__TRY(json_number(out,
                                column ? ", "
                                : row  ? "], ["
                                       : "[[",
                                values[row * stride + column], error));
    return fx__text_printf(out, error, "]]");
}

// Accuracies [arms][strengths] of each disturbance.
static fx_status robustness_json(const fx_comparison *comparison, fx_text *out, fx_error *error) {
    const fx_robustness *study = &comparison->robustness;
    if (study->images == 0) return FX_OK;
    FX__TRY(fx__text_printf(out, error, ",\n \"robustness\": {\"images\": %zu", study->images));
    for (int kind = 0; kind < FX_DISTURBANCES; kind++) {
        FX__TRY(fx__text_printf(out, error, ",\n  \"%s\": {\"unit\": \"%s\", \"strengths\": [",
                                fx_disturbance_name((fx_disturbance)kind),
                                fx_disturbance_unit((fx_disturbance)kind)));
        for (int level = 0; level < FX_ROBUSTNESS_LEVELS; level++)
            FX__TRY(json_number(out, level ? ", " : "",
                                fx_robustness_strength((fx_disturbance)kind, level), error));
        FX__TRY(fx__text_printf(out, error, "], \"accuracy\": "));
        FX__TRY(rows_json(study->accuracy + kind * FX_ROBUSTNESS_LEVELS, comparison->arm_count,
                          FX_ROBUSTNESS_LEVELS, FX_DISTURBANCES * (size_t)FX_ROBUSTNESS_LEVELS, out,
                          error));
        FX__TRY(fx__text_printf(out, error, "}"));
    }
    return fx__text_printf(out, error, "}");
}

// Accuracies [arms][steps].
static fx_status efficiency_json(const fx_comparison *comparison, fx_text *out, fx_error *error) {
    const fx_efficiency *study = &comparison->efficiency;
    if (study->steps == 0) return FX_OK;
    FX__TRY(fx__text_printf(out, error, ",\n \"data_efficiency\": {\"train_images\": ["));
    for (size_t i = 0; i < study->steps; i++)
        FX__TRY(fx__text_printf(out, error, "%s%zu", i ? ", " : "", study->images[i]));
    FX__TRY(fx__text_printf(out, error, "], \"accuracy\": "));
    FX__TRY(
        rows_json(study->accuracy, comparison->arm_count, study->steps, study->steps, out, error));
    return fx__text_printf(out, error, "}");
}

fx_status fx__results_json(const fx_comparison *comparison, const fx_report_options *options,
                           fx_text *out, fx_error *error) {
    const fx_experiment *experiment = comparison->experiment;
    FX__TRY(json_string(out, "{\"command\": ", options->command ? options->command : "", error));
    FX__TRY(json_string(out, ",\n \"dataset\": ", experiment->dataset, error));
    FX__TRY(fx__text_printf(out, error, ",\n \"seeds\": ["));
    for (int i = 0; i < experiment->seeds.count; i++)
        FX__TRY(fx__text_printf(out, error, "%s%d", i ? ", " : "", experiment->seeds.values[i]));
    FX__TRY(fx__text_printf(out, error, "],\n \"threads\": %d", options->threads));
    FX__TRY(json_string(out, ",\n \"versions\": {\"featx\": ", fx_version(), error));
    FX__TRY(json_string(out, ", \"blas\": ", fx__product_version(), error));
    double rate = comparison->gemm_rate > 0 ? comparison->gemm_rate : (double)NAN;
    FX__TRY(json_number(out, "},\n \"gemm_rate\": ", rate, error));
    FX__TRY(json_number(out, ",\n \"seconds\": ", comparison->seconds, error));
    FX__TRY(fx__text_printf(out, error, ",\n \"arms\": ["));
    for (size_t arm = 0; arm < comparison->arm_count; arm++)
        for (size_t seed = 0; seed < comparison->seed_count; seed++) {
            FX__TRY(fx__text_printf(out, error, "%s\n  ", arm + seed > 0 ? "," : ""));
            FX__TRY(arm_json(comparison, arm, seed, options->threads, out, error));
        }
    FX__TRY(fx__text_printf(out, error, "],\n \"pairs\": ["));
    for (size_t i = 0; i < comparison->pair_count; i++) {
        FX__TRY(fx__text_printf(out, error, "%s\n  ", i > 0 ? "," : ""));
        FX__TRY(pair_json(comparison, &comparison->pairs[i], out, error));
    }
    FX__TRY(fx__text_printf(out, error, "]"));
    FX__TRY(robustness_json(comparison, out, error));
    FX__TRY(efficiency_json(comparison, out, error));
    return fx__text_printf(out, error, "}\n");
}

// --- CSV ---

static fx_status csv_text(fx_text *out, const char *value, fx_error *error) {
    bool formula = value[0] && strchr("=+-@\t\r", value[0]);
    FX__TRY(fx__text_printf(out, error, formula ? "\"'" : "\""));
    for (const char *at = value; *at; at++) {
        bool c1 = (unsigned char)at[0] == 0xC2 && (at[1] & 0xE0) == 0x80;
        if (c1) at++;
        if (c1 || iscntrl((unsigned char)*at))
            FX__TRY(fx__text_printf(out, error, "\\x%02x", (unsigned char)*at));
        else
            FX__TRY(fx__text_append(out, *at == '"' ? "\"\"" : at, *at == '"' ? 2 : 1, error));
    }
    return fx__text_printf(out, error, "\"");
}

static fx_status csv_number(fx_text *out, double value, fx_error *error) {
    FX__TRY(fx__text_append(out, ",", 1, error));
    return isfinite(value) ? fx__text_json_number(out, value, error) : FX_OK;
}

fx_status fx__results_csv(const fx_comparison *comparison, fx_text *out, fx_error *error) {
    FX__TRY(fx__text_printf(
        out, error,
        "name,seed,train_samples,validation_samples,test_samples,descriptor_length,parameters,"
        "model_bytes,train_accuracy,validation_accuracy,test_accuracy,test_accuracy_ci95_low,"
        "test_accuracy_ci95_high,seconds_load,seconds_fit,seconds_extract,seconds_train,"
        "seconds_test,seconds_total,model_sha256\r\n"));
    for (size_t arm = 0; arm < comparison->arm_count; arm++)
        for (size_t seed = 0; seed < comparison->seed_count; seed++) {
            const fx_result *r = &comparison->results[arm * comparison->seed_count + seed];
            FX__TRY(csv_text(out, comparison->experiment->arms[arm].name, error));
            FX__TRY(fx__text_printf(out, error, ",%" PRIu64 ",%zu,%zu,%zu,%zu,%zu,%zu", r->seed,
                                    r->train_samples, r->validation_samples, r->test_samples,
                                    r->descriptor_length, r->parameters, r->model_bytes));
            const double numbers[] = {
                r->train_accuracy,        r->validation_accuracy,   r->test_accuracy,
                r->test_accuracy_ci95[0], r->test_accuracy_ci95[1], r->seconds.load,
                r->seconds.fit,           r->seconds.extract,       r->seconds.train,
                r->seconds.test,          r->seconds.total};
            for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
                FX__TRY(csv_number(out, numbers[i], error));
            FX__TRY(fx__text_printf(out, error, ",%s\r\n", r->model_sha256));
        }
    return FX_OK;
}
