// The numbers of a comparison for other programs.
#ifndef FEATX_REPORT_RESULTS_H
#define FEATX_REPORT_RESULTS_H

#include "featx/report.h"
#include "src/base/text.h"

// results.json: {"command", "dataset", "seeds", "threads", "versions", "gemm_rate", "seconds",
// "arms": one object an arm and seed, as `classify train --json` prints it, with "name" and
// "history"; "pairs"}.
FX_MUST_CHECK fx_status fx__results_json(const fx_comparison *comparison,
                                         const fx_report_options *options, fx_text *out,
                                         fx_error *error);

// results.csv: a header, and one row an arm and seed (RFC 4180).
FX_MUST_CHECK fx_status fx__results_csv(const fx_comparison *comparison, fx_text *out,
                                        fx_error *error);
#endif
