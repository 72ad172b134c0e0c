// Forward and backward through an MLP, for a batch of n rows.
//
//   forward   z = a' · W;  a = dropout(f(z · scale + shift))         a': output of the layer before
//   backward  δ ← δ · f' · dropout;  through batch normalization;  ∂W = a'ᵀ · δ;  δ' = δ · Wᵀ
//
// Between two products stands one parallel pass over blocks of FX__COLUMNS columns, which does all
// that is element-wise and all that sums over the rows: statistics, affine map, activation and
// dropout on the way forward; dropout, derivative, normalization and the sums for the biases on the
// way back. Blocks depend on the layer alone and sums run in the order of rows, so no result
// depends on the number of threads. The first layer has no δ'.
//
// With batch normalization the batch's own mean and biased variance are used, and the running ones
// move a tenth of the way towards them (the variance towards the unbiased one).
#include "src/nn/backprop.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/gemm.h"
#include "src/nn/activation.h"
#include "src/nn/batch_norm.h"

enum { ROWS = 32 }; // of a block that stays in the innermost cache between two kernels

static const float RUNNING_MOMENTUM = 0.1f;

// Life
// ------------------------------------------------------------------------------------------------

static fx_status layer_create(const fx_mlp *mlp, const fx__layer *layer, size_t rows,
                              fx__layer_state *state, fx_error *error) {
    const size_t row = sizeof(float);
    FX__TRY(fx__allocate(rows, layer->columns * row, &state->linear, error));
    state->output = state->linear;
    if (!layer->hidden) return FX_OK;
    if (layer->batch_norm || layer->pieces > 1)
        FX__TRY(fx__allocate(rows, layer->width * row, &state->output, error));
    if (mlp->params.dropout > 0) FX__TRY(fx__allocate(rows, layer->width, &state->kept, error));
    if (layer->pieces > 1) FX__TRY(fx__allocate(rows, layer->width, &state->winner, error));
    FX__TRY(fx__allocate(layer->columns, row, &state->scale, error));
    for (size_t j = 0; j < layer->columns; j++) state->scale[j] = 1;
    if (!layer->batch_norm) {
        state->shift = layer->bias;
        return FX_OK;
    }
    FX__TRY(fx__allocate(layer->columns, row, &state->shift, error));
    FX__TRY(fx__allocate(layer->columns, row, &state->mean, error));
    return fx__allocate(layer->columns, row, &state->variance, error);
}

fx_status fx__backprop_create(const fx_mlp *mlp, size_t rows, fx__backprop *out, fx_error *error) {
    fx__backprop b = {.mlp = mlp, .rows = rows};
    size_t widest = 1;
    for (size_t l = 0; l < mlp->layer_count; l++)
        if (mlp->layers[l].columns > widest) widest = mlp->layers[l].columns;
    fx_status status = FX_OK;
    FX__TRY_GOTO(fx__allocate(rows, mlp->inputs * sizeof(float), &b.x, error));
    FX__TRY_GOTO(fx__allocate(rows, sizeof(int), &b.labels, error));
    if (mlp->params.input_dropout > 0)
        FX__TRY_GOTO(fx__allocate(rows, mlp->inputs, &b.kept, error));
    FX__TRY_GOTO(fx__allocate(mlp->layer_count, sizeof *b.layers, &b.layers, error));
    for (size_t l = 0; l < mlp->layer_count; l++)
        FX__TRY_GOTO(layer_create(mlp, &mlp->layers[l], rows, &b.layers[l], error));
    FX__TRY_GOTO(fx__allocate(rows, widest * sizeof(float), &b.delta[0], error));
    FX__TRY_GOTO(fx__allocate(rows, widest * sizeof(float), &b.delta[1], error));
    FX__TRY_GOTO(fx__allocate(mlp->parameter_count, sizeof(float), &b.gradient, error));
    *out = b;
    return FX_OK;
done:
    fx__backprop_destroy(&b);
    return status;
}

void fx__backprop_destroy(fx__backprop *b) {
    for (size_t l = 0; b->layers && l < b->mlp->layer_count; l++) {
        fx__layer_state *state = &b->layers[l];
        if (state->output != state->linear) free(state->output);
        if (b->mlp->layers[l].batch_norm) free(state->shift);
        free(state->linear);
        free(state->kept);
        free(state->winner);
        free(state->scale);
        free(state->mean);
        free(state->variance);
    }
    free(b->x);
    free(b->labels);
    free(b->kept);
    free(b->layers);
    free(b->delta[0]);
    free(b->delta[1]);
    free(b->gradient);
    *b = (fx__backprop){0};
}

// Forward
// ------------------------------------------------------------------------------------------------

