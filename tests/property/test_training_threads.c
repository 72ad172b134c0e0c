// The same bytes for any number of threads: dropout, batch normalization and maxout on, layers that
// are divided among threads in each way.
#include <criterion/criterion.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "featx/rng.h"
#include "featx/threads.h"
#include "featx/training.h"
#include "src/nn/network.h"

enum { SAMPLES = 258, INPUTS = 210, CLASSES = 20 };

static fx_mlp *train(fx_mlp_params mlp_params, fx_training_params params, int threads,
                     const fx_samples *training, const fx_samples *validation,
                     fx_history *history) {
    fx_mlp *mlp;
    fx_threads_set(threads);
    cr_assert_eq(fx_mlp_create(&mlp_params, INPUTS, CLASSES, 1, &mlp, NULL), FX_OK);
    cr_assert_eq(fx_train(mlp, &params, training, validation, 3, NULL, history, NULL), FX_OK);
    return mlp;
}

static void check(fx_mlp_params mlp_params, fx_training_params params) {
    fx_matrix x;
    int labels[SAMPLES];
    cr_assert_eq(fx_matrix_create(SAMPLES, INPUTS, &x, NULL), FX_OK);
    fx_rng rng = fx_rng_at(1, FX_RNG_USER, 0, 0);
    for (size_t i = 0; i < SAMPLES; i++) {
        labels[i] = (int)fx_rng_below(&rng, CLASSES);
        for (size_t j = 0; j < INPUTS; j++) x.data[i * INPUTS + j] = (float)fx_rng_uniform(&rng);
    }
    fx_samples training = fx_samples_of_matrix(&x, labels), validation = training;
    validation.count = 90;
    fx_history first, other;
    fx_mlp *expected = train(mlp_params, params, 1, &training, &validation, &first);
    const int threads[] = {2, 3, 7};
    for (int t = 0; t < 3; t++) {
        fx_mlp *found = train(mlp_params, params, threads[t], &training, &validation, &other);
        cr_assert_eq(
            memcmp(found->parameters, expected->parameters, found->parameter_count * sizeof(float)),
            0, "%d threads", threads[t]);
        cr_assert_eq(
            memcmp(found->statistics, expected->statistics, found->statistic_count * sizeof(float)),
            0, "%d threads", threads[t]);
        for (int i = 0; i < first.count; i++) {
            cr_assert_eq(first.epochs[i].train_loss, other.epochs[i].train_loss);
            cr_assert_eq(first.epochs[i].validation_loss, other.epochs[i].validation_loss);
        }
        fx_history_destroy(&other);
        fx_mlp_destroy(found);
    }
    fx_history_destroy(&first);
    fx_mlp_destroy(expected);
    fx_matrix_destroy(&x);
}

Test(training_threads, same_bytes) {
    fx_mlp_params mlp = fx_mlp_defaults();
    fx_training_params training = fx_training_defaults();
    training.epochs = 2;
    training.batch_size = 256; // and 2, for which OpenBLAS does the work
    mlp.hidden = (fx_int_list){2, {200, 130}};
    mlp.dropout = 0.5f;
    mlp.input_dropout = 0.2f;
    check(mlp, training);
    mlp.batch_norm = false;
    mlp.hidden = (fx_int_list){2, {100, 30}}; // the first divided by its inputs, then by rows
    training.batch_size = 66;
    check(mlp, training);
    mlp.batch_norm = true;
    mlp.hidden = (fx_int_list){2, {200, 130}};
    training.batch_size = 256;
    training.mixup = 0.4f;
    training.gradient_clip = 0.1f;
    training.max_norm = 0.5f;
    training.average = 0.9f;
    training.class_weights = FX_CLASS_WEIGHTS_BALANCED;
    check(mlp, training);
    mlp.activation = FX_MAXOUT;
    mlp.batch_norm = false;
    mlp.loss = FX_HINGE;
    training.optimizer = FX_SGD;
    check(mlp, training);
    mlp.batch_norm = true;
    mlp.activation = FX_ELU;
    mlp.loss = FX_SQUARED_ERROR;
    training.learning_rate = 1e-4f;
    check(mlp, training);
    mlp.hidden = (fx_int_list){2, {100, 90}}; // the first divided by its inputs
    check(mlp, training);
    mlp.hidden = (fx_int_list){1, {500}}; // in pieces that alone would suit another kernel
    check(mlp, training);
    mlp.hidden = (fx_int_list){2, {1100, 300}}; // the second too large to belong to threads
    check(mlp, training);
}

