#include "src/nn/forward.h"

#include "src/base/block_product.h"
#include "src/base/gemm.h"
#include "src/base/kernel.h"
#include "src/nn/activation.h"
#include "src/nn/batch_norm.h"
#include "src/nn/division.h"
#include "src/nn/layer_products.h"

// All masks of the batch, and dropout of the inputs.
static void draw_masks(fx__backprop *b, size_t n, fx__dropout_key key) {
    const fx_mlp *mlp = b->mlp;
    const float input = mlp->params.input_dropout, hidden = mlp->params.dropout;
    size_t units = b->kept ? mlp->inputs : 0;
    for (size_t l = 0; l < mlp->layer_count; l++)
        if (b->layers[l].kept) units += mlp->layers[l].width;
    if (units == 0) return;
#pragma omp for schedule(static)
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

// From the linear output to that of the layer, for units begin … begin + count - 1 of the rows; all
// rows with batch normalization.
static void activate_units(const fx_mlp *mlp, const fx__layer *layer, fx__layer_state *state,
                           fx__range rows, size_t begin, size_t count) {
    if (layer->batch_norm)
        for (size_t k = 0; k < layer->pieces; k++) {
            size_t j = k * layer->width + begin;
            fx__batch_norm_statistics(rows.end, count, state->linear + j, layer->columns,
                                      state->mean + j, state->variance + j);
            fx__batch_norm_affine(count, layer->gamma + j, layer->bias + j, state->mean + j,
                                  state->variance + j, state->scale + j, state->shift + j);
        }
    const float scale = fx__dropout_scale(mlp->params.dropout);
    for (size_t i = rows.begin; i < rows.end; i += FX__ROWS) {
        size_t height = fx__least(FX__ROWS, rows.end - i);
        const float *z = state->linear + i * layer->columns + begin;
        size_t unit = i * layer->width + begin;
        float *y = state->output + unit;
        if (layer->pieces > 1)
            fx__maxout_forward(height, count, layer->width, layer->pieces, z, layer->columns,
                               state->scale + begin, state->shift + begin, y, layer->width,
                               state->winner + unit, layer->width);
        else
            fx__activation_forward(mlp->params.activation, height, count, z, layer->columns,
                                   state->scale + begin, state->shift + begin, y, layer->width);
        if (state->kept)
            fx__dropout_apply(height, count, state->kept + unit, layer->width, scale, y,
                              layer->width);
    }
}

static void activate(const fx__backprop *b, size_t l, fx__range rows, fx__range units) {
    for (size_t unit = units.begin; unit < units.end; unit += FX__COLUMNS)
        activate_units(b->mlp, &b->mlp->layers[l], &b->layers[l], rows, unit,
                       fx__least(units.end - unit, FX__COLUMNS));
}

// The linear output of hidden layer l by inputs begin … end - 1 alone.
static void forward_part(const fx__backprop *b, size_t l, size_t n, size_t begin, size_t end,
                         float *out) {
    const fx__layer *layer = &b->mlp->layers[l];
    fx__product product = fx__forward_product(b, l, n);
    product.piece = 0;
    product.k = end - begin;
    product.a += begin;
    product.b += begin * layer->columns;
    fx__product_write(&product, fx__backprop_scratch(b), out, layer->columns);
}

// Units of hidden layer l, of which `layers` is the product.
static void forward_units(const fx__backprop *b, size_t l, size_t n, const fx__product *layers,
                          fx__range units) {
    const fx__layer *layer = &b->mlp->layers[l];
    fx__layer_state *state = &b->layers[l];
    for (size_t k = 0; k < layer->pieces; k++) {
        const size_t j = k * layer->width + units.begin;
        fx__product product = *layers;
        product.n = units.end - units.begin;
        product.b += j;
        fx__product_write(&product, fx__backprop_scratch(b), state->linear + j, layer->columns);
    }
    activate(b, l, (fx__range){0, n}, units);
}

FX__KERNEL
static void add(size_t rows, size_t columns, size_t stride, const float *restrict from,
                float *restrict to) {
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) to[i * stride + j] += from[i * stride + j];
}

