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

// R, G and B of n pixels into words[0], words[plane] and words[2·plane]. At most bytes_left of `in`
// are read.
void fx__hog_gradient_split(const uint8_t *in, size_t bytes_left, size_t n, int16_t *words,
                            size_t plane);

// dx[rows, n] = p(x+1, y) - p(x-1, y) and dy[rows, n] = p(x, y+1) - p(x, y-1) of the channel with
// the largest dx² + dy², of equals the first. words: the first of the rows in three planes; rows
// are `pitch` apart, and have the pixels around them.
void fx__hog_gradient(const int16_t *words, ptrdiff_t pitch, size_t plane, size_t rows, size_t n,
                      float *dx, float *dy);
#endif