// The optimizer takes each part of a gradient while it is in the cache; clipping, even at a length
// that none has, makes it wait for the whole. The weights must be the same.
Test(training_threads, steps_by_parts_and_by_the_whole) {
    const fx_int_list hidden[] = {{2, {100, 30}}, {1, {30}}, {2, {200, 130}}, {1, {1300}}};
    enum { ROWS = 840 }; // the last batch of an epoch is taken as a whole, for diagnostics
    static float x[ROWS * INPUTS];
    int labels[ROWS];
    fx_rng rng = fx_rng_at(2, FX_RNG_USER, 0, 0);
    for (size_t i = 0; i < (size_t)ROWS * INPUTS; i++) x[i] = (float)fx_rng_normal(&rng);
    for (size_t i = 0; i < ROWS; i++) labels[i] = (int)fx_rng_below(&rng, 3); // of 20
    fx_matrix matrix = {.rows = ROWS, .columns = INPUTS, .data = x};
    const fx_samples samples = fx_samples_of_matrix(&matrix, labels);
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        for (int variant = 0; variant < 4; variant++) {
            fx_mlp_params params = fx_mlp_defaults();
            params.hidden = hidden[i];
            params.batch_norm = variant % 2;
            fx_training_params training = fx_training_defaults();
            training.epochs = 2;
            training.batch_size = variant < 2 ? 66 : ROWS / 2;
            training.optimizer = FX_SGD;
            training.learning_rate = 0.3f;
            fx_mlp *parts = train(params, training, 2, &samples, NULL, NULL);
            training.gradient_clip = 1e9f;
            fx_mlp *whole = train(params, training, 2, &samples, NULL, NULL);
            // The same bytes here; OpenBLAS, where it makes the products, takes other numbers of
            // rows at a time, which may round otherwise.
            for (size_t j = 0; j < parts->parameter_count; j++)
                cr_assert(fabsf(parts->parameters[j] - whole->parameters[j]) <= 1e-5f,
                          "network %zu, %zu: %g, expected %g", i, j, parts->parameters[j],
                          whole->parameters[j]);
            fx_mlp_destroy(parts);
            fx_mlp_destroy(whole);
        }
}

// A caller's own parallel loop, with nested regions allowed.
Test(training_threads, within_a_parallel_loop) {
    fx_mlp_params params = fx_mlp_defaults();
    params.hidden = (fx_int_list){2, {300, 40}};
    params.batch_norm = true;
    fx_mlp *mlp;
    cr_assert_eq(fx_mlp_create(&params, INPUTS, CLASSES, 1, &mlp, NULL), FX_OK);
    float *x = malloc(SAMPLES * INPUTS * sizeof *x);
    float *gradients = calloc(3 * mlp->parameter_count, sizeof *gradients);
    int labels[SAMPLES], failed = 0;
    fx_rng rng = fx_rng_at(1, FX_RNG_USER, 0, 0);
    for (size_t i = 0; i < (size_t)SAMPLES * INPUTS; i++) x[i] = (float)fx_rng_uniform(&rng);
    for (size_t i = 0; i < SAMPLES; i++) labels[i] = (int)fx_rng_below(&rng, CLASSES);
    fx_threads_set(2);
    failed += fx_mlp_gradient(mlp, x, labels, SAMPLES, 0, NULL, gradients, NULL) != FX_OK;
    omp_set_max_active_levels(2);
#pragma omp parallel for num_threads(2) reduction(+ : failed)
    for (size_t i = 1; i < 3; i++)
        failed += fx_mlp_gradient(mlp, x, labels, SAMPLES, 0, NULL,
                                  gradients + i * mlp->parameter_count, NULL) != FX_OK;
    cr_assert_eq(failed, 0);
    for (size_t i = 1; i < 3; i++)
        cr_assert_eq(memcmp(gradients, gradients + i * mlp->parameter_count,
                            mlp->parameter_count * sizeof *gradients),
                     0);
    free(x);
    free(gradients);
    fx_mlp_destroy(mlp);
}
