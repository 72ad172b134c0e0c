// Encoders: what local descriptors add to the cell of the grid that they lie in. One a file,
// encode_*.c.
#ifndef FEATX_FEATURES_ENCODER_H
#define FEATX_FEATURES_ENCODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "featx/visual_words.h"

// Neighboring rows of a tile that belong to one cell.
typedef struct fx_code_segment {
    size_t cell, rows;
} fx_code_segment;

// Local descriptors of one image, so many that they and their products stay in the cache.
typedef struct fx_code_tile {
    const fx_vocabulary *vocabulary;
    size_t count;
    float *rows; // [count, d]
    size_t segment_count;
    const fx_code_segment *segments; // in the order of the rows
    float *cells;                    // [grid², length], zeros before the first tile
    void *scratch;
} fx_code_tile;

typedef struct fx_encoder {
    // Rows come whitened. Else they are only centered, and vocabulary->projection whitens.
    bool whitened;
    size_t (*length)(const fx_vocabulary *vocabulary);               // of a cell
    size_t (*most_rows)(const fx_vocabulary *vocabulary);            // of a tile; NULL: any
    size_t (*scratch)(const fx_vocabulary *vocabulary, size_t rows); // bytes
    // Adds the codes of the rows to their cells or, with pool max, keeps the larger.
    void (*encode)(const fx_code_tile *tile);
    bool negative; // codes may be
    // Parts of a cell that intra-normalization takes apart; NULL: none.
    size_t (*parts)(const fx_vocabulary *vocabulary);
} fx_encoder;

extern const fx_encoder fx__encoder_hard, fx__encoder_triangle, fx__encoder_threshold,
    fx__encoder_nearest, fx__encoder_tfidf, fx__encoder_vlad, fx__encoder_fisher;

const fx_encoder *fx__encoder(int encoding); // fx_bovw_encoding

// Takes `bytes` from the memory at *at, or only counts them where `memory` is NULL.
static inline void *fx__take(void *memory, size_t *at, size_t bytes) {
    void *taken = memory ? (char *)memory + *at : NULL;
    *at += (bytes + 63) / 64 * 64;
    return taken;
}

// The nearest word of each row of a tile; the indices lie in its scratch.
size_t fx__nearest_word_scratch(const fx_vocabulary *vocabulary, size_t rows);
const uint32_t *fx__nearest_word(const fx_code_tile *tile);

// What some of them do with products[rows, words] (leading dimension `ld`).
//
// positive[w] += Σ max(0, z - threshold), negative[w] += Σ max(0, -z - threshold).
void fx__encode_threshold(const float *products, size_t rows, size_t words, size_t ld,
                          float threshold, float *positive, float *negative);
// The largest instead of the sum.
void fx__encode_threshold_max(const float *products, size_t rows, size_t words, size_t ld,
                              float threshold, float *positive, float *negative);
// out[w] += Σ max(0, mean over words of the distances - distance to w), where the squared distance
// is norms[row] - 2 z + word_norms[w] (norms are squared lengths); `max`: the largest instead of
// the sum. The products are spent.
void fx__encode_triangle(float *products, size_t rows, size_t words, size_t ld, const float *norms,
                         const float *word_norms, bool max, float *out);
// out[w] += 1 (max: = 1) for the `count` largest matches[words]; of equal ones those with the lower
// index. Scratch holds [words].
void fx__encode_largest(const float *matches, size_t words, size_t count, bool max, float *scratch,
                        float *out);
#endif
