#include "src/nn/division.h"

#include <omp.h>

#include "src/base/memory.h"

enum {
    BLOCK = 128,        // most units of a piece of a layer
    TILE_ROWS = 384,    // largest tile of weights that goes to whoever is free
    TILE_COLUMNS = 512, //
    TILES = 4,          // wanted at least
    OWNED = 1 << 18,    // most weights of a layer that stays in the caches
    NARROW = 128,       // columns below which a layer of up to four times that is divided by its
                        // inputs: with rows so short, threads would share cache lines
    PARTS = 4,          // of them
    ROW_UNIT = 12,      // whole blocks of products, by AVX-512
    SHARED_UNIT = 96,   // and by tiles of packed rows
    COLUMN_UNIT = 32,   //
    SMALLEST = 32,      // side below which nothing is cut further
    PIECE_ROWS = 32,    // of a batch, at least
    FEW_ABOVE = 32,     // columns of a layer above that is small
};

size_t fx__block_of(size_t width) {
    size_t count = fx__pieces(width, BLOCK);
    if (count < TILES) count = width >= TILES * SMALLEST ? TILES : width >= 2 * SMALLEST ? 2 : 1;
    return fx__part(width, count, 4);
}

fx__range fx__own_range(size_t length, size_t piece) {
    const size_t pieces = fx__pieces(length, piece), thread = (size_t)omp_get_thread_num();
    const size_t threads = (size_t)omp_get_num_threads();
    return (fx__range){fx__least(pieces * thread / threads * piece, length),
                       fx__least(pieces * (thread + 1) / threads * piece, length)};
}

fx__division fx__division_of(const fx__layer *layer) {
    const size_t inputs = layer->inputs, columns = layer->columns;
    if (layer->hidden && columns < NARROW && inputs >= PARTS * SMALLEST &&
        inputs * columns <= 4 * OWNED)
        return (fx__division){fx__part(inputs, PARTS, ROW_UNIT), columns, PARTS, true};
    if (layer->hidden && inputs * columns <= OWNED)
        return (fx__division){inputs, fx__block_of(layer->width), 1, true};
    fx__division d = {fx__part(inputs, fx__pieces(inputs, TILE_ROWS), SHARED_UNIT),
                      fx__part(columns, fx__pieces(columns, TILE_COLUMNS), COLUMN_UNIT), 1, false};
    while (fx__pieces(inputs, d.rows) * fx__pieces(columns, d.columns) < TILES) {
        if (d.rows >= d.columns && d.rows > ROW_UNIT)
            d.rows = fx__part(d.rows, 2, ROW_UNIT);
        else if (d.columns > COLUMN_UNIT)
            d.columns = fx__part(d.columns, 2, COLUMN_UNIT);
        else
            break;
    }
    return d;
}

bool fx__keeps_to_rows(const fx__layer *layer) {
    return fx__division_of(layer).parts > 1 && !layer->batch_norm && layer[1].columns <= FEW_ABOVE;
}

size_t fx__row_piece(size_t n) {
    return fx__greatest(fx__part(n, FX__ROW_PIECES, 1), PIECE_ROWS);
}
