// How layers are divided among threads. It depends on the network alone, so that no result depends
// on the number of threads.
#ifndef FEATX_NN_DIVISION_H
#define FEATX_NN_DIVISION_H

#include "src/base/memory.h"
#include "src/nn/network.h"

enum {
    FX__PRODUCT_WORK = 1 << 18, // m·n·k of a product up to which it is not worth sharing out
    FX__ROW_PIECES = 16,        // of a batch, at most
    FX__ROWS = 32,              // of a block that stays in the first cache between two kernels
};

// The size of `count` even pieces, in multiples.
static inline size_t fx__part(size_t length, size_t count, size_t multiple) {
    return fx__pieces(fx__pieces(length, count), multiple) * multiple;
}

// Units of a piece of a layer: a product and all that is element-wise are done piece by piece.
size_t fx__block_of(size_t width);

typedef struct fx__range {
    size_t begin, end;
} fx__range;

// The pieces of `length` that are the calling thread's own, one after the other; may be none.
fx__range fx__own_range(size_t length, size_t piece);

// `size` of `length` from `begin` on, or what is left.
static inline fx__range fx__range_of(size_t begin, size_t size, size_t length) {
    return (fx__range){begin, fx__least(begin + size, length)};
}

// How the weights of a layer are divided among threads. Small ones, with their moments, can stay in
// the caches of the threads if each keeps to its own tiles, on the way forward and back, from step
// to step: those of the others would have to be fetched. Large ones go to whoever is free. (Maxout
// is not worth a rule of its own: its tiles are those of other units on the way back.)
typedef struct fx__division {
    size_t rows, columns; // of a tile
    size_t parts;         // of the inputs, on the way forward
    bool owned;
} fx__division;

fx__division fx__division_of(const fx__layer *layer);

// Whether a thread keeps to its rows of a batch between the product and the gradient of a layer:
// where that one is made in parts and the layer above is so small that each may pack its weights.
// (Statistics of units need all rows.)
bool fx__keeps_to_rows(const fx__layer *layer);

// Rows of a piece of n, at most FX__ROW_PIECES, for that and for scores and losses.
size_t fx__row_piece(size_t n);
#endif
