// What a visual word is compared with: the numbers that describe one patch of an image.
//
// Sources of dense SIFT: Lowe, "Distinctive image features from scale-invariant keypoints", IJCV
// 60(2), 2004; Fei-Fei & Perona, "A Bayesian hierarchical model for learning natural scene
// categories", CVPR 2005 (on a dense grid).
#ifndef FEATX_FEATURES_LOCAL_DESCRIPTORS_H
#define FEATX_FEATURES_LOCAL_DESCRIPTORS_H

#include "features/patches.h"
#include "featx/visual_words.h"

// Numbers of one descriptor: patch² · channels (gray: patch²), or cells² · orientations. Nothing of
// the parameters is auto.
size_t fx__local_length(const fx_bovw_params *params, int channels);

// The most positions a side that one rectangle may have: it bounds what a rectangle spans, so that
// scratch does not grow with the image.
int fx__local_side(const fx_bovw_params *params);
// Floats of scratch for any rectangle of at most that side.
size_t fx__local_scratch(const fx_bovw_params *params, int channels);

// Descriptors of a rectangle of patches into out[rows · columns, length], by rows of the rectangle;
// up to FX__PATCHES_SLACK floats beyond may be written. The same bytes whatever the rectangle.
// scratch: aligned to 64 bytes.
void fx__local_extract(const fx_bovw_params *params, const fx_image *image,
                       const fx_positions *positions, float *scratch, float *out);
#endif
