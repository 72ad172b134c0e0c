// k-means++ seeds.
#ifndef FEATX_FEATURES_KMEANS_SEEDING_H
#define FEATX_FEATURES_KMEANS_SEEDING_H

#include "featx/kmeans.h"

// Fills centers[clusters, d] with samples (spherical: of length 1) and nearest[n] with the index of
// the nearest one. mean[d]: of the samples; spherical: NULL. FX_ERROR_DATA: fewer distinct samples
// than centers. FX_ERROR_NUMERIC: samples that are not finite.
FX_MUST_CHECK fx_status fx__kmeans_seed(const fx_matrix *samples, const double *mean, uint64_t seed,
                                        fx_matrix *centers, uint32_t *nearest, fx_error *error);
#endif
