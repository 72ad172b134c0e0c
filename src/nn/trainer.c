// Training: batches in an order of their own every epoch, one step each, and the choice of the
// epoch.
//
// The order of epoch e (1-based) is that of sample_order.h; batch b takes positions b · batch_size
// …. The last batch may be smaller;
// with batch normalization a rest of a single sample, which has no variance, joins the batch before
// it. Dropout masks are keyed by (seed, e, position). So an epoch is a function of the weights, the
// optimizer's moments and e alone.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "src/nn/backprop.h"
#include "src/nn/checkpoint.h"
#include "src/nn/diagnostics.h"
#include "src/nn/max_norm.h"
#include "src/nn/mixup.h"
#include "src/nn/prefetch.h"
#include "src/nn/sample_order.h"
#include "src/nn/samples.h"

static const double REPORT_SECONDS = 0.05;

typedef struct trainer {
    fx_mlp *mlp;
    fx_training_params params; // resolved
    const fx_samples *training, *validation;
    uint64_t seed;
    const fx_progress *progress;
    const fx_checkpoint *checkpoint; // or NULL
    size_t batches;                  // an epoch
    size_t rows;                     // of the largest batch
    uint32_t *order;                 // [training->count]
    uint32_t *indices;               // [rows]
    fx__backprop batch;
    fx__prefetch *prefetch;  // or NULL
    fx__predictor predictor; // with validation
    fx__optimizer optimizer;
    float *class_weights;              // [outputs], or NULL
    int *partners;                     // [rows] labels of mixup, or NULL
    float *values;                     // [rows, outputs] real-valued targets of the batch, or NULL
    float *good, *best;                // snapshots: after the last epoch, after the best one
    fx_layer_diagnostics *diagnostics; // [epochs + 1, layers] of the history
    double reported;                   // time of the last report
    double written, writing;           // time of the last checkpoint, seconds that it took
    char note[96];
} trainer;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// Snapshots
// ------------------------------------------------------------------------------------------------

static void save(const fx_mlp *mlp, float *snapshot) {
    memcpy(snapshot, mlp->parameters, mlp->parameter_count * sizeof *snapshot);
    memcpy(snapshot + mlp->parameter_count, mlp->statistics,
           mlp->statistic_count * sizeof *snapshot);
}

static void restore(fx_mlp *mlp, const float *snapshot) {
    memcpy(mlp->parameters, snapshot, mlp->parameter_count * sizeof *snapshot);
    memcpy(mlp->statistics, snapshot + mlp->parameter_count,
           mlp->statistic_count * sizeof *snapshot);
}

// The parameters and statistics with their averages, where those are what counts.
static void exchange_average(trainer *t) {
    float *average = t->optimizer.average;
    const size_t parameters = t->mlp->parameter_count, statistics = t->mlp->statistic_count;
    for (size_t i = 0; average && i < parameters + statistics; i++) {
        float *own = i < parameters ? &t->mlp->parameters[i] : &t->mlp->statistics[i - parameters];
        float value = *own;
        *own = average[i];
        average[i] = value;
    }
}

// Life
// ------------------------------------------------------------------------------------------------

static fx_status check_samples(const fx_mlp *mlp, const fx_samples *samples, const char *name,
                               fx_error *error) {
    if (samples->count == 0 || samples->count > UINT32_MAX)
        return fx_error_set(error, FX_ERROR_DATA, "%zu %s samples, expected 1 to %lu",
                            samples->count, name, (unsigned long)UINT32_MAX);
    if (samples->length != mlp->inputs)
        return fx_error_set(error, FX_ERROR_DATA,
                            "%s samples have %zu features, the MLP expects %zu", name,
                            samples->length, mlp->inputs);
    if (samples->targets && mlp->params.loss != FX_SQUARED_ERROR)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "real-valued targets of %s samples, expected with mlp.loss "
                            "squared_error",
                            name);
    for (size_t i = 0; !samples->targets && i < samples->count; i++)
        if (samples->labels[i] < 0 || (size_t)samples->labels[i] >= mlp->outputs)
            return fx_error_set(error, FX_ERROR_DATA,
                                "label %d of %s sample %zu, expected 0 to %zu", samples->labels[i],
                                name, i, mlp->outputs - 1);
    return FX_OK;
}

