// Command-line options: a table of ours, handed to popt for parsing and for help.
//
// Options that stand for a key (--features, --raw, --seed, --words) become assignments like those
// of
// --set, so that all of them take effect in the order in which they were given.
#include "tools/options.h"

#include <limits.h>
#include <popt.h>
#include <stdlib.h>
#include <string.h>

#include "featx/model.h"
#include "featx/threads.h"
#include "src/base/memory.h"
#include "src/base/params.h"
#include "src/base/text.h"

enum {
    ALL = COMMAND_EXTRACT | COMMAND_VOCABULARY | COMMAND_LIST | COMMAND_TRAIN | COMMAND_PREDICT |
          COMMAND_EVAL | COMMAND_COMPARE | COMMAND_SEARCH | COMMAND_SHOW | COMMAND_TUNE |
          COMMAND_LECTURE,
    WORK = ALL & ~COMMAND_LIST,
    KEYS = COMMAND_EXTRACT | COMMAND_VOCABULARY | COMMAND_TRAIN | COMMAND_COMPARE | COMMAND_SHOW,
    THREADS_MAX = 1024,
    TOP_MAX = 1000000,
};

typedef enum option_id {
    OPTION_FEATURES,
    OPTION_RAW,
    OPTION_VOCABULARY,
    OPTION_WORDS,
    OPTION_CONFIG,
    OPTION_SET,
    OPTION_SEED,
    OPTION_OUTPUT,
    OPTION_FORMAT,
    OPTION_INDEX,
    OPTION_NEIGHBORS,
    OPTION_DISTANCE,
    OPTION_IMAGES,
    OPTION_TOP,
    OPTION_CSV,
    OPTION_RESUME,
    OPTION_ON_ERROR,
    OPTION_THREADS,
    OPTION_JSON,
    OPTION_QUIET,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_COUNT
} option_id;

static const struct {
    const char *name;
    char letter;
    const char *argument; // NULL for a flag
    unsigned commands;
    const char *help;
} table[OPTION_COUNT] = {
    [OPTION_FEATURES] = {"features", 0, "NAME[,NAME]",
                         COMMAND_EXTRACT | COMMAND_TRAIN | COMMAND_SHOW,
                         "descriptors, concatenated: raw, color, hog, bovw"},
    [OPTION_RAW] = {"raw", 0, NULL, COMMAND_EXTRACT | COMMAND_TRAIN | COMMAND_SHOW,
                    "the pixels themselves: --features raw"},
    [OPTION_VOCABULARY] = {"vocabulary", 0, "FILE",
                           COMMAND_EXTRACT | COMMAND_TRAIN | COMMAND_COMPARE | COMMAND_SEARCH |
                               COMMAND_SHOW | COMMAND_TUNE,
                           "visual words learned by featx vocabulary"},
    [OPTION_WORDS] = {"words", 0, "K", COMMAND_VOCABULARY, "how many words: --set bovw.words=K"},
    [OPTION_CONFIG] = {"config", 0, "FILE.yaml", KEYS, "keys from a file"},
    [OPTION_SET] = {"set", 0, "KEY=VALUE", KEYS, "one key, after --config; may be repeated"},
    [OPTION_SEED] = {"seed", 0, "N", KEYS | COMMAND_LECTURE,
                     "of everything that is drawn at random"},
    [OPTION_OUTPUT] = {"output", 'o', "PATH",
                       COMMAND_EXTRACT | COMMAND_VOCABULARY | COMMAND_TRAIN | COMMAND_COMPARE |
                           COMMAND_SEARCH | COMMAND_SHOW | COMMAND_TUNE | COMMAND_LECTURE,
                       "what to write; nothing is written without"},
    [OPTION_FORMAT] = {"format", 0, "NAME", COMMAND_EXTRACT | COMMAND_COMPARE,
                       "extract: npy, csv or libsvm; compare: text or md"},
    [OPTION_INDEX] = {"index", 0, "X.npy", COMMAND_SEARCH, "rows to search, made by featx extract"},
    [OPTION_NEIGHBORS] = {"neighbors", 'k', "N", COMMAND_SEARCH, "nearest images of each"},
    [OPTION_DISTANCE] = {"distance", 0, "NAME", COMMAND_SEARCH,
                         "L1, L2, chi-square, intersection, hellinger, cosine or correlation"},
    [OPTION_IMAGES] = {"images", 0, "DATASET", COMMAND_SEARCH,
                       "that the rows were made of: its images stand on the contact sheet"},
    [OPTION_TOP] = {"top", 0, "K", COMMAND_PREDICT, "classes shown of each image"},
    [OPTION_CSV] = {"csv", 0, NULL, COMMAND_PREDICT, "print comma-separated values"},
    [OPTION_RESUME] = {"resume", 0, NULL, COMMAND_RESUMABLE | COMMAND_EXTRACT,
                       "go on where an earlier run with the same -o was stopped"},
    [OPTION_ON_ERROR] = {"on-error", 0, "fail|skip", WORK & ~COMMAND_LECTURE,
                         "what a bad image means: the end, or a line on standard error"},
    [OPTION_THREADS] = {"threads", 0, "N", WORK, "no result depends on it"},
    [OPTION_JSON] = {"json", 0, NULL, ALL, "print one JSON object and nothing else"},
    [OPTION_QUIET] = {"quiet", 0, NULL, ALL, "show no progress"},
    [OPTION_HELP] = {"help", 0, NULL, ALL, "print this"},
    [OPTION_VERSION] = {"version", 0, NULL, ALL, "print the version"},
};

