// Mixup, max-norm, clipping and averaging, where they can be told from what they leave behind.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "featx/training.h"
#include "src/nn/max_norm.h"
#include "src/nn/mixup.h"

enum { SAMPLES = 40, INPUTS = 6, CLASSES = 3 };

Test(mixup, parts_follow_the_beta_distribution) {
    // Mean 1/2 and variance 1 / (4 (2 α + 1)); of 20,000 draws, five standard errors.
    enum { DRAWS = 20000 };
    const float alphas[] = {0.2f, 1, 4};
    for (int a = 0; a < 3; a++) {
        double sum = 0, squares = 0;
        for (uint64_t i = 0; i < DRAWS; i++) {
            double part = (double)fx__mixup_part(7, 1, i, alphas[a]);
            cr_assert(part >= 0 && part <= 1);
            sum += part;
            squares += (part - 0.5) * (part - 0.5);
        }
        double variance = 1 / (4 * (2 * (double)alphas[a] + 1));
        cr_assert(fabs(sum / DRAWS - 0.5) <= 5 * sqrt(variance / DRAWS));
        cr_assert(fabs(squares / DRAWS - variance) <= 5 * 0.25 / sqrt(DRAWS));
    }
    cr_assert(fx__mixup_part(7, 1, 0, 1) != fx__mixup_part(7, 2, 0, 1));
    cr_assert_eq(fx__mixup_part(7, 1, 3, 1), fx__mixup_part(7, 1, 3, 1));
}

Test(mixup, rows_meet_from_both_ends) {
    float x[] = {1, 0, /**/ 5, 5, /**/ 3, 4};
    fx__mixup_rows(3, 2, 0.75f, x);
    const float expected[] = {1.5f, 1, /**/ 5, 5, /**/ 2.5f, 3};
    cr_assert_arr_eq(x, expected, sizeof x);
}

static fx_mlp *network(void) {
    fx_mlp_params params = fx_mlp_defaults();
    params.hidden = (fx_int_list){2, {70, 9}};
    params.batch_norm = false;
    params.dropout = params.input_dropout = 0;
    fx_mlp *mlp;
    cr_assert_eq(fx_mlp_create(&params, INPUTS, CLASSES, 1, &mlp, NULL), FX_OK);
    return mlp;
}

static double longest_column(const fx__layer *layer) {
    double longest = 0;
    for (size_t j = 0; j < layer->columns; j++) {
        double squares = 0;
        for (size_t i = 0; i < layer->inputs; i++)
            squares += pow((double)layer->weights[i * layer->columns + j], 2);
        longest = fmax(longest, sqrt(squares));
    }
    return longest;
}

Test(max_norm, long_weights_are_shortened_and_short_ones_left) {
    fx_mlp *mlp = network();
    float before[INPUTS * 70];
    memcpy(before, mlp->layers[0].weights, sizeof before);
    const double last = longest_column(&mlp->layers[2]);
    fx__max_norm(mlp, 100);
    cr_assert_arr_eq(mlp->layers[0].weights, before, sizeof before);
    fx__max_norm(mlp, 0.125f);
    for (size_t l = 0; l < 2; l++) // a rounding a weight
        cr_assert_float_eq(longest_column(&mlp->layers[l]), 0.125, 1e-6);
    cr_assert_eq(longest_column(&mlp->layers[2]), last);
    fx_mlp_destroy(mlp);
}

// How far a training of one step goes, and where.
static double step_length(fx_training_params params) {
    fx_mlp *mlp = network();
    const size_t count = fx_mlp_parameters(mlp);
    float *before = malloc(count * sizeof *before);
    memcpy(before, fx_mlp_parameter_block(mlp), count * sizeof *before);
    fx_matrix x;
    int labels[SAMPLES];
    cr_assert_eq(fx_matrix_create(SAMPLES, INPUTS, &x, NULL), FX_OK);
    for (size_t i = 0; i < SAMPLES; i++) {
        labels[i] = (int)(i % CLASSES);
        for (size_t j = 0; j < INPUTS; j++)
            x.data[i * INPUTS + j] = (float)((i * 31 + j * 17) % 13) - 6;
    }
    fx_samples samples = fx_samples_of_matrix(&x, labels);
    cr_assert_eq(fx_train(mlp, &params, &samples, NULL, 1, NULL, NULL, NULL), FX_OK);
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += pow((double)(fx_mlp_parameter_block(mlp)[i] - before[i]), 2);
    free(before);
    fx_matrix_destroy(&x);
    fx_mlp_destroy(mlp);
    return sqrt(squares);
}

Test(clipping, a_step_is_as_long_as_the_limit_or_as_it_was) {
    fx_training_params params = fx_training_defaults();
    params.optimizer = FX_SGD;
    params.momentum = params.weight_decay = 0;
    params.epochs = 1;
    params.batch_size = SAMPLES;
    params.learning_rate = 1;
    params.schedule = FX_SCHEDULE_CONSTANT;
    params.standardize = false;
    const double whole = step_length(params);
    params.gradient_clip = (float)(whole / 4);
    cr_assert_float_eq(step_length(params), whole / 4, 1e-5 * whole); // weights of about 1 in float
    params.gradient_clip = (float)(whole * 2);
    cr_assert_float_eq(step_length(params), whole, 1e-6 * whole);
    params.gradient_clip = 0;
    // The average began at the initial weights; its first step is 9/11 of the way.
    params.average = 0.99f;
    cr_assert_float_eq(step_length(params), whole * 9 / 11, 1e-5 * whole);
}
