// What a report says of each arm, over its seeds.
#include "src/report/summary.h"

#include <math.h>

#include "src/experiment/metrics.h"

fx_arm_summary fx__arm_summary(const fx_comparison *comparison, size_t arm) {
    size_t seeds = comparison->seed_count;
    fx_arm_summary out = {.name = comparison->experiment->arms[arm].name,
                          .results = &comparison->results[arm * seeds],
                          .seeds = seeds,
                          .lowest = INFINITY,
                          .highest = -INFINITY};
    for (size_t s = 0; s < seeds; s++) {
        const fx_result *result = &out.results[s];
        double share = 1 / (double)seeds;
        out.accuracy += share * result->test_accuracy;
        out.lowest = fmin(out.lowest, result->test_accuracy);
        out.highest = fmax(out.highest, result->test_accuracy);
        out.seconds.load += share * result->seconds.load;
        out.seconds.fit += share * result->seconds.fit;
        out.seconds.extract += share * result->seconds.extract;
        out.seconds.train += share * result->seconds.train;
        out.seconds.test += share * result->seconds.test;
        out.seconds.total += share * result->seconds.total;
    }
    size_t samples = out.results[0].test_samples;
    size_t right = isfinite(out.accuracy) ? (size_t)llround(out.accuracy * (double)samples) : 0;
    fx__wilson_interval(right, samples, out.interval);
    return out;
}

int fx__percent_decimals(const fx_comparison *comparison, size_t arm) {
    fx_arm_summary summary = fx__arm_summary(comparison, arm);
    double points = 100 * (summary.interval[1] - summary.interval[0]) / 2;
    return points < 0.355 ? 2 : points < 3.55 ? 1 : 0;
}

void fx__rank_arms(const fx_comparison *comparison, size_t *order) {
    for (size_t i = 0; i < comparison->arm_count; i++) {
        double accuracy = fx__arm_summary(comparison, i).accuracy;
        size_t at = i;
        for (; at > 0 && fx__arm_summary(comparison, order[at - 1]).accuracy < accuracy; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

bool fx__find_pair(const fx_comparison *comparison, size_t first, size_t second, fx_pair *out) {
    for (size_t i = 0; i < comparison->pair_count; i++) {
        const fx_pair *pair = &comparison->pairs[i];
        if (pair->a == first && pair->b == second) {
            *out = *pair;
            return true;
        }
        if (pair->a == second && pair->b == first) {
            *out = (fx_pair){first,
                             second,
                             pair->only_b,
                             pair->only_a,
                             -pair->difference,
                             {-pair->ci95[1], -pair->ci95[0]},
                             pair->p};
            return true;
        }
    }
    return false;
}
