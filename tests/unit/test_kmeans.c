// k-means: what it finds, its rules, the same bytes for any number of threads.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/kmeans_bounds.h"
#include "features/nearest.h"
#include "featx/kmeans.h"
#include "featx/rng.h"
#include "featx/threads.h"
#include "tests/support/noise.h"

static fx_error error;

static fx_matrix uniform(size_t n, size_t d, uint32_t seed) {
    fx_matrix samples;
    cr_assert_eq(fx_matrix_create(n, d, &samples, &error), FX_OK);
    for (size_t i = 0; i < n * d; i++) samples.data[i] = (float)noise_unit(seed, (uint32_t)i);
    return samples;
}

static double distance(const float *x, const float *y, size_t d) {
    double sum = 0;
    for (size_t k = 0; k < d; k++) sum += ((double)x[k] - y[k]) * ((double)x[k] - y[k]);
    return sum;
}

Test(nearest, plain_reference) {
    enum { LD = 70 };
    const size_t sizes[] = {1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64};
    for (size_t a = 0; a < 12; a++)
        for (size_t b = 0; b < 12; b++)
            for (int spherical = 0; spherical < 2; spherical++) {
                size_t centers = sizes[a], samples = sizes[b];
                float products[64 * LD], half[64], best[64], first[64];
                uint32_t index[64] = {0};
                // Few values, so that there are ties: the lowest index wins.
                for (uint32_t i = 0; i < 64 * LD; i++) products[i] = (float)(noise(1, i) % 9) - 4;
                for (uint32_t i = 0; i < 64; i++) {
                    half[i] = (float)(noise(2, i) % 3);
                    best[i] = first[i] = i % 5 == 0 ? 3.0f : -INFINITY;
                }
                fx__nearest_update(products, centers, samples, LD, spherical ? NULL : half, 100,
                                   best, index);
                for (size_t s = 0; s < samples; s++) {
                    float value = first[s];
                    uint32_t place = 0;
                    for (size_t c = 0; c < centers; c++) {
                        float z = products[c * LD + s];
                        float match = spherical ? fabsf(z) : z - half[c];
                        if (match > value) {
                            value = match;
                            place = 100 + (uint32_t)c;
                        }
                    }
                    cr_assert_eq(index[s], place, "%zu x %zu: sample %zu", centers, samples, s);
                    cr_assert_eq(best[s], value);
                }
            }
}

Test(kmeans, recovers_blobs) {
    // 40 blobs of radius 0.005 · √5 at distance ≥ 1 from each other: k-means++ misses one with
    // probability below 1 %, and does not with this seed.
    enum { BLOBS = 40, EACH = 50, D = 5 };
    for (int far = 0; far < 2; far++) {
        fx_matrix samples = uniform(BLOBS * EACH, D, 1);
        for (size_t i = 0; i < BLOBS * EACH; i++)
            for (size_t k = 0; k < D; k++) {
                size_t blob = i % BLOBS, place = blob >> k & 1;
                if (k == 0 && blob >= 32) place += 3;
                float *x = &samples.data[i * D + k];
                *x = 0.01f * *x + (float)place + (far ? 1000 : 0);
            }
        fx_kmeans_params params = {.clusters = BLOBS, .rounds = 50, .seed = 3};
        fx_matrix centers;
        uint32_t *assigned = malloc(BLOBS * EACH * sizeof *assigned);
        double inertia, expected = 0;
        cr_assert_eq(fx_kmeans(&samples, &params, NULL, &centers, assigned, &inertia, &error),
                     FX_OK);
        bool taken[BLOBS] = {false};
        for (size_t b = 0; b < BLOBS; b++) {
            cr_assert_not(taken[assigned[b]], "two blobs share a center");
            taken[assigned[b]] = true;
            double mean[D] = {0};
            for (size_t i = b; i < samples.rows; i += BLOBS) {
                cr_assert_eq(assigned[i], assigned[b], "a blob is split");
                for (size_t k = 0; k < D; k++) mean[k] += samples.data[i * D + k] / EACH;
                expected += distance(samples.data + i * D, centers.data + assigned[i] * D, D);
            }
            for (size_t k = 0; k < D; k++) // float at 1000 has steps of 6e-5
                cr_assert(fabs(centers.data[assigned[b] * D + k] - mean[k]) <= (far ? 1e-4 : 1e-6),
                          "far %d blob %zu: %g", far, b,
                          centers.data[assigned[b] * D + k] - mean[k]);
        }
        cr_assert(fabs(inertia / expected - 1) <= 1e-6, "%g, %g", inertia, expected);
        free(assigned);
        fx_matrix_destroy(&samples);
        fx_matrix_destroy(&centers);
    }
}

