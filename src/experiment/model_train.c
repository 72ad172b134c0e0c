// fx_model_train: descriptor → rows → training with a part held out → test.
//
// The descriptor is prepared on the whole training split, held-out samples included: it sees no
// labels. Samples are numbered as in the pool (training split, then the validation split that the
// data brings), and a sample keeps its number, so the same augmentation, in the choosing run and in
// the refit. Samples that cannot be used (on_error skip) drop out of the list of numbers; the
// matrix is never moved or copied.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "features/descriptor_state.h"
#include "src/base/memory.h"
#include "src/base/params.h"
#include "src/base/text.h"
#include "src/experiment/finished.h"
#include "src/experiment/metrics.h"
#include "src/experiment/model_data.h"
#include "src/experiment/model_state.h"
#include "src/experiment/scoring.h"

// Some of the pool's samples, as the trainer takes them.
typedef struct selection {
    uint32_t *numbers; // [count] in the pool
    int *labels;       // [count]
    size_t count;
    fx_samples_view view;
    fx_samples samples;
} selection;

typedef struct training {
    const fx_model_params *params;
    const fx_model_options *options;
    fx_model *model;
    fx_result *result;
    fx_data data;
    bool data_open;
    // The pool as samples: from one of the two, or from the descriptor file.
    fx_matrix matrix;
    fx_augmented *augmented;
    fx_samples pool;
    bool *valid;           // [pool.count]
    selection fit, held;   // trained on and held out in the choosing run
    selection all;         // both: for the refit
    fx_matrix held_matrix; // plain rows of `held` where the pool is augmented
} training;

// --- descriptor ---

static fx_status prepare_descriptor(training *t, fx_error *error) {
    const fx_image_source *images = &t->data.training;
    fx_model *model = t->model;
    FX__TRY(fx_descriptor_prepare(&t->params->descriptor, images, t->options->vocabulary,
                                  t->params->seed, t->options->progress, &model->descriptor,
                                  error));
    model->params.descriptor = *fx_descriptor_get_params(model->descriptor);
    FX__TRY(fx__descriptor_sha256(model->descriptor, model->sha256, error));
    fx_text text = {0};
    fx_status status = fx__descriptor_json(model->descriptor, &text, error);
    if (status == FX_OK) status = fx__duplicate(text.data, &model->specification, error);
    fx__text_destroy(&text);
    if (status != FX_OK) return status;
    fx_image first = {0};
    size_t length;
    FX__TRY(images->probe(images->self, 0, &first, error));
    FX__TRY(fx_descriptor_length(model->descriptor, first.width, first.height, &length, error));
    fx__data_describe(&t->data, model->descriptor, length);
    return FX_OK;
}

static fx_status adopt_rows(training *t, fx_error *error) {
    fx_model *model = t->model;
    if (!fx_augmentation_is_identity(&t->params->augment) || t->params->augment.test_flip)
        return fx_error_set(error, FX_ERROR_DATA,
                            "%s: rows of a descriptor file cannot be augmented or mirrored: train "
                            "on images or without augment",
                            t->data.name);
    memcpy(model->sha256, t->data.file.sha256, sizeof model->sha256);
    FX__TRY(fx__model_adopt_specification(model, t->data.file.specification, error));
    return FX_OK;
}

// --- the pool ---

// One matrix for all rows of the pool. What is larger than the machine's memory is refused at once
// rather than killed half-way.
static fx_status allocate_rows(training *t, fx_error *error) {
    size_t n = t->data.pool.count, d = t->data.pool.length, floats, bytes;
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    bool fits = fx__size_mul(n, d, &floats) && fx__size_mul(floats, sizeof(float), &bytes) &&
                (pages <= 0 || page <= 0 || bytes / (size_t)page <= (size_t)pages);
    if (fits && fx_matrix_create(n, d, &t->matrix, NULL) == FX_OK) return FX_OK;
    return fx_error_set(error, FX_ERROR_MEMORY,
                        "descriptors of %zu training images × %zu numbers need %.0f bytes of "
                        "memory, more than can be had",
                        n, d, (double)n * (double)d * sizeof(float));
}

// With augmentation rows are made when they are asked for, and a bad image must be known before.
static fx_status check_rows(training *t, fx_error *error) {
    const fx_rows *rows = &t->data.pool;
    size_t chunk = fx__rows_chunk(rows->length);
    if (chunk > rows->count) chunk = rows->count;
    float *x;
    FX__TRY(fx__allocate(chunk, rows->length * sizeof *x, &x, error));
    fx_status status = FX_OK;
    for (size_t begin = 0; begin < rows->count && status == FX_OK; begin += chunk) {
        size_t n = rows->count - begin < chunk ? rows->count - begin : chunk;
        status = fx__rows_fill(rows, begin, n, x, FX_ON_ERROR_SKIP, t->valid + begin, NULL, error);
        if (status == FX_OK &&
            !fx_progress_report(t->options->progress, "check", begin + n, rows->count, NULL))
            status = fx_error_set(error, FX_ERROR_INTERRUPTED, "stopped on request");
    }
    free(x);
    return status;
}

