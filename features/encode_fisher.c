// Fisher vector: how the parameters of a Gaussian mixture would have to change to fit an image.
//
//   cell [2, words, d]: Σ q_k (x - μ_k) / σ_k / √π_k, then Σ q_k ((x - μ_k)² / σ_k² - 1) / √(2 π_k)
//
// with q_k the probability that the local descriptor x is of component k (words are the means μ, σ²
// their variances, π their priors). With pool mean this is Perronnin's vector; with norm sqrt it is
// his improved one. Parts with q_k < 1e-6, as VLFeat, or π_k < 1e-6 are left out.
//
// Source: Perronnin, Sánchez & Mensink, "Improving the Fisher kernel for large-scale image
// classification", ECCV 2010.
#include <math.h>

#include "features/encoder.h"
#include "features/gmm_posterior.h"
#include "features/vocabulary.h"
#include "src/base/kernel.h"

static const float LEAST = 1e-6f; // of probabilities and priors

static size_t length(const fx_vocabulary *v) {
    return 2 * v->words.rows * v->length;
}

static size_t parts(const fx_vocabulary *v) {
    return 2 * v->words.rows;
}

typedef struct buffers {
    float *probabilities; // [rows, words]
    float *powers;        // [rows, 2d]
} buffers;

static size_t lay_out(const fx_vocabulary *v, size_t rows, void *memory, buffers *out) {
    size_t at = 0;
    out->probabilities = fx__take(memory, &at, rows * v->words.rows * sizeof(float));
    out->powers = fx__take(memory, &at, rows * 2 * v->length * sizeof(float));
    return at;
}

static size_t scratch(const fx_vocabulary *v, size_t rows) {
    buffers b;
    return lay_out(v, rows, NULL, &b);
}

FX__KERNEL static void add_gradients(const float *restrict x, const float *restrict mean,
                                     const float *restrict variance, size_t d, float by_mean,
                                     float by_variance, float *restrict means,
                                     float *restrict variances) {
    for (size_t k = 0; k < d; k++) {
        float z = (x[k] - mean[k]) / sqrtf(variance[k]);
        means[k] += by_mean * z;
        variances[k] += by_variance * (z * z - 1);
    }
}

static void encode(const fx_code_tile *tile) {
    const fx_vocabulary *v = tile->vocabulary;
    size_t words = v->words.rows, d = v->length;
    const float *x = tile->rows;
    buffers b;
    lay_out(v, tile->count, tile->scratch, &b);
    fx__gmm_posterior_apply(&v->posterior, x, tile->count, b.powers, b.probabilities);
    const float *q = b.probabilities;
    for (size_t s = 0; s < tile->segment_count; s++) {
        float *cell = tile->cells + tile->segments[s].cell * length(v);
        for (size_t row = 0; row < tile->segments[s].rows; row++, x += d, q += words)
            for (size_t k = 0; k < words; k++) {
                if (!(q[k] >= LEAST) || !(v->priors[k] >= LEAST)) continue;
                add_gradients(x, v->words.data + k * d, v->variances.data + k * d, d,
                              q[k] / sqrtf(v->priors[k]), q[k] / sqrtf(2 * v->priors[k]),
                              cell + k * d, cell + (words + k) * d);
            }
    }
}

const fx_encoder fx__encoder_fisher = {.whitened = true,
                                       .length = length,
                                       .scratch = scratch,
                                       .encode = encode,
                                       .negative = true,
                                       .parts = parts};
