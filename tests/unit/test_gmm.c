// Mixtures of Gaussians: threads, errors, components that lose their samples.
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "features/gmm_posterior.h"
#include "featx/gmm.h"
#include "featx/threads.h"
#include "src/base/memory.h"
#include "tests/support/noise.h"

static fx_error error;

static fx_matrix make_samples(size_t n, size_t d) {
    fx_matrix samples;
    cr_assert_eq(fx_matrix_create(n, d, &samples, &error), FX_OK);
    for (uint32_t i = 0; i < n * d; i++)
        samples.data[i] = (float)(noise_unit(1, i) + 2 * noise_unit(2, i % (7 * (uint32_t)d)));
    return samples;
}

static fx_gmm learn(const fx_matrix *samples, int components) {
    fx_gmm_params params = fx_gmm_defaults(components);
    params.rounds = 8;
    params.seed = 3;
    fx_gmm mixture;
    fx_status status = fx_gmm_learn(samples, &params, NULL, &mixture, NULL, &error);
    cr_assert_eq(status, FX_OK, "%s", error.message);
    return mixture;
}

Test(gmm, same_bytes_for_any_number_of_threads) {
    fx_matrix samples = make_samples(3001, 9);
    fx_threads_set(1);
    fx_gmm first = learn(&samples, 11);
    for (int threads = 2; threads <= 5; threads += 3) {
        fx_threads_set(threads);
        fx_gmm again = learn(&samples, 11);
        cr_assert_arr_eq(again.means.data, first.means.data, 99 * sizeof(float));
        cr_assert_arr_eq(again.variances.data, first.variances.data, 99 * sizeof(float));
        cr_assert_arr_eq(again.priors, first.priors, 11 * sizeof(float));
        fx_gmm_destroy(&again);
    }
    fx_gmm_destroy(&first);
    fx_matrix_destroy(&samples);
}

// EM never loses likelihood, and priors sum to 1.
Test(gmm, every_round_gains) {
    fx_matrix samples = make_samples(500, 4);
    fx_gmm mixture = learn(&samples, 5);
    fx_gmm_params params = fx_gmm_defaults(5);
    params.rounds = 1;
    double before = -INFINITY, sum = 0;
    for (int round = 0; round < 20; round++) {
        double likelihood;
        cr_assert_eq(fx_gmm_improve(&samples, &params, NULL, &mixture, &likelihood, &error), FX_OK);
        cr_assert(likelihood >= before - 1e-5, "%.9g after %.9g", likelihood, before);
        before = likelihood;
    }
    for (size_t k = 0; k < 5; k++) sum += mixture.priors[k];
    cr_assert(fabs(sum - 1) <= 1e-6);
    fx_gmm_destroy(&mixture);
    fx_matrix_destroy(&samples);
}

// One sample a component, numbers that are all equal: variances stay above their least.
Test(gmm, no_variance_vanishes) {
    fx_matrix samples = make_samples(6, 5);
    for (size_t i = 0; i < 6; i++) samples.data[i * 5 + 2] = 4;
    fx_gmm mixture = learn(&samples, 6);
    for (size_t i = 0; i < 30; i++) {
        cr_assert(isfinite(mixture.means.data[i]));
        cr_assert(mixture.variances.data[i] > 0 && isfinite(mixture.variances.data[i]));
    }
    fx_gmm_destroy(&mixture);
    fx_matrix_destroy(&samples);
}

Test(gmm, a_component_far_from_all_samples_keeps_its_place) {
    fx_matrix samples = make_samples(400, 3);
    fx_gmm mixture = learn(&samples, 2);
    for (size_t i = 0; i < 3; i++) mixture.means.data[i] = 1e4f;
    for (size_t i = 0; i < 3; i++) mixture.variances.data[i] = 1;
    fx_gmm_params params = fx_gmm_defaults(2);
    cr_assert_eq(fx_gmm_improve(&samples, &params, NULL, &mixture, NULL, &error), FX_OK, "%s",
                 error.message);
    cr_assert(fabsf(mixture.means.data[0] - 1e4f) <= 1);
    cr_assert_eq(mixture.priors[0], 0);
    cr_assert(fabsf(mixture.priors[1] - 1) <= 1e-6f);
    fx_gmm_destroy(&mixture);
    fx_matrix_destroy(&samples);
}

