#include "src/nn/weight_gradient.h"

#include "src/base/block_product.h"
#include "src/nn/division.h"
#include "src/nn/layer_products.h"

// Where the blocks of a weight gradient go.
typedef struct destination {
    const fx__backprop *b;
    const fx__optimizer *optimizer;
    size_t begin, stride; // of the tile among the parameters
    size_t fetched;       // rows of the tile that are to be asked for ahead of their use
} destination;

static void update_block(void *context, size_t i, size_t j, size_t rows, size_t columns,
                         const float *block, size_t stride) {
    const destination *to = context;
    const size_t at = to->begin + i * to->stride + j;
    float *parameters = to->b->mlp->parameters;
    fx__optimizer_update(to->optimizer, parameters, at, rows, columns, to->stride, block, stride,
                         true);
    if (i + 2 * rows <=
        to->fetched) // the block below, needed next, or once this row of blocks is done
        fx__optimizer_fetch(to->optimizer, parameters, at + rows * to->stride, rows, columns,
                            to->stride);
}

// ∂W of rows i … and columns j …, as many as `rows` and `columns` say and are left.
static void weight_tile(const fx__backprop *b, size_t l, const fx__product *tiles, size_t i,
                        size_t rows, size_t j, size_t columns, const fx__optimizer *optimizer) {
    const fx__layer *layer = &b->mlp->layers[l];
    const size_t at = (size_t)(layer->weights - b->mlp->parameters) + i * layer->columns + j;
    fx__product product = *tiles;
    product.m = fx__least(rows, layer->inputs - i);
    product.n = fx__least(columns, layer->columns - j);
    product.a += i;
    product.b += j;
    product.packed_a.begin = i;
    product.packed_b.begin = j;
    const bool fetched = !fx__division_of(layer).owned;
    destination to = {b, optimizer, at, layer->columns, fetched ? product.m : 0};
    if (optimizer && product.k <= FX__PRODUCT_DEPTH) {
        fx__product_take(&product, fx__backprop_scratch(b), update_block, &to);
        return;
    }
    float *gradient = b->gradient + at;
    fx__product_write(&product, fx__backprop_scratch(b), gradient, layer->columns);
    if (optimizer) update_block(&to, 0, 0, product.m, product.n, gradient, layer->columns);
}

void fx__weight_gradient(const fx__backprop *b, size_t l, size_t n, const float *delta,
                         const fx__optimizer *optimizer) {
    const fx__layer *layer = &b->mlp->layers[l];
    const fx__division d = fx__division_of(layer);
    fx__product product = fx__weight_product(b, l, n, delta);
    if (d.owned && d.parts == 1) {
        const fx__range own = fx__own_range(layer->columns, d.columns);
        if (own.begin < own.end)
            weight_tile(b, l, &product, 0, layer->inputs, own.begin, own.end - own.begin,
                        optimizer);
#pragma omp barrier
    } else if (d.owned) {
#pragma omp for schedule(static, 1)
        for (size_t i = 0; i < layer->inputs; i += d.rows)
            weight_tile(b, l, &product, i, d.rows, 0, layer->columns, optimizer);
    } else {
        product.packed_a = fx__share(b, &product, FX__FACTOR_A, layer->inputs);
        product.packed_b = fx__share(b, &product, FX__FACTOR_B, layer->columns);
#pragma omp for schedule(dynamic, 1) collapse(2)
        for (size_t i = 0; i < layer->inputs; i += d.rows)
            for (size_t j = 0; j < layer->columns; j += d.columns)
                weight_tile(b, l, &product, i, d.rows, j, d.columns, optimizer);
    }
}

void fx__weight_gradient_alone(const fx__backprop *b, size_t l, size_t n, const float *delta,
                               const fx__optimizer *optimizer) {
    const fx__layer *layer = &b->mlp->layers[l];
    const fx__division d = fx__division_of(layer);
    const fx__product product = fx__weight_product(b, l, n, delta);
    for (size_t i = 0; i < layer->inputs; i += d.rows)
        for (size_t j = 0; j < layer->columns; j += d.columns)
            weight_tile(b, l, &product, i, d.rows, j, d.columns, optimizer);
}

void fx__step_others(const fx__backprop *b, const fx__layer *layer,
                     const fx__optimizer *optimizer) {
    size_t at = (size_t)(layer->weights - b->mlp->parameters) + layer->inputs * layer->columns;
    fx__optimizer_update(optimizer, b->mlp->parameters, at, 1, layer->others, layer->others,
                         b->gradient + at, layer->others, false);
}
