// Triangle: how much closer than the mean a word is.
//
//   cell [words]: Σ max(0, mean over words of the distances - distance to the word); pool max: the
//   largest
//
// Source: Coates, Lee & Ng, "An analysis of single-layer networks in unsupervised feature
// learning", AISTATS 2011, section 3.2.
#include <math.h>

#include "features/encoder.h"
#include "features/vocabulary.h"
#include "src/base/gemm.h"
#include "src/base/kernel.h"

enum { PRODUCT_FLOATS = 1 << 17 }; // of whole rows of words

FX__KERNEL static void distances(float *restrict z, size_t words, float norm,
                                 const float *restrict word_norms) {
    for (size_t w = 0; w < words; w++) {
        float squared = norm - 2 * z[w] + word_norms[w];
        z[w] = sqrtf(squared > 0 ? squared : 0);
    }
}

FX__KERNEL static void keep_closer(const float *restrict distance, size_t words, float mean,
                                   float *restrict out) {
    for (size_t w = 0; w < words; w++) {
        float code = mean - distance[w];
        out[w] = code > out[w] ? code : out[w];
    }
}

FX__KERNEL static void add_closer(const float *restrict distance, size_t words, float mean,
                                  float *restrict out) {
    for (size_t w = 0; w < words; w++) out[w] += distance[w] < mean ? mean - distance[w] : 0;
}

void fx__encode_triangle(float *products, size_t rows, size_t words, size_t ld, const float *norms,
                         const float *word_norms, bool max, float *out) {
    for (size_t row = 0; row < rows; row++, products += ld) {
        distances(products, words, norms[row], word_norms);
        double sum = 0;
        for (size_t w = 0; w < words; w++) sum += products[w];
        (max ? keep_closer : add_closer)(products, words, (float)(sum / (double)words), out);
    }
}

static size_t length(const fx_vocabulary *v) {
    return v->words.rows;
}

static size_t most_rows(const fx_vocabulary *v) {
    return PRODUCT_FLOATS / v->words.rows;
}

typedef struct buffers {
    float *products; // [rows, words]
    float *norms;    // [rows]
} buffers;

static size_t lay_out(const fx_vocabulary *v, size_t rows, void *memory, buffers *out) {
    size_t at = 0;
    out->products = fx__take(memory, &at, rows * v->words.rows * sizeof(float));
    out->norms = fx__take(memory, &at, rows * sizeof(float));
    return at;
}

static size_t scratch(const fx_vocabulary *v, size_t rows) {
    buffers b;
    return lay_out(v, rows, NULL, &b);
}

static void encode(const fx_code_tile *tile) {
    const fx_vocabulary *v = tile->vocabulary;
    size_t words = v->words.rows, d = v->length;
    const float *x = tile->rows;
    buffers b;
    lay_out(v, tile->count, tile->scratch, &b);
    for (size_t row = 0; row < tile->count; row++) {
        double sum = 0;
        for (size_t k = 0; k < d; k++) sum += (double)x[row * d + k] * x[row * d + k];
        b.norms[row] = (float)sum;
    }
    fx__gemm_serial(false, false, tile->count, words, d, 1, x, d, v->projection.data, words, 0,
                    b.products, words);
    for (size_t s = 0; s < tile->segment_count; s++) {
        size_t rows = tile->segments[s].rows;
        fx__encode_triangle(b.products, rows, words, words, b.norms, v->word_norms,
                            v->params.pool == FX_BOVW_POOL_MAX,
                            tile->cells + tile->segments[s].cell * words);
        b.products += rows * words;
        b.norms += rows;
    }
}

const fx_encoder fx__encoder_triangle = {.whitened = true,
                                         .length = length,
                                         .most_rows = most_rows,
                                         .scratch = scratch,
                                         .encode = encode};
