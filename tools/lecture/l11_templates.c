// L11: a hundred templates, and how the second layer combines them.
//
// On contrast images (see L2). A unit speaks for a class where its weight in the second layer is
// positive. Whether it prefers horses that look one way is told by the difference of its mean
// output on the two modes, in deviations (Cohen's d). That a template means something to a person
// cannot be measured; what can be is whether it is like anything in the data: its correlation with
// the mean image of any mode of any class.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/lecture/lecture.h"

enum { TRAIN = 6000, TEST = 1000, SIDE = 32, PIXELS = SIDE * SIDE, CLASSES = 10, HORSE = 6 };
enum { UNITS = 100, SHOWN = 6, WIDTHS = 3 };

static fx_status train(const lecture *lecture, int units, const fx_matrix *x, fx_mlp **out,
                       fx_error *error) {
    const fx_mlp_params params = network(FX_RELU, units, 0, 0);
    const fx_samples samples = fx_samples_of_matrix(x, lecture->shapes->train.labels);
    fx_training_params training = fx_training_defaults();
    training.epochs = 20;
    training.optimizer = FX_SGD;
    training.learning_rate = 0.02F;
    training.weight_decay = 0.02F; // keeps what is noise out of the templates
    TRY(fx_mlp_create(&params, PIXELS, CLASSES, lecture->seed, out, error));
    return fx_train(*out, &training, &samples, NULL, lecture->seed, lecture->progress, NULL, error);
}

// templates[units, PIXELS]: what each unit answers to.
static fx_status read_templates(fx_mlp *mlp, sheet *sheet, float **out, fx_error *error) {
    size_t rows, units;
    const float *weights = fx_mlp_weights(mlp, 0, &rows, &units);
    const float *scale = fx_mlp_input_scale(mlp);
    TRY(sheet_array(sheet, units * rows, sizeof **out, out, error));
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < units; j++)
            (*out)[j * rows + i] = scale[i] > 0 ? weights[i * units + j] / scale[i] : 0;
    return FX_OK;
}

// A template is like something where it correlates by more than this with a mean image.
static const double LIKE = 0.3;

static double unlike_anything(const float *templates, size_t units,
                              float *const means[CLASSES * 2]) {
    size_t unlike = 0;
    for (size_t j = 0; j < units; j++) {
        double best = 0;
        for (int m = 0; m < CLASSES * 2; m++)
            best = fmax(best, fabs(correlation(templates + j * PIXELS, means[m], PIXELS)));
        unlike += best < LIKE;
    }
    return (double)unlike / (double)units;
}

typedef struct preference {
    double d;      // Cohen's, of the two modes of the horse
    double weight; // in the second layer, for the horse
    size_t unit;
} preference;

static int by_d(const void *left, const void *right) {
    double a = ((const preference *)left)->d, b = ((const preference *)right)->d;
    return (a > b) - (a < b);
}

// Preferences of all units, from the outputs[TEST, UNITS] on test images and the mode of each
// horse.
static void measure(fx_mlp *mlp, const float *outputs, const int *labels, const float *axis,
                    const fx_matrix *test, preference out[UNITS]) {
    size_t rows, columns;
    const float *second = fx_mlp_weights(mlp, 1, &rows, &columns);
    for (size_t j = 0; j < UNITS; j++) {
        double n[2] = {0}, sum[2] = {0}, squares = 0;
        for (size_t i = 0; i < TEST; i++) {
            if (labels[i] != HORSE) continue;
            int mode = correlation(test->data + i * PIXELS, axis, PIXELS) > 0;
            double value = (double)outputs[i * UNITS + j];
            n[mode]++;
            sum[mode] += value;
            squares += value * value;
        }
        double mean[2] = {sum[0] / n[0], sum[1] / n[1]};
        double within = squares - n[0] * mean[0] * mean[0] - n[1] * mean[1] * mean[1];
        double deviation = sqrt(within / (n[0] + n[1] - 2));
        out[j] = (preference){deviation > 0 ? (mean[1] - mean[0]) / deviation : 0,
                              (double)second[j * CLASSES + HORSE], j};
    }
}

