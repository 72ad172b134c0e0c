// Vectors run over samples, so that the best match and its index stay in lanes; several centers are
// compared between loading and storing them.
#include "features/nearest.h"

#include <math.h>

#include "src/base/kernel.h"

enum { CENTERS = 8 };

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
