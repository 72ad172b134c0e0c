// Images seen through a map of coordinates.
#ifndef FEATX_IMAGE_WARP_H
#define FEATX_IMAGE_WARP_H

#include "featx/augmentation.h"

// out[p] = in[c + A (m(p) - c - d) + e(p)], bilinear, rounded; c is the center, m mirrors left and
// right, e is displacement.
typedef struct fx__warp {
    bool mirrored;
    double dx, dy;
    double a[2][2];            // A, on (x, y)
    const float *displacement; // e: [2, height, width], x first; or NULL
    fx_padding padding;
} fx__warp;

// in → out (reserved here); they must differ.
FX_MUST_CHECK fx_status fx__warp_apply(const fx__warp *warp, const fx_image *in, fx_image *out,
                                       fx_error *error);

// The same where A is the identity, d whole and e nothing: pixels are moved, none is changed.
FX_MUST_CHECK fx_status fx__shift_apply(bool mirrored, int dx, int dy, fx_padding padding,
                                        const fx_image *in, fx_image *out, fx_error *error);

// field[2, height, width] (in scratch, grown as needed): two independent fields of smooth noise,
// periodic, with mean 0 and variance rms² everywhere.
FX_MUST_CHECK fx_status fx__elastic_field(fx_rng *rng, int width, int height, float rms,
                                          float sigma, fx_augmentation_scratch *scratch,
                                          const float **field, fx_error *error);
#endif
