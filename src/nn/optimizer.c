// SGD with momentum and AdamW, step t, gradient g, learning rate η, weight decay λ:
//
//   SGD    v ← μ v + g + λ w;  w ← w - η v
//          with Nesterov's momentum  w ← w - η (g + λ w + μ v)
//          without momentum, w is a compensated sum (Kahan 1965): steps that are smaller than half
//          a unit in the last place of w would be lost, and plain descent is nothing but small
//          steps
//   AdamW  m ← β₁ m + (1 - β₁) g;  v ← β₂ v + (1 - β₂) g²
//          w ← w - η λ w - η (m / (1 - β₁ᵗ)) / (sqrt(v / (1 - β₂ᵗ)) + ε)
//          β₁ = 0.9, β₂ = 0.999, ε = 1e-8
//
// Average of the weights: a ← a + (1 - d) (w - a), d = min(decay, (1 + t) / (10 + t)), so that the
// first steps do not weigh on it for long.
//
// λ is 0 for parameters that do not decay. An update is element by element, so that tiles and
// threads do not change it.
//
// One cycle: from η / 25 up to η over 3/10 of the steps and down to η / 250,000, both by half a
// cosine; the momentum stays as it is.
//
// Sources: Polyak 1964 (momentum); Sutskever et al., ICML 2013 (Nesterov's, as here); Polyak &
// Juditsky 1992 (averaging); Smith & Topin 2018 (one cycle); Kingma & Ba, "Adam", ICLR 2015;
// Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019, and "SGDR", ICLR 2017
// (cosine).
#include "src/nn/optimizer.h"

#include <math.h>
#include <stdlib.h>

#include "src/base/kernel.h"
#include "src/base/memory.h"

fx_status fx__optimizer_create(const fx_training_params *params, size_t count, size_t statistics,
                               fx__optimizer *out, fx_error *error) {
    *out = (fx__optimizer){.kind = params->optimizer,
                           .nesterov = params->nesterov,
                           .momentum = params->momentum,
                           .weight_decay = params->weight_decay,
                           .decay = (double)params->average,
                           .count = count,
                           .moment_count = (params->optimizer == FX_ADAMW ? 2 : 1) * count};
    const size_t kinds = out->moment_count;
    if (params->average > 0) out->moment_count += count + statistics;
    FX__TRY(fx__allocate(out->moment_count, sizeof *out->moments, &out->moments, error));
    if (params->average > 0) out->average = out->moments + kinds;
    return FX_OK;
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
static void sgd(block b, float scale, float rate, float momentum, float decay) {
    for (size_t i = 0; i < b.rows; i++) {
        float *restrict w = b.w + i * b.stride, *restrict v = b.m + i * b.stride;
        const float *restrict g = b.g + i * b.gradient_stride;
        for (size_t j = 0; j < b.columns; j++) {
            v[j] = momentum * v[j] + (scale * g[j] + decay * w[j]);
            w[j] -= rate * v[j];
        }
    }
}

// Without momentum: b.m holds what the weights could not take of the steps so far.
FX__KERNEL
static void compensated(block b, float scale, float rate, float decay) {
    for (size_t i = 0; i < b.rows; i++) {
        float *restrict w = b.w + i * b.stride, *restrict rest = b.m + i * b.stride;
        const float *restrict g = b.g + i * b.gradient_stride;
        for (size_t j = 0; j < b.columns; j++) {
            float step = rate * (scale * g[j] + decay * w[j]) + rest[j];
            float moved = w[j] - step;
            rest[j] = step - (w[j] - moved);
            w[j] = moved;
        }
    }
}

FX__KERNEL
static void nesterov(block b, float scale, float rate, float momentum, float decay) {
    for (size_t i = 0; i < b.rows; i++) {
        float *restrict w = b.w + i * b.stride, *restrict v = b.m + i * b.stride;
        const float *restrict g = b.g + i * b.gradient_stride;
        for (size_t j = 0; j < b.columns; j++) {
            float decayed = scale * g[j] + decay * w[j];
            v[j] = momentum * v[j] + decayed;
            w[j] -= rate * (decayed + momentum * v[j]);
        }
    }
}

// `keep` is 1 - η λ; `rate` and `root` hold the bias corrections: η / (1 - β₁ᵗ), 1 / sqrt(1 - β₂ᵗ).
FX__KERNEL
static void adamw(block b, float scale, float keep, float rate, float root) {
    const float beta_1 = 0.9f, rest_1 = 0.1f, beta_2 = 0.999f, rest_2 = 0.001f, epsilon = 1e-8f;
    for (size_t i = 0; i < b.rows; i++) {
        float *restrict w = b.w + i * b.stride, *restrict m = b.m + i * b.stride;
        float *restrict v = b.v + i * b.stride;
        const float *restrict gradient = b.g + i * b.gradient_stride;
        for (size_t j = 0; j < b.columns; j++) {
            float g = scale * gradient[j];
            m[j] = beta_1 * m[j] + rest_1 * g;
            v[j] = beta_2 * v[j] + rest_2 * (g * g);
            w[j] = keep * w[j] - rate * m[j] / (sqrtf(v[j]) * root + epsilon);
        }
    }
}

FX__KERNEL
static void approach(size_t rows, size_t columns, size_t stride, float share,
                     const float *restrict values, float *restrict average) {
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            average[i * stride + j] += share * (values[i * stride + j] - average[i * stride + j]);
}

void fx__optimizer_begin(fx__optimizer *optimizer, double learning_rate) {
    fx__optimizer *o = optimizer;
    double t = (double)++o->steps;
    o->scale = 1;
    o->towards = (float)(1 - fmin(o->decay, (1 + t) / (10 + t)));
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
    const float decay = decays ? o->weight_decay : 0;
    if (columns == stride && columns == gradient_stride) { // one after the other
        columns *= rows;
        rows = 1;
    }
    const block b = {rows,
                     columns,
                     stride,
                     gradient_stride,
                     parameters + begin,
                     moments,
                     two ? moments + o->count : NULL,
                     gradient};
    if (two)
        adamw(b, o->scale, decays ? o->keep : 1, o->rate, o->root);
    else if (o->momentum == 0)
        compensated(b, o->scale, o->rate, decay);
    else if (o->nesterov)
        nesterov(b, o->scale, o->rate, o->momentum, decay);
    else
        sgd(b, o->scale, o->rate, o->momentum, decay);
    if (o->average)
        approach(rows, columns, stride, o->towards, parameters + begin, o->average + begin);
}

static void fetch(const float *numbers, size_t rows, size_t columns, size_t stride) {
    enum { LINE = 16 };
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j += LINE)
            __builtin_prefetch(numbers + i * stride + j, 1, 2); // to the second cache
}

