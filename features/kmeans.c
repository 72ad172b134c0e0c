// k-means by Lloyd's iterations from k-means++ seeds (kmeans_seeding.c).
//
// A sample x belongs to the center c with the least |x - c|², that is with the largest match
// <x, c - m> - (|c|² - |m|²)/2 for any m: with m about the mean of the samples little is lost to
// rounding where they are far from 0. Spherical: with the largest |<x, c>|, c of length 1. New
// centers are the means of their samples; spherical: Σ sign<x, c>·x, normalized. So the sum of |x -
// c|² falls, or that of |<x, c>| grows, from round to round. What a center leaves of a sample, its
// residual, is |x - c|², or |x|² - <x, c>².
//
// The seeding finds the first assignment; the others leave out products that cannot change them
// (kmeans_bounds.c).
//
// Same bytes for any number of threads: samples are assigned in fixed blocks, and each center is
// summed by one thread over its samples in ascending order, in double.
//
// A cluster without samples restarts at the sample with the largest residual.
#include "featx/kmeans.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/kmeans_bounds.h"
#include "features/kmeans_minibatch.h"
#include "features/kmeans_seeding.h"
#include "features/nearest.h"
#include "src/base/memory.h"
#include "src/base/parallel.h"

enum { MEAN_OF = 4096 }; // samples that m is the mean of

typedef struct lloyd {
    const fx_matrix *samples;
    fx_matrix *centers;
    bool spherical;
    double *mean;       // [d] m; spherical: NULL
    uint32_t *assigned; // [n]
    uint32_t *order;    // [n] samples sorted by cluster
    size_t *starts;     // [clusters + 1] into order
    float *values;      // [n] residuals, or what inertia sums
    double *sums;       // [threads, d]
    fx_bounds *bounds;
} lloyd;

// Counting sort: order[starts[c] … starts[c + 1] - 1] are the samples of cluster c, ascending.
static void sort_by_cluster(lloyd *l) {
    size_t clusters = l->centers->rows, n = l->samples->rows;
    memset(l->starts, 0, (clusters + 1) * sizeof *l->starts);
    for (size_t i = 0; i < n; i++) l->starts[l->assigned[i] + 1]++;
    for (size_t c = 0; c < clusters; c++) l->starts[c + 1] += l->starts[c];
    for (size_t i = 0; i < n; i++) l->order[l->starts[l->assigned[i]]++] = (uint32_t)i;
    for (size_t c = clusters; c > 0; c--) l->starts[c] = l->starts[c - 1];
    l->starts[0] = 0;
}

// The new center of a cluster. An empty one, or one whose samples cancel, stays where it is.
static fx_status move_center(void *context, size_t cluster, int thread, fx_error *error) {
    (void)error;
    lloyd *l = context;
    size_t d = l->samples->columns, count = l->starts[cluster + 1] - l->starts[cluster];
    if (count == 0) return FX_OK;
    float *center = l->centers->data + cluster * d;
    double *sum = l->sums + (size_t)thread * d;
    memset(sum, 0, d * sizeof *sum);
    for (size_t i = l->starts[cluster]; i < l->starts[cluster + 1]; i++) {
        const float *x = l->samples->data + l->order[i] * d;
        if (l->spherical && fx__dot(x, center, d) < 0)
            for (size_t k = 0; k < d; k++) sum[k] -= x[k];
        else
            for (size_t k = 0; k < d; k++) sum[k] += x[k];
    }
    double scale = 1 / (double)count;
    if (l->spherical) {
        double squares = 0;
        for (size_t k = 0; k < d; k++) squares += sum[k] * sum[k];
        if (!(squares > 0)) return FX_OK;
        scale = 1 / sqrt(squares);
    }
    for (size_t k = 0; k < d; k++) center[k] = (float)(sum[k] * scale);
    return FX_OK;
}

// values[i] = residual of each sample.
static void measure_residuals(lloyd *l) {
    size_t d = l->samples->columns;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < l->samples->rows; i++)
        l->values[i] = (float)fx__residual(l->samples->data + i * d,
                                           l->centers->data + l->assigned[i] * d, d, l->spherical);
}

// Restarts empty clusters, in order, at the samples with the largest residuals.
static void restart_empty(lloyd *l) {
    size_t d = l->samples->columns;
    bool measured = false;
    for (size_t c = 0; c < l->centers->rows; c++) {
        if (l->starts[c + 1] > l->starts[c]) continue;
        if (!measured) measure_residuals(l);
        measured = true;
        size_t worst = 0;
        for (size_t i = 1; i < l->samples->rows; i++)
            if (l->values[i] > l->values[worst]) worst = i;
        if (!(l->values[worst] > 0)) return;
        l->values[worst] = 0;
        const float *x = l->samples->data + worst * d;
        double scale = l->spherical ? 1 / sqrt(fx__dot(x, x, d)) : 1;
        for (size_t k = 0; k < d; k++) l->centers->data[c * d + k] = (float)(x[k] * scale);
    }
}

