// Normalization of pooled codes.
#include "features/pooling.h"

#include <math.h>

void fx__pool_normalize(fx_pool_norm norm, float *values, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += norm == FX_POOL_L2 ? (double)values[i] * values[i] : fabs((double)values[i]);
    if (!(sum > 0)) return;
    double scale = 1 / (norm == FX_POOL_L2 ? sqrt(sum) : sum);
    for (size_t i = 0; i < count; i++) {
        double scaled = values[i] * scale;
        // Sums of codes ≥ 0 may come out a rounding below.
        values[i] = (float)(norm != FX_POOL_L1_SQRT ? scaled : scaled > 0 ? sqrt(scaled) : 0);
    }
}
