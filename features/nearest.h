// Samples and centers: their products, a tile at a time, which center matches a sample best, and
// what it leaves of it. For k-means and hard encoding.
#ifndef FEATX_FEATURES_NEAREST_H
#define FEATX_FEATURES_NEAREST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Sides of the tile of products that a thread makes at once: it stays in the second-level cache.
enum { FX__TILE = 256 };

// Width of the equal tiles, whole vectors and at most FX__TILE, that `count` columns are cut into.
static inline size_t fx__tile_width(size_t count) {
    size_t tiles = (count + FX__TILE - 1) / FX__TILE;
    return ((count + tiles - 1) / tiles + 15) / 16 * 16;
}

// Samples [count, d], count ≤ FX__TILE, as out[d, FX__TILE]: products are faster that way.
void fx__tile_transpose(const float *samples, size_t count, size_t d, float *out);

// products[centers, FX__TILE] of centers[centers, d] with transposed samples.
void fx__tile_multiply(const float *centers, size_t center_count, const float *transposed,
                       size_t count, size_t d, float *products);

// products[centers, samples] (leading dimension `ld`) with centers first … first + centers - 1. A
// match is product - half_norms[center] (half the squared length of the center: the largest is the
// nearest) or, with half_norms NULL, |product|. Where a match is better than best[sample], that and
// index[sample] are replaced, so of equal ones the lowest index stays. best starts at -INFINITY.
void fx__nearest_update(const float *products, size_t centers, size_t samples, size_t ld,
                        const float *half_norms, uint32_t first, float *best, uint32_t *index);

// shifted[centers, d] = c - mean and half_norms[centers] = (|c|² - |mean|²) / 2, for matches that
// lose little to rounding where samples are far from 0: with them |x - c|² is |x - mean|² - 2 ·
// match. With mean NULL the centers as they are.
void fx__shift_centers(const float *centers, size_t count, size_t d, const double *mean,
                       float *shifted, float *half_norms);

double fx__dot(const float *x, const float *y, size_t d);

// |x - mean|², or |x|² with mean NULL.
double fx__squared_length(const float *x, const double *mean, size_t d);

// |x - c|², or, spherical (|c| = 1), |x|² - <x, c>².
double fx__residual(const float *x, const float *center, size_t d, bool spherical);
#endif