static double measure_inertia(lloyd *l) {
    size_t d = l->samples->columns, n = l->samples->rows;
    measure_residuals(l);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (!l->spherical)
            sum += l->values[i];
        else
            sum +=
                fabs(fx__dot(l->samples->data + i * d, l->centers->data + l->assigned[i] * d, d));
    }
    return l->spherical ? sum / (double)n : sum;
}

static fx_status lloyd_create(const fx_matrix *samples, fx_matrix *centers, bool spherical,
                              lloyd *l, fx_error *error) {
    size_t n = samples->rows, d = samples->columns, clusters = centers->rows;
    size_t threads = (size_t)fx__threads();
    *l = (lloyd){.samples = samples, .centers = centers, .spherical = spherical};
    FX__TRY(fx__allocate(n, sizeof *l->assigned, &l->assigned, error));
    FX__TRY(fx__allocate(n, sizeof *l->order, &l->order, error));
    FX__TRY(fx__allocate(clusters + 1, sizeof *l->starts, &l->starts, error));
    FX__TRY(fx__allocate(n, sizeof *l->values, &l->values, error));
    FX__TRY(fx__allocate(threads, d * sizeof *l->sums, &l->sums, error));
    if (spherical) return FX_OK;
    FX__TRY(fx__allocate(d, sizeof *l->mean, &l->mean, error));
    size_t step = (n + MEAN_OF - 1) / MEAN_OF, count = (n + step - 1) / step;
    for (size_t i = 0; i < n; i += step)
        for (size_t k = 0; k < d; k++) l->mean[k] += samples->data[i * d + k] / (double)count;
    return FX_OK;
}

static void lloyd_destroy(lloyd *l) {
    fx__bounds_destroy(l->bounds);
    free(l->mean);
    free(l->assigned);
    free(l->order);
    free(l->starts);
    free(l->values);
    free(l->sums);
}

static fx_status iterate(lloyd *l, int rounds, const fx_progress *progress, size_t *changes,
                         fx_error *error) {
    for (int round = 0; round < rounds; round++) {
        if (!fx_progress_report(progress, "k-means", (size_t)round, (size_t)rounds, NULL))
            return fx_error_set(error, FX_ERROR_INTERRUPTED, "interrupted");
        if (round > 0)
            FX__TRY(fx__bounds_assign(l->bounds, l->centers, l->assigned, changes, error));
        if (*changes == 0) break;
        sort_by_cluster(l);
        FX__TRY(fx__parallel_for(l->centers->rows, move_center, l, error));
        restart_empty(l);
    }
    return FX_OK;
}

fx_status fx_kmeans(const fx_matrix *samples, const fx_kmeans_params *params,
                    const fx_progress *progress, fx_matrix *centers, uint32_t *assignments,
                    double *inertia, fx_error *error) {
    size_t n = samples->rows, d = samples->columns;
    *centers = (fx_matrix){0};
    if (params->clusters < 1)
        return fx_error_set(error, FX_ERROR_USAGE, "k-means needs at least 1 cluster, found %d",
                            params->clusters);
    if (params->batch < 0)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "k-means takes batches of 1 sample or more, or 0 for all, found %d",
                            params->batch);
    if (n < (size_t)params->clusters)
        return fx_error_set(error, FX_ERROR_DATA, "%zu samples are fewer than %d clusters", n,
                            params->clusters);
    if (n >= UINT32_MAX || d == 0)
        return fx_error_set(error, FX_ERROR_DATA,
                            "k-means takes up to 2³² - 2 samples of 1 number or more, found %zu of "
                            "%zu",
                            n, d);
    fx_status status;
    lloyd l = {0};
    size_t changes = n;
    FX__TRY_GOTO(fx_matrix_create((size_t)params->clusters, d, centers, error));
    FX__TRY_GOTO(lloyd_create(samples, centers, params->spherical, &l, error));
    FX__TRY_GOTO(fx__kmeans_seed(samples, l.mean, params->seed, centers, l.assigned, error));
    FX__TRY_GOTO(fx__bounds_create(samples, l.mean, centers, &l.bounds, error));
    FX__TRY_GOTO(params->batch == 0
                     ? iterate(&l, params->rounds, progress, &changes, error)
                     : fx__kmeans_minibatch(samples, l.mean, params, progress, centers, error));
    if (changes > 0 && params->rounds > 0 && (assignments || inertia))
        FX__TRY_GOTO(fx__bounds_assign(l.bounds, centers, l.assigned, &changes, error));
    if (assignments) memcpy(assignments, l.assigned, n * sizeof *assignments);
    if (inertia) *inertia = measure_inertia(&l);
done:
    lloyd_destroy(&l);
    if (status != FX_OK) fx_matrix_destroy(centers);
    return status;
}
