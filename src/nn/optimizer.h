// Optimizers and learning-rate schedules.
#ifndef FEATX_NN_OPTIMIZER_H
#define FEATX_NN_OPTIMIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "featx/training.h"

typedef struct fx__optimizer {
    int kind; // fx_optimizer
    float momentum, weight_decay;
    uint64_t steps; // begun so far
    size_t count;   // parameters
    float *moments; // [kinds of moments, count]: SGD velocity; AdamW first and second
    // Of the step that was begun last.
    float rate; // η; AdamW: η / (1 - β₁ᵗ)
    float keep; // AdamW: 1 - η λ
    float root; // AdamW: 1 / sqrt(1 - β₂ᵗ)
} fx__optimizer;

FX_MUST_CHECK fx_status fx__optimizer_create(const fx_training_params *params, size_t count,
                                             fx__optimizer *out, fx_error *error);
void fx__optimizer_destroy(fx__optimizer *optimizer);

// Begins a step at this learning rate. Each parameter is then to be updated once, in any order, by
// any thread.
void fx__optimizer_begin(fx__optimizer *optimizer, double learning_rate);

// Updates parameters[begin + i · stride + j], i < rows, j < columns, by
// gradient[i · gradient_stride + j]. `decays`: with weight decay.
void fx__optimizer_update(const fx__optimizer *optimizer, float *parameters, size_t begin,
                          size_t rows, size_t columns, size_t stride, const float *gradient,
                          size_t gradient_stride, bool decays);

// The learning rate of one step: `epoch` (0-based) of `epochs`, `step` (0-based) of `steps` over
// all epochs.
double fx__scheduled_rate(int schedule, double learning_rate, int epoch, int epochs, size_t step,
                          size_t steps);
#endif
