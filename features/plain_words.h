// Visual words as what they stand for: patches of pixels, or blocks of gradients.
#ifndef FEATX_FEATURES_PLAIN_WORDS_H
#define FEATX_FEATURES_PLAIN_WORDS_H

#include "featx/matrix.h"
#include "featx/visual_words.h"

typedef struct fx_plain_words {
    fx_matrix words; // [words, length] of a local descriptor before whitening, less its mean
    bool gradients;  // length is cells · cells · orientations; else side · side · channels
    bool whole_turn; // of the orientations, the first of which is centered on 0°
    int side;        // cells, or pixels
    int channels;    // or orientations
} fx_plain_words;

// FX_ERROR_NUMERIC: a whitening that cannot be undone.
FX_MUST_CHECK fx_status fx__plain_words_create(const fx_vocabulary *vocabulary, fx_plain_words *out,
                                               fx_error *error);
void fx__plain_words_destroy(fx_plain_words *plain);
#endif
