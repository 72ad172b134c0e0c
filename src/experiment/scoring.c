// Predictions over samples and test sets, and fx_model_evaluate.
//
// Rows pass through one buffer of about 32 MB, so a test set never stands in memory as a whole.
#include "src/experiment/scoring.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "src/base/memory.h"
#include "src/experiment/metrics.h"
#include "src/experiment/model_data.h"
#include "src/experiment/model_state.h"
#include "src/experiment/prediction.h"

double fx__clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// Buffers of a pass over `count` rows.
typedef struct chunks {
    size_t size; // rows at once
    float *x, *scores;
    int *predictions;
    uint32_t *indices;
    bool *valid;
} chunks;

static void chunks_destroy(chunks *chunks) {
    free(chunks->x);
    free(chunks->scores);
    free(chunks->predictions);
    free(chunks->indices);
    free(chunks->valid);
}

static fx_status chunks_create(size_t count, size_t length, int classes, chunks *out,
                               fx_error *error) {
    *out = (chunks){.size = fx__rows_chunk(length)};
    if (out->size > count) out->size = count;
    fx_status status;
    FX__TRY_GOTO(fx__allocate(out->size, length * sizeof *out->x, &out->x, error));
    FX__TRY_GOTO(
        fx__allocate(out->size, (size_t)classes * sizeof *out->scores, &out->scores, error));
    FX__TRY_GOTO(fx__allocate(out->size, sizeof *out->predictions, &out->predictions, error));
    FX__TRY_GOTO(fx__allocate(out->size, sizeof *out->indices, &out->indices, error));
    FX__TRY_GOTO(fx__allocate(out->size, sizeof *out->valid, &out->valid, error));
    return FX_OK;
done:
    chunks_destroy(out);
    return status;
}

static fx_status stopped(fx_error *error) {
    return fx_error_set(error, FX_ERROR_INTERRUPTED, "stopped on request");
}

fx_status fx__score_samples(const fx_model *model, const fx_samples *samples,
                            const fx_image_source *images, const fx_progress *progress,
                            double *accuracy, fx_error *error) {
    const int classes = model->classes;
    size_t right = 0;
    chunks chunk;
    FX__TRY(chunks_create(samples->count, samples->length, classes, &chunk, error));
    fx_status status = FX_OK;
    for (size_t begin = 0; begin < samples->count; begin += chunk.size) {
        size_t n = samples->count - begin < chunk.size ? samples->count - begin : chunk.size;
        FX__TRY_GOTO(fx__predict_samples(model, samples, images, begin, n, chunk.indices, chunk.x,
                                         chunk.scores, error));
        fx__predicted_classes(chunk.scores, n, classes, chunk.predictions);
        for (size_t i = 0; i < n; ++i) right += chunk.predictions[i] == samples->labels[begin + i];
        if (!fx_progress_report(progress, "score", begin + n, samples->count, NULL)) {
            status = stopped(error);
            goto done;
        }
    }
    *accuracy = samples->count ? (double)right / (double)samples->count : NAN;
done:
    chunks_destroy(&chunk);
    return status;
}

void fx__summarize_test(fx_result *result) {
    size_t n = result->test_samples, right = 0;
    for (size_t i = 0; i < n; ++i) right += result->test_labels[i] == result->test_predictions[i];
    result->test_accuracy = fx__accuracy(result->test_labels, result->test_predictions, n);
    fx__wilson_interval(right, n, result->test_accuracy_ci95);
    fx__confusion(result->test_labels, result->test_predictions, n, result->classes,
                  result->confusion);
}

