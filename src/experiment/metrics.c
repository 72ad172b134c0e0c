// Accuracy, confusion, intervals and tests.
//
// Wilson:    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n), p = k/n, z = Φ⁻¹(0.975)
// McNemar:   2 · P(X ≤ min(b, c)), X ~ Binomial(b + c, 1/2), at most 1
// Holm:      p'(i) = max over j ≤ i of min(1, (m - j) p(j)), p(0) ≤ p(1) ≤ …
// Bootstrap: the 2.5 % and 97.5 % quantiles of the resampled means, interpolated linearly between
//            order statistics. A resample is held as how often each column was drawn, so that one
//            draw serves all rows and a mean is an integer product: exact, and the same for any
//            number of threads.
#include "src/experiment/metrics.h"

#include <math.h>
#include <stdlib.h>

#include "featx/rng.h"
#include "src/base/memory.h"
#include "src/base/parallel.h"

double fx__accuracy(const int *labels, const int *predictions, size_t count) {
    size_t right = 0;
    for (size_t i = 0; i < count; ++i) right += labels[i] == predictions[i];
    return count ? (double)right / (double)count : NAN;
}

void fx__confusion(const int *labels, const int *predictions, size_t count, int classes,
                   uint64_t *confusion) {
    for (size_t i = 0; i < count; ++i)
        ++confusion[(size_t)labels[i] * (size_t)classes + (size_t)predictions[i]];
}

void fx__wilson_interval(size_t k, size_t n, double out[2]) {
    if (n == 0) {
        out[0] = out[1] = NAN;
        return;
    }
    const double z = 1.959963984540054, count = (double)n, p = (double)k / count;
    double center = (p + z * z / (2 * count)) / (1 + z * z / count);
    double half = z * sqrt(p * (1 - p) / count + z * z / (4 * count * count)) / (1 + z * z / count);
    out[0] = k == 0 ? 0 : center - half; // exactly, where rounding would leave a trace
    out[1] = k == n ? 1 : center + half;
}

double fx__mcnemar_exact(uint64_t only_a, uint64_t only_b) {
    double k = (double)(only_a < only_b ? only_a : only_b), n = (double)only_a + (double)only_b;
    int sign;
    double term = exp(lgamma_r(n + 1, &sign) - lgamma_r(k + 1, &sign) - lgamma_r(n - k + 1, &sign) -
                      n * log(2));
    double sum = 0;
    for (double i = k; term > sum * 1e-17; --i) { // P(X = i), falling from i = k to 0
        sum += term;
        term *= i / (n - i + 1);
    }
    return fmin(1, 2 * sum);
}

void fx__holm(double *p, size_t count) {
    // Selection in rising order; a corrected value has its sign set so that it is not selected
    // again.
    double floor = 0;
    for (size_t step = 0; step < count; ++step) {
        size_t least = count;
        for (size_t i = 0; i < count; ++i)
            if (p[i] >= 0 && !signbit(p[i]) && (least == count || p[i] < p[least])) least = i;
        if (least == count) break; // only NaN is left
        floor = fmax(floor, fmin(1, p[least] * (double)(count - step)));
        p[least] = -floor;
    }
    for (size_t i = 0; i < count; ++i) p[i] = fabs(p[i]);
}

enum { RESAMPLES_PER_PIECE = 100 };

typedef struct bootstrap {
    const int32_t *values;
    size_t series, n;
    uint64_t seed;
    double *means; // [series, FX_BOOTSTRAP_RESAMPLES]
} bootstrap;

static fx_status resample(void *context, size_t piece, int thread, fx_error *error) {
    (void)thread;
    const bootstrap *work = context;
    uint32_t *drawn; // [n] times
    FX__TRY(fx__allocate(work->n, sizeof *drawn, &drawn, error));
    for (size_t r = piece * RESAMPLES_PER_PIECE; r < (piece + 1) * RESAMPLES_PER_PIECE; ++r) {
        for (size_t i = 0; i < work->n; ++i) drawn[i] = 0;
        fx_rng rng = fx_rng_at(work->seed, FX_RNG_BOOTSTRAP, 0, r);
        for (size_t i = 0; i < work->n; ++i) ++drawn[fx_rng_below(&rng, (uint32_t)work->n)];
        for (size_t s = 0; s < work->series; ++s) {
            const int32_t *values = work->values + s * work->n;
            int64_t sum = 0;
            for (size_t i = 0; i < work->n; ++i) sum += (int64_t)drawn[i] * values[i];
            work->means[s * FX_BOOTSTRAP_RESAMPLES + r] = (double)sum / (double)work->n;
        }
    }
    free(drawn);
    return FX_OK;
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t count, double q) {
    double place = q * (double)(count - 1);
    size_t below = (size_t)place;
    if (below + 1 >= count) return sorted[count - 1];
    return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

fx_status fx__bootstrap_means(const int32_t *values, size_t series, size_t n, uint64_t seed,
                              double (*out)[2], fx_error *error) {
    for (size_t s = 0; s < series; ++s) out[s][0] = out[s][1] = NAN;
    if (n == 0 || series == 0) return FX_OK;
    if (n > UINT32_MAX)
        return fx_error_set(error, FX_ERROR_DATA, "%zu samples are too many to be resampled", n);
    bootstrap work = {values, series, n, seed, NULL};
    FX__TRY(fx__allocate(series, FX_BOOTSTRAP_RESAMPLES * sizeof *work.means, &work.means, error));
    fx_status status =
        fx__parallel_for(FX_BOOTSTRAP_RESAMPLES / RESAMPLES_PER_PIECE, resample, &work, error);
    for (size_t s = 0; status == FX_OK && s < series; ++s) {
        double *means = work.means + s * FX_BOOTSTRAP_RESAMPLES;
        qsort(means, FX_BOOTSTRAP_RESAMPLES, sizeof *means, compare_doubles);
        out[s][0] = quantile(means, FX_BOOTSTRAP_RESAMPLES, 0.025);
        out[s][1] = quantile(means, FX_BOOTSTRAP_RESAMPLES, 0.975);
    }
    free(work.means);
    return status;
}
