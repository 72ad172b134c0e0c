// Evaluation of an MLP: no dropout, running statistics.
//
// A hidden layer is one product and one pass, f(z · scale + shift), in which batch normalization
// has become scale and shift. Samples go through in batches of at most BATCH rows.
#include <stdlib.h>
#include <string.h>

#include "src/base/gemm.h"
#include "src/base/kernel.h"
#include "src/nn/activation.h"
#include "src/nn/batch_norm.h"
#include "src/nn/network.h"

enum {
    BATCH = 256, // rows of a batch
    ROWS = 16,   // rows of a piece of an element-wise pass
};

FX__KERNEL
static void standardize(size_t count, const float *mean, const float *scale, const float *from,
                        float *to) {
#pragma omp simd
    for (size_t j = 0; j < count; j++) to[j] = (from[j] - mean[j]) * scale[j];
}

void fx__mlp_standardize_row(const fx_mlp *mlp, const float *from, float *to) {
    standardize(mlp->inputs, mlp->input_mean, mlp->input_scale, from, to);
}

void fx__mlp_standardize(const fx_mlp *mlp, size_t n, const float *from, float *to) {
#pragma omp parallel for schedule(static) if (n * mlp->inputs > FX__PARALLEL_WORK)
    for (size_t i = 0; i < n; i++)
        fx__mlp_standardize_row(mlp, from + i * mlp->inputs, to + i * mlp->inputs);
}

fx_status fx__predictor_create(const fx_mlp *mlp, size_t rows, fx__predictor *out,
                               fx_error *error) {
    fx__predictor p = {.mlp = mlp, .rows = rows};
    size_t widest = 1, columns = 0;
    for (size_t l = 0; l < mlp->layer_count; l++) {
        const fx__layer *layer = &mlp->layers[l];
        if (layer->hidden && layer->columns > widest) widest = layer->columns;
        columns += layer->columns;
    }
    fx_status status = FX_OK;
    FX__TRY_GOTO(fx__allocate(rows, mlp->inputs * sizeof(float), &p.x, error));
    FX__TRY_GOTO(fx__allocate(rows, mlp->outputs * sizeof(float), &p.scores, error));
    FX__TRY_GOTO(fx__allocate(rows, widest * sizeof(float), &p.hidden[0], error));
    FX__TRY_GOTO(fx__allocate(rows, widest * sizeof(float), &p.hidden[1], error));
    FX__TRY_GOTO(fx__allocate(columns, sizeof(float), &p.scale, error));
    FX__TRY_GOTO(fx__allocate(columns, sizeof(float), &p.shift, error));
    fx__predictor_refresh(&p);
    *out = p;
    return FX_OK;
done:
    fx__predictor_destroy(&p);
    return status;
}

void fx__predictor_destroy(fx__predictor *predictor) {
    free(predictor->x);
    free(predictor->scores);
    free(predictor->hidden[0]);
    free(predictor->hidden[1]);
    free(predictor->scale);
    free(predictor->shift);
    *predictor = (fx__predictor){0};
}

void fx__predictor_refresh(fx__predictor *predictor) {
    float *scale = predictor->scale, *shift = predictor->shift;
    for (size_t l = 0; l < predictor->mlp->layer_count; l++) {
        const fx__layer *layer = &predictor->mlp->layers[l];
        if (layer->batch_norm) {
            fx__batch_norm_affine(layer->columns, layer->gamma, layer->bias, layer->running_mean,
                                  layer->running_variance, scale, shift);
        } else {
            for (size_t j = 0; j < layer->columns; j++) scale[j] = 1;
            for (size_t j = 0; j < layer->columns; j++) shift[j] = layer->bias ? layer->bias[j] : 0;
        }
        scale += layer->columns;
        shift += layer->columns;
    }
}

// y[n, width] = f(z[n, columns] · scale + shift).
static void activate(const fx__layer *layer, int activation, size_t n, const float *z,
                     const float *scale, const float *shift, float *y) {
#pragma omp parallel for schedule(static) if (n * layer->columns > FX__PARALLEL_WORK)
    for (size_t i = 0; i < n; i += ROWS) {
        size_t rows = n - i < ROWS ? n - i : ROWS;
        const float *from = z + i * layer->columns;
        float *to = y + i * layer->width;
        if (layer->pieces > 1)
            fx__maxout_forward(rows, layer->width, layer->width, layer->pieces, from,
                               layer->columns, scale, shift, to, layer->width, NULL, 0);
        else
            fx__activation_forward(activation, rows, layer->width, from, layer->columns, scale,
                                   shift, to, layer->width);
    }
}

// The first `layers` layers on x[n]. Returns what the last of them gives: scores, or a hidden
// buffer.
static const float *run(fx__predictor *predictor, size_t n, size_t layers) {
    const fx_mlp *mlp = predictor->mlp;
    const float *input = predictor->x;
    const float *scale = predictor->scale, *shift = predictor->shift;
    size_t next = 0; // of the two hidden buffers
    for (size_t l = 0; l < layers; l++) {
        const fx__layer *layer = &mlp->layers[l];
        float *z = layer->hidden ? predictor->hidden[next] : predictor->scores;
        fx__gemm(false, false, n, layer->columns, layer->inputs, 1, input, layer->inputs,
                 layer->weights, layer->columns, 0, z, layer->columns);
        // Maxout shrinks rows, so it goes to the other buffer: nobody needs the input any more.
        float *y = layer->pieces > 1 ? predictor->hidden[1 - next] : z;
        activate(layer, layer->hidden ? mlp->params.activation : FX_IDENTITY, n, z, scale, shift,
                 y);
        input = y;
        next = y == predictor->hidden[0] ? 1 : 0;
        scale += layer->columns;
        shift += layer->columns;
    }
    return input;
}

void fx__predictor_run(fx__predictor *predictor, size_t n) {
    run(predictor, n, predictor->mlp->layer_count);
}

fx_status fx_mlp_predict(const fx_mlp *mlp, const float *x, size_t n, float *scores,
                         fx_error *error) {
    if (n == 0) return FX_OK;
    fx__predictor p;
    FX__TRY(fx__predictor_create(mlp, n < BATCH ? n : BATCH, &p, error));
    for (size_t i = 0; i < n; i += p.rows) {
        size_t rows = n - i < p.rows ? n - i : p.rows;
        fx__mlp_standardize(mlp, rows, x + i * mlp->inputs, p.x);
        fx__predictor_run(&p, rows);
        memcpy(scores + i * mlp->outputs, p.scores, rows * mlp->outputs * sizeof(float));
    }
    fx__predictor_destroy(&p);
    return FX_OK;
}

fx_status fx_mlp_hidden(const fx_mlp *mlp, size_t layer, const float *x, size_t n, float *out,
                        fx_error *error) {
    if (layer + 1 >= mlp->layer_count)
        return fx_error_set(error, FX_ERROR_USAGE, "hidden layer %zu, expected less than %zu",
                            layer, mlp->layer_count - 1);
    if (n == 0) return FX_OK;
    const size_t width = mlp->layers[layer].width;
    fx__predictor p;
    FX__TRY(fx__predictor_create(mlp, n < BATCH ? n : BATCH, &p, error));
    for (size_t i = 0; i < n; i += p.rows) {
        size_t rows = n - i < p.rows ? n - i : p.rows;
        fx__mlp_standardize(mlp, rows, x + i * mlp->inputs, p.x);
        memcpy(out + i * width, run(&p, rows, layer + 1), rows * width * sizeof(float));
    }
    fx__predictor_destroy(&p);
    return FX_OK;
}
