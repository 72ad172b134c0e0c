// L13: without an activation, layers collapse into one matrix.
//
// x' W1 W2 W3 W4 + … is one linear map: W = W1 W2 W3 W4 and b = b1 W2 W3 W4 + … + b4. The product
// is multiplied out here, set into a network without hidden layers, and both are asked.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lecture/lecture.h"

enum { TRAIN = 6000, TEST = 1000, CLASSES = 10 };

// out[n, p] = a[n, m] · b[m, p].
static void multiply(const double *a, const float *b, size_t n, size_t m, size_t p, double *out) {
    memset(out, 0, n * p * sizeof *out);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < m; k++)
            for (size_t j = 0; j < p; j++) out[i * p + j] += a[i * m + k] * (double)b[k * p + j];
}

// Multiplies the layers of `deep` out, row by row of the input and once for the biases, into the
// only layer of `flat`.
static fx_status collapse(fx_mlp *deep, fx_mlp *flat, sheet *sheet, fx_error *error) {
    size_t inputs, width, rows, columns;
    const float *first = fx_mlp_weights(deep, 0, &inputs, &width);
    float *weights = fx_mlp_weights(flat, 0, &rows, &columns);
    float *biases = fx_mlp_biases(flat, 0);
    memcpy(fx_mlp_input_mean(flat), fx_mlp_input_mean(deep), inputs * sizeof(float));
    memcpy(fx_mlp_input_scale(flat), fx_mlp_input_scale(deep), inputs * sizeof(float));
    double *row, *next;
    TRY(sheet_array(sheet, width, sizeof *row, &row, error));
    TRY(sheet_array(sheet, width, sizeof *next, &next, error)); // no later layer is wider
    for (size_t i = 0; i <= inputs; i++) {                      // row `inputs`: the biases
        for (size_t j = 0; j < width; j++)
            row[j] = (double)(i < inputs ? first[i * width + j] : fx_mlp_biases(deep, 0)[j]);
        for (size_t l = 1; l < fx_mlp_layers(deep); l++) {
            const float *w = fx_mlp_weights(deep, l, &rows, &columns);
            multiply(row, w, 1, rows, columns, next);
            for (size_t j = 0; j < columns; j++)
                row[j] = next[j] + (i < inputs ? 0 : (double)fx_mlp_biases(deep, l)[j]);
        }
        for (size_t k = 0; k < CLASSES; k++)
            *(i < inputs ? &weights[i * CLASSES + k] : &biases[k]) = (float)row[k];
    }
    return FX_OK;
}

static fx_status train(const lecture *lecture, const fx_mlp_params *params, const fx_matrix *x,
                       fx_mlp **out, fx_error *error) {
    fx_training_params training = fx_training_defaults();
    training.epochs = 8;
    const fx_samples samples = fx_samples_of_matrix(x, lecture->shapes->train.labels);
    TRY(fx_mlp_create(params, x->columns, CLASSES, lecture->seed, out, error));
    return fx_train(*out, &training, &samples, NULL, lecture->seed, lecture->progress, NULL, error);
}