// Odd sizes against the density in double.
Test(gmm, posteriors) {
    for (size_t d = 1; d <= 33; d += d < 9 ? 1 : 8)
        for (size_t components = 1; components <= 17; components += components < 4 ? 1 : 13) {
            double means[17 * 33], variances[17 * 33], priors[17];
            float powers[66 * 3], probabilities[17 * 3];
            for (uint32_t i = 0; i < components * d; i++) {
                means[i] = 5 + noise_unit(4, i);
                variances[i] = 0.6 + noise_unit(5, i);
            }
            for (size_t k = 0; k < components; k++) priors[k] = 1.0 / (double)components;
            fx_matrix x = make_samples(3, d);
            for (size_t i = 0; i < 3 * d; i++) x.data[i] += 5;
            fx_gmm_posterior posterior;
            cr_assert_eq(fx__gmm_posterior_create(components, d, means, variances, priors,
                                                  &posterior, &error),
                         FX_OK);
            double found = fx__gmm_posterior_apply(&posterior, x.data, 3, powers, probabilities);
            double expected = 0;
            for (size_t row = 0; row < 3; row++) {
                double density[17], sum = 0;
                for (size_t k = 0; k < components; k++) {
                    double log_density = log(priors[k]);
                    for (size_t i = 0; i < d; i++) {
                        double z = x.data[row * d + i] - means[k * d + i],
                               s2 = variances[k * d + i];
                        log_density -= 0.5 * (log(6.283185307179586 * s2) + z * z / s2);
                    }
                    sum += density[k] = exp(log_density);
                }
                expected += log(sum);
                // Logarithms of up to 300, in float.
                for (size_t k = 0; k < components; k++)
                    cr_assert(fabs(probabilities[row * components + k] - density[k] / sum) <= 2e-4);
            }
            cr_assert(fabs(found - expected) <= 1e-5 * (10 + fabs(expected)), "%g, expected %g",
                      found, expected);
            fx__gmm_posterior_destroy(&posterior);
            fx_matrix_destroy(&x);
        }
}

static bool stop(void *self, const char *stage, size_t done, size_t total, const char *note) {
    (void)self;
    (void)total;
    (void)note;
    return strcmp(stage, "mixture") != 0 || done == 0;
}

Test(gmm, errors) {
    fx_matrix samples = make_samples(50, 3), wider = make_samples(50, 4);
    fx_gmm mixture;
    fx_gmm_params params = fx_gmm_defaults(0);
    cr_assert_eq(fx_gmm_learn(&samples, &params, NULL, &mixture, NULL, &error), FX_ERROR_USAGE);
    params = fx_gmm_defaults(51);
    cr_assert_eq(fx_gmm_learn(&samples, &params, NULL, &mixture, NULL, &error), FX_ERROR_DATA);
    cr_assert_null(mixture.priors);
    params = fx_gmm_defaults(3);
    fx_progress progress = {NULL, stop};
    params.tolerance = 0;
    cr_assert_eq(fx_gmm_learn(&samples, &params, &progress, &mixture, NULL, &error),
                 FX_ERROR_INTERRUPTED);
    mixture = learn(&samples, 3);
    cr_assert_eq(fx_gmm_improve(&wider, &params, NULL, &mixture, NULL, &error), FX_ERROR_DATA);
    cr_assert_str_eq(error.message, "samples: found 50 of 4 numbers, expected at least one of 3");
    samples.data[70] = NAN;
    cr_assert_eq(fx_gmm_improve(&samples, &params, NULL, &mixture, NULL, &error), FX_ERROR_NUMERIC);
    fx_gmm_destroy(&mixture);
    cr_assert_eq(fx_gmm_learn(&samples, &params, NULL, &mixture, NULL, &error), FX_ERROR_NUMERIC);
    fx_gmm_destroy(NULL);
    fx_matrix_destroy(&samples);
    fx_matrix_destroy(&wider);
}