// Samples / (classes · samples of the class), so that a sample weighs 1 on average.
static fx_status weigh_classes(trainer *t, fx_error *error) {
    const fx_samples *samples = t->training;
    const size_t classes = t->mlp->outputs;
    if (t->params.class_weights == FX_CLASS_WEIGHTS_NONE || samples->targets) return FX_OK;
    FX__TRY(fx__allocate(classes, sizeof *t->class_weights, &t->class_weights, error));
    for (size_t i = 0; i < samples->count; i++) t->class_weights[samples->labels[i]] += 1;
    for (size_t c = 0; c < classes; c++)
        if (t->class_weights[c] > 0)
            t->class_weights[c] = (float)samples->count / ((float)classes * t->class_weights[c]);
    return FX_OK;
}

static fx_status trainer_create(trainer *t, fx_error *error) {
    const fx_mlp *mlp = t->mlp;
    const size_t n = t->training->count, size = (size_t)t->params.batch_size;
    if (mlp->params.batch_norm && mlp->layer_count > 1 && (size == 1 || n == 1))
        return fx_error_set(error, size == 1 ? FX_ERROR_USAGE : FX_ERROR_DATA,
                            "batch normalization over batches of 1 sample, expected 2 or more");
    t->batches = (n + size - 1) / size;
    t->rows = n < size ? n : size;
    if (mlp->params.batch_norm && t->batches > 1 && n % size == 1) {
        t->batches--;
        t->rows++;
    }
    const size_t state = mlp->parameter_count + mlp->statistic_count;
    FX__TRY(fx__allocate(n, sizeof *t->order, &t->order, error));
    FX__TRY(fx__allocate(t->rows, sizeof *t->indices, &t->indices, error));
    FX__TRY(fx__allocate(state, sizeof *t->good, &t->good, error));
    FX__TRY(fx__allocate(t->validation ? state : 0, sizeof *t->best, &t->best, error));
    FX__TRY(fx__backprop_create(mlp, t->rows, &t->batch, error));
    FX__TRY(fx__prefetch_create(t->training, mlp, t->rows, &t->prefetch, error));
    if (t->validation) FX__TRY(fx__predictor_create(mlp, t->rows, &t->predictor, error));
    if (t->training->targets)
        FX__TRY(fx__allocate(t->rows, mlp->outputs * sizeof *t->values, &t->values, error));
    else if (t->params.mixup > 0)
        FX__TRY(fx__allocate(t->rows, sizeof *t->partners, &t->partners, error));
    FX__TRY(weigh_classes(t, error));
    FX__TRY(fx__optimizer_create(&t->params, mlp->parameter_count, mlp->statistic_count,
                                 &t->optimizer, error));
    if (t->optimizer.average) save(mlp, t->optimizer.average);
    return FX_OK;
}

static void trainer_destroy(trainer *t) {
    fx__prefetch_destroy(t->prefetch); // which reads the order
    free(t->order);
    free(t->indices);
    free(t->good);
    free(t->best);
    free(t->class_weights);
    free(t->partners);
    free(t->values);
    fx__backprop_destroy(&t->batch);
    fx__predictor_destroy(&t->predictor);
    fx__optimizer_destroy(&t->optimizer);
}

// Checkpoints
// ------------------------------------------------------------------------------------------------

// Everything that the rest of the training depends on, besides what the caller gives again.
static fx__checkpoint_state state_of(trainer *t, fx_history *history) {
    fx_mlp *mlp = t->mlp;
    const size_t best = t->validation ? mlp->parameter_count + mlp->statistic_count : 0;
    return (fx__checkpoint_state){
        .arrays = {{"parameters", mlp->parameters, mlp->parameter_count, false},
                   {"statistics", mlp->statistics, mlp->statistic_count, false},
                   {"moments", t->optimizer.moments, t->optimizer.moment_count, false},
                   {"best", t->best, best, false},
                   {"mean", mlp->input_mean, mlp->inputs, true},
                   {"scale", mlp->input_scale, mlp->inputs, true}},
        .array_count = 6,
        .steps = t->optimizer.steps,
        .epoch = 1,
        .history = history,
        .room = t->params.epochs,
    };
}

static fx_status write_checkpoint(trainer *t, fx_history *history, int epoch, size_t batch,
                                  const fx_epoch *sums, fx_error *error) {
    if (!t->checkpoint) return FX_OK;
    fx__checkpoint_state state = state_of(t, history);
    state.epoch = epoch;
    state.batch = batch;
    if (sums) state.sums = *sums;
    const double begin = now();
    fx_status status = fx__checkpoint_save(t->checkpoint, &state, error);
    t->written = now();
    t->writing = t->written - begin;
    return status;
}

// Whether epochs since the last checkpoint are worth one: synced to the disk, it can take a hundred
// times as long as an epoch of a few samples. Writing takes at most about a tenth of the time.
static bool is_checkpoint_due(const trainer *t) {
    return now() - t->written >= 9 * t->writing;
}

