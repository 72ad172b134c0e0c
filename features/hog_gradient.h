// Gradients of rows of pixels: dx = p(x+1, y) - p(x-1, y), dy = p(x, y+1) - p(x, y-1), of the
// channel with the largest dx² + dy², of equals the first.
#ifndef FEATX_FEATURES_HOG_GRADIENT_H
#define FEATX_FEATURES_HOG_GRADIENT_H

#include <stdbool.h>
#include <stddef.h>

// Rows of n columns, each with its channels one after the other: `plane` from a channel to the
// next, `pitch` from a row to the next. Around them are the pixels that they need.
typedef struct fx__hog_rows {
    size_t count, n, plane, pitch;
} fx__hog_rows;

// dx[count, n] and dy[count, n] of one channel or three; n is in whole groups of FX__HOG_LANES.
void fx__hog_gradient_floats(const fx__hog_rows *rows, bool rgb, const float *first, float *dx,
                             float *dy);
#endif
