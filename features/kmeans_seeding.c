// k-means++: a sample becomes the next seed with probability proportional to its residual, what the
// nearest seed leaves of it: |x - c|², or, spherical, |x|² - <x, c>². The first seed is drawn
// uniformly; spherical: by |x|².
//
// Of 2 + ln(clusters) samples drawn that way, the one becomes a seed that takes most from the
// residuals of a jury, some random samples or all: the paper's greedy variant, without which
// outliers become clusters (1.3 % more inertia on whitened patches). Spherical: the first one
// drawn, as published vocabularies were learned.
//
// To lower all residuals for each seed would be bound by memory. So that is done for many seeds at
// once, by a matrix product, and until then a sample is drawn by the residuals of the last update
// and accepted with probability (its residual now) / (that of the last update), which is at most 1:
// the same distribution, at the cost of about one of Lloyd's iterations.
//
// The products also tell the nearest seed of each sample, so Lloyd's first assignment comes with
// the seeds. Matches are as in kmeans.c: the residual is |x - m|² - 2 · match or |x|² - match².
//
// Products leave some rounding. So a sample that was drawn is judged in double: by the seeds since
// the last update, and by all where its residual is so small that it may be a copy of a seed. Where
// drawing fails again and again, what is left is rounding: then all residuals are computed in
// double.
#include "features/kmeans_seeding.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/nearest.h"
#include "featx/rng.h"
#include "src/base/kernel.h"
#include "src/base/memory.h"
#include "src/base/parallel.h"

enum {
    BLOCK = FX__TILE,
    PENDING = 128,    // seeds of an update, at the most
    REJECTIONS = 8,   // draws in vain that call for an update
    DEGENERATE = 100, // draws in vain that show the residuals to be rounding
    TRIALS = 16,      // samples drawn for a seed, at the most
    JUDGES = 4,       // samples a cluster that judge them
    JURY = 4096,      // judges at least
};

// Share of |x - m|² below which a residual may be rounding.
static const float DOUBTFUL = 1e-3f;

// The samples that judge the trials.
typedef struct jury {
    size_t count, blocks, trials;
    float *samples;            // [blocks, d, BLOCK]
    float *base;               // [blocks · BLOCK] |x - m|²; 0 beyond the last
    float *residuals;          // [blocks · BLOCK], always up to date
    float *candidates, *norms; // [TRIALS, d] - m, half norms
    float *products;           // [blocks, TRIALS, BLOCK]
    double *gains;             // [blocks, TRIALS]
} jury;

typedef struct seeding {
    const fx_matrix *samples;
    const fx_matrix *centers;
    const double *mean; // m; spherical: NULL
    bool exact;
    size_t updated, found; // seeds that the residuals know of, seeds
    float *shifted;        // [PENDING, d] seeds - m
    float *half_norms;     // [PENDING]
    float *base;           // [n] |x - m|²; spherical: |x|²
    float *best;           // [n] match of the nearest seed
    uint32_t *nearest;     // [n] that seed
    float *residuals;      // [n]
    double *sums;          // [blocks] of residuals
    fx_matrix buffers;     // [threads, d · BLOCK + PENDING · BLOCK]
    jury jury;
} seeding;

// Residual to one seed, in double. Within rounding of nothing it is nothing.
static double exact_residual(const seeding *s, size_t sample, size_t seed) {
    size_t d = s->samples->columns;
    const float *x = s->samples->data + sample * d, *center = s->centers->data + seed * d;
    if (s->mean) return fx__residual(x, center, d, false);
    double norm = s->base[sample], product = fx__dot(x, center, d);
    double found = norm - product * product;
    return found > 1e-6 * norm ? found : 0; // lengths are good to 1e-7
}

static size_t block_end(const seeding *s, size_t block) {
    size_t end = (block + 1) * BLOCK;
    return end < s->samples->rows ? end : s->samples->rows;
}

static void sum_block(seeding *s, size_t block) {
    double sum = 0;
    for (size_t i = block * BLOCK; i < block_end(s, block); i++) sum += s->residuals[i];
    s->sums[block] = sum;
}

// residual = the least of itself and base - 2 · match, or base - match².
FX__KERNEL static void lower(const float *restrict match, const float *restrict base, size_t count,
                             bool spherical, float *restrict residuals) {
    for (size_t i = 0; i < count; i++) {
        float found = base[i] - (spherical ? match[i] : 2) * match[i];
        found = found > 0 ? found : 0;
        residuals[i] = found < residuals[i] ? found : residuals[i];
    }
}

