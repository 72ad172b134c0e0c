// Optimizers over groups and pieces, and schedules.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "featx/threads.h"
#include "src/nn/optimizer.h"

// Many more parameters than a piece, two groups, a gap between them.
static float *run(int kind, int threads) {
    enum { FIRST = 50001, GAP = 7, SECOND = 333, COUNT = FIRST + GAP + SECOND };
    const fx__parameter_group groups[] = {{0, FIRST, true}, {FIRST, GAP + SECOND, false}};
    fx_training_params params = fx_training_defaults();
    params.optimizer = kind;
    params.weight_decay = 0.5f;
    fx__optimizer optimizer;
    fx_threads_set(threads);
    cr_assert_eq(fx__optimizer_create(&params, groups, 2, &optimizer, NULL), FX_OK);
    float *w = malloc(COUNT * sizeof *w), *g = malloc(COUNT * sizeof *g);
    for (int i = 0; i < COUNT; i++) w[i] = 1, g[i] = 0.125f;
    for (int step = 0; step < 3; step++) fx__optimizer_step(&optimizer, w, g, 0.25);
    // Equal parameters with equal gradients stay equal, at both ends of every piece.
    for (int i = 0; i < COUNT; i++) cr_assert_eq(w[i], w[i < FIRST ? 0 : FIRST]);
    cr_assert(w[0] < w[FIRST], "weights decay, other parameters do not");
    fx__optimizer_destroy(&optimizer);
    free(g);
    w[1] = w[FIRST];
    return w;
}

Test(optimizer, groups_pieces_threads) {
    for (int kind = FX_SGD; kind <= FX_ADAMW; kind++) {
        float *expected = run(kind, 1);
        for (int threads = 2; threads <= 7; threads += 5) {
            float *found = run(kind, threads);
            cr_assert(memcmp(found, expected, 2 * sizeof *found) == 0);
            free(found);
        }
        free(expected);
    }
}

Test(optimizer, first_step_of_adamw_is_the_rate_against_the_sign) {
    const fx__parameter_group group = {0, 3, false};
    fx_training_params params = fx_training_defaults();
    fx__optimizer optimizer;
    cr_assert_eq(fx__optimizer_create(&params, &group, 1, &optimizer, NULL), FX_OK);
    float w[3] = {1, 1, 1};
    const float g[3] = {1e-3f, -20, 0};
    fx__optimizer_step(&optimizer, w, g, 0.01);
    cr_assert_float_eq(w[0], 0.99f, 1e-6); // ε / |g| = 1e-5 of the step of 0.01
    cr_assert_float_eq(w[1], 1.01f, 1e-6);
    cr_assert_eq(w[2], 1);
    fx__optimizer_destroy(&optimizer);
}

Test(optimizer, schedules) {
    for (size_t step = 0; step < 100; step++)
        cr_assert_eq(fx__scheduled_rate(FX_SCHEDULE_CONSTANT, 0.5, (int)step / 10, 10, step, 100),
                     0.5);
    const double steps_of_8[] = {1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01};
    for (int epoch = 0; epoch < 8; epoch++)
        cr_assert_float_eq(fx__scheduled_rate(FX_SCHEDULE_STEP, 2, epoch, 8, 0, 1),
                           2 * steps_of_8[epoch], 1e-15);
    const double steps_of_5[] = {1, 1, 1, 0.1, 0.01}; // 1/2 and 3/4 of 5 epochs, rounded up
    for (int epoch = 0; epoch < 5; epoch++)
        cr_assert_float_eq(fx__scheduled_rate(FX_SCHEDULE_STEP, 1, epoch, 5, 0, 1),
                           steps_of_5[epoch], 1e-15);
    cr_assert_eq(fx__scheduled_rate(FX_SCHEDULE_COSINE, 3, 0, 10, 0, 100), 3);
    cr_assert_float_eq(fx__scheduled_rate(FX_SCHEDULE_COSINE, 3, 5, 10, 50, 100), 1.5, 1e-12);
    cr_assert_float_eq(fx__scheduled_rate(FX_SCHEDULE_COSINE, 3, 2, 10, 25, 100),
                       1.5 * (1 + sqrt(0.5)), 1e-12);
    double last = fx__scheduled_rate(FX_SCHEDULE_COSINE, 3, 9, 10, 99, 100);
    cr_assert(last > 0 && last < 0.001);
}

Test(optimizer, auto_values) {
    fx_training_params params = fx_training_defaults();
    params.epochs = 0;
    params.learning_rate = 0;
    params.optimizer = FX_ADAMW;
    cr_assert_eq(fx_training_resolve(&params, 20000).epochs, 20);
    cr_assert_eq(fx_training_resolve(&params, 50000).epochs, 20);
    cr_assert_eq(fx_training_resolve(&params, 5000).epochs, 40);
    cr_assert_eq(fx_training_resolve(&params, 100).epochs, 100);
    cr_assert_eq(fx_training_resolve(&params, 100).learning_rate, 0.003f);
    params.optimizer = FX_SGD;
    params.epochs = 3;
    cr_assert_eq(fx_training_resolve(&params, 100).learning_rate, 0.01f);
    cr_assert_eq(fx_training_resolve(&params, 100).epochs, 3);
    params.learning_rate = 0.5f;
    cr_assert_eq(fx_training_resolve(&params, 100).learning_rate, 0.5f);
}
