// What becomes of pooled codes.
#include <criterion/criterion.h>
#include <math.h>

#include "features/pooling.h"

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