// What a center leaves of a sample, up to a term of the sample alone.
static double mismatch(const float *x, const float *center, size_t d, bool spherical) {
    double product = 0;
    if (!spherical) return distance(x, center, d);
    for (size_t k = 0; k < d; k++) product += (double)x[k] * center[k];
    return -fabs(product);
}

// The bounds leave out most products in late rounds, so what they say is held against a full search
// after each number of rounds: blobs (bounds far apart), a cube (close), samples far from 0.
Test(kmeans, assigns_the_nearest) {
    enum { N = 1100, D = 13 };
    const int sizes[] = {5, 37, 300};
    fx_matrix centers;
    uint32_t assigned[N];
    for (int kind = 0; kind < 6; kind++) {
        bool spherical = kind % 2, blobs = kind / 2 == 0, far = kind / 2 == 2;
        fx_matrix samples = uniform(N, D, 2);
        for (size_t i = 0; i < N; i++)
            for (size_t k = 0; k < D; k++) {
                float *x = &samples.data[i * D + k];
                if (blobs)
                    *x = 0.2f * *x + (float)(noise_unit(12, (uint32_t)(i % 40 * D + k)) - 0.5);
                if (far) *x += 100;
            }
        for (size_t s = 0; s < 3; s++)
            for (int rounds = 1; rounds < 14; rounds += 6) {
                fx_kmeans_params params = {
                    .clusters = sizes[s], .rounds = rounds, .spherical = spherical, .seed = 1};
                cr_assert_eq(fx_kmeans(&samples, &params, NULL, &centers, assigned, NULL, &error),
                             FX_OK);
                for (size_t i = 0; i < N; i++) {
                    const float *x = samples.data + i * D;
                    double least = INFINITY;
                    for (size_t c = 0; c < centers.rows; c++)
                        least = fmin(least, mismatch(x, centers.data + c * D, D, spherical));
                    double own = mismatch(x, centers.data + assigned[i] * D, D, spherical);
                    // A float product of D terms is good to D · 2^-24 of |x|·|c|; far from 0 |x| is
                    // 360, and |c - m| about 1, spherical |c| = 1.
                    cr_assert(own <= least + (far ? 5e-4 : 5e-6),
                              "kind %d, %d clusters, round %d, sample %zu: %g, nearest %g", kind,
                              sizes[s], rounds, i, own, least);
                }
                fx_matrix_destroy(&centers);
            }
        fx_matrix_destroy(&samples);
    }
}