// Where the training stands: *epoch and *batch are those to go on with.
static fx_status read_checkpoint(trainer *t, fx_history *history, int *epoch, size_t *batch,
                                 fx_error *error) {
    *epoch = 1;
    *batch = 0;
    if (!t->checkpoint) return FX_OK;
    if (!t->checkpoint->resume) {
        unlink(t->checkpoint->path); // one of an earlier training must not be taken for this one's
        return FX_OK;
    }
    bool found;
    fx__checkpoint_state state = state_of(t, history);
    FX__TRY(fx__checkpoint_load(t->checkpoint, &state, &found, error));
    if (!found) return FX_OK;
    t->optimizer.steps = state.steps;
    *epoch = state.epoch;
    *batch = state.batch;
    if (state.epoch <= t->params.epochs) history->epochs[state.epoch - 1] = state.sums;
    return FX_OK;
}

// Epochs
// ------------------------------------------------------------------------------------------------

static fx_status report(trainer *t, int epoch, size_t batch, fx_error *error) {
    size_t total = (size_t)t->params.epochs * t->batches;
    size_t done = (size_t)(epoch - 1) * t->batches + batch;
    double time = now();
    if (time - t->reported < REPORT_SECONDS && done < total) return FX_OK;
    t->reported = time;
    if (fx_progress_report(t->progress, "train", done, total, t->note)) return FX_OK;
    return fx_error_set(error, FX_ERROR_INTERRUPTED, "training interrupted in epoch %d, batch %zu",
                        epoch, batch);
}

// What the batch is to answer; mixup mixes its rows as well.
static fx__targets targets_of(trainer *t, const uint32_t *indices, size_t n, fx__dropout_key key) {
    const fx_samples *samples = t->training;
    const size_t outputs = t->mlp->outputs;
    fx__targets targets = {.part = 1, .values = t->values};
    for (size_t i = 0; i < n; i++)
        if (t->values)
            memcpy(t->values + i * outputs, samples->targets + indices[i] * outputs,
                   outputs * sizeof *t->values);
        else
            t->batch.labels[i] = samples->labels[indices[i]];
    if (!t->values) targets.labels = t->batch.labels;
    if (t->params.mixup == 0) return targets;
    targets.part = fx__mixup_part(key.seed, key.epoch, key.position, t->params.mixup);
    fx__mixup_rows(n, t->mlp->inputs, targets.part, t->batch.x);
    if (t->values) fx__mixup_rows(n, outputs, targets.part, t->values);
    for (size_t i = 0; t->partners && i < n; i++) t->partners[i] = t->batch.labels[n - 1 - i];
    targets.partners = t->partners;
    return targets;
}

// One step of the weights, with diagnostics where they are wanted. Where the loss is not finite the
// weights stay as they are.
static fx__loss_sum learn(trainer *t, size_t n, fx__dropout_key key, fx__targets targets,
                          double learning_rate, fx_layer_diagnostics *diagnostics) {
    const fx_training_params *params = &t->params;
    const bool clips = params->gradient_clip > 0, whole = clips || diagnostics;
    const fx__loss_options loss = {.loss = t->mlp->params.loss,
                                   .label_smoothing = params->label_smoothing,
                                   .class_weights = t->class_weights,
                                   .gradient = true,
                                   .share =
                                       params->reduction == FX_REDUCTION_SUM ? 1 : 1 / (float)n};
    fx__optimizer_begin(&t->optimizer, learning_rate);
    fx__loss_sum sum =
        fx__backprop_run(&t->batch, n, key, &loss, targets, whole ? NULL : &t->optimizer);
    if (!isfinite(sum.loss)) return sum;
    if (clips) {
        double norm = fx__backprop_norm(&t->batch, 0, t->mlp->parameter_count),
               limit = (double)params->gradient_clip;
        if (norm > limit) t->optimizer.scale = (float)(limit / norm);
    }
    if (diagnostics) fx__diagnose(&t->batch, n, t->batch.delta[0], diagnostics);
    if (whole) fx__backprop_step(&t->batch, &t->optimizer);
    if (params->max_norm > 0) fx__max_norm(t->mlp, params->max_norm);
    fx__backprop_track(&t->batch, t->mlp, n);
    fx__optimizer_average(&t->optimizer, t->mlp->parameter_count, t->mlp->statistic_count,
                          t->mlp->statistics);
    return sum;
}

