// Levels of a pyramid, means and norms.
//
// The cell ⌊p · g / n⌋ that position p of n lies in is ⌊j / 2⌋ of the cell j = ⌊p · 2g / n⌋ of a
// grid of twice as many: coarser levels come from finer ones.
//
// Sources: Lazebnik, Schmid & Ponce, "Beyond bags of features", CVPR 2006 (here all levels weigh
// the same); signed square roots: Perronnin, Sánchez & Mensink, ECCV 2010.
#include "features/pooling.h"

#include <math.h>
#include <string.h>

static size_t side_of(const fx_bovw_params *params, int level) {
    return (size_t)params->grid << level;
}

size_t fx__pool_cells(const fx_bovw_params *params) {
    size_t cells = 0;
    for (int level = 0; level < params->levels; level++)
        cells += side_of(params, level) * side_of(params, level);
    return cells;
}

size_t fx__pool_finest(const fx_bovw_params *params) {
    size_t side = side_of(params, params->levels - 1);
    return side * side;
}

static void merge(bool max, size_t length, const float *from, float *into) {
    for (size_t i = 0; i < length; i++)
        into[i] = !max ? into[i] + from[i] : from[i] > into[i] ? from[i] : into[i];
}

void fx__pool_pyramid(const fx_bovw_params *params, size_t length, size_t *patches, float *cells) {
    size_t all = fx__pool_cells(params), begin = all;
    bool max = params->pool == FX_BOVW_POOL_MAX;
    for (int level = params->levels - 1; level > 0; level--) {
        size_t side = side_of(params, level), above = side / 2;
        begin -= side * side;
        float *coarse = cells + (begin - above * above) * length;
        size_t *coarse_patches = patches + begin - above * above;
        memset(coarse, 0, above * above * length * sizeof *coarse);
        memset(coarse_patches, 0, above * above * sizeof *coarse_patches);
        for (size_t i = 0; i < side * side; i++) {
            size_t j = i / side / 2 * above + i % side / 2;
            merge(max, length, cells + (begin + i) * length, coarse + j * length);
            coarse_patches[j] += patches[begin + i];
        }
    }
    if (params->pool != FX_BOVW_POOL_MEAN) return;
    for (size_t i = 0; i < all; i++)
        for (size_t k = 0; k < length && patches[i] > 0; k++)
            cells[i * length + k] /= (float)patches[i];
}

void fx__pool_normalize(fx_pool_norm norm, bool negative, float *values, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += norm == FX_POOL_L2 ? (double)values[i] * values[i] : fabs((double)values[i]);
    if (!(sum > 0)) return;
    double scale = 1 / (norm == FX_POOL_L2 ? sqrt(sum) : sum);
    for (size_t i = 0; i < count; i++) {
        double scaled = values[i] * scale;
        if (norm == FX_POOL_L1_SQRT && scaled < 0)
            scaled = negative ? -sqrt(-scaled) : 0;
        else if (norm == FX_POOL_L1_SQRT)
            scaled = sqrt(scaled);
        values[i] = (float)scaled;
    }
}
