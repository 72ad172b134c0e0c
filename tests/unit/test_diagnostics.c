// Diagnostics of layers whose state is known.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "featx/training.h"

enum { SAMPLES = 8, INPUTS = 2, UNITS = 4, CLASSES = 3 };

static fx_training_params still(void) {
    fx_training_params params = fx_training_defaults();
    params.epochs = 1;
    params.batch_size = SAMPLES;
    params.learning_rate = 1e-12f; // moves nothing
    params.label_smoothing = 0;
    params.standardize = false;
    return params;
}

// One epoch of one batch; rows are (1, ±1). weights[UNITS · pieces] of the first input and
// `second` of the second one.
static fx_layer_diagnostics diagnose(int activation, float dropout, const float *weights,
                                     float second, double *norm) {
    fx_mlp_params network = fx_mlp_defaults();
    network.hidden = (fx_int_list){1, {UNITS}};
    network.activation = activation;
    network.batch_norm = false;
    network.input_dropout = 0;
    network.dropout = dropout;
    fx_mlp *mlp;
    cr_assert_eq(fx_mlp_create(&network, INPUTS, CLASSES, 1, &mlp, NULL), FX_OK);
    fx_matrix x;
    int labels[SAMPLES];
    cr_assert_eq(fx_matrix_create(SAMPLES, INPUTS, &x, NULL), FX_OK);
    for (size_t i = 0; i < SAMPLES; i++) {
        labels[i] = (int)(i % CLASSES);
        x.data[i * INPUTS] = 1;
        x.data[i * INPUTS + 1] = i % 2 ? 1 : -1;
    }
    size_t columns;
    float *w = fx_mlp_weights(mlp, 0, NULL, &columns);
    for (size_t j = 0; j < columns; j++) {
        w[j] = weights[j];
        w[columns + j] = second;
    }
    float *gradient = calloc(fx_mlp_parameters(mlp), sizeof *gradient);
    cr_assert_eq(fx_mlp_gradient(mlp, x.data, labels, SAMPLES, 0, NULL, gradient, NULL), FX_OK);
    *norm = 0;
    for (size_t i = 0; i < INPUTS * columns; i++) *norm += pow((double)gradient[i], 2);
    *norm = sqrt(*norm);
    free(gradient);
    fx_training_params params = still();
    fx_samples samples = fx_samples_of_matrix(&x, labels);
    fx_history history;
    cr_assert_eq(fx_train(mlp, &params, &samples, NULL, 1, NULL, &history, NULL), FX_OK);
    cr_assert_eq(history.layers, 2);
    fx_layer_diagnostics hidden = history.diagnostics[0], last = history.diagnostics[1];
    cr_assert(isnan(last.saturated) && isnan(last.mean) && last.gradient_norm > 0);
    fx_history_destroy(&history);
    fx_matrix_destroy(&x);
    fx_mlp_destroy(mlp);
    return hidden;
}

Test(diagnostics, hidden_layers) {
    double norm;
    // Two of four sigmoid units are far out for every sample.
    const float far_out[] = {100, -100, 0, 0.5f};
    fx_layer_diagnostics d = diagnose(FX_SIGMOID, 0, far_out, 0, &norm);
    cr_assert_eq(d.saturated, 0.5);
    cr_assert_eq(d.dead, 0.5);
    // (1 + 0 + 1/2 + sigmoid(1/2)) / 4; sums of a few floats.
    cr_assert_float_eq(d.mean, (1.5 + 1 / (1 + exp(-0.5))) / 4, 1e-6);
    cr_assert_float_eq(d.gradient_norm, norm, 1e-6 * norm);

    // ReLU: one is never above 0, one always, two for half of the samples.
    const float around[] = {-2, 2, 0, 0};
    d = diagnose(FX_RELU, 0, around, 1, &norm);
    cr_assert_eq(d.zero, 0.5);
    cr_assert_eq(d.saturated, 0.5);
    cr_assert_eq(d.dead, 0.25);
    cr_assert_eq(d.mean, (0 + 2 + 0.5 + 0.5) / 4); // 2 ± 1, and 1 half of the time
    cr_assert_float_eq(d.gradient_norm, norm, 1e-6 * norm);

    // Dropout neither makes zeros nor changes what an activation was.
    const float same[] = {3, 3, 3, 3};
    d = diagnose(FX_RELU, 0.5f, same, 0, &norm);
    cr_assert(d.zero == 0 && d.dead == 0);
    cr_assert_eq(d.mean, 3);

    // Maxout of two pieces: the second wins in unit 0 alone, and there for every sample.
    const float pieces[] = {0, 1, 1, 1, /**/ 1, 0, 0, 0};
    d = diagnose(FX_MAXOUT, 0, pieces, 0, &norm);
    cr_assert_eq(d.dead, 0.5);
    cr_assert_eq(d.mean, 1);
    cr_assert_eq(d.saturated, 0);
}
