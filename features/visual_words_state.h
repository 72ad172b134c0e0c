// Visual words for the rest of features/: their keys, and a vocabulary in and out of tensors.
#ifndef FEATX_FEATURES_VISUAL_WORDS_STATE_H
#define FEATX_FEATURES_VISUAL_WORDS_STATE_H

#include "featx/visual_words.h"
#include "src/base/tensors.h"

// The keys of `bovw`, into an fx_bovw_params. Its offset in a larger struct is 0: copy and set it.
extern const fx_section fx__bovw_section;

// FX_ERROR_USAGE where a value is out of its range (set without the key table, say).
FX_MUST_CHECK fx_status fx__bovw_check(const fx_bovw_params *params, fx_error *error);

// Tensors "bovw.words" [words, d]; of fisher (whose words are means) "bovw.variances" [words, d]
// and "bovw.priors" [words]; of tf-idf "bovw.idf" [words]; where whitened "bovw.mean" [d] and
// "bovw.whitening" [d, d];
// metadata "bovw" (the resolved parameters as JSON) and "bovw.channels".
FX_MUST_CHECK fx_status fx__vocabulary_to_tensors(const fx_vocabulary *vocabulary,
                                                  fx_tensors *tensors, fx_error *error);
// Copies what it needs. FX_ERROR_FORMAT where something is missing, misshapen or not finite.
FX_MUST_CHECK fx_status fx__vocabulary_from_tensors(const fx_tensors *tensors, fx_vocabulary **out,
                                                    fx_error *error);
#endif
