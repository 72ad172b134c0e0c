// L14: activation functions, side by side.
//
// Curves come from a network of one input and one hidden unit of weight 1; derivatives by central
// differences. Gradients: a network of ten hidden layers, as initialized (He or Xavier), on one
// batch. Training: the same ten layers on HoG descriptors.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tools/lecture/lecture.h"

enum { KINDS = 6, POINTS_DRAWN = 161, DEEP = 10, UNITS = 64, BATCH = 256, CLASSES = 10 };
enum { TRAIN = 3000, TEST = 1000 };

static const fx_activation kinds[KINDS] = {FX_SIGMOID,    FX_TANH, FX_RELU,
                                           FX_LEAKY_RELU, FX_ELU,  FX_MAXOUT};
static const char *const names[KINDS + 1] = {"sigmoid",    "tanh", "ReLU",
                                             "leaky ReLU", "ELU",  "maxout"};

typedef struct measured {
    double gradient[DEEP]; // norm of the weights' gradient by hidden layer, over that of the last
    quantity accuracy;     // of the ten layers, trained
    double mean, zero, saturated, dead; // of the first hidden layer after training, test images
    int *predictions;                   // [TEST]
    double seconds;                     // a forward and backward pass
} measured;

static fx_status draw_curve(int kind, sheet *sheet, fx_error *error) {
    const fx_mlp_params params = network(kinds[kind], 1, 0, 0);
    double *x, *y, *slope;
    float in[POINTS_DRAWN], out[POINTS_DRAWN];
    fx_mlp *mlp;
    size_t rows, columns;
    TRY(sheet_array(sheet, POINTS_DRAWN, sizeof *x, &x, error));
    TRY(sheet_array(sheet, POINTS_DRAWN, sizeof *y, &y, error));
    TRY(sheet_array(sheet, POINTS_DRAWN, sizeof *slope, &slope, error));
    TRY(fx_mlp_create(&params, 1, 1, 1, &mlp, error));
    float *weights = fx_mlp_weights(mlp, 0, &rows, &columns);
    weights[0] = 1;
    if (columns > 1) weights[1] = -0.5F; // maxout of x and −x/2
    for (int i = 0; i < POINTS_DRAWN; i++) in[i] = (float)(x[i] = 8.0 * i / (POINTS_DRAWN - 1) - 4);
    fx_status status = fx_mlp_hidden(mlp, 0, in, POINTS_DRAWN, out, error);
    fx_mlp_destroy(mlp);
    TRY(status);
    for (int i = 0; i < POINTS_DRAWN; i++) y[i] = (double)out[i];
    for (int i = 0; i < POINTS_DRAWN; i++) {
        int a = i > 0 ? i - 1 : i, b = i + 1 < POINTS_DRAWN ? i + 1 : i;
        slope[i] = (y[b] - y[a]) / (x[b] - x[a]);
    }
    const series lines[] = {
        {"f(x)", LINE, 2, POINTS_DRAWN, x, y, NULL, NULL},
        {"its derivative", DASHED, 1, POINTS_DRAWN, x, slope, NULL, NULL},
    };
    sheet_chart(sheet,
                &(chart){.title = kinds[kind] == FX_MAXOUT ? "maxout of x and −x/2" : names[kind],
                         .x_label = "x",
                         .y_label = "f(x)",
                         .x = {-4, 4},
                         .y = {-1.5, 2.5},
                         .count = COUNT(lines),
                         .series = lines},
                "The activation function and its derivative");
    return FX_OK;
}

static fx_mlp_params deep_network(int kind) {
    fx_mlp_params params = network(kinds[kind], 0, 0, 0);
    params.hidden.count = DEEP;
    for (int l = 0; l < DEEP; l++) params.hidden.values[l] = UNITS;
    return params;
}

