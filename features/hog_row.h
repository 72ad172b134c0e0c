// From the sums of columns to cells.
#ifndef FEATX_FEATURES_HOG_ROW_H
#define FEATX_FEATURES_HOG_ROW_H

#include <stddef.h>

#include "features/hog_columns.h"

enum { FX__HOG_QUAD = 4 }; // sums worked on at once

typedef struct fx__hog_row {
    int bins, size;    // of a cell: pixels
    float *near, *far; // [size] of a vote, what goes to the cell before and to the next, by
                       // phase: the column's place among those from a cell to the next (not
                       // read by fx__hog_add_cell)
    float scale;       // of every vote
    float *scratch;    // [fx__hog_row_scratch]
} fx__hog_row;

// bins + 1 sums in whole quads.
static inline size_t fx__hog_slots(int bins) {
    return ((size_t)bins + 1 + FX__HOG_QUAD - 1) / FX__HOG_QUAD * FX__HOG_QUAD;
}

size_t fx__hog_row_scratch(int bins, int size); // floats

// Adds n columns, the first of which has this phase, to cells[cells_x, bins]; `first` is the cell
// before it, or -1. columns[slots, FX__HOG_ROW_MAX]: cumulative sums (hog_columns.h); slots beyond
// them are zero.
void fx__hog_add_row(const fx__hog_row *row, const float *columns, int phase, int n, int first,
                     int cells_x, float *cells);

// out[bins] += scale · the bins of n columns that have these weights.
void fx__hog_add_cell(const fx__hog_row *row, const float *columns, int n, const float *weights,
                      float *out);
#endif
