// Optimizers over tiles, and schedules.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/nn/optimizer.h"

// A tile of a matrix is updated as a run of its own is, and nothing beside it.
Test(optimizer, tiles) {
    enum { ROWS = 13, COLUMNS = 37, COUNT = ROWS * COLUMNS };
    for (int kind = FX_SGD; kind <= FX_ADAMW; kind++) {
        fx_training_params params = fx_training_defaults();
        params.optimizer = kind;
        params.weight_decay = 0.5f;
        fx__optimizer whole, tiled;
        cr_assert_eq(fx__optimizer_create(&params, COUNT, 0, &whole, NULL), FX_OK);
        cr_assert_eq(fx__optimizer_create(&params, COUNT, 0, &tiled, NULL), FX_OK);
        float a[COUNT], b[COUNT], g[COUNT];
        for (int i = 0; i < COUNT; i++) a[i] = b[i] = (float)(i % 11) - 5;
        for (int step = 0; step < 3; step++) {
            for (int i = 0; i < COUNT; i++) g[i] = (float)((i * 7 + step) % 13) * 0.25f - 1;
            fx__optimizer_begin(&whole, 0.25);
            fx__optimizer_update(&whole, a, 0, 1, COUNT, COUNT, g, COUNT, true);
            fx__optimizer_begin(&tiled, 0.25);
            for (size_t i = 0; i < ROWS; i += 5)
                for (size_t j = 0; j < COLUMNS; j += 8) {
                    size_t rows = ROWS - i < 5 ? ROWS - i : 5;
                    size_t columns = COLUMNS - j < 8 ? COLUMNS - j : 8;
                    float part[5 * 8];
                    for (size_t r = 0; r < rows; r++)
                        memcpy(part + r * 8, g + (i + r) * COLUMNS + j, columns * sizeof *part);
                    fx__optimizer_update(&tiled, b, i * COLUMNS + j, rows, columns, COLUMNS, part,
                                         8, true);
                }
            cr_assert(memcmp(a, b, sizeof a) == 0);
        }
        // Weights decay, other parameters do not.
        float w[2] = {1, 1};
        const float none[2] = {0};
        memset(whole.moments, 0, 2 * sizeof *whole.moments);
        fx__optimizer_begin(&whole, 0.25);
        fx__optimizer_update(&whole, w, 0, 1, 1, 1, none, 1, true);
        fx__optimizer_update(&whole, w, 1, 1, 1, 1, none, 1, false);
        cr_assert(w[0] < 1 && w[1] == 1);
        fx__optimizer_destroy(&whole);
        fx__optimizer_destroy(&tiled);
    }
}

Test(optimizer, first_step_of_adamw_is_the_rate_against_the_sign) {
    fx_training_params params = fx_training_defaults();
    fx__optimizer optimizer;
    cr_assert_eq(fx__optimizer_create(&params, 3, 0, &optimizer, NULL), FX_OK);
    float w[3] = {1, 1, 1};
    const float g[3] = {1e-3f, -20, 0};
    fx__optimizer_begin(&optimizer, 0.01);
    fx__optimizer_update(&optimizer, w, 0, 1, 3, 3, g, 3, false);
    cr_assert_float_eq(w[0], 0.99f, 1e-6); // ε / |g| = 1e-5 of the step of 0.01
    cr_assert_float_eq(w[1], 1.01f, 1e-6);
    cr_assert_eq(w[2], 1);
    fx__optimizer_destroy(&optimizer);
}

// Every order of magnitude that gradients can have, and none. A step has some ten operations, each
// rounded by up to 6e-8.
Test(optimizer, adamw_in_double_precision) {
    enum { COUNT = 67, STEPS = 3 };
    fx_training_params params = fx_training_defaults();
    params.weight_decay = 0;
    fx__optimizer optimizer;
    cr_assert_eq(fx__optimizer_create(&params, COUNT, 0, &optimizer, NULL), FX_OK);
    float w[COUNT], g[COUNT];
    double m[COUNT] = {0}, v[COUNT] = {0};
    for (int step = 1; step <= STEPS; step++) {
        memset(w, 0, sizeof w); // so that a step is all there is of them
        for (int i = 0; i < COUNT; i++)
            g[i] = i == 0 ? 0 : (float)((step == 2 ? -0.7 : 1.3) * pow(10, 0.5 * i - 15));
        fx__optimizer_begin(&optimizer, 0.01);
        fx__optimizer_update(&optimizer, w, 0, 1, COUNT, COUNT, g, COUNT, true);
        for (int i = 0; i < COUNT; i++) {
            m[i] = 0.9 * m[i] + 0.1 * (double)g[i];
            v[i] = (double)0.999f * v[i] + (double)0.001f * (double)g[i] * (double)g[i];
            double expected = -0.01 * (m[i] / (1 - pow(0.9, step))) /
                              (sqrt(v[i] / (1 - pow(0.999, step))) + 1e-8);
            cr_assert(fabs((double)w[i] - expected) <= 1e-6 * fabs(expected),
                      "gradient %g, step %d: found %.9g, expected %.9g", (double)g[i], step,
                      (double)w[i], expected);
        }
    }
    // Of a square beyond the largest float nothing is learned.
    const float huge = 1e30f;
    w[0] = 1;
    fx__optimizer_update(&optimizer, w, 0, 1, 1, 1, &huge, 1, true);
    cr_assert_eq(w[0], 1);
    fx__optimizer_destroy(&optimizer);
}

