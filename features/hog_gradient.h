// Gradients of rows of pixels: dx = p(x+1, y) - p(x-1, y), dy = p(x, y+1) - p(x, y-1), of the
// channel with the largest dx² + dy², of equals the first.
#ifndef FEATX_FEATURES_HOG_GRADIENT_H
#define FEATX_FEATURES_HOG_GRADIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Columns x0 … x0+n-1 of an image, and their neighbors.
typedef struct fx__hog_span {
    const uint8_t *in, *end; // of column x0 in row 0; of the image
    size_t pitch;            // bytes of a row
    int n, last;             // columns; row
    bool left, right;        // neighbors that the image has
    int mirror, mirror_y;    // how far inside is the pixel that stands for one beyond the border
} fx__hog_span;

// Row y, or the one that stands for it beyond the border.
static inline const uint8_t *fx__hog_span_row(const fx__hog_span *s, int y) {
    if (y < 0) y = s->mirror_y;
    if (y > s->last) y = s->last - s->mirror_y;
    return s->in + (size_t)y * s->pitch;
}

// Rows of n columns, each with its channels one after the other: `plane` from a channel to the
// next, `pitch` from a row to the next. Around them are the pixels that they need.
typedef struct fx__hog_rows {
    size_t count, n, plane, pitch;
} fx__hog_rows;

// dx[count, n] and dy[count, n] of one channel or three; n is in whole groups of FX__HOG_LANES.
void fx__hog_gradient_floats(const fx__hog_rows *rows, bool rgb, const float *first, float *dx,
                             float *dy);
#endif
