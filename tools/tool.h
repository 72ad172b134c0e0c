// What the mains of both tools share.
#ifndef FEATX_TOOLS_TOOL_H
#define FEATX_TOOLS_TOOL_H

#include "tools/options.h"

// Parses, runs the command, reports the error in one line. Returns the exit status: 0 done, 1
// failed, 2 wrong usage, 130 interrupted.
int tool_main(const tool *tool, int argc, char **argv);

// The commands.
fx_status run_extract(const options *options, fx_error *error);
fx_status run_vocabulary(const options *options, fx_error *error);
fx_status run_show(const options *options, fx_error *error);
fx_status run_search(const options *options, fx_error *error);
fx_status run_list(const options *options, fx_error *error);
fx_status run_train(const options *options, fx_error *error);
fx_status run_predict(const options *options, fx_error *error);
fx_status run_eval(const options *options, fx_error *error);
fx_status run_compare(const options *options, fx_error *error);
fx_status run_tune(const options *options, fx_error *error);
#endif