static fx_status run(const lecture *lecture, sheet *sheet, fx_error *error) {
    fx_matrix x = {0}, test = {0};
    fx_mlp *linear = NULL, *stack = NULL, *flat = NULL, *relu = NULL;
    fx_status status;
    const int *labels = lecture->shapes->test.labels;
    int predictions[4][TEST];
    float *scores[2];
    double difference = 0, largest = 0;
    size_t same = 0;

    TRY_GOTO(describe(lecture, FX_FEATURE_RAW, &lecture->shapes->train.images, TRAIN, &x, error));
    TRY_GOTO(describe(lecture, FX_FEATURE_RAW, &lecture->shapes->test.images, TEST, &test, error));

    const fx_mlp_params none = network(FX_IDENTITY, 0, 0, 0);
    const fx_mlp_params deep = network(FX_IDENTITY, 128, 96, 64);
    const fx_mlp_params active = network(FX_RELU, 128, 96, 64);
    TRY_GOTO(train(lecture, &none, &x, &linear, error));
    TRY_GOTO(train(lecture, &deep, &x, &stack, error));
    TRY_GOTO(train(lecture, &active, &x, &relu, error));
    TRY_GOTO(fx_mlp_create(&none, x.columns, CLASSES, lecture->seed, &flat, error));
    TRY_GOTO(collapse(stack, flat, sheet, error));

    const fx_mlp *const networks[4] = {linear, stack, flat, relu};
    for (int i = 0; i < 4; i++) TRY_GOTO(predict(networks[i], &test, predictions[i], error));
    for (int i = 0; i < 2; i++) {
        TRY_GOTO(sheet_array(sheet, TEST * CLASSES, sizeof(float), &scores[i], error));
        TRY_GOTO(fx_mlp_predict(i ? flat : stack, test.data, TEST, scores[i], error));
    }
    for (int i = 0; i < TEST * CLASSES; i++) {
        difference = fmax(difference, fabs((double)scores[0][i] - (double)scores[1][i]));
        largest = fmax(largest, fabs((double)scores[0][i]));
    }
    for (int i = 0; i < TEST; i++) same += predictions[1][i] == predictions[2][i];

    const quantity found[] = {
        accuracy(labels, predictions[0], TEST), accuracy(labels, predictions[1], TEST),
        accuracy(labels, predictions[2], TEST), accuracy(labels, predictions[3], TEST)};
    double place[4], height[4], low[4], high[4];
    for (int i = 0; i < 4; i++) {
        place[i] = i;
        height[i] = 100 * found[i].value;
        low[i] = 100 * found[i].low;
        high[i] = 100 * found[i].high;
    }
    static const char *const names[] = {"linear", "4 linear layers", "their product", "with ReLU",
                                        NULL};
    const series bars = {NULL, BARS, 2, 4, place, height, low, high};
    sheet_chart(sheet,
                &(chart){.title = "Test accuracy, with 95 % intervals",
                         .x_label = "network",
                         .y_label = "test accuracy, %",
                         .x = {-0.6, 3.6},
                         .y = {0, 100},
                         .x_names = names,
                         .upright = true,
                         .count = 1,
                         .series = &bars},
                "Bars of test accuracy of three linear networks and of one with ReLU");

    // Float has 24 bits, 6e-8; a score is a sum of a few hundred products.
    sheet_at_most(sheet,
                  "largest difference of any score, stack against its product, relative to "
                  "the largest score",
                  plain(difference / largest), 1e-5);
    sheet_at_least(sheet, "test images on which stack and product agree",
                   in_unit((double)same / TEST, PERCENT), 1);
    sheet_shows(sheet, "test accuracy of one linear layer", found[0]);
    sheet_shows(sheet, "of four linear layers, 128, 96 and 64 wide, and ten", found[1]);
    sheet_shows(sheet, "of the same with ReLU between the layers", found[3]);
    sheet_at_most(sheet, "gained by three more linear layers",
                  accuracy_gain(labels, predictions[1], predictions[0], TEST), 0.04);
    sheet_at_least(sheet, "gained by ReLU between them",
                   accuracy_gain(labels, predictions[3], predictions[1], TEST), 0.02);
done:
    fx_mlp_destroy(linear);
    fx_mlp_destroy(stack);
    fx_mlp_destroy(flat);
    fx_mlp_destroy(relu);
    fx_matrix_destroy(&x);
    fx_matrix_destroy(&test);
    return status;
}

const claim l13 = {
    "L13",
    "l13_linear.c",
    "Why there is an activation at all",
    "Linear after linear is one linear map; so every network is linear, nonlinear, linear, "
    "nonlinear, …",
    "A stack of four linear layers is trained on the raw pixels of "
    "<em>shapes</em>, and multiplied out into the one matrix that it is. Then the same stack gets "
    "its "
    "activations.",
    run,
};