static double rate(int schedule, float top, int epoch, int epochs, size_t step, size_t steps) {
    fx_training_params params = fx_training_defaults();
    params.schedule = schedule;
    params.learning_rate = top;
    params.epochs = epochs;
    return fx__scheduled_rate(&params, epoch, step, steps);
}

Test(optimizer, schedules) {
    for (size_t step = 0; step < 100; step++)
        cr_assert_eq(rate(FX_SCHEDULE_CONSTANT, 0.5, (int)step / 10, 10, step, 100), 0.5);
    const double steps_of_8[] = {1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01};
    for (int epoch = 0; epoch < 8; epoch++)
        cr_assert_float_eq(rate(FX_SCHEDULE_STEP, 2, epoch, 8, 0, 1), 2 * steps_of_8[epoch], 1e-15);
    const double steps_of_5[] = {1, 1, 1, 0.1, 0.01}; // 1/2 and 3/4 of 5 epochs, rounded up
    for (int epoch = 0; epoch < 5; epoch++)
        cr_assert_float_eq(rate(FX_SCHEDULE_STEP, 1, epoch, 5, 0, 1), steps_of_5[epoch], 1e-15);
    cr_assert_eq(rate(FX_SCHEDULE_COSINE, 3, 0, 10, 0, 100), 3);
    cr_assert_float_eq(rate(FX_SCHEDULE_COSINE, 3, 5, 10, 50, 100), 1.5, 1e-12);
    cr_assert_float_eq(rate(FX_SCHEDULE_COSINE, 3, 2, 10, 25, 100), 1.5 * (1 + sqrt(0.5)), 1e-12);
    double last = rate(FX_SCHEDULE_COSINE, 3, 9, 10, 99, 100);
    cr_assert(last > 0 && last < 0.001);
    // One cycle: a 25th, the top at 3/10, half-way between there and the end at 13/20.
    cr_assert_float_eq(rate(FX_SCHEDULE_ONE_CYCLE, 5, 0, 10, 0, 100), 0.2, 1e-12);
    cr_assert_float_eq(rate(FX_SCHEDULE_ONE_CYCLE, 5, 1, 10, 15, 100), 2.6, 1e-12);
    cr_assert_float_eq(rate(FX_SCHEDULE_ONE_CYCLE, 5, 3, 10, 30, 100), 5, 1e-12);
    cr_assert_float_eq(rate(FX_SCHEDULE_ONE_CYCLE, 5, 6, 10, 65, 100), 2.50001, 1e-12);
    cr_assert(rate(FX_SCHEDULE_ONE_CYCLE, 5, 9, 10, 99, 100) < 0.01);
}

Test(optimizer, warmup) {
    fx_training_params params = fx_training_defaults();
    params.schedule = FX_SCHEDULE_CONSTANT;
    params.learning_rate = 4;
    params.epochs = 10;
    params.warmup = 2; // epochs of 5 steps
    for (size_t step = 0; step < 50; step++)
        cr_assert_float_eq(fx__scheduled_rate(&params, (int)step / 5, step, 50),
                           step < 10 ? 0.4 * (double)(step + 1) : 4, 1e-12);
}

Test(optimizer, average_follows_the_weights) {
    fx_training_params params = fx_training_defaults();
    params.optimizer = FX_SGD;
    params.momentum = 0;
    params.weight_decay = 0;
    params.average = 0.5f;
    fx__optimizer optimizer;
    cr_assert_eq(fx__optimizer_create(&params, 2, 1, &optimizer, NULL), FX_OK);
    float w[2] = {1, -1};
    const float g[2] = {-1, 1}, statistic = 8;
    memcpy(optimizer.average, w, sizeof w);
    double expected = 1;
    for (int t = 1; t <= 20; t++) {
        fx__optimizer_begin(&optimizer, 1);
        fx__optimizer_update(&optimizer, w, 0, 1, 2, 2, g, 2, true);
        fx__optimizer_average(&optimizer, 2, 1, &statistic);
        double decay = fmin(0.5, (1.0 + t) / (10.0 + t));
        expected += (1 - decay) * (1 + t - expected);
        cr_assert_float_eq(optimizer.average[0], expected, 1e-5); // floats of about 20
        cr_assert_eq(optimizer.average[1], -optimizer.average[0]);
    }
    cr_assert_float_eq(optimizer.average[2], 8, 1e-2);
    fx__optimizer_destroy(&optimizer);
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
