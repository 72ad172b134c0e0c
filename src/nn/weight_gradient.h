// The gradient by the weights of a layer, and the step that follows from it.
#ifndef FEATX_NN_WEIGHT_GRADIENT_H
#define FEATX_NN_WEIGHT_GRADIENT_H

#include "src/nn/backprop.h"

// ∂W = inputᵀ · δ of layer l, for n rows, in tiles. Without an optimizer it is left in b->gradient;
// with one it goes, block by block and while a block is in the cache, into the weights: the
// gradient as a whole is never written, but for large batches. All threads of a parallel region (of
// at most b->threads) call this and share the tiles.
void fx__weight_gradient(const fx__backprop *b, size_t l, size_t n, const float *delta,
                         const fx__optimizer *optimizer);

// The same by the calling thread, for what is too little to share.
void fx__weight_gradient_alone(const fx__backprop *b, size_t l, size_t n, const float *delta,
                               const fx__optimizer *optimizer);

// The step of the parameters of a layer besides its weights, by b->gradient.
void fx__step_others(const fx__backprop *b, const fx__layer *layer, const fx__optimizer *optimizer);
#endif