// What the options point into.
struct options_memory {
    poptContext context;
    char *texts[OPTION_COUNT]; // last value given
    bool given[OPTION_COUNT];
    assignment *assignments;
    size_t assignment_capacity;
};

static unsigned commands_of(const tool *tool) {
    unsigned all = 0;
    for (size_t i = 0; i < tool->command_count; i++) all |= tool->commands[i].bit;
    return all;
}

// The value that holds where the option is not given, or NULL.
static const char *default_text(option_id id, char out[32]) {
    switch (id) {
    case OPTION_SEED:
        snprintf(out, 32, "%llu", (unsigned long long)fx_model_defaults().seed);
        return out;
    case OPTION_THREADS:
        snprintf(out, 32, "%d", fx_threads_get());
        return out;
    case OPTION_ON_ERROR:
        return "fail";
    case OPTION_NEIGHBORS:
        return "10";
    case OPTION_DISTANCE:
        return "L2";
    default:
        return NULL;
    }
}

// Rows of popt's table for the options of `commands`; returned by popt as id + 1.
typedef struct popt_table {
    struct poptOption rows[OPTION_COUNT + 1];
    char texts[OPTION_COUNT][32];
    const char *defaults[OPTION_COUNT];
} popt_table;

static void make_table(unsigned commands, bool for_help, popt_table *out) {
    *out = (popt_table){0};
    struct poptOption *row = out->rows;
    for (int id = 0; id < OPTION_COUNT; id++) {
        if (!(table[id].commands & commands)) continue;
        *row = (struct poptOption){
            .longName = table[id].name,
            .shortName = table[id].letter,
            .argInfo = table[id].argument ? POPT_ARG_STRING : POPT_ARG_NONE,
            .val = id + 1,
            .descrip = table[id].help,
            .argDescrip = table[id].argument,
        };
        out->defaults[id] = default_text((option_id)id, out->texts[id]);
        if (for_help && out->defaults[id]) {
            row->argInfo |= POPT_ARGFLAG_SHOW_DEFAULT;
            row->arg = &out->defaults[id];
        }
        row++;
    }
}

// Assignments
// ----------------------------------------------------------------------------------------

static fx_status assign(options *out, const char *key, size_t key_length, const char *value,
                        fx_error *error) {
    struct options_memory *memory = out->memory;
    FX__TRY(fx__grow(&memory->assignments, &memory->assignment_capacity, out->assignment_count + 1,
                     sizeof *memory->assignments, error));
    char *key_copy = strndup(key, key_length), *value_copy = strdup(value);
    if (!key_copy || !value_copy) {
        free(key_copy);
        free(value_copy);
        return fx_error_set(error, FX_ERROR_MEMORY, "out of memory");
    }
    memory->assignments[out->assignment_count++] = (assignment){key_copy, value_copy};
    out->assignments = memory->assignments;
    return FX_OK;
}

