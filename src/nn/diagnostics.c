// Saturation, dead units, sparsity, mean activation and length of the gradient, layer by layer.
//
// The slope of an activation is what backpropagation multiplies by: it is taken from there, applied
// to ones. Sums run in the order of rows.
#include "src/nn/diagnostics.h"

#include <math.h>
#include <string.h>

#include "src/nn/activation.h"

// Share of the pieces of maxout units that win for none of n rows.
static double idle_pieces(const fx__layer *layer, const fx__layer_state *state, size_t n) {
    size_t idle = 0;
    for (size_t j = 0; j < layer->width; j++) {
        bool wins[256] = {false};
        for (size_t i = 0; i < n; i++) wins[state->winner[i * layer->width + j]] = true;
        for (size_t k = 0; k < layer->pieces; k++) idle += !wins[k];
    }
    return (double)idle / (double)layer->columns;
}

static fx_layer_diagnostics diagnose_hidden(const fx_mlp *mlp, const fx__layer *layer,
                                            const fx__layer_state *state, size_t n,
                                            float *scratch) {
    const int activation = mlp->params.activation;
    const float scale = state->kept ? fx__dropout_scale(mlp->params.dropout) : 1;
    const float steepest = activation == FX_SIGMOID ? 0.25f : 1, flat = 0.01f * steepest;
    float *slope = scratch, *alive = scratch + layer->width;
    size_t seen = 0, saturated = 0, zero = 0, dead = 0;
    double sum = 0;
    memset(alive, 0, layer->width * sizeof *alive);
    for (size_t i = 0; i < n; i++) {
        const float *y = state->output + i * layer->width;
        const uint8_t *kept = state->kept ? state->kept + i * layer->width : NULL;
        for (size_t j = 0; j < layer->width; j++) slope[j] = 1;
        if (layer->pieces == 1)
            fx__activation_backward(activation, 1, layer->width, y, layer->width, 1 / scale, slope,
                                    layer->width);
        for (size_t j = 0; j < layer->width; j++) {
            if (kept && !kept[j]) continue;
            const bool is_flat = slope[j] < flat;
            seen++;
            saturated += is_flat;
            zero += y[j] == 0;
            sum += (double)(y[j] / scale);
            if (!is_flat) alive[j] = 1;
        }
    }
    for (size_t j = 0; j < layer->width; j++) dead += alive[j] == 0;
    const double count = seen > 0 ? (double)seen : 1;
    return (fx_layer_diagnostics){
        .saturated = (double)saturated / count,
        .dead =
            layer->pieces > 1 ? idle_pieces(layer, state, n) : (double)dead / (double)layer->width,
        .zero = (double)zero / count,
        .mean = sum / count,
    };
}

void fx__diagnose(const fx__backprop *b, size_t n, float *scratch, fx_layer_diagnostics *out) {
    const fx_mlp *mlp = b->mlp;
    for (size_t l = 0; l < mlp->layer_count; l++) {
        const fx__layer *layer = &mlp->layers[l];
        out[l] = layer->hidden ? diagnose_hidden(mlp, layer, &b->layers[l], n, scratch)
                               : (fx_layer_diagnostics){NAN, NAN, NAN, NAN, 0};
        out[l].gradient_norm = fx__backprop_norm(b, (size_t)(layer->weights - mlp->parameters),
                                                 layer->inputs * layer->columns);
    }
}
