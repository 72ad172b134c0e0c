// The page of a report.
#ifndef FEATX_REPORT_HTML_H
#define FEATX_REPORT_HTML_H

#include "featx/report.h"
#include "src/base/text.h"

// Appends the whole of index.html. Runs gnuplot.
FX_MUST_CHECK fx_status fx__report_html(const fx_comparison *comparison,
                                        const fx_report_options *options, fx_text *out,
                                        fx_error *error);
#endif
