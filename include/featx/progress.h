// Progress and cancellation of long work.
#ifndef FEATX_PROGRESS_H
#define FEATX_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// A caller's ear. report() is called from one thread at a time, at a moderate rate, with `done` of
// `total` steps of `stage` ("extract", "train", …) and an optional note (NULL or "loss 1.23, …").
// Returning false stops the work with FX_ERROR_INTERRUPTED. A NULL fx_progress means: go on,
// silently.
typedef struct fx_progress {
    void *self;
    bool (*report)(void *self, const char *stage, size_t done, size_t total, const char *note);
} fx_progress;

// True where the work may go on.
static inline bool fx_progress_report(const fx_progress *progress, const char *stage, size_t done,
                                      size_t total, const char *note) {
    return !progress || !progress->report ||
           progress->report(progress->self, stage, done, total, note);
}

#ifdef __cplusplus
}
#endif
#endif
