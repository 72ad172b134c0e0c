// Levels of a pyramid, means and norms.
//
// A cell of a grid of g · f cells a side holds positions p with ⌊p · gf / n⌋ = j, so f neighbors of
// them make up ⌊p · g / n⌋ = ⌊j / f⌋ exactly: coarser levels come from finer ones.
//
// Sources: Lazebnik, Schmid & Ponce, "Beyond bags of features", CVPR 2006 (here all levels weigh
// the same); signed square roots: Perronnin, Sánchez & Mensink, ECCV 2010.
#include "features/pooling.h"

#include <math.h>
#include <string.h>

int fx__pool_levels(const fx_bovw_params *params, int sides[FX__LEVELS]) {
    int finest[FX__LEVELS] = {params->grid}, count = 1;
    for (int side = params->grid; params->pyramid && side > 1; count++) {
        side = side % 2 == 0 ? side / 2 : 1;
        finest[count] = side;
    }
    for (int i = 0; i < count; i++) sides[i] = finest[count - 1 - i];
    return count;
}

size_t fx__pool_cells(const fx_bovw_params *params) {
    int sides[FX__LEVELS], levels = fx__pool_levels(params, sides);
    size_t cells = 0;
    for (int i = 0; i < levels; i++) cells += (size_t)sides[i] * (size_t)sides[i];
    return cells;
}

static void merge(bool max, size_t length, const float *from, float *into) {
    for (size_t i = 0; i < length; i++)
        into[i] = !max ? into[i] + from[i] : from[i] > into[i] ? from[i] : into[i];
}

void fx__pool_pyramid(const fx_bovw_params *params, size_t length, size_t *patches, float *cells) {
    int sides[FX__LEVELS], levels = fx__pool_levels(params, sides);
    size_t all = fx__pool_cells(params), begin = all;
    bool max = params->pool == FX_BOVW_POOL_MAX;
    for (int level = levels - 1; level > 0; level--) {
        size_t side = (size_t)sides[level], above = (size_t)sides[level - 1];
        begin -= side * side;
        float *coarse = cells + (begin - above * above) * length;
        size_t *coarse_patches = patches + begin - above * above;
        memset(coarse, 0, above * above * length * sizeof *coarse);
        memset(coarse_patches, 0, above * above * sizeof *coarse_patches);
        for (size_t i = 0; i < side * side; i++) {
            size_t y = i / side * above / side, x = i % side * above / side, j = y * above + x;
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
