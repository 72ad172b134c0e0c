// Hard: how often a word is the nearest.
//
//   cell [words]: Σ 1 for the word with the smallest distance (spherical: with the largest |<word,
//   x>|)
//
// Source: Csurka et al., "Visual categorization with bags of keypoints", 2004.
#include <math.h>

#include "features/encoder.h"
#include "features/nearest.h"
#include "features/vocabulary.h"
#include "src/base/gemm.h"

static size_t length(const fx_vocabulary *v) {
    return v->words.rows;
}

typedef struct buffers {
    float *products; // [width of a tile of words, rows]
    float *best;     // [rows]
    uint32_t *index; // [rows]
} buffers;

static size_t lay_out(const fx_vocabulary *v, size_t rows, void *memory, buffers *out) {
    size_t at = 0;
    out->products = fx__take(memory, &at, rows * fx__tile_width(v->words.rows) * sizeof(float));
    out->best = fx__take(memory, &at, rows * sizeof(float));
    out->index = fx__take(memory, &at, rows * sizeof(uint32_t));
    return at;
}

static size_t scratch(const fx_vocabulary *v, size_t rows) {
    buffers b;
    return lay_out(v, rows, NULL, &b);
}

static void encode(const fx_code_tile *tile) {
    const fx_vocabulary *v = tile->vocabulary;
    size_t words = v->words.rows, d = v->length, most = fx__tile_width(words);
    buffers b;
    lay_out(v, tile->count, tile->scratch, &b);
    for (size_t row = 0; row < tile->count; row++) {
        b.best[row] = -INFINITY;
        b.index[row] = 0;
    }
    for (size_t w = 0; w < words; w += most) {
        size_t width = words - w < most ? words - w : most;
        fx__gemm_serial(true, true, width, tile->count, d, 1, v->projection.data + w, words,
                        tile->rows, d, 0, b.products, tile->count);
        fx__nearest_update(b.products, width, tile->count, tile->count,
                           v->params.spherical ? NULL : v->half_norms + w, (uint32_t)w, b.best,
                           b.index);
    }
    for (size_t s = 0; s < tile->segment_count; s++)
        for (size_t row = 0; row < tile->segments[s].rows; row++)
            tile->cells[tile->segments[s].cell * words + *b.index++] += 1;
}

const fx_encoder fx__encoder_hard = {.length = length, .scratch = scratch, .encode = encode};
