// L15: the two-layer network in twenty lines, beside NumPy.
//
// 64 samples of 1,000 numbers, 100 hidden sigmoid units, 10 outputs, no biases; the loss is the sum
// of squared errors, plain gradient descent by 1e-4. NumPy ran the lecture's twenty lines in double
// precision from the same numbers (tests/golden/lecture/make_twenty_lines.py); the library runs in
// single precision. And the lecture's gradients are multiplied out by hand once.
#include <math.h>
#include <stdlib.h>

#include "tools/lecture/lecture.h"

enum { N = 64, D = 1000, H = 100, OUT = 10, STEPS = 10000, FIRST = 1000 };

// Loss before the step, in NumPy.
static const struct {
    int step;
    double loss;
} numpy[] = {
    {1, 26617.85888467493},          {2, 17974.506662290943},    {5, 11139.074908773986},
    {10, 8842.637466544777},         {20, 6744.104654989259},    {50, 4164.413750535723},
    {100, 2187.13856928484},         {200, 866.6260519586967},   {500, 162.1835811083638},
    {1000, 30.282764950026774},      {2000, 3.3555672673734342}, {5000, 0.033269767560084464},
    {10000, 0.00010345828748677019},
};

// Number `index` of SplitMix64, in (0, 1); the generator of the NumPy script.
static double uniform(uint64_t index) {
    uint64_t z = (index + 1) * 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    z ^= z >> 31;
    return ((double)(z >> 11) + 0.5) * 0x1p-53;
}

static void normal(uint64_t first, size_t count, float *out) {
    for (size_t i = 0; i < count; i++) {
        double radius = sqrt(-2 * log(uniform(2 * (first + i))));
        out[i] = (float)(radius * cos(2 * acos(-1) * uniform(2 * (first + i) + 1)));
    }
}

static fx_status create(fx_mlp **out, fx_error *error) {
    fx_mlp_params params = network(FX_SIGMOID, H, 0, 0);
    params.bias = false;
    params.loss = FX_SQUARED_ERROR;
    size_t rows, columns;
    TRY(fx_mlp_create(&params, D, OUT, 1, out, error));
    normal(200000, (size_t)D * H, fx_mlp_weights(*out, 0, &rows, &columns));
    normal(400000, (size_t)H * OUT, fx_mlp_weights(*out, 1, &rows, &columns));
    return FX_OK;
}

// The lecture's lines, for one step with one-hot targets, in double precision: dw1[D, H] and
// dw2[H, OUT] of the sum of squared errors.
static void by_hand(const float *x, const int *labels, const float *w1, const float *w2,
                    double *dw1, double *dw2) {
    for (int i = 0; i < N; i++) {
        double h[H], dy[OUT], dh[H];
        for (int j = 0; j < H; j++) {
            double z = 0; // h = sigmoid(x · W1)
            for (int k = 0; k < D; k++) z += (double)x[i * D + k] * (double)w1[k * H + j];
            h[j] = 1 / (1 + exp(-z));
        }
        for (int o = 0; o < OUT; o++) {
            double y = 0; // y' = h · W2; dL/dy' = 2 (y' − y)
            for (int j = 0; j < H; j++) y += h[j] * (double)w2[j * OUT + o];
            dy[o] = 2 * (y - (labels[i] == o));
        }
        for (int j = 0; j < H; j++) {
            dh[j] = 0; // dL/dh = dL/dy' · W2ᵀ; dL/dW2 = hᵀ · dL/dy'
            for (int o = 0; o < OUT; o++) {
                dh[j] += dy[o] * (double)w2[j * OUT + o];
                dw2[j * OUT + o] += h[j] * dy[o];
            }
            dh[j] *= h[j] * (1 - h[j]);
        }
        for (int k = 0; k < D; k++) // dL/dW1 = xᵀ · (dL/dh ∘ h ∘ (1 − h))
            for (int j = 0; j < H; j++) dw1[k * H + j] += (double)x[i * D + k] * dh[j];
    }
}

// Largest difference between those gradients and the library's, over the largest of them.
static fx_status gradient_difference(const float *x, sheet *sheet, double *out, fx_error *error) {
    fx_mlp *mlp = NULL;
    double *dw1, *dw2, worst = 0, largest = 0;
    float *gradient;
    int labels[N];
    size_t rows, columns;
    fx_status status;
    TRY(sheet_array(sheet, (size_t)D * H, sizeof *dw1, &dw1, error));
    TRY(sheet_array(sheet, (size_t)H * OUT, sizeof *dw2, &dw2, error));
    TRY_GOTO(create(&mlp, error));
    TRY_GOTO(sheet_array(sheet, fx_mlp_parameters(mlp), sizeof *gradient, &gradient, error));
    for (int i = 0; i < N; i++) labels[i] = i % OUT;
    TRY_GOTO(fx_mlp_gradient(mlp, x, labels, N, 0, NULL, gradient, error));
    const float *w1 = fx_mlp_weights(mlp, 0, &rows, &columns);
    const float *w2 = fx_mlp_weights(mlp, 1, &rows, &columns);
    by_hand(x, labels, w1, w2, dw1, dw2);
    for (size_t i = 0; i < (size_t)D * H + (size_t)H * OUT; i++) {
        double expected = i < (size_t)D * H ? dw1[i] : dw2[i - (size_t)D * H];
        worst = fmax(worst, fabs(N * (double)gradient[i] - expected)); // the library's is a mean
        largest = fmax(largest, fabs(expected));
    }
    *out = worst / largest;
done:
    fx_mlp_destroy(mlp);
    return status;
}

