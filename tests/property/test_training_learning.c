// What the lecture says of linear and nonlinear classifiers, on points of the plane.
#include <criterion/criterion.h>
#include <math.h>

#include "featx/rng.h"
#include "featx/training.h"

enum { SAMPLES = 2000 };

typedef void draw(fx_rng *rng, float *x, int *label);

// L1: one class inside a ring of the other. The ring is so close that no line gets more than 60 %
// right: one at distance d from the center has all but a segment of the disc on one side, and
// arccos(d / 1.1) / π of the ring on the other; the mean of the two is at most 0.595, at d = 0.75.
static void ring(fx_rng *rng, float *x, int *label) {
    *label = (int)fx_rng_below(rng, 2);
    double uniform = fx_rng_uniform(rng), radius = *label ? 1.05 + 0.1 * uniform : sqrt(uniform);
    double angle = 6.283185307179586 * fx_rng_uniform(rng);
    x[0] = (float)(radius * cos(angle));
    x[1] = (float)(radius * sin(angle));
}

// L3: the same points in polar coordinates.
static void polar_ring(fx_rng *rng, float *x, int *label) {
    float cartesian[2];
    ring(rng, cartesian, label);
    x[0] = hypotf(cartesian[0], cartesian[1]);
    x[1] = atan2f(cartesian[1], cartesian[0]);
}

// Of its four corners a line can have three on the right sides.
static void exclusive_or(fx_rng *rng, float *x, int *label) {
    int a = (int)fx_rng_below(rng, 2), b = (int)fx_rng_below(rng, 2);
    *label = a ^ b;
    x[0] = (float)(a + 0.1 * fx_rng_normal(rng));
    x[1] = (float)(b + 0.1 * fx_rng_normal(rng));
}

// Accuracy on points that training has not seen.
static double accuracy(draw *points, fx_int_list hidden, int activation, int epochs) {
    fx_matrix x;
    int labels[SAMPLES], unseen[SAMPLES], correct = 0;
    float test[2 * SAMPLES], scores[2 * SAMPLES];
    cr_assert_eq(fx_matrix_create(SAMPLES, 2, &x, NULL), FX_OK);
    for (size_t i = 0; i < SAMPLES; i++) {
        fx_rng a = fx_rng_at(1, FX_RNG_USER, 0, i), b = fx_rng_at(1, FX_RNG_USER, 1, i);
        points(&a, x.data + 2 * i, &labels[i]);
        points(&b, test + 2 * i, &unseen[i]);
    }
    fx_mlp_params params = fx_mlp_defaults();
    params.hidden = hidden;
    params.activation = activation;
    params.pieces = 3;
    params.dropout = params.input_dropout = 0;
    params.batch_norm = false; // the gap is narrower than the noise of a batch of 32
    fx_training_params training = fx_training_defaults();
    training.epochs = epochs;
    training.batch_size = 32;
    training.learning_rate = 0.02f;
    fx_mlp *mlp;
    cr_assert_eq(fx_mlp_create(&params, 2, 2, 1, &mlp, NULL), FX_OK);
    fx_samples samples = fx_samples_of_matrix(&x, labels);
    cr_assert_eq(fx_train(mlp, &training, &samples, NULL, 1, NULL, NULL, NULL), FX_OK);
    cr_assert_eq(fx_mlp_predict(mlp, test, SAMPLES, scores, NULL), FX_OK);
    for (size_t i = 0; i < SAMPLES; i++)
        correct += (scores[2 * i + 1] > scores[2 * i]) == unseen[i];
    fx_mlp_destroy(mlp);
    fx_matrix_destroy(&x);
    return (double)correct / SAMPLES;
}

static const fx_int_list none = {0}, one = {1, {32}}, two = {2, {16, 16}};
static const double noise = 0.03; // three standard errors of an accuracy of 0.6 on 2,000 points

Test(training_learning, ring) {
    double linear = accuracy(ring, none, FX_RELU, 10);
    cr_assert(linear <= 0.6 + noise, "linear: %g", linear);
    // L13: depth without an activation does not help.
    double deep_linear = accuracy(ring, two, FX_IDENTITY, 10);
    cr_assert(deep_linear <= 0.6 + noise, "deep and linear: %g", deep_linear);
    double transformed = accuracy(polar_ring, none, FX_RELU, 10);
    cr_assert(transformed > 0.95, "linear on polar coordinates: %g", transformed);
    for (int activation = FX_SIGMOID; activation <= FX_MAXOUT; activation++) {
        double mlp = accuracy(ring, one, activation, 60);
        cr_assert(mlp > 0.95, "activation %d: %g", activation, mlp);
    }
}

Test(training_learning, exclusive_or) {
    double linear = accuracy(exclusive_or, none, FX_RELU, 10);
    cr_assert(linear <= 0.75 + noise, "linear: %g", linear);
    for (int activation = FX_SIGMOID; activation <= FX_MAXOUT; activation++) {
        double mlp = accuracy(exclusive_or, one, activation, 10);
        cr_assert(mlp > 0.95, "activation %d: %g", activation, mlp);
    }
}
