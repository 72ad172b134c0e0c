// classify compare: the arms of an experiment, side by side.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "featx/report.h"
#include "featx/threads.h"
#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/report/results.h"
#include "src/report/summary.h"
#include "tools/data.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/settings.h"
#include "tools/tool.h"

enum { COLUMNS = 7, CELL_BYTES = 96, NAME_BYTES = 1000 };

typedef char table_row[COLUMNS][CELL_BYTES];

static void fill_row(const fx_comparison *comparison, size_t arm, bool markdown, table_row row) {
    fx_arm_summary summary = fx__arm_summary(comparison, arm);
    double validation = 0;
    for (size_t s = 0; s < summary.seeds; s++)
        validation += summary.results[s].validation_accuracy / (double)summary.seeds;
    (markdown ? escape_markdown : escape_text)(summary.name, row[0], CELL_BYTES);
    snprintf(row[1], CELL_BYTES, "%.4f", summary.accuracy);
    snprintf(row[2], CELL_BYTES, "%.4f … %.4f", summary.interval[0], summary.interval[1]);
    if (isfinite(validation)) snprintf(row[3], CELL_BYTES, "%.4f", validation);
    format_count(summary.results[0].descriptor_length, row[4]);
    format_count(summary.results[0].parameters, row[5]);
    snprintf(row[6], CELL_BYTES, "%.1f s", summary.seconds.total);
}

