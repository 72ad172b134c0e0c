// Nearest: the nearest share of the words.
//
//   cell [words]: Σ 1 for each of the k nearest words (spherical: of the k largest |<word, x>|), k
//   = `nearest` · words, rounded, at least 1. Pool max: once.
//
// Source: van Gemert et al., "Visual word ambiguity", PAMI 32(7), 2010, for codes of several words;
// with k = 1 it is `hard`.
#include <math.h>
#include <string.h>

#include "features/encoder.h"
#include "features/vocabulary.h"
#include "src/base/gemm.h"
#include "src/base/kernel.h"

enum { PRODUCT_FLOATS = 1 << 17 }; // of whole rows of words

// The k-th largest of values[n], 1 ≤ k ≤ n, by Hoare's selection; the values are permuted.
static float select_largest(float *values, size_t n, size_t k) {
    size_t low = 0, high = n - 1, target = k - 1;
    while (low < high) {
        float a = values[low], b = values[low + (high - low) / 2], c = values[high];
        float pivot = fmaxf(fminf(a, b), fminf(fmaxf(a, b), c)); // the median
        size_t i = low, j = high;
        while (i <= j) {
            while (values[i] > pivot) i++;
            while (values[j] < pivot) j--;
            if (i > j) break;
            float swapped = values[i];
            values[i++] = values[j];
            values[j] = swapped;
            if (j == 0) break;
            j--;
        }
        if (target <= j)
            high = j;
        else if (target >= i)
            low = i;
        else
            break;
    }
    return values[target];
}

FX__KERNEL static size_t add_above(const float *restrict matches, size_t words, float limit,
                                   float *restrict out) {
    uint32_t above = 0;
    for (size_t w = 0; w < words; w++) {
        above += matches[w] > limit;
        out[w] += matches[w] > limit ? 1 : 0;
    }
    return above;
}

FX__KERNEL static size_t set_above(const float *restrict matches, size_t words, float limit,
                                   float *restrict out) {
    uint32_t above = 0;
    for (size_t w = 0; w < words; w++) {
        above += matches[w] > limit;
        out[w] = matches[w] > limit ? 1 : out[w];
    }
    return above;
}

void fx__encode_largest(const float *matches, size_t words, size_t count, bool max, float *scratch,
                        float *out) {
    memcpy(scratch, matches, words * sizeof *scratch);
    float limit = select_largest(scratch, words, count);
    size_t rest = count - (max ? set_above : add_above)(matches, words, limit, out);
    for (size_t w = 0; rest > 0; w++)
        if (matches[w] == limit) {
            out[w] = max ? 1 : out[w] + 1;
            rest--;
        }
}

// Products become what is larger for nearer words.
FX__KERNEL static void match(float *restrict products, size_t words,
                             const float *restrict half_norms) {
    if (half_norms)
        for (size_t w = 0; w < words; w++) products[w] -= half_norms[w];
    else
        for (size_t w = 0; w < words; w++) products[w] = fabsf(products[w]);
}

static size_t length(const fx_vocabulary *v) {
    return v->words.rows;
}

static size_t most_rows(const fx_vocabulary *v) {
    return PRODUCT_FLOATS / v->words.rows;
}

// A row more, for the selection.
static size_t scratch(const fx_vocabulary *v, size_t rows) {
    return (rows + 1) * v->words.rows * sizeof(float);
}

static void encode(const fx_code_tile *tile) {
    const fx_vocabulary *v = tile->vocabulary;
    size_t words = v->words.rows, d = v->length;
    size_t nearest = (size_t)lround((double)v->params.nearest * (double)words);
    bool max = v->params.pool == FX_BOVW_POOL_MAX;
    float *products = tile->scratch, *spare = products + tile->count * words;
    fx__gemm_serial(false, false, tile->count, words, d, 1, tile->rows, d, v->projection.data,
                    words, 0, products, words);
    for (size_t s = 0; s < tile->segment_count; s++)
        for (size_t row = 0; row < tile->segments[s].rows; row++, products += words) {
            match(products, words, v->params.spherical ? NULL : v->half_norms);
            fx__encode_largest(products, words, nearest > 0 ? nearest : 1, max, spare,
                               tile->cells + tile->segments[s].cell * words);
        }
}

const fx_encoder fx__encoder_nearest = {
    .length = length, .most_rows = most_rows, .scratch = scratch, .encode = encode};
