// From argv to an exit status.
#include "tools/tool.h"

#include <stdio.h>
#include <string.h>

#include "featx/threads.h"
#include "featx/version.h"
#include "src/base/block_product.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/restart.h"
#include "tools/settings.h"

static fx_status run(const options *options, fx_error *error) {
    if (options->help) {
        options_print_help(options, stdout);
        if (!options_take_keys(options)) return FX_OK;
        printf("\nKeys of --set and --config, with the values that hold unless given:\n");
        settings_print_keys(options->tool, stdout);
        return FX_OK;
    }
    if (options->version) {
        printf("%s %s (%s)\n", options->tool->name, fx_version(), fx__product_version());
        return FX_OK;
    }
    if (options->threads > 0) fx_threads_set(options->threads);
    progress_begin(options->quiet);
    return options->command->run(options, error);
}

static const char *interruption(const options *options, const fx_error *error) {
    if (strncmp(error->message, "interrupted with ", 17) == 0) return error->message;
    return options->command && options->command->bit & COMMAND_RESUMABLE && options->output
               ? "interrupted; the same command with --resume goes on"
               : "interrupted";
}

int tool_main(const tool *tool, int argc, char **argv) {
    restart_tuned(argv);
    fx_error error = {0};
    environment environment = {0};
    options options = {0};
    progress_catch_interrupts();
    fx_status status = environment_open(argc > 0 ? argv[0] : tool->name, &environment, &error);
    if (status == FX_OK) status = options_parse(tool, &environment, argc, argv, &options, &error);
    if (status == FX_OK) status = run(&options, &error);
    if (status == FX_OK) status = flush_output(&error);
    progress_end();
    if (status == FX_ERROR_INTERRUPTED)
        progress_message(tool->name, interruption(&options, &error));
    else if (status != FX_OK)
        progress_message(tool->name, error.message);
    options_destroy(&options);
    environment_destroy(&environment);
    return status == FX_OK                  ? 0
           : status == FX_ERROR_USAGE       ? 2
           : status == FX_ERROR_INTERRUPTED ? 128 + (progress_signal() ? progress_signal() : 2)
                                            : 1;
}
