// What a report says of each arm, over its seeds.
#ifndef FEATX_REPORT_SUMMARY_H
#define FEATX_REPORT_SUMMARY_H

#include "featx/experiment.h"

typedef struct fx_arm_summary {
    const char *name;
    const fx_result *results; // [seeds]
    size_t seeds;
    double accuracy;        // on the test samples, mean over the seeds
    double interval[2];     // Wilson, 95 %, at that mean: of the test samples, not of the seeds
    double lowest, highest; // over the seeds
    fx_seconds seconds;     // mean over the seeds
} fx_arm_summary;

fx_arm_summary fx__arm_summary(const fx_comparison *comparison, size_t arm);

// Decimals (0 … 2) of a percentage that the arm's interval supports, by the rule of the Particle
// Data Group: half of the interval has two digits up to 3.54, and one from there on.
int fx__percent_decimals(const fx_comparison *comparison, size_t arm);

// Arms by falling accuracy (equal ones in their order): order[arm_count].
void fx__rank_arms(const fx_comparison *comparison, size_t *order);

// The comparison of two arms, as difference of the first minus the second, or false where none was
// made.
bool fx__find_pair(const fx_comparison *comparison, size_t first, size_t second, fx_pair *out);
#endif
