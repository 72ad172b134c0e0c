// L12: depth abstracts, width gives templates.
//
// What is left of an image after each layer of a trained network? A linear classifier (a probe) is
// trained on the outputs of each layer for two questions: the class, and whether the background is
// bright or dark, which does not tell the classes apart. And how the outputs scatter: between the
// classes over within them, and the same for bright and dark backgrounds.
#include <math.h>
#include <stdlib.h>

#include "tools/lecture/lecture.h"

enum { TRAIN = 6000, TEST = 1000, SIDE = 32, CLASSES = 10, LAYERS = 3, UNITS = 128, EPOCHS = 12 };

// 1 where the mean of the border is brighter than the middle of the range.
static fx_status background_labels(const fx_split *split, size_t count, sheet *sheet, int **out,
                                   fx_error *error) {
    fx_image image = {0};
    fx_status status = FX_OK;
    TRY(sheet_array(sheet, count, sizeof **out, out, error));
    for (size_t i = 0; i < count; i++) {
        TRY_GOTO(split->images.get(split->images.self, i, &image, error));
        long sum = 0;
        for (int k = 0; k < SIDE; k++)
            for (int c = 0; c < 3; c++) {
                const int last = SIDE - 1;
                sum += image.pixels[k * 3 + c] + image.pixels[(last * SIDE + k) * 3 + c] +
                       image.pixels[k * SIDE * 3 + c] + image.pixels[(k * SIDE + last) * 3 + c];
            }
        (*out)[i] = sum > 110L * 4 * SIDE * 3;
    }
done:
    fx_image_destroy(&image);
    return status;
}

// Scatter of x between the groups over that within them: tr(S_between) / tr(S_within).
static double scatter_ratio(const fx_matrix *x, const int *groups, int count) {
    double between = 0, total = 0;
    for (size_t j = 0; j < x->columns; j++) {
        double n[CLASSES] = {0}, sum[CLASSES] = {0}, squares = 0, all = 0;
        for (size_t i = 0; i < x->rows; i++) {
            double value = (double)x->data[i * x->columns + j];
            n[groups[i]]++;
            sum[groups[i]] += value;
            all += value;
            squares += value * value;
        }
        double middle = all * all / (double)x->rows;
        for (int g = 0; g < count; g++) between += sum[g] * sum[g] / n[g];
        between -= middle;
        total += squares - middle;
    }
    return between / (total - between);
}

static fx_status train(const lecture *lecture, const fx_mlp_params *params, const fx_matrix *x,
                       const int *labels, size_t classes, fx_mlp **out, fx_error *error) {
    const fx_samples samples = fx_samples_of_matrix(x, labels);
    fx_training_params training = fx_training_defaults();
    training.epochs = EPOCHS;
    TRY(fx_mlp_create(params, x->columns, classes, lecture->seed, out, error));
    return fx_train(*out, &training, &samples, NULL, lecture->seed, lecture->progress, NULL, error);
}

// Trains params on x and labels, and classifies `test`.
static fx_status try(const lecture *lecture, const fx_mlp_params *params, const fx_matrix *x,
                     const int *labels, size_t classes, const fx_matrix *test, int *predictions,
                     fx_error *error) {
    fx_mlp *mlp = NULL;
    fx_status status = train(lecture, params, x, labels, classes, &mlp, error);
    if (status == FX_OK) status = predict(mlp, test, predictions, error);
    fx_mlp_destroy(mlp);
    return status;
}

static fx_mlp_params regular(int first, int second, int third) {
    fx_mlp_params params = network(FX_RELU, first, second, third);
    params.dropout = 0.2F;
    params.batch_norm = true;
    return params;
}

