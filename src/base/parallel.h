// Parallel loops over pieces whose shapes do not depend on the number of threads.
#ifndef FEATX_BASE_PARALLEL_H
#define FEATX_BASE_PARALLEL_H

#include <stddef.h>

#include "featx/error.h"
#include "featx/progress.h"

// One piece of the work. `thread` < fx__threads() names the caller's scratch.
typedef fx_status (*fx__task)(void *context, size_t index, int thread, fx_error *error);

// Runs task(context, 0 … count-1) under OpenMP, handed out in order. After an error no new piece is
// begun, and the error of the lowest index that failed is returned, whatever the number of threads.
// Runs in the calling thread when called from within a parallel loop.
FX_MUST_CHECK fx_status fx__parallel_for(size_t count, fx__task task, void *context,
                                         fx_error *error);

// The same with progress: reports done/total pieces scaled to `total` steps of `stage`.
FX_MUST_CHECK fx_status fx__parallel_for_progress(size_t count, fx__task task, void *context,
                                                  const fx_progress *progress, const char *stage,
                                                  size_t total, fx_error *error);

// Threads that a parallel loop begun here would use, ≥ 1.
int fx__threads(void);
#endif
