// The way forward of a batch (backprop.c). All threads of a parallel region of at most b->threads
// call these.
#ifndef FEATX_NN_FORWARD_H
#define FEATX_NN_FORWARD_H

#include "src/nn/backprop.h"

// Hidden layers of n rows; with dropout, masks by `key`.
void fx__forward(fx__backprop *b, size_t n, fx__dropout_key key);

// Scores and losses, in pieces of whole rows; the scores become δ where that is wanted. The sum of
// the losses is the same for all threads.
fx__loss_sum fx__score(fx__backprop *b, size_t n, fx__loss_options loss, fx__targets targets);
#endif
