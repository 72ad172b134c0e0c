// Votes of pixels: which bins, and how much each.
#ifndef FEATX_FEATURES_HOG_VOTES_H
#define FEATX_FEATURES_HOG_VOTES_H

#include <stdint.h>

#include "featx/hog.h"

typedef struct fx__hog_votes {
    const fx_image *image;
    bool to_gray, roots, mirror; // hog.gradient, hog.gamma, hog.border
    bool frame;                  // hog.border none: the image's outermost pixels do not vote
    bool is_signed;
    bool two;      // a pixel votes for two neighboring bins (interpolation in orientation)
    bool centered; // hog.first_bin
    int bins;
    size_t stride;       // pixels of a row in whole groups of lanes
    size_t plane, pitch; // numbers from a channel to the next, and from a row to the next
    float *rows; // [1 + rows + 1, channels, plane], with the rows above and below; a channel begins
                 // with a group of which the last number is the neighbor to the left
    int16_t *words;   // NULL, or the same in integers, where `rows` stood
    float *magnitude; // [rows, stride]
    float *place; // [rows, stride], in [0, bins]: of ⌊place⌋ and the next bin, which share the vote
                  // linearly
} fx__hog_votes;

// Bins of a cell's histogram, over 360° if *is_signed: variant uoctti has twice the orientations.
int fx__hog_bins(const fx_hog_params *params, bool *is_signed);

// Places `count` floats at *used of the scratch (NULL: only counts), in multiples of 16.
static inline float *fx__hog_place(float *scratch, size_t *used, size_t count) {
    float *at = scratch ? scratch + *used : NULL;
    *used += (count + 15) / 16 * 16;
    return at;
}

// Readies *votes for rows of at most FX__HOG_ROW_MAX pixels, as many as fit in a block.
void fx__hog_votes_create(const fx_hog_params *params, float *scratch, size_t *used,
                          fx__hog_votes *votes);

// Begins columns of n pixels; returns the rows that can be worked on at once.
int fx__hog_votes_begin(fx__hog_votes *votes, int n);

// The votes of rows y … y + rows - 1, columns x0 … x0 + n - 1. The first call for these columns is
// `fresh`; later ones go on where the last ended.
void fx__hog_votes_rows(const fx__hog_votes *votes, int x0, int n, int y, int rows, bool fresh);
#endif