// All masks of the batch, and dropout of the inputs.
static void draw_masks(fx__backprop *b, size_t n, fx__dropout_key key) {
    const fx_mlp *mlp = b->mlp;
    const float input = mlp->params.input_dropout, hidden = mlp->params.dropout;
    size_t units = b->kept ? mlp->inputs : 0;
    for (size_t l = 0; l < mlp->layer_count; l++)
        if (b->layers[l].kept) units += mlp->layers[l].width;
    if (units == 0) return;
#pragma omp parallel for schedule(static) if (n * units > FX__PARALLEL_WORK)
    for (size_t i = 0; i < n; i++) {
        fx__dropout_key row = {key.seed, key.epoch, key.position + i};
        if (b->kept) {
            uint8_t *kept = b->kept + i * mlp->inputs;
            fx__dropout_mask(row, 0, input, mlp->inputs, kept);
            fx__dropout_apply(1, mlp->inputs, kept, mlp->inputs, fx__dropout_scale(input),
                              b->x + i * mlp->inputs, mlp->inputs);
        }
        for (size_t l = 0; l < mlp->layer_count; l++)
            if (b->layers[l].kept) {
                size_t width = mlp->layers[l].width;
                fx__dropout_mask(row, (unsigned)l + 1, hidden, width,
                                 b->layers[l].kept + i * width);
            }
    }
}

// From the linear output to that of the layer, for units begin … begin + count - 1 of n rows.
static void forward_units(const fx_mlp *mlp, const fx__layer *layer, fx__layer_state *state,
                          size_t n, size_t begin, size_t count) {
    if (layer->batch_norm)
        for (size_t k = 0; k < layer->pieces; k++) {
            size_t j = k * layer->width + begin;
            fx__batch_norm_statistics(n, count, state->linear + j, layer->columns, state->mean + j,
                                      state->variance + j);
            fx__batch_norm_affine(count, layer->gamma + j, layer->bias + j, state->mean + j,
                                  state->variance + j, state->scale + j, state->shift + j);
        }
    const float scale = fx__dropout_scale(mlp->params.dropout);
    for (size_t i = 0; i < n; i += ROWS) {
        size_t rows = n - i < ROWS ? n - i : ROWS;
        const float *z = state->linear + i * layer->columns + begin;
        size_t unit = i * layer->width + begin;
        float *y = state->output + unit;
        if (layer->pieces > 1)
            fx__maxout_forward(rows, count, layer->width, layer->pieces, z, layer->columns,
                               state->scale + begin, state->shift + begin, y, layer->width,
                               state->winner + unit, layer->width);
        else
            fx__activation_forward(mlp->params.activation, rows, count, z, layer->columns,
                                   state->scale + begin, state->shift + begin, y, layer->width);
        if (state->kept)
            fx__dropout_apply(rows, count, state->kept + unit, layer->width, scale, y,
                              layer->width);
    }
}

static void forward(fx__backprop *b, size_t n) {
    const fx_mlp *mlp = b->mlp;
    const float *input = b->x;
    for (size_t l = 0; l < mlp->layer_count; l++) {
        const fx__layer *layer = &mlp->layers[l];
        fx__layer_state *state = &b->layers[l];
        fx__gemm(false, false, n, layer->columns, layer->inputs, 1, input, layer->inputs,
                 layer->weights, layer->columns, 0, state->linear, layer->columns);
        if (!layer->hidden) return;
#pragma omp parallel for schedule(dynamic, 1) if (n * layer->columns > FX__PARALLEL_WORK)
        for (size_t begin = 0; begin < layer->width; begin += FX__COLUMNS) {
            size_t left = layer->width - begin;
            forward_units(mlp, layer, state, n, begin, left < FX__COLUMNS ? left : FX__COLUMNS);
        }
        input = state->output;
    }
}

// Backward
// ------------------------------------------------------------------------------------------------

// Gradients of biases, gamma and beta of columns j … of one layer; δ by the linear output, in
// place.
static void backward_columns(const fx__backprop *b, size_t l, size_t n, size_t j, size_t count,
                             float *delta) {
    const fx__layer *layer = &b->mlp->layers[l];
    const fx__layer_state *state = &b->layers[l];
    float *bias = b->gradient + (layer->bias - b->mlp->parameters) + j;
    if (!layer->batch_norm) {
        fx__column_sums(n, count, delta + j, layer->columns, bias);
        return;
    }
    float *gamma = b->gradient + (layer->gamma - b->mlp->parameters) + j;
    fx__batch_norm_backward(n, count, state->linear + j, layer->columns, state->mean + j,
                            state->variance + j, state->scale + j, delta + j, layer->columns, gamma,
                            bias);
}

