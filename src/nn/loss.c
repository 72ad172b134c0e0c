// Losses of scores s against class y of K, with their gradients by s, for a batch of n rows:
//
//   cross-entropy  -Σ_j t_j log p_j,  p = softmax(s),  t = (1 - ε) one-hot + ε / K;  ∂ = p - t
//   hinge          Σ_{j≠y} max(0, 1 + s_j - s_y);  ∂_j = [1 + s_j - s_y > 0], ∂_y = -Σ_{j≠y} ∂_j
//   squared error  Σ_j (s_j - t_j)²,  t one-hot;  ∂ = 2 (s - t)
//
// One pass over the scores gives bias, loss, hit and gradient. ε (label smoothing) is a property of
// cross-entropy alone. Gradients are multiplied by `share`.
//
// Sources: Weston & Watkins, "Support vector machines for multi-class pattern recognition", ESANN
// 1999; Szegedy et al., "Rethinking the Inception architecture", CVPR 2016 (label smoothing).
#include "src/nn/loss.h"

#include <math.h>
#include <stdbool.h>

#include "featx/mlp.h"
#include "src/base/kernel.h"
#include "src/nn/vector_math.h"

enum {
    PARALLEL_WORK = 2048, // scores from which on it is worth waking other threads for
};

typedef struct job {
    int loss;
    float smoothing, share;
    size_t classes;
    const float *bias;
    bool gradient;
} job;

static double cross_entropy(const job *b, float *s, size_t y, float largest) {
    const size_t classes = b->classes;
    const float even = b->smoothing / (float)classes;
    const float score = s[y];
    double scores = 0, sum = 0;
    if (b->smoothing > 0)
        for (size_t j = 0; j < classes; j++) scores += (double)s[j];
#pragma omp simd
    for (size_t j = 0; j < classes; j++) s[j] = fx__exp(s[j] - largest);
    for (size_t j = 0; j < classes; j++) sum += (double)s[j];
    const float scale = (float)(1 / sum);
    if (b->gradient) {
#pragma omp simd
        for (size_t j = 0; j < classes; j++) s[j] = (s[j] * scale - even) * b->share;
        s[y] -= (1 - b->smoothing) * b->share;
    }
    return log(sum) + (double)largest - (double)(1 - b->smoothing) * (double)score -
           (double)even * scores;
}

static double hinge(const job *b, float *s, size_t y) {
    const float bound = s[y] - 1;
    double loss = 0;
    size_t violated = 0;
    for (size_t j = 0; j < b->classes; j++) {
        float excess = s[j] - bound;
        bool counts = j != y && !(excess <= 0); // NaN counts
        if (counts) loss += (double)excess;
        violated += counts;
        if (b->gradient) s[j] = counts ? b->share : 0;
    }
    if (b->gradient) s[y] = -(float)violated * b->share;
    return loss;
}

static double squared_error(const job *b, float *s, size_t y) {
    double loss = 0;
    for (size_t j = 0; j < b->classes; j++) {
        float d = s[j] - (j == y ? 1.0f : 0.0f);
        loss += (double)d * (double)d;
        if (b->gradient) s[j] = 2 * d * b->share;
    }
    return loss;
}

FX__KERNEL
fx__loss_sum fx__loss(int loss, float label_smoothing, size_t n, size_t classes, float *scores,
                      const float *bias, const int *labels, float share, bool gradient) {
    const job job = {loss, label_smoothing, share, classes, bias, gradient}, *b = &job;
    fx__loss_sum sum = {0};
    for (size_t i = 0; i < n; i++) {
        float *s = scores + i * b->classes;
        const size_t y = (size_t)labels[i];
        if (b->bias)
            for (size_t j = 0; j < b->classes; j++) s[j] += b->bias[j];
        size_t best = 0;
        for (size_t j = 1; j < b->classes; j++) best = s[j] > s[best] ? j : best;
        sum.correct += best == y;
        sum.loss += b->loss == FX_CROSS_ENTROPY ? cross_entropy(b, s, y, s[best])
                    : b->loss == FX_HINGE       ? hinge(b, s, y)
                                                : squared_error(b, s, y);
    }
    return sum;
}

FX__KERNEL
static void softmax_row(float *s, size_t classes) {
    float largest = s[0];
    for (size_t j = 1; j < classes; j++) largest = s[j] > largest ? s[j] : largest;
    double sum = 0;
#pragma omp simd
    for (size_t j = 0; j < classes; j++) s[j] = fx__exp(s[j] - largest);
    for (size_t j = 0; j < classes; j++) sum += (double)s[j];
    const float scale = (float)(1 / sum);
    for (size_t j = 0; j < classes; j++) s[j] *= scale;
}

void fx_softmax(float *scores, size_t n, size_t outputs) {
    if (outputs == 0) return;
#pragma omp parallel for schedule(static) if (n * outputs > PARALLEL_WORK)
    for (size_t i = 0; i < n; i++) softmax_row(scores + i * outputs, outputs);
}
