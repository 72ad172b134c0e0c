// lecture: every claim of the lecture, run and judged.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "featx/threads.h"
#include "src/base/file.h"
#include "src/base/memory.h"
#include "tools/data.h"
#include "tools/lecture/sheet.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/settings.h"
#include "tools/tool.h"

// The claims that the arguments name ("L1 L13"); all without arguments.
// chosen[lecture_claim_count].
static fx_status choose(const options *options, const claim **chosen, size_t *count,
                        fx_error *error) {
    *count = 0;
    for (size_t i = 0; i < options->argument_count; i++) {
        bool known = false;
        for (size_t k = 0; k < lecture_claim_count; k++)
            known = known || strcasecmp(options->arguments[i], lecture_claims[k]->id) == 0;
        if (!known)
            return fx_error_set(error, FX_ERROR_USAGE, "no claim '%s', expected L1 to L%zu",
                                options->arguments[i], lecture_claim_count);
    }
    for (size_t k = 0; k < lecture_claim_count; k++) {
        bool wanted = options->argument_count == 0;
        for (size_t i = 0; i < options->argument_count; i++)
            wanted = wanted || strcasecmp(options->arguments[i], lecture_claims[k]->id) == 0;
        if (wanted) chosen[(*count)++] = lecture_claims[k];
    }
    return FX_OK;
}

static void print_sheet(const claim *claim, const sheet *sheet) {
    printf("%-4s %-14s %s\n", claim->id, sheet_holds(sheet) ? "held" : "did not hold",
           claim->title);
    for (size_t i = 0; i < sheet->row_count; i++) {
        const row *row = &sheet->rows[i];
        char value[64], interval[96], limit[64];
        format_value(row->found, value);
        format_interval(row->found, interval);
        format_limit(row, limit);
        printf("       %s %s: %s",
               row->limit == NO_LIMIT ? "·"
               : row->met             ? "✓"
                                      : "✗",
               row->what, value);
        if (interval[0]) printf(" (%s)", interval);
        if (limit[0]) printf(", needed %s", limit);
        printf("\n");
    }
}

static fx_status write_text(const char *folder, const char *name, const fx_text *text,
                            fx_error *error) {
    fx_text path = {0};
    fx_status status = fx__text_printf(&path, error, "%s/%s", folder, name);
    if (status == FX_OK) status = fx__file_write(path.data, text->data, text->length, error);
    fx__text_destroy(&path);
    return status;
}

static fx_status write_findings(const options *options, const findings *findings, fx_error *error) {
    fx_text page = {0}, json = {0};
    fx_status status = FX_OK;
    FX__TRY_GOTO(write_json(findings, &json, error));
    if (options->output) {
        FX__TRY_GOTO(write_page(findings, &page, error));
        FX__TRY_GOTO(write_text(options->output, "results.json", &json, error));
        FX__TRY_GOTO(write_text(options->output, "index.html", &page, error));
    }
    if (options->json) FX__TRY_GOTO(print_json(&json, error));
done:
    fx__text_destroy(&page);
    fx__text_destroy(&json);
    return status;
}

static fx_status run_claims(const options *options, const lecture *lecture, sheet *sheets,
                            const claim *const *claims, size_t count, fx_error *error) {
    int plots = 0;
    for (size_t i = 0; i < count; i++) {
        FX__TRY(sheet_run(claims[i], lecture, options->output ? "gnuplot" : NULL, &plots,
                          &sheets[i], error));
        progress_end();
        if (!options->json) print_sheet(claims[i], &sheets[i]);
        if (progress_interrupted())
            return fx_error_set(error, FX_ERROR_INTERRUPTED, "interrupted after %s", claims[i]->id);
    }
    return FX_OK;
}

static fx_status run_lecture(const options *options, fx_error *error) {
    double began = seconds_now();
    const claim **claims = NULL;
    sheet *sheets = NULL;
    size_t count = 0;
    settings settings = {0};
    fx_dataset shapes = {0};
    fx_status status;
    FX__TRY_GOTO(fx__allocate(lecture_claim_count, sizeof *claims, &claims, error));
    FX__TRY_GOTO(fx__allocate(lecture_claim_count, sizeof *sheets, &sheets, error));
    FX__TRY_GOTO(choose(options, claims, &count, error));
    FX__TRY_GOTO(settings_open(options, &settings, error));
    if (options->output) {
        const fx_report_options gnuplot = {0};
        FX__TRY_GOTO(fx_report_check(&gnuplot, error));
        FX__TRY_GOTO(fx__folder_create(options->output, error));
    }
    FX__TRY_GOTO(fx_shapes_create(settings.model.seed, &shapes, error));
    const lecture lecture = {settings.model.seed, &shapes, progress_get()};
    FX__TRY_GOTO(run_claims(options, &lecture, sheets, claims, count, error));
    const findings findings = {sheets,
                               claims,
                               count,
                               settings.model.seed,
                               fx_threads_get(),
                               seconds_now() - began,
                               options->command_line};
    FX__TRY_GOTO(write_findings(options, &findings, error));
    if (options->json) goto done;
    size_t held = 0;
    for (size_t i = 0; i < count; i++) held += sheet_holds(&sheets[i]);
    printf("\n%zu of %zu claims held, in %.1f s\n", held, count, findings.seconds);
    if (!options->output) {
        printf("page       none written, -o FOLDER is missing\n");
    } else {
        printf("page       ");
        print_escaped(stdout, options->output);
        printf("/index.html\n");
    }
done:
    for (size_t i = 0; sheets && i < count; i++) sheet_destroy(&sheets[i]);
    free(sheets);
    free(claims);
    settings_close(&settings);
    fx_dataset_destroy(&shapes);
    return status;
}

int main(int argc, char **argv) {
    static const command commands[] = {
        {"run", COMMAND_LECTURE, "[L1 ...] [-o FOLDER]",
         "Runs the claims of the lecture as experiments, and says which of them held.",
         run_lecture},
    };
    static const tool lecture = {"lecture", commands, sizeof commands / sizeof *commands, false};
    return tool_main(&lecture, argc, argv);
}
