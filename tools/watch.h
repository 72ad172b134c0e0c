// Bad images that are skipped are reported: a source that says on standard error what failed.
#ifndef FEATX_TOOLS_WATCH_H
#define FEATX_TOOLS_WATCH_H

#include <pthread.h>
#include <stdbool.h>

#include "featx/dataset.h"

typedef struct watch {
    fx_image_source base;
    pthread_mutex_t lock;
    bool *reported; // [base.count]
} watch;

// A view of `base` that reports each image that cannot be had, once. *out must not move.
FX_MUST_CHECK fx_status watch_open(const fx_image_source *base, watch *out, fx_image_source *source,
                                   fx_error *error);
void watch_close(watch *watch);
// Reports what was found out otherwise.
void watch_report(watch *watch, size_t index, const fx_error *reason);

// The same over all splits of a data set: *view lends from `base` and from the watches.
typedef struct dataset_watch {
    watch splits[3];
} dataset_watch;
FX_MUST_CHECK fx_status dataset_watch_open(const fx_dataset *base, dataset_watch *out,
                                           fx_dataset *view, fx_error *error);
void dataset_watch_close(dataset_watch *watch);
#endif
