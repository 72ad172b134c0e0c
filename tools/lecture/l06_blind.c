// L6: an image whose pixels are shuffled has the histogram of the original.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lecture/lecture.h"

enum { SIDE = 32, PIXELS = SIDE * SIDE, TEST = 1000, CLASSES = 10, ZEBRA = 4 };

// A source that shuffles the pixels of another one's images.
typedef struct shuffled {
    const fx_image_source *base;
    uint64_t seed;
} shuffled;

static fx_status shuffled_get(const void *self, size_t index, fx_image *out, fx_error *error) {
    const shuffled *s = self;
    uint32_t order[PIXELS];
    uint8_t pixels[PIXELS * 3];
    TRY(s->base->get(s->base->self, index, out, error));
    fx_rng rng = fx_rng_at(s->seed, FX_RNG_USER, 6, index);
    for (uint32_t i = 0; i < PIXELS; i++) order[i] = i;
    fx_rng_shuffle(&rng, order, PIXELS);
    memcpy(pixels, out->pixels, sizeof pixels);
    for (size_t i = 0; i < PIXELS; i++)
        memcpy(out->pixels + i * 3, pixels + (size_t)order[i] * 3, 3);
    return FX_OK;
}

static fx_status shuffled_probe(const void *self, size_t index, fx_image *out, fx_error *error) {
    const fx_image_source *base = ((const shuffled *)self)->base;
    return base->probe(base->self, index, out, error);
}

static void shuffled_name(const void *self, size_t index, char *out, size_t size) {
    const fx_image_source *base = ((const shuffled *)self)->base;
    base->name(base->self, index, out, size);
}

static fx_status classes_of(const fx_model *model, const fx_image_source *images, int *out,
                            sheet *sheet, fx_error *error) {
    float *scores;
    TRY(sheet_array(sheet, TEST * CLASSES, sizeof *scores, &scores, error));
    TRY(fx_model_predict(model, images, 0, TEST, FX_ON_ERROR_FAIL, NULL, scores, error));
    for (size_t i = 0; i < TEST; i++) {
        out[i] = 0;
        for (int k = 1; k < CLASSES; k++)
            if (scores[i * CLASSES + (size_t)k] > scores[i * CLASSES + (size_t)out[i]]) out[i] = k;
    }
    return FX_OK;
}

// Among the zebras and leopards that were taken for one of the two: the share right. One palette,
// one outline; only the texture differs.
static quantity zebra_or_leopard(const int *labels, const int *predictions) {
    size_t right = 0, all = 0;
    for (size_t i = 0; i < TEST; i++) {
        if (labels[i] / 2 != ZEBRA / 2 || predictions[i] / 2 != ZEBRA / 2) continue;
        all++;
        right += labels[i] == predictions[i];
    }
    return share(right, all);
}

// The largest difference between histograms of an image and of itself, shuffled.
static fx_status histogram_change(const fx_image_source *images, const fx_image_source *noise,
                                  double *largest, fx_error *error) {
    const fx_color_params params = fx_color_defaults();
    size_t length = fx_color_length(&params);
    fx_image image = {0};
    fx_matrix rows;
    fx_status status = FX_OK;
    void *scratch = malloc(fx_color_scratch(&params));
    if (!scratch) return fx_error_set(error, FX_ERROR_MEMORY, "out of memory");
    TRY_GOTO(fx_matrix_create(2, length, &rows, error));
    for (size_t i = 0; i < TEST; i++) {
        for (size_t k = 0; k < 2; k++) {
            const fx_image_source *from = k ? noise : images;
            TRY_GOTO(from->get(from->self, i, &image, error));
            TRY_GOTO(fx_color_extract(&params, &image, rows.data + k * length, scratch, error));
        }
        for (size_t j = 0; j < length; j++)
            *largest = fmax(*largest, fabs((double)rows.data[j] - (double)rows.data[length + j]));
    }
done:
    free(scratch);
    fx_matrix_destroy(&rows);
    fx_image_destroy(&image);
    return status;
}

