// How layers are divided among threads. It depends on the network alone, so that no result depends
// on the number of threads.
#ifndef FEATX_NN_DIVISION_H
#define FEATX_NN_DIVISION_H

#include "src/base/memory.h"
#include "src/nn/network.h"

enum { FX__PRODUCT_WORK = 1 << 18 }; // m·n·k from which on it is worth waking other threads for

// The size of `count` even pieces, in multiples.
static inline size_t fx__part(size_t length, size_t count, size_t multiple) {
    return fx__pieces(fx__pieces(length, count), multiple) * multiple;
}

// Units of a piece of a layer: a product and all that is element-wise are done piece by piece.
size_t fx__block_of(size_t width);

// The pieces of `length` that are the calling thread's own, one after the other; may be none.
typedef struct fx__range {
    size_t begin, end;
} fx__range;

fx__range fx__own_range(size_t length, size_t piece);

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
#endif
