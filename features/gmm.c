// Gaussian mixtures with diagonal covariances: EM, begun at the clusters of k-means.
//
//   E: q_ik = π_k p_k(x_i) / Σ_l π_l p_l(x_i)
//   M: N_k = Σ_i q_ik,  π_k = N_k / n,  μ_k = Σ q_ik x_i / N_k,  σ²_k = Σ q_ik x_i² / N_k - μ_k²
//
// A variance is at least min_variance times that of all samples. A component that lost all its
// samples keeps its mean and variances.
//
// The samples are cut into PIECES pieces whatever the number of threads; each is worked on in
// blocks that stay in the cache (two matrix products a block) and summed in double, and the pieces'
// sums are added in order.
#include "featx/gmm.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/gmm_posterior.h"
#include "featx/kmeans.h"
#include "src/base/gemm.h"
#include "src/base/memory.h"
#include "src/base/parallel.h"

enum { PIECES = 32, ROWS = 256 };

fx_gmm_params fx_gmm_defaults(int components) {
    return (fx_gmm_params){
        .components = components, .rounds = 100, .tolerance = 1e-3f, .min_variance = 1e-6f};
}

void fx_gmm_destroy(fx_gmm *mixture) {
    if (!mixture) return;
    fx_matrix_destroy(&mixture->means);
    fx_matrix_destroy(&mixture->variances);
    free(mixture->priors);
    mixture->priors = NULL;
}

// A mixture in double, in one block.
typedef struct model {
    size_t components, d;
    double *means, *variances; // [components, d]
    double *priors;            // [components]
} model;

static fx_status create_model(size_t components, size_t d, model *out, fx_error *error) {
    *out = (model){.components = components, .d = d};
    size_t count;
    if (!fx__size_mul(components, 2 * d + 1, &count))
        return fx_error_set(error, FX_ERROR_MEMORY, "%zu components of %zu numbers do not fit",
                            components, d);
    FX__TRY(fx__allocate(count, sizeof(double), &out->means, error));
    out->variances = out->means + components * d;
    out->priors = out->variances + components * d;
    return FX_OK;
}

typedef struct em_scratch {
    float *powers;        // [ROWS, 2d]
    float *probabilities; // [ROWS, components]
    float *sums;          // [components, 2d] of a block
} em_scratch;

typedef struct em {
    const fx_matrix *samples;
    fx_gmm_posterior posterior;
    double *sums;        // [PIECES, components, 2d] Σ q y, Σ q y²
    double *counts;      // [PIECES, components] Σ q
    double *likelihoods; // [PIECES]
    em_scratch *scratch; // [threads]
} em;

static fx_status sum_piece(void *context, size_t piece, int thread, fx_error *error) {
    em *e = context;
    em_scratch *s = &e->scratch[thread];
    size_t n = e->samples->rows, d = e->samples->columns, k = e->posterior.weights.columns;
    size_t end = n * (piece + 1) / PIECES;
    double *sums = e->sums + piece * k * 2 * d, *counts = e->counts + piece * k, likelihood = 0;
    memset(sums, 0, k * 2 * d * sizeof *sums);
    memset(counts, 0, k * sizeof *counts);
    for (size_t begin = n * piece / PIECES; begin < end; begin += ROWS) {
        size_t rows = end - begin < ROWS ? end - begin : ROWS;
        likelihood += fx__gmm_posterior_apply(&e->posterior, e->samples->data + begin * d, rows,
                                              s->powers, s->probabilities);
        fx__gemm_serial(true, false, k, 2 * d, rows, 1, s->probabilities, k, s->powers, 2 * d, 0,
                        s->sums, 2 * d);
        for (size_t i = 0; i < k * 2 * d; i++) sums[i] += s->sums[i];
        for (size_t row = 0; row < rows; row++)
            for (size_t i = 0; i < k; i++) counts[i] += s->probabilities[row * k + i];
    }
    e->likelihoods[piece] = likelihood;
    if (isfinite(likelihood)) return FX_OK;
    return fx_error_set(error, FX_ERROR_NUMERIC,
                        "the log-likelihood of samples %zu … is not finite", n * piece / PIECES);
}

// Adds up the pieces into the first.
static void reduce(em *e, size_t k, size_t d) {
    for (size_t piece = 1; piece < PIECES; piece++) {
        for (size_t i = 0; i < k * 2 * d; i++) e->sums[i] += e->sums[piece * k * 2 * d + i];
        for (size_t i = 0; i < k; i++) e->counts[i] += e->counts[piece * k + i];
        e->likelihoods[0] += e->likelihoods[piece];
    }
}

