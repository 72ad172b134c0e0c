// What becomes of pooled codes.
#include <criterion/criterion.h>
#include <math.h>

#include "features/pooling.h"

Test(pooling, levels) {
    // A grid of 3, then of 6: two numbers a cell, cell i of the finer one holds i and -i of i
    // patches.
    enum { CELLS = 9 + 36 };
    for (int pool = FX_BOVW_POOL_SUM; pool <= FX_BOVW_POOL_MAX; pool++) {
        fx_bovw_params params = {.grid = 3, .levels = 2, .pool = pool};
        float cells[CELLS * 2];
        size_t patches[CELLS];
        cr_assert_eq(fx__pool_cells(&params), CELLS);
        cr_assert_eq(fx__pool_finest(&params), 36);
        for (size_t i = 0; i < CELLS; i++) { // what stands in the coarse one does not matter
            cells[2 * i] = (float)i - 9;
            cells[2 * i + 1] = 9 - (float)i;
            patches[i] = i - 9;
        }
        fx__pool_pyramid(&params, 2, patches, cells);
        for (int y = 0; y < 3; y++)
            for (int x = 0; x < 3; x++) {
                int corner = 12 * y + 2 * x, sum = 4 * corner + 14, i = 3 * y + x;
                float first[] = {(float)sum, 1, (float)corner + 7};
                float second[] = {(float)-sum, -1, 0};
                if (pool == FX_BOVW_POOL_MAX) second[pool] = 0; // codes are at least 0
                cr_assert_eq(patches[i], (size_t)sum);
                cr_assert_eq(cells[2 * i], first[pool]);
                cr_assert_eq(cells[2 * i + 1], second[pool]);
            }
        cr_assert_eq(cells[18], 0); // no patches
        cr_assert_eq(cells[2 * 20], pool == FX_BOVW_POOL_MEAN ? 1 : 11);
    }
}

Test(pooling, signed_square_roots) {
    float v[3] = {-9, 0, 16}, w[2] = {-1e-9f, 1};
    fx__pool_normalize(FX_POOL_L1_SQRT, true, v, 3);
    cr_assert(fabs(v[0] + 0.6) <= 1e-7 && v[1] == 0 && fabs(v[2] - 0.8) <= 1e-7);
    fx__pool_normalize(FX_POOL_L1_SQRT, false, w, 2); // a rounding below 0
    cr_assert_eq(w[0], 0);
}

Test(pooling, norms) {
    float v[4] = {3, 0, 4, 9}, zeros[3] = {0};
    fx__pool_normalize(FX_POOL_L1, true, v, 4);
    cr_assert(fabs(v[0] - 3.0 / 16) <= 1e-7 && fabs(v[3] - 9.0 / 16) <= 1e-7);
    fx__pool_normalize(FX_POOL_L1_SQRT, true, v, 4);
    cr_assert(fabs(v[3] - 0.75) <= 1e-7 && v[1] == 0 && fabs(v[2] - 0.5) <= 1e-7);
    float w[2] = {3, -4};
    fx__pool_normalize(FX_POOL_L2, true, w, 2);
    cr_assert(fabs(w[0] - 0.6) <= 1e-7 && fabs(w[1] + 0.8) <= 1e-7);
    for (int norm = FX_POOL_L1; norm <= FX_POOL_L1_SQRT; norm++) {
        fx__pool_normalize((fx_pool_norm)norm, true, zeros, 3);
        cr_assert_eq(zeros[0], 0);
    }
}
