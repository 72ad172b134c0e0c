// Mini-batch k-means.
#ifndef FEATX_FEATURES_KMEANS_MINIBATCH_H
#define FEATX_FEATURES_KMEANS_MINIBATCH_H

#include "featx/kmeans.h"

// Moves the centers by params->rounds batches of params->batch samples. mean[d]: about that of the
// samples; spherical: NULL.
FX_MUST_CHECK fx_status fx__kmeans_minibatch(const fx_matrix *samples, const double *mean,
                                             const fx_kmeans_params *params,
                                             const fx_progress *progress, fx_matrix *centers,
                                             fx_error *error);
#endif