static fx_status make_pool(training *t, fx_error *error) {
    const fx_rows *rows = &t->data.pool;
    FX__TRY(fx__allocate(rows->count, sizeof *t->valid, &t->valid, error));
    memset(t->valid, true, rows->count * sizeof *t->valid);
    if (!rows->images) {
        t->pool = fx__samples_of_rows(rows, t->params->train.window);
        return FX_OK;
    }
    if (!fx_augmentation_is_identity(&t->params->augment)) {
        if (t->options->on_error == FX_ON_ERROR_SKIP) FX__TRY(check_rows(t, error));
        return fx__augmented_create(rows, &t->params->augment, t->params->seed, &t->augmented,
                                    &t->pool, error);
    }
    FX__TRY(allocate_rows(t, error));
    FX__TRY(fx__rows_fill(rows, 0, rows->count, t->matrix.data, t->options->on_error, t->valid,
                          t->options->progress, error));
    t->pool = fx_samples_of_matrix(&t->matrix, rows->labels);
    return FX_OK;
}

// --- selections ---

static void selection_destroy(selection *selection) {
    free(selection->numbers);
    free(selection->labels);
    memset(selection, 0, sizeof *selection);
}

// Completes a selection whose numbers are set.
static fx_status select_samples(const training *t, selection *selection, fx_error *error) {
    FX__TRY(fx__allocate(selection->count, sizeof *selection->labels, &selection->labels, error));
    for (size_t i = 0; i < selection->count; ++i)
        selection->labels[i] = t->pool.labels[selection->numbers[i]];
    selection->samples = fx__samples_view(&t->pool, selection->numbers, selection->count,
                                          selection->labels, &selection->view);
    return FX_OK;
}

// Valid numbers from begin to end of the pool.
static fx_status select_range(const training *t, size_t begin, size_t end, selection *out,
                              fx_error *error) {
    FX__TRY(fx__allocate(end - begin, sizeof *out->numbers, &out->numbers, error));
    for (size_t i = begin; i < end; ++i)
        if (t->valid[i]) out->numbers[out->count++] = (uint32_t)i;
    return select_samples(t, out, error);
}

static fx_status hold_out(training *t, fx_error *error) {
    size_t count = t->data.pool.count, own = t->data.train_count;
    FX__TRY(select_range(t, 0, count, &t->all, error));
    t->result->skipped = t->data.skipped + count - t->all.count;
    if (own < count || !(t->params->train.validation > 0)) {
        FX__TRY(select_range(t, 0, own, &t->fit, error));
        FX__TRY(select_range(t, own, count, &t->held, error));
    } else {
        FX__TRY(fx_stratified_split(t->all.labels, t->all.count, t->data.classes,
                                    t->params->train.validation, t->params->seed, &t->held.numbers,
                                    &t->held.count, &t->fit.numbers, &t->fit.count, error));
        for (size_t i = 0; i < t->held.count; ++i)
            t->held.numbers[i] = t->all.numbers[t->held.numbers[i]];
        for (size_t i = 0; i < t->fit.count; ++i)
            t->fit.numbers[i] = t->all.numbers[t->fit.numbers[i]];
        FX__TRY(select_samples(t, &t->held, error));
        FX__TRY(select_samples(t, &t->fit, error));
    }
    if (t->fit.count == 0)
        return fx_error_set(error, FX_ERROR_DATA, "%s: no samples are left to train on",
                            t->data.name);
    if (!t->augmented || t->held.count == 0) return FX_OK;
    FX__TRY(fx_matrix_create(t->held.count, t->pool.length, &t->held_matrix, error));
    FX__TRY(
        t->pool.fill(t->pool.self, 0, t->held.numbers, t->held.count, t->held_matrix.data, error));
    t->held.samples = fx_samples_of_matrix(&t->held_matrix, t->held.labels);
    return FX_OK;
}

// --- training ---

// Where network `k` of the ensemble keeps its state. `again`: in the refit.
static fx_status checkpoint_path(const char *checkpoint, int k, bool again, char **out,
                                 fx_error *error) {
    fx_text text = {0};
    fx_status status = fx__text_printf(&text, error, "%s", checkpoint);
    if (status == FX_OK && k > 0) status = fx__text_printf(&text, error, ".%d", k);
    if (status == FX_OK && again) status = fx__text_printf(&text, error, ".refit");
    *out = text.data;
    return status;
}