// Gradient norms by layer, and the time of a pass: the least of five.
static fx_status measure_gradient(const lecture *lecture, int kind, const fx_matrix *x,
                                  measured *out, fx_error *error) {
    const fx_mlp_params params = deep_network(kind);
    fx_mlp *mlp = NULL;
    float *gradient = NULL;
    fx_status status;
    TRY_GOTO(fx_mlp_create(&params, x->columns, CLASSES, lecture->seed, &mlp, error));
    gradient = malloc(fx_mlp_parameters(mlp) * sizeof *gradient);
    if (!gradient) {
        status = fx_error_set(error, FX_ERROR_MEMORY, "out of memory");
        goto done;
    }
    out->seconds = INFINITY;
    for (int round = 0; round < 5; round++) {
        struct timespec begin, end;
        double loss;
        clock_gettime(CLOCK_MONOTONIC, &begin);
        TRY_GOTO(fx_mlp_gradient(mlp, x->data, lecture->shapes->train.labels, BATCH, 0, &loss,
                                 gradient, error));
        clock_gettime(CLOCK_MONOTONIC, &end);
        out->seconds = fmin(out->seconds, (double)(end.tv_sec - begin.tv_sec) +
                                              1e-9 * (double)(end.tv_nsec - begin.tv_nsec));
    }
    const float *at = gradient; // for each layer its weights, then its biases
    for (size_t l = 0; l < DEEP; l++) {
        size_t rows, columns;
        double squares = 0;
        fx_mlp_weights(mlp, l, &rows, &columns);
        for (size_t i = 0; i < rows * columns; i++) squares += (double)at[i] * (double)at[i];
        out->gradient[l] = sqrt(squares);
        at += (rows + 1) * columns;
    }
    for (size_t l = 0; l < DEEP; l++) out->gradient[l] /= out->gradient[DEEP - 1];
done:
    free(gradient);
    fx_mlp_destroy(mlp);
    return status;
}

// What the units of the first hidden layer give on test images: outputs[TEST, UNITS].
static void measure_units(int kind, const float *outputs, measured *out) {
    out->mean = out->zero = out->saturated = out->dead = 0;
    for (size_t j = 0; j < UNITS; j++) {
        size_t zeros = 0;
        for (size_t i = 0; i < TEST; i++) {
            double value = (double)outputs[i * UNITS + j], share = 1.0 / (TEST * UNITS);
            double slope = kinds[kind] == FX_SIGMOID ? 4 * value * (1 - value) // of its largest
                           : kinds[kind] == FX_TANH  ? 1 - value * value
                                                     : 1;
            out->mean += share * value;
            out->zero += value == 0 ? share : 0;
            out->saturated += slope < 0.1 ? share : 0;
            zeros += value == 0;
        }
        out->dead += zeros == TEST ? 1.0 / UNITS : 0;
    }
}

static fx_status measure_training(const lecture *lecture, int kind, const fx_matrix *x,
                                  const fx_matrix *test, measured *out, sheet *sheet,
                                  fx_error *error) {
    const fx_mlp_params params = deep_network(kind);
    const fx_samples samples = fx_samples_of_matrix(x, lecture->shapes->train.labels);
    fx_training_params training = fx_training_defaults();
    training.epochs = 10;
    training.learning_rate = 0.001F;
    float *outputs;
    fx_mlp *mlp = NULL;
    fx_status status;
    TRY(sheet_array(sheet, TEST, sizeof *out->predictions, &out->predictions, error));
    TRY(sheet_array(sheet, (size_t)TEST * UNITS, sizeof *outputs, &outputs, error));
    TRY_GOTO(fx_mlp_create(&params, x->columns, CLASSES, lecture->seed, &mlp, error));
    TRY_GOTO(
        fx_train(mlp, &training, &samples, NULL, lecture->seed, lecture->progress, NULL, error));
    TRY_GOTO(predict(mlp, test, out->predictions, error));
    TRY_GOTO(fx_mlp_hidden(mlp, 0, test->data, TEST, outputs, error));
    out->accuracy = accuracy(lecture->shapes->test.labels, out->predictions, TEST);
    measure_units(kind, outputs, out);
done:
    fx_mlp_destroy(mlp);
    return status;
}

