// Which center matches each sample best, from tiles of their products: for k-means and hard
// encoding.
#ifndef FEATX_FEATURES_NEAREST_H
#define FEATX_FEATURES_NEAREST_H

#include <stddef.h>
#include <stdint.h>

// Sides of the tile of products that a thread makes at once: it stays in the second-level cache.
enum { FX__TILE = 256 };

// Width of the equal tiles, whole vectors and at most FX__TILE, that `count` columns are cut into.
static inline size_t fx__tile_width(size_t count) {
    size_t tiles = (count + FX__TILE - 1) / FX__TILE;
    return ((count + tiles - 1) / tiles + 15) / 16 * 16;
}

// products[centers, samples] (leading dimension `ld`) with centers first … first + centers - 1. A
// match is product - half_norms[center] (half the squared length of the center: the largest is the
// nearest) or, with half_norms NULL, |product|. Where a match is better than best[sample], that and
// index[sample] are replaced, so of equal ones the lowest index stays. best starts at -INFINITY.
void fx__nearest_update(const float *products, size_t centers, size_t samples, size_t ld,
                        const float *half_norms, uint32_t first, float *best, uint32_t *index);
#endif
