// Lloyd's assignment without the products that bounds prove unnecessary.
#ifndef FEATX_FEATURES_KMEANS_BOUNDS_H
#define FEATX_FEATURES_KMEANS_BOUNDS_H

#include <stdint.h>

#include "featx/matrix.h"

typedef struct fx_bounds fx_bounds;

// mean[d]: about that of the samples; spherical: NULL. `seeds` are the centers before the update
// that leads to the first assignment. Borrows samples and mean.
FX_MUST_CHECK fx_status fx__bounds_create(const fx_matrix *samples, const double *mean,
                                          const fx_matrix *seeds, fx_bounds **out, fx_error *error);
void fx__bounds_destroy(fx_bounds *bounds); // NULL is safe

// assigned[n], the indices of any centers, become those of the nearest (spherical: of the largest
// absolute product); among equal ones the old one stays. *changes: samples that changed their
// center.
FX_MUST_CHECK fx_status fx__bounds_assign(fx_bounds *bounds, const fx_matrix *centers,
                                          uint32_t *assigned, size_t *changes, fx_error *error);
#endif