// "hog,color" → features=[hog, color], each name checked.
static fx_status assign_features(options *out, const char *list, fx_error *error) {
    const char *names[FX_FEATURE_COUNT];
    for (int f = 0; f < FX_FEATURE_COUNT; f++) names[f] = fx_feature_name((fx_feature)f);
    for (const char *at = list;;) {
        size_t length = strcspn(at, ",");
        bool known = false;
        for (int f = 0; f < FX_FEATURE_COUNT && !known; f++)
            known = strlen(names[f]) == length && strncmp(names[f], at, length) == 0;
        if (!known) {
            char word[64];
            snprintf(word, sizeof word, "%.*s", (int)(length < 60 ? length : 60), at);
            const char *nearest = fx__nearest_name(word, names, FX_FEATURE_COUNT);
            if (nearest)
                return fx_error_set(error, FX_ERROR_USAGE,
                                    "--features: unknown descriptor '%s', did you mean '%s'?", word,
                                    nearest);
            return fx_error_set(error, FX_ERROR_USAGE,
                                "--features: unknown descriptor '%s', expected raw, color, hog or "
                                "bovw, or several of them with commas between",
                                word);
        }
        if (!at[length]) break;
        at += length + 1;
    }
    size_t size = strlen(list) + 3;
    char *value = malloc(size);
    if (!value) return fx_error_set(error, FX_ERROR_MEMORY, "out of memory");
    snprintf(value, size, "[%s]", list);
    fx_status status = assign(out, "features", strlen("features"), value, error);
    free(value);
    return status;
}

static fx_status assign_pair(options *out, const char *pair, fx_error *error) {
    const char *equals = strchr(pair, '=');
    if (!equals || equals == pair)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "--set: found '%s', expected KEY=VALUE such as hog.orientations=12",
                            pair);
    return assign(out, pair, (size_t)(equals - pair), equals + 1, error);
}

// Parsing
// --------------------------------------------------------------------------------------------

static fx_status read_int(option_id id, const char *text, long long min, long long max,
                          long long *out, fx_error *error) {
    if (fx__parse_int(text, min, max, out)) return FX_OK;
    return fx_error_set(error, FX_ERROR_USAGE,
                        "--%s: found '%s', expected an integer from %lld to %lld", table[id].name,
                        text, min, max);
}

// One option; `text` is its value, or NULL for a flag.
static fx_status take(options *out, option_id id, const char *text, fx_error *error) {
    long long number = 0;
    switch (id) {
    case OPTION_FEATURES:
    case OPTION_RAW:
        for (size_t i = 0; i < out->assignment_count; i++) {
            const assignment *a = &out->assignments[i];
            if (strcmp(a->key, "features") == 0 &&
                (strcmp(a->value, "[raw]") == 0) != (id == OPTION_RAW))
                return fx_error_set(error, FX_ERROR_USAGE,
                                    "--%s: found %s before, expected either --features or --raw",
                                    table[id].name, a->value);
        }
        return assign_features(out, id == OPTION_RAW ? "raw" : text, error);
    case OPTION_WORDS:
        return assign(out, "bovw.words", strlen("bovw.words"), text, error);
    case OPTION_SET:
        return assign_pair(out, text, error);
    case OPTION_SEED:
        FX__TRY(read_int(id, text, 0, INT_MAX, &number, error));
        return assign(out, "seed", strlen("seed"), text, error);
    case OPTION_VOCABULARY:
        out->vocabulary = text;
        break;
    case OPTION_CONFIG:
        out->config = text;
        break;
    case OPTION_OUTPUT:
        if (!text[0])
            return fx_error_set(error, FX_ERROR_USAGE, "-o: found an empty name, expected a path");
        out->output = text;
        break;
    case OPTION_FORMAT:
        out->format = text;
        break;
    case OPTION_INDEX:
        out->index = text;
        break;
    case OPTION_DISTANCE:
        out->distance = text;
        break;
    case OPTION_IMAGES:
        out->images = text;
        break;
    case OPTION_NEIGHBORS:
        FX__TRY(read_int(id, text, 1, TOP_MAX, &number, error));
        out->neighbors = (int)number;
        break;
    case OPTION_TOP:
        FX__TRY(read_int(id, text, 1, TOP_MAX, &number, error));
        out->top = (int)number;
        break;
    case OPTION_THREADS:
        FX__TRY(read_int(id, text, 1, THREADS_MAX, &number, error));
        out->threads = (int)number;
        break;
    case OPTION_ON_ERROR:
        if (strcmp(text, "fail") != 0 && strcmp(text, "skip") != 0)
            return fx_error_set(error, FX_ERROR_USAGE,
                                "--on-error: found '%s', expected fail or skip", text);
        out->on_error = text[0] == 's' ? FX_ON_ERROR_SKIP : FX_ON_ERROR_FAIL;
        break;
    case OPTION_CSV:
        out->csv = true;
        break;
    case OPTION_RESUME:
        out->resume = true;
        break;
    case OPTION_JSON:
        out->json = true;
        break;
    case OPTION_QUIET:
        out->quiet = true;
        break;
    case OPTION_HELP:
        out->help = true;
        break;
    case OPTION_VERSION:
        out->version = true;
        break;
    case OPTION_COUNT:
        break;
    }
    return FX_OK;
}