// Share of the hidden units that are dead after training with too large a rate on inputs that are
// not centered.
static fx_status dead_units(const lecture *lecture, fx_activation activation, const fx_matrix *x,
                            const fx_matrix *test, double *share_dead, fx_error *error) {
    const fx_mlp_params params = network(activation, UNITS, 0, 0);
    const fx_samples samples = fx_samples_of_matrix(x, lecture->shapes->train.labels);
    fx_training_params training = fx_training_defaults();
    training.epochs = 5;
    training.learning_rate = 0.1F;
    training.standardize = false; // HoG has no negative numbers: one step can push a unit below all
    fx_mlp *mlp = NULL;
    fx_matrix outputs = {0};
    measured units;
    fx_status status;
    TRY_GOTO(fx_mlp_create(&params, x->columns, CLASSES, lecture->seed, &mlp, error));
    TRY_GOTO(
        fx_train(mlp, &training, &samples, NULL, lecture->seed, lecture->progress, NULL, error));
    TRY_GOTO(fx_matrix_create(TEST, UNITS, &outputs, error));
    TRY_GOTO(fx_mlp_hidden(mlp, 0, test->data, TEST, outputs.data, error));
    measure_units(2, outputs.data, &units);
    *share_dead = units.dead;
done:
    fx_mlp_destroy(mlp);
    fx_matrix_destroy(&outputs);
    return status;
}

static void draw_table(const measured *found, sheet *sheet) {
    char text[400];
    sheet_markup(
        sheet, "<figure class=\"wide\"><h4>First hidden layer after training, on test images; "
               "time of a "
               "forward and backward pass over ten layers</h4><div class=\"scroll\" tabindex=\"0\" "
               "role=\"region\" aria-label=\"Activations\"><table><thead><tr>"
               "<th scope=\"col\">activation</th><th scope=\"col\" class=\"n\">mean output</th>"
               "<th scope=\"col\" class=\"n\">outputs that are 0</th>"
               "<th scope=\"col\" class=\"n\">saturated (slope below a tenth)</th>"
               "<th scope=\"col\" class=\"n\">units that are always 0</th>"
               "<th scope=\"col\" class=\"n\">pass over 256 samples</th></tr></thead><tbody>");
    for (int k = 0; k < KINDS; k++) {
        snprintf(
            text, sizeof text,
            "<tr><th scope=\"row\">%s</th><td class=\"n\">%.2f</td><td class=\"n\">%.0f %%</td>"
            "<td class=\"n\">%.0f %%</td><td class=\"n\">%.0f %%</td>"
            "<td class=\"n\">%.1f ms</td></tr>",
            names[k], found[k].mean, 100 * found[k].zero, 100 * found[k].saturated,
            100 * found[k].dead, 1000 * found[k].seconds);
        sheet_markup(sheet, text);
    }
    sheet_markup(sheet, "</tbody></table></div></figure>\n");
}

static void draw(const measured *found, sheet *sheet) {
    static const mark marks[KINDS] = {LINE_DOTS,      DASHED_RINGS, LINE_DOTS,
                                      DOTTED_SQUARES, DASHED_RINGS, DOTTED_SQUARES};
    double layers[DEEP], place[KINDS], height[KINDS], low[KINDS], high[KINDS];
    series lines[KINDS];
    for (int l = 0; l < DEEP; l++) layers[l] = l + 1;
    for (int k = 0; k < KINDS; k++) {
        lines[k] = (series){names[k], marks[k], k + 1, DEEP, layers, found[k].gradient, NULL, NULL};
        place[k] = k;
        height[k] = 100 * found[k].accuracy.value;
        low[k] = 100 * found[k].accuracy.low;
        high[k] = 100 * found[k].accuracy.high;
    }
    sheet_chart(sheet,
                &(chart){.title = "Gradient of ten hidden layers, as initialized",
                         .x_label = "hidden layer, 1 is next to the input",
                         .y_label = "norm, layer 10 is 1",
                         .x = {0.5, 10.5},
                         .y = {1e-7, 20},
                         .log_y = true,
                         .count = KINDS,
                         .series = lines},
                "Norm of the gradient of each of ten layers, over that of the last, by activation");
    const series bars = {NULL, BARS, 2, KINDS, place, height, low, high};
    sheet_chart(sheet,
                &(chart){.title = "Ten hidden layers, trained: with 95 % intervals",
                         .x_label = "activation",
                         .y_label = "test accuracy, %",
                         .x = {-0.6, KINDS - 0.4},
                         .y = {0, 100},
                         .x_names = names,
                         .upright = true,
                         .count = 1,
                         .series = &bars},
                "Test accuracy of ten hidden layers by activation, with intervals");
    draw_table(found, sheet);
}