// Characters, not bytes.
static size_t width_of(const char *text) {
    size_t width = 0;
    for (; *text; text++) width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

static void print_cell(const char *text, size_t width, bool left) {
    int padding = (int)(width - width_of(text));
    printf("%*s%s%*s", left ? 0 : padding, "", text, left ? padding : 0, "");
}

// In Markdown, cells stand between bars and a row of dashes follows the header.
static void print_table(const fx_comparison *comparison, table_row *rows, bool markdown) {
    size_t widths[COLUMNS] = {0}, count = comparison->arm_count + 1;
    for (size_t r = 0; r < count; r++)
        for (int c = 0; c < COLUMNS; c++)
            if (width_of(rows[r][c]) > widths[c]) widths[c] = width_of(rows[r][c]);
    for (size_t r = 0; r < count; r++) {
        for (int c = 0; c < COLUMNS; c++) {
            printf(markdown ? "| " : c ? "  " : "");
            print_cell(rows[r][c], widths[c], c == 0);
            if (markdown) printf(" ");
        }
        printf(markdown ? "|\n" : "\n");
        if (r > 0 || !markdown) continue;
        for (int c = 0; c < COLUMNS; c++) {
            printf("|%s", c ? "-" : ":");
            for (size_t i = 0; i < widths[c]; i++) printf("-");
            printf("%s", c ? ":" : "-");
        }
        printf("|\n");
    }
}

static void print_name(const char *name, bool markdown) {
    char text[NAME_BYTES];
    (markdown ? escape_markdown : escape_text)(name, text, sizeof text);
    printf("%s", text);
}

static void print_pairs(const fx_comparison *comparison, bool markdown) {
    if (comparison->pair_count == 0) return;
    printf(
        "\nDifferences in points, with 95 %% intervals (bootstrap) and p (exact McNemar, Holm):\n");
    if (markdown) printf("\n");
    for (size_t i = 0; i < comparison->pair_count; i++) {
        const fx_pair *pair = &comparison->pairs[i];
        printf(markdown ? "- " : "  ");
        print_name(comparison->experiment->arms[pair->a].name, markdown);
        printf(" - ");
        print_name(comparison->experiment->arms[pair->b].name, markdown);
        printf(": %+.2f (%+.2f … %+.2f), p ", 100 * pair->difference, 100 * pair->ci95[0],
               100 * pair->ci95[1]);
        printf(pair->p < 1e-300 ? "< 1e-300\n" : "= %.2g\n", pair->p);
    }
}

static fx_status print_comparison(const fx_comparison *comparison, bool markdown, fx_error *error) {
    static const char *const titles[COLUMNS] = {
        "arm", "accuracy", "95 % interval", "validation", "numbers", "parameters", "time"};
    table_row *rows;
    FX__TRY(fx__allocate(comparison->arm_count + 1, sizeof *rows, &rows, error));
    for (int c = 0; c < COLUMNS; c++) snprintf(rows[0][c], CELL_BYTES, "%s", titles[c]);
    for (size_t a = 0; a < comparison->arm_count; a++)
        fill_row(comparison, a, markdown, rows[a + 1]);
    print_table(comparison, rows, markdown);
    print_pairs(comparison, markdown);
    free(rows);
    return FX_OK;
}

static fx_status open_experiment(const options *options, fx_experiment *out, fx_error *error) {
    if (options->argument_count == 0) {
        FX__TRY(fx_experiment_defaults(out, error));
    } else {
        char *path;
        FX__TRY(environment_find_recipe(options->environment, options->arguments[0], &path, error));
        fx_status status = fx_experiment_load(path, out, error);
        free(path);
        if (status != FX_OK) return status;
    }
    fx_status status = settings_apply_to_experiment(options, out, error);
    if (status != FX_OK) fx_experiment_destroy(out);
    return status;
}

static fx_status check_usage(const options *options, bool *markdown, fx_error *error) {
    FX__TRY(options_expect_arguments(options, 0, 1, "one EXPERIMENT.yaml", error));
    *markdown = options->format && strcmp(options->format, "md") == 0;
    if (options->format && !*markdown && strcmp(options->format, "text") != 0)
        return fx_error_set(error, FX_ERROR_USAGE, "--format: found '%s', expected text or md",
                            options->format);
    return FX_OK;
}

// Folder and page, and what was compared.
static void print_footer(const options *options, const fx_experiment *experiment, bool markdown,
                         double seconds) {
    printf("\ndata       ");
    print_name(experiment->dataset, markdown);
    printf(", seed");
    for (int i = 0; i < experiment->seeds.count; i++)
        printf("%s %d", i ? "," : "", experiment->seeds.values[i]);
    printf("; %.1f s in all\n", seconds);
    if (!options->output) {
        printf("report     none written, -o FOLDER is missing\n");
        return;
    }
    printf("report     ");
    print_name(options->output, markdown);
    printf("%sindex.html\n", options->output[strlen(options->output) - 1] == '/' ? "" : "/");
}

fx_status run_compare(const options *options, fx_error *error) {
    double began = seconds_now();
    bool markdown;
    FX__TRY(check_usage(options, &markdown, error));
    fx_status status = FX_OK;
    fx_experiment experiment = {0};
    fx_comparison comparison = {0};
    fx_text unfinished = {0}; // DIR/unfinished
    data data = {0};
    fx_report_options how = {.command = options->command_line, .threads = fx_threads_get()};
    FX__TRY(open_experiment(options, &experiment, error));
    if (options->output) {
        FX__TRY_GOTO(fx_report_check(&how, error));
        FX__TRY_GOTO(fx__folder_create(options->output, error));
        FX__TRY_GOTO(fx__text_printf(&unfinished, error, "%s/unfinished", options->output));
    }
    if (data_is_rows(experiment.dataset)) {
        status = fx_error_set(error, FX_ERROR_USAGE,
                              "%s: an experiment makes its descriptors itself, expected images",
                              experiment.dataset);
        goto done;
    }
    FX__TRY_GOTO(data_open(options, experiment.dataset, (uint64_t)experiment.seed, &data, error));
    fx_model_options training = {.vocabulary = options->vocabulary,
                                 .on_error = options->on_error,
                                 .progress = progress_get(),
                                 .checkpoint = unfinished.data,
                                 .resume = options->resume};
    FX__TRY_GOTO(fx_experiment_run(&experiment, data.data.images, &training, &comparison, error));
    progress_end();
    if (options->output) {
        FX__TRY_GOTO(fx_report_write(&comparison, &how, options->output, error));
        fx_experiment_remove_checkpoints(unfinished.data);
    }
    if (options->json) {
        fx_text text = {0};
        status = fx__results_json(&comparison, &how, &text, error);
        if (status == FX_OK) status = print_json(&text, error);
        fx__text_destroy(&text);
        goto done;
    }
    FX__TRY_GOTO(print_comparison(&comparison, markdown, error));
    print_footer(options, &experiment, markdown, seconds_now() - began);
done:
    fx__text_destroy(&unfinished);
    fx_comparison_destroy(&comparison);
    data_close(&data);
    fx_experiment_destroy(&experiment);
    return status;
}