// Of hidden layer l, whose linear output is there in parts, some rows and units.
static void sum_units(const fx__backprop *b, size_t l, size_t n, fx__range rows, fx__range units) {
    const fx__layer *layer = &b->mlp->layers[l];
    const size_t part_count = fx__pieces(layer->inputs, fx__division_of(layer).rows);
    for (size_t k = 0; k < layer->pieces; k++) {
        float *linear =
            b->layers[l].linear + rows.begin * layer->columns + k * layer->width + units.begin;
        for (size_t i = 1; i < part_count; i++)
            add(rows.end - rows.begin, units.end - units.begin, layer->columns,
                linear + i * n * layer->columns, linear);
    }
    activate(b, l, rows, units);
}

// All of such a layer.
static void forward_in_parts(const fx__backprop *b, size_t l, size_t n) {
    const fx__layer *layer = &b->mlp->layers[l];
    const size_t inputs = fx__division_of(layer).rows;
#pragma omp for schedule(static, 1)
    for (size_t i = 0; i < layer->inputs; i += inputs)
        forward_part(b, l, n, i, fx__least(i + inputs, layer->inputs),
                     b->layers[l].linear + i / inputs * n * layer->columns);
    const size_t rows = fx__keeps_to_rows(layer) ? fx__row_piece(n) : n;
    const size_t units = fx__keeps_to_rows(layer) ? layer->width : fx__block_of(layer->width);
#pragma omp for schedule(static) collapse(2)
    for (size_t i = 0; i < n; i += rows)
        for (size_t unit = 0; unit < layer->width; unit += units)
            sum_units(b, l, n, fx__range_of(i, rows, n), fx__range_of(unit, units, layer->width));
}

void fx__forward(fx__backprop *b, size_t n, fx__dropout_key key) {
    draw_masks(b, n, key);
    for (size_t l = 0; l + 1 < b->mlp->layer_count; l++) {
        const fx__layer *layer = &b->mlp->layers[l];
        const size_t block = fx__block_of(layer->width);
        const fx__division d = fx__division_of(layer);
        fx__product product = fx__forward_product(b, l, n);
        if (d.parts > 1) {
            forward_in_parts(b, l, n);
        } else if (d.owned) {
            const fx__range own = fx__own_range(layer->width, block);
            if (own.begin < own.end) forward_units(b, l, n, &product, own);
#pragma omp barrier
        } else {
            product.packed_a = fx__share(b, &product, FX__FACTOR_A, n);
#pragma omp for schedule(dynamic, 1)
            for (size_t unit = 0; unit < layer->width; unit += block)
                forward_units(b, l, n, &product, fx__range_of(unit, block, layer->width));
        }
    }
}

fx__loss_sum fx__score(fx__backprop *b, size_t n, fx__loss_options loss, fx__targets targets) {
    const size_t last = b->mlp->layer_count - 1;
    const fx__layer *layer = &b->mlp->layers[last];
    const float *input = fx__backprop_input(b, last);
    float *scores = b->layers[last].linear;
    const size_t rows = fx__row_piece(n);
    loss.bias = layer->bias;
#pragma omp for schedule(static)
    for (size_t i = 0; i < n; i += rows) {
        size_t count = fx__least(rows, n - i);
        float *s = scores + i * layer->width;
        fx__gemm_serial(false, false, count, layer->width, layer->inputs, 1,
                        input + i * layer->inputs, layer->inputs, layer->weights, layer->width, 0,
                        s, layer->width);
        fx__targets piece = targets;
        if (piece.labels) piece.labels += i;
        if (piece.partners) piece.partners += i;
        if (piece.values) piece.values += i * layer->width;
        b->losses[i / rows] = fx__loss(&loss, count, layer->width, s, piece);
    }
    fx__loss_sum total = {0};
    for (size_t i = 0; i < n; i += rows) {
        total.loss += b->losses[i / rows].loss;
        total.correct += b->losses[i / rows].correct;
    }
    return total;
}
