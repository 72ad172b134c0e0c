// Mixture of Gaussians with diagonal covariances, by expectation maximization.
//
// Sources: Dempster, Laird & Rubin, "Maximum likelihood from incomplete data via the EM algorithm",
// 1977; begun at k-means.
#ifndef FEATX_GMM_H
#define FEATX_GMM_H

#include <stdint.h>

#include "featx/matrix.h"
#include "featx/progress.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fx_gmm_params {
    int components;
    int rounds;         // of k-means and then of EM, each at the most
    float tolerance;    // EM stops where the mean log-likelihood of a sample grows by less; ≥ 0
    float min_variance; // of a component, as a share of that of all samples, each number apart; > 0
    uint64_t seed;
} fx_gmm_params;

fx_gmm_params fx_gmm_defaults(int components); // 100 rounds, 1e-3, 1e-6, seed 0

typedef struct fx_gmm {
    fx_matrix means, variances; // [components, d]
    float *priors;              // [components], sum 1
} fx_gmm;

// Learns from samples[n, d]; *log_likelihood (may be NULL) is the mean of a sample's under the
// mixture that the last round began with, NaN without a round. Same bytes for any number of
// threads. FX_ERROR_DATA: fewer distinct samples than components. FX_ERROR_NUMERIC: samples that
// are not finite. FX_ERROR_INTERRUPTED. FX_ERROR_USAGE: parameters out of range.
FX_MUST_CHECK fx_status fx_gmm_learn(const fx_matrix *samples, const fx_gmm_params *params,
                                     const fx_progress *progress, fx_gmm *out,
                                     double *log_likelihood, fx_error *error);
// The same from a mixture that is there: improves it by EM.
FX_MUST_CHECK fx_status fx_gmm_improve(const fx_matrix *samples, const fx_gmm_params *params,
                                       const fx_progress *progress, fx_gmm *mixture,
                                       double *log_likelihood, fx_error *error);
void fx_gmm_destroy(fx_gmm *mixture); // NULL is safe

#ifdef __cplusplus
}
#endif
#endif
