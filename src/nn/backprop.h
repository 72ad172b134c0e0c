// One batch forward and backward, in training mode.
#ifndef FEATX_NN_BACKPROP_H
#define FEATX_NN_BACKPROP_H

#include "src/nn/division.h"
#include "src/nn/dropout.h"
#include "src/nn/loss.h"
#include "src/nn/network.h"
#include "src/nn/optimizer.h"

// What is kept of one layer between forward and backward.
typedef struct fx__layer_state {
    float *linear;          // [rows, columns]: input · weights; behind it room for parts of it
    float *output;          // [rows, width]; the same buffer where nothing needs both
    uint8_t *kept;          // [rows, width] of dropout, or NULL
    uint8_t *winner;        // [rows, width] of maxout, or NULL
    float *mean, *variance; // [columns] of this batch, or NULL
    float *scale, *shift;   // [columns] that stand between linear and activation
} fx__layer_state;

// All buffers of batches of at most `rows` samples: nothing is allocated after creation.
typedef struct fx__backprop {
    const fx_mlp *mlp;
    size_t rows;
    float *x;                // [rows, inputs], standardized: for the caller to fill
    int *labels;             // [rows], the same
    uint8_t *kept;           // [rows, inputs] of dropout on the inputs, or NULL
    fx__layer_state *layers; // [layer_count]
    float *delta[2];         // [rows, at least 2, widest layer's columns], alternating
    float *by_output;        // the same, of maxout: the gradient by the maxima; else NULL
    float *gradient; // [parameter_count] of the mean loss, in the order of the parameter block
    fx__loss_sum losses[FX__ROW_PIECES]; // of pieces of the rows
    int threads;                         // at most
    float *scratch;                      // of products, for each of them
    float *shared[2];                    // factors of the products of a layer: layer_products.h
} fx__backprop;

FX_MUST_CHECK fx_status fx__backprop_create(const fx_mlp *mlp, size_t rows, fx__backprop *out,
                                            fx_error *error);
void fx__backprop_destroy(fx__backprop *b);

// The rows that layer l reads, and the scratch of the thread that asks, in a parallel region of at
// most b->threads.
const float *fx__backprop_input(const fx__backprop *b, size_t l);
float *fx__backprop_scratch(const fx__backprop *b);

// Loss of x[n] against the targets (loss->bias is the last layer's, whatever it says). With
// loss->gradient, and where the loss is finite, backward too: without an optimizer the gradient is
// left in b->gradient; with one (begun: fx__optimizer_begin) each part of it goes straight into the
// parameters, and b->gradient holds those of biases, gamma and beta alone. Where params ask for
// dropout, row i takes the masks of `key` at position + i; dropout of the inputs changes x.
fx__loss_sum fx__backprop_run(fx__backprop *b, size_t n, fx__dropout_key key,
                              const fx__loss_options *loss, fx__targets targets,
                              const fx__optimizer *optimizer);

// Length of b->gradient[begin … begin + count - 1], and a step by the whole: for what must know the
// gradient first.
double fx__backprop_norm(const fx__backprop *b, size_t begin, size_t count);
void fx__backprop_step(const fx__backprop *b, const fx__optimizer *optimizer);

// Moves the running statistics of `mlp` (the one that b was made for) towards those of the batch of
// n rows that was run last.
void fx__backprop_track(const fx__backprop *b, fx_mlp *mlp, size_t n);
#endif
