// Mixup: x_i ← λ x_i + (1 - λ) x_j, and the loss λ L(y_i) + (1 - λ) L(y_j), with one λ ~ Beta(α, α)
// for a batch. Batches come in random order, so the partner of row i is row n - 1 - i.
//
// Beta(α, α) = G / (G + G') of two draws from Gamma(α), by Marsaglia & Tsang, "A simple method for
// generating gamma variables", TOMS 26, 2000: for α ≥ 1, d v with d = α - 1/3, v = (1 + x /
// √(9d))³, x normal, accepted where ln u < x² / 2 + d - d v + d ln v; for α < 1, Gamma(α + 1) ·
// u^(1/α). Logarithms are carried, because draws of a small α vanish.
//
// Source: Zhang, Cisse, Dauphin & Lopez-Paz, "mixup: beyond empirical risk minimization", ICLR
// 2018.
#include "src/nn/mixup.h"

#include <math.h>

#include "featx/rng.h"
#include "src/base/kernel.h"
#include "src/nn/network.h"

static double log_gamma_draw(fx_rng *rng, double alpha) {
    double boost = 0;
    if (alpha < 1) {
        boost = log(1 - fx_rng_uniform(rng)) / alpha;
        alpha += 1;
    }
    const double d = alpha - 1.0 / 3;
    for (;;) {
        double x = fx_rng_normal(rng), root = 1 + x / sqrt(9 * d);
        if (root <= 0) continue;
        double v = root * root * root;
        if (log(1 - fx_rng_uniform(rng)) < x * x / 2 + d - d * v + d * log(v))
            return log(d * v) + boost;
    }
}

float fx__mixup_part(uint64_t seed, uint32_t epoch, uint64_t position, float alpha) {
    fx_rng rng = fx_rng_at(seed, FX_RNG_MIXUP, epoch, position);
    double a = log_gamma_draw(&rng, (double)alpha), b = log_gamma_draw(&rng, (double)alpha);
    return (float)(1 / (1 + exp(b - a)));
}

FX__KERNEL
static void mix(size_t length, float part, float *restrict a, float *restrict b) {
    for (size_t j = 0; j < length; j++) {
        float mine = a[j], other = b[j];
        a[j] = part * mine + (1 - part) * other;
        b[j] = part * other + (1 - part) * mine;
    }
}

void fx__mixup_rows(size_t n, size_t length, float part, float *x) {
#pragma omp parallel for schedule(static) if (n * length > FX__PARALLEL_WORK)
    for (size_t i = 0; i < n / 2; i++) mix(length, part, x + i * length, x + (n - 1 - i) * length);
}
