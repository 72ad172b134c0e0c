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

// `count` rows of the span's columns from y on, with their neighbors to both sides, into rows `at`
// … of votes->words.
void fx__hog_words_read(const fx__hog_votes *votes, const fx__hog_span *span, int y, int count,
                        int at);

// Votes of `rows` rows, from row 1 of votes->words on.
void fx__hog_words_vote(const fx__hog_votes *votes, int rows);
#endif
