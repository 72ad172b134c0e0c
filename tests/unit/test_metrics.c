// Intervals and tests against SciPy and statsmodels, and the bootstrap against what theory says.
#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "featx/threads.h"
#include "src/experiment/metrics.h"
#include "tests/golden/metrics/metrics.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void near(double found, double expected, double tolerance, const char *what, size_t i) {
    cr_assert(fabs(found - expected) <= tolerance, "%s %zu: found %.17g, expected %.17g", what, i,
              found, expected);
}

// A handful of roundings of numbers up to 1.
static const double rounding = 1e-15;

Test(metrics, wilson_is_statsmodels) {
    for (size_t i = 0; i < COUNT(golden_wilson); ++i) {
        double interval[2];
        fx__wilson_interval(golden_wilson[i].k, golden_wilson[i].n, interval);
        near(interval[0], golden_wilson[i].low, rounding, "low", i);
        near(interval[1], golden_wilson[i].high, rounding, "high", i);
        cr_assert_eq(interval[0] == 0, golden_wilson[i].k == 0, "exactly, without a trace");
        cr_assert_eq(interval[1] == 1, golden_wilson[i].k == golden_wilson[i].n);
    }
    double none[2];
    fx__wilson_interval(0, 0, none);
    cr_assert(isnan(none[0]) && isnan(none[1]));
}

Test(metrics, mcnemar_is_statsmodels) {
    for (size_t i = 0; i < COUNT(golden_mcnemar); ++i)
        // lgamma(60,000) is about 6e5 and three of them are added: 1e-10 relative and a margin.
        near(fx__mcnemar_exact(golden_mcnemar[i].only_a, golden_mcnemar[i].only_b),
             golden_mcnemar[i].p, 1e-9 * golden_mcnemar[i].p, "p", i);
    cr_assert_eq(fx__mcnemar_exact(0, UINT64_C(1) << 40), 0, "underflows to 0, not to NaN");
}

Test(metrics, holm_is_statsmodels) {
    for (size_t i = 0; i < COUNT(golden_holm); ++i) {
        double p[HOLM_COUNT];
        memcpy(p, golden_holm[i].raw, sizeof p);
        fx__holm(p, HOLM_COUNT);
        for (size_t j = 0; j < HOLM_COUNT; ++j)
            near(p[j], golden_holm[i].corrected[j], rounding * golden_holm[i].corrected[j], "p",
                 i * HOLM_COUNT + j);
    }
    double some[3] = {0.5, NAN, 0.01};
    fx__holm(some, 3);
    cr_assert(some[0] == 1 && isnan(some[1]) && some[2] == 0.03);
    fx__holm(NULL, 0);
}

Test(metrics, accuracy_and_confusion) {
    const int labels[] = {0, 1, 2, 2, 1}, predictions[] = {0, 2, 2, 2, 0};
    cr_assert_eq(fx__accuracy(labels, predictions, 5), 3.0 / 5);
    cr_assert(isnan(fx__accuracy(labels, predictions, 0)));
    uint64_t confusion[9] = {0};
    const uint64_t expected[9] = {1, 0, 0, 1, 0, 1, 0, 0, 2};
    fx__confusion(labels, predictions, 5, 3, confusion);
    cr_assert_arr_eq(confusion, expected, sizeof expected);
}

enum { SAMPLES = 1500 };

// A tenth of -1, two tenths of 1, else 0, in an order that has nothing to say.
static void fill(int32_t *values, int scale) {
    for (int i = 0; i < SAMPLES; ++i)
        values[i] = scale * (i % 10 == 3 ? -1 : i % 10 == 5 || i % 10 == 8 ? 1 : 0);
}

Test(metrics, bootstrap_follows_the_normal_law) {
    int32_t values[3 * SAMPLES];
    fill(values, 1);
    fill(values + SAMPLES, -3);
    for (int i = 0; i < SAMPLES; ++i) values[2 * SAMPLES + i] = 7;
    double intervals[3][2];
    fx_error error;
    cr_assert_eq(fx__bootstrap_means(values, 3, SAMPLES, 1, intervals, &error), FX_OK);
    const double mean = 0.1, deviation = sqrt((0.3 - mean * mean) / SAMPLES), z = 1.959963984540054;
    // The 2.5 % quantile of 10,000 draws has a standard error of 0.027 deviations; four of them.
    near(intervals[0][0], mean - z * deviation, 0.11 * deviation, "low", 0);
    near(intervals[0][1], mean + z * deviation, 0.11 * deviation, "high", 0);
    // All rows are resampled alike, so -3 times the values has -3 times the interval.
    near(intervals[1][0], -3 * intervals[0][1], 4 * rounding, "low", 1);
    near(intervals[1][1], -3 * intervals[0][0], 4 * rounding, "high", 1);
    cr_assert(intervals[2][0] == 7 && intervals[2][1] == 7);
}

Test(metrics, bootstrap_is_the_same_for_any_number_of_threads_and_differs_by_seed) {
    int32_t values[SAMPLES];
    // Many different values, so that a different resample is a different mean.
    for (int i = 0; i < SAMPLES; ++i) values[i] = i * i % 10007 * 1013 % 9973;
    double reference[2], found[2];
    cr_assert_eq(fx__bootstrap_means(values, 1, SAMPLES, 9, &reference, NULL), FX_OK);
    for (int threads = 1; threads <= 5; threads += 2) {
        fx_threads_set(threads);
        cr_assert_eq(fx__bootstrap_means(values, 1, SAMPLES, 9, &found, NULL), FX_OK);
        cr_assert_arr_eq(found, reference, sizeof found, "%d threads", threads);
    }
    cr_assert_eq(fx__bootstrap_means(values, 1, SAMPLES, 10, &found, NULL), FX_OK);
    cr_assert(found[0] != reference[0] || found[1] != reference[1]);
    cr_assert_eq(fx__bootstrap_means(values, 1, 0, 10, &found, NULL), FX_OK);
    cr_assert(isnan(found[0]) && isnan(found[1]));
}

Test(metrics, numbers_read_back) {
    const double values[] = {0, 0.1, 1.0 / 3, 0.9125, 1e-300, 123456789.123456789};
    for (size_t i = 0; i < COUNT(values); ++i) {
        fx_text text = {0};
        cr_assert_eq(fx__text_json_number(&text, values[i], NULL), FX_OK);
        cr_assert_eq(strtod(text.data, NULL), values[i], "%s", text.data);
        fx__text_destroy(&text);
    }
    fx_text text = {0};
    cr_assert_eq(fx__text_json_number(&text, 0.1, NULL), FX_OK);
    cr_assert_eq(fx__text_json_number(&text, NAN, NULL), FX_OK);
    cr_assert_eq(fx__text_json_number(&text, INFINITY, NULL), FX_OK);
    cr_assert_str_eq(text.data, "0.1nullnull");
    fx__text_destroy(&text);
}
