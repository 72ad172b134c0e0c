// Mini-batch k-means: each round takes a random batch, assigns it, and moves each center to the
// mean of all samples that any batch gave it so far:
//
//     n(c) ← n(c) + m,   c ← c + (Σ x - m·c) / n(c)   over the m samples x of the batch in c
//
// which is the paper's rate of 1/n(c) a sample, with the whole batch assigned first. Spherical:
// Σ sign<x, c>·x is added to n(c)·c, and the sum normalized.
//
// Batches are drawn with replacement. Their samples are summed in the order of drawing, by one
// thread a center. A center that no batch gives a sample stays at its seed, which is a sample.
//
// Source: Sculley, "Web-scale k-means clustering", WWW 2010.
#include "features/kmeans_minibatch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/nearest.h"
#include "featx/rng.h"
#include "src/base/memory.h"
#include "src/base/parallel.h"

enum { BLOCK = FX__TILE };

typedef struct minibatch {
    const fx_matrix *samples;
    const double *mean;
    fx_matrix *centers;
    size_t size;        // samples of a batch
    uint32_t *drawn;    // [size]
    uint32_t *assigned; // [size]
    fx_matrix shifted;  // [clusters, d] centers - m
    float *half_norms;  // [clusters]
    uint64_t *counts;   // [clusters] n(c)
    fx_matrix buffers;  // [threads, (d + FX__TILE) · BLOCK]
    fx_matrix gathered; // [threads, BLOCK · d]
    double *sums;       // [threads, d]
} minibatch;

static fx_status assign_block(void *context, size_t block, int thread, fx_error *error) {
    (void)error;
    minibatch *b = context;
    size_t d = b->samples->columns, clusters = b->centers->rows, begin = block * BLOCK;
    size_t count = b->size - begin < BLOCK ? b->size - begin : BLOCK;
    size_t width = fx__tile_width(clusters);
    float *transposed = b->buffers.data + (size_t)thread * b->buffers.columns;
    float *products = transposed + d * BLOCK;
    float *rows = b->gathered.data + (size_t)thread * b->gathered.columns;
    float best[BLOCK];
    for (size_t i = 0; i < count; i++) {
        memcpy(rows + i * d, b->samples->data + b->drawn[begin + i] * d, d * sizeof *rows);
        best[i] = -INFINITY;
        b->assigned[begin + i] = 0;
    }
    fx__tile_transpose(rows, count, d, transposed);
    for (size_t c = 0; c < clusters; c += width) {
        size_t tile = clusters - c < width ? clusters - c : width;
        fx__tile_multiply(b->shifted.data + c * d, tile, transposed, count, d, products);
        fx__nearest_update(products, tile, count, BLOCK, b->mean ? b->half_norms + c : NULL,
                           (uint32_t)c, best, b->assigned + begin);
    }
    return FX_OK;
}

static fx_status move_center(void *context, size_t cluster, int thread, fx_error *error) {
    (void)error;
    minibatch *b = context;
    size_t d = b->samples->columns, count = 0;
    float *center = b->centers->data + cluster * d;
    double *sum = b->sums + (size_t)thread * d, before = (double)b->counts[cluster];
    for (size_t k = 0; k < d; k++) sum[k] = before * center[k];
    for (size_t i = 0; i < b->size; i++) {
        if (b->assigned[i] != cluster) continue;
        const float *x = b->samples->data + b->drawn[i] * d;
        double sign = !b->mean && fx__dot(x, center, d) < 0 ? -1 : 1;
        for (size_t k = 0; k < d; k++) sum[k] += sign * x[k];
        count++;
    }
    if (count == 0) return FX_OK;
    b->counts[cluster] += count;
    double scale = 1 / (double)b->counts[cluster];
    if (!b->mean) {
        double squares = 0;
        for (size_t k = 0; k < d; k++) squares += sum[k] * sum[k];
        if (!(squares > 0)) return FX_OK;
        scale = 1 / sqrt(squares);
    }
    for (size_t k = 0; k < d; k++) center[k] = (float)(sum[k] * scale);
    return FX_OK;
}

static fx_status run_round(minibatch *b, uint64_t seed, int round, fx_error *error) {
    fx_rng rng = fx_rng_at(seed, FX_RNG_KMEANS, 2, (uint64_t)round);
    for (size_t i = 0; i < b->size; i++)
        b->drawn[i] = fx_rng_below(&rng, (uint32_t)b->samples->rows);
    fx__shift_centers(b->centers->data, b->centers->rows, b->centers->columns, b->mean,
                      b->shifted.data, b->half_norms);
    FX__TRY(fx__parallel_for((b->size + BLOCK - 1) / BLOCK, assign_block, b, error));
    return fx__parallel_for(b->centers->rows, move_center, b, error);
}

fx_status fx__kmeans_minibatch(const fx_matrix *samples, const double *mean,
                               const fx_kmeans_params *params, const fx_progress *progress,
                               fx_matrix *centers, fx_error *error) {
    size_t d = samples->columns, clusters = centers->rows, threads = (size_t)fx__threads();
    minibatch b = {
        .samples = samples, .mean = mean, .centers = centers, .size = (size_t)params->batch};
    fx_status status;
    FX__TRY_GOTO(fx__allocate(b.size, sizeof *b.drawn, &b.drawn, error));
    FX__TRY_GOTO(fx__allocate(b.size, sizeof *b.assigned, &b.assigned, error));
    FX__TRY_GOTO(fx_matrix_create(clusters, d, &b.shifted, error));
    FX__TRY_GOTO(fx__allocate(clusters, sizeof *b.half_norms, &b.half_norms, error));
    FX__TRY_GOTO(fx__allocate(clusters, sizeof *b.counts, &b.counts, error));
    FX__TRY_GOTO(fx_matrix_create(threads, (d + FX__TILE) * BLOCK, &b.buffers, error));
    FX__TRY_GOTO(fx_matrix_create(threads, BLOCK * d, &b.gathered, error));
    FX__TRY_GOTO(fx__allocate(threads, d * sizeof *b.sums, &b.sums, error));
    for (int round = 0; round < params->rounds; round++) {
        if (!fx_progress_report(progress, "k-means", (size_t)round, (size_t)params->rounds, NULL)) {
            status = fx_error_set(error, FX_ERROR_INTERRUPTED, "interrupted");
            goto done;
        }
        FX__TRY_GOTO(run_round(&b, params->seed, round, error));
    }
done:
    free(b.drawn);
    free(b.assigned);
    fx_matrix_destroy(&b.shifted);
    free(b.half_norms);
    free(b.counts);
    fx_matrix_destroy(&b.buffers);
    fx_matrix_destroy(&b.gathered);
    free(b.sums);
    return status;
}
