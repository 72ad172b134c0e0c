// Distances: the kernel against the plain one, what holds exactly, and the nearest of many rows.
#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "features/distance.h"
#include "featx/rng.h"
#include "featx/threads.h"

static float *random_rows(size_t count, size_t length, bool with_signs, uint64_t seed) {
    float *rows = malloc(sizeof *rows * count * length);
    fx_rng rng = fx_rng_at(seed, FX_RNG_USER, 0, 0);
    for (size_t i = 0; i < count * length; i++) {
        float value = (float)fx_rng_below(&rng, 1000) / 999;
        rows[i] = value < 0.3F ? 0 : with_signs ? value - 0.6F : value;
    }
    return rows;
}

// Sums of n numbers in another order: n roundings of 1.1e-16 at the most, of what is near 1. The
// root of Hellinger's makes 1e-15 of zero 3e-8.
Test(distance, fast_is_plain) {
    for (size_t length = 1; length <= 130; length += length < 35 ? 1 : 19)
        for (int d = 0; d < FX_DISTANCE_COUNT; d++) {
            bool nonnegative = d == FX_DISTANCE_INTERSECTION || d == FX_DISTANCE_HELLINGER;
            float *rows = random_rows(2, length, !nonnegative, length);
            double fast = fx_distance_between((fx_distance)d, rows, rows + length, length);
            double plain = fx__distance_reference((fx_distance)d, rows, rows + length, length);
            double tolerance = d == FX_DISTANCE_HELLINGER ? 1e-7 : 1e-12 * (1 + plain);
            if (!(fabs(fast - plain) <= tolerance))
                cr_assert_fail("%s of %zu: %.17g, expected %.17g", fx_distance_name((fx_distance)d),
                               length, fast, plain);
            free(rows);
        }
}

// Exactly: a row with itself, both orders, and what has no direction.
Test(distance, exact) {
    for (size_t length = 1; length <= 40; length++) {
        float *rows = random_rows(2, length, false, 7 * length);
        float *zero = calloc(length, sizeof *zero), *ones = malloc(sizeof *ones * length);
        for (size_t i = 0; i < length; i++) ones[i] = 0.1F;
        rows[0] = 1; // not zero, and from length 2 on not constant
        for (int i = 0; i < FX_DISTANCE_COUNT; i++) {
            fx_distance d = (fx_distance)i;
            cr_assert(fx_distance_between(d, rows, rows, length) == 0, "%s", fx_distance_name(d));
            cr_assert(fx_distance_between(d, ones, ones, length) == 0);
            cr_assert(fx_distance_between(d, zero, zero, length) == 0);
            cr_assert(fx_distance_between(d, rows, rows + length, length) ==
                      fx_distance_between(d, rows + length, rows, length));
            if (d >= FX_DISTANCE_INTERSECTION && d != FX_DISTANCE_CORRELATION)
                cr_assert(fx_distance_between(d, zero, ones, length) == 1);
        }
        free(rows);
        free(zero);
        free(ones);
    }
    static const float rising[] = {1, 2, 3}, falling[] = {3, 2, 1}, constant[] = {2, 2, 2};
    cr_assert(fx_distance_between(FX_DISTANCE_CORRELATION, rising, falling, 3) == 2);
    cr_assert(fx_distance_between(FX_DISTANCE_CORRELATION, rising, constant, 3) == 1);
    static const float near[] = {10000, 10000.001F, 10000.002F};
    cr_assert(fx_distance_between(FX_DISTANCE_CORRELATION, near, near, 3) == 0);
    static const float bad[] = {1, NAN, 3};
    for (int d = 0; d < FX_DISTANCE_COUNT; d++)
        cr_assert(isnan(fx_distance_between((fx_distance)d, bad, rising, 3)), "%d", d);
}

Test(distance, names) {
    fx_error error;
    fx_distance d;
    for (int i = 0; i < FX_DISTANCE_COUNT; i++) {
        cr_assert_eq(fx_distance_parse(fx_distance_name((fx_distance)i), &d, &error), FX_OK);
        cr_assert_eq((int)d, i);
    }
    cr_assert_eq(fx_distance_parse("l3", &d, &error), FX_ERROR_USAGE);
    cr_assert_str_eq(error.message, "distance: found 'l3', expected L1, L2, chi-square, "
                                    "intersection, hellinger, cosine or correlation");
}

static int by_distance(const void *left, const void *right) {
    const fx_match *a = left, *b = right;
    if (a->distance != b->distance) return a->distance > b->distance ? 1 : -1;
    return a->row > b->row ? 1 : -1;
}

// Against a sort of all distances; rows repeat, so that many distances are equal.
Test(distance, nearest_of_many) {
    enum { COUNT = 9001, LENGTH = 3 };
    float *rows = random_rows(COUNT, LENGTH, false, 3);
    for (size_t i = 0; i < COUNT; i++)
        for (size_t k = 0; k < LENGTH; k++) rows[i * LENGTH + k] = rintf(4 * rows[i * LENGTH + k]);
    rows[17 * LENGTH] = NAN;
    static const float query[LENGTH] = {1, 2, 3};
    fx_match *all = malloc(sizeof *all * COUNT), *out = malloc(sizeof *out * COUNT);
    static const size_t ks[] = {1, 2, 10, 4095, 5000, 9001};
    for (int d = 0; d < FX_DISTANCE_COUNT; d++) {
        for (size_t i = 0; i < COUNT; i++) {
            double value = fx_distance_between((fx_distance)d, rows + i * LENGTH, query, LENGTH);
            all[i] = (fx_match){i, isnan(value) ? INFINITY : value};
        }
        qsort(all, COUNT, sizeof *all, by_distance);
        for (size_t i = 0; i < sizeof ks / sizeof *ks; i++)
            for (int threads = 1; threads <= 3; threads++) {
                size_t found = 0;
                fx_threads_set(threads);
                cr_assert_eq(fx_nearest_rows(rows, COUNT, LENGTH, query, (fx_distance)d, ks[i], out,
                                             &found, NULL),
                             FX_OK);
                cr_assert_eq(found, ks[i]);
                for (size_t k = 0; k < found; k++)
                    cr_assert(out[k].row == all[k].row && out[k].distance == all[k].distance,
                              "%zu of %zu: row %zu", k, ks[i], out[k].row);
            }
    }
    size_t found = 1;
    cr_assert_eq(fx_nearest_rows(rows, 0, LENGTH, query, FX_DISTANCE_L1, 5, out, &found, NULL),
                 FX_OK);
    cr_assert_eq(found, 0);
    cr_assert_eq(fx_nearest_rows(rows, 3, LENGTH, query, FX_DISTANCE_L1, 5, out, &found, NULL),
                 FX_OK);
    cr_assert_eq(found, 3);
    free(rows);
    free(all);
    free(out);
}