static fx_status popt_failed(const tool *tool, poptContext context, int code, fx_error *error) {
    const char *found = poptBadOption(context, 0);
    if (!found) found = "";
    int length = (int)strcspn(found, "=");
    if (code == POPT_ERROR_NOARG)
        return fx_error_set(error, FX_ERROR_USAGE, "%.*s: a value is missing", length, found);
    if (code != POPT_ERROR_BADOPT)
        return fx_error_set(error, FX_ERROR_USAGE, "%.*s: %s", length, found, poptStrerror(code));
    const char *names[OPTION_COUNT];
    size_t count = 0;
    for (int id = 0; id < OPTION_COUNT; id++)
        if (table[id].commands & commands_of(tool)) names[count++] = table[id].name;
    char word[64];
    size_t dashes = strspn(found, "-");
    snprintf(word, sizeof word, "%.*s", length > (int)dashes ? length - (int)dashes : 0,
             found + dashes);
    const char *nearest = strlen(word) > 1 ? fx__nearest_name(word, names, count) : NULL;
    if (nearest)
        return fx_error_set(error, FX_ERROR_USAGE, "unknown option '%.*s', did you mean '--%s'?",
                            length, found, nearest);
    return fx_error_set(error, FX_ERROR_USAGE, "unknown option '%.*s'; %s --help lists them",
                        length, found, tool->name);
}

// The first argument names the command, or the first command is meant.
static void find_command(options *out) {
    out->command = &out->tool->commands[0];
    for (size_t i = 0; i < out->tool->command_count && out->argument_count > 0; i++)
        if (strcmp(out->tool->commands[i].name, out->arguments[0]) == 0) {
            out->command = &out->tool->commands[i];
            out->command_named = true;
            out->arguments++;
            out->argument_count--;
            return;
        }
}

// A single word that is no path may be a misspelt command or data set; a program of one command
// knows its words itself.
static fx_status check_first_word(const options *options, fx_error *error) {
    if (options->command_named || options->argument_count == 0) return FX_OK;
    if (options->tool->command_count == 1) return FX_OK;
    const char *word = options->arguments[0];
    if (strcmp(word, "-") == 0 || strpbrk(word, "./") || environment_is_path(word) ||
        environment_has_dataset(options->environment, word))
        return FX_OK;
    const tool *tool = options->tool;
    char list[200];
    size_t used = 0;
    const char *names[16];
    for (size_t i = 0; i < tool->command_count; i++) {
        names[i] = tool->commands[i].name;
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", names[i]);
    }
    const char *nearest = fx__nearest_name(word, names, tool->command_count);
    if (!nearest) nearest = environment_nearest_dataset(options->environment, word);
    if (nearest)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "'%s' is no command, data set or file, did you mean '%s'?", word,
                            nearest);
    return fx_error_set(error, FX_ERROR_USAGE,
                        "'%s' is no command, data set or file; the commands are %s", word, list);
}

// Options that another command takes.
static fx_status check_commands(const options *options, fx_error *error) {
    const tool *tool = options->tool;
    for (int id = 0; id < OPTION_COUNT; id++) {
        if (!options->memory->given[id] || (table[id].commands & options->command->bit)) continue;
        char list[200];
        size_t used = 0;
        for (size_t i = 0; i < tool->command_count; i++)
            if (tool->commands[i].bit & table[id].commands)
                used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "",
                                         tool->commands[i].name);
        return fx_error_set(error, FX_ERROR_USAGE, "%s takes no --%s (for: %s)",
                            options->command->name, table[id].name, list);
    }
    return FX_OK;
}