static fx_status draw(const double *losses, sheet *sheet, fx_error *error) {
    double *steps, golden[2][COUNT(numpy)];
    TRY(sheet_array(sheet, STEPS, sizeof *steps, &steps, error));
    double *ours, *at;
    TRY(sheet_array(sheet, 500, sizeof *ours, &ours, error));
    TRY(sheet_array(sheet, 500, sizeof *at, &at, error));
    for (int i = 0; i < 500; i++) { // evenly along the logarithmic axis
        int step = (int)pow(STEPS, i / 499.0);
        at[i] = step;
        ours[i] = losses[step - 1];
    }
    for (size_t i = 0; i < COUNT(numpy); i++) {
        golden[0][i] = numpy[i].step;
        golden[1][i] = numpy[i].loss;
    }
    const series lines[] = {
        {"this library, float32", LINE, 2, 500, at, ours, NULL, NULL},
        {"NumPy, float64", RINGS, 1, COUNT(numpy), golden[0], golden[1], NULL, NULL},
    };
    sheet_chart(sheet,
                &(chart){.title = "The loss, step by step",
                         .x_label = "step",
                         .y_label = "sum of squared errors",
                         .x = {1, STEPS},
                         .y = {1e-5, 1e5},
                         .log_x = true,
                         .log_y = true,
                         .count = COUNT(lines),
                         .series = lines},
                "The loss over ten thousand steps, and NumPy's at some of them");
    return FX_OK;
}

static fx_status run(const lecture *lecture, sheet *sheet, fx_error *error) {
    float *targets;
    double *losses, early = 0, late = 0, gradients;
    fx_matrix x = {.rows = N, .columns = D};
    fx_mlp *mlp = NULL;
    fx_history history = {0};
    fx_status status;
    TRY_GOTO(sheet_array(sheet, (size_t)N * D, sizeof *x.data, &x.data, error));
    TRY_GOTO(sheet_array(sheet, (size_t)N * OUT, sizeof *targets, &targets, error));
    TRY_GOTO(sheet_array(sheet, STEPS, sizeof *losses, &losses, error));
    normal(0, (size_t)N * D, x.data);
    normal(100000, (size_t)N * OUT, targets);

    fx_samples samples = fx_samples_of_matrix(&x, NULL);
    samples.targets = targets;
    fx_training_params training = fx_training_defaults();
    training.epochs = STEPS; // a batch holds all samples, so that an epoch is a step
    training.batch_size = N;
    training.optimizer = FX_SGD;
    training.learning_rate = 1e-4F;
    training.momentum = 0;
    training.weight_decay = 0;
    training.schedule = FX_SCHEDULE_CONSTANT;
    training.reduction = FX_REDUCTION_SUM;
    training.standardize = false;
    TRY_GOTO(create(&mlp, error));
    TRY_GOTO(fx_train(mlp, &training, &samples, NULL, lecture->seed, lecture->progress, &history,
                      error));
    for (int i = 0; i < STEPS; i++) losses[i] = N * history.epochs[i].train_loss;
    for (size_t i = 0; i < COUNT(numpy); i++) {
        double off = fabs(losses[numpy[i].step - 1] / numpy[i].loss - 1);
        if (numpy[i].step <= FIRST) early = fmax(early, off);
        late = fmax(late, off);
    }
    TRY_GOTO(gradient_difference(x.data, sheet, &gradients, error));
    TRY_GOTO(draw(losses, sheet, error));

    sheet_shows(sheet, "loss before the first step", plain(losses[0]));
    sheet_shows(sheet, "loss before step 10,000", plain(losses[STEPS - 1]));
    sheet_at_most(sheet, "largest relative difference from NumPy, first 1,000 steps", plain(early),
                  1e-4);
    sheet_at_most(sheet, "the same, all 10,000 steps", plain(late), 1e-2);
    sheet_at_most(sheet,
                  "gradients by the formulas, against the library: largest relative difference",
                  plain(gradients), 1e-5);
done:
    fx_history_destroy(&history);
    fx_mlp_destroy(mlp);
    return status;
}

const claim l15 = {
    "L15",
    "l15_twenty_lines.c",
    "A two-layer network in twenty lines",
    "64 samples, 1,000 inputs, 100 hidden sigmoid units, 10 outputs, no bias; loss: the sum of "
    "squared errors; plain gradient descent, step 1e-4, 10,000 steps. With h = sigmoid(x·W1), "
    "y' = h·W2, L = Σ(y' − y)²: dL/dy' = 2(y' − y), dL/dW2 = hᵀ·dL/dy', dL/dh = dL/dy'·W2ᵀ, "
    "dL/dW1 = xᵀ·(dL/dh ∘ h ∘ (1 − h)).",
    "The same network in this library, from the same weights and data, all 10,000 steps; and one "
    "gradient multiplied out by hand.",
    run,
};