void fx_model_remove_checkpoint(const char *checkpoint) {
    for (int k = 0; k < FX_ENSEMBLE_MAX; ++k)
        for (int again = 0; again < 2; ++again) {
            char *path;
            if (checkpoint_path(checkpoint, k, again, &path, NULL) == FX_OK) unlink(path);
            free(path);
        }
}

// Progress of a network's training, whose stages are announced as those of its place.
typedef struct network_progress {
    const fx_progress *outer;
    int place, count;
} network_progress;

static bool report_network(void *self, const char *stage, size_t done, size_t total,
                           const char *note) {
    const network_progress *own = self;
    char text[64];
    snprintf(text, sizeof text, "%s network %d/%d", stage, own->place, own->count);
    return fx_progress_report(own->outer, own->count > 1 ? text : stage, done, total, note);
}

static fx_status create_network(const training *t, uint64_t seed, fx_mlp **out, fx_error *error) {
    return fx_mlp_create(&t->params->mlp, t->data.pool.length, (size_t)t->data.classes, seed, out,
                         error);
}

// Before hours of extraction, too.
static fx_status check_validation(const training *t, fx_error *error) {
    const fx_training_params *train = &t->params->train;
    const bool brought = t->data.train_count < t->data.pool.count;
    if (train->early_stopping == 0 || train->validation > 0 || brought) return FX_OK;
    return fx_error_set(error, FX_ERROR_USAGE,
                        "train.early_stopping is %d, but no samples are held out for validation, "
                        "expected 0",
                        train->early_stopping);
}

// Initial weights that do not fit the rows are found before these are made.
static fx_status check_network(const training *t, fx_error *error) {
    fx_mlp *network;
    if (!t->params->mlp.initial[0]) return FX_OK;
    FX__TRY(create_network(t, t->params->seed, &network, error));
    fx_mlp_destroy(network);
    return FX_OK;
}

// Trains a fresh network in place of network k, from a checkpoint where there is one. `again`: the
// refit.
static fx_status fit_network(training *t, int k, const fx_training_params *params,
                             const selection *seen, const selection *held, bool again,
                             fx_history *history, fx_error *error) {
    const fx_model_options *options = t->options;
    const fx_samples *validation = held && held->count ? &held->samples : NULL;
    const uint64_t seed = t->params->seed + (uint64_t)k;
    network_progress place = {options->progress, k + 1, params->ensemble};
    const fx_progress progress = {&place, report_network};
    fx_mlp **network = &t->model->networks[k];
    fx_model_params identified = t->model->params;
    identified.train = *params;
    identified.seed = seed;
    char identity[65], *path = NULL;
    *history = (fx_history){0};
    fx_mlp_destroy(*network);
    *network = NULL;
    FX__TRY(create_network(t, seed, network, error));
    if (t->augmented) fx__augmented_reseed(t->augmented, seed);
    if (!options->checkpoint)
        return fx_train(*network, params, &seen->samples, validation, seed, &progress, history,
                        error);
    FX__TRY(fx__training_identity(&identified, t->model->sha256,
                                  (const char *const *)t->model->class_names, t->model->classes,
                                  seen->labels, seen->count, identity, error));
    FX__TRY(checkpoint_path(options->checkpoint, k, again, &path, error));
    const fx_checkpoint checkpoint = {path, identity, options->resume};
    fx_status status = fx_train_resumable(*network, params, &seen->samples, validation, seed,
                                          &checkpoint, &progress, history, error);
    free(path);
    return status;
}

// Accuracy of the model, as it predicts, on samples of the pool.
static fx_status score_selection(const training *t, const selection *selection, double *accuracy,
                                 fx_error *error) {
    fx_image_subset storage;
    fx_image_source images = {0};
    if (t->data.pool.images)
        images = fx_image_source_subset(t->data.pool.images, selection->numbers, selection->count,
                                        &storage);
    return fx__score_samples(t->model, &selection->samples, &images, t->options->progress, accuracy,
                             error);
}

// Trains every network; best[params->ensemble] are the epochs that were chosen. The first one's
// history becomes that of the result.
static fx_status choose_epochs(training *t, const fx_training_params *params, int *best,
                               fx_error *error) {
    for (int k = 0; k < params->ensemble; ++k) {
        fx_history own, *history = k == 0 ? &t->result->history : &own;
        fx_status status = fit_network(t, k, params, &t->fit, &t->held, false, history, error);
        best[k] = history->best;
        if (k > 0) fx_history_destroy(history);
        if (status != FX_OK) return status;
    }
    return FX_OK;
}

