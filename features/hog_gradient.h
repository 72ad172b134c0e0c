// Gradients of RGB pixels of 8 bits in integers: half the vectors of floats, and no planes of
// floats to begin with.
#ifndef FEATX_FEATURES_HOG_GRADIENT_H
#define FEATX_FEATURES_HOG_GRADIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Whether the processor has the operations (AVX-512 with VBMI). Without them the functions below
// work pixel after pixel, and floats are faster.
bool fx__hog_gradient_is_wide(void);

// Pixels worked on at once: words and gradients are written, and rows read, to the end of a group.
enum { FX__HOG_GRADIENT_GROUP = 32 };

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

// R, G and B of some rows from y on, with their neighbors to both sides, into three planes; words
// is the first column of the first row.
void fx__hog_gradient_read(const fx__hog_span *span, int y, size_t rows, int16_t *words,
                           size_t plane, size_t pitch);

// dx[rows, n] = p(x+1, y) - p(x-1, y) and dy[rows, n] = p(x, y+1) - p(x, y-1) of the channel with
// the largest dx² + dy², of equals the first. words: the first of the rows in three planes; rows
// are `pitch` apart, and have the pixels around them.
void fx__hog_gradient(const int16_t *words, ptrdiff_t pitch, size_t plane, size_t rows, size_t n,
                      float *dx, float *dy);
#endif
