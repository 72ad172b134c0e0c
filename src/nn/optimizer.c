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

FX__KERNEL
static void sgd(size_t count, float *restrict w, const float *restrict g, float *restrict v,
                float rate, float momentum, float decay) {
    for (size_t i = 0; i < count; i++) {
        v[i] = momentum * v[i] + (g[i] + decay * w[i]);
        w[i] -= rate * v[i];
    }
}

// `keep` is 1 - η λ; `rate` and `root` hold the bias corrections: η / (1 - β₁ᵗ), 1 / sqrt(1 - β₂ᵗ).
FX__KERNEL
static void adamw(size_t count, float *restrict w, const float *restrict g, float *restrict m,
                  float *restrict v, float keep, float rate, float root) {
    const float beta_1 = 0.9f, rest_1 = 0.1f, beta_2 = 0.999f, rest_2 = 0.001f, epsilon = 1e-8f;
    for (size_t i = 0; i < count; i++) {
        m[i] = beta_1 * m[i] + rest_1 * g[i];
        v[i] = beta_2 * v[i] + rest_2 * (g[i] * g[i]);
        w[i] = keep * w[i] - rate * m[i] / (sqrtf(v[i]) * root + epsilon);
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
    for (size_t i = 0; i < rows; i++) {
        size_t at = begin + i * stride;
        float *w = parameters + at, *m = o->moments + at;
        const float *g = gradient + i * gradient_stride;
        if (o->kind == FX_ADAMW)
            adamw(columns, w, g, m, m + o->count, decays ? o->keep : 1, o->rate, o->root);
        else
            sgd(columns, w, g, m, o->rate, o->momentum, decays ? o->weight_decay : 0);
    }
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
