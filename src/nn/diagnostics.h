// How the layers do.
#ifndef FEATX_NN_DIAGNOSTICS_H
#define FEATX_NN_DIAGNOSTICS_H

#include "src/nn/backprop.h"

// Diagnostics of each layer, out[layer_count], from what a run over n rows left in b: the outputs,
// and the whole gradient in b->gradient (run without an optimizer). scratch: [2, widest layer].
void fx__diagnose(const fx__backprop *b, size_t n, float *scratch, fx_layer_diagnostics *out);
#endif
