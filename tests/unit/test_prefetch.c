// Batches made ahead: the same as those made when needed, in whatever order they are taken.
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "featx/threads.h"
#include "src/nn/prefetch.h"

enum { COUNT = 200, INPUTS = 5, ROWS = 16 };

typedef struct spy {
    pthread_t caller;
    int elsewhere, calls; // fills by another thread than the caller's; all
    uint32_t bad;         // batches that begin with this sample fail
    unsigned delay;       // microseconds
} spy;

static fx_status fill(const void *self, uint32_t epoch, const uint32_t *indices, size_t n, float *x,
                      fx_error *error) {
    spy *s = (spy *)self;
    s->calls++;
    s->elsewhere += !pthread_equal(pthread_self(), s->caller);
    if (s->delay) usleep(s->delay);
    if (indices[0] == s->bad)
        return fx_error_set(error, FX_ERROR_IO, "sample %u is gone", (unsigned)indices[0]);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < INPUTS; j++)
            x[i * INPUTS + j] = (float)(epoch * 10000 + indices[i] * 10 + j);
    return FX_OK;
}

static fx_mlp *mlp;
static spy watched;
static fx_samples samples;
static uint32_t order[COUNT];

static void setup(void) {
    fx_mlp_params params = fx_mlp_defaults();
    params.hidden.count = 0;
    cr_assert_eq(fx_mlp_create(&params, INPUTS, 2, 1, &mlp, NULL), FX_OK);
    fx_mlp_input_scale(mlp)[1] = 2;
    watched = (spy){.caller = pthread_self(), .bad = UINT32_MAX};
    samples = (fx_samples){
        .self = &watched, .count = COUNT, .length = INPUTS, .fill = fill, .costly = true};
    for (uint32_t i = 0; i < COUNT; i++) order[i] = (i * 77) % COUNT;
}

static void teardown(void) {
    fx_mlp_destroy(mlp);
}

TestSuite(prefetch, .init = setup, .fini = teardown);

static void check(const float *x, uint32_t epoch, size_t begin, size_t n) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < INPUTS; j++) {
            float value = (float)(epoch * 10000 + order[begin + i] * 10 + j);
            cr_assert_eq(x[i * INPUTS + j], j == 1 ? 2 * value : value);
        }
}

static void take_epoch(fx__prefetch *prefetch, uint32_t epoch, float **x) {
    for (size_t begin = 0; begin < COUNT; begin += ROWS) {
        size_t n = COUNT - begin < ROWS ? COUNT - begin : ROWS, left = COUNT - begin - n;
        cr_assert_eq(fx__prefetch_take(prefetch, &samples, mlp, epoch, order, begin, n,
                                       left < ROWS ? left : ROWS, x, NULL),
                     FX_OK);
        check(*x, epoch, begin, n);
    }
}

Test(prefetch, all_but_the_first_batch_of_an_epoch_are_made_elsewhere) {
    fx_threads_set(2);
    float *x = calloc(ROWS, INPUTS * sizeof *x);
    fx__prefetch *prefetch;
    cr_assert_eq(fx__prefetch_create(&samples, mlp, ROWS, &prefetch, NULL), FX_OK);
    cr_assert_not_null(prefetch);
    for (uint32_t epoch = 1; epoch <= 20; epoch++) {
        watched.delay = epoch % 2 ? 100 : 0; // the trainer waits, or does not
        take_epoch(prefetch, epoch, &x);
    }
    fx__prefetch_destroy(prefetch);
    cr_assert_eq(watched.calls, 20 * 13);
    cr_assert_eq(watched.elsewhere, 20 * 12);
    free(x);
}

Test(prefetch, one_thread_or_cheap_samples_are_filled_in_place) {
    float *x = calloc(ROWS, INPUTS * sizeof *x);
    fx__prefetch *prefetch;
    fx_threads_set(1);
    cr_assert_eq(fx__prefetch_create(&samples, mlp, ROWS, &prefetch, NULL), FX_OK);
    cr_assert_null(prefetch);
    fx_threads_set(2);
    samples.costly = false;
    cr_assert_eq(fx__prefetch_create(&samples, mlp, ROWS, &prefetch, NULL), FX_OK);
    cr_assert_null(prefetch);
    take_epoch(prefetch, 1, &x);
    cr_assert_eq(watched.elsewhere, 0);
    free(x);
}

Test(prefetch, what_was_not_asked_for_is_not_taken) {
    fx_threads_set(2);
    float *x = calloc(ROWS, INPUTS * sizeof *x);
    fx__prefetch *prefetch;
    cr_assert_eq(fx__prefetch_create(&samples, mlp, ROWS, &prefetch, NULL), FX_OK);
    const struct {
        uint32_t epoch;
        size_t begin, n;
    } other[] = {{2, 16, 16}, {1, 32, 16}, {1, 16, 8}}; // where {1, 16, 16} is being made
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(fx__prefetch_take(prefetch, &samples, mlp, 1, order, 0, 16, 16, &x, NULL),
                     FX_OK);
        cr_assert_eq(fx__prefetch_take(prefetch, &samples, mlp, other[i].epoch, order,
                                       other[i].begin, other[i].n, 0, &x, NULL),
                     FX_OK);
        check(x, other[i].epoch, other[i].begin, other[i].n);
    }
    // An end while a batch is being made.
    watched.delay = 2000;
    cr_assert_eq(fx__prefetch_take(prefetch, &samples, mlp, 1, order, 0, 16, 16, &x, NULL), FX_OK);
    fx__prefetch_destroy(prefetch);
    free(x);
}

Test(prefetch, an_error_is_that_of_the_batch) {
    fx_threads_set(2);
    float *x = calloc(ROWS, INPUTS * sizeof *x);
    fx__prefetch *prefetch;
    fx_error error;
    watched.bad = order[32];
    cr_assert_eq(fx__prefetch_create(&samples, mlp, ROWS, &prefetch, NULL), FX_OK);
    cr_assert_eq(fx__prefetch_take(prefetch, &samples, mlp, 1, order, 0, 16, 16, &x, NULL), FX_OK);
    cr_assert_eq(fx__prefetch_take(prefetch, &samples, mlp, 1, order, 16, 16, 16, &x, NULL), FX_OK);
    cr_assert_eq(fx__prefetch_take(prefetch, &samples, mlp, 1, order, 32, 16, 16, &x, &error),
                 FX_ERROR_IO);
    cr_assert_str_eq(error.message, "sample 64 is gone");
    fx__prefetch_destroy(prefetch);
    free(x);
}
