// The trainer: what it asks of its samples, what it keeps, and how it fails.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "featx/rng.h"
#include "featx/training.h"
#include "src/nn/network.h"

enum { INPUTS = 3, CLASSES = 3 };

// Three noisy groups along three axes.
typedef struct data {
    fx_matrix x;
    int *labels;
    fx_samples samples;
} data;

static data *data_create(size_t count, uint64_t seed) {
    data *d = calloc(1, sizeof *d);
    cr_assert_eq(fx_matrix_create(count, INPUTS, &d->x, NULL), FX_OK);
    d->labels = calloc(count, sizeof *d->labels);
    fx_rng rng = fx_rng_at(seed, FX_RNG_USER, 0, 0);
    for (size_t i = 0; i < count; i++) {
        d->labels[i] = (int)(i % CLASSES);
        for (size_t j = 0; j < INPUTS; j++)
            d->x.data[i * INPUTS + j] = (float)(fx_rng_normal(&rng) + (j == i % CLASSES ? 2 : 0));
    }
    d->samples = fx_samples_of_matrix(&d->x, d->labels);
    return d;
}

static void data_destroy(data *d) {
    fx_matrix_destroy(&d->x);
    free(d->labels);
    free(d);
}

static fx_mlp *network(bool batch_norm) {
    fx_mlp_params params = fx_mlp_defaults();
    params.hidden = (fx_int_list){1, {8}};
    params.batch_norm = batch_norm;
    params.input_dropout = 0;
    fx_mlp *mlp;
    cr_assert_eq(fx_mlp_create(&params, INPUTS, CLASSES, 1, &mlp, NULL), FX_OK);
    return mlp;
}

static fx_training_params quick(int epochs) {
    fx_training_params params = fx_training_defaults();
    params.epochs = epochs;
    params.batch_size = 16;
    params.early_stopping = 0;
    return params;
}

static float *copy_of_state(const fx_mlp *mlp) {
    float *copy = malloc((mlp->parameter_count + mlp->statistic_count) * sizeof *copy);
    memcpy(copy, mlp->parameters, mlp->parameter_count * sizeof *copy);
    memcpy(copy + mlp->parameter_count, mlp->statistics, mlp->statistic_count * sizeof *copy);
    return copy;
}

static bool same_state(const fx_mlp *mlp, const float *copy) {
    return memcmp(mlp->parameters, copy, mlp->parameter_count * sizeof *copy) == 0 &&
           memcmp(mlp->statistics, copy + mlp->parameter_count,
                  mlp->statistic_count * sizeof *copy) == 0;
}

static double accuracy(const fx_mlp *mlp, const data *d) {
    float *scores = malloc(d->x.rows * CLASSES * sizeof *scores);
    size_t correct = 0;
    cr_assert_eq(fx_mlp_predict(mlp, d->x.data, d->x.rows, scores, NULL), FX_OK);
    for (size_t i = 0; i < d->x.rows; i++) {
        int best = 0;
        for (int j = 1; j < CLASSES; j++)
            if (scores[i * CLASSES + (size_t)j] > scores[i * CLASSES + (size_t)best]) best = j;
        correct += best == d->labels[i];
    }
    free(scores);
    return (double)correct / (double)d->x.rows;
}

// What a trainer asks for, and when
// ------------------------------------------------------------------------------------------------

typedef struct spy {
    const data *d;
    int calls, fail_at; // 0: never
    size_t largest, smallest;
    unsigned seen[8][256]; // [epoch][index]
    uint32_t first[8];     // index asked for first in each epoch
} spy;

static fx_status spy_fill(const void *self, uint32_t epoch, const uint32_t *indices, size_t n,
                          float *x, fx_error *error) {
    spy *s = (spy *)self;
    if (++s->calls == s->fail_at) return fx_error_set(error, FX_ERROR_IO, "file.npy: gone");
    if (epoch > 0) {
        if (n > s->largest) s->largest = n;
        if (n < s->smallest) s->smallest = n;
    }
    for (size_t i = 0; i < n; i++) {
        if (s->seen[epoch][indices[i]]++ == 0 && i == 0 && s->first[epoch] == UINT32_MAX)
            s->first[epoch] = indices[i];
        memcpy(x + i * INPUTS, s->d->x.data + indices[i] * INPUTS, INPUTS * sizeof *x);
    }
    return FX_OK;
}

