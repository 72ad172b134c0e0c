// What a model answers for rows: the mean over what each of its networks says of an image and, with
// augment.test_flip, of the image's mirror. Probabilities are averaged, not the scores that they
// are the softmax of; where the loss gives no probabilities, scores are.
//
// The mean is summed in one order, so that its bytes depend on neither threads nor chunks more than
// fx_mlp_predict's do.
#include "src/experiment/prediction.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/experiment/model_state.h"

// A mean that is being summed.
typedef struct mean {
    const fx_model *model;
    size_t n;
    float share; // of each answer
    float *own;  // [n, classes] an answer
    float *sum;  // [n, classes]
} mean;

static fx_status begin_mean(const fx_model *model, size_t n, float *scores, mean *out,
                            fx_error *error) {
    const int answers = fx_model_networks(model) * (model->params.augment.test_flip ? 2 : 1);
    *out = (mean){.model = model, .n = n, .share = 1 / (float)answers, .sum = scores};
    const size_t row = (size_t)model->classes * sizeof *scores;
    FX__TRY(fx__allocate(n, row, &out->own, error));
    memset(scores, 0, n * row);
    return FX_OK;
}

static fx_status add_answers(mean *mean, const float *x, fx_error *error) {
    const size_t classes = (size_t)mean->model->classes;
    for (int k = 0; k < fx_model_networks(mean->model); ++k) {
        const fx_mlp *network = fx_model_network(mean->model, k);
        FX__TRY(fx_mlp_predict(network, x, mean->n, mean->own, error));
        if (fx_model_has_probabilities(mean->model)) fx_softmax(mean->own, mean->n, classes);
        for (size_t i = 0; i < mean->n * classes; ++i) mean->sum[i] += mean->share * mean->own[i];
    }
    return FX_OK;
}

// Of the mirrors of images begin … begin+n-1, made in x.
static fx_status add_mirrored(mean *mean, const fx_image_source *images, size_t begin,
                              fx_on_error on_error, bool *valid, float *x, fx_error *error) {
    const fx_model *model = mean->model;
    if (!model->params.augment.test_flip) return FX_OK;
    const fx_image_source mirrored = fx_image_source_mirrored(images);
    FX__TRY(fx_descriptor_extract_range(model->descriptor, &mirrored, begin, begin + mean->n,
                                        fx_mlp_inputs(fx_model_mlp(model)), x, on_error, valid,
                                        NULL, error));
    return add_answers(mean, x, error);
}

fx_status fx__predict_rows(const fx_model *model, const fx_rows *rows, size_t begin, size_t n,
                           fx_on_error on_error, bool *valid, float *x, float *scores,
                           fx_error *error) {
    mean mean;
    FX__TRY(begin_mean(model, n, scores, &mean, error));
    fx_status status = fx__rows_fill(rows, begin, n, x, on_error, valid, NULL, error);
    if (status == FX_OK) status = add_answers(&mean, x, error);
    if (status == FX_OK)
        status = add_mirrored(&mean, rows->images, begin, on_error, valid, x, error);
    free(mean.own);
    return status;
}

fx_status fx__predict_samples(const fx_model *model, const fx_samples *samples,
                              const fx_image_source *images, size_t begin, size_t n,
                              uint32_t *indices, float *x, float *scores, fx_error *error) {
    mean mean;
    FX__TRY(begin_mean(model, n, scores, &mean, error));
    for (size_t i = 0; i < n; ++i) indices[i] = (uint32_t)(begin + i);
    fx_status status = samples->fill(samples->self, 0, indices, n, x, error);
    if (status == FX_OK) status = add_answers(&mean, x, error);
    if (status == FX_OK)
        status = add_mirrored(&mean, images, begin, FX_ON_ERROR_FAIL, NULL, x, error);
    free(mean.own);
    return status;
}

void fx__predicted_classes(const float *scores, size_t n, int classes, int *out) {
    for (size_t i = 0; i < n; ++i) {
        const float *row = scores + i * (size_t)classes;
        out[i] = 0;
        for (int c = 1; c < classes; ++c)
            if (row[c] > row[out[i]]) out[i] = c;
    }
}
