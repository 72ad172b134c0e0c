// Samples by index, and the standardization that is learned from them.
//
// A feature's mean and deviation are found in one pass over the samples, from double-precision sums
// of x - x₀ and (x - x₀)², x₀ being the first sample's value, so that a large mean costs no digits.
// Each feature is summed in the order of the samples, whatever the chunks and threads.
//
// The scale is 1 / deviation, with two exceptions. A feature whose deviation is at most a millionth
// of its mean is constant up to rounding: its scale is 0, so that it adds nothing, in training or
// later. A feature that is almost always the same (a pixel in the corner of a digit) has a
// deviation so small that the few other values would lie hundreds of deviations away and drown all
// else: its scale is made so small that no training sample lies more than FARTHEST away.
#include "src/nn/samples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/kernel.h"

enum { COLUMNS = 256, REPORTS = 20 };

static const double FARTHEST = 4;

// What is gathered of each feature, as arrays of [inputs].
typedef struct moments {
    double *sum, *squares; // of x - x₀
    float *low, *high;
} moments;

static fx_status fill_from_matrix(const void *self, uint32_t epoch, const uint32_t *indices,
                                  size_t n, float *x, fx_error *error) {
    const fx_matrix *matrix = self;
    (void)epoch;
    (void)error;
#pragma omp parallel for schedule(static) if (n * matrix->columns > FX__PARALLEL_WORK)
    for (size_t i = 0; i < n; i++)
        memcpy(x + i * matrix->columns, matrix->data + indices[i] * matrix->columns,
               matrix->columns * sizeof *x);
    return FX_OK;
}

fx_samples fx_samples_of_matrix(const fx_matrix *matrix, const int *labels) {
    return (fx_samples){.self = matrix,
                        .count = matrix->rows,
                        .length = matrix->columns,
                        .labels = labels,
                        .fill = fill_from_matrix};
}

fx_status fx__samples_gather(const fx_samples *samples, const fx_mlp *mlp, uint32_t epoch,
                             const uint32_t *indices, size_t n, float *x, fx_error *error) {
    if (samples->fill == fill_from_matrix) {
        const fx_matrix *matrix = samples->self;
#pragma omp parallel for schedule(static) if (n * matrix->columns > FX__PARALLEL_WORK)
        for (size_t i = 0; i < n; i++)
            fx__mlp_standardize_row(mlp, matrix->data + indices[i] * matrix->columns,
                                    x + i * matrix->columns);
        return FX_OK;
    }
    FX__TRY(samples->fill(samples->self, epoch, indices, n, x, error));
    fx__mlp_standardize(mlp, n, x, x);
    return FX_OK;
}

FX__KERNEL
static void add_rows(size_t rows, size_t count, const float *x, size_t stride, const float *origin,
                     double *sum, double *squares, float *low, float *high) {
    for (size_t i = 0; i < rows; i++)
#pragma omp simd
        for (size_t j = 0; j < count; j++) {
            float value = x[i * stride + j];
            double d = (double)value - (double)origin[j];
            sum[j] += d;
            squares[j] += d * d;
            low[j] = value < low[j] ? value : low[j];
            high[j] = value > high[j] ? value : high[j];
        }
}

static fx_status set_standardization(fx_mlp *mlp, size_t n, const moments *m, fx_error *error) {
    for (size_t j = 0; j < mlp->inputs; j++) {
        if (!isfinite(m->squares[j]))
            return fx_error_set(error, FX_ERROR_DATA,
                                "feature %zu of the training samples (counting from 0) is not "
                                "finite everywhere",
                                j);
        double offset = m->sum[j] / (double)n;
        double variance = m->squares[j] / (double)n - offset * offset;
        double mean = (double)mlp->input_mean[j] + offset;
        double deviation = variance > 0 ? sqrt(variance) : 0;
        double farthest = fmax((double)m->high[j] - mean, mean - (double)m->low[j]);
        mlp->input_mean[j] = (float)mean;
        mlp->input_scale[j] =
            deviation <= 1e-6 * fabs(mean) ? 0 : (float)fmin(1 / deviation, FARTHEST / farthest);
    }
    return FX_OK;
}

fx_status fx__samples_standardize(const fx_samples *samples, fx_mlp *mlp, size_t rows, float *x,
                                  uint32_t *indices, const fx_progress *progress, fx_error *error) {
    const size_t inputs = mlp->inputs, chunks = (samples->count + rows - 1) / rows;
    const size_t interval = (chunks + REPORTS - 1) / REPORTS;
    double *sums;
    float *limits;
    FX__TRY(fx__allocate(inputs, 2 * sizeof *sums, &sums, error));
    fx_status status = fx__allocate(inputs, 2 * sizeof *limits, &limits, error);
    if (status != FX_OK) {
        free(sums);
        return status;
    }
    const moments m = {sums, sums + inputs, limits, limits + inputs};
    for (size_t chunk = 0; chunk < chunks; chunk++) {
        size_t begin = chunk * rows;
        size_t n = samples->count - begin < rows ? samples->count - begin : rows;
        for (size_t i = 0; i < n; i++) indices[i] = (uint32_t)(begin + i);
        FX__TRY_GOTO(samples->fill(samples->self, 0, indices, n, x, error));
        if (chunk == 0) {
            memcpy(mlp->input_mean, x, inputs * sizeof *x); // x₀, for now
            memcpy(m.low, x, inputs * sizeof *x);
            memcpy(m.high, x, inputs * sizeof *x);
        }
#pragma omp parallel for schedule(static) if (n * inputs > FX__PARALLEL_WORK)
        for (size_t j = 0; j < inputs; j += COLUMNS)
            add_rows(n, inputs - j < COLUMNS ? inputs - j : COLUMNS, x + j, inputs,
                     mlp->input_mean + j, m.sum + j, m.squares + j, m.low + j, m.high + j);
        if ((chunk + 1) % interval == 0 &&
            !fx_progress_report(progress, "standardize", begin + n, samples->count, NULL)) {
            status = fx_error_set(error, FX_ERROR_INTERRUPTED, "interrupted");
            goto done;
        }
    }
    status = set_standardization(mlp, samples->count, &m, error);
done:
    for (size_t j = 0; status != FX_OK && j < inputs; j++) {
        mlp->input_mean[j] = 0;
        mlp->input_scale[j] = 1;
    }
    free(sums);
    free(limits);
    return status;
}