// What mini-batches find of blobs is what Lloyd finds, at any number of threads; the last
// assignment is of all samples.
Test(kmeans, mini_batches) {
    enum { N = 4000, D = 6, K = 20, BATCH = 500 };
    for (int spherical = 0; spherical < 2; spherical++) {
        fx_matrix samples = uniform(N, D, 18), lloyd, first, centers;
        for (size_t i = 0; i < N * D; i++)
            samples.data[i] = 0.3f * samples.data[i] +
                              (float)noise_unit(19, (uint32_t)(i / D % K * D + i % D)) * 4;
        for (size_t i = 0; i < N * D && spherical; i++) // signs must not cancel
            if (i / D / K % 2 == 1) samples.data[i] *= -1;
        fx_kmeans_params params = {
            .clusters = K, .rounds = 40, .batch = BATCH, .spherical = spherical, .seed = 2};
        uint32_t assigned[N];
        double expected, found;
        fx_threads_set(1);
        cr_assert_eq(fx_kmeans(&samples, &params, NULL, &first, assigned, &found, &error), FX_OK);
        for (size_t i = 0; i < N; i++)
            for (size_t c = 0; c < K; c++)
                cr_assert(
                    mismatch(samples.data + i * D, first.data + assigned[i] * D, D, spherical) <=
                    mismatch(samples.data + i * D, first.data + c * D, D, spherical) + 1e-5);
        fx_threads_set(5);
        cr_assert_eq(fx_kmeans(&samples, &params, NULL, &centers, NULL, NULL, &error), FX_OK);
        cr_assert_arr_eq(centers.data, first.data, K * D * sizeof(float));
        params.batch = 0;
        cr_assert_eq(fx_kmeans(&samples, &params, NULL, &lloyd, NULL, &expected, &error), FX_OK);
        // Means of 40 · 500 draws instead of 4000 samples: more by about 1 / 1000 of the variance;
        // seeds leave ten times that.
        cr_assert(spherical ? found >= 0.99 * expected : found <= 1.01 * expected,
                  "spherical %d: %g, Lloyd %g", spherical, found, expected);
        for (size_t c = 0; c < K && spherical; c++)
            cr_assert(fabs(fx__dot(first.data + c * D, first.data + c * D, D) - 1) <= 1e-6);
        fx_matrix_destroy(&samples);
        fx_matrix_destroy(&lloyd);
        fx_matrix_destroy(&first);
        fx_matrix_destroy(&centers);
    }
}

// Centers that grow, shrink and jump, most of them a little: all that bounds have to follow.
Test(kmeans, bounds_follow_any_move) {
    enum { N = 600, D = 5, K = 90 };
    for (int spherical = 0; spherical < 2; spherical++) {
        fx_matrix samples = uniform(N, D, 13), centers = uniform(K, D, 14);
        double mean[D] = {0.5, 0.5, 0.5, 0.5, 0.5};
        uint32_t assigned[N] = {0};
        fx_bounds *bounds;
        for (size_t i = 0; i < N * D; i++) samples.data[i] = 0.5f + 0.2f * (samples.data[i] - 0.5f);
        cr_assert_eq(
            fx__bounds_create(&samples, spherical ? NULL : mean, &centers, &bounds, &error), FX_OK);
        for (uint32_t step = 0; step < 30; step++) {
            for (uint32_t c = 0; c < K; c++) {
                double size = step < 2 ? 3 : noise_unit(15, step * K + c) < 0.05 ? 0.5 : 0.98;
                double length = 0;
                for (uint32_t k = 0; k < D; k++) {
                    float *x = &centers.data[c * D + k];
                    *x = (float)(0.5 + size * (*x - 0.5) +
                                 0.01 * (noise_unit(16, (step * K + c) * D + k) - 0.5));
                    length += (double)*x * *x;
                }
                for (size_t k = 0; k < D && spherical; k++)
                    centers.data[c * D + k] /= (float)sqrt(length);
            }
            size_t changes;
            cr_assert_eq(fx__bounds_assign(bounds, &centers, assigned, &changes, &error), FX_OK);
            for (size_t i = 0; i < N; i++) {
                const float *x = samples.data + i * D;
                double least = INFINITY;
                for (size_t c = 0; c < K; c++)
                    least = fmin(least, mismatch(x, centers.data + c * D, D, spherical));
                double own = mismatch(x, centers.data + assigned[i] * D, D, spherical);
                // Rounding of products of at most 2 · 6 at the first steps.
                cr_assert(own <= least + 1e-5, "spherical %d, step %u, sample %zu: %g, nearest %g",
                          spherical, step, i, own, least);
            }
        }
        fx__bounds_destroy(bounds);
        fx_matrix_destroy(&samples);
        fx_matrix_destroy(&centers);
    }
}

static double run(const fx_matrix *samples, int clusters, int rounds, bool spherical) {
    fx_kmeans_params params = {
        .clusters = clusters, .rounds = rounds, .spherical = spherical, .seed = 7};
    fx_matrix centers;
    double inertia;
    cr_assert_eq(fx_kmeans(samples, &params, NULL, &centers, NULL, &inertia, &error), FX_OK);
    fx_matrix_destroy(&centers);
    return inertia;
}