static fx_samples spy_samples(spy *s, const data *d) {
    *s = (spy){.d = d, .smallest = SIZE_MAX};
    memset(s->first, 0xFF, sizeof s->first);
    return (fx_samples){
        .self = s, .count = d->x.rows, .length = INPUTS, .labels = d->labels, .fill = spy_fill};
}

Test(training, every_sample_once_an_epoch_in_an_order_of_its_own) {
    data *d = data_create(100, 1), *held_out = data_create(30, 2);
    spy training, validation;
    fx_samples samples = spy_samples(&training, d);
    fx_samples other = spy_samples(&validation, held_out);
    fx_mlp *mlp = network(true);
    fx_training_params params = quick(3);
    cr_assert_eq(fx_train(mlp, &params, &samples, &other, 1, NULL, NULL, NULL), FX_OK);
    for (int epoch = 0; epoch <= 3; epoch++) // epoch 0: the standardization
        for (size_t i = 0; i < 100; i++) cr_assert_eq(training.seen[epoch][i], 1);
    cr_assert(training.largest == 16 && training.smallest == 4); // 100 = 6 · 16 + 4
    cr_assert(training.first[1] != training.first[2] || training.first[2] != training.first[3]);
    // Validation is always as in epoch 0, once after each epoch.
    for (size_t i = 0; i < 30; i++) cr_assert_eq(validation.seen[0][i], 3);
    fx_mlp_destroy(mlp);
    data_destroy(d);
    data_destroy(held_out);
}

Test(training, rest_of_one_sample) {
    data *d = data_create(97, 1); // 6 · 16 + 1
    for (int batch_norm = 0; batch_norm < 2; batch_norm++) {
        spy s;
        fx_samples samples = spy_samples(&s, d);
        fx_mlp *mlp = network(batch_norm);
        fx_training_params params = quick(2);
        cr_assert_eq(fx_train(mlp, &params, &samples, NULL, 1, NULL, NULL, NULL), FX_OK);
        for (size_t i = 0; i < 97; i++) cr_assert_eq(s.seen[2][i], 1);
        cr_assert_eq(s.smallest, batch_norm ? 16 : 1);
        cr_assert_eq(s.largest, batch_norm ? 17 : 16);
        fx_mlp_destroy(mlp);
    }
    data_destroy(d);
}

Test(training, matrix_and_filled_samples_give_the_same_bytes) {
    data *d = data_create(100, 1);
    spy s;
    fx_samples filled = spy_samples(&s, d);
    fx_mlp *a = network(true), *b = network(true);
    fx_training_params params = quick(2);
    cr_assert_eq(fx_train(a, &params, &d->samples, &d->samples, 1, NULL, NULL, NULL), FX_OK);
    cr_assert_eq(fx_train(b, &params, &filled, &filled, 1, NULL, NULL, NULL), FX_OK);
    float *state = copy_of_state(a);
    cr_assert(same_state(b, state));
    fx_mlp *c = network(true); // and another seed another order
    cr_assert_eq(fx_train(c, &params, &d->samples, NULL, 2, NULL, NULL, NULL), FX_OK);
    cr_assert(!same_state(c, state));
    free(state);
    fx_mlp_destroy(a);
    fx_mlp_destroy(b);
    fx_mlp_destroy(c);
    data_destroy(d);
}

