// The report of a comparison: a self-contained page, JSON and CSV.
#ifndef FEATX_REPORT_H
#define FEATX_REPORT_H

#include "featx/experiment.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fx_report_options {
    const char *command; // that repeats it
    const char *gnuplot; // program; NULL is "gnuplot"
    int threads;
} fx_report_options;

// FX_ERROR_IO where gnuplot cannot be run: to be asked before the training starts.
FX_MUST_CHECK fx_status fx_report_check(const fx_report_options *options, fx_error *error);

// Writes folder/index.html, folder/results.json and folder/results.csv.
FX_MUST_CHECK fx_status fx_report_write(const fx_comparison *comparison,
                                        const fx_report_options *options, const char *folder,
                                        fx_error *error);

#ifdef __cplusplus
}
#endif
#endif
