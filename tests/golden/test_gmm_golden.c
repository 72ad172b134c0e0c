// Mixtures of Gaussians against scikit-learn.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "featx/gmm.h"
#include "featx/threads.h"
#include "src/base/memory.h"
#include "tests/golden/words/gmm.h"
#include "tests/support/noise.h"

enum { N = 900, D = 6, K = 4, ROUNDS = 12 };

static fx_error error;

static fx_matrix make_blobs(float offset) {
    fx_matrix blobs;
    cr_assert_eq(fx_matrix_create(N, D, &blobs, &error), FX_OK);
    for (uint32_t i = 0; i < N; i++)
        for (uint32_t k = 0; k < D; k++)
            blobs.data[i * D + k] =
                offset + (float)(3 * noise_unit(42, i % 5 * D + k) + noise_unit(41, i * D + k));
    return blobs;
}

static fx_gmm make_start(const fx_matrix *blobs) {
    fx_gmm start;
    cr_assert_eq(fx_matrix_create(K, D, &start.means, &error), FX_OK);
    cr_assert_eq(fx_matrix_create(K, D, &start.variances, &error), FX_OK);
    cr_assert_eq(fx__allocate(K, sizeof(float), &start.priors, &error), FX_OK);
    for (size_t k = 0; k < K; k++) {
        memcpy(start.means.data + k * D, blobs->data + 7 * k * D, D * sizeof(float));
        for (size_t i = 0; i < D; i++) start.variances.data[k * D + i] = 0.25f;
        start.priors[k] = 0.25f;
    }
    return start;
}

static double improve(float offset, fx_gmm *mixture) {
    fx_matrix blobs = make_blobs(offset);
    fx_gmm_params params = fx_gmm_defaults(K);
    params.rounds = ROUNDS;
    params.tolerance = 0;
    double likelihood = 0;
    *mixture = make_start(&blobs);
    fx_status status = fx_gmm_improve(&blobs, &params, NULL, mixture, &likelihood, &error);
    cr_assert_eq(status, FX_OK, "%s", error.message);
    fx_matrix_destroy(&blobs);
    return likelihood;
}

static void close_to(const float *found, const double *expected, size_t count, const char *what) {
    // Products in float, samples of about 1, twelve rounds.
    for (size_t i = 0; i < count; i++)
        cr_expect(fabs(found[i] - expected[i]) <= 2e-5, "%s[%zu]: %.9g, expected %.9g", what, i,
                  found[i], expected[i]);
}

Test(gmm, rounds_of_scikit_learn) {
    fx_gmm mixture;
    double likelihood = improve(0, &mixture);
    cr_expect(fabs(likelihood - golden_gmm_likelihood[0]) <= 1e-5, "%.9g, expected %.9g",
              likelihood, golden_gmm_likelihood[0]);
    close_to(mixture.means.data, golden_gmm_means, K * D, "means");
    close_to(mixture.variances.data, golden_gmm_variances, K * D, "variances");
    close_to(mixture.priors, golden_gmm_priors, K, "priors");
    fx_gmm_destroy(&mixture);
}

// 100 beside deviations of 0.3: nothing may cancel.
Test(gmm, far_from_zero) {
    fx_gmm mixture;
    double likelihood = improve(100, &mixture);
    cr_expect(fabs(likelihood - golden_gmm_far_likelihood[0]) <= 1e-4, "%.9g, expected %.9g",
              likelihood, golden_gmm_far_likelihood[0]);
    fx_gmm_destroy(&mixture);
}

// Runs end in one of some optima, and how often in which is a matter of the seeding of k-means,
// which is greedy there: the best of some is the same.
Test(gmm, likelihood_of_scikit_learn_from_k_means) {
    fx_matrix blobs = make_blobs(0);
    fx_gmm_params params = fx_gmm_defaults(K);
    double best = -INFINITY;
    fx_threads_set(1); // too small for more: they would wait for each other
    for (params.seed = 0; params.seed < 20; params.seed++) {
        fx_gmm mixture;
        double likelihood;
        cr_assert_eq(fx_gmm_learn(&blobs, &params, NULL, &mixture, &likelihood, &error), FX_OK);
        best = fmax(best, likelihood);
        fx_gmm_destroy(&mixture);
    }
    // Both stop where a round gains less than 1e-3.
    cr_expect(fabs(best - golden_gmm_best[0]) <= 1e-3, "best %g, scikit-learn %g", best,
              golden_gmm_best[0]);
    fx_matrix_destroy(&blobs);
}
