// What is multiplied in a layer, for n rows. Its pieces and tiles (division.h) are products of
// their own with a factor in common.
#ifndef FEATX_NN_LAYER_PRODUCTS_H
#define FEATX_NN_LAYER_PRODUCTS_H

#include "src/base/block_product.h"
#include "src/nn/backprop.h"

// [n, columns] of hidden layer l: its input · W.
fx__product fx__forward_product(const fx__backprop *b, size_t l, size_t n);
// [n, width] of hidden layer l: δ of the layer above · Wᵀ of that.
fx__product fx__backward_product(const fx__backprop *b, size_t l, size_t n, const float *delta);
// A tile of ∂W of layer l from its first input and column on: inputᵀ · δ.
fx__product fx__weight_product(const fx__backprop *b, size_t l, size_t n, const float *delta);

// All threads of a parallel region (of at most b->threads) call this: together they pack `count`
// rows of A or columns of B where that is of use, and go on when all is packed. It is good until
// the next time that the factor is shared, which no thread may reach before the others are done
// with it.
fx__packed fx__share(const fx__backprop *b, const fx__product *product, fx__factor factor,
                     size_t count);

// Floats that b->shared[factor] needs for that, in any layer.
size_t fx__shared_size(const fx__backprop *b, fx__factor factor);
#endif
