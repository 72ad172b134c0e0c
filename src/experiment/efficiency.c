// How accuracy grows with the number of training images: every arm is trained anew on a quarter, a
// sixteenth, … of them, drawn by class, with its settings as they are. Those that follow the data
// (epochs, words) follow the smaller data. Each step's images are the same for all arms.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "src/base/memory.h"
#include "src/experiment/studies.h"

enum { PER_CLASS_MIN = 10, PART = 4 };

typedef struct step_progress {
    const fx_progress *outer;
    char prefix[160];
} step_progress;

static bool report_step(void *self, const char *stage, size_t done, size_t total,
                        const char *note) {
    const step_progress *own = self;
    char text[256];
    snprintf(text, sizeof text, "%s: %s", own->prefix, stage);
    return fx_progress_report(own->outer, text, done, total, note);
}

static fx_status train_step(const fx_dataset *data, const fx_model_options *options, size_t arm,
                            fx_comparison *out, double *accuracy, fx_error *error) {
    const fx_experiment *experiment = out->experiment;
    step_progress own = {.outer = options->progress};
    snprintf(own.prefix, sizeof own.prefix, "%zu images, arm %zu/%zu %s", data->train.images.count,
             arm + 1, out->arm_count, experiment->arms[arm].name);
    fx_progress progress = {&own, report_step};
    fx_model_options step_options = *options;
    step_options.progress = options->progress ? &progress : NULL;
    fx_model_params params = experiment->arms[arm].params;
    params.seed = (uint64_t)experiment->seeds.values[0];
    fx_model *model = NULL;
    fx_result result = {0};
    fx_status status =
        fx__train_or_find(experiment, data, &step_options, &params, &model, &result, error);
    if (status == FX_OK) {
        *accuracy = result.test_accuracy;
        fx_result_destroy(&result);
    }
    fx_model_destroy(model);
    if (status != FX_OK)
        return fx__error_prefix(error, status, "arm '%s' on %zu images", experiment->arms[arm].name,
                                data->train.images.count);
    return FX_OK;
}

// Trains all arms on a part of the training images.
static fx_status run_step(double fraction, const fx_model_options *options, size_t step,
                          fx_comparison *out, fx_error *error) {
    const fx_split *train = &out->dataset->train;
    uint32_t *chosen = NULL, *rest = NULL;
    size_t n = 0, rest_count;
    int *labels = NULL;
    fx_image_subset subset;
    fx_dataset data = *out->dataset; // a view: the splits but for the training images are its
    fx_status status;
    FX__TRY_GOTO(fx_stratified_split(train->labels, train->images.count, out->classes, fraction,
                                     (uint64_t)out->experiment->seeds.values[0], &chosen, &n, &rest,
                                     &rest_count, error));
    FX__TRY_GOTO(fx__allocate(n, sizeof *labels, &labels, error));
    for (size_t i = 0; i < n; ++i) labels[i] = train->labels[chosen[i]];
    data.train = (fx_split){fx_image_source_subset(&train->images, chosen, n, &subset), labels};
    out->efficiency.images[step] = n;
    for (size_t arm = 0; arm < out->arm_count; ++arm)
        FX__TRY_GOTO(train_step(&data, options, arm, out,
                                &out->efficiency.accuracy[arm * out->efficiency.steps + step],
                                error));
done:
    free(labels);
    free(chosen);
    free(rest);
    return status;
}

fx_status fx__study_efficiency(const fx_model_options *options, fx_comparison *out,
                               fx_error *error) {
    size_t count = out->dataset->train.images.count, least = PER_CLASS_MIN * (size_t)out->classes;
    size_t parts = 0;
    double fraction = 1;
    for (; parts < (size_t)out->experiment->data_efficiency; ++parts) {
        if ((double)count * fraction / PART < (double)least) break;
        fraction /= PART;
    }
    if (parts == 0) return FX_OK;
    fx_efficiency *efficiency = &out->efficiency;
    efficiency->steps = parts + 1;
    FX__TRY(
        fx__allocate(efficiency->steps, sizeof *efficiency->images, &efficiency->images, error));
    FX__TRY(fx__allocate(out->arm_count, efficiency->steps * sizeof *efficiency->accuracy,
                         &efficiency->accuracy, error));
    for (size_t step = 0; step < parts; ++step, fraction *= PART)
        FX__TRY(run_step(fraction, options, step, out, error));
    efficiency->images[parts] = count;
    for (size_t arm = 0; arm < out->arm_count; ++arm)
        efficiency->accuracy[arm * efficiency->steps + parts] =
            out->results[arm * out->seed_count].test_accuracy;
    return FX_OK;
}
