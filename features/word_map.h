// Which visual word lies where in an image.
#ifndef FEATX_FEATURES_WORD_MAP_H
#define FEATX_FEATURES_WORD_MAP_H

#include <stdint.h>

#include "featx/visual_words.h"

typedef struct fx_word_map {
    int x, y;          // upper left corner of the first patch
    int step;          // pixels between patches: a multiple of the stride
    int columns, rows; // of patches
    int patch;         // pixels a side
    uint32_t *words;   // [rows, columns]: the nearest word
} fx_word_map;

// At the image's own scale, with at most `side` patches a side. FX_ERROR_DATA as fx_bovw_extract.
FX_MUST_CHECK fx_status fx__word_map_make(const fx_vocabulary *vocabulary, const fx_image *image,
                                          int side, fx_word_map *out, fx_error *error);
void fx__word_map_destroy(fx_word_map *map);
#endif
