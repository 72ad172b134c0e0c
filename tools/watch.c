// Reporting of bad images.
#include "tools/watch.h"

#include <stdlib.h>

#include "src/base/memory.h"
#include "tools/progress.h"

void watch_report(watch *watch, size_t index, const fx_error *reason) {
    pthread_mutex_lock(&watch->lock);
    bool first = !watch->reported[index];
    watch->reported[index] = true;
    pthread_mutex_unlock(&watch->lock);
    if (first) progress_message("skipped", reason->message);
}

static fx_status watched(const void *self, size_t index, fx_image *out, fx_error *error,
                         fx_status (*call)(const void *, size_t, fx_image *, fx_error *)) {
    watch *state = (watch *)self; // const to its users, who are many; it has a lock
    fx_error own;
    if (!error) error = &own;
    fx_status status = call(state->base.self, index, out, error);
    if (status != FX_OK) watch_report(state, index, error);
    return status;
}

static fx_status get(const void *self, size_t index, fx_image *out, fx_error *error) {
    const watch *state = self;
    return watched(self, index, out, error, state->base.get);
}

static fx_status probe(const void *self, size_t index, fx_image *out, fx_error *error) {
    const watch *state = self;
    return watched(self, index, out, error, state->base.probe);
}

static void name(const void *self, size_t index, char *out, size_t size) {
    const watch *state = self;
    state->base.name(state->base.self, index, out, size);
}

fx_status watch_open(const fx_image_source *base, watch *out, fx_image_source *source,
                     fx_error *error) {
    *out = (watch){.base = *base, .lock = PTHREAD_MUTEX_INITIALIZER};
    FX__TRY(fx__allocate(base->count, sizeof *out->reported, &out->reported, error));
    *source = (fx_image_source){out, base->count, get, probe, name};
    return FX_OK;
}

void watch_close(watch *watch) {
    free(watch->reported);
    watch->reported = NULL;
}

fx_status dataset_watch_open(const fx_dataset *base, dataset_watch *out, fx_dataset *view,
                             fx_error *error) {
    *out = (dataset_watch){0};
    *view = *base;
    view->owner = NULL;
    view->destroy_owner = NULL;
    fx_split *splits[] = {&view->train, &view->validation, &view->test};
    for (int s = 0; s < 3; s++) {
        fx_image_source images = splits[s]->images;
        if (images.count > 0)
            FX__TRY(watch_open(&images, &out->splits[s], &splits[s]->images, error));
    }
    return FX_OK;
}

void dataset_watch_close(dataset_watch *watch) {
    for (int s = 0; s < 3; s++) watch_close(&watch->splits[s]);
}
