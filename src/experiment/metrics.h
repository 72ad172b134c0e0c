// Metrics and tests.
#ifndef FEATX_EXPERIMENT_METRICS_H
#define FEATX_EXPERIMENT_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "featx/model.h"
#include "src/base/text.h"

// Share of equal entries; NaN where count is 0.
double fx__accuracy(const int *labels, const int *predictions, size_t count);
// Adds to confusion[classes, classes]: row label, column prediction.
void fx__confusion(const int *labels, const int *predictions, size_t count, int classes,
                   uint64_t *confusion);

// Wilson score interval of k successes in n at 95 %; NaN where n is 0. Source: Wilson, JASA 22,
// 1927.
void fx__wilson_interval(size_t k, size_t n, double out[2]);
// Exact two-sided McNemar test: binomial on the discordant pairs. Source: McNemar 1947.
double fx__mcnemar_exact(uint64_t only_a, uint64_t only_b);
// Holm's step-down correction in place. Source: Holm 1979.
void fx__holm(double *p, size_t count);

enum { FX_BOOTSTRAP_RESAMPLES = 10000 };

// 95 % percentile intervals of the means of `series` rows of values[series, n]: out[series][2].
// Each resample draws n of the n columns, the same for all rows. Seeded. Source: Efron 1979.
// FX_ERROR_MEMORY.
FX_MUST_CHECK fx_status fx__bootstrap_means(const int32_t *values, size_t series, size_t n,
                                            uint64_t seed, double (*out)[2], fx_error *error);

// The object that `classify train --json` prints (design.md): one arm of results.json.
// `dataset` and `threads` are the caller's.
FX_MUST_CHECK fx_status fx__result_json(const fx_result *result, const fx_model *model,
                                        const char *dataset, int threads, fx_text *out,
                                        fx_error *error);
// A JSON number that reads back as the same double; null where it is not finite.
FX_MUST_CHECK fx_status fx__text_json_number(fx_text *text, double value, fx_error *error);
#endif