// Trains every network again, on all samples, for the epochs that were chosen.
static fx_status refit(training *t, const fx_training_params *params, const int *best,
                       fx_error *error) {
    fx_training_params again = *params;
    again.validation = 0;
    again.early_stopping = 0;
    for (int k = 0; k < params->ensemble; ++k) {
        again.epochs = best[k];
        fx_history history;
        fx_status status = fit_network(t, k, &again, &t->all, NULL, true, &history, error);
        fx_history_destroy(&history);
        if (status != FX_OK) return status;
    }
    return FX_OK;
}

static fx_status train_networks(training *t, fx_error *error) {
    fx_training_params *params = &t->model->params.train;
    fx_result *result = t->result;
    const selection *seen = &t->fit;
    int best[FX_ENSEMBLE_MAX] = {0};
    *params = fx_training_resolve(&t->params->train, t->fit.count);
    FX__TRY(choose_epochs(t, params, best, error));
    result->validation_samples = t->held.count;
    result->validation_accuracy =
        t->held.count ? result->history.epochs[result->history.best - 1].validation_accuracy : NAN;
    if (t->held.count && (params->ensemble > 1 || t->params->augment.test_flip))
        FX__TRY(score_selection(t, &t->held, &result->validation_accuracy, error));
    if (params->refit && t->held.count > 0) {
        FX__TRY(refit(t, params, best, error));
        seen = &t->all;
    }
    result->train_samples = seen->count;
    result->train_accuracy = NAN;
    if (t->options->validation_only) return FX_OK;
    return score_selection(t, seen, &result->train_accuracy, error);
}

// What the training rows took is given back before the test rows are made.
static void release_pool(training *t) {
    selection_destroy(&t->fit);
    selection_destroy(&t->held);
    selection_destroy(&t->all);
    fx_matrix_destroy(&t->held_matrix);
    fx_matrix_destroy(&t->matrix);
    fx__augmented_destroy(t->augmented);
    t->augmented = NULL;
    free(t->valid);
    t->valid = NULL;
}

static double lap(double *last) {
    double now = fx__clock(), seconds = now - *last;
    *last = now;
    return seconds;
}

// Parameters that were filled in by hand, and files that they name, before hours of extraction.
static fx_status check_params(const fx_model_params *params, fx_error *error) {
    size_t count;
    const fx_section *sections = fx_model_sections(&count);
    for (size_t i = 0; i < count; ++i) FX__TRY(fx__params_check(&sections[i], params, error));
    if (!params->mlp.initial[0]) return FX_OK;
    fx_tensors *initial;
    FX__TRY(fx__tensors_load(params->mlp.initial, &initial, error));
    fx__tensors_destroy(initial);
    return FX_OK;
}

static fx_status run(training *t, const fx_model_data *source, fx_error *error) {
    const fx_model_options *options = t->options;
    fx_seconds *seconds = &t->result->seconds;
    double start = fx__clock(), last = start;
    FX__TRY(check_params(t->params, error));
    if (options->checkpoint && !options->resume) fx_model_remove_checkpoint(options->checkpoint);
    FX__TRY(fx__data_open(source, false, t->params->seed, options->on_error, options->progress,
                          &t->data, error));
    t->data_open = true;
    FX__TRY(check_validation(t, error));
    FX__TRY(fx__model_create(t->params, t->data.class_names, t->data.classes, &t->model, error));
    seconds->load = lap(&last);
    if (t->data.pool.images)
        FX__TRY(prepare_descriptor(t, error));
    else
        FX__TRY(adopt_rows(t, error));
    seconds->fit = lap(&last);
    FX__TRY(check_network(t, error));
    FX__TRY(make_pool(t, error));
    FX__TRY(hold_out(t, error));
    seconds->extract = lap(&last);
    FX__TRY(train_networks(t, error));
    release_pool(t);
    seconds->train = lap(&last);
    t->result->test_accuracy = NAN;
    if (!options->validation_only)
        FX__TRY(fx__score_test(t->model, &t->data.test, options->on_error, options->progress,
                               t->result, error));
    seconds->test = lap(&last);
    FX__TRY(fx__model_describe_result(t->model, t->result, error));
    seconds->total = fx__clock() - start;
    return FX_OK;
}

fx_status fx_model_train(const fx_model_params *params, const fx_model_data *data,
                         const fx_model_options *options, fx_model **model, fx_result *result,
                         fx_error *error) {
    static const fx_model_options defaults = {0};
    *model = NULL;
    *result = (fx_result){0};
    training t = {.params = params, .options = options ? options : &defaults, .result = result};
    fx_status status = run(&t, data, error);
    release_pool(&t);
    if (t.data_open) fx__data_close(&t.data);
    if (status == FX_OK) {
        *model = t.model;
    } else {
        fx_model_destroy(t.model);
        fx_result_destroy(result);
    }
    return status;
}
