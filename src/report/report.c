// The report of a comparison: index.html, results.json, results.csv, each written whole or not at
// all. The page comes last: who sees it sees the numbers that belong to it.
#include "featx/report.h"

#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/report/gnuplot.h"
#include "src/report/html.h"
#include "src/report/results.h"

fx_status fx_report_check(const fx_report_options *options, fx_error *error) {
    return fx__gnuplot_check(options->gnuplot ? options->gnuplot : "gnuplot", error);
}

static fx_status write_text(const char *folder, const char *name, const fx_text *text,
                            fx_error *error) {
    fx_text path = {0};
    fx_status status = fx__text_printf(&path, error, "%s/%s", folder, name);
    if (status == FX_OK) status = fx__file_write(path.data, text->data, text->length, error);
    fx__text_destroy(&path);
    return status;
}

fx_status fx_report_write(const fx_comparison *comparison, const fx_report_options *options,
                          const char *folder, fx_error *error) {
    fx_text json = {0}, csv = {0}, page = {0};
    fx_status status;
    FX__TRY_GOTO(fx__results_json(comparison, options, &json, error));
    FX__TRY_GOTO(fx__results_csv(comparison, &csv, error));
    FX__TRY_GOTO(fx__report_html(comparison, options, &page, error));
    FX__TRY_GOTO(fx__folder_create(folder, error));
    FX__TRY_GOTO(write_text(folder, "results.json", &json, error));
    FX__TRY_GOTO(write_text(folder, "results.csv", &csv, error));
    FX__TRY_GOTO(write_text(folder, "index.html", &page, error));
done:
    fx__text_destroy(&json);
    fx__text_destroy(&csv);
    fx__text_destroy(&page);
    return status;
}