Test(training, standardization) {
    enum { COUNT = 200 };
    data *d = data_create(COUNT, 1);
    for (size_t i = 0; i < COUNT; i++) {
        float *row = d->x.data + i * INPUTS;
        row[0] = 1000 + row[0] * 0.01f; // a mean that would swamp a naive sum of squares
        row[2] = i == 77;
        row[1] = i % 2 ? 0.1f : nextafterf(0.1f, 1); // constant but for rounding
    }
    double mean = 0, variance = 0;
    for (size_t i = 0; i < COUNT; i++) mean += (double)d->x.data[i * INPUTS] / COUNT;
    for (size_t i = 0; i < COUNT; i++)
        variance += pow((double)d->x.data[i * INPUTS] - mean, 2) / COUNT;
    fx_mlp *mlp = network(true);
    fx_training_params params = quick(1);
    cr_assert_eq(fx_train(mlp, &params, &d->samples, NULL, 1, NULL, NULL, NULL), FX_OK);
    cr_assert(fabs((double)fx_mlp_input_mean(mlp)[0] - mean) <= 1e-4); // half a float at 1000
    cr_assert(fabs((double)fx_mlp_input_scale(mlp)[0] * sqrt(variance) - 1) <= 1e-6);
    cr_assert_float_eq(fx_mlp_input_mean(mlp)[1], 0.1f, 1e-7);
    cr_assert_eq(fx_mlp_input_scale(mlp)[1], 0);
    // Once 1, else 0: 14 deviations from the mean of 1/200, brought to 4.
    cr_assert_float_eq((1 - fx_mlp_input_mean(mlp)[2]) * fx_mlp_input_scale(mlp)[2], 4, 1e-5);

    params.standardize = false;
    fx_mlp *plain = network(true);
    cr_assert_eq(fx_train(plain, &params, &d->samples, NULL, 1, NULL, NULL, NULL), FX_OK);
    for (size_t j = 0; j < INPUTS; j++)
        cr_assert(fx_mlp_input_mean(plain)[j] == 0 && fx_mlp_input_scale(plain)[j] == 1);
    fx_mlp_destroy(mlp);
    fx_mlp_destroy(plain);
    data_destroy(d);
}

// One batch at a rate that moves nothing: what is left of it are the running statistics.
Test(training, running_statistics) {
    enum { COUNT = 20, WIDTH = 8 };
    data *d = data_create(COUNT, 1);
    fx_mlp *mlp = network(true);
    fx_training_params params = quick(1);
    params.batch_size = COUNT;
    params.learning_rate = 1e-12f;
    params.standardize = false;
    cr_assert_eq(fx_train(mlp, &params, &d->samples, NULL, 1, NULL, NULL, NULL), FX_OK);
    const float *w = fx_mlp_weights(mlp, 0, NULL, NULL);
    for (size_t j = 0; j < WIDTH; j++) {
        double z[COUNT], mean = 0, variance = 0;
        for (size_t i = 0; i < COUNT; i++) {
            z[i] = 0;
            for (size_t k = 0; k < INPUTS; k++)
                z[i] += (double)d->x.data[i * INPUTS + k] * (double)w[k * WIDTH + j];
            mean += z[i] / COUNT;
        }
        for (size_t i = 0; i < COUNT; i++) variance += pow(z[i] - mean, 2) / (COUNT - 1);
        // A tenth of the way from 0 and 1; numbers of about 1 in float.
        cr_assert_float_eq(mlp->layers[0].running_mean[j], 0.1 * mean, 1e-6);
        cr_assert_float_eq(mlp->layers[0].running_variance[j], 0.9 + 0.1 * variance, 1e-5);
    }
    fx_mlp_destroy(mlp);
    data_destroy(d);
}

