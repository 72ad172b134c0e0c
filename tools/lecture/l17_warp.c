// L17: a network warps the plane until a line is enough.
//
// The last hidden layer has two units, so that what it makes of the plane can be drawn: a square
// grid and the points of the ring problem, as they arrive there, after more and more training. The
// last layer is linear: its border there is a straight line.
#include <math.h>
#include <stdio.h>

#include "tools/lecture/lecture.h"

enum { TRAIN = 400, TEST = 1000, LINES = 13, STEPS = 49, FRAMES = 5, WIDE = 16 };

static const int epochs[FRAMES] = {0, 2, 8, 30, 100};

// The lines of a square grid, joined; a NaN parts them. [2 · LINES · (STEPS + 1)] points.
static void make_grid(float *out) {
    for (int axis = 0; axis < 2; axis++)
        for (int line = 0; line < LINES; line++)
            for (int step = 0; step <= STEPS; step++, out += 2) {
                float along = 5.0F * (float)step / (STEPS - 1) - 2.5F;
                out[axis] = step == STEPS ? 0 : along;
                out[1 - axis] = 5.0F * (float)line / (LINES - 1) - 2.5F;
            }
}

// Lines of the grid, as warped by the layers so far.
static fx_status grid_series(const fx_mlp *mlp, sheet *sheet, series *out, fx_error *error) {
    enum { POINTS_DRAWN = 2 * LINES * (STEPS + 1) };
    float *plane, *warped;
    double *x, *y;
    TRY(sheet_array(sheet, 2 * POINTS_DRAWN, sizeof *plane, &plane, error));
    TRY(sheet_array(sheet, 2 * POINTS_DRAWN, sizeof *warped, &warped, error));
    TRY(sheet_array(sheet, POINTS_DRAWN, sizeof *x, &x, error));
    TRY(sheet_array(sheet, POINTS_DRAWN, sizeof *y, &y, error));
    make_grid(plane);
    if (mlp) TRY(fx_mlp_hidden(mlp, 1, plane, POINTS_DRAWN, warped, error));
    const float *at = mlp ? warped : plane;
    for (int i = 0; i < POINTS_DRAWN; i++) {
        bool gap = i % (STEPS + 1) == STEPS;
        x[i] = gap ? NAN : (double)at[2 * i];
        y[i] = gap ? NAN : (double)at[2 * i + 1];
    }
    *out = (series){"grid", THIN, 6, POINTS_DRAWN, x, y, NULL, NULL};
    return FX_OK;
}

// Border of the last layer in the warped plane: where (w1 − w0) · h + b1 − b0 is 0.
static fx_status border_series(fx_mlp *mlp, sheet *sheet, series *out, fx_error *error) {
    enum { GRID = 61 };
    size_t rows, columns;
    const float *w = fx_mlp_weights(mlp, 2, &rows, &columns), *b = fx_mlp_biases(mlp, 2);
    double *values;
    TRY(sheet_array(sheet, GRID * GRID, sizeof *values, &values, error));
    for (int i = 0; i < GRID * GRID; i++) {
        const int column = i % GRID, row = i / GRID;
        double u = 2.4 * column / (GRID - 1) - 1.2, v = 2.4 * row / (GRID - 1) - 1.2;
        values[i] = u * (double)(w[1] - w[0]) + v * (double)(w[3] - w[2]) + (double)(b[1] - b[0]);
    }
    TRY(zero_line(values, GRID, -1.2, 1.2, sheet, out, error));
    out->name = "border of the last layer";
    return FX_OK;
}

static fx_status draw(fx_mlp *mlp, int epoch, const fx_matrix *x, const int *labels, sheet *sheet,
                      fx_error *error) {
    fx_matrix warped = {.rows = x->rows, .columns = 2};
    series drawn[4] = {0};
    char title[64];
    const double reach = mlp ? 1.2 : 2.8;
    TRY(sheet_array(sheet, 2 * x->rows, sizeof(float), &warped.data, error));
    if (mlp) TRY(fx_mlp_hidden(mlp, 1, x->data, x->rows, warped.data, error));
    TRY(grid_series(mlp, sheet, &drawn[0], error));
    TRY(class_points(mlp ? &warped : x, labels, 0, "class 0", sheet, &drawn[1], error));
    TRY(class_points(mlp ? &warped : x, labels, 1, "class 1", sheet, &drawn[2], error));
    if (mlp) TRY(border_series(mlp, sheet, &drawn[3], error));
    snprintf(title, sizeof title, mlp ? "After %d epochs" : "The plane itself", epoch);
    sheet_chart(sheet,
                &(chart){.title = title,
                         .x_label = mlp ? "first unit of the last hidden layer" : "x",
                         .y_label = mlp ? "second unit" : "y",
                         .x = {-reach, reach},
                         .y = {-reach, reach},
                         .equal = true,
                         .count = mlp ? 4 : 3,
                         .series = drawn},
                "A square grid and the points of two classes, as the hidden layers place them");
    return FX_OK;
}