static void maximize(const em *e, const double *least, model *m) {
    size_t d = m->d;
    double n = (double)e->samples->rows;
    for (size_t k = 0; k < m->components; k++) {
        double count = e->counts[k];
        m->priors[k] = count / n;
        if (!(count > DBL_EPSILON)) continue;
        for (size_t i = 0; i < d; i++) {
            double scale = e->posterior.scale[i], mean = e->sums[k * 2 * d + i] / count;
            double variance = (e->sums[k * 2 * d + d + i] / count - mean * mean) / scale / scale;
            m->means[k * d + i] = e->posterior.center[i] + mean / scale;
            m->variances[k * d + i] = variance > least[i] ? variance : least[i];
        }
    }
}

// The least variances: a share of that of the mixture, which after k-means or EM is that of the
// samples.
static void find_least(const model *m, double share, double *least) {
    for (size_t i = 0; i < m->d; i++) {
        double mean = 0, variance = 0;
        for (size_t k = 0; k < m->components; k++) mean += m->priors[k] * m->means[k * m->d + i];
        for (size_t k = 0; k < m->components; k++) {
            double apart = m->means[k * m->d + i] - mean;
            variance += m->priors[k] * (m->variances[k * m->d + i] + apart * apart);
        }
        least[i] = variance > 0 ? share * variance : share;
        for (size_t k = 0; k < m->components; k++)
            if (!(m->variances[k * m->d + i] >= least[i])) m->variances[k * m->d + i] = least[i];
    }
}

static fx_status improve(const fx_matrix *samples, const fx_gmm_params *params,
                         const fx_progress *progress, model *m, double *log_likelihood,
                         fx_error *error) {
    size_t k = m->components, d = m->d, threads = (size_t)fx__threads();
    double before = -INFINITY, *least = NULL;
    em e = {.samples = samples};
    fx_status status;
    FX__TRY_GOTO(fx__allocate(d, sizeof *least, &least, error));
    FX__TRY_GOTO(fx__allocate(PIECES * k * 2 * d, sizeof *e.sums, &e.sums, error));
    FX__TRY_GOTO(fx__allocate(PIECES * k, sizeof *e.counts, &e.counts, error));
    FX__TRY_GOTO(fx__allocate(PIECES, sizeof *e.likelihoods, &e.likelihoods, error));
    FX__TRY_GOTO(fx__allocate(threads, sizeof *e.scratch, &e.scratch, error));
    for (size_t t = 0; t < threads; t++) {
        em_scratch *s = &e.scratch[t];
        FX__TRY_GOTO(fx__allocate(ROWS * 2 * d, sizeof(float), &s->powers, error));
        FX__TRY_GOTO(fx__allocate(ROWS * k, sizeof(float), &s->probabilities, error));
        FX__TRY_GOTO(fx__allocate(k * 2 * d, sizeof(float), &s->sums, error));
    }
    if (log_likelihood) *log_likelihood = NAN;
    find_least(m, params->min_variance, least);
    for (int round = 0; round < params->rounds; round++) {
        if (!fx_progress_report(progress, "mixture", (size_t)round, (size_t)params->rounds, NULL)) {
            status = fx_error_set(error, FX_ERROR_INTERRUPTED, "interrupted");
            goto done;
        }
        fx__gmm_posterior_destroy(&e.posterior);
        FX__TRY_GOTO(
            fx__gmm_posterior_create(k, d, m->means, m->variances, m->priors, &e.posterior, error));
        FX__TRY_GOTO(fx__parallel_for(PIECES, sum_piece, &e, error));
        reduce(&e, k, d);
        maximize(&e, least, m);
        double mean = e.likelihoods[0] / (double)samples->rows;
        if (log_likelihood) *log_likelihood = mean;
        if (mean - before < params->tolerance) break;
        before = mean;
    }
done:
    fx__gmm_posterior_destroy(&e.posterior);
    for (size_t t = 0; e.scratch && t < threads; t++) {
        free(e.scratch[t].powers);
        free(e.scratch[t].probabilities);
        free(e.scratch[t].sums);
    }
    free(e.scratch);
    free(e.sums);
    free(e.counts);
    free(e.likelihoods);
    free(least);
    return status;
}

