// Losses of scores s against class y of K, with their gradients by s, for a batch of n rows:
//
//   cross-entropy  -Σ_j t_j log p_j,  p = softmax(s),  t = (1 - ε) one-hot + ε / K;  ∂ = p - t
//   hinge          Σ_{j≠y} max(0, 1 + s_j - s_y);  ∂_j = [1 + s_j - s_y > 0], ∂_y = -Σ_{j≠y} ∂_j
//   squared error  Σ_j (s_j - t_j)²,  t one-hot, or given;  ∂ = 2 (s - t)
//
// A sample that is mixed of two (mixup) has the sum of both losses, each times its part; of the
// squared error, the loss against t mixed, which differs from that by a constant. A class weight
// multiplies the loss of its part. One pass over the scores gives bias, loss, hit and gradient. ε
// (label smoothing) is a property of cross-entropy alone. Gradients are multiplied by `share`.
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

// The class or the two classes of one sample, with the weights of their losses.
typedef struct answer {
    size_t y, other;
    float weight, other_weight; // 0 where there is no other
} answer;

static double cross_entropy(const fx__loss_options *o, size_t classes, float *s, answer t,
                            float largest) {
    const float all = t.weight + t.other_weight, hard = 1 - o->label_smoothing;
    const float even = o->label_smoothing / (float)classes;
    const double score = (double)(hard * t.weight) * (double)s[t.y] +
                         (double)(hard * t.other_weight) * (double)s[t.other];
    double scores = 0, sum = 0;
    if (o->label_smoothing > 0)
        for (size_t j = 0; j < classes; j++) scores += (double)s[j];
#pragma omp simd
    for (size_t j = 0; j < classes; j++) s[j] = fx__exp(s[j] - largest);
    for (size_t j = 0; j < classes; j++) sum += (double)s[j];
    const float scale = (float)(1 / sum), share = o->share * all;
    if (o->gradient) {
#pragma omp simd
        for (size_t j = 0; j < classes; j++) s[j] = (s[j] * scale - even) * share;
        s[t.y] -= hard * t.weight * o->share;
        s[t.other] -= hard * t.other_weight * o->share;
    }
    return (double)all * (log(sum) + (double)largest - (double)even * scores) - score;
}

static double hinge(const fx__loss_options *o, size_t classes, float *s, answer t) {
    const float bound = s[t.y] - 1, other_bound = s[t.other] - 1;
    const float share = o->share * t.weight, other_share = o->share * t.other_weight;
    double loss = 0;
    size_t violated = 0, other_violated = 0;
    for (size_t j = 0; j < classes; j++) {
        float excess = s[j] - bound, other_excess = s[j] - other_bound;
        bool counts = j != t.y && !(excess <= 0); // NaN counts
        bool other_counts = t.other_weight != 0 && j != t.other && !(other_excess <= 0);
        if (counts) loss += (double)(t.weight * excess);
        if (other_counts) loss += (double)(t.other_weight * other_excess);
        violated += counts;
        other_violated += other_counts;
        if (o->gradient) s[j] = (counts ? share : 0) + (other_counts ? other_share : 0);
    }
    if (o->gradient) {
        s[t.y] -= (float)violated * share;
        s[t.other] -= (float)other_violated * other_share;
    }
    return loss;
}

// Against `values`, or where they are NULL against the part of each class in the sample.
static double squared_error(const fx__loss_options *o, size_t classes, float *s, answer t,
                            float part, const float *values) {
    const float all = t.weight + t.other_weight;
    double loss = 0;
    for (size_t j = 0; j < classes; j++) {
        float target = values ? values[j] : (j == t.y ? part : 0) + (j == t.other ? 1 - part : 0);
        float d = s[j] - target;
        loss += (double)d * (double)d;
        if (o->gradient) s[j] = 2 * d * (o->share * all);
    }
    return (double)all * loss;
}

FX__KERNEL
fx__loss_sum fx__loss(const fx__loss_options *options, size_t n, size_t classes, float *scores,
                      fx__targets targets) {
    const fx__loss_options *o = options;
    fx__loss_sum sum = {0};
    for (size_t i = 0; i < n; i++) {
        float *s = scores + i * classes;
        answer t = {.weight = 1};
        float part = 1;
        if (o->bias)
            for (size_t j = 0; j < classes; j++) s[j] += o->bias[j];
        size_t best = 0;
        for (size_t j = 1; j < classes; j++) best = s[j] > s[best] ? j : best;
        if (!targets.values) {
            t.y = t.other = (size_t)targets.labels[i];
            sum.correct += best == t.y;
            if (targets.partners) {
                part = targets.part;
                t.other = (size_t)targets.partners[i];
                t.other_weight = 1 - part;
            }
            t.weight = part;
            if (o->class_weights) {
                t.weight *= o->class_weights[t.y];
                t.other_weight *= o->class_weights[t.other];
            }
        }
        sum.loss += o->loss == FX_CROSS_ENTROPY ? cross_entropy(o, classes, s, t, s[best])
                    : o->loss == FX_HINGE
                        ? hinge(o, classes, s, t)
                        : squared_error(o, classes, s, t, part,
                                        targets.values ? targets.values + i * classes : NULL);
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