// Masks belong to an epoch and a position in its order, not to a batch. With equal samples and a
// rate that moves nothing, the loss of an epoch is a function of the masks alone.
Test(training, dropout_masks_are_keyed_by_epoch_and_position) {
    enum { COUNT = 64 };
    data *d = data_create(COUNT, 1);
    for (size_t i = 0; i < COUNT; i++) {
        d->labels[i] = 0;
        memcpy(d->x.data + i * INPUTS, d->x.data, INPUTS * sizeof(float));
    }
    double losses[3][2];
    const int batch_sizes[] = {COUNT, 16, 7};
    for (int b = 0; b < 3; b++) {
        fx_mlp *mlp = network(false);
        fx_training_params params = quick(2);
        fx_history history;
        params.batch_size = batch_sizes[b];
        params.learning_rate = 1e-12f;
        params.weight_decay = 0;
        params.standardize = false;
        cr_assert_eq(fx_train(mlp, &params, &d->samples, NULL, 1, NULL, &history, NULL), FX_OK);
        for (int e = 0; e < 2; e++) losses[b][e] = history.epochs[e].train_loss;
        fx_history_destroy(&history);
        fx_mlp_destroy(mlp);
    }
    cr_assert(fabs(losses[0][0] - losses[0][1]) > 1e-3);
    for (int b = 1; b < 3; b++)
        for (int e = 0; e < 2; e++)
            cr_assert(fabs(losses[b][e] - losses[0][e]) <= 1e-5); // rounding of losses of about 1
    data_destroy(d);
}

// What is kept
// ------------------------------------------------------------------------------------------------

Test(training, learns_and_records) {
    data *d = data_create(600, 1), *test = data_create(300, 2);
    for (int optimizer = FX_SGD; optimizer <= FX_ADAMW; optimizer++)
        for (int loss = FX_CROSS_ENTROPY; loss <= FX_SQUARED_ERROR; loss++) {
            fx_mlp_params network_params = fx_mlp_defaults();
            network_params.hidden = (fx_int_list){1, {16}};
            network_params.dropout = 0.2f;
            network_params.input_dropout = 0;
            network_params.loss = loss;
            fx_mlp *mlp;
            fx_history history;
            cr_assert_eq(fx_mlp_create(&network_params, INPUTS, CLASSES, 1, &mlp, NULL), FX_OK);
            fx_training_params params = quick(12);
            params.optimizer = optimizer;
            params.learning_rate = 0.01f;
            cr_assert_eq(
                fx_train(mlp, &params, &d->samples, &test->samples, 1, NULL, &history, NULL),
                FX_OK);
            cr_assert_eq(history.count, 12);
            const fx_epoch *first = &history.epochs[0], *best = &history.epochs[history.best - 1];
            cr_assert(history.epochs[11].train_loss < first->train_loss);
            cr_assert(best->epoch == history.best && best->validation_accuracy > 0.8,
                      "optimizer %d, loss %d: %g", optimizer, loss, best->validation_accuracy);
            cr_assert(history.epochs[11].learning_rate < 1e-4 && first->learning_rate > 0.009);
            for (int i = 0; i < history.count; i++)
                cr_assert(history.epochs[i].validation_accuracy <= best->validation_accuracy);
            // The weights kept are those of the best epoch.
            cr_assert_float_eq(accuracy(mlp, test), best->validation_accuracy, 1e-9);
            fx_history_destroy(&history);
            fx_mlp_destroy(mlp);
        }
    data_destroy(d);
    data_destroy(test);
}

// Validation labels that are all wrong: every epoch of learning makes it worse.
Test(training, early_stopping_restores_the_best_epoch) {
    data *d = data_create(300, 1), *wrong = data_create(300, 2);
    for (size_t i = 0; i < 300; i++) wrong->labels[i] = (wrong->labels[i] + 1) % CLASSES;
    fx_training_params params = quick(30);
    params.learning_rate = 0.002f;
    params.schedule = FX_SCHEDULE_CONSTANT;
    params.early_stopping = 4;
    fx_history history;
    fx_mlp *mlp = network(true);
    cr_assert_eq(fx_train(mlp, &params, &d->samples, &wrong->samples, 1, NULL, &history, NULL),
                 FX_OK);
    cr_assert(history.early_stopped && history.count == history.best + 4 && history.count < 30);
    cr_assert(history.epochs[history.best - 1].validation_accuracy >
              history.epochs[history.count - 1].validation_accuracy);
    cr_assert_float_eq(accuracy(mlp, wrong), history.epochs[history.best - 1].validation_accuracy,
                       1e-9);
    // With a constant rate epochs do not know what follows: stopping there gives the same bytes.
    fx_mlp *short_run = network(true);
    params.epochs = history.best;
    cr_assert_eq(fx_train(short_run, &params, &d->samples, NULL, 1, NULL, NULL, NULL), FX_OK);
    float *state = copy_of_state(short_run);
    cr_assert(same_state(mlp, state));
    free(state);
    fx_history_destroy(&history);
    fx_mlp_destroy(mlp);
    fx_mlp_destroy(short_run);
    data_destroy(d);
    data_destroy(wrong);
}

