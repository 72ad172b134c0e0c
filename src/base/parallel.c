// Parallel loops. Pieces are handed out in ascending order, so when piece i fails every lower piece
// has been begun and will end: the error of the lowest failing index is always found.
#include "src/base/parallel.h"

#include <omp.h>
#include <stdbool.h>
#include <stdint.h>

#include "featx/threads.h"

int fx__threads(void) {
    return omp_in_parallel() ? 1 : omp_get_max_threads();
}

void fx_threads_set(int threads) {
    omp_set_num_threads(threads > 0 ? threads : omp_get_num_procs());
}

int fx_threads_get(void) {
    return fx__threads();
}

typedef struct loop {
    size_t count, next, done, failed;
    fx__task task;
    void *context;
    const fx_progress *progress;
    const char *stage;
    size_t total;
    fx_error error;
} loop;

// True where the report says to stop. Callers hold the lock of the loop.
static bool report_stops(loop *l) {
    size_t done = l->total == l->count
                      ? l->done
                      : (size_t)((double)l->done / (double)l->count * (double)l->total);
    return !fx_progress_report(l->progress, l->stage, done, l->total, NULL);
}

static void work(loop *l) {
    int thread = omp_get_thread_num();
    for (;;) {
        size_t index;
#pragma omp atomic capture
        index = l->next++;
        size_t failed;
#pragma omp atomic read
        failed = l->failed;
        if (index >= l->count || index > failed) return;
        fx_error error = {0};
        fx_status status = l->task(l->context, index, thread, &error);
#pragma omp critical(fx__parallel)
        {
            l->done++;
            if (status == FX_OK && l->progress && report_stops(l))
                status = fx_error_set(&error, FX_ERROR_INTERRUPTED, "interrupted");
            if (status != FX_OK && index < l->failed) {
                error.code = status;
                l->error = error;
#pragma omp atomic write
                l->failed = index;
            }
        }
    }
}

fx_status fx__parallel_for_progress(size_t count, fx__task task, void *context,
                                    const fx_progress *progress, const char *stage, size_t total,
                                    fx_error *error) {
    loop l = {.count = count,
              .failed = SIZE_MAX,
              .task = task,
              .context = context,
              .progress = progress,
              .stage = stage,
              .total = total};
    if (count > 1 && fx__threads() > 1) {
#pragma omp parallel
        work(&l);
    } else {
        // A loop within a piece of another loop: its scratch is the caller's own.
        for (size_t i = 0; i < count && l.failed == SIZE_MAX; i++) {
            fx_status status = task(context, i, 0, &l.error);
            l.done++;
            if (status == FX_OK && progress && report_stops(&l))
                status = fx_error_set(&l.error, FX_ERROR_INTERRUPTED, "interrupted");
            l.error.code = status;
            if (status != FX_OK) l.failed = i;
        }
    }
    if (l.failed == SIZE_MAX) return FX_OK;
    if (error) *error = l.error;
    return l.error.code;
}

fx_status fx__parallel_for(size_t count, fx__task task, void *context, fx_error *error) {
    return fx__parallel_for_progress(count, task, context, NULL, "", count, error);
}
