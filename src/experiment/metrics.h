// Metrics and tests.
#ifndef FEATX_EXPERIMENT_METRICS_H
#define FEATX_EXPERIMENT_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "featx/model.h"
#include "src/base/text.h"

// Wilson score interval of k successes in n at 95 %. Source: Wilson, JASA 22, 1927.
void fx__wilson_interval(size_t k, size_t n, double out[2]);
// Exact two-sided McNemar test: binomial on the discordant pairs. Source: McNemar 1947.
double fx__mcnemar_exact(uint64_t only_a, uint64_t only_b);
// Holm's step-down correction in place. Source: Holm 1979.
void fx__holm(double *p, size_t count);
// The object that `classify train --json` prints (design.md): one arm of results.json.
// `dataset` and `threads` are the caller's.
FX_MUST_CHECK fx_status fx__result_json(const fx_result *result, const fx_model *model,
                                        const char *dataset, int threads, fx_text *out,
                                        fx_error *error);
#endif
