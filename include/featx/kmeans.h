// k-means clustering.
//
// Sources: Lloyd 1982; Arthur & Vassilvitskii, "k-means++: the advantages of careful seeding",
// SODA 2007; mini-batch: Sculley, "Web-scale k-means clustering", WWW 2010; spherical: Coates & Ng,
// "Learning feature representations with k-means", 2012.
#ifndef FEATX_KMEANS_H
#define FEATX_KMEANS_H

#include <stdbool.h>
#include <stdint.h>

#include "featx/matrix.h"
#include "featx/progress.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fx_kmeans_params {
    int clusters;
    int rounds;     // at the most; stops early when no sample changes its cluster. Batches: so many
    int batch;      // 0: every round takes all samples; else random samples of a round (mini-batch)
    bool spherical; // centers of length 1, a sample belongs to that with the largest |product|
    uint64_t seed;
} fx_kmeans_params;

// centers[clusters, d] and, where not NULL, assignments[n] and *inertia (the sum of squared
// distances to the nearest center; spherical: the mean absolute product). A cluster that becomes
// empty restarts at the sample that is worst represented; in a mini-batch it stays where it is.
// Same bytes for any number of threads. FX_ERROR_DATA: fewer distinct samples than clusters.
// FX_ERROR_NUMERIC: samples that are not finite. FX_ERROR_INTERRUPTED.
FX_MUST_CHECK fx_status fx_kmeans(const fx_matrix *samples, const fx_kmeans_params *params,
                                  const fx_progress *progress, fx_matrix *centers,
                                  uint32_t *assignments, double *inertia, fx_error *error);

#ifdef __cplusplus
}
#endif
#endif
