// Max-norm: w ← w · min(1, c / |w|) for the weights w into each hidden unit, a column of its layer.
//
// Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
// JMLR 15, 2014, section 5.1.
#include "src/nn/max_norm.h"

#include <math.h>

#include "src/base/kernel.h"
#include "src/nn/batch_norm.h"

FX__KERNEL
static void limit_columns(size_t rows, size_t count, size_t stride, float limit, float *w) {
    double squares[FX__COLUMNS] = {0};
    float scale[FX__COLUMNS];
    for (size_t i = 0; i < rows; i++)
#pragma omp simd
        for (size_t j = 0; j < count; j++)
            squares[j] += (double)w[i * stride + j] * (double)w[i * stride + j];
    for (size_t j = 0; j < count; j++) {
        double norm = sqrt(squares[j]);
        scale[j] = norm > (double)limit ? (float)((double)limit / norm) : 1;
    }
    for (size_t i = 0; i < rows; i++)
#pragma omp simd
        for (size_t j = 0; j < count; j++) w[i * stride + j] *= scale[j];
}

void fx__max_norm(fx_mlp *mlp, float limit) {
    for (size_t l = 0; l + 1 < mlp->layer_count; l++) {
        const fx__layer *layer = &mlp->layers[l];
#pragma omp parallel for schedule(static) if (layer->inputs * layer->columns > FX__PARALLEL_WORK)
        for (size_t j = 0; j < layer->columns; j += FX__COLUMNS) {
            size_t left = layer->columns - j;
            limit_columns(layer->inputs, left < FX__COLUMNS ? left : FX__COLUMNS, layer->columns,
                          limit, layer->weights + j);
        }
    }
}