static fx_status update_block(void *context, size_t block, int thread, fx_error *error) {
    (void)error;
    seeding *s = context;
    size_t d = s->samples->columns, begin = block * BLOCK, count = block_end(s, block) - begin;
    size_t seeds = s->found - s->updated;
    float *residuals = s->residuals + begin;
    if (s->exact) {
        for (size_t i = 0; i < count; i++)
            for (size_t seed = s->updated; seed < s->found; seed++) {
                double found = exact_residual(s, begin + i, seed);
                if ((float)found < residuals[i]) {
                    residuals[i] = (float)found;
                    s->nearest[begin + i] = (uint32_t)seed;
                }
            }
    } else {
        float *transposed = s->buffers.data + (size_t)thread * s->buffers.columns;
        float *products = transposed + d * BLOCK;
        fx__tile_transpose(s->samples->data + begin * d, count, d, transposed);
        fx__tile_multiply(s->shifted, seeds, transposed, count, d, products);
        fx__nearest_update(products, seeds, count, BLOCK, s->mean ? s->half_norms : NULL,
                           (uint32_t)s->updated, s->best + begin, s->nearest + begin);
        lower(s->best + begin, s->base + begin, count, !s->mean, residuals);
    }
    sum_block(s, block);
    return FX_OK;
}

static fx_status update(seeding *s, fx_error *error) {
    size_t d = s->samples->columns, pending = s->found - s->updated;
    if (!s->exact)
        fx__shift_centers(s->centers->data + s->updated * d, pending, d, s->mean, s->shifted,
                          s->half_norms);
    FX__TRY(fx__parallel_for((s->samples->rows + BLOCK - 1) / BLOCK, update_block, s, error));
    s->updated = s->found;
    return FX_OK;
}

// All residuals again, from all seeds, in double.
static fx_status update_exactly(seeding *s, fx_error *error) {
    for (size_t i = 0; i < s->samples->rows; i++) s->residuals[i] = FLT_MAX;
    s->exact = true;
    s->updated = 0;
    return update(s, error);
}

// The sample at which the running sum of residuals passes `target`.
static size_t find(const seeding *s, double target) {
    size_t blocks = (s->samples->rows + BLOCK - 1) / BLOCK, block = 0;
    while (block + 1 < blocks && target >= s->sums[block]) target -= s->sums[block++];
    size_t last = block * BLOCK;
    for (size_t i = last; i < block_end(s, block); i++) {
        if (s->residuals[i] > 0) last = i;
        if (target < s->residuals[i]) break;
        target -= s->residuals[i];
    }
    return last;
}

// Draws until a sample is accepted; *end where all residuals are 0.
static fx_status draw(seeding *s, fx_rng *rng, size_t *chosen, bool *end, fx_error *error) {
    size_t blocks = (s->samples->rows + BLOCK - 1) / BLOCK;
    for (int rejections = 0;; rejections++) {
        double total = 0;
        for (size_t block = 0; block < blocks; block++) total += s->sums[block];
        if (!isfinite(total))
            return fx_error_set(error, FX_ERROR_NUMERIC, "samples of k-means are not finite");
        *end = !(total > 0);
        if (*end && (s->found == 0 || (s->exact && s->updated == s->found))) return FX_OK;
        if (*end || rejections == DEGENERATE) {
            FX__TRY(update_exactly(s, error));
            continue;
        }
        if (rejections == REJECTIONS && s->updated < s->found) {
            FX__TRY(update(s, error));
            continue;
        }
        *chosen = find(s, fx_rng_uniform(rng) * total);
        double stale = s->residuals[*chosen], now = stale;
        bool doubtful = !(stale > DOUBTFUL * s->base[*chosen]);
        for (size_t seed = doubtful ? 0 : s->updated; seed < s->found && now > 0; seed++) {
            double found = exact_residual(s, *chosen, seed);
            now = found < now ? found : now;
        }
        if (fx_rng_uniform(rng) * stale < now) return FX_OK;
        s->residuals[*chosen] = (float)now;
        sum_block(s, *chosen / BLOCK);
    }
}

// Makes sample `chosen` the next seed.
static void accept(seeding *s, fx_matrix *centers, size_t chosen) {
    size_t d = centers->columns;
    const float *x = s->samples->data + chosen * d;
    double scale = !s->mean ? 1 / sqrt(fx__dot(x, x, d)) : 1;
    for (size_t k = 0; k < d; k++) centers->data[s->found * d + k] = (float)(x[k] * scale);
    s->found++;
}

// ---- Trials -------------------------------------------------------------------------------------

