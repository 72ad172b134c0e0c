// Square patches of pixels, contrast-normalized.
//
// Source: Coates, Lee & Ng, "An analysis of single-layer networks in unsupervised feature
// learning", AISTATS 2011, section 3.1.
#ifndef FEATX_FEATURES_PATCHES_H
#define FEATX_FEATURES_PATCHES_H

#include <stddef.h>

#include "featx/image.h"

// A rectangle of columns × rows patches, `stride` pixels apart, the first with its upper left
// corner at pixel (x, y). All of them lie within the image.
typedef struct fx_positions {
    int x, y, columns, rows, stride;
} fx_positions;

// Floats of scratch for rectangles that span at most `span` × `span` pixels.
size_t fx__patches_scratch(int span, int channels);

// out[rows · columns, patch · patch · channels]: patch after patch by rows of the rectangle, each
// [y, x, channel] and normalized to (p - mean) / √(variance + contrast), on the 0 … 255 scale.
// Writes up to FX__PATCHES_SLACK floats beyond the last patch.
enum { FX__PATCHES_SLACK = 16 };
void fx__patches_extract(const fx_image *image, const fx_positions *positions, int patch,
                         float contrast, float *scratch, float *out);
#endif
