// What a vocabulary is made of: shared by learning (vocabulary.c) and encoding (visual_words.c).
#ifndef FEATX_FEATURES_VOCABULARY_H
#define FEATX_FEATURES_VOCABULARY_H

#include "features/whitening.h"
#include "featx/matrix.h"
#include "featx/visual_words.h"

struct fx_vocabulary {
    fx_bovw_params params; // no auto left
    int channels;
    size_t length;          // d: numbers of a local descriptor
    fx_matrix words;        // [words, d], of whitened descriptors
    fx_whitening whitening; // of length 0 where params.whiten is false

    // Made of the above. A product <word, (x - mean) · W> is one of x - mean with a column of the
    // projection; encoders that need the whitened descriptor itself have W left out.
    fx_matrix projection; // [d, words]: W · wordsᵀ, or wordsᵀ
    float *word_norms;    // [words] squared lengths
    float *half_norms;    // [words] half of that
};

// Fills what is made of the words and the whitening.
FX_MUST_CHECK fx_status fx__vocabulary_complete(fx_vocabulary *vocabulary, fx_error *error);

// FX_ERROR_DATA where a patch is larger than the image.
FX_MUST_CHECK fx_status fx__bovw_check_size(int patch, const fx_image *image, fx_error *error);
#endif
