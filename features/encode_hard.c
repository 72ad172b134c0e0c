// Hard: how often a word is the nearest. Tf-idf: that, times how rare the word is.
//
//   cell [words]: Σ 1 for the word with the smallest distance (spherical: with the largest
//   |<word, x>|); tf-idf: Σ idf(word), idf = log(images / images that it occurs in). Pool max:
//   once.
//
// With pool mean tf-idf is Sivic & Zisserman's n_wd / n_d · log(N / n_w), a cell for a document.
//
// Sources: Csurka et al., "Visual categorization with bags of keypoints", 2004; Sivic & Zisserman,
// "Video Google", ICCV 2003, section 4.
#include <math.h>

#include "features/encoder.h"
#include "features/nearest.h"
#include "features/vocabulary.h"
#include "src/base/gemm.h"

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

size_t fx__nearest_word_scratch(const fx_vocabulary *v, size_t rows) {
    buffers b;
    return lay_out(v, rows, NULL, &b);
}

const uint32_t *fx__nearest_word(const fx_code_tile *tile) {
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
    return b.index;
}

static size_t length(const fx_vocabulary *v) {
    return v->words.rows;
}

// weights[words], or NULL: 1.
static void count(const fx_code_tile *tile, const float *weights) {
    size_t words = tile->vocabulary->words.rows;
    bool max = tile->vocabulary->params.pool == FX_BOVW_POOL_MAX;
    const uint32_t *index = fx__nearest_word(tile);
    for (size_t s = 0; s < tile->segment_count; s++) {
        float *cell = tile->cells + tile->segments[s].cell * words;
        for (size_t row = 0; row < tile->segments[s].rows; row++, index++) {
            float code = weights ? weights[*index] : 1;
            cell[*index] = max ? code : cell[*index] + code;
        }
    }
}

static void encode_hard(const fx_code_tile *tile) {
    count(tile, NULL);
}

static void encode_tfidf(const fx_code_tile *tile) {
    count(tile, tile->vocabulary->idf);
}

const fx_encoder fx__encoder_hard = {
    .length = length, .scratch = fx__nearest_word_scratch, .encode = encode_hard};
const fx_encoder fx__encoder_tfidf = {
    .length = length, .scratch = fx__nearest_word_scratch, .encode = encode_tfidf};
