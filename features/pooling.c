// Encoders over a tile of products that is still in the cache.
//
// Threshold: Σ max(0, z - α) over n rows = Σ max(z, α) - n·α, and Σ max(0, -z - α) = -(Σ min(z, -α)
// + n·α): two operations fewer a product than as written, and they are what the matrix product
// competes with. n is at most ROWS before n·α is taken off, so little is lost to rounding (nothing
// at all for an α like ¼), and several rows are summed between loading and storing a sum.
#include "features/pooling.h"

#include <math.h>

#include "src/base/kernel.h"

enum { ROWS = 8 };

FX__KERNEL static void threshold_rows(const float *restrict z, size_t words, size_t ld, float alpha,
                                      float *restrict positive, float *restrict negative) {
    const float constant = ROWS * alpha;
    for (size_t w = 0; w < words; w++) {
        float above = -constant, below = constant;
        for (size_t row = 0; row < ROWS; row++) {
            float value = z[row * ld + w];
            above += value > alpha ? value : alpha;
            below += value < -alpha ? value : -alpha;
        }
        positive[w] += above;
        negative[w] -= below;
    }
}

FX__KERNEL static void threshold_row(const float *restrict z, size_t words, float alpha,
                                     float *restrict positive, float *restrict negative) {
    for (size_t w = 0; w < words; w++) {
        float above = z[w] - alpha, below = -z[w] - alpha;
        positive[w] += above > 0 ? above : 0;
        negative[w] += below > 0 ? below : 0;
    }
}

void fx__pool_threshold(const float *products, size_t rows, size_t words, size_t ld,
                        float threshold, float *positive, float *negative) {
    for (; rows >= ROWS; rows -= ROWS, products += ROWS * ld)
        threshold_rows(products, words, ld, threshold, positive, negative);
    for (; rows > 0; rows--, products += ld)
        threshold_row(products, words, threshold, positive, negative);
}

FX__KERNEL static void distances(float *restrict z, size_t words, float norm,
                                 const float *restrict word_norms) {
    for (size_t w = 0; w < words; w++) {
        float squared = norm - 2 * z[w] + word_norms[w];
        z[w] = sqrtf(squared > 0 ? squared : 0);
    }
}

FX__KERNEL static void add_closer(const float *restrict distance, size_t words, float mean,
                                  float *restrict out) {
    for (size_t w = 0; w < words; w++) out[w] += distance[w] < mean ? mean - distance[w] : 0;
}

void fx__pool_triangle(float *products, size_t rows, size_t words, size_t ld, const float *norms,
                       const float *word_norms, float *out) {
    for (size_t row = 0; row < rows; row++, products += ld) {
        distances(products, words, norms[row], word_norms);
        double sum = 0;
        for (size_t w = 0; w < words; w++) sum += products[w];
        add_closer(products, words, (float)(sum / (double)words), out);
    }
}

void fx__pool_normalize(fx_pool_norm norm, float *values, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += norm == FX_POOL_L2 ? (double)values[i] * values[i] : fabs((double)values[i]);
    if (!(sum > 0)) return;
    double scale = 1 / (norm == FX_POOL_L2 ? sqrt(sum) : sum);
    for (size_t i = 0; i < count; i++) {
        double scaled = values[i] * scale;
        // Sums of codes ≥ 0 may come out a rounding below.
        values[i] = (float)(norm != FX_POOL_L1_SQRT ? scaled : scaled > 0 ? sqrt(scaled) : 0);
    }
}
