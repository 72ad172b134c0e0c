// Trainings that are interrupted and resumed end in the bytes of those that were not.
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "featx/rng.h"
#include "featx/training.h"
#include "tests/support/folder.h"

enum { COUNT = 100, HELD = 40, INPUTS = 6, CLASSES = 3, BATCH = 16, BATCHES = 7, EPOCHS = 5 };

typedef struct data {
    float x[COUNT][INPUTS];
    int labels[COUNT];
    size_t fills;   // batches of epochs 1, 2, … asked for
    size_t stop_at; // before the report after this batch; 0 never
    bool stop;
} data;

static void make(data *d, size_t count, uint64_t seed) {
    *d = (data){0};
    for (size_t i = 0; i < count; i++) {
        fx_rng rng = fx_rng_at(seed, FX_RNG_USER, 0, i);
        d->labels[i] = (int)(i % CLASSES);
        for (int j = 0; j < INPUTS; j++)
            d->x[i][j] = (float)(fx_rng_normal(&rng) + (j == d->labels[i] ? 1.5 : 0));
    }
}

static fx_status fill(const void *self, uint32_t epoch, const uint32_t *indices, size_t n, float *x,
                      fx_error *error) {
    (void)error;
    data *d = (data *)self;
    for (size_t i = 0; i < n; i++) memcpy(x + i * INPUTS, d->x[indices[i]], sizeof d->x[0]);
    if (epoch == 0 || ++d->fills != d->stop_at) return FX_OK;
    d->stop = true;
    usleep(60000); // so that a report is due
    return FX_OK;
}

static bool report(void *self, const char *stage, size_t done, size_t total, const char *note) {
    (void)stage, (void)done, (void)total, (void)note;
    return !((const data *)self)->stop;
}

typedef struct run {
    data train, held;
    fx_mlp_params mlp;
    fx_training_params params;
    bool validate;
} run;

static run ordinary(bool adamw) {
    run r = {.mlp = fx_mlp_defaults(), .params = fx_training_defaults(), .validate = adamw};
    make(&r.train, COUNT, 1);
    make(&r.held, HELD, 2);
    r.mlp.hidden = (fx_int_list){1, {8}};
    r.mlp.dropout = 0.3f;
    r.mlp.batch_norm = adamw;
    r.params.optimizer = adamw ? FX_ADAMW : FX_SGD;
    r.params.epochs = EPOCHS;
    r.params.batch_size = BATCH;
    return r;
}

typedef struct outcome {
    fx_status status;
    fx_error error;
    fx_history history;
    fx_mlp *mlp;
    float scores[COUNT * CLASSES];
} outcome;

static void train(run *r, const fx_checkpoint *checkpoint, outcome *out) {
    fx_samples training = {.self = &r->train,
                           .count = COUNT,
                           .length = INPUTS,
                           .labels = r->train.labels,
                           .fill = fill};
    fx_samples held = {
        .self = &r->held, .count = HELD, .length = INPUTS, .labels = r->held.labels, .fill = fill};
    fx_progress progress = {&r->train, report};
    r->train.stop = false;
    r->train.fills = 0;
    *out = (outcome){0};
    cr_assert_eq(fx_mlp_create(&r->mlp, INPUTS, CLASSES, 1, &out->mlp, NULL), FX_OK);
    out->status = fx_train_resumable(out->mlp, &r->params, &training, r->validate ? &held : NULL, 1,
                                     checkpoint, &progress, &out->history, &out->error);
    cr_assert_eq(fx_mlp_predict(out->mlp, r->train.x[0], COUNT, out->scores, NULL), FX_OK);
}

static void release(outcome *out) {
    fx_mlp_destroy(out->mlp);
    fx_history_destroy(&out->history);
}

// Weights, statistics (by what they predict) and history.
static void expect_same(const outcome *a, const outcome *b) {
    cr_assert_eq(a->status, FX_OK, "%s", a->error.message);
    cr_assert_arr_eq(fx_mlp_parameter_block(a->mlp), fx_mlp_parameter_block(b->mlp),
                     fx_mlp_parameters(b->mlp) * sizeof(float));
    cr_assert_arr_eq(a->scores, b->scores, sizeof b->scores);
    cr_assert_eq(a->history.count, b->history.count);
    cr_assert_eq(a->history.best, b->history.best);
    cr_assert_eq(a->history.early_stopped, b->history.early_stopped);
    for (int e = 0; e < b->history.count; e++) {
        fx_epoch left = a->history.epochs[e], right = b->history.epochs[e];
        left.seconds = right.seconds = 0;
        cr_assert_eq(left.epoch, right.epoch);
        cr_assert_arr_eq(&left.learning_rate, &right.learning_rate, 3 * sizeof(double));
        cr_assert_arr_eq(&left.validation_loss, &right.validation_loss, 2 * sizeof(double));
        cr_assert_eq(a->history.layers, 2);
        const size_t row = 2 * (size_t)e;
        // All but the last layer's NaN, which may have another sign.
        cr_assert_arr_eq(&a->history.diagnostics[row], &b->history.diagnostics[row],
                         sizeof(fx_layer_diagnostics));
        cr_assert_eq(a->history.diagnostics[row + 1].gradient_norm,
                     b->history.diagnostics[row + 1].gradient_norm);
    }
}

static const char path[] = "model.checkpoint";

static fx_checkpoint at_path(void) {
    return (fx_checkpoint){.path = path, .identity = "the same"};
}

TestSuite(checkpoint, .init = folder_enter, .fini = folder_leave);

