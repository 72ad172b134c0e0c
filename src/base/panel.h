// Products of a matrix with a panel: some columns of another matrix, packed. For loops that use what
// a product makes while it is in the cache, and whose left factor is read where it lies: packing it
// costs a library's product of a training step's shapes a sixth of its time.
#ifndef FEATX_BASE_PANEL_H
#define FEATX_BASE_PANEL_H

#include <stdbool.h>
#include <stddef.h>

enum {
    FX__PANEL = 32,        // columns of a panel
    FX__PANEL_ROWS = 12,   // of the left factor that are worked on at once
    FX__PANEL_DEPTH = 256, // of a panel that stays in the innermost cache
};

// panel[k, FX__PANEL] = B[k, columns], the columns beyond being zero. Aligned to 64 bytes.
void fx__panel_pack(const float *b, size_t ldb, size_t k, size_t columns, float *panel);

// C[m, columns] = Σ_k A(i, k) · panel[k] (`more`: C +=), A(i, k) = a[i · row_step + k · k_step], one
// of the steps being 1. Each number of C is summed in the order of k, whatever m and columns are.
void fx__panel_multiply(const float *a, size_t row_step, size_t k_step, size_t m, size_t k,
                        const float *panel, size_t columns, bool more, float *c, size_t ldc);
#endif
