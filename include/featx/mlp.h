// A multilayer perceptron: linear [batch normalization] activation [dropout], …, linear.
//
// All parameters stand in one block; layers are views into it. A hidden layer with batch
// normalization has no biases: normalization would take them away again, and its shift (beta)
// stands in their place.
#ifndef FEATX_MLP_H
#define FEATX_MLP_H

#include <stdbool.h>
#include <stdint.h>

#include "featx/matrix.h"
#include "featx/params.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fx_activation {
    FX_IDENTITY,
    FX_SIGMOID,
    FX_TANH,
    FX_RELU,
    FX_LEAKY_RELU, // slope 0.01
    FX_ELU,        // alpha 1
    FX_MAXOUT,     // maximum of `pieces` linear maps
} fx_activation;

typedef enum fx_loss {
    FX_CROSS_ENTROPY, // softmax, mean over the batch
    FX_HINGE, // Σ_{j≠y} max(0, 1 + s_j - s_y), mean over the batch (Weston & Watkins 1999)
    FX_SQUARED_ERROR, // Σ (s - t)², t one-hot, mean over the batch
} fx_loss;

// Normal with mean 0 and variance 2 / inputs (of the last layer 1 / inputs), 2 / (inputs +
// width), 1.
typedef enum fx_init { FX_INIT_AUTO, FX_INIT_HE, FX_INIT_XAVIER, FX_INIT_NORMAL } fx_init;

typedef struct fx_mlp_params {
    fx_int_list hidden; // widths of the hidden layers; empty is a linear classifier
    int activation;     // fx_activation
    int pieces;         // of maxout; 2 … 16
    int init;           // fx_init; auto: He for the ReLU family and maxout, else Xavier; 0 without
                        // hidden layers
    float init_scale;   // multiplies the deviation of the initial weights
    char initial[FX_PATH_MAX]; // or weights of one's own: a safetensors file with tensors named as
                               // those of a model file, "mlp.0.weights" [inputs, columns] and so on
                               // for every layer; "mlp.0.biases" and what else a layer has where
                               // they are there. "" where drawn
    bool bias; // of layers without batch normalization; false: their outputs are linear maps alone
    float dropout; // probability of zeroing a hidden unit in training; [0, 1)
    float input_dropout;
    bool batch_norm;
    int loss; // fx_loss
} fx_mlp_params;

fx_mlp_params fx_mlp_defaults(void); // [512] relu, dropout 0.2 (inputs 0.1), batch norm

typedef struct fx_mlp fx_mlp;

// Seeded initialization, or that of params->initial, which is not kept. FX_ERROR_USAGE (out of
// range), FX_ERROR_MEMORY; errors of the file: FX_ERROR_IO, FX_ERROR_FORMAT (no tensors, a layer
// missing, another shape).
FX_MUST_CHECK fx_status fx_mlp_create(const fx_mlp_params *params, size_t inputs, size_t outputs,
                                      uint64_t seed, fx_mlp **out, fx_error *error);
void fx_mlp_destroy(fx_mlp *mlp);

size_t fx_mlp_inputs(const fx_mlp *mlp);
size_t fx_mlp_outputs(const fx_mlp *mlp);
size_t fx_mlp_parameters(const fx_mlp *mlp);               // trained numbers
const fx_mlp_params *fx_mlp_get_params(const fx_mlp *mlp); // init resolved

// Layers: hidden + 1. Weights [inputs, width · pieces] row-major and biases (or beta, or NULL where
// there are none) [width · pieces] of layer l, lent, for reading or for weights of one's own. Piece
// k of unit j of a maxout layer is column k · width + j; the last layer has one piece.
size_t fx_mlp_layers(const fx_mlp *mlp);
float *fx_mlp_weights(fx_mlp *mlp, size_t layer, size_t *rows, size_t *columns);
float *fx_mlp_biases(fx_mlp *mlp, size_t layer);

// Standardization of the inputs, applied inside: x' = (x - mean) · scale. [inputs] each, lent, for
// writing; 0 and 1 at first.
float *fx_mlp_input_mean(fx_mlp *mlp);
float *fx_mlp_input_scale(fx_mlp *mlp);

// scores[n, outputs] of x[n, inputs], in evaluation mode (no dropout, running batch statistics).
// Softmax is not applied. Any n; any number of callers at once. Scores of a sample may differ by
// rounding with the number of samples that a call gets, because the BLAS may.
FX_MUST_CHECK fx_status fx_mlp_predict(const fx_mlp *mlp, const float *x, size_t n, float *scores,
                                       fx_error *error);

// out[n, width] of x[n, inputs]: what hidden layer `layer` (0 is the first) passes on after its
// activation, in evaluation mode. FX_ERROR_USAGE where there is no such hidden layer.
FX_MUST_CHECK fx_status fx_mlp_hidden(const fx_mlp *mlp, size_t layer, const float *x, size_t n,
                                      float *out, fx_error *error);

// out[outputs, inputs]: the gradient of each score by each input, in evaluation mode, mean over the
// samples x[n, inputs]. FX_ERROR_USAGE: n is 0.
FX_MUST_CHECK fx_status fx_mlp_input_gradient(const fx_mlp *mlp, const float *x, size_t n,
                                              float *out, fx_error *error);

// In place: scores[n, outputs] → probabilities.
void fx_softmax(float *scores, size_t n, size_t outputs);

// Mean loss over the batch and, where not NULL, its gradient by every parameter, in training mode;
// for tests and for training loops of one's own. gradient [fx_mlp_parameters], in the order of the
// block: for each layer its weights, then gamma and beta of batch normalization or the biases.
// Dropout, where params ask for it, takes the masks of seed 0, epoch 0, positions 0 … n-1. Running
// statistics of batch normalization are not updated. Labels must be 0 … outputs-1.
FX_MUST_CHECK fx_status fx_mlp_gradient(fx_mlp *mlp, const float *x, const int *labels, size_t n,
                                        float label_smoothing, double *loss, float *gradient,
                                        fx_error *error);
// The parameters as one block, lent, in the same order.
float *fx_mlp_parameter_block(fx_mlp *mlp);

#ifdef __cplusplus
}
#endif
#endif
