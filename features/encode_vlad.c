// VLAD: what the nearest word leaves over.
//
//   cell [words, d]: Σ x - word over the local descriptors x that the word is the nearest of
//
// Source: Jégou, Douze, Schmid & Pérez, "Aggregating local descriptors into a compact image
// representation", CVPR 2010; intra-normalization: Arandjelović & Zisserman, "All about VLAD", CVPR
// 2013.
#include "features/encoder.h"
#include "features/vocabulary.h"
#include "src/base/kernel.h"

static size_t length(const fx_vocabulary *v) {
    return v->words.rows * v->length;
}

static size_t parts(const fx_vocabulary *v) {
    return v->words.rows;
}

FX__KERNEL static void add_residual(const float *restrict x, const float *restrict word, size_t d,
                                    float *restrict out) {
    for (size_t k = 0; k < d; k++) out[k] += x[k] - word[k];
}

static void encode(const fx_code_tile *tile) {
    const fx_vocabulary *v = tile->vocabulary;
    size_t d = v->length;
    const uint32_t *index = fx__nearest_word(tile);
    const float *x = tile->rows;
    for (size_t s = 0; s < tile->segment_count; s++) {
        float *cell = tile->cells + tile->segments[s].cell * length(v);
        for (size_t row = 0; row < tile->segments[s].rows; row++, index++, x += d)
            add_residual(x, v->words.data + *index * d, d, cell + *index * d);
    }
}

const fx_encoder fx__encoder_vlad = {.whitened = true,
                                     .length = length,
                                     .scratch = fx__nearest_word_scratch,
                                     .encode = encode,
                                     .negative = true,
                                     .parts = parts};
