#include "src/nn/layer_products.h"

#include "src/base/memory.h"
#include "src/nn/division.h"

fx__product fx__forward_product(const fx__backprop *b, size_t l, size_t n) {
    const fx__layer *layer = &b->mlp->layers[l];
    return (fx__product){.m = n,
                         .n = layer->columns,
                         .k = layer->inputs,
                         .piece = fx__block_of(layer->width),
                         .a = fx__backprop_input(b, l),
                         .lda = layer->inputs,
                         .b = layer->weights,
                         .ldb = layer->columns};
}

fx__product fx__backward_product(const fx__backprop *b, size_t l, size_t n, const float *delta) {
    const fx__layer *layer = &b->mlp->layers[l], *next = layer + 1;
    return (fx__product){.m = n,
                         .n = layer->width,
                         .k = next->columns,
                         .piece = fx__block_of(layer->width),
                         .a = delta,
                         .lda = next->columns,
                         .b = next->weights,
                         .ldb = next->columns,
                         .transpose_b = true};
}

fx__product fx__weight_product(const fx__backprop *b, size_t l, size_t n, const float *delta) {
    const fx__layer *layer = &b->mlp->layers[l];
    const fx__division d = fx__division_of(layer);
    return (fx__product){.m = d.rows,
                         .n = d.columns,
                         .k = n,
                         .piece = d.columns,
                         .a = fx__backprop_input(b, l),
                         .lda = layer->inputs,
                         .b = delta,
                         .ldb = layer->columns,
                         .transpose_a = true};
}

fx__packed fx__share(const fx__backprop *b, const fx__product *product, fx__factor factor,
                     size_t count) {
    if (fx__packed_size(product, count) == 0) return (fx__packed){0};
    float *to = b->shared[factor];
#pragma omp for schedule(dynamic, 1)
    for (size_t i = 0; i < count; i += FX__PACKED_UNIT)
        fx__pack(product, factor, count, i, fx__least(i + FX__PACKED_UNIT, count), to);
    return (fx__packed){.data = to, .count = count};
}

size_t fx__shared_size(const fx__backprop *b, fx__factor factor) {
    const size_t n = b->rows;
    size_t most = 0;
    for (size_t l = 0; l < b->mlp->layer_count; l++) {
        const fx__layer *layer = &b->mlp->layers[l];
        const bool alone = fx__division_of(layer).owned; // threads share nothing of it
        if (!alone) {
            const size_t count = factor == FX__FACTOR_A ? layer->inputs : layer->columns;
            const fx__product weights = fx__weight_product(b, l, n, NULL);
            most = fx__greatest(most, fx__packed_size(&weights, count));
        }
        if (factor != FX__FACTOR_A || !layer->hidden) continue;
        const fx__product backward = fx__backward_product(b, l, n, NULL);
        most = fx__greatest(most, fx__packed_size(&backward, n));
        if (alone) continue;
        const fx__product forward = fx__forward_product(b, l, n);
        most = fx__greatest(most, fx__packed_size(&forward, n));
    }
    return most;
}
