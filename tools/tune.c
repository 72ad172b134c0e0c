// classify search: hyper-parameters, on validation.
#include <stdio.h>
#include <string.h>

#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/experiment/metrics.h"
#include "src/experiment/tuning.h"
#include "tools/data.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/tool.h"

static fx_status print_tuning(const options *options, const fx_tuning *tuning, const char *yaml,
                              fx_error *error) {
    if (!options->json) {
        printf("%s", yaml);
        return FX_OK;
    }
    const fx_space *space = tuning->space;
    const size_t best = (size_t)tuning->best * (size_t)space->rungs + (size_t)space->rungs - 1;
    fx_text text = {0};
    fx_status status;
    FX__TRY_GOTO(fx__text_printf(&text, error,
                                 "{\"trials\": %d, \"best_trial\": %d, \"validation_accuracy\": ",
                                 space->trials, tuning->best + 1));
    FX__TRY_GOTO(fx__text_json_number(&text, tuning->scores[best].accuracy, error));
    FX__TRY_GOTO(fx__text_printf(&text, error, ", \"values\": {"));
    for (size_t d = 0; d < space->count; ++d) {
        FX__TRY_GOTO(fx__text_printf(&text, error, d ? ", " : ""));
        FX__TRY_GOTO(fx__text_json_string(&text, space->dimensions[d].key, error));
        FX__TRY_GOTO(fx__text_printf(&text, error, ": "));
        FX__TRY_GOTO(fx__text_json_string(&text, tuning->values[tuning->best][d], error));
    }
    FX__TRY_GOTO(fx__text_printf(&text, error, "}, \"yaml\": "));
    FX__TRY_GOTO(fx__text_json_string(&text, yaml, error));
    FX__TRY_GOTO(fx__text_printf(&text, error, "}"));
    status = print_json(&text, error);
done:
    fx__text_destroy(&text);
    return status;
}

// DIR/best.yaml.
static fx_status write_best(const char *folder, const fx_text *yaml, fx_error *error) {
    fx_text path = {0};
    fx_status status = fx__text_printf(&path, error, "%s/best.yaml", folder);
    if (status == FX_OK) status = fx__file_write(path.data, yaml->data, yaml->length, error);
    fx__text_destroy(&path);
    return status;
}

fx_status run_tune(const options *options, fx_error *error) {
    FX__TRY(options_expect_arguments(options, 1, 2, "SPACE.yaml and one DATASET", error));
    fx_space space;
    FX__TRY(fx__space_load(options->arguments[0], &space, error));
    const char *name = options->argument_count > 1 ? options->arguments[1]
                       : space.dataset             ? space.dataset
                                                   : "shapes";
    fx_status status;
    data data = {0};
    fx_tuning tuning = {0};
    fx_text yaml = {0};
    if (data_is_rows(name) == space.has_features) {
        status = fx_error_set(error, FX_ERROR_USAGE,
                              data_is_rows(name)
                                  ? "%s: found features, but the rows of the data are descriptors"
                                  : "%s: expected features: raw, color, hog or bovw",
                              options->arguments[0]);
        goto done;
    }
    const fx_model_options how = {.vocabulary = options->vocabulary,
                                  .on_error = options->on_error,
                                  .progress = progress_get(),
                                  .resume = options->resume};
    FX__TRY_GOTO(data_open(options, name, space.fixed.seed, &data, error));
    FX__TRY_GOTO(fx__tune(&space, &data.data, &how, options->output, &tuning, error));
    progress_end();
    FX__TRY_GOTO(fx__tuning_yaml(&tuning, name, data_is_rows(name), &yaml, error));
    if (options->output) FX__TRY_GOTO(write_best(options->output, &yaml, error));
    status = print_tuning(options, &tuning, yaml.data, error);
done:
    fx__text_destroy(&yaml);
    if (tuning.space) fx__tuning_destroy(&tuning);
    data_close(&data);
    fx__space_destroy(&space);
    return status;
}
