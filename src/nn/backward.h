// The way back of a batch (backprop.c).
#ifndef FEATX_NN_BACKWARD_H
#define FEATX_NN_BACKWARD_H

#include "src/nn/backprop.h"

// From `delta`, the gradient by the scores of n rows, to all others, and with an optimizer to new
// parameters. All threads of a parallel region of at most b->threads call this.
void fx__backward(fx__backprop *b, size_t n, float *delta, const fx__optimizer *optimizer);
#endif
