// The lecture's two-layer network, step by step, against NumPy in float64
// (nn/make_lecture_golden.py).
#include <criterion/criterion.h>
#include <math.h>

#include "featx/training.h"
#include "nn/lecture.h"

enum { SAMPLES = 64, INPUTS = 1000, HIDDEN = 100, OUTPUTS = 10, COMPARED = 1000, LAST = 10000 };
#if defined(__SANITIZE_ADDRESS__)
enum { STEPS = COMPARED }; // the others take three minutes, and no other code
#else
enum { STEPS = LAST };
#endif

// The formula of the script.
static void fill(uint64_t stream, size_t count, float *out) {
    for (size_t i = 0; i < count; i++) {
        int64_t total = -6 * ((int64_t)1 << 24);
        for (size_t k = 0; k < 12; k++) {
            uint64_t z = ((stream << 32) + 12 * i + k + 1) * 0x9E3779B97F4A7C15u;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
            z ^= z >> 31;
            total += (int64_t)(z >> 40);
        }
        out[i] = (float)((double)total * 0x1p-24);
    }
}

Test(lecture_golden, losses_of_ten_thousand_steps) {
    fx_mlp_params network = fx_mlp_defaults();
    network.hidden = (fx_int_list){1, {HIDDEN}};
    network.activation = FX_SIGMOID;
    network.loss = FX_SQUARED_ERROR;
    network.bias = false;
    network.batch_norm = false;
    network.dropout = network.input_dropout = 0;
    fx_training_params training = fx_training_defaults();
    training.epochs = STEPS;
    training.batch_size = SAMPLES;
    training.optimizer = FX_SGD;
    training.learning_rate = 1e-4f;
    training.momentum = training.weight_decay = training.label_smoothing = 0;
    training.schedule = FX_SCHEDULE_CONSTANT;
    training.reduction = FX_REDUCTION_SUM;
    training.standardize = false;

    fx_mlp *mlp;
    cr_assert_eq(fx_mlp_create(&network, INPUTS, OUTPUTS, 1, &mlp, NULL), FX_OK);
    cr_assert_eq(fx_mlp_parameters(mlp), INPUTS * HIDDEN + HIDDEN * OUTPUTS);
    static float targets[SAMPLES * OUTPUTS];
    fx_matrix x;
    cr_assert_eq(fx_matrix_create(SAMPLES, INPUTS, &x, NULL), FX_OK);
    fill(1, SAMPLES * INPUTS, x.data);
    fill(2, SAMPLES * OUTPUTS, targets);
    fill(3, INPUTS * HIDDEN, fx_mlp_weights(mlp, 0, NULL, NULL));
    fill(4, HIDDEN * OUTPUTS, fx_mlp_weights(mlp, 1, NULL, NULL));
    fx_samples samples = fx_samples_of_matrix(&x, NULL);
    samples.targets = targets;

    fx_history history;
    cr_assert_eq(fx_train(mlp, &training, &samples, NULL, 1, NULL, &history, NULL), FX_OK);
    cr_assert_eq(history.count, STEPS);
    for (int step = 0; step < COMPARED; step++) {
        double loss = history.epochs[step].train_loss * SAMPLES; // recorded as a mean
        // Promised; float rounding of 1,000 steps on the way down leaves far less.
        cr_assert(fabs(loss - golden_lecture[step]) <= 1e-4 * golden_lecture[step],
                  "step %d: %.9g, NumPy %.9g", step, loss, golden_lecture[step]);
    }
    if (history.count == LAST) {
        double last = history.epochs[STEPS - 1].train_loss * SAMPLES;
        cr_assert(fabs(last - golden_lecture[COMPARED]) <= 1e-2 * golden_lecture[COMPARED],
                  "last: %.9g, NumPy %.9g", last, golden_lecture[COMPARED]);
    }
    cr_assert(isnan(history.epochs[0].train_accuracy));
    fx_history_destroy(&history);
    fx_matrix_destroy(&x);
    fx_mlp_destroy(mlp);
}