static fx_status draw_units(const preference *units, const float *templates, const char *title,
                            sheet *sheet, fx_error *error) {
    fx_image picture = {0};
    fx_status status = FX_OK;
    sheet_tiles_begin(sheet, title);
    for (int i = 0; i < SHOWN; i++) {
        char label[64];
        snprintf(label, sizeof label, "d = %s%.1f", units[i].d < 0 ? "−" : "", fabs(units[i].d));
        TRY_GOTO(gray_picture(templates + units[i].unit * PIXELS, SIDE, &picture, error));
        sheet_tile(sheet, &picture, 3, label);
    }
    sheet_tiles_end(sheet);
done:
    fx_image_destroy(&picture);
    return status;
}

static fx_status draw_all(const float *templates, sheet *sheet, fx_error *error) {
    enum { ACROSS = 10, CELL = SIDE + 1 };
    fx_image all = {0}, one = {0};
    fx_status status;
    TRY_GOTO(fx_image_reserve(&all, ACROSS * CELL - 1, UNITS / ACROSS * CELL - 1, 1, error));
    for (int i = 0; i < all.width * all.height; i++) all.pixels[i] = 32;
    for (int j = 0; j < UNITS; j++) {
        TRY_GOTO(gray_picture(templates + j * PIXELS, SIDE, &one, error));
        for (int i = 0; i < PIXELS; i++)
            all.pixels[(j / ACROSS * CELL + i / SIDE) * all.width + j % ACROSS * CELL + i % SIDE] =
                one.pixels[i];
    }
    sheet_picture(sheet, &all, 2, "The 100 templates of the first layer",
                  "A hundred gray patterns: outlines of figures, necks and tails on one side or "
                  "the other, and many that look like noise");
done:
    fx_image_destroy(&all);
    fx_image_destroy(&one);
    return status;
}

// For each class the templates that the second layer counts most in its favor, best first.
static fx_status draw_classes(const lecture *lecture, fx_mlp *mlp, const float *templates,
                              sheet *sheet, fx_error *error) {
    enum { STRIP = 5, CELL = SIDE + 1 };
    size_t rows, columns;
    const float *second = fx_mlp_weights(mlp, 1, &rows, &columns);
    fx_image strip = {0}, one = {0};
    fx_status status = FX_OK;
    sheet_tiles_begin(sheet, "The second layer: the five templates with the largest weights, for "
                             "each class");
    for (size_t class = 0; class < CLASSES; class ++) {
        preference units[UNITS];
        for (size_t j = 0; j < UNITS; j++)
            units[j] = (preference){-(double)second[j * CLASSES + class], 0, j};
        qsort(units, UNITS, sizeof *units, by_d);
        TRY_GOTO(fx_image_reserve(&strip, STRIP * CELL - 1, SIDE, 1, error));
        for (int i = 0; i < strip.width * strip.height; i++) strip.pixels[i] = 32;
        for (int k = 0; k < STRIP; k++) {
            TRY_GOTO(gray_picture(templates + units[k].unit * PIXELS, SIDE, &one, error));
            for (int i = 0; i < PIXELS; i++)
                strip.pixels[i / SIDE * strip.width + k * CELL + i % SIDE] = one.pixels[i];
        }
        char label[80];
        snprintf(label, sizeof label, "%s: weights %.2f to %.2f",
                 lecture->shapes->class_names[class], -units[0].d, -units[STRIP - 1].d);
        sheet_tile(sheet, &strip, 2, label);
    }
    sheet_tiles_end(sheet);
done:
    fx_image_destroy(&strip);
    fx_image_destroy(&one);
    return status;
}