Test(checkpoint, interrupted_anywhere_it_ends_in_the_same_bytes) {
    fx_checkpoint checkpoint = at_path();
    for (int adamw = 0; adamw < 2; adamw++) {
        run r = ordinary(adamw);
        outcome whole, stopped, resumed;
        train(&r, NULL, &whole);
        cr_assert_eq(whole.status, FX_OK);
        // After the first batch, within an epoch, after its last batch, after the last of all.
        const size_t moments[] = {1, 10, 14, 20, EPOCHS * BATCHES};
        for (size_t m = 0; m < 5; m++) {
            checkpoint.resume = false;
            r.train.stop_at = moments[m];
            train(&r, &checkpoint, &stopped);
            cr_assert_eq(stopped.status, FX_ERROR_INTERRUPTED);
            cr_assert_eq((size_t)stopped.history.count, (moments[m] - 1) / BATCHES);
            checkpoint.resume = true;
            r.train.stop_at = 0;
            train(&r, &checkpoint, &resumed);
            expect_same(&resumed, &whole);
            cr_assert_eq(r.train.fills, EPOCHS * BATCHES - moments[m], "no batch twice");
            release(&stopped);
            release(&resumed);
        }
        release(&whole);
    }
}

Test(checkpoint, interrupted_again_and_again) {
    fx_checkpoint checkpoint = at_path();
    run r = ordinary(true);
    outcome whole, last;
    train(&r, NULL, &whole);
    checkpoint.resume = true; // from nothing, the first time
    for (int times = 0;; times++) {
        r.train.stop_at = 4;
        train(&r, &checkpoint, &last);
        if (last.status == FX_OK) break;
        cr_assert_eq(last.status, FX_ERROR_INTERRUPTED, "%s", last.error.message);
        cr_assert_lt(times, EPOCHS * BATCHES / 4 + 1);
        release(&last);
    }
    expect_same(&last, &whole);
    release(&last);
    r.train.stop_at = 0; // what has ended is not trained again
    train(&r, &checkpoint, &last);
    expect_same(&last, &whole);
    cr_assert_eq(r.train.fills, 0);
    release(&last);
    release(&whole);
}

Test(checkpoint, early_stopping_is_remembered) {
    fx_checkpoint checkpoint = at_path();
    run r = ordinary(true);
    r.params.epochs = 60;
    r.params.early_stopping = 2;
    outcome whole, stopped, resumed;
    train(&r, NULL, &whole);
    cr_assert(whole.history.early_stopped);
    const size_t batches = (size_t)whole.history.count * BATCHES;
    for (size_t back = 0; back < 3; back++) {
        checkpoint.resume = false;
        r.train.stop_at = batches - back * BATCHES;
        train(&r, &checkpoint, &stopped);
        cr_assert_eq(stopped.status, FX_ERROR_INTERRUPTED);
        checkpoint.resume = true;
        r.train.stop_at = 0;
        for (int again = 0; again < 2; again++) {
            train(&r, &checkpoint, &resumed);
            expect_same(&resumed, &whole);
            cr_assert_eq(r.train.fills, again ? 0 : back * BATCHES);
            release(&resumed);
        }
        release(&stopped);
    }
    release(&whole);
}

static void expect_refused(run *r, const fx_checkpoint *checkpoint, fx_status status,
                           const char *words) {
    outcome refused;
    train(r, checkpoint, &refused);
    cr_assert_eq(refused.status, status, "%d: %s", refused.status, refused.error.message);
    cr_assert(strstr(refused.error.message, words), "%s", refused.error.message);
    cr_assert(strstr(refused.error.message, checkpoint->path), "%s", refused.error.message);
    release(&refused);
}

Test(checkpoint, of_something_else_is_refused) {
    fx_checkpoint checkpoint = at_path(), other = checkpoint;
    run r = ordinary(true);
    outcome out;
    train(&r, &checkpoint, &out);
    release(&out);
    checkpoint.resume = other.resume = true;
    other.identity = "another";
    expect_refused(&r, &other, FX_ERROR_DATA, "another training");
    run changed = r;
    changed.train.x[7][3] += 1;
    expect_refused(&changed, &checkpoint, FX_ERROR_DATA, "changed");
    changed = r;
    changed.mlp.hidden.values[0] = 9;
    expect_refused(&changed, &checkpoint, FX_ERROR_FORMAT, "parameters");
    changed = r;
    changed.params.epochs = 3; // fewer than the file has
    expect_refused(&changed, &checkpoint, FX_ERROR_FORMAT, "state");
    cr_assert_eq(truncate(path, 1000), 0);
    expect_refused(&r, &checkpoint, FX_ERROR_FORMAT, "");
    FILE *file = fopen(path, "wb");
    fputs("no checkpoint", file);
    fclose(file);
    expect_refused(&r, &checkpoint, FX_ERROR_FORMAT, "");
}

Test(checkpoint, one_that_is_not_resumed_is_removed_at_once) {
    fx_checkpoint checkpoint = at_path();
    run r = ordinary(true);
    outcome out;
    train(&r, &checkpoint, &out);
    cr_assert_eq(access(path, F_OK), 0);
    release(&out);
    r.train.x[0][0] = NAN; // fails before the first epoch ends
    train(&r, &checkpoint, &out);
    cr_assert_neq(out.status, FX_OK);
    release(&out);
    make(&r.train, COUNT, 1);
    r.params.learning_rate = 1e6f; // fails in an epoch
    r.params.optimizer = FX_SGD;
    r.mlp.batch_norm = false;
    train(&r, &checkpoint, &out);
    cr_assert_eq(out.status, FX_ERROR_NUMERIC, "%d", out.status);
    // The last good checkpoint stays: that of history.count epochs.
    cr_assert_eq(access(path, F_OK) == 0, out.history.count > 0);
    release(&out);
}