// The sum of what a candidate takes from residuals; products become what it leaves.
FX__KERNEL static float take(const float *restrict base, const float *restrict residuals,
                             float half_norm, float *restrict products) {
    float lanes[BLOCK / 16] = {0}, sum = 0;
    for (size_t i = 0; i < BLOCK; i++) {
        float left = base[i] - 2 * (products[i] - half_norm);
        left = left > 0 ? left : 0;
        products[i] = left < residuals[i] ? left : residuals[i];
    }
    for (size_t i = 0; i < BLOCK; i += BLOCK / 16)
        for (size_t lane = 0; lane < BLOCK / 16; lane++)
            lanes[lane] += residuals[i + lane] - products[i + lane];
    for (size_t lane = 0; lane < BLOCK / 16; lane++) sum += lanes[lane];
    return sum;
}

static fx_status judge_block(void *context, size_t block, int thread, fx_error *error) {
    (void)thread;
    (void)error;
    seeding *s = context;
    jury *j = &s->jury;
    size_t d = s->samples->columns;
    float *products = j->products + block * TRIALS * BLOCK;
    fx__tile_multiply(j->candidates, j->trials, j->samples + block * d * BLOCK, BLOCK, d, products);
    for (size_t trial = 0; trial < j->trials; trial++)
        j->gains[block * TRIALS + trial] =
            take(j->base + block * BLOCK, j->residuals + block * BLOCK, j->norms[trial],
                 products + trial * BLOCK);
    return FX_OK;
}

// Of the samples tried that which gains the most; the residuals of the jury follow it.
static fx_status judge(seeding *s, const size_t *tried, size_t trials, size_t *chosen,
                       fx_error *error) {
    jury *j = &s->jury;
    size_t d = s->samples->columns, best = 0;
    j->trials = trials;
    for (size_t trial = 0; trial < trials; trial++)
        fx__shift_centers(s->samples->data + tried[trial] * d, 1, d, s->mean,
                          j->candidates + trial * d, j->norms + trial);
    FX__TRY(fx__parallel_for(j->blocks, judge_block, s, error));
    for (size_t block = 1; block < j->blocks; block++)
        for (size_t trial = 0; trial < trials; trial++)
            j->gains[trial] += j->gains[block * TRIALS + trial];
    for (size_t trial = 1; trial < trials; trial++)
        if (j->gains[trial] > j->gains[best]) best = trial;
    for (size_t block = 0; block < j->blocks; block++)
        memcpy(j->residuals + block * BLOCK, j->products + (block * TRIALS + best) * BLOCK,
               BLOCK * sizeof(float));
    *chosen = tried[best];
    return FX_OK;
}

// The next seed, or *end where all residuals are 0.
static fx_status choose(seeding *s, fx_rng *rng, size_t *chosen, bool *end, fx_error *error) {
    if (!s->mean) return draw(s, rng, chosen, end, error);
    size_t tried[TRIALS] = {0}, trials = (size_t)(2 + log((double)s->centers->rows)), count = 0;
    trials = trials < TRIALS ? trials : TRIALS;
    while (count < trials) {
        FX__TRY(draw(s, rng, &tried[count], end, error));
        if (*end) return FX_OK;
        count++;
    }
    return judge(s, tried, trials, chosen, error);
}

static fx_status jury_create(seeding *s, uint64_t seed, fx_error *error) {
    jury *j = &s->jury;
    size_t n = s->samples->rows, d = s->samples->columns;
    j->count = s->centers->rows < n / JUDGES ? JUDGES * s->centers->rows : n;
    if (j->count < JURY) j->count = n < JURY ? n : JURY;
    fx_rng rng = fx_rng_at(seed, FX_RNG_KMEANS, 1, 0);
    j->blocks = (j->count + BLOCK - 1) / BLOCK;
    FX__TRY(fx__allocate(j->blocks, d * BLOCK * sizeof(float), &j->samples, error));
    FX__TRY(fx__allocate(j->blocks, BLOCK * sizeof(float), &j->base, error));
    FX__TRY(fx__allocate(j->blocks, BLOCK * sizeof(float), &j->residuals, error));
    FX__TRY(fx__allocate(TRIALS, d * sizeof(float), &j->candidates, error));
    FX__TRY(fx__allocate(TRIALS, sizeof(float), &j->norms, error));
    FX__TRY(fx__allocate(j->blocks, TRIALS * BLOCK * sizeof(float), &j->products, error));
    FX__TRY(fx__allocate(j->blocks, TRIALS * sizeof(double), &j->gains, error));
    for (size_t i = 0; i < j->count; i++) {
        size_t sample = j->count < n ? fx_rng_below(&rng, (uint32_t)n) : i;
        const float *x = s->samples->data + sample * d;
        float *column = j->samples + i / BLOCK * d * BLOCK + i % BLOCK;
        for (size_t k = 0; k < d; k++) column[k * BLOCK] = x[k];
        j->base[i] = (float)fx__squared_length(x, s->mean, d);
        j->residuals[i] = FLT_MAX;
    }
    return FX_OK;
}