// The command line as a shell would read it back.
static fx_status quote_command_line(const char *name, int argc, char **argv, char **out,
                                    fx_error *error) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./=,:+@%";
    fx_text text = {0};
    fx_status status = fx__text_printf(&text, error, "%s", name);
    for (int i = 1; i < argc && status == FX_OK; i++) {
        bool bare = argv[i][0] && strspn(argv[i], plain) == strlen(argv[i]);
        status = fx__text_printf(&text, error, bare ? " " : " '");
        for (const char *c = argv[i]; *c && status == FX_OK; c++)
            status = *c == '\'' ? fx__text_printf(&text, error, "'\\''")
                                : fx__text_append(&text, c, 1, error);
        if (status == FX_OK && !bare) status = fx__text_append(&text, "'", 1, error);
    }
    if (status != FX_OK) fx__text_destroy(&text);
    *out = text.data;
    return status;
}

fx_status options_parse(const tool *tool, const environment *environment, int argc, char **argv,
                        options *out, fx_error *error) {
    *out = (options){.tool = tool, .environment = environment, .command = &tool->commands[0]};
    FX__TRY(fx__allocate(1, sizeof *out->memory, &out->memory, error));
    struct options_memory *memory = out->memory;
    FX__TRY(quote_command_line(tool->name, argc, argv, &out->command_line, error));
    popt_table popt;
    make_table(commands_of(tool), false, &popt);
    memory->context = poptGetContext(tool->name, argc, (const char **)argv, popt.rows, 0);
    if (!memory->context) return fx_error_set(error, FX_ERROR_MEMORY, "out of memory");
    int code;
    while ((code = poptGetNextOpt(memory->context)) > 0) {
        option_id id = (option_id)(code - 1);
        free(memory->texts[id]);
        memory->texts[id] = poptGetOptArg(memory->context);
        memory->given[id] = true;
        FX__TRY(take(out, id, memory->texts[id], error));
    }
    if (code < -1) return popt_failed(tool, memory->context, code, error);
    out->arguments = (const char *const *)poptGetArgs(memory->context);
    static const char *const none[] = {NULL};
    if (!out->arguments) out->arguments = none;
    out->argument_count = 0;
    while (out->arguments[out->argument_count]) out->argument_count++;
    find_command(out);
    if (out->help || out->version) return FX_OK;
    FX__TRY(check_first_word(out, error));
    FX__TRY(check_commands(out, error));
    if (out->resume && !out->output)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "--resume: expected -o as well: what was begun lies beside its output");
    return FX_OK;
}

void options_destroy(options *options) {
    struct options_memory *memory = options->memory;
    free(options->command_line);
    if (!memory) return;
    poptFreeContext(memory->context);
    for (int id = 0; id < OPTION_COUNT; id++) free(memory->texts[id]);
    for (size_t i = 0; i < options->assignment_count; i++) {
        free(memory->assignments[i].key);
        free(memory->assignments[i].value);
    }
    free(memory->assignments);
    free(memory);
    options->memory = NULL;
}

bool options_take_keys(const options *options) {
    unsigned commands = options->command_named ? options->command->bit : commands_of(options->tool);
    return (commands & KEYS) != 0;
}

void options_print_help(const options *options, FILE *file) {
    const tool *tool = options->tool;
    unsigned bits = 0;
    fx_text usage = {0}; // popt puts "Usage: PROGRAM " before it
    for (size_t i = 0; i < tool->command_count; i++) {
        const command *command = &tool->commands[i];
        if (options->command_named && command != options->command) continue;
        bool optional = command == &tool->commands[0], first = bits == 0;
        bits |= command->bit;
        if (fx__text_printf(&usage, NULL, "%s%s%s%s%s%s %s\n        %s", first ? "" : "\n       ",
                            first ? "" : tool->name, first ? "" : " ", optional ? "[" : "",
                            command->name, optional ? "]" : "", command->arguments,
                            command->help) != FX_OK)
            break;
    }
    popt_table popt;
    make_table(bits, true, &popt);
    const char *argv[] = {tool->name, NULL};
    poptContext context = poptGetContext(tool->name, 1, argv, popt.rows, 0);
    if (context && usage.data) {
        poptSetOtherOptionHelp(context, usage.data);
        poptPrintHelp(context, file, 0);
    }
    poptFreeContext(context);
    fx__text_destroy(&usage);
}

fx_status options_expect_arguments(const options *options, size_t min, size_t max,
                                   const char *expected, fx_error *error) {
    if (options->argument_count < min)
        return fx_error_set(error, FX_ERROR_USAGE, "%s: nothing to do, expected %s",
                            options->command->name, expected);
    if (options->argument_count > max)
        return fx_error_set(error, FX_ERROR_USAGE, "%s: unexpected argument '%s', expected %s",
                            options->command->name, options->arguments[max], expected);
    return FX_OK;
}
