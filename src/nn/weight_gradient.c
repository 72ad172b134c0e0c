#include "src/nn/weight_gradient.h"

#include "src/base/block_product.h"
#include "src/nn/division.h"

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
    if (i + 2 * rows <= to->fetched) // the block below, needed once this row of blocks is done
        fx__optimizer_fetch(to->optimizer, parameters, at + rows * to->stride, rows, columns,
                            to->stride);
}

// ∂W of the tile that begins at row i and column j.
static void weight_tile(const fx__backprop *b, size_t l, size_t n, const float *delta, size_t i,
                        size_t j, fx__division d, const fx__optimizer *optimizer) {
    const fx__layer *layer = &b->mlp->layers[l];
    const size_t height = fx__least(d.rows, layer->inputs - i);
    const size_t width = fx__least(d.columns, layer->columns - j);
    const size_t at = (size_t)(layer->weights - b->mlp->parameters) + i * layer->columns + j;
    const fx__product product = {.m = height,
                                 .n = width,
                                 .k = n,
                                 .a = fx__backprop_input(b, l) + i,
                                 .lda = layer->inputs,
                                 .b = delta + j,
                                 .ldb = layer->columns,
                                 .transpose_a = true};
    destination to = {b, optimizer, at, layer->columns, d.owned ? 0 : height};
    if (optimizer && n <= FX__PRODUCT_DEPTH) {
        fx__product_take(&product, fx__backprop_scratch(b), update_block, &to);
        return;
    }
    float *gradient = b->gradient + at;
    fx__product_write(&product, fx__backprop_scratch(b), gradient, layer->columns);
    if (optimizer) update_block(&to, 0, 0, height, width, gradient, layer->columns);
}

void fx__weight_gradient(const fx__backprop *b, size_t l, size_t n, const float *delta,
                         const fx__optimizer *optimizer) {
    const fx__layer *layer = &b->mlp->layers[l];
    const fx__division d = fx__division_of(layer);
    const bool parallel = n * layer->inputs * layer->columns > FX__PRODUCT_WORK;
    const size_t across = fx__pieces(layer->columns, d.columns);
    const size_t tiles = across * fx__pieces(layer->inputs, d.rows);
#pragma omp parallel num_threads(b->threads) if (parallel)
    if (d.owned) {
#pragma omp for schedule(static, 1)
        for (size_t tile = 0; tile < tiles; tile++)
            weight_tile(b, l, n, delta, tile / across * d.rows, tile % across * d.columns, d,
                        optimizer);
    } else {
#pragma omp for schedule(dynamic, 1)
        for (size_t tile = 0; tile < tiles; tile++)
            weight_tile(b, l, n, delta, tile / across * d.rows, tile % across * d.columns, d,
                        optimizer);
    }
}
