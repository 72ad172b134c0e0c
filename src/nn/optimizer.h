// Optimizers and learning-rate schedules.
#ifndef FEATX_NN_OPTIMIZER_H
#define FEATX_NN_OPTIMIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "featx/training.h"

// A run of parameters that are treated alike.
typedef struct fx__parameter_group {
    size_t begin, count;
    bool decays; // weights do, biases and batch-norm scales and shifts do not
} fx__parameter_group;

typedef struct fx__optimizer {
    int kind; // fx_optimizer
    float momentum, weight_decay;
    uint64_t steps;     // taken so far
    size_t count;       // parameters
    float *moments;     // [kinds of moments, count]: SGD velocity; AdamW first and second
    size_t piece_count; // fixed pieces of the groups, updated in parallel
    fx__parameter_group *pieces;
} fx__optimizer;

FX_MUST_CHECK fx_status fx__optimizer_create(const fx_training_params *params,
                                             const fx__parameter_group *groups, size_t group_count,
                                             fx__optimizer *out, fx_error *error);
void fx__optimizer_destroy(fx__optimizer *optimizer);

// One step: parameters[count] by gradient[count]. One pass over all of them.
void fx__optimizer_step(fx__optimizer *optimizer, float *parameters, const float *gradient,
                        double learning_rate);

// The learning rate of one step: `epoch` (0-based) of `epochs`, `step` (0-based) of `steps` over
// all epochs.
double fx__scheduled_rate(int schedule, double learning_rate, int epoch, int epochs, size_t step,
                          size_t steps);
#endif
