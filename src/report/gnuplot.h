// Running gnuplot.
#ifndef FEATX_REPORT_GNUPLOT_H
#define FEATX_REPORT_GNUPLOT_H

#include "src/base/text.h"

// Asks for the version: FX_ERROR_IO, with the package that is missing, where that fails.
FX_MUST_CHECK fx_status fx__gnuplot_check(const char *program, fx_error *error);

// Runs a script and appends what it writes. The script must hold nothing that others wrote: gnuplot
// commands can run programs. FX_ERROR_IO.
FX_MUST_CHECK fx_status fx__gnuplot_run(const char *program, const char *script, fx_text *out,
                                        fx_error *error);
#endif
