// To which component of a Gaussian mixture a sample belongs.
#ifndef FEATX_FEATURES_GMM_POSTERIOR_H
#define FEATX_FEATURES_GMM_POSTERIOR_H

#include "featx/matrix.h"

// A mixture, ready for matrix products: with y = (x - center) · scale the logarithm of component
// k's share of the density is constant + <(y, y²), column k of weights> + constants[k].
typedef struct fx_gmm_posterior {
    fx_matrix weights; // [2d, components]
    float *constants;  // [components]
    float *center;     // [d] the mean of the mixture
    float *scale;      // [d] one over its deviation
    double constant;
} fx_gmm_posterior;

// means[components, d], variances[components, d] > 0, priors[components] ≥ 0.
FX_MUST_CHECK fx_status fx__gmm_posterior_create(size_t components, size_t d, const double *means,
                                                 const double *variances, const double *priors,
                                                 fx_gmm_posterior *out, fx_error *error);
void fx__gmm_posterior_destroy(fx_gmm_posterior *posterior); // NULL is safe

// probabilities[count, components] of samples[count, d], in the calling thread; powers[count, 2d]
// becomes (y, y²). Returns the sum of the samples' log-likelihoods.
double fx__gmm_posterior_apply(const fx_gmm_posterior *posterior, const float *samples,
                               size_t count, float *powers, float *probabilities);
#endif
