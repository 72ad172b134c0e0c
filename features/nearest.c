// Products of centers with samples. Vectors run over samples, so that the best match and its index
// stay in lanes; several centers are compared between loading and storing them.
#include "features/nearest.h"

#include <math.h>

#include "src/base/gemm.h"
#include "src/base/kernel.h"

enum { CENTERS = 8, LANES = 8 };

void fx__tile_transpose(const float *samples, size_t count, size_t d, float *out) {
    for (size_t k = 0; k < d; k++)
        for (size_t i = 0; i < count; i++) out[k * FX__TILE + i] = samples[i * d + k];
}

void fx__tile_multiply(const float *centers, size_t center_count, const float *transposed,
                       size_t count, size_t d, float *products) {
    fx__gemm_serial(false, false, center_count, count, d, 1, centers, d, transposed, FX__TILE, 0,
                    products, FX__TILE);
}

FX__KERNEL static void by_distance(const float *restrict products, size_t centers, size_t samples,
                                   size_t ld, const float *restrict half_norms, uint32_t first,
                                   float *restrict best, uint32_t *restrict index) {
    size_t center = 0;
    for (; center + CENTERS <= centers; center += CENTERS) {
        for (size_t i = 0; i < samples; i++) {
            float match = best[i];
            uint32_t place = index[i];
            for (size_t c = 0; c < CENTERS; c++) {
                float candidate = products[(center + c) * ld + i] - half_norms[center + c];
                place = candidate > match ? first + (uint32_t)(center + c) : place;
                match = candidate > match ? candidate : match;
            }
            best[i] = match;
            index[i] = place;
        }
    }
    for (; center < centers; center++) {
        for (size_t i = 0; i < samples; i++) {
            float candidate = products[center * ld + i] - half_norms[center];
            index[i] = candidate > best[i] ? first + (uint32_t)center : index[i];
            best[i] = candidate > best[i] ? candidate : best[i];
        }
    }
}

FX__KERNEL static void by_product(const float *restrict products, size_t centers, size_t samples,
                                  size_t ld, uint32_t first, float *restrict best,
                                  uint32_t *restrict index) {
    size_t center = 0;
    for (; center + CENTERS <= centers; center += CENTERS) {
        for (size_t i = 0; i < samples; i++) {
            float match = best[i];
            uint32_t place = index[i];
            for (size_t c = 0; c < CENTERS; c++) {
                float candidate = fabsf(products[(center + c) * ld + i]);
                place = candidate > match ? first + (uint32_t)(center + c) : place;
                match = candidate > match ? candidate : match;
            }
            best[i] = match;
            index[i] = place;
        }
    }
    for (; center < centers; center++) {
        for (size_t i = 0; i < samples; i++) {
            float candidate = fabsf(products[center * ld + i]);
            index[i] = candidate > best[i] ? first + (uint32_t)center : index[i];
            best[i] = candidate > best[i] ? candidate : best[i];
        }
    }
}

void fx__nearest_update(const float *products, size_t centers, size_t samples, size_t ld,
                        const float *half_norms, uint32_t first, float *best, uint32_t *index) {
    if (half_norms)
        by_distance(products, centers, samples, ld, half_norms, first, best, index);
    else
        by_product(products, centers, samples, ld, first, best, index);
}

void fx__shift_centers(const float *centers, size_t count, size_t d, const double *mean,
                       float *shifted, float *half_norms) {
    for (size_t c = 0; c < count; c++, centers += d, shifted += d) {
        double sum = 0;
        for (size_t k = 0; k < d; k++) {
            double shift = mean ? mean[k] : 0, difference = centers[k] - shift;
            shifted[k] = (float)difference;
            sum += difference * (centers[k] + shift);
        }
        half_norms[c] = (float)(sum / 2);
    }
}

// Partial sums, so that additions do not wait for each other.
double fx__dot(const float *x, const float *y, size_t d) {
    double lanes[LANES] = {0}, sum = 0;
    size_t k = 0;
    for (; k + LANES <= d; k += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            lanes[lane] += (double)x[k + lane] * y[k + lane];
    for (; k < d; k++) sum += (double)x[k] * y[k];
    for (size_t lane = 0; lane < LANES; lane++) sum += lanes[lane];
    return sum;
}

double fx__squared_length(const float *x, const double *mean, size_t d) {
    if (!mean) return fx__dot(x, x, d);
    double lanes[LANES] = {0}, sum = 0;
    size_t k = 0;
    for (; k + LANES <= d; k += LANES)
        for (size_t lane = 0; lane < LANES; lane++) {
            double difference = x[k + lane] - mean[k + lane];
            lanes[lane] += difference * difference;
        }
    for (; k < d; k++) sum += (x[k] - mean[k]) * (x[k] - mean[k]);
    for (size_t lane = 0; lane < LANES; lane++) sum += lanes[lane];
    return sum;
}

double fx__residual(const float *x, const float *center, size_t d, bool spherical) {
    if (spherical) {
        double product = fx__dot(x, center, d);
        return fx__dot(x, x, d) - product * product;
    }
    double lanes[LANES] = {0}, sum = 0;
    size_t k = 0;
    for (; k + LANES <= d; k += LANES)
        for (size_t lane = 0; lane < LANES; lane++) {
            double difference = (double)x[k + lane] - center[k + lane];
            lanes[lane] += difference * difference;
        }
    for (; k < d; k++) sum += ((double)x[k] - center[k]) * ((double)x[k] - center[k]);
    for (size_t lane = 0; lane < LANES; lane++) sum += lanes[lane];
    return sum;
}
