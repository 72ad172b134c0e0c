// Losses, gradients and optimizer steps against PyTorch in float64 (nn/make_nn_golden.py).
#include <criterion/criterion.h>
#include <math.h>

#include "featx/mlp.h"
#include "nn/gradients.h"
#include "nn/optimizers.h"
#include "src/nn/optimizer.h"

enum { INPUTS = 3, HIDDEN = 4, OUTPUTS = 3, SAMPLES = 5, PIECES = 2 };

// The formula of the script.
static float value(int i, int step) {
    return (float)((5 * i * i + i * step) % 97 - 48) / 32;
}

Test(mlp_golden, gradients) {
    const double *golden = golden_gradients;
    float x[SAMPLES * INPUTS], gradient[64];
    int labels[SAMPLES];
    for (int i = 0; i < SAMPLES * INPUTS; i++) x[i] = value(i, 23);
    for (int i = 0; i < SAMPLES; i++) labels[i] = i % OUTPUTS;
    for (int activation = FX_IDENTITY; activation <= FX_MAXOUT; activation++)
        for (int loss = FX_CROSS_ENTROPY; loss <= FX_SQUARED_ERROR; loss++)
            for (int batch_norm = 0; batch_norm < 2; batch_norm++) {
                fx_mlp_params params = fx_mlp_defaults();
                params.hidden = (fx_int_list){1, {HIDDEN}};
                params.activation = activation;
                params.pieces = PIECES;
                params.loss = loss;
                params.batch_norm = batch_norm;
                params.dropout = params.input_dropout = 0;
                fx_mlp *mlp;
                cr_assert_eq(fx_mlp_create(&params, INPUTS, OUTPUTS, 1, &mlp, NULL), FX_OK);
                int count = (int)fx_mlp_parameters(mlp);
                for (int i = 0; i < count; i++) fx_mlp_parameter_block(mlp)[i] = value(i, 37);
                double found;
                cr_assert_eq(
                    fx_mlp_gradient(mlp, x, labels, SAMPLES, 0.125f, &found, gradient, NULL),
                    FX_OK);
                fx_mlp_destroy(mlp);
                cr_assert(fabs(found - golden[0]) <= 1e-6 * fabs(golden[0]),
                          "activation %d, loss %d, batch norm %d: loss %.9g, PyTorch %.9g",
                          activation, loss, batch_norm, found, golden[0]);
                double size = 0;
                for (int i = 1; i <= count; i++) size = fmax(size, fabs(golden[i]));
                // Float rounding; 1e-4 is what is promised, measured are 1e-6.
                for (int i = 0; i < count; i++)
                    cr_assert(fabs((double)gradient[i] - golden[1 + i]) <= 1e-5 * size,
                              "activation %d, loss %d, batch norm %d, %d: %.9g, PyTorch %.9g",
                              activation, loss, batch_norm, i, (double)gradient[i], golden[1 + i]);
                golden += 1 + count;
            }
    cr_assert_eq(golden, golden_gradients + sizeof golden_gradients / sizeof *golden_gradients);
}

static void check_trajectory(fx_training_params params, double rate, const double *golden) {
    fx__optimizer optimizer;
    float w[6], g[6];
    cr_assert_eq(fx__optimizer_create(&params, 6, 0, &optimizer, NULL), FX_OK);
    for (int i = 0; i < 6; i++) w[i] = value(i, 37);
    for (int step = 0; step < 20; step++) {
        for (int i = 0; i < 6; i++) g[i] = value(step * 6 + i, 41);
        fx__optimizer_begin(&optimizer, rate);
        fx__optimizer_update(&optimizer, w, 0, 1, 6, 6, g, 6, true);
        if (step != 0 && step != 1 && step != 19) continue;
        // Twenty roundings of numbers below 4: 20 · 2^-23.
        for (int i = 0; i < 6; i++)
            cr_assert(fabs((double)w[i] - golden[i]) <= 3e-6, "step %d, %d: %.9g, PyTorch %.9g",
                      step + 1, i, (double)w[i], golden[i]);
        golden += 6;
    }
    fx__optimizer_destroy(&optimizer);
}

Test(mlp_golden, optimizers) {
    fx_training_params params = fx_training_defaults();
    params.optimizer = FX_SGD;
    params.momentum = 0.5f;
    params.weight_decay = 0;
    check_trajectory(params, 0.125, golden_sgd);
    params.momentum = 0.9375f;
    params.weight_decay = 0.25f;
    check_trajectory(params, 0.125, golden_sgd_decay);
    params.nesterov = true;
    check_trajectory(params, 0.125, golden_nesterov);
    params.momentum = 0;
    check_trajectory(params, 0.125, golden_plain);
    params.optimizer = FX_ADAMW;
    params.weight_decay = 0;
    check_trajectory(params, 0.0625, golden_adamw);
    params.weight_decay = 0.25f;
    check_trajectory(params, 0.0625, golden_adamw_decay);
}