static fx_status run(const lecture *lecture, sheet *sheet, fx_error *error) {
    static const int widths[WIDTHS] = {25, UNITS, 400};
    fx_matrix x = {0}, test = {0};
    fx_mlp *mlp = NULL;
    fx_status status;
    float *templates, *outputs, *means[CLASSES * 2], axis[PIXELS];
    double unlike[WIDTHS];
    preference units[UNITS];
    const int *labels = lecture->shapes->train.labels;
    TRY_GOTO(contrast_images(&lecture->shapes->train, TRAIN, &x, error));
    TRY_GOTO(contrast_images(&lecture->shapes->test, TEST, &test, error));
    for (int c = 0; c < CLASSES; c++) {
        for (int k = 0; k < 2; k++)
            TRY_GOTO(sheet_array(sheet, PIXELS, sizeof(float), &means[2 * c + k], error));
        TRY_GOTO(find_modes(&x, labels, c, lecture->seed, &means[2 * c], error));
    }
    for (int i = 0; i < PIXELS; i++) axis[i] = means[2 * HORSE + 1][i] - means[2 * HORSE][i];

    TRY_GOTO(sheet_array(sheet, (size_t)TEST * UNITS, sizeof *outputs, &outputs, error));
    for (int w = 0; w < WIDTHS; w++) {
        TRY_GOTO(train(lecture, widths[w], &x, &mlp, error));
        TRY_GOTO(read_templates(mlp, sheet, &templates, error));
        unlike[w] = unlike_anything(templates, (size_t)widths[w], means);
        if (widths[w] == UNITS) {
            TRY_GOTO(fx_mlp_hidden(mlp, 0, test.data, TEST, outputs, error));
            measure(mlp, outputs, lecture->shapes->test.labels, axis, &test, units);
            TRY_GOTO(draw_all(templates, sheet, error));
            TRY_GOTO(draw_classes(lecture, mlp, templates, sheet, error));
            size_t speaking = 0; // those that speak for the horse first, by what they prefer
            for (size_t j = 0; j < UNITS; j++)
                if (units[j].weight > 0) units[speaking++] = units[j];
            qsort(units, speaking, sizeof *units, by_d);
            size_t sides[2] = {0};
            for (size_t j = 0; j < speaking; j++) {
                sides[0] += units[j].d <= -0.5;
                sides[1] += units[j].d >= 0.5;
            }
            TRY_GOTO(draw_units(
                units, templates,
                "For the horse, and rather for one side of it (d: by how many deviations)", sheet,
                error));
            TRY_GOTO(draw_units(units + speaking - SHOWN, templates,
                                "For the horse, and rather for the other side", sheet, error));
            int predictions[TEST];
            TRY_GOTO(predict(mlp, &test, predictions, error));
            sheet_at_least(sheet, "test accuracy with 100 templates",
                           accuracy(lecture->shapes->test.labels, predictions, TEST), 0.4);
            sheet_shows(sheet, "of 100 units, those that speak for the horse",
                        plain((double)speaking));
            sheet_at_least(sheet, "of these, units that prefer one side by half a deviation",
                           plain((double)sides[0]), 3);
            sheet_at_least(sheet, "of these, units that prefer the other side by as much",
                           plain((double)sides[1]), 3);
        }
        fx_mlp_destroy(mlp);
        mlp = NULL;
    }
    sheet_shows(sheet,
                "templates like nothing in the data (no mean image correlates by 0.3), of 25",
                in_unit(unlike[0], PERCENT));
    sheet_at_least(sheet, "of 100", in_unit(unlike[1], PERCENT), 0.01);
    sheet_shows(sheet, "of 400", in_unit(unlike[2], PERCENT));
    sheet_at_least(sheet, "more of them with 400 units than with 25",
                   in_unit(unlike[2] - unlike[0], POINTS), 0.05);
done:
    fx_mlp_destroy(mlp);
    fx_matrix_destroy(&x);
    fx_matrix_destroy(&test);
    return status;
}

const claim l11 = {
    "L11",
    "l11_templates.c",
    "MLP",
    "Perceptrons, stacked. With a hidden layer of 100 units the first layer holds 100 templates, "
    "so one class can have several (a horse looking left, one looking right); some of them mean "
    "nothing to a person, and the more there are the more so. The second layer combines how well "
    "each template matches into 10 class scores.",
    "An MLP of 100 hidden units on the contrast images of L2. Its templates, and for the horse "
    "those that its second layer counts in its favor: which side do they prefer? Then the same "
    "with 25 and with 400 units.",
    run,
};
