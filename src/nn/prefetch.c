// One thread that makes the batch after the one that is trained on.
//
// The thread has its own team of workers, as large as the trainer's. While both have work they
// share the cores; when one waits for the other, the other has all of them. What a batch holds is a
// function of (epoch, indices) alone, so it does not matter who made it.
#include "src/nn/prefetch.h"

#include <pthread.h>
#include <stdlib.h>

#include "featx/threads.h"

typedef enum phase { IDLE, ASKED, MADE, ENDING } phase;

struct fx__prefetch {
    const fx_samples *samples;
    const fx_mlp *mlp;
    int threads;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed; // the phase
    phase phase;
    // What is asked for, and what came of it.
    uint32_t epoch;
    const uint32_t *indices;
    size_t n;
    float *x; // [rows, inputs]
    fx_status status;
    fx_error error;
};

static void *work(void *self) {
    fx__prefetch *p = self;
    fx_threads_set(p->threads); // a new thread's teams have the default size
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (p->phase == IDLE || p->phase == MADE) pthread_cond_wait(&p->changed, &p->lock);
        if (p->phase == ENDING) break;
        pthread_mutex_unlock(&p->lock);
        fx_status status =
            fx__samples_gather(p->samples, p->mlp, p->epoch, p->indices, p->n, p->x, &p->error);
        pthread_mutex_lock(&p->lock);
        p->status = status;
        if (p->phase == ASKED) p->phase = MADE;
        pthread_cond_signal(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

fx_status fx__prefetch_create(const fx_samples *samples, const fx_mlp *mlp, size_t rows,
                              fx__prefetch **out, fx_error *error) {
    *out = NULL;
    if (!samples->costly || fx_threads_get() < 2) return FX_OK;
    fx__prefetch *p;
    FX__TRY(fx__allocate(1, sizeof *p, &p, error));
    *p = (fx__prefetch){.samples = samples, .mlp = mlp, .threads = fx_threads_get()};
    fx_status status = fx__allocate(rows, mlp->inputs * sizeof *p->x, &p->x, error);
    if (status == FX_OK) {
        pthread_mutex_init(&p->lock, NULL);
        pthread_cond_init(&p->changed, NULL);
        if (pthread_create(&p->thread, NULL, work, p) == 0) {
            *out = p;
            return FX_OK;
        }
        // Without a thread every batch is made when it is needed.
        pthread_cond_destroy(&p->changed);
        pthread_mutex_destroy(&p->lock);
        free(p->x);
    }
    free(p);
    return status;
}

void fx__prefetch_destroy(fx__prefetch *prefetch) {
    if (!prefetch) return;
    pthread_mutex_lock(&prefetch->lock);
    prefetch->phase = ENDING;
    pthread_cond_signal(&prefetch->changed);
    pthread_mutex_unlock(&prefetch->lock);
    pthread_join(prefetch->thread, NULL);
    pthread_cond_destroy(&prefetch->changed);
    pthread_mutex_destroy(&prefetch->lock);
    free(prefetch->x);
    free(prefetch);
}

// Waits for the batch that is being made, if any. True where it is the one wanted.
static bool finish(fx__prefetch *p, uint32_t epoch, const uint32_t *indices, size_t n) {
    pthread_mutex_lock(&p->lock);
    while (p->phase == ASKED) pthread_cond_wait(&p->changed, &p->lock);
    bool wanted = p->phase == MADE && p->epoch == epoch && p->indices == indices && p->n == n;
    p->phase = IDLE;
    pthread_mutex_unlock(&p->lock);
    return wanted;
}

static void ask(fx__prefetch *p, uint32_t epoch, const uint32_t *indices, size_t n) {
    pthread_mutex_lock(&p->lock);
    p->epoch = epoch;
    p->indices = indices;
    p->n = n;
    p->phase = ASKED;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

fx_status fx__prefetch_take(fx__prefetch *prefetch, const fx_samples *samples, const fx_mlp *mlp,
                            uint32_t epoch, const uint32_t *order, size_t begin, size_t n,
                            size_t next, float **x, fx_error *error) {
    const uint32_t *indices = order + begin;
    if (!prefetch) return fx__samples_gather(samples, mlp, epoch, indices, n, *x, error);
    if (finish(prefetch, epoch, indices, n)) {
        if (prefetch->status != FX_OK) {
            if (error) *error = prefetch->error;
            return prefetch->status;
        }
        float *made = prefetch->x;
        prefetch->x = *x;
        *x = made;
    } else {
        FX__TRY(fx__samples_gather(samples, mlp, epoch, indices, n, *x, error));
    }
    if (next > 0) ask(prefetch, epoch, indices + n, next);
    return FX_OK;
}