static void jury_destroy(jury *j) {
    free(j->samples);
    free(j->base);
    free(j->residuals);
    free(j->candidates);
    free(j->norms);
    free(j->products);
    free(j->gains);
}

// ---- Seeding ------------------------------------------------------------------------------------

// base[i] = residuals[i] = |x - m|², in double.
static void measure(seeding *s) {
    size_t d = s->samples->columns, blocks = (s->samples->rows + BLOCK - 1) / BLOCK;
#pragma omp parallel for schedule(static)
    for (size_t block = 0; block < blocks; block++) {
        for (size_t i = block * BLOCK; i < block_end(s, block); i++) {
            s->base[i] = (float)fx__squared_length(s->samples->data + i * d, s->mean, d);
            s->residuals[i] = s->base[i];
            s->best[i] = -INFINITY;
        }
        sum_block(s, block);
    }
}

static fx_status seeding_create(const fx_matrix *samples, const double *mean,
                                const fx_matrix *centers, uint32_t *nearest, uint64_t seed,
                                seeding *s, fx_error *error) {
    size_t n = samples->rows, d = samples->columns, columns = (d + PENDING) * BLOCK;
    *s = (seeding){.samples = samples, .centers = centers, .mean = mean, .nearest = nearest};
    FX__TRY(fx__allocate(PENDING, d * sizeof(float), &s->shifted, error));
    FX__TRY(fx__allocate(PENDING, sizeof(float), &s->half_norms, error));
    FX__TRY(fx__allocate(n, sizeof(float), &s->base, error));
    FX__TRY(fx__allocate(n, sizeof(float), &s->best, error));
    FX__TRY(fx__allocate(n, sizeof(float), &s->residuals, error));
    FX__TRY(fx__allocate((n + BLOCK - 1) / BLOCK, sizeof(double), &s->sums, error));
    FX__TRY(fx_matrix_create((size_t)fx__threads(), columns, &s->buffers, error));
    return mean ? jury_create(s, seed, error) : FX_OK;
}

static void seeding_destroy(seeding *s) {
    jury_destroy(&s->jury);
    free(s->shifted);
    free(s->half_norms);
    free(s->base);
    free(s->best);
    free(s->residuals);
    free(s->sums);
    fx_matrix_destroy(&s->buffers);
}

// The first draw knows no residuals: it is uniform, or by |x|².
static fx_status seed_first(seeding *s, uint64_t seed, fx_matrix *centers, bool *end,
                            fx_error *error) {
    fx_rng rng = fx_rng_at(seed, FX_RNG_KMEANS, 0, 0);
    size_t chosen;
    measure(s);
    FX__TRY(draw(s, &rng, &chosen, end, error)); // finds what is not finite
    if (!s->mean) {
        if (!*end) accept(s, centers, chosen);
        return FX_OK;
    }
    *end = false;
    rng = fx_rng_at(seed, FX_RNG_KMEANS, 0, 0);
    chosen = fx_rng_below(&rng, (uint32_t)s->samples->rows);
    FX__TRY(judge(s, &chosen, 1, &chosen, error));
    accept(s, centers, chosen);
    for (size_t i = 0; i < s->samples->rows; i++) s->residuals[i] = FLT_MAX;
    return update(s, error);
}

fx_status fx__kmeans_seed(const fx_matrix *samples, const double *mean, uint64_t seed,
                          fx_matrix *centers, uint32_t *nearest, fx_error *error) {
    seeding s;
    bool end = false;
    fx_status status;
    memset(nearest, 0, samples->rows * sizeof *nearest);
    FX__TRY_GOTO(seeding_create(samples, mean, centers, nearest, seed, &s, error));
    FX__TRY_GOTO(seed_first(&s, seed, centers, &end, error));
    while (!end && s.found < centers->rows) {
        fx_rng rng = fx_rng_at(seed, FX_RNG_KMEANS, 0, s.found);
        size_t chosen;
        if (s.found - s.updated == PENDING || s.exact) FX__TRY_GOTO(update(&s, error));
        FX__TRY_GOTO(choose(&s, &rng, &chosen, &end, error));
        if (!end) accept(&s, centers, chosen);
    }
    if (s.found < centers->rows)
        status = fx_error_set(error, FX_ERROR_DATA,
                              "%zu samples have only %zu distinct values, fewer than %zu clusters",
                              samples->rows, s.found, centers->rows);
    else
        status = update(&s, error);
done:
    seeding_destroy(&s);
    return status;
}