Test(kmeans, every_round_gains) {
    fx_matrix samples = uniform(3000, 10, 3);
    double inertia = INFINITY, product = 0;
    for (int rounds = 0; rounds < 12; rounds++) {
        double next = run(&samples, 100, rounds, false), larger = run(&samples, 100, rounds, true);
        cr_assert(next <= inertia * (1 + 1e-7), "round %d: %.9g after %.9g", rounds, next, inertia);
        cr_assert(larger >= product * (1 - 1e-7), "round %d: %.9g after %.9g", rounds, larger,
                  product);
        inertia = next;
        product = larger;
    }
    cr_assert(inertia < 0.95 * run(&samples, 100, 0, false));
    cr_assert(product > 1.05 * run(&samples, 100, 0, true));
    fx_matrix_destroy(&samples);
}

Test(kmeans, spherical_finds_axes) {
    // Samples along 12 orthogonal axes, in both directions: signs must not cancel.
    enum { N = 1200, D = 12 };
    fx_matrix samples = uniform(N, D, 4), centers;
    uint32_t assigned[N];
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < D; k++)
            samples.data[i * D + k] =
                0.1f * samples.data[i * D + k] + (k == i % D) * (i / D % 2 ? 2.0f : -1.0f);
    fx_kmeans_params params = {.clusters = D, .rounds = 20, .spherical = true, .seed = 5};
    cr_assert_eq(fx_kmeans(&samples, &params, NULL, &centers, assigned, NULL, &error), FX_OK);
    for (size_t i = 0; i < N; i++) cr_assert_eq(assigned[i], assigned[i % D]);
    for (size_t c = 0; c < D; c++) {
        double length = fx__dot(centers.data + c * D, centers.data + c * D, D);
        cr_assert(fabs(length - 1) <= 1e-6);
        double axis = fabs(centers.data[assigned[c] * D + c]);
        cr_assert(axis > 0.99, "axis %zu: %g", c, axis);
    }
    fx_matrix_destroy(&samples);
    fx_matrix_destroy(&centers);
}

Test(kmeans, same_bytes_for_any_number_of_threads) {
    enum { N = 3000, D = 9, K = 300 };
    fx_matrix samples = uniform(N, D, 5);
    for (int spherical = 0; spherical < 2; spherical++) {
        fx_matrix first = {0};
        uint32_t *expected = malloc(N * sizeof *expected), *found = malloc(N * sizeof *found);
        double inertia = 0;
        for (int threads = 1; threads <= 7; threads += threads < 3 ? 1 : 4) {
            fx_threads_set(threads);
            fx_kmeans_params params = {
                .clusters = K, .rounds = 5, .spherical = spherical, .seed = 11};
            fx_matrix centers;
            double value;
            cr_assert_eq(fx_kmeans(&samples, &params, NULL, &centers, found, &value, &error),
                         FX_OK);
            if (threads == 1) {
                first = centers;
                memcpy(expected, found, N * sizeof *found);
                inertia = value;
                continue;
            }
            cr_assert_arr_eq(centers.data, first.data, K * D * sizeof(float), "%d threads",
                             threads);
            cr_assert_arr_eq(found, expected, N * sizeof *found);
            cr_assert_eq(value, inertia);
            fx_matrix_destroy(&centers);
        }
        free(expected);
        free(found);
        fx_matrix_destroy(&first);
    }
    fx_matrix_destroy(&samples);
}

// `distinct` points, each `copies` times.
static fx_matrix repeated(size_t distinct, size_t copies, size_t d) {
    fx_matrix samples = uniform(distinct * copies, d, 6);
    for (size_t i = distinct; i < samples.rows; i++)
        memcpy(samples.data + i * d, samples.data + i % distinct * d, d * sizeof(float));
    return samples;
}

