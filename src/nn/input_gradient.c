// Gradients of scores by inputs, in evaluation mode: backward through an MLP whose parameters stay.
//
//   forward   y_l = f(y_{l-1} · W_l · scale + shift)
//   backward  δ = W_last[:, c] for each row;  δ ← (δ · f') · scale;  δ ← δ · W_lᵀ
//
// The first layer is the same for all rows, so its product is made once, of the mean of δ over the
// rows. Batches of BATCH rows are summed in their order.
#include <stdlib.h>
#include <string.h>

#include "src/base/gemm.h"
#include "src/nn/activation.h"
#include "src/nn/network.h"

enum { BATCH = 256 };

typedef struct workspace {
    fx__predictor affine;         // for its scale and shift
    float *z;                     // [rows, widest]
    float *y[FX_LIST_MAX];        // [rows, width] of each hidden layer
    uint8_t *winner[FX_LIST_MAX]; // the same, of maxout
    float *delta[2];              // [rows, widest]
    double *mean;                 // [outputs, columns of the first layer]: sums of δ
} workspace;

static void workspace_destroy(workspace *w, size_t hidden) {
    fx__predictor_destroy(&w->affine);
    free(w->z);
    for (size_t l = 0; l < hidden; l++) {
        free(w->y[l]);
        free(w->winner[l]);
    }
    free(w->delta[0]);
    free(w->delta[1]);
    free(w->mean);
}

static fx_status workspace_create(const fx_mlp *mlp, size_t rows, workspace *w, fx_error *error) {
    size_t widest = 1, hidden = mlp->layer_count - 1;
    fx_status status;
    *w = (workspace){0};
    FX__TRY_GOTO(fx__predictor_create(mlp, rows, &w->affine, error));
    for (size_t l = 0; l < hidden; l++) {
        const fx__layer *layer = &mlp->layers[l];
        if (layer->columns > widest) widest = layer->columns;
        FX__TRY_GOTO(fx__allocate(rows, layer->width * sizeof(float), &w->y[l], error));
        if (layer->pieces > 1) FX__TRY_GOTO(fx__allocate(rows, layer->width, &w->winner[l], error));
    }
    FX__TRY_GOTO(fx__allocate(rows, widest * sizeof(float), &w->z, error));
    FX__TRY_GOTO(fx__allocate(rows, widest * sizeof(float), &w->delta[0], error));
    FX__TRY_GOTO(fx__allocate(rows, widest * sizeof(float), &w->delta[1], error));
    FX__TRY_GOTO(
        fx__allocate(mlp->outputs, mlp->layers[0].columns * sizeof(double), &w->mean, error));
done:
    if (status != FX_OK) workspace_destroy(w, hidden);
    return status;
}

static void forward(const fx_mlp *mlp, workspace *w, size_t n) {
    const float *input = w->affine.x, *scale = w->affine.scale, *shift = w->affine.shift;
    for (size_t l = 0; l + 1 < mlp->layer_count; l++) {
        const fx__layer *layer = &mlp->layers[l];
        fx__gemm(false, false, n, layer->columns, layer->inputs, 1, input, layer->inputs,
                 layer->weights, layer->columns, 0, w->z, layer->columns);
        if (layer->pieces > 1)
            fx__maxout_forward(n, layer->width, layer->width, layer->pieces, w->z, layer->columns,
                               scale, shift, w->y[l], layer->width, w->winner[l], layer->width);
        else
            fx__activation_forward(mlp->params.activation, n, layer->width, w->z, layer->columns,
                                   scale, shift, w->y[l], layer->width);
        input = w->y[l];
        scale += layer->columns;
        shift += layer->columns;
    }
}

// Adds δ of the first layer, of score `c`, to its sum over the rows.
static void backward(const fx_mlp *mlp, workspace *w, size_t n, size_t c) {
    const fx__layer *last = &mlp->layers[mlp->layer_count - 1];
    const float *scale = w->affine.scale;
    for (size_t l = 0; l + 1 < mlp->layer_count; l++) scale += mlp->layers[l].columns;
    float *delta = w->delta[0], *other = w->delta[1];
    for (size_t i = 0; i < n * last->inputs; i++)
        delta[i] = last->weights[i % last->inputs * last->columns + c];
    for (size_t l = mlp->layer_count - 1; l-- > 0;) {
        const fx__layer *layer = &mlp->layers[l];
        scale -= layer->columns;
        if (layer->pieces > 1) {
            fx__maxout_backward(n, layer->width, layer->width, layer->pieces, w->winner[l],
                                layer->width, delta, layer->width, other, layer->columns);
            float *swap = delta;
            delta = other;
            other = swap;
        } else {
            fx__activation_backward(mlp->params.activation, n, layer->width, w->y[l], layer->width,
                                    1, delta, layer->width);
        }
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < layer->columns; j++) delta[i * layer->columns + j] *= scale[j];
        if (l == 0) break;
        fx__gemm(false, true, n, layer->inputs, layer->columns, 1, delta, layer->columns,
                 layer->weights, layer->columns, 0, other, layer->inputs);
        float *swap = delta;
        delta = other;
        other = swap;
    }
    double *mean = w->mean + c * mlp->layers[0].columns;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < mlp->layers[0].columns; j++)
            mean[j] += (double)delta[i * mlp->layers[0].columns + j];
}

fx_status fx_mlp_input_gradient(const fx_mlp *mlp, const float *x, size_t n, float *out,
                                fx_error *error) {
    const fx__layer *first = &mlp->layers[0];
    if (n == 0) return fx_error_set(error, FX_ERROR_USAGE, "0 samples, expected at least 1");
    workspace w;
    FX__TRY(workspace_create(mlp, n < BATCH ? n : BATCH, &w, error));
    if (mlp->layer_count == 1) {
        for (size_t c = 0; c < mlp->outputs; c++) w.mean[c * first->columns + c] = (double)n;
    }
    for (size_t i = 0; i < n && mlp->layer_count > 1; i += BATCH) {
        size_t rows = n - i < BATCH ? n - i : BATCH;
        fx__mlp_standardize(mlp, rows, x + i * mlp->inputs, w.affine.x);
        forward(mlp, &w, rows);
        for (size_t c = 0; c < mlp->outputs; c++) backward(mlp, &w, rows, c);
    }
    for (size_t c = 0; c < mlp->outputs; c++)
        for (size_t i = 0; i < mlp->inputs; i++) {
            const float *weights = first->weights + i * first->columns;
            double sum = 0;
            for (size_t j = 0; j < first->columns; j++)
                sum += w.mean[c * first->columns + j] * (double)weights[j];
            out[c * mlp->inputs + i] = (float)(sum / (double)n * (double)mlp->input_scale[i]);
        }
    workspace_destroy(&w, mlp->layer_count - 1);
    return FX_OK;
}