static void draw_accuracies(const quantity *found, size_t count, const double *x, bool width,
                            sheet *sheet) {
    static const char *const depths[] = {"0", "1", "2", "3", NULL};
    double value[8], low[8], high[8];
    for (size_t i = 0; i < count; i++) {
        value[i] = 100 * found[i].value;
        low[i] = 100 * found[i].low;
        high[i] = 100 * found[i].high;
    }
    const series line = {NULL, LINE_DOTS, 2, count, x, value, low, high};
    sheet_chart(sheet,
                &(chart){.title = width ? "Width: units of the one hidden layer"
                                        : "Depth: hidden layers of 128 units",
                         .x_label = width ? "units" : "hidden layers",
                         .y_label = "test accuracy, %",
                         .x = {width ? 6 : -0.2, width ? 180 : 3.2},
                         .y = {0, 100},
                         .log_x = width,
                         .x_names = width ? NULL : depths,
                         .count = 1,
                         .series = &line},
                width ? "Test accuracy against the number of hidden units"
                      : "Test accuracy against the number of hidden layers");
}

static fx_status run(const lecture *lecture, sheet *sheet, fx_error *error) {
    static const char *const layers[] = {"pixels", "1", "2", "3", NULL};
    static const double widths[] = {8, 32, UNITS}, depths[] = {0, 1, 2, 3};
    const fx_split *split = &lecture->shapes->train, *held = &lecture->shapes->test;
    fx_matrix x[LAYERS + 1] = {0}, test[LAYERS + 1] = {0};
    fx_mlp *mlp = NULL;
    int *bright, *bright_test, by_depth[LAYERS + 1][TEST], by_width[3][TEST], probes[TEST];
    quantity depth[LAYERS + 1], width[3], class_probe[LAYERS + 1], bright_probe[LAYERS + 1];
    double scatter[2][LAYERS + 1], place[LAYERS + 1], shares[2][LAYERS + 1];
    fx_status status;
    const fx_mlp_params linear = network(FX_RELU, 0, 0, 0);
    TRY_GOTO(describe(lecture, FX_FEATURE_RAW, &split->images, TRAIN, &x[0], error));
    TRY_GOTO(describe(lecture, FX_FEATURE_RAW, &held->images, TEST, &test[0], error));
    TRY_GOTO(background_labels(split, TRAIN, sheet, &bright, error));
    TRY_GOTO(background_labels(held, TEST, sheet, &bright_test, error));

    for (int d = 0; d <= LAYERS; d++) {
        const fx_mlp_params params =
            d == 0 ? linear : regular(UNITS, d > 1 ? UNITS : 0, d > 2 ? UNITS : 0);
        fx_mlp_destroy(mlp);
        mlp = NULL;
        TRY_GOTO(train(lecture, &params, &x[0], split->labels, CLASSES, &mlp, error));
        TRY_GOTO(predict(mlp, &test[0], by_depth[d], error));
        depth[d] = accuracy(held->labels, by_depth[d], TEST);
    }
    for (int w = 0; w < 3; w++) {
        const fx_mlp_params params = regular((int)widths[w], 0, 0);
        TRY_GOTO(
            try(lecture, &params, &x[0], split->labels, CLASSES, &test[0], by_width[w], error));
        width[w] = accuracy(held->labels, by_width[w], TEST);
    }

    for (size_t l = 0; l <= LAYERS; l++) { // of the deepest network, which was trained last
        if (l > 0) {
            TRY_GOTO(fx_matrix_create(TRAIN, UNITS, &x[l], error));
            TRY_GOTO(fx_matrix_create(TEST, UNITS, &test[l], error));
            TRY_GOTO(fx_mlp_hidden(mlp, l - 1, x[0].data, TRAIN, x[l].data, error));
            TRY_GOTO(fx_mlp_hidden(mlp, l - 1, test[0].data, TEST, test[l].data, error));
        }
        scatter[0][l] = scatter_ratio(&test[l], held->labels, CLASSES);
        scatter[1][l] = scatter_ratio(&test[l], bright_test, 2);
        TRY_GOTO(try(lecture, &linear, &x[l], split->labels, CLASSES, &test[l], probes, error));
        class_probe[l] = accuracy(held->labels, probes, TEST);
        TRY_GOTO(try(lecture, &linear, &x[l], bright, 2, &test[l], probes, error));
        bright_probe[l] = accuracy(bright_test, probes, TEST);
        place[l] = (double)l;
        shares[0][l] = 100 * class_probe[l].value;
        shares[1][l] = 100 * bright_probe[l].value;
    }

    draw_accuracies(depth, LAYERS + 1, depths, false, sheet);
    draw_accuracies(width, 3, widths, true, sheet);
    const series lines[] = {
        {"the class", LINE_DOTS, 2, LAYERS + 1, place, shares[0], NULL, NULL},
        {"background bright or dark", DASHED_RINGS, 1, LAYERS + 1, place, shares[1], NULL, NULL},
    };
    sheet_chart(sheet,
                &(chart){.title = "What a linear probe finds after each layer",
                         .x_label = "after hidden layer",
                         .y_label = "test accuracy of the probe, %",
                         .x = {-0.2, 3.2},
                         .y = {0, 100},
                         .x_names = layers,
                         .count = COUNT(lines),
                         .series = lines},
                "Test accuracy of linear classifiers on the outputs of each layer, for the class "
                "and for the background");
    const series ratios[] = {
        {"classes", LINE_DOTS, 2, LAYERS + 1, place, scatter[0], NULL, NULL},
        {"bright and dark backgrounds", DASHED_RINGS, 1, LAYERS + 1, place, scatter[1], NULL, NULL},
    };
    sheet_chart(sheet,
                &(chart){.title = "How the outputs scatter",
                         .x_label = "after hidden layer",
                         .y_label = "scatter between over within",
                         .x = {-0.2, 3.2},
                         .y = {0.01, 10},
                         .log_y = true,
                         .x_names = layers,
                         .count = COUNT(ratios),
                         .series = ratios},
                "Ratio of the scatter between groups to that within them, after each layer, for "
                "the classes and for the backgrounds");

    double rise = INFINITY;
    for (int l = 0; l < LAYERS; l++) rise = fmin(rise, scatter[0][l + 1] / scatter[0][l]);
    sheet_shows(sheet, "scatter between the classes over that within them, pixels",
                plain(scatter[0][0]));
    sheet_shows(sheet, "the same after the third hidden layer", plain(scatter[0][LAYERS]));
    sheet_at_least(sheet, "its smallest growth from one layer to the next, factor", plain(rise), 1);
    sheet_at_least(sheet, "its growth over all layers, factor",
                   plain(scatter[0][LAYERS] / scatter[0][0]), 3);
    sheet_shows(sheet, "scatter between bright and dark backgrounds over that within, pixels",
                plain(scatter[1][0]));
    sheet_at_most(sheet, "what the third hidden layer leaves of it, factor",
                  plain(scatter[1][LAYERS] / scatter[1][0]), 0.5);
    sheet_shows(sheet, "a linear probe on the pixels reads the class", class_probe[0]);
    sheet_shows(sheet, "on the third layer", class_probe[LAYERS]);
    sheet_shows(sheet, "a linear probe on the pixels reads the background", bright_probe[0]);
    sheet_shows(sheet, "on the third layer, still", bright_probe[LAYERS]);
    sheet_at_least(sheet, "gained by 128 units over 8",
                   accuracy_gain(held->labels, by_width[2], by_width[0], TEST), 0.05);
    sheet_shows(sheet, "gained by three hidden layers over one",
                accuracy_gain(held->labels, by_depth[3], by_depth[1], TEST));
    sheet_at_least(sheet, "gained by two hidden layers over none",
                   accuracy_gain(held->labels, by_depth[2], by_depth[0], TEST), 0.05);
done:
    fx_mlp_destroy(mlp);
    for (int l = 0; l <= LAYERS; l++) {
        fx_matrix_destroy(&x[l]);
        fx_matrix_destroy(&test[l]);
    }
    return status;
}

const claim l12 = {
    "L12",
    "l12_depth.c",
    "Depth and width",
    "More layers, more abstraction: what is left at the end is the least that is needed to tell "
    "the classes apart, as a stick figure is enough to be recognized as a person. Width: more "
    "templates a layer.",
    "Networks on raw pixels of <em>shapes</em>. After each layer of the deepest: how far do the "
    "classes lie apart, compared with the scatter within them, and how far bright and dark "
    "backgrounds, which have nothing to do with the class? And what can a linear classifier (a "
    "probe) still read?",
    run,
};
