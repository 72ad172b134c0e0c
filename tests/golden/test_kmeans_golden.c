// Inertia of k-means against scikit-learn's and Faiss's: words/make_kmeans_golden.py.
#include <criterion/criterion.h>
#include <math.h>

#include "featx/kmeans.h"
#include "featx/threads.h"
#include "tests/golden/words/kmeans.h"
#include "tests/support/noise.h"

enum { N = 3000, D = 8 };

static fx_error error;

static void inertia_of_runs(int clusters, int runs, double *mean, double *best) {
    fx_threads_set(1); // too small for more: they would wait for each other
    fx_matrix blobs;
    cr_assert_eq(fx_matrix_create(N, D, &blobs, &error), FX_OK);
    for (uint32_t i = 0; i < N; i++)
        for (uint32_t k = 0; k < D; k++)
            blobs.data[i * D + k] =
                (float)(2 * noise_unit(3, i % 30 * D + k) + noise_unit(4, i * D + k));
    *mean = 0;
    *best = INFINITY;
    for (int seed = 0; seed < runs; seed++) {
        fx_kmeans_params params = {.clusters = clusters, .rounds = 300, .seed = (uint64_t)seed};
        fx_matrix centers;
        double inertia;
        cr_assert_eq(fx_kmeans(&blobs, &params, NULL, &centers, NULL, &inertia, &error), FX_OK);
        fx_matrix_destroy(&centers);
        *mean += inertia / runs;
        *best = inertia < *best ? inertia : *best;
    }
    fx_matrix_destroy(&blobs);
}

// 300 clusters, hardly any local optima: within 0.5 % of the better of the two.
Test(kmeans, inertia_of_scikit_learn_and_faiss) {
    double mean, best;
    inertia_of_runs(300, 20, &mean, &best);
    cr_expect(fabs(mean / golden_sklearn_300_mean - 1) <= 0.005, "mean %g, scikit-learn %g ± %g",
              mean, golden_sklearn_300_mean, golden_sklearn_300_deviation);
    cr_expect(fabs(best / golden_sklearn_300_best - 1) <= 0.005, "best %g, scikit-learn %g", best,
              golden_sklearn_300_best);
    cr_expect(mean <= 1.005 * golden_faiss_300_mean, "mean %g, Faiss %g", mean,
              golden_faiss_300_mean);
}

// 30 clusters, many local optima: the means of 40 runs each agree to four deviations of their
// difference, and against Faiss's random seeds to 0.5 %.
Test(kmeans, inertia_among_local_optima) {
    double mean, best;
    inertia_of_runs(30, 40, &mean, &best);
    double tolerance = 4 * golden_sklearn_30_deviation * sqrt(2.0 / 40);
    cr_expect(fabs(mean - golden_sklearn_30_mean) <= tolerance, "mean %g, scikit-learn %g ± %g",
              mean, golden_sklearn_30_mean, tolerance);
    cr_expect(mean <= 1.005 * golden_faiss_30_mean, "mean %g, Faiss %g", mean,
              golden_faiss_30_mean);
    cr_expect(best <= 1.005 * golden_faiss_30_best, "best %g, Faiss %g", best,
              golden_faiss_30_best);
}