// From `delta` [n, width], the gradient by the output of hidden layer l, to `out` [n, columns],
// that by its linear output; the two are the same buffer unless there are pieces.
static void backward_units(const fx__backprop *b, size_t l, size_t n, size_t begin, size_t count,
                           float *delta, float *out) {
    const fx__layer *layer = &b->mlp->layers[l];
    const fx__layer_state *state = &b->layers[l];
    const float scale = state->kept ? fx__dropout_scale(b->mlp->params.dropout) : 1;
    for (size_t i = 0; i < n; i += ROWS) {
        size_t rows = n - i < ROWS ? n - i : ROWS;
        size_t unit = i * layer->width + begin;
        float *d = delta + unit;
        if (state->kept)
            fx__dropout_apply(rows, count, state->kept + unit, layer->width, scale, d,
                              layer->width);
        if (layer->pieces > 1)
            fx__maxout_backward(rows, count, layer->width, layer->pieces, state->winner + unit,
                                layer->width, d, layer->width, out + i * layer->columns + begin,
                                layer->columns);
        else
            fx__activation_backward(b->mlp->params.activation, rows, count, state->output + unit,
                                    layer->width, 1 / scale, d, layer->width);
    }
    for (size_t k = 0; k < layer->pieces; k++)
        backward_columns(b, l, n, k * layer->width + begin, count, out);
}

// `delta` is the gradient by the scores.
static void backward(fx__backprop *b, size_t n, float *delta) {
    const fx_mlp *mlp = b->mlp;
    size_t next = 0; // of the two delta buffers
    for (size_t l = mlp->layer_count; l-- > 0;) {
        const fx__layer *layer = &mlp->layers[l];
        float *out = delta;
        if (layer->pieces > 1) {
            out = b->delta[next];
            next = 1 - next;
        }
#pragma omp parallel for schedule(dynamic, 1) if (n * layer->columns > FX__PARALLEL_WORK)
        for (size_t begin = 0; begin < layer->width; begin += FX__COLUMNS) {
            size_t left = layer->width - begin;
            size_t count = left < FX__COLUMNS ? left : FX__COLUMNS;
            if (layer->hidden)
                backward_units(b, l, n, begin, count, delta, out);
            else
                backward_columns(b, l, n, begin, count, delta);
        }
        const float *input = l == 0 ? b->x : b->layers[l - 1].output;
        fx__gemm(true, false, layer->inputs, layer->columns, n, 1, input, layer->inputs, out,
                 layer->columns, 0, b->gradient + (layer->weights - mlp->parameters),
                 layer->columns);
        if (l == 0) return;
        delta = b->delta[next];
        next = 1 - next;
        fx__gemm(false, true, n, layer->inputs, layer->columns, 1, out, layer->columns,
                 layer->weights, layer->columns, 0, delta, layer->inputs);
    }
}

fx__loss_sum fx__backprop_run(fx__backprop *b, size_t n, fx__dropout_key key, float label_smoothing,
                              bool gradient) {
    const fx__layer *last = &b->mlp->layers[b->mlp->layer_count - 1];
    float *scores = b->layers[b->mlp->layer_count - 1].linear;
    draw_masks(b, n, key);
    forward(b, n);
    fx__loss_sum sum = fx__loss(b->mlp->params.loss, label_smoothing, n, last->width, scores,
                                last->bias, b->labels, gradient);
    if (gradient) backward(b, n, scores);
    return sum;
}

void fx__backprop_track(const fx__backprop *b, fx_mlp *mlp, size_t n) {
    const float unbiased = n > 1 ? (float)n / (float)(n - 1) : 1;
    for (size_t l = 0; l < mlp->layer_count; l++) {
        const fx__layer *layer = &mlp->layers[l];
        for (size_t j = 0; layer->batch_norm && j < layer->columns; j++) {
            float *mean = &layer->running_mean[j], *variance = &layer->running_variance[j];
            *mean += RUNNING_MOMENTUM * (b->layers[l].mean[j] - *mean);
            *variance += RUNNING_MOMENTUM * (b->layers[l].variance[j] * unbiased - *variance);
        }
    }
}

fx_status fx_mlp_gradient(fx_mlp *mlp, const float *x, const int *labels, size_t n,
                          float label_smoothing, double *loss, float *gradient, fx_error *error) {
    if (n == 0) return fx_error_set(error, FX_ERROR_USAGE, "gradient of an empty batch");
    fx__backprop b;
    FX__TRY(fx__backprop_create(mlp, n, &b, error));
    fx__mlp_standardize(mlp, n, x, b.x);
    memcpy(b.labels, labels, n * sizeof *labels);
    fx__loss_sum sum =
        fx__backprop_run(&b, n, (fx__dropout_key){0, 0, 0}, label_smoothing, gradient != NULL);
    if (loss) *loss = sum.loss / (double)n;
    if (gradient) memcpy(gradient, b.gradient, mlp->parameter_count * sizeof *gradient);
    fx__backprop_destroy(&b);
    return FX_OK;
}
