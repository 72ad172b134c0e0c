// What a vocabulary is made of: shared by learning (vocabulary.c) and encoding (visual_words.c).
#ifndef FEATX_FEATURES_VOCABULARY_H
#define FEATX_FEATURES_VOCABULARY_H

#include "features/gmm_posterior.h"
#include "features/whitening.h"
#include "featx/matrix.h"
#include "featx/visual_words.h"

struct fx_vocabulary {
    fx_bovw_params params; // no auto left
    int channels;
    size_t length;          // d: numbers of a local descriptor
    fx_matrix words;        // [words, d], of whitened descriptors; of fisher the means
    fx_matrix variances;    // [words, d], of fisher
    float *priors;          // [words], of fisher
    float *idf;             // [words], of tf-idf
    fx_whitening whitening; // of length 0 where params.whiten is false

    // Made of the above. A product <word, (x - mean) · W> is one of x - mean with a column of the
    // projection; encoders that need the whitened descriptor itself have W left out.
    fx_matrix projection;       // [d, words]: W · wordsᵀ, or wordsᵀ
    float *word_norms;          // [words] squared lengths
    float *half_norms;          // [words] half of that
    fx_gmm_posterior posterior; // of fisher
};

// Fills what is made of the words and the whitening.
FX_MUST_CHECK fx_status fx__vocabulary_complete(fx_vocabulary *vocabulary, fx_error *error);

// True of sift and hog, which have cells; of vlad and fisher, which take plain words.
bool fx__bovw_is_gradients(const fx_bovw_params *params);
bool fx__bovw_is_of_vectors(const fx_bovw_params *params);
// Auto values that follow from params->local, which is none itself.
void fx__bovw_resolve_local(fx_bovw_params *params);

// Size of the image at a scale (0: its own). False where a patch does not fit.
bool fx__bovw_scaled_size(const fx_bovw_params *params, const fx_image *image, int scale,
                          fx_size *out);

// FX_ERROR_DATA where a patch is larger than the image.
FX_MUST_CHECK fx_status fx__bovw_check_size(int patch, const fx_image *image, fx_error *error);
#endif
