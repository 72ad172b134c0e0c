// Threshold: how far products go beyond a threshold, both signs apart.
//
//   cell [2, words]: Σ max(0, z - α), then Σ max(0, -z - α), with z = <word, x>
//   pool max: the largest instead of the sum
//
// Source: Coates & Ng, "The importance of encoding versus training with sparse coding and vector
// quantization", ICML 2011.
//
// Σ max(0, z - α) over n rows = Σ max(z, α) - n·α, and Σ max(0, -z - α) = -(Σ min(z, -α) + n·α):
// two operations fewer a product than as written, and they are what the matrix product competes
// with. n is at most ROWS before n·α is taken off, so little is lost to rounding (nothing at all
// for an α like ¼), and several rows are summed between loading and storing a sum. Products are
// made and encoded 32 words at a time, while they are in the first-level cache.
#include <string.h>

#include "features/encoder.h"
#include "features/products.h"
#include "features/vocabulary.h"
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

void fx__encode_threshold(const float *products, size_t rows, size_t words, size_t ld,
                          float threshold, float *positive, float *negative) {
    for (; rows >= ROWS; rows -= ROWS, products += ROWS * ld)
        threshold_rows(products, words, ld, threshold, positive, negative);
    for (; rows > 0; rows--, products += ld)
        threshold_row(products, words, threshold, positive, negative);
}

FX__KERNEL static void keep_row(const float *restrict z, size_t words, float alpha,
                                float *restrict positive, float *restrict negative) {
    for (size_t w = 0; w < words; w++) {
        float above = z[w] - alpha, below = -z[w] - alpha;
        positive[w] = above > positive[w] ? above : positive[w];
        negative[w] = below > negative[w] ? below : negative[w];
    }
}

void fx__encode_threshold_max(const float *products, size_t rows, size_t words, size_t ld,
                              float threshold, float *positive, float *negative) {
    for (; rows > 0; rows--, products += ld)
        keep_row(products, words, threshold, positive, negative);
}

static size_t length(const fx_vocabulary *v) {
    return 2 * v->words.rows;
}

// Packed words [d, FX__LANES], products [rows, FX__LANES], places of rows [rows].
static size_t scratch(const fx_vocabulary *v, size_t rows) {
    return (v->length + rows) * FX__LANES * sizeof(float) + rows * sizeof(float *);
}

// Columns w … w + width - 1 of the projection, zeros beyond.
static void pack(const fx_vocabulary *v, size_t w, size_t width, float *packed) {
    const float *column = v->projection.data + w;
    if (width < FX__LANES) memset(packed, 0, v->length * FX__LANES * sizeof *packed);
    for (size_t k = 0; k < v->length; k++, column += v->words.rows, packed += FX__LANES) {
        if (width == FX__LANES)
            memcpy(packed, column, FX__LANES * sizeof *packed);
        else
            memcpy(packed, column, width * sizeof *packed);
    }
}

static void encode(const fx_code_tile *tile) {
    const fx_vocabulary *v = tile->vocabulary;
    size_t words = v->words.rows, d = v->length;
    bool max = v->params.pool == FX_BOVW_POOL_MAX;
    float *packed = tile->scratch, *made = packed + d * FX__LANES;
    const float **rows = (const float **)(made + tile->count * FX__LANES);
    for (size_t row = 0; row < tile->count; row++) rows[row] = tile->rows + row * d;
    for (size_t w = 0; w < words; w += FX__LANES) {
        size_t width = words - w < FX__LANES ? words - w : FX__LANES;
        pack(v, w, width, packed);
        fx__products(rows, tile->count, d, packed, made);
        const float *products = made;
        for (size_t s = 0; s < tile->segment_count; s++) {
            size_t count = tile->segments[s].rows;
            float *positive = tile->cells + tile->segments[s].cell * 2 * words + w;
            (max ? fx__encode_threshold_max : fx__encode_threshold)(
                products, count, width, FX__LANES, v->params.threshold, positive, positive + words);
            products += count * FX__LANES;
        }
    }
}

const fx_encoder fx__encoder_threshold = {.length = length, .scratch = scratch, .encode = encode};
