// Histograms of gradient orientations over the cells of patches on a dense grid: SIFT, and blocks
// of HoG cells.
#ifndef FEATX_FEATURES_DENSE_SIFT_H
#define FEATX_FEATURES_DENSE_SIFT_H

#include "features/patches.h"
#include "featx/visual_words.h"

typedef struct fx_dense_sift {
    int cells;         // a side, 1 … 8
    int cell;          // pixels; cells · cell ≤ 64
    int orientations;  // 2 … 36
    bool half;         // of 180° instead of 360°: HoG's unsigned gradients
    int window;        // fx_bovw_window
    float window_size; // deviation of the Gaussian, cells
} fx_dense_sift;

// Floats of scratch, aligned to 32 bytes, for rectangles of at most columns × rows patches.
size_t fx__dense_sift_scratch(const fx_dense_sift *sift, int columns, int rows, int stride);

// Descriptors of a rectangle of at most 16 × 16 patches into out[rows · columns, cells, cells,
// orientations]. The same bytes whatever the rectangle.
void fx__dense_sift_extract(const fx_dense_sift *sift, const fx_image *image,
                            const fx_positions *positions, float *scratch, float *out);
#endif
