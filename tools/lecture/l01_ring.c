// L1: a class inside a ring of the other.
//
// A linear classifier divides the plane along a line. Trained, it finds one of the better lines; to
// show that none is good enough, all lines are tried: 360 directions, every offset that lies
// between two points.
#include <math.h>
#include <stdlib.h>

#include "tools/lecture/lecture.h"

enum { TRAIN = 400, TEST = 1000, GRID = 81, DIRECTIONS = 360 };

typedef struct projected {
    double along;
    int label;
} projected;

static int by_position(const void *left, const void *right) {
    double a = ((const projected *)left)->along, b = ((const projected *)right)->along;
    return (a > b) - (a < b);
}

// The most points that any line has on their right sides.
static fx_status best_line(const fx_matrix *x, const int *labels, sheet *sheet, size_t *best,
                           fx_error *error) {
    projected *points;
    TRY(sheet_array(sheet, x->rows, sizeof *points, &points, error));
    *best = 0;
    for (int d = 0; d < DIRECTIONS; d++) {
        double angle = acos(-1) * d / DIRECTIONS;
        for (size_t i = 0; i < x->rows; i++)
            points[i] = (projected){(double)x->data[2 * i] * cos(angle) +
                                        (double)x->data[2 * i + 1] * sin(angle),
                                    labels[i]};
        qsort(points, x->rows, sizeof *points, by_position);
        size_t right = x->rows / 2; // all points on one side: half of them are of its class
        for (size_t i = 0; i < x->rows; i++) {
            right = points[i].label == 0 ? right + 1 : right - 1;
            size_t other_way = x->rows - right;
            *best = right > *best ? right : other_way > *best ? other_way : *best;
        }
    }
    return FX_OK;
}

// The border of the trained classifier, as a chart.
static fx_status draw(const fx_mlp *mlp, const fx_matrix *x, const int *labels, const char *title,
                      sheet *sheet, fx_error *error) {
    double *values;
    TRY(sheet_array(sheet, GRID * GRID, sizeof *values, &values, error));
    for (int i = 0; i < GRID * GRID; i++) {
        const int column = i % GRID, row = i / GRID;
        float point[2] = {-3 + 6.0F * (float)column / (GRID - 1),
                          -3 + 6.0F * (float)row / (GRID - 1)};
        float scores[2];
        TRY(fx_mlp_predict(mlp, point, 1, scores, error));
        values[i] = (double)scores[1] - (double)scores[0];
    }
    series drawn[3];
    TRY(class_points(x, labels, 0, "class 0, inside", sheet, &drawn[0], error));
    TRY(class_points(x, labels, 1, "class 1, around it", sheet, &drawn[1], error));
    TRY(zero_line(values, GRID, -3, 3, sheet, &drawn[2], error));
    drawn[2].name = "border of the classifier";
    sheet_chart(sheet,
                &(chart){.title = title,
                         .x_label = "x",
                         .y_label = "y",
                         .x = {-3, 3},
                         .y = {-3, 3},
                         .equal = true,
                         .count = 3,
                         .series = drawn},
                "Points of two classes, one within a ring of the other, and the border that the "
                "classifier draws between them");
    return FX_OK;
}

static fx_status run(const lecture *lecture, sheet *sheet, fx_error *error) {
    fx_matrix train, test;
    int *train_labels, *test_labels, *linear, *hidden;
    size_t best;
    TRY(ring_points(lecture->seed, 0, TRAIN, sheet, &train, &train_labels, error));
    TRY(ring_points(lecture->seed, 1, TEST, sheet, &test, &test_labels, error));
    TRY(sheet_array(sheet, TEST, sizeof *linear, &linear, error));
    TRY(sheet_array(sheet, TEST, sizeof *hidden, &hidden, error));

    const fx_samples samples = fx_samples_of_matrix(&train, train_labels);
    fx_training_params training = fx_training_defaults();
    training.epochs = 100;
    training.batch_size = 32;
    for (int units = 0; units <= 16; units += 16) {
        fx_mlp_params params = network(FX_RELU, units, 0, 0);
        fx_mlp *mlp;
        TRY(fx_mlp_create(&params, 2, 2, lecture->seed, &mlp, error));
        fx_status status =
            fx_train(mlp, &training, &samples, NULL, lecture->seed, lecture->progress, NULL, error);
        if (status == FX_OK) status = predict(mlp, &test, units ? hidden : linear, error);
        if (status == FX_OK)
            status =
                draw(mlp, &train, train_labels,
                     units ? "One hidden layer of 16 units" : "Linear classifier", sheet, error);
        fx_mlp_destroy(mlp);
        TRY(status);
    }
    TRY(best_line(&test, test_labels, sheet, &best, error));

    sheet_at_most(sheet, "test accuracy of the trained linear classifier",
                  accuracy(test_labels, linear, TEST), 0.75);
    sheet_at_most(sheet, "the best of all lines, chosen on the test points themselves",
                  in_unit((double)best / TEST, PERCENT), 0.75);
    sheet_at_least(sheet, "test accuracy with one hidden layer of 16 units",
                   accuracy(test_labels, hidden, TEST), 0.95);
    return FX_OK;
}

const claim l01 = {
    "L1",
    "l01_ring.c",
    "Where a linear classifier fails, geometrically",
    "If the classes are not linearly separable, one class inside a ring of the other, say, no "
    "linear classifier solves them.",
    "400 points to train, 1,000 to test: a disk, and a ring around it. A linear classifier is "
    "trained; then every line there is is tried on the test points; then the same network gets "
    "one hidden layer, so that nobody can say that the points are to blame.",
    run,
};
