// L3: a change of coordinates makes the ring linearly separable.
#include <math.h>

#include "tools/lecture/lecture.h"

enum { TRAIN = 400, TEST = 1000, BORDER = 181 };

static const double PI = 3.14159265358979;

// (x, y) → (radius, angle).
static fx_status to_polar(const fx_matrix *x, sheet *sheet, fx_matrix *out, fx_error *error) {
    *out = (fx_matrix){.rows = x->rows, .columns = 2};
    TRY(sheet_array(sheet, 2 * x->rows, sizeof(float), &out->data, error));
    for (size_t i = 0; i < x->rows; i++) {
        const float *from = x->data + 2 * i;
        out->data[2 * i] = hypotf(from[0], from[1]);
        out->data[2 * i + 1] = atan2f(from[1], from[0]);
    }
    return FX_OK;
}

// Radius at which the two scores are equal, by bisection: the classifier is linear.
static fx_status border_radius(const fx_mlp *mlp, double angle, double *out, fx_error *error) {
    double low = 0, high = 4;
    for (int i = 0; i < 40; i++) {
        float point[2] = {(float)((low + high) / 2), (float)angle}, scores[2];
        TRY(fx_mlp_predict(mlp, point, 1, scores, error));
        *(scores[1] > scores[0] ? &high : &low) = (low + high) / 2;
    }
    *out = low;
    return FX_OK;
}

static fx_status draw(const fx_mlp *mlp, const fx_matrix *x, const fx_matrix *polar,
                      const int *labels, sheet *sheet, fx_error *error) {
    double *radius, *angle, *across, *up;
    TRY(sheet_array(sheet, BORDER, sizeof *radius, &radius, error));
    TRY(sheet_array(sheet, BORDER, sizeof *angle, &angle, error));
    TRY(sheet_array(sheet, BORDER, sizeof *across, &across, error));
    TRY(sheet_array(sheet, BORDER, sizeof *up, &up, error));
    for (int i = 0; i < BORDER; i++) {
        angle[i] = PI * (2.0 * i / (BORDER - 1) - 1);
        TRY(border_radius(mlp, angle[i], &radius[i], error));
        across[i] = radius[i] * cos(angle[i]);
        up[i] = radius[i] * sin(angle[i]);
    }
    series in_polar[3], in_plane[3];
    TRY(class_points(polar, labels, 0, "class 0", sheet, &in_polar[0], error));
    TRY(class_points(polar, labels, 1, "class 1", sheet, &in_polar[1], error));
    TRY(class_points(x, labels, 0, "class 0", sheet, &in_plane[0], error));
    TRY(class_points(x, labels, 1, "class 1", sheet, &in_plane[1], error));
    in_polar[2] = (series){"border, a straight line", LINE, 4, BORDER, radius, angle, NULL, NULL};
    in_plane[2] = (series){"the same border", LINE, 4, BORDER, across, up, NULL, NULL};
    sheet_chart(sheet,
                &(chart){.title = "Polar coordinates: a line is enough",
                         .x_label = "radius",
                         .y_label = "angle, rad",
                         .x = {0, 2.6},
                         .y = {-3.3, 3.3},
                         .count = 3,
                         .series = in_polar},
                "The same points by radius and angle; a nearly upright line divides the classes");
    sheet_chart(sheet,
                &(chart){.title = "The same line, back in the plane",
                         .x_label = "x",
                         .y_label = "y",
                         .x = {-3, 3},
                         .y = {-3, 3},
                         .equal = true,
                         .count = 3,
                         .series = in_plane},
                "Points of two classes, one within a ring of the other, divided by a closed curve");
    return FX_OK;
}

static fx_status run(const lecture *lecture, sheet *sheet, fx_error *error) {
    fx_matrix train, test, polar_train, polar_test;
    int *train_labels, *test_labels, *predictions[2];
    TRY(ring_points(lecture->seed, 0, TRAIN, sheet, &train, &train_labels, error));
    TRY(ring_points(lecture->seed, 1, TEST, sheet, &test, &test_labels, error));
    TRY(to_polar(&train, sheet, &polar_train, error));
    TRY(to_polar(&test, sheet, &polar_test, error));

    const fx_mlp_params linear = network(FX_RELU, 0, 0, 0);
    fx_training_params training = fx_training_defaults();
    training.epochs = 200;
    training.batch_size = 32;
    training.learning_rate = 0.02F;
    for (int polar = 0; polar < 2; polar++) {
        const fx_samples samples =
            fx_samples_of_matrix(polar ? &polar_train : &train, train_labels);
        fx_mlp *mlp;
        TRY(sheet_array(sheet, TEST, sizeof(int), &predictions[polar], error));
        TRY(fx_mlp_create(&linear, 2, 2, lecture->seed, &mlp, error));
        fx_status status =
            fx_train(mlp, &training, &samples, NULL, lecture->seed, lecture->progress, NULL, error);
        if (status == FX_OK)
            status = predict(mlp, polar ? &polar_test : &test, predictions[polar], error);
        if (status == FX_OK && polar)
            status = draw(mlp, &train, &polar_train, train_labels, sheet, error);
        fx_mlp_destroy(mlp);
        TRY(status);
    }
    sheet_at_most(sheet, "test accuracy of a linear classifier on (x, y)",
                  accuracy(test_labels, predictions[0], TEST), 0.75);
    sheet_at_least(sheet, "the same on (radius, angle)",
                   accuracy(test_labels, predictions[1], TEST), 0.99);
    sheet_at_least(sheet, "gained by the change of coordinates",
                   accuracy_gain(test_labels, predictions[1], predictions[0], TEST), 0.2);
    return FX_OK;
}

const claim l03 = {
    "L3",
    "l03_polar.c",
    "A feature transform can fix it",
    "Going from Cartesian to polar coordinates makes the ring problem linearly separable. That "
    "is the part that a hidden layer with its activation plays in a network.",
    "The points of L1, and the same linear classifier, once on x and y and once on radius and "
    "angle.",
    run,
};