// *done is set once the batch has changed the weights.
static fx_status step(trainer *t, int epoch, size_t batch, size_t *done, fx_epoch *record,
                      fx_error *error) {
    const size_t size = (size_t)t->params.batch_size, begin = batch * size;
    const size_t end = batch + 1 == t->batches ? t->training->count : begin + size;
    const size_t n = end - begin, steps = (size_t)t->params.epochs * t->batches;
    const size_t left = t->training->count - end, next = batch + 2 == t->batches ? left : size;
    const uint32_t *indices = t->order + begin;
    FX__TRY(fx__prefetch_take(t->prefetch, t->training, t->mlp, (uint32_t)epoch, t->order, begin, n,
                              left > 0 ? next : 0, &t->batch.x, error));
    record->learning_rate =
        fx__scheduled_rate(&t->params, epoch - 1, (size_t)(epoch - 1) * t->batches + batch, steps);
    fx__dropout_key key = {t->seed, (uint32_t)epoch, begin};
    const size_t full = t->training->count / size; // batches
    const bool diagnosed = batch + 1 == full || full == 0;
    fx__loss_sum sum =
        learn(t, n, key, targets_of(t, indices, n, key), record->learning_rate,
              diagnosed ? t->diagnostics + (size_t)(epoch - 1) * t->mlp->layer_count : NULL);
    if (!isfinite(sum.loss)) // without its sign: no "-nan"
        return fx_error_set(error, FX_ERROR_NUMERIC,
                            "the loss is %g in epoch %d, batch %zu, at learning rate %g",
                            fabs(sum.loss), epoch, batch + 1, record->learning_rate);
    record->train_loss += sum.loss;
    record->train_accuracy += (double)sum.correct;
    *done = batch + 1;
    return report(t, epoch, batch + 1, error);
}

static fx_status validate(trainer *t, fx_epoch *record, fx_error *error) {
    record->validation_loss = record->validation_accuracy = NAN;
    if (!t->validation) return FX_OK;
    const fx_samples *samples = t->validation;
    const fx_mlp *mlp = t->mlp;
    const fx__loss_options options = {.loss = mlp->params.loss,
                                      .label_smoothing = t->params.label_smoothing};
    double loss = 0;
    size_t correct = 0;
    fx__predictor_refresh(&t->predictor);
    for (size_t begin = 0; begin < samples->count; begin += t->rows) {
        size_t left = samples->count - begin, n = left < t->rows ? left : t->rows;
        for (size_t i = 0; i < n; i++) t->indices[i] = (uint32_t)(begin + i);
        FX__TRY(fx__samples_gather(samples, mlp, 0, t->indices, n, t->predictor.x, error));
        fx__predictor_run(&t->predictor, n);
        fx__targets targets = {.part = 1};
        if (samples->targets)
            targets.values = samples->targets + begin * mlp->outputs;
        else
            targets.labels = samples->labels + begin;
        fx__loss_sum sum = fx__loss(&options, n, mlp->outputs, t->predictor.scores, targets);
        loss += sum.loss;
        correct += sum.correct;
    }
    record->validation_loss = loss / (double)samples->count;
    record->validation_accuracy = samples->targets ? NAN : (double)correct / (double)samples->count;
    return FX_OK;
}

// From batch *done on; *record holds the sums over those before it.
static fx_status run_epoch(trainer *t, int epoch, size_t *done, fx_epoch *record, fx_error *error) {
    const size_t n = t->training->count;
    double begin = now();
    record->epoch = epoch;
    FX__TRY(fx__sample_order(t->training, t->seed, (uint32_t)epoch, t->order, error));
    for (size_t batch = *done; batch < t->batches; batch++) {
        fx_status status = step(t, epoch, batch, done, record, error);
        if (status != FX_OK) {
            record->seconds += now() - begin;
            return status;
        }
    }
    record->train_loss /= (double)n;
    record->train_accuracy = t->values ? NAN : record->train_accuracy / (double)n;
    exchange_average(t);
    FX__TRY(validate(t, record, error));
    if (!fx__all_finite(t->mlp->parameters, t->mlp->parameter_count) ||
        !fx__all_finite(t->mlp->statistics, t->mlp->statistic_count) ||
        (t->validation && !isfinite(record->validation_loss)))
        return fx_error_set(error, FX_ERROR_NUMERIC,
                            "the weights are no longer finite after epoch %d, batch %zu, at "
                            "learning rate %g",
                            epoch, t->batches, record->learning_rate);
    save(t->mlp, t->good);
    exchange_average(t);
    record->seconds += now() - begin;
    return FX_OK;
}

