// Posterior probabilities of a Gaussian mixture with diagonal covariances.
//
//   log π_k p_k(x) = log π_k - ½ Σ (log 2πσ² + (x - μ)² / σ²)
//
// The square is multiplied out, so that all samples and components meet in one matrix product. In
// x itself that would cancel where means are large beside deviations: samples are first centered
// and scaled by the mean and the deviation of the whole mixture.
#include "features/gmm_posterior.h"

#include <math.h>
#include <stdlib.h>

#include "src/base/gemm.h"
#include "src/base/kernel.h"
#include "src/base/memory.h"

static const float NEGLIGIBLE = -40; // logarithm of a share beside the largest: below 1e-17

fx_status fx__gmm_posterior_create(size_t components, size_t d, const double *means,
                                   const double *variances, const double *priors,
                                   fx_gmm_posterior *out, fx_error *error) {
    fx_status status;
    fx_gmm_posterior p = {0};
    FX__TRY_GOTO(fx_matrix_create(2 * d, components, &p.weights, error));
    FX__TRY_GOTO(fx__allocate(components, sizeof(float), &p.constants, error));
    FX__TRY_GOTO(fx__allocate(d, sizeof(float), &p.center, error));
    FX__TRY_GOTO(fx__allocate(d, sizeof(float), &p.scale, error));
    p.constant = -0.5 * (double)d * log(2 * 3.14159265358979323846);
    for (size_t i = 0; i < d; i++) {
        double mean = 0, square = 0;
        for (size_t k = 0; k < components; k++) mean += priors[k] * means[k * d + i];
        p.center[i] = (float)mean;
        for (size_t k = 0; k < components; k++) {
            double apart = means[k * d + i] - p.center[i];
            square += priors[k] * (variances[k * d + i] + apart * apart);
        }
        p.scale[i] = (float)(1 / sqrt(square));
        p.constant += log((double)p.scale[i]);
    }
    for (size_t k = 0; k < components; k++) {
        double constant = log(priors[k]);
        for (size_t i = 0; i < d; i++) {
            double scale = p.scale[i], mean = (means[k * d + i] - p.center[i]) * scale;
            double variance = variances[k * d + i] * scale * scale;
            constant -= 0.5 * (log(variance) + mean * mean / variance);
            p.weights.data[i * components + k] = (float)(mean / variance);
            p.weights.data[(d + i) * components + k] = (float)(-0.5 / variance);
        }
        p.constants[k] = (float)constant; // of a prior 0: -infinity
    }
    *out = p;
    return FX_OK;
done:
    fx__gmm_posterior_destroy(&p);
    return status;
}

void fx__gmm_posterior_destroy(fx_gmm_posterior *posterior) {
    if (!posterior) return;
    fx_matrix_destroy(&posterior->weights);
    free(posterior->constants);
    free(posterior->center);
    free(posterior->scale);
    *posterior = (fx_gmm_posterior){0};
}

FX__KERNEL static void make_powers(const float *restrict x, const float *restrict center,
                                   const float *restrict scale, size_t count, size_t d,
                                   float *restrict powers) {
    for (size_t row = 0; row < count; row++, x += d, powers += 2 * d)
        for (size_t i = 0; i < d; i++) {
            float y = (x[i] - center[i]) * scale[i];
            powers[i] = y;
            powers[d + i] = y * y;
        }
}

// Logarithms, up to constants, become probabilities; returns the logarithm of their sum.
static double normalize(float *restrict logs, const float *restrict constants, size_t count) {
    float largest = -INFINITY;
    for (size_t k = 0; k < count; k++) {
        logs[k] += constants[k];
        largest = logs[k] > largest ? logs[k] : largest;
    }
    double sum = 0;
    for (size_t k = 0; k < count; k++) {
        float below = logs[k] - largest;
        logs[k] = below > NEGLIGIBLE ? expf(below) : 0;
        sum += logs[k];
    }
    for (size_t k = 0; k < count; k++) logs[k] = (float)(logs[k] / sum);
    return largest + log(sum);
}

double fx__gmm_posterior_apply(const fx_gmm_posterior *p, const float *samples, size_t count,
                               float *powers, float *probabilities) {
    size_t d = p->weights.rows / 2, components = p->weights.columns;
    make_powers(samples, p->center, p->scale, count, d, powers);
    fx__gemm_serial(false, false, count, components, 2 * d, 1, powers, 2 * d, p->weights.data,
                    components, 0, probabilities, components);
    double sum = 0;
    for (size_t row = 0; row < count; row++)
        sum += p->constant + normalize(probabilities + row * components, p->constants, components);
    return sum;
}
