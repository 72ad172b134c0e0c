// A bound on the weights into each unit.
#ifndef FEATX_NN_MAX_NORM_H
#define FEATX_NN_MAX_NORM_H

#include "src/nn/network.h"

// Weights into a unit (or a piece of it) of a hidden layer that are longer than `limit` are scaled
// to that length; all hidden layers.
void fx__max_norm(fx_mlp *mlp, float limit);
#endif
