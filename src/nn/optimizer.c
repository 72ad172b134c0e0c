// SGD with momentum and AdamW, step t, gradient g, learning rate η, weight decay λ:
//
//   SGD    v ← μ v + g + λ w;  w ← w - η v
//   AdamW  m ← β₁ m + (1 - β₁) g;  v ← β₂ v + (1 - β₂) g²
//          w ← w - η λ w - η (m / (1 - β₁ᵗ)) / (sqrt(v / (1 - β₂ᵗ)) + ε)
//          β₁ = 0.9, β₂ = 0.999, ε = 1e-8
//
// λ is 0 for parameters that do not decay. An update is element by element, so that pieces and
// threads do not change it.
//
// Sources: Polyak 1964 (momentum); Kingma & Ba, "Adam", ICLR 2015; Loshchilov & Hutter, "Decoupled
// weight decay regularization", ICLR 2019, and "SGDR", ICLR 2017 (cosine).
#include "src/nn/optimizer.h"

#include <math.h>
#include <stdlib.h>

#include "src/base/kernel.h"
#include "src/base/memory.h"

enum { PIECE = 1 << 14 }; // parameters updated by one thread at a time

fx_status fx__optimizer_create(const fx_training_params *params, const fx__parameter_group *groups,
                               size_t group_count, fx__optimizer *out, fx_error *error) {
    fx__optimizer o = {.kind = params->optimizer,
                       .momentum = params->momentum,
                       .weight_decay = params->weight_decay};
    for (size_t g = 0; g < group_count; g++) {
        o.count += groups[g].count;
        o.piece_count += (groups[g].count + PIECE - 1) / PIECE;
    }
    FX__TRY(fx__allocate(o.piece_count, sizeof *o.pieces, &o.pieces, error));
    fx_status status =
        fx__allocate(o.count, (o.kind == FX_ADAMW ? 2 : 1) * sizeof *o.moments, &o.moments, error);
    if (status != FX_OK) {
        free(o.pieces);
        return status;
    }
    fx__parameter_group *piece = o.pieces;
    for (size_t g = 0; g < group_count; g++)
        for (size_t done = 0; done < groups[g].count; done += PIECE) {
            size_t left = groups[g].count - done;
            *piece++ = (fx__parameter_group){groups[g].begin + done, left < PIECE ? left : PIECE,
                                             groups[g].decays};
        }
    *out = o;
    return FX_OK;
}

void fx__optimizer_destroy(fx__optimizer *optimizer) {
    free(optimizer->pieces);
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

void fx__optimizer_step(fx__optimizer *optimizer, float *parameters, const float *gradient,
                        double learning_rate) {
    const fx__optimizer *o = optimizer;
    double t = (double)++optimizer->steps;
    float corrected = (float)(learning_rate / (1 - pow(0.9, t)));
    float root = (float)(1 / sqrt(1 - pow(0.999, t)));
#pragma omp parallel for schedule(static) if (o->count > PIECE)
    for (size_t p = 0; p < o->piece_count; p++) {
        const fx__parameter_group *piece = &o->pieces[p];
        float *w = parameters + piece->begin, *m = o->moments + piece->begin;
        const float *g = gradient + piece->begin;
        float decay = piece->decays ? o->weight_decay : 0;
        if (o->kind == FX_ADAMW)
            adamw(piece->count, w, g, m, m + o->count, (float)(1 - learning_rate * (double)decay),
                  corrected, root);
        else
            sgd(piece->count, w, g, m, (float)learning_rate, o->momentum, decay);
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
