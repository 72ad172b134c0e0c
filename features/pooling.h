// Codes of a tile of products, summed: the encoders of visual words.
//
// Sources: see featx/visual_words.h. All work on products[rows, words] of local descriptors with
// words (leading dimension `ld`) and add to sums of one cell of the grid.
#ifndef FEATX_FEATURES_POOLING_H
#define FEATX_FEATURES_POOLING_H

#include <stddef.h>

// positive[w] += Σ max(0, z - threshold), negative[w] += Σ max(0, -z - threshold).
void fx__pool_threshold(const float *products, size_t rows, size_t words, size_t ld,
                        float threshold, float *positive, float *negative);

// out[w] += Σ max(0, mean over words of the distances - distance to w), where the squared distance
// is norms[row] - 2 z + word_norms[w] (norms are squared lengths). The products are spent.
void fx__pool_triangle(float *products, size_t rows, size_t words, size_t ld, const float *norms,
                       const float *word_norms, float *out);

// values[count] divided by Σ|v| (l1) or √Σv² (l2); l1_sqrt: square roots of l1, of values ≥ 0. All
// zeros stay zeros.
typedef enum fx_pool_norm { FX_POOL_L1, FX_POOL_L2, FX_POOL_L1_SQRT } fx_pool_norm;
void fx__pool_normalize(fx_pool_norm norm, float *values, size_t count);
#endif
