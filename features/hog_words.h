// Votes of RGB bytes in integers: half the vectors, and no planes of floats to begin with. Only for
// processors with AVX-512 and VBMI; for others floats are faster (hog_votes.c).
#ifndef FEATX_FEATURES_HOG_WORDS_H
#define FEATX_FEATURES_HOG_WORDS_H

#include "features/hog_gradient.h"
#include "features/hog_votes.h"

// Whether the processor can; else the functions must not be called.
bool fx__hog_words_are_fast(void);

// Pixels worked on at once: votes are written, and words read, to the end of a group, whatever
// stands there.
enum { FX__HOG_WORDS_GROUP = 32 };

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

// The span's columns of rows y …, with their neighbors to both sides, as words; `words` is the
// first column of the first row; rows->n is not asked.
void fx__hog_words_read(const fx__hog_rows *rows, const fx__hog_span *span, int y, int16_t *words);

// Votes of `rows` rows, from the second row of `words` on.
void fx__hog_words_vote(const fx__hog_votes *votes, int rows);
#endif