static void write_note(trainer *t, const fx_epoch *record) {
    int length = snprintf(t->note, sizeof t->note, "epoch %d/%d, loss %.3f", record->epoch,
                          t->params.epochs, record->train_loss);
    if (t->validation)
        snprintf(t->note + length, sizeof t->note - (size_t)length, ", validation %.3f",
                 record->validation_accuracy);
}

static bool better(const fx_epoch *a, const fx_epoch *b) {
    if (!isnan(a->validation_accuracy) && a->validation_accuracy != b->validation_accuracy)
        return a->validation_accuracy > b->validation_accuracy;
    return a->validation_loss < b->validation_loss;
}

// Keeps the weights where the epoch is the best one yet; true where patience has run out.
static bool choose(trainer *t, fx_history *history, int epoch) {
    const fx_epoch *record = &history->epochs[epoch - 1];
    if (t->validation && history->best > 0 && !better(record, &history->epochs[history->best - 1]))
        return t->params.early_stopping > 0 && epoch - history->best >= t->params.early_stopping;
    history->best = epoch;
    if (t->validation)
        memcpy(t->best, t->good,
               (t->mlp->parameter_count + t->mlp->statistic_count) * sizeof *t->best);
    return false;
}

static fx_status run(trainer *t, fx_history *history, fx_error *error) {
    int epoch;
    size_t batch;
    FX__TRY(read_checkpoint(t, history, &epoch, &batch, error));
    exchange_average(t);
    save(t->mlp, t->good);
    exchange_average(t);
    for (; epoch <= t->params.epochs && !history->early_stopped; epoch++) {
        fx_epoch *record = &history->epochs[epoch - 1];
        fx_status status = run_epoch(t, epoch, &batch, record, error);
        if (status == FX_ERROR_INTERRUPTED)
            FX__TRY(write_checkpoint(t, history, epoch, batch, record, error));
        FX__TRY(status);
        batch = 0;
        history->count = epoch;
        write_note(t, record);
        history->early_stopped = choose(t, history, epoch) && epoch < t->params.epochs;
        if (epoch == t->params.epochs || history->early_stopped || is_checkpoint_due(t))
            FX__TRY(write_checkpoint(t, history, epoch + 1, 0, NULL, error));
    }
    return FX_OK;
}

void fx_history_destroy(fx_history *history) {
    if (!history) return;
    free(history->epochs);
    free(history->diagnostics);
    *history = (fx_history){0};
}

fx_status fx_train(fx_mlp *mlp, const fx_training_params *params, const fx_samples *training,
                   const fx_samples *validation, uint64_t seed, const fx_progress *progress,
                   fx_history *history, fx_error *error) {
    return fx_train_resumable(mlp, params, training, validation, seed, NULL, progress, history,
                              error);
}

fx_status fx_train_resumable(fx_mlp *mlp, const fx_training_params *params,
                             const fx_samples *training, const fx_samples *validation,
                             uint64_t seed, const fx_checkpoint *checkpoint,
                             const fx_progress *progress, fx_history *history, fx_error *error) {
    fx_history unwanted;
    if (!history) history = &unwanted;
    *history = (fx_history){0};
    if (validation && validation->count == 0) validation = NULL;
    FX__TRY(fx__training_params_check(params, error));
    FX__TRY(check_samples(mlp, training, "training", error));
    if (validation) FX__TRY(check_samples(mlp, validation, "validation", error));

    trainer t = {.mlp = mlp,
                 .params = fx_training_resolve(params, training->count),
                 .training = training,
                 .validation = validation,
                 .seed = seed,
                 .progress = progress,
                 .checkpoint = checkpoint};
    snprintf(t.note, sizeof t.note, "epoch 1/%d", t.params.epochs);
    fx_status status;
    FX__TRY_GOTO(trainer_create(&t, error));
    FX__TRY_GOTO(
        fx__allocate((size_t)t.params.epochs, sizeof *history->epochs, &history->epochs, error));
    FX__TRY_GOTO(fx__allocate((size_t)t.params.epochs + 1,
                              mlp->layer_count * sizeof *history->diagnostics,
                              &history->diagnostics, error));
    history->layers = (int)mlp->layer_count;
    t.diagnostics = history->diagnostics;
    if (t.params.standardize)
        FX__TRY_GOTO(
            fx__samples_standardize(training, mlp, t.rows, t.batch.x, t.indices, progress, error));
    save(mlp, t.good);
    status = run(&t, history, error);
    restore(mlp, status == FX_OK && validation ? t.best : t.good);
done:
    trainer_destroy(&t);
    if (history == &unwanted) fx_history_destroy(history);
    return status;
}
