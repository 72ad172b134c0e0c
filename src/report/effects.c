// What speaks for each class: averaged gradients times deviations, over some of the test images.
#include "src/report/effects.h"

#include <math.h>
#include <stdlib.h>

#include "features/feature.h"
#include "src/base/memory.h"

enum { IMAGES_MAX = 200, IMAGES_MIN = 20, NUMBERS_MAX = 1 << 24 };

// Rows of test images that lie evenly among those that the arm was tested on.
static fx_status read_rows(const fx_comparison *comparison, size_t arm, size_t length, size_t *n,
                           float **rows, fx_error *error) {
    const fx_result *result = &comparison->results[arm * comparison->seed_count];
    const fx_descriptor *descriptor = fx_model_descriptor(comparison->models[arm]);
    uint32_t indices[IMAGES_MAX];
    size_t most = NUMBERS_MAX / length;
    most = most > IMAGES_MAX ? IMAGES_MAX : most < IMAGES_MIN ? IMAGES_MIN : most;
    *n = result->test_samples < most ? result->test_samples : most;
    for (size_t i = 0; i < *n; i++)
        indices[i] = result->test_indices[i * result->test_samples / *n];
    fx_image_subset storage;
    fx_image_source images =
        fx_image_source_subset(&comparison->dataset->test.images, indices, *n, &storage);
    FX__TRY(fx__allocate(*n, length * sizeof **rows, rows, error));
    return fx_descriptor_extract_range(descriptor, &images, 0, *n, length, *rows, FX_ON_ERROR_FAIL,
                                       NULL, NULL, error);
}

// out[classes, length]: mean over the model's networks of their gradients by rows[n, length].
static fx_status mean_gradient(const fx_model *model, const float *rows, size_t n, size_t count,
                               float *out, fx_error *error) {
    const int networks = fx_model_networks(model);
    float *own;
    FX__TRY(fx__allocate(count, sizeof *own, &own, error));
    fx_status status = FX_OK;
    for (int k = 0; k < networks && status == FX_OK; k++) {
        status = fx_mlp_input_gradient(fx_model_network(model, k), rows, n, own, error);
        for (size_t i = 0; i < count && status == FX_OK; i++) out[i] += own[i] / (float)networks;
    }
    free(own);
    return status;
}

static double deviation(const float *rows, size_t n, size_t length, size_t i) {
    double sum = 0, squares = 0;
    for (size_t k = 0; k < n; k++) sum += (double)rows[k * length + i];
    for (size_t k = 0; k < n; k++) {
        double x = (double)rows[k * length + i] - sum / (double)n;
        squares += x * x;
    }
    return sqrt(squares / (double)n);
}

fx_status fx__effects_create(const fx_comparison *comparison, size_t arm, fx_effects *out,
                             fx_error *error) {
    const fx_mlp *mlp = fx_model_mlp(comparison->models[arm]);
    *out = (fx_effects){.classes = fx_mlp_outputs(mlp), .length = fx_mlp_inputs(mlp)};
    float *rows = NULL;
    fx_status status;
    FX__TRY_GOTO(read_rows(comparison, arm, out->length, &out->images, &rows, error));
    FX__TRY_GOTO(
        fx__allocate(out->classes, out->length * sizeof *out->values, &out->values, error));
    FX__TRY_GOTO(mean_gradient(comparison->models[arm], rows, out->images,
                               out->classes * out->length, out->values, error));
    for (size_t i = 0; i < out->length; i++) {
        double mean = 0, s = deviation(rows, out->images, out->length, i);
        for (size_t c = 0; c < out->classes; c++)
            mean += (double)out->values[c * out->length + i] / (double)out->classes;
        for (size_t c = 0; c < out->classes; c++) {
            float *value = &out->values[c * out->length + i];
            *value = (float)(((double)*value - mean) * s);
        }
    }
done:
    free(rows);
    if (status != FX_OK) fx__effects_destroy(out);
    return status;
}

void fx__effects_destroy(fx_effects *effects) {
    free(effects->values);
    *effects = (fx_effects){0};
}

// 0 where the image does not fit.
static size_t part_length(const fx_descriptor *d, const fx_row_part *part) {
    switch (part->feature) {
    case FX_FEATURE_RAW:
        return fx_raw_pixels_length(part->width, part->height, part->channels);
    case FX_FEATURE_COLOR:
        return fx_color_length(&d->params.color);
    case FX_FEATURE_HOG:
        return fx_hog_length(&d->params.hog, part->width, part->height);
    default:
        return fx_bovw_length(d->vocabulary);
    }
}

size_t fx__row_parts(const fx_comparison *comparison, size_t arm, fx_row_part *parts) {
    const fx_descriptor *descriptor = fx_model_descriptor(comparison->models[arm]);
    if (!descriptor) return 0;
    const fx_descriptor_params *params = &descriptor->params;
    const fx_image_source *images = &comparison->dataset->test.images;
    fx_size size = params->image.size;
    fx_image first = {0};
    if (size.width <= 0 && images->probe(images->self, 0, &first, NULL) == FX_OK)
        size = (fx_size){first.width, first.height}; // native: all have one size, or none fits
    size_t end = 0, count = 0;
    for (int i = 0; i < params->features.count; i++) {
        fx_row_part part = {.feature = (fx_feature)params->features.values[i],
                            .begin = end,
                            .width = size.width,
                            .height = size.height,
                            .channels = descriptor->channels};
        part.length = part_length(descriptor, &part);
        end += part.length;
        parts[count++] = part;
    }
    return end == fx_mlp_inputs(fx_model_mlp(comparison->models[arm])) ? count : 0;
}