fx_status fx__score_test(const fx_model *model, const fx_rows *test, fx_on_error on_error,
                         const fx_progress *progress, fx_result *result, fx_error *error) {
    const int classes = model->classes;
    size_t cells = (size_t)classes * (size_t)classes, n = 0;
    result->classes = classes;
    FX__TRY(fx__allocate(cells, sizeof *result->confusion, &result->confusion, error));
    FX__TRY(fx__allocate(test->count, sizeof *result->test_indices, &result->test_indices, error));
    FX__TRY(fx__allocate(test->count, sizeof *result->test_labels, &result->test_labels, error));
    FX__TRY(fx__allocate(test->count, sizeof *result->test_predictions, &result->test_predictions,
                         error));
    FX__TRY(fx__allocate(test->count, sizeof *result->test_confidence, &result->test_confidence,
                         error));
    chunks chunk;
    FX__TRY(chunks_create(test->count, test->length, classes, &chunk, error));
    fx_status status = FX_OK;
    for (size_t begin = 0; begin < test->count; begin += chunk.size) {
        size_t count = test->count - begin < chunk.size ? test->count - begin : chunk.size;
        FX__TRY_GOTO(fx__predict_rows(model, test, begin, count, on_error, chunk.valid, chunk.x,
                                      chunk.scores, error));
        fx__predicted_classes(chunk.scores, count, classes, chunk.predictions);
        for (size_t i = 0; i < count; ++i) {
            if (on_error == FX_ON_ERROR_SKIP && !chunk.valid[i]) {
                ++result->skipped;
                continue;
            }
            result->test_indices[n] = (uint32_t)(begin + i);
            result->test_labels[n] = test->labels[begin + i];
            result->test_predictions[n] = chunk.predictions[i];
            result->test_confidence[n++] =
                chunk.scores[i * (size_t)classes + (size_t)chunk.predictions[i]];
        }
        if (!fx_progress_report(progress, "test", begin + count, test->count, NULL)) {
            status = stopped(error);
            goto done;
        }
    }
    result->test_samples = n;
    fx__summarize_test(result);
done:
    chunks_destroy(&chunk);
    return status;
}

// A model and the data that it is evaluated on must speak of the same numbers and classes.
static fx_status check_fit(const fx_model *model, fx_data *data, fx_error *error) {
    if (data->test.images) {
        if (!model->descriptor)
            return fx_error_set(error, FX_ERROR_DATA,
                                "%s: the model was trained on rows of a descriptor file and cannot "
                                "see images: give it the .npy of the same descriptor",
                                data->name);
        fx__data_describe(data, model->descriptor, fx_mlp_inputs(fx_model_mlp(model)));
    } else if (strcmp(data->file.sha256, model->sha256) != 0) {
        return fx_error_set(error, FX_ERROR_DATA,
                            "%s: rows of another descriptor, %.12s… %.150s, expected %.12s… %.150s",
                            data->name, data->file.sha256, data->file.specification, model->sha256,
                            model->specification);
    } else if (data->test.length != fx_mlp_inputs(fx_model_mlp(model))) {
        return fx_error_set(error, FX_ERROR_DATA, "%s: rows of %zu numbers, the model expects %zu",
                            data->name, data->test.length, fx_mlp_inputs(fx_model_mlp(model)));
    } else if (model->params.augment.test_flip) {
        return fx_error_set(error, FX_ERROR_DATA,
                            "%s: rows of a descriptor file, expected images: the model mirrors "
                            "them (augment.test_flip)",
                            data->name);
    }
    return fx__data_map_classes(data, (const char *const *)model->class_names, model->classes,
                                error);
}

fx_status fx_model_evaluate(const fx_model *model, const fx_model_data *source,
                            const fx_model_options *options, fx_result *result, fx_error *error) {
    static const fx_model_options defaults = {0};
    if (!options) options = &defaults;
    double start = fx__clock();
    *result = (fx_result){.train_accuracy = NAN, .validation_accuracy = NAN};
    fx_data data;
    FX__TRY(fx__data_open(source, true, model->params.seed, options->on_error, options->progress,
                          &data, error));
    result->seconds.load = fx__clock() - start;
    fx_status status;
    FX__TRY_GOTO(check_fit(model, &data, error));
    double test_start = fx__clock();
    FX__TRY_GOTO(
        fx__score_test(model, &data.test, options->on_error, options->progress, result, error));
    result->seconds.test = fx__clock() - test_start;
    FX__TRY_GOTO(fx__model_describe_result(model, result, error));
    result->seconds.total = fx__clock() - start;
done:
    fx__data_close(&data);
    if (status != FX_OK) fx_result_destroy(result);
    return status;
}