// Test accuracy of a linear classifier that is trained on what layer `layer` passes on.
static fx_status probe(const lecture *lecture, const fx_mlp *mlp, size_t layer, size_t width,
                       const fx_matrix *x, const int *labels, const fx_matrix *test,
                       int *predictions, fx_error *error) {
    fx_matrix rows[2] = {0};
    fx_mlp *linear = NULL;
    fx_status status;
    const fx_mlp_params params = network(FX_IDENTITY, 0, 0, 0);
    fx_training_params training = fx_training_defaults();
    training.epochs = 100;
    training.batch_size = 32;
    for (int k = 0; k < 2; k++) {
        const fx_matrix *from = k ? test : x;
        TRY_GOTO(fx_matrix_create(from->rows, width, &rows[k], error));
        TRY_GOTO(fx_mlp_hidden(mlp, layer, from->data, from->rows, rows[k].data, error));
    }
    const fx_samples samples = fx_samples_of_matrix(&rows[0], labels);
    TRY_GOTO(fx_mlp_create(&params, width, 2, lecture->seed, &linear, error));
    TRY_GOTO(fx_train(linear, &training, &samples, NULL, lecture->seed, NULL, NULL, error));
    TRY_GOTO(predict(linear, &rows[1], predictions, error));
done:
    fx_mlp_destroy(linear);
    fx_matrix_destroy(&rows[0]);
    fx_matrix_destroy(&rows[1]);
    return status;
}

static fx_status run(const lecture *lecture, sheet *sheet, fx_error *error) {
    fx_matrix x, test;
    int *labels, *test_labels, predictions[FRAMES][TEST], linear[2][TEST];
    const fx_mlp_params params = network(FX_TANH, WIDE, 2, 0);
    fx_mlp *mlp;
    fx_status status;
    TRY(ring_points(lecture->seed, 0, TRAIN, sheet, &x, &labels, error));
    TRY(ring_points(lecture->seed, 1, TEST, sheet, &test, &test_labels, error));
    const fx_samples samples = fx_samples_of_matrix(&x, labels);
    fx_training_params training = fx_training_defaults();
    training.batch_size = 32;
    training.learning_rate = 0.01F;
    training.schedule = FX_SCHEDULE_CONSTANT;
    TRY(draw(NULL, 0, &x, labels, sheet, error));
    TRY(fx_mlp_create(&params, 2, 2, lecture->seed, &mlp, error));
    for (int f = 0; f < FRAMES; f++) {
        training.epochs = f ? epochs[f] - epochs[f - 1] : 0;
        if (f > 0)
            TRY_GOTO(fx_train(mlp, &training, &samples, NULL, lecture->seed, lecture->progress,
                              NULL, error));
        TRY_GOTO(draw(mlp, epochs[f], &x, labels, sheet, error));
        TRY_GOTO(predict(mlp, &test, predictions[f], error));
    }
    TRY_GOTO(probe(lecture, mlp, 0, WIDE, &x, labels, &test, linear[0], error));
    TRY_GOTO(probe(lecture, mlp, 1, 2, &x, labels, &test, linear[1], error));

    sheet_at_most(sheet, "a line in the warped plane before training: test accuracy",
                  accuracy(test_labels, predictions[0], TEST), 0.8);
    sheet_at_least(sheet, "a line in the warped plane after 100 epochs: test accuracy",
                   accuracy(test_labels, predictions[FRAMES - 1], TEST), 0.98);
    sheet_at_least(sheet, "a fresh linear classifier on the first hidden layer, 16 units",
                   accuracy(test_labels, linear[0], TEST), 0.98);
    sheet_at_least(sheet, "a fresh linear classifier on the second, 2 units",
                   accuracy(test_labels, linear[1], TEST), 0.98);
done:
    fx_mlp_destroy(mlp);
    return status;
}

const claim l17 = {
    "L17",
    "l17_warp.c",
    "Space warping",
    "A network warps its input space, layer by layer, until the classes can be separated "
    "linearly.",
    "The points of L1 (no line divides them) in a network of two hidden layers, of 16 and 2 tanh "
    "units. What the second makes of the plane, frame by frame.",
    run,
};