static fx_status run(const lecture *lecture, sheet *sheet, fx_error *error) {
    enum { SIGMOID, TANH, RELU };
    fx_matrix x = {0}, test = {0};
    measured found[KINDS];
    double dead, leaky;
    int best = RELU; // of the others, once found
    fx_status status;
    for (int k = 0; k < KINDS; k++) TRY(draw_curve(k, sheet, error));
    TRY_GOTO(describe(lecture, FX_FEATURE_HOG, &lecture->shapes->train.images, TRAIN, &x, error));
    TRY_GOTO(describe(lecture, FX_FEATURE_HOG, &lecture->shapes->test.images, TEST, &test, error));
    for (int k = 0; k < KINDS; k++) {
        TRY_GOTO(measure_gradient(lecture, k, &x, &found[k], error));
        TRY_GOTO(measure_training(lecture, k, &x, &test, &found[k], sheet, error));
    }
    TRY_GOTO(dead_units(lecture, FX_RELU, &x, &test, &dead, error));
    TRY_GOTO(dead_units(lecture, FX_LEAKY_RELU, &x, &test, &leaky, error));
    draw(found, sheet);
    for (int k = 0; k < KINDS; k++)
        if (best == RELU || (k != RELU && found[k].accuracy.value > found[best].accuracy.value))
            best = k;

    sheet_at_most(sheet, "sigmoid: gradient of layer 1 over that of layer 10",
                  plain(found[SIGMOID].gradient[0]), 1e-3);
    sheet_at_least(sheet, "ReLU: the same", plain(found[RELU].gradient[0]), 0.1);
    sheet_at_most(sheet, "sigmoid: test accuracy of ten layers, trained", found[SIGMOID].accuracy,
                  0.25);
    sheet_at_least(sheet, "ReLU: the same", found[RELU].accuracy, 0.5);
    sheet_at_most(sheet, "the best of the others over ReLU, which suits most tasks",
                  accuracy_gain(lecture->shapes->test.labels, found[best].predictions,
                                found[RELU].predictions, TEST),
                  0.1);
    sheet_at_least(sheet, "sigmoid saturates: outputs where its slope is below a tenth",
                   in_unit(found[SIGMOID].saturated, PERCENT), 0.05);
    sheet_at_least(sheet, "tanh saturates too: the same", in_unit(found[TANH].saturated, PERCENT),
                   0.05);
    sheet_at_least(sheet, "sigmoid: mean output, which is not zero-centered",
                   plain(found[SIGMOID].mean), 0.3);
    sheet_at_most(sheet, "tanh: mean output, its size", plain(fabs(found[TANH].mean)), 0.1);
    sheet_at_least(sheet, "ReLU is sparse: outputs that are 0", in_unit(found[RELU].zero, PERCENT),
                   0.3);
    sheet_at_least(sheet, "ReLU can die: units always 0 of a layer trained at a rate of 0.1",
                   in_unit(dead, PERCENT), 0.05);
    sheet_at_most(sheet, "leaky ReLU does not: the same", in_unit(leaky, PERCENT), 0);
done:
    fx_matrix_destroy(&x);
    fx_matrix_destroy(&test);
    return status;
}

const claim l14 = {
    "L14",
    "l14_activations.c",
    "Activation functions",
    "Sigmoid: saturates, its gradient vanishes, its output is not zero-centered. tanh: "
    "zero-centered, saturates too. ReLU: gradient 1 for positive input, no vanishing, cheap, "
    "sparse; but units can die. Leaky ReLU, ELU: cures for dying. Maxout: the maximum of several "
    "linear maps. ReLU suits most tasks.",
    "Each activation in a network of ten hidden layers of 64 units: its gradients before "
    "training, its accuracy after (3,000 images of <em>shapes</em>, HoG), and what its first "
    "layer passes on. To see units die, one layer is trained at a learning rate of 0.1 on "
    "inputs that are not centered.",
    run,
};
