// Random local descriptors of the training images: what a vocabulary is learned from.
#ifndef FEATX_FEATURES_PATCH_SAMPLES_H
#define FEATX_FEATURES_PATCH_SAMPLES_H

#include "featx/matrix.h"
#include "featx/visual_words.h"

// Fills *samples [n, d], n ≤ params->samples a uniform sample of all patches, and resolves an auto
// stride; nothing else may be auto. Same bytes for any number of threads.
FX_MUST_CHECK fx_status fx__draw_patches(fx_bovw_params *params, const fx_image_source *images,
                                         int channels, uint64_t seed, const fx_progress *progress,
                                         fx_matrix *samples, fx_error *error);
#endif