static fx_status draw(const lecture *lecture, const fx_image_source *noise, sheet *sheet,
                      fx_error *error) {
    fx_image image = {0};
    fx_status status = FX_OK;
    sheet_tiles_begin(sheet, "Images, and the same pixels shuffled: to color, the same");
    for (size_t i = 0; i < 10; i++) {
        const fx_image_source *from = i % 2 ? noise : &lecture->shapes->test.images;
        TRY_GOTO(from->get(from->self, 2 + i / 2, &image, error));
        sheet_tile(sheet, &image, 2,
                   i % 2 ? "shuffled"
                         : lecture->shapes->class_names[lecture->shapes->test.labels[2 + i / 2]]);
    }
    sheet_tiles_end(sheet);
done:
    fx_image_destroy(&image);
    return status;
}

static fx_status run(const lecture *lecture, sheet *sheet, fx_error *error) {
    const shuffled state = {&lecture->shapes->test.images, lecture->seed};
    const fx_image_source noise = {&state, TEST, shuffled_get, shuffled_probe, shuffled_name};
    const int *labels = lecture->shapes->test.labels;
    int plain_classes[FX_FEATURE_COUNT][TEST], noise_classes[FX_FEATURE_COUNT][TEST];
    for (int f = FX_FEATURE_COLOR; f <= FX_FEATURE_HOG; f++) {
        const fx_model_params params = small_model(lecture, (fx_feature)f);
        const fx_model_data data = {.name = "shapes", .images = lecture->shapes};
        const fx_model_options options = {.progress = lecture->progress};
        fx_model *model;
        fx_result result = {0};
        TRY(fx_model_train(&params, &data, &options, &model, &result, error));
        fx_status status =
            classes_of(model, &lecture->shapes->test.images, plain_classes[f], sheet, error);
        if (status == FX_OK) status = classes_of(model, &noise, noise_classes[f], sheet, error);
        fx_model_destroy(model);
        fx_result_destroy(&result);
        TRY(status);
    }
    double largest = 0;
    size_t same = 0;
    TRY(histogram_change(&lecture->shapes->test.images, &noise, &largest, error));
    for (size_t i = 0; i < TEST; i++)
        same += plain_classes[FX_FEATURE_COLOR][i] == noise_classes[FX_FEATURE_COLOR][i];
    TRY(draw(lecture, &noise, sheet, error));

    sheet_at_most(sheet, "largest change of any bin of any of 1,000 histograms by shuffling",
                  plain(largest), 0);
    sheet_at_least(sheet, "test images that a classifier on color gives the same class, shuffled",
                   in_unit((double)same / TEST, PERCENT), 1);
    sheet_shows(sheet, "test accuracy of color, of images and of noise alike",
                accuracy(labels, noise_classes[FX_FEATURE_COLOR], TEST));
    sheet_at_least(sheet, "test accuracy of HoG, which looks at shape",
                   accuracy(labels, plain_classes[FX_FEATURE_HOG], TEST), 0.6);
    sheet_at_most(sheet, "test accuracy of HoG on shuffled images",
                  accuracy(labels, noise_classes[FX_FEATURE_HOG], TEST), 0.25);
    sheet_at_most(sheet, "zebras and leopards told apart by color: stripes or spots, one palette",
                  zebra_or_leopard(labels, plain_classes[FX_FEATURE_COLOR]), 0.65);
    return FX_OK;
}

const claim l06 = {
    "L6",
    "l06_blind.c",
    "The color histogram is blind",
    "For the same reason an image whose pixels are shuffled into noise has exactly the histogram "
    "of the original: shape and texture are gone.",
    "Every test image of <em>shapes</em> has its pixels shuffled. Histograms are compared bin by "
    "bin; classifiers that were trained on whole images, one on color and one on HoG, classify "
    "the noise.",
    run,
};