Test(kmeans, distinct_samples_are_counted) {
    fx_matrix samples = repeated(20, 100, 17), centers;
    for (int spherical = 0; spherical < 2; spherical++) {
        double inertia = run(&samples, 20, 3, spherical);
        if (!spherical) cr_assert(inertia <= 1e-9, "each point has its center: %g", inertia);
        fx_kmeans_params params = {.clusters = 21, .rounds = 3, .spherical = spherical};
        cr_assert_eq(fx_kmeans(&samples, &params, NULL, &centers, NULL, NULL, &error),
                     FX_ERROR_DATA);
        cr_assert_str_eq(error.message,
                         "2000 samples have only 20 distinct values, fewer than 21 clusters");
        cr_assert_null(centers.data);
    }
    fx_matrix_destroy(&samples);
}

Test(kmeans, outliers_get_their_clusters) {
    // Two far pairs and a crowd: whatever the seeds, three clusters end with all of them in use and
    // the inertia of the best partition.
    enum { N = 104 };
    fx_matrix samples = uniform(N, 1, 8);
    for (size_t i = 0; i < 2; i++) samples.data[i] = 1000 + (float)i;
    for (size_t i = 2; i < 4; i++) samples.data[i] = -1000 - (float)i;
    for (uint64_t seed = 0; seed < 50; seed++) {
        fx_kmeans_params params = {.clusters = 3, .rounds = 50, .seed = seed};
        fx_matrix centers;
        uint32_t assigned[N];
        cr_assert_eq(fx_kmeans(&samples, &params, NULL, &centers, assigned, NULL, &error), FX_OK);
        cr_assert(assigned[0] != assigned[2] && assigned[0] != assigned[4] &&
                      assigned[2] != assigned[4],
                  "seed %d", (int)seed);
        fx_matrix_destroy(&centers);
    }
    fx_matrix_destroy(&samples);
}

Test(kmeans, errors) {
    fx_matrix samples = uniform(5, 2, 9), centers;
    fx_kmeans_params params = {.clusters = 6, .rounds = 1};
    cr_assert_eq(fx_kmeans(&samples, &params, NULL, &centers, NULL, NULL, &error), FX_ERROR_DATA);
    cr_assert_str_eq(error.message, "5 samples are fewer than 6 clusters");
    params.clusters = 0;
    cr_assert_eq(fx_kmeans(&samples, &params, NULL, &centers, NULL, NULL, &error), FX_ERROR_USAGE);
    params.clusters = 1;
    params.batch = -1;
    cr_assert_eq(fx_kmeans(&samples, &params, NULL, &centers, NULL, NULL, &error), FX_ERROR_USAGE);
    params.batch = 0;
    samples.data[3] = NAN;
    cr_assert_eq(fx_kmeans(&samples, &params, NULL, &centers, NULL, NULL, &error),
                 FX_ERROR_NUMERIC);
    samples.data[3] = INFINITY;
    params.spherical = true;
    cr_assert_eq(fx_kmeans(&samples, &params, NULL, &centers, NULL, NULL, &error),
                 FX_ERROR_NUMERIC);
    memset(samples.data, 0, 10 * sizeof(float)); // no direction at all
    cr_assert_eq(fx_kmeans(&samples, &params, NULL, &centers, NULL, NULL, &error), FX_ERROR_DATA);
    fx_matrix_destroy(&samples);
}

static bool stop(void *self, const char *stage, size_t done, size_t total, const char *note) {
    (void)note;
    cr_assert_str_eq(stage, "k-means");
    cr_assert_eq(total, 9);
    return ++*(int *)self < 3 && done < total;
}

Test(kmeans, stops_on_request) {
    fx_matrix samples = uniform(500, 2, 10), centers;
    fx_kmeans_params params = {.clusters = 50, .rounds = 9};
    int calls = 0;
    fx_progress progress = {&calls, stop};
    cr_assert_eq(fx_kmeans(&samples, &params, &progress, &centers, NULL, NULL, &error),
                 FX_ERROR_INTERRUPTED);
    cr_assert_eq(calls, 3);
    cr_assert_null(centers.data);
    fx_matrix_destroy(&samples);
}