// The mixture that clusters are: their means, variances and shares of the samples.
static void from_clusters(const fx_matrix *samples, const uint32_t *assignments,
                          const fx_matrix *centers, model *m) {
    size_t d = m->d, n = samples->rows;
    memset(m->means, 0, m->components * (2 * d + 1) * sizeof *m->means);
    for (size_t row = 0; row < n; row++) {
        size_t k = assignments[row];
        m->priors[k] += 1;
        // Around the center, which is about the mean, squares do not cancel.
        for (size_t i = 0; i < d; i++) {
            double apart = (double)samples->data[row * d + i] - centers->data[k * d + i];
            m->means[k * d + i] += apart;
            m->variances[k * d + i] += apart * apart;
        }
    }
    for (size_t k = 0; k < m->components; k++) {
        double count = m->priors[k] > 0 ? m->priors[k] : 1;
        for (size_t i = 0; i < d; i++) {
            double apart = m->means[k * d + i] / count;
            m->means[k * d + i] = centers->data[k * d + i] + apart;
            m->variances[k * d + i] = m->variances[k * d + i] / count - apart * apart;
        }
        m->priors[k] /= (double)n;
    }
}

static fx_status to_mixture(const model *m, fx_gmm *out, fx_error *error) {
    fx_status status;
    *out = (fx_gmm){0};
    FX__TRY_GOTO(fx_matrix_create(m->components, m->d, &out->means, error));
    FX__TRY_GOTO(fx_matrix_create(m->components, m->d, &out->variances, error));
    FX__TRY_GOTO(fx__allocate(m->components, sizeof(float), &out->priors, error));
    for (size_t i = 0; i < m->components * m->d; i++) {
        out->means.data[i] = (float)m->means[i];
        out->variances.data[i] = (float)m->variances[i];
    }
    for (size_t k = 0; k < m->components; k++) out->priors[k] = (float)m->priors[k];
    return FX_OK;
done:
    fx_gmm_destroy(out);
    return status;
}

static fx_status check(const fx_gmm_params *params, fx_error *error) {
    if (params->components < 1 || params->rounds < 0 || !(params->tolerance >= 0) ||
        !(params->min_variance > 0))
        return fx_error_set(error, FX_ERROR_USAGE,
                            "a mixture: found %d components, %d rounds, tolerance %g, "
                            "min_variance %g, expected ≥ 1, ≥ 0, ≥ 0 and > 0",
                            params->components, params->rounds, (double)params->tolerance,
                            (double)params->min_variance);
    return FX_OK;
}

fx_status fx_gmm_learn(const fx_matrix *samples, const fx_gmm_params *params,
                       const fx_progress *progress, fx_gmm *out, double *log_likelihood,
                       fx_error *error) {
    *out = (fx_gmm){0};
    FX__TRY(check(params, error));
    fx_matrix centers = {0};
    uint32_t *assignments = NULL;
    model m = {0};
    fx_status status;
    fx_kmeans_params kmeans = {
        .clusters = params->components, .rounds = params->rounds, .seed = params->seed};
    FX__TRY_GOTO(fx__allocate(samples->rows, sizeof *assignments, &assignments, error));
    FX__TRY_GOTO(create_model((size_t)params->components, samples->columns, &m, error));
    FX__TRY_GOTO(fx_kmeans(samples, &kmeans, progress, &centers, assignments, NULL, error));
    from_clusters(samples, assignments, &centers, &m);
    FX__TRY_GOTO(improve(samples, params, progress, &m, log_likelihood, error));
    FX__TRY_GOTO(to_mixture(&m, out, error));
done:
    fx_matrix_destroy(&centers);
    free(assignments);
    free(m.means);
    return status;
}

fx_status fx_gmm_improve(const fx_matrix *samples, const fx_gmm_params *params,
                         const fx_progress *progress, fx_gmm *mixture, double *log_likelihood,
                         fx_error *error) {
    FX__TRY(check(params, error));
    size_t k = mixture->means.rows, d = mixture->means.columns;
    if (samples->columns != d || samples->rows == 0)
        return fx_error_set(error, FX_ERROR_DATA,
                            "samples: found %zu of %zu numbers, expected at least one of %zu",
                            samples->rows, samples->columns, d);
    model m;
    fx_status status;
    FX__TRY(create_model(k, d, &m, error));
    for (size_t i = 0; i < k * d; i++) {
        m.means[i] = mixture->means.data[i];
        m.variances[i] = mixture->variances.data[i];
    }
    for (size_t i = 0; i < k; i++) m.priors[i] = mixture->priors[i];
    fx_gmm better;
    FX__TRY_GOTO(improve(samples, params, progress, &m, log_likelihood, error));
    FX__TRY_GOTO(to_mixture(&m, &better, error));
    fx_gmm_destroy(mixture);
    *mixture = better;
done:
    free(m.means);
    return status;
}
