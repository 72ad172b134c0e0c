// SGD with momentum and AdamW, step t, gradient g, learning rate η, weight decay λ:
//
//   SGD    v ← μ v + g + λ w;  w ← w - η v
//   AdamW  m ← β₁ m + (1 - β₁) g;  v ← β₂ v + (1 - β₂) g²
//          w ← w - η λ w - η (m / (1 - β₁ᵗ)) / (sqrt(v / (1 - β₂ᵗ)) + ε)
//          β₁ = 0.9, β₂ = 0.999, ε = 1e-8
//
// λ is 0 for parameters that do not decay. An update is element by element, so that tiles and
// threads do not change it.
//
// Sources: Polyak 1964 (momentum); Kingma & Ba, "Adam", ICLR 2015; Loshchilov & Hutter, "Decoupled
// weight decay regularization", ICLR 2019, and "SGDR", ICLR 2017 (cosine).
#include "src/nn/optimizer.h"

#include <math.h>
#include <stdlib.h>

#include "src/base/kernel.h"
#include "src/base/memory.h"

fx_status fx__optimizer_create(const fx_training_params *params, size_t count, fx__optimizer *out,
                               fx_error *error) {
    *out = (fx__optimizer){.kind = params->optimizer,
                           .momentum = params->momentum,
                           .weight_decay = params->weight_decay,
                           .count = count};
    return fx__allocate(count, (out->kind == FX_ADAMW ? 2 : 1) * sizeof *out->moments,
                        &out->moments, error);
}

void fx__optimizer_destroy(fx__optimizer *optimizer) {
    free(optimizer->moments);
    *optimizer = (fx__optimizer){0};
}

// A block of parameters, as the kernels take it.
typedef struct block {
    size_t rows, columns, stride, gradient_stride;
    float *w, *m, *v;
    const float *g;
} block;

FX__KERNEL
static void sgd(block b, float rate, float momentum, float decay) {
    for (size_t i = 0; i < b.rows; i++) {
        float *restrict w = b.w + i * b.stride, *restrict v = b.m + i * b.stride;
        const float *restrict g = b.g + i * b.gradient_stride;
        for (size_t j = 0; j < b.columns; j++) {
            v[j] = momentum * v[j] + (g[j] + decay * w[j]);
            w[j] -= rate * v[j];
        }
    }
}

// `keep` is 1 - η λ; `rate` and `root` hold the bias corrections: η / (1 - β₁ᵗ), 1 / sqrt(1 - β₂ᵗ).
FX__KERNEL
static void adamw(block b, float keep, float rate, float root) {
    const float beta_1 = 0.9f, rest_1 = 0.1f, beta_2 = 0.999f, rest_2 = 0.001f, epsilon = 1e-8f;
    for (size_t i = 0; i < b.rows; i++) {
        float *restrict w = b.w + i * b.stride, *restrict m = b.m + i * b.stride;
        float *restrict v = b.v + i * b.stride;
        const float *restrict g = b.g + i * b.gradient_stride;
        for (size_t j = 0; j < b.columns; j++) {
            m[j] = beta_1 * m[j] + rest_1 * g[j];
            v[j] = beta_2 * v[j] + rest_2 * (g[j] * g[j]);
            w[j] = keep * w[j] - rate * m[j] / (sqrtf(v[j]) * root + epsilon);
        }
    }
}

void fx__optimizer_begin(fx__optimizer *optimizer, double learning_rate) {
    fx__optimizer *o = optimizer;
    double t = (double)++o->steps;
    o->rate = (float)learning_rate;
    if (o->kind != FX_ADAMW) return;
    o->rate = (float)(learning_rate / (1 - pow(0.9, t)));
    o->keep = (float)(1 - learning_rate * (double)o->weight_decay);
    o->root = (float)(1 / sqrt(1 - pow(0.999, t)));
}

void fx__optimizer_update(const fx__optimizer *optimizer, float *parameters, size_t begin,
                          size_t rows, size_t columns, size_t stride, const float *gradient,
                          size_t gradient_stride, bool decays) {
    const fx__optimizer *o = optimizer;
    float *moments = o->moments + begin;
    const bool two = o->kind == FX_ADAMW;
    const block b = {rows,
                     columns,
                     stride,
                     gradient_stride,
                     parameters + begin,
                     moments,
                     two ? moments + o->count : NULL,
                     gradient};
    if (two)
        adamw(b, decays ? o->keep : 1, o->rate, o->root);
    else
        sgd(b, o->rate, o->momentum, decays ? o->weight_decay : 0);
}

double fx__scheduled_rate(int schedule, double learning_rate, int epoch, int epochs, size_t step,
                          size_t steps) {
    const double pi = 3.141592653589793;
    switch (schedule) {
    case FX_SCHEDULE_STEP:
        return learning_rate * (4 * epoch >= 3 * epochs ? 0.01 : 2 * epoch >= epochs ? 0.1 : 1);
    case FX_SCHEDULE_COSINE:
        return learning_rate * 0.5 * (1 + cos(pi * (double)step / (double)steps));
    default:
        return learning_rate;
    }
}
