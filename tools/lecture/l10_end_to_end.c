// L10: the network learns its features itself.
//
// The hidden layer of a network is its feature extraction, the last layer its classifier f. Three
// times the same network on raw pixels: with a hidden layer left as it was drawn, so that only f is
// trained; trained end to end; and, beside it, f alone on pixels and f alone on HoG.
#include <string.h>

#include "tools/lecture/lecture.h"

enum { TRAIN = 6000, TEST = 1000, CLASSES = 10, HIDDEN = 256 };

static fx_status train(const lecture *lecture, const fx_mlp_params *params, const fx_matrix *x,
                       const fx_matrix *test, int *predictions, fx_mlp **out, fx_error *error) {
    fx_training_params training = fx_training_defaults();
    training.epochs = 12;
    const fx_samples samples = fx_samples_of_matrix(x, lecture->shapes->train.labels);
    TRY(fx_mlp_create(params, x->columns, CLASSES, lecture->seed, out, error));
    TRY(fx_train(*out, &training, &samples, NULL, lecture->seed, lecture->progress, NULL, error));
    return predict(*out, test, predictions, error);
}

// What the hidden layer of a network of these inputs, drawn but not trained, makes of x.
static fx_status random_features(const lecture *lecture, fx_mlp *trained, const fx_matrix *x,
                                 fx_matrix *out, fx_error *error) {
    fx_mlp *mlp;
    TRY(fx_mlp_create(fx_mlp_get_params(trained), x->columns, CLASSES, lecture->seed + 1, &mlp,
                      error));
    size_t bytes = x->columns * sizeof(float);
    memcpy(fx_mlp_input_mean(mlp), fx_mlp_input_mean(trained), bytes);
    memcpy(fx_mlp_input_scale(mlp), fx_mlp_input_scale(trained), bytes);
    fx_status status = fx_matrix_create(x->rows, HIDDEN, out, error);
    if (status == FX_OK) status = fx_mlp_hidden(mlp, 0, x->data, x->rows, out->data, error);
    fx_mlp_destroy(mlp);
    return status;
}

static fx_status run(const lecture *lecture, sheet *sheet, fx_error *error) {
    enum { PIXELS, RANDOM, END_TO_END, HOG, WAYS };
    static const char *const names[] = {"f on pixels", "f on random units", "end to end",
                                        "f on HoG", NULL};
    const fx_split *split = &lecture->shapes->train, *held = &lecture->shapes->test;
    fx_matrix x[WAYS] = {0}, test[WAYS] = {0};
    fx_mlp *mlp[WAYS] = {0};
    int predictions[WAYS][TEST];
    fx_status status;
    const fx_mlp_params linear = network(FX_RELU, 0, 0, 0);
    fx_mlp_params deep = network(FX_RELU, HIDDEN, 0, 0);
    deep.dropout = 0.2F;
    TRY_GOTO(describe(lecture, FX_FEATURE_RAW, &split->images, TRAIN, &x[PIXELS], error));
    TRY_GOTO(describe(lecture, FX_FEATURE_RAW, &held->images, TEST, &test[PIXELS], error));
    TRY_GOTO(describe(lecture, FX_FEATURE_HOG, &split->images, TRAIN, &x[HOG], error));
    TRY_GOTO(describe(lecture, FX_FEATURE_HOG, &held->images, TEST, &test[HOG], error));
    TRY_GOTO(train(lecture, &deep, &x[PIXELS], &test[PIXELS], predictions[END_TO_END],
                   &mlp[END_TO_END], error));
    TRY_GOTO(random_features(lecture, mlp[END_TO_END], &x[PIXELS], &x[RANDOM], error));
    TRY_GOTO(random_features(lecture, mlp[END_TO_END], &test[PIXELS], &test[RANDOM], error));
    const int alone[] = {PIXELS, RANDOM, HOG};
    for (size_t i = 0; i < COUNT(alone); i++)
        TRY_GOTO(train(lecture, &linear, &x[alone[i]], &test[alone[i]], predictions[alone[i]],
                       &mlp[alone[i]], error));

    double place[WAYS], height[WAYS], low[WAYS], high[WAYS];
    quantity found[WAYS];
    for (int i = 0; i < WAYS; i++) {
        found[i] = accuracy(held->labels, predictions[i], TEST);
        place[i] = i;
        height[i] = 100 * found[i].value;
        low[i] = 100 * found[i].low;
        high[i] = 100 * found[i].high;
    }
    const series bars = {NULL, BARS, 2, WAYS, place, height, low, high};
    sheet_chart(sheet,
                &(chart){.title = "Test accuracy, with 95 % intervals",
                         .x_label = "what is trained",
                         .y_label = "test accuracy, %",
                         .x = {-0.6, 3.6},
                         .y = {0, 100},
                         .x_names = names,
                         .upright = true,
                         .count = 1,
                         .series = &bars},
                "Bars of test accuracy of the four ways");
    sheet_shows(sheet, "test accuracy, only f trained, on pixels", found[PIXELS]);
    sheet_shows(sheet, "only f trained, on 256 units left as they were drawn", found[RANDOM]);
    sheet_shows(sheet, "all trained, pixels to scores: end to end", found[END_TO_END]);
    sheet_shows(sheet, "only f trained, on HoG, which people designed", found[HOG]);
    sheet_at_least(sheet, "gained by learning the features instead of drawing them",
                   accuracy_gain(held->labels, predictions[END_TO_END], predictions[RANDOM], TEST),
                   0.05);
    sheet_at_least(sheet, "gained by features that people designed over bare pixels",
                   accuracy_gain(held->labels, predictions[HOG], predictions[PIXELS], TEST), 0.05);
    sheet_shows(sheet, "HoG with f over end to end: who wins on 6,000 small images",
                accuracy_gain(held->labels, predictions[HOG], predictions[END_TO_END], TEST));
done:
    for (int i = 0; i < WAYS; i++) {
        fx_matrix_destroy(&x[i]);
        fx_matrix_destroy(&test[i]);
        fx_mlp_destroy(mlp[i]);
    }
    return status;
}

const claim l10 = {
    "L10",
    "l10_end_to_end.c",
    "Machine learning against neural networks",
    "In the classical pipeline people design the feature extraction and only f is trained; a "
    "neural network takes the image alone and learns everything from the features to the scores, "
    "end to end.",
    "f is a linear classifier. It is trained on raw pixels, on 256 hidden units as they were "
    "drawn at random, and on HoG; the network with the same 256 units is trained as a whole.",
    run,
};