Test(training, without_validation_the_last_epoch_is_kept) {
    data *d = data_create(100, 1);
    fx_history history;
    fx_mlp *mlp = network(true);
    fx_training_params params = quick(3);
    params.early_stopping = 1;
    const fx_samples none = {0};
    cr_assert_eq(fx_train(mlp, &params, &d->samples, &none, 1, NULL, &history, NULL), FX_OK);
    cr_assert(history.count == 3 && history.best == 3 && !history.early_stopped);
    cr_assert(isnan(history.epochs[2].validation_accuracy));
    fx_history_destroy(&history);
    fx_mlp_destroy(mlp);
    data_destroy(d);
}

// Failures
// ------------------------------------------------------------------------------------------------

Test(training, infinite_loss_keeps_the_last_good_epoch) {
    data *d = data_create(64, 1);
    fx_mlp_params network_params = fx_mlp_defaults();
    network_params.hidden = (fx_int_list){1, {8}};
    network_params.loss = FX_SQUARED_ERROR;
    network_params.batch_norm = false;
    network_params.dropout = network_params.input_dropout = 0;
    fx_mlp *mlp;
    cr_assert_eq(fx_mlp_create(&network_params, INPUTS, CLASSES, 1, &mlp, NULL), FX_OK);
    float *before = copy_of_state(mlp);
    fx_training_params params = quick(5);
    params.optimizer = FX_SGD;
    params.schedule = FX_SCHEDULE_CONSTANT;
    params.learning_rate = 1e6f;
    fx_history history;
    fx_error error = {0};
    cr_assert_eq(fx_train(mlp, &params, &d->samples, NULL, 1, NULL, &history, &error),
                 FX_ERROR_NUMERIC);
    cr_assert(strstr(error.message, "the loss is ") && strstr(error.message, "epoch 1, batch") &&
                  strstr(error.message, "1e+06"),
              "%s", error.message);
    cr_assert(same_state(mlp, before));
    cr_assert_eq(history.count, 0);
    fx_history_destroy(&history);

    // The same after an epoch that went well: its weights stay.
    fx_mlp *good;
    cr_assert_eq(fx_mlp_create(&network_params, INPUTS, CLASSES, 1, &good, NULL), FX_OK);
    params = quick(1);
    params.optimizer = FX_SGD;
    params.schedule = FX_SCHEDULE_CONSTANT;
    params.learning_rate = 0.01f;
    cr_assert_eq(fx_train(good, &params, &d->samples, NULL, 1, NULL, NULL, NULL), FX_OK);
    spy s;
    fx_samples samples = spy_samples(&s, d);
    params.epochs = 5;
    s.fail_at = 4 + 4 + 3; // standardization in 4 chunks, 4 batches, 2 batches
    cr_assert_eq(fx_train(mlp, &params, &samples, NULL, 1, NULL, &history, &error), FX_ERROR_IO);
    cr_assert_str_eq(error.message, "file.npy: gone");
    cr_assert_eq(history.count, 1);
    free(before);
    before = copy_of_state(good);
    cr_assert(same_state(mlp, before));
    free(before);
    fx_history_destroy(&history);
    fx_mlp_destroy(mlp);
    fx_mlp_destroy(good);
    data_destroy(d);
}

typedef struct listener {
    size_t reports, last, total, stop_at; // stop_at 0: never
    char note[96];
} listener;

static bool listen(void *self, const char *stage, size_t done, size_t total, const char *note) {
    listener *l = self;
    if (strcmp(stage, "train") != 0) return true;
    l->reports++;
    l->last = done;
    l->total = total;
    strncpy(l->note, note, sizeof l->note - 1);
    return l->stop_at == 0 || done < l->stop_at;
}

