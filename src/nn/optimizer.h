// Optimizers and learning-rate schedules.
#ifndef FEATX_NN_OPTIMIZER_H
#define FEATX_NN_OPTIMIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "featx/training.h"

typedef struct fx__optimizer {
    int kind; // fx_optimizer
    bool nesterov;
    float momentum, weight_decay;
    double decay;        // of the average
    uint64_t steps;      // begun so far
    size_t count;        // parameters
    size_t moment_count; // of `moments`: all that goes from step to step besides the parameters
    float *moments;      // [kinds of moments, count]: SGD velocity; AdamW first and second; then:
    float *average;      // [count] of the parameters, [statistics], or NULL
    // Of the step that was begun last.
    float rate;    // η; AdamW: η / (1 - β₁ᵗ)
    float keep;    // AdamW: 1 - η λ
    float root;    // AdamW: 1 / sqrt(1 - β₂ᵗ)
    float scale;   // of the gradient; 1 unless the caller sets another
    float towards; // share of the way that the average goes
} fx__optimizer;

// Of `count` parameters and as many statistics that are averaged with them.
FX_MUST_CHECK fx_status fx__optimizer_create(const fx_training_params *params, size_t count,
                                             size_t statistics, fx__optimizer *out,
                                             fx_error *error);
void fx__optimizer_destroy(fx__optimizer *optimizer);

// Begins a step at this learning rate. Each parameter is then to be updated once, in any order, by
// any thread.
void fx__optimizer_begin(fx__optimizer *optimizer, double learning_rate);

// Updates parameters[begin + i · stride + j], i < rows, j < columns, by
// gradient[i · gradient_stride + j]. `decays`: with weight decay.
void fx__optimizer_update(const fx__optimizer *optimizer, float *parameters, size_t begin,
                          size_t rows, size_t columns, size_t stride, const float *gradient,
                          size_t gradient_stride, bool decays);

// Asks the memory for what such an update will need.
void fx__optimizer_fetch(const fx__optimizer *optimizer, const float *parameters, size_t begin,
                         size_t rows, size_t columns, size_t stride);

// average[i] → values[i] by `towards`, of the step: for statistics.
void fx__optimizer_average(const fx__optimizer *optimizer, size_t begin, size_t count,
                           const float *values);

// The learning rate of one step: `epoch` (0-based), `step` (0-based) of `steps` over all epochs.
double fx__scheduled_rate(const fx_training_params *params, int epoch, size_t step, size_t steps);
#endif
