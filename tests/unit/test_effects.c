// What speaks for each class: the measure, the words un-whitened, and the bars of colors by pixel.
#include <math.h>
#include <stdlib.h>

#include "features/feature.h"
#include "features/plain_words.h"
#include "features/vocabulary.h"
#include "src/report/effects.h"
#include "src/report/feature_pictures.h"
#include "tests/support/pixels.h"
#include "tests/support/trained.h"

// Of a linear classifier: its weights against the mean of the classes', times the deviation.
Test(effects, of_a_linear_classifier_are_its_weights) {
    enum { TESTED = 40 };
    tiny data;
    tiny_create(60, 0, TESTED, &data);
    fx_model_params params = tiny_params(FX_FEATURE_HOG);
    params.mlp.hidden.count = 0;
    params.train.epochs = 2;
    params.descriptor.features = (fx_int_list){2, {FX_FEATURE_COLOR, FX_FEATURE_HOG}};
    trained t = train_images(&params, &data);
    fx_arm arm = {(char[]){"arm"}, params};
    fx_experiment experiment = {.arm_count = 1, .arms = &arm};
    fx_comparison comparison = {.experiment = &experiment,
                                .dataset = &data.dataset,
                                .arm_count = 1,
                                .seed_count = 1,
                                .results = &t.result,
                                .models = &t.model,
                                .classes = TINY_CLASSES};
    fx_row_part parts[FX_FEATURE_COUNT];
    cr_assert_eq(fx__row_parts(&comparison, 0, parts), 2);
    cr_assert(parts[0].feature == FX_FEATURE_COLOR && parts[0].begin == 0);
    cr_assert(parts[1].feature == FX_FEATURE_HOG && parts[1].begin == parts[0].length);
    cr_assert(parts[1].width == TINY_SIDE && parts[1].height == TINY_SIDE);
    fx_effects effects;
    fx_error error = {0};
    cr_assert_eq(fx__effects_create(&comparison, 0, &effects, &error), FX_OK, "%s", error.message);
    cr_assert(effects.images == TESTED && effects.classes == TINY_CLASSES);
    cr_assert_eq(effects.length, parts[0].length + parts[1].length);
    size_t d = effects.length, rows, columns;
    float *x = malloc(TESTED * d * sizeof *x);
    cr_assert_eq(fx_descriptor_extract_range(fx_model_descriptor(t.model),
                                             &data.dataset.test.images, 0, TESTED, d, x,
                                             FX_ON_ERROR_FAIL, NULL, NULL, &error),
                 FX_OK);
    fx_mlp *mlp = (fx_mlp *)fx_model_mlp(t.model);
    const float *weights = fx_mlp_weights(mlp, 0, &rows, &columns);
    double largest = 0;
    for (size_t i = 0; i < d; i++) {
        double mean = 0, squares = 0, sum = 0;
        for (size_t k = 0; k < TESTED; k++) mean += (double)x[k * d + i] / TESTED;
        for (size_t k = 0; k < TESTED; k++) squares += pow((double)x[k * d + i] - mean, 2) / TESTED;
        double unit = sqrt(squares) * (double)fx_mlp_input_scale(mlp)[i];
        for (size_t c = 0; c < columns; c++) sum += (double)weights[i * columns + c];
        for (size_t c = 0; c < columns; c++) {
            double expected = ((double)weights[i * columns + c] - sum / (double)columns) * unit;
            double found = (double)effects.values[c * d + i];
            largest = fmax(largest, fabs(expected));
            // A few roundings of float32, of numbers of which the largest are about 1.
            cr_assert(fabs(found - expected) <= 1e-6, "%zu: %g, %g", i, found, expected);
        }
    }
    cr_assert_gt(largest, 0.01);
    free(x);
    fx__effects_destroy(&effects);
    destroy(&t);
}

// Whitened again, they are the words.
Test(effects, plain_words_are_those_before_whitening) {
    tiny data;
    tiny_create(60, 0, 0, &data);
    for (int whiten = 0; whiten < 2; whiten++) {
        fx_bovw_params params = fx_bovw_defaults();
        params.words = 12;
        params.samples = 1500;
        params.whiten = whiten;
        fx_vocabulary *v;
        fx_plain_words plain;
        fx_error error = {0};
        cr_assert_eq(
            fx_vocabulary_learn(&params, &data.dataset.train.images, 3, 5, NULL, &v, &error), FX_OK,
            "%s", error.message);
        cr_assert_eq(fx__plain_words_create(v, &plain, &error), FX_OK, "%s", error.message);
        cr_assert(!plain.gradients && plain.side == v->params.patch && plain.channels == 3);
        double most = 0;
        for (size_t w = 0; w < 12; w++)
            for (size_t j = 0; j < v->length; j++) {
                double sum = 0, expected = (double)v->words.data[w * v->length + j];
                for (size_t i = 0; i < v->length; i++)
                    sum += (double)plain.words.data[w * v->length + i] *
                           (whiten ? (double)v->whitening.matrix[i * v->length + j] : i == j);
                most = fmax(most, fabs(expected));
                // float32 matrices whose eigenvalues differ by a factor of up to about 100.
                cr_assert(fabs(sum - expected) <= 1e-4, "%g, %g", sum, expected);
            }
        cr_assert_gt(most, 0.1);
        fx__plain_words_destroy(&plain);
        fx_vocabulary_destroy(v);
    }
}

// Bars from the left rise, those from the right hang, in the colors of their bins.
Test(effects, colors_for_rise_and_colors_against_hang) {
    fx_color_params params = fx_color_defaults();
    params.space = FX_COLOR_RGB;
    params.bins = (fx_int_list){1, {2}};
    float values[8] = {0};
    values[4] = 2;  // red
    values[2] = 1;  // green
    values[1] = -2; // blue
    fx_image picture = {0};
    fx_error error = {0};
    cr_assert_eq(fx__picture_speaking_colors(&params, values, &picture, &error), FX_OK, "%s",
                 error.message);
    int middle = FX__SPEAKING_HEIGHT / 2, x = FX__SPEAKING_WIDTH / 2, last = picture.width - x;
    const uint8_t *red = pixels_at(&picture, x, 5),
                  *blue = pixels_at(&picture, last, 2 * middle - 6);
    cr_assert(red[0] > 150 && red[1] < 100 && red[2] < 100, "%d %d %d", red[0], red[1], red[2]);
    cr_assert(blue[2] > 150 && blue[0] < 100 && blue[1] < 100);
    const uint8_t *green = pixels_at(&picture, x + FX__SPEAKING_WIDTH, middle - 6);
    cr_assert(green[1] > 150 && green[0] < 100 && green[2] < 100);
    // Half as high, and nothing beyond.
    cr_assert_eq(pixels_at(&picture, x + FX__SPEAKING_WIDTH, 5)[1], FX__BARS_GROUND);
    cr_assert_eq(pixels_at(&picture, x, middle + 5)[0], FX__BARS_GROUND);
    cr_assert_eq(pixels_at(&picture, last, 5)[2], FX__BARS_GROUND);
    fx_image_destroy(&picture);
}
