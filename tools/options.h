// The command line of both tools: one table of options that parses and prints help.
#ifndef FEATX_TOOLS_OPTIONS_H
#define FEATX_TOOLS_OPTIONS_H

#include <stdio.h>

#include "featx/descriptor.h"
#include "featx/error.h"
#include "tools/environment.h"

// Which commands an option belongs to.
enum {
    COMMAND_EXTRACT = 1 << 0,
    COMMAND_VOCABULARY = 1 << 1,
    COMMAND_LIST = 1 << 2,
    COMMAND_TRAIN = 1 << 3,
    COMMAND_PREDICT = 1 << 4,
    COMMAND_EVAL = 1 << 5,
    COMMAND_COMPARE = 1 << 6,
    COMMAND_SEARCH = 1 << 7,
    COMMAND_SHOW = 1 << 8,
    COMMAND_TUNE = 1 << 9, // classify search
    COMMAND_RESUMABLE = COMMAND_TRAIN | COMMAND_COMPARE | COMMAND_TUNE,
    COMMAND_LECTURE = 1 << 16, // the one of a program of its own
};

typedef struct options options;

typedef struct command {
    const char *name;
    unsigned bit;          // COMMAND_…
    const char *arguments; // as the help shows them
    const char *help;      // one line
    fx_status (*run)(const options *options, fx_error *error);
} command;

typedef struct tool {
    const char *name;
    const command *commands; // the first is meant where none is named
    size_t command_count;
    bool descriptor_only; // --set takes the keys of descriptors, not those of the whole pipeline
} tool;

// key=value, from --set or from an option that stands for a key.
typedef struct assignment {
    char *key, *value;
} assignment;

struct options {
    const tool *tool;
    const command *command;
    bool command_named; // or meant by default
    char *command_line; // quoted for a shell
    const environment *environment;
    const char *const *arguments; // [argument_count], without the command's name
    size_t argument_count;
    const assignment *assignments; // [assignment_count], in the order given
    size_t assignment_count;
    const char *config, *vocabulary, *output, *format; // NULL where not given
    const char *index, *distance, *images;             // the same
    int top, threads, neighbors;                       // 0 where not given
    bool csv, json, quiet, resume, help, version;
    fx_on_error on_error;
    struct options_memory *memory;
};

// FX_ERROR_USAGE for everything wrong, with the nearest known name.
FX_MUST_CHECK fx_status options_parse(const tool *tool, const environment *environment, int argc,
                                      char **argv, options *out, fx_error *error);
void options_destroy(options *options);

// The option table of the command, or of all where none was named, as popt prints it.
void options_print_help(const options *options, FILE *file);
// Whether that includes commands with --set.
bool options_take_keys(const options *options);

// FX_ERROR_USAGE unless min ≤ argument_count ≤ max; `expected` says what the arguments are.
FX_MUST_CHECK fx_status options_expect_arguments(const options *options, size_t min, size_t max,
                                                 const char *expected, fx_error *error);
#endif