void fx__optimizer_fetch(const fx__optimizer *optimizer, const float *parameters, size_t begin,
                         size_t rows, size_t columns, size_t stride) {
    const fx__optimizer *o = optimizer;
    fetch(parameters + begin, rows, columns, stride);
    fetch(o->moments + begin, rows, columns, stride);
    if (o->kind == FX_ADAMW) fetch(o->moments + o->count + begin, rows, columns, stride);
    if (o->average) fetch(o->average + begin, rows, columns, stride);
}

void fx__optimizer_average(const fx__optimizer *optimizer, size_t begin, size_t count,
                           const float *values) {
    if (optimizer->average)
        approach(1, count, count, optimizer->towards, values, optimizer->average + begin);
}

// Half a cosine from `from` to `to`, when `done` of `total` is done.
static double glide(double from, double to, double done, double total) {
    const double pi = 3.141592653589793;
    return to + (from - to) * 0.5 * (1 + cos(pi * done / total));
}

double fx__scheduled_rate(const fx_training_params *params, int epoch, size_t step, size_t steps) {
    const double top = (double)params->learning_rate, done = (double)step, total = (double)steps;
    const double rise = 0.3 * total, first = top / 25, last = first / 1e4;
    const double warm = (double)params->warmup * total / params->epochs;
    double rate = top;
    switch (params->schedule) {
    case FX_SCHEDULE_STEP:
        rate *= 4 * epoch >= 3 * params->epochs ? 0.01 : 2 * epoch >= params->epochs ? 0.1 : 1;
        break;
    case FX_SCHEDULE_COSINE:
        rate = glide(top, 0, done, total);
        break;
    case FX_SCHEDULE_ONE_CYCLE:
        rate = done < rise ? glide(first, top, done, rise)
                           : glide(top, last, done - rise, total - rise);
        break;
    default:
        break;
    }
    return rate * fmin(1, (done + 1) / fmax(warm, 1));
}
