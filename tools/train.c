// classify train and classify eval.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "featx/threads.h"
#include "src/base/memory.h"
#include "src/experiment/metrics.h"
#include "tools/data.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/settings.h"
#include "tools/summary.h"
#include "tools/tool.h"

static fx_model_options model_options(const options *options) {
    return (fx_model_options){.vocabulary = options->vocabulary,
                              .on_error = options->on_error,
                              .progress = progress_get(),
                              .resume = options->resume};
}

static fx_status print_result_json(const fx_result *result, const fx_model *model,
                                   const char *dataset, fx_error *error) {
    fx_text text = {0};
    fx_status status = fx__result_json(result, model, dataset, fx_threads_get(), &text, error);
    if (status == FX_OK) status = print_json(&text, error);
    fx__text_destroy(&text);
    return status;
}

static fx_status check_usage(const options *options, const settings *settings, const char *name,
                             fx_error *error) {
    FX__TRY(options_expect_arguments(options, 0, 1, "one DATASET", error));
    if (!data_is_rows(name)) return settings_expect_features(options, settings, error);
    if (settings->has_features)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "%s: its rows are descriptors already, expected neither --features nor "
                            "--raw",
                            name);
    return FX_OK;
}

// MODEL.checkpoint for a MODEL that is a file.
static fx_status checkpoint_path(const char *output, char **out, fx_error *error) {
    *out = NULL;
    struct stat info;
    bool exists = output && stat(output, &info) == 0;
    if (!output || strcmp(output, "-") == 0 || (exists && !S_ISREG(info.st_mode))) return FX_OK;
    fx_text text = {0};
    FX__TRY(fx__text_printf(&text, error, "%s.checkpoint", output));
    *out = text.data;
    return FX_OK;
}

fx_status run_train(const options *options, fx_error *error) {
    settings settings;
    FX__TRY(settings_open(options, &settings, error));
    fx_status status = FX_OK;
    data data = {0};
    fx_model *model = NULL;
    fx_result result = {0};
    const char *name = options->argument_count > 0 ? options->arguments[0]
                       : settings.dataset          ? settings.dataset
                                                   : "shapes";
    fx_model_options how = model_options(options);
    char *checkpoint = NULL;
    FX__TRY_GOTO(check_usage(options, &settings, name, error));
    FX__TRY_GOTO(checkpoint_path(options->output, &checkpoint, error));
    how.checkpoint = checkpoint;
    if (options->output) FX__TRY_GOTO(check_output(options->output, error));
    FX__TRY_GOTO(data_open(options, name, settings.model.seed, &data, error));
    FX__TRY_GOTO(fx_model_train(&settings.model, &data.data, &how, &model, &result, error));
    result.seconds.load += data.seconds;
    result.seconds.total += data.seconds;
    progress_end();
    if (options->output) FX__TRY_GOTO(fx_model_save(model, options->output, error));
    if (checkpoint) fx_model_remove_checkpoint(checkpoint);
    if (options->json)
        status = print_result_json(&result, model, name, error);
    else
        print_training(&result, model, name, options->output);
done:
    free(checkpoint);
    fx_result_destroy(&result);
    fx_model_destroy(model);
    data_close(&data);
    settings_close(&settings);
    return status;
}

fx_status run_eval(const options *options, fx_error *error) {
    FX__TRY(options_expect_arguments(options, 2, 2, "MODEL DATASET", error));
    fx_status status = FX_OK;
    data data = {0};
    fx_model *model = NULL;
    fx_result result = {0};
    const char *name = options->arguments[1];
    fx_model_options how = model_options(options);
    FX__TRY_GOTO(fx_model_load(options->arguments[0], &model, error));
    // The model's seed: a folder that was split for its training is split the same way here.
    FX__TRY_GOTO(data_open(options, name, fx_model_get_params(model)->seed, &data, error));
    FX__TRY_GOTO(fx_model_evaluate(model, &data.data, &how, &result, error));
    result.seconds.load += data.seconds;
    result.seconds.total += data.seconds;
    progress_end();
    if (options->json)
        status = print_result_json(&result, model, name, error);
    else
        print_evaluation(&result, model, name);
done:
    fx_result_destroy(&result);
    fx_model_destroy(model);
    data_close(&data);
    return status;
}