Test(training, progress_and_interruption) {
    data *d = data_create(100, 1);
    listener l = {0};
    const fx_progress progress = {&l, listen};
    fx_mlp *mlp = network(true);
    fx_training_params params = quick(3);
    cr_assert_eq(fx_train(mlp, &params, &d->samples, &d->samples, 1, &progress, NULL, NULL), FX_OK);
    cr_assert(l.total == 21 && l.last == 21 && l.reports >= 1); // 7 batches an epoch
    cr_assert(strstr(l.note, "epoch 2/3, loss ") && strstr(l.note, ", validation 0."), "%s",
              l.note);
    // The last report is always made: stop there, in the third epoch.
    fx_mlp *stopped = network(true), *two = network(true);
    fx_error error = {0};
    fx_history history;
    params.schedule = FX_SCHEDULE_CONSTANT;
    l.stop_at = 21;
    cr_assert_eq(fx_train(stopped, &params, &d->samples, NULL, 1, &progress, &history, &error),
                 FX_ERROR_INTERRUPTED);
    cr_assert_eq(history.count, 2);
    params.epochs = 2;
    cr_assert_eq(fx_train(two, &params, &d->samples, NULL, 1, NULL, NULL, NULL), FX_OK);
    float *state = copy_of_state(two);
    cr_assert(same_state(stopped, state));
    free(state);
    fx_history_destroy(&history);
    fx_mlp_destroy(mlp);
    fx_mlp_destroy(stopped);
    fx_mlp_destroy(two);
    data_destroy(d);
}

static void refuse(const data *d, fx_samples samples, fx_training_params params, fx_status expected,
                   const char *words) {
    fx_mlp *mlp = network(true);
    float *before = copy_of_state(mlp);
    fx_error error = {0};
    fx_history history;
    cr_assert_eq(fx_train(mlp, &params, &samples, &d->samples, 1, NULL, &history, &error), expected,
                 "%s", error.message);
    cr_assert(strstr(error.message, words), "%s", error.message);
    cr_assert(same_state(mlp, before) && fx_mlp_input_mean(mlp)[0] == 0);
    fx_history_destroy(&history);
    free(before);
    fx_mlp_destroy(mlp);
}

Test(training, what_cannot_be_trained_on) {
    data *d = data_create(40, 1), *bad = data_create(40, 1);
    fx_training_params params = quick(1);
    fx_samples samples = bad->samples;
    samples.count = 0;
    refuse(d, samples, params, FX_ERROR_DATA, "0 training samples");
    samples = bad->samples;
    samples.length = 4;
    refuse(d, samples, params, FX_ERROR_DATA, "4 features, the MLP expects 3");
    samples = bad->samples;
    samples.count = 1;
    refuse(d, samples, params, FX_ERROR_DATA, "1 sample");
    bad->labels[7] = CLASSES;
    refuse(d, bad->samples, params, FX_ERROR_DATA, "label 3 of training sample 7");
    bad->labels[7] = -1;
    refuse(d, bad->samples, params, FX_ERROR_DATA, "label -1 of training sample 7");
    bad->labels[7] = 0;
    bad->x.data[5 * INPUTS + 2] = NAN;
    refuse(d, bad->samples, params, FX_ERROR_DATA, "feature 2");
    bad->x.data[5 * INPUTS + 2] = -INFINITY;
    refuse(d, bad->samples, params, FX_ERROR_DATA, "feature 2");

    params.batch_size = 1;
    refuse(d, d->samples, params, FX_ERROR_USAGE, "batches of 1");
    params = quick(-1);
    refuse(d, d->samples, params, FX_ERROR_USAGE, "train.epochs");
    params = quick(1);
    params.learning_rate = -1;
    refuse(d, d->samples, params, FX_ERROR_USAGE, "train.learning_rate");
    params = quick(1);
    params.label_smoothing = 1;
    refuse(d, d->samples, params, FX_ERROR_USAGE, "train.label_smoothing");
    data_destroy(d);
    data_destroy(bad);
}
