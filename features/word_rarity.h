// How rare words are among images: the weights of tf-idf.
#ifndef FEATX_FEATURES_WORD_RARITY_H
#define FEATX_FEATURES_WORD_RARITY_H

#include "featx/visual_words.h"

// Fills vocabulary->idf from up to 10,000 of the images, evenly. The rest of the vocabulary is
// there. Same bytes for any number of threads.
FX_MUST_CHECK fx_status fx__learn_idf(fx_vocabulary *vocabulary, const fx_image_source *images,
                                      const fx_progress *progress, fx_error *error);
#endif
