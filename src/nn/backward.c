#include "src/nn/backward.h"

#include "src/base/block_product.h"
#include "src/nn/activation.h"
#include "src/nn/batch_norm.h"
#include "src/nn/division.h"
#include "src/nn/layer_products.h"
#include "src/nn/weight_gradient.h"

// Gradients of biases, gamma and beta of columns j … of one layer; δ by the linear output, in
// place.
static void backward_columns(const fx__backprop *b, size_t l, size_t n, size_t j, size_t count,
                             float *delta) {
    const fx__layer *layer = &b->mlp->layers[l];
    const fx__layer_state *state = &b->layers[l];
    if (!layer->bias) return;
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
static void backward_units(const fx__backprop *b, size_t l, fx__range rows, size_t begin,
                           size_t count, float *delta, float *out) {
    const fx__layer *layer = &b->mlp->layers[l];
    const fx__layer_state *state = &b->layers[l];
    const float scale = state->kept ? fx__dropout_scale(b->mlp->params.dropout) : 1;
    for (size_t i = rows.begin; i < rows.end; i += FX__ROWS) {
        size_t height = fx__least(FX__ROWS, rows.end - i);
        size_t unit = i * layer->width + begin;
        float *d = delta + unit;
        if (state->kept)
            fx__dropout_apply(height, count, state->kept + unit, layer->width, scale, d,
                              layer->width);
        if (layer->pieces > 1)
            fx__maxout_backward(height, count, layer->width, layer->pieces, state->winner + unit,
                                layer->width, d, layer->width, out + i * layer->columns + begin,
                                layer->columns);
        else
            fx__activation_backward(b->mlp->params.activation, height, count, state->output + unit,
                                    layer->width, 1 / scale, d, layer->width);
    }
}

// From `delta`, δ of layer l + 1, to `out`, δ of hidden layer l; of that some rows and units.
static void backward_piece(const fx__backprop *b, size_t l, const fx__product *layers,
                           fx__range rows, fx__range units, float *out) {
    const fx__layer *layer = &b->mlp->layers[l];
    float *by_output = layer->pieces > 1 ? b->by_output : out;
    fx__product product = *layers;
    product.m = rows.end - rows.begin;
    product.n = units.end - units.begin;
    product.a += rows.begin * product.lda;
    product.b += units.begin * product.ldb;
    fx__product_write(&product, fx__backprop_scratch(b),
                      by_output + rows.begin * layer->width + units.begin, layer->width);
    for (size_t unit = units.begin; unit < units.end; unit += FX__COLUMNS) {
        const size_t count = fx__least(units.end - unit, FX__COLUMNS);
        backward_units(b, l, rows, unit, count, by_output, out);
        for (size_t k = 0; k < layer->pieces && !fx__keeps_to_rows(layer); k++)
            backward_columns(b, l, rows.end, k * layer->width + unit, count, out);
    }
}

static void backward_layer(const fx__backprop *b, size_t l, size_t n, const float *delta,
                           float *out) {
    const fx__layer *layer = &b->mlp->layers[l];
    const fx__range all_rows = {0, n}, all_units = {0, layer->width};
    const size_t rows = fx__row_piece(n), block = fx__block_of(layer->width);
    fx__product product = fx__backward_product(b, l, n, delta);
    if (fx__keeps_to_rows(layer)) {
#pragma omp for schedule(static)
        for (size_t i = 0; i < n; i += rows)
            backward_piece(b, l, &product, fx__range_of(i, rows, n), all_units, out);
    } else {
        product.packed_a = fx__share(b, &product, FX__FACTOR_A, n);
#pragma omp for schedule(dynamic, 1)
        for (size_t unit = 0; unit < layer->width; unit += block)
            backward_piece(b, l, &product, all_rows, fx__range_of(unit, block, layer->width), out);
    }
}

// What one thread does of layer l: sums over rows where threads kept to those, biases, and all of a
// small gradient.
static void backward_alone(const fx__backprop *b, size_t l, size_t n, float *delta,
                           const fx__optimizer *optimizer, bool small) {
    const fx__layer *layer = &b->mlp->layers[l];
    const bool sums = !layer->hidden || fx__keeps_to_rows(layer);
    for (size_t j = 0; sums && j < layer->columns; j += FX__COLUMNS)
        backward_columns(b, l, n, j, fx__least(layer->columns - j, FX__COLUMNS), delta);
    if (optimizer) fx__step_others(b, layer, optimizer);
    if (small) fx__weight_gradient_alone(b, l, n, delta, optimizer);
}

void fx__backward(fx__backprop *b, size_t n, float *delta, const fx__optimizer *optimizer) {
    for (size_t l = b->mlp->layer_count; l-- > 0;) {
        const fx__layer *layer = &b->mlp->layers[l];
        const bool small = n * layer->inputs * layer->columns <= FX__PRODUCT_WORK;
        float *below = b->delta[l % 2];
        if (l > 0) backward_layer(b, l - 1, n, delta, below); // before the weights change
#pragma omp single nowait
        backward_alone(b, l, n, delta, optimizer, small);
        if (!small)
            fx__weight_gradient(b, l, n, delta, optimizer);
        else if (l > 1) { // δ of the layer below the next takes the place of this one
#pragma omp barrier
        }
        delta = below;
    }
}
