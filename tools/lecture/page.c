// What was found, as a page and as JSON.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/experiment/metrics.h"
#include "tools/lecture/sheet.h"

static size_t held(const findings *f) {
    size_t count = 0;
    for (size_t i = 0; i < f->count; i++) count += sheet_holds(&f->sheets[i]);
    return count;
}

static const char *verdict(const sheet *sheet) {
    return sheet_holds(sheet) ? "<span class=\"held\">✓&nbsp;held here</span>"
                              : "<span class=\"failed\">✗&nbsp;did not hold here</span>";
}

static void put_answer(fx_page *page, const findings *f) {
    size_t yes = held(f);
    fx__put(page, "<p class=\"answer\"><strong>%zu of %zu claims held</strong>", yes, f->count);
    if (yes < f->count) fx__put(page, "; not so:");
    const char *separator = " ";
    for (size_t i = 0; i < f->count; i++) {
        if (sheet_holds(&f->sheets[i])) continue;
        fx__put(page, "%s<a href=\"#%s\">%s</a>", separator, f->claims[i]->id, f->claims[i]->id);
        separator = ", ";
    }
    fx__put(page,
            ".</p>\n<p>Every claim of a lecture on neural networks for image classification, as "
            "an experiment on generated data: <em>shapes</em>, ten classes of small pictures, "
            "and points in the plane. A claim is held where every number that has a limit "
            "meets it; a number with an interval meets it only with the whole interval "
            "(95&nbsp;%%). Nobody decides by hand.</p>\n");
}

static void put_contents(fx_page *page, const findings *f) {
    fx__put(page, "<ol class=\"contents\">\n");
    for (size_t i = 0; i < f->count; i++)
        fx__put(page, "<li><span>%s</span> <a href=\"#%s\">%s</a> %s</li>\n", f->claims[i]->id,
                f->claims[i]->id, f->claims[i]->title, verdict(&f->sheets[i]));
    fx__put(page, "</ol>\n");
}

static void put_rows(fx_page *page, const sheet *sheet) {
    bool intervals = false;
    char text[96];
    for (size_t i = 0; i < sheet->row_count; i++)
        intervals = intervals || sheet->rows[i].found.low < sheet->rows[i].found.high;
    fx__put_scroll_begin(page, "Numbers measured");
    fx__put(page, "<table class=\"numbers\">\n<thead><tr><th scope=\"col\">measured</th>"
                  "<th scope=\"col\" class=\"n\">value</th>");
    if (intervals) fx__put(page, "<th scope=\"col\" class=\"n\">95&nbsp;%% interval</th>");
    fx__put(page, "<th scope=\"col\" class=\"n\">needed</th><th scope=\"col\">met</th></tr></thead>"
                  "\n<tbody>\n");
    for (size_t i = 0; i < sheet->row_count; i++) {
        const row *row = &sheet->rows[i];
        fx__put(page, "<tr><th scope=\"row\" class=\"what\">%s</th>", row->what);
        format_value(row->found, text);
        fx__put(page, "<td class=\"n\"><strong>%s</strong></td>", text);
        format_interval(row->found, text);
        if (intervals) fx__put(page, "<td class=\"n i\">%s</td>", text);
        format_limit(row, text);
        fx__put(page, "<td class=\"n l\">%s</td><td>%s</td></tr>\n", text,
                row->limit == NO_LIMIT ? ""
                : row->met             ? "<span class=\"held\">✓&nbsp;yes</span>"
                                       : "<span class=\"failed\">✗&nbsp;no</span>");
    }
    fx__put(page, "</tbody></table>\n");
    fx__put_scroll_end(page);
}

// Text with its line ends, which fx__put_text takes for spaces.
static void put_lines(fx_page *page, const char *text) {
    char line[512];
    for (const char *end; *text && page->status == FX_OK; text = *end ? end + 1 : end) {
        end = text + strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)(end - text), text);
        fx__put_text(page, line);
        fx__put_markup(page, "\n");
    }
}

static void put_source(fx_page *page, const claim *claim, double seconds) {
    for (size_t i = 0; i < claim_source_count; i++) {
        if (strcmp(claim_sources[i].file, claim->file) != 0) continue;
        fx__put(page,
                "<details class=\"source\"><summary>The program: tools/lecture/%s, which ran for ",
                claim->file);
        fx__put_seconds(page, seconds);
        fx__put(page, "</summary>\n<pre><code>");
        put_lines(page, (const char *)claim_sources[i].text);
        fx__put(page, "</code></pre></details>\n");
    }
}

static void put_claim(fx_page *page, const claim *claim, const sheet *sheet) {
    fx__put(page, "<section class=\"claim\" id=\"%s\"><h2>%s · %s</h2>\n", claim->id, claim->id,
            claim->title);
    fx__put_markup(page, "<blockquote>");
    fx__put_markup(page, claim->says);
    fx__put_markup(page, "</blockquote>\n<p>");
    fx__put_markup(page, claim->experiment);
    fx__put(page, "</p>\n<p class=\"verdict\">%s</p>\n", verdict(sheet));
    put_rows(page, sheet);
    fx__put(page, "<div class=\"grid figures\">\n");
    if (sheet->body.data) fx__put_markup(page, sheet->body.data);
    fx__put(page, "</div>\n");
    put_source(page, claim, sheet->seconds);
    fx__put(page, "</section>\n");
}

fx_status write_page(const findings *f, fx_text *out, fx_error *error) {
    fx_page page = {.out = out, .error = error, .decimals = 1};
    fx__page_begin(&page, "The lecture, executed");
    fx__put(&page, "<h1>The lecture, executed</h1>\n");
    put_answer(&page, f);
    put_contents(&page, f);
    for (size_t i = 0; i < f->count; i++) put_claim(&page, f->claims[i], &f->sheets[i]);
    fx__put(&page, "<h2>To repeat it</h2>\n<pre><code>");
    fx__put_name(&page, f->command);
    fx__put(&page, "</code></pre>\n<dl><dt>seed</dt><dd>%" PRIu64 "</dd>\n", f->seed);
    fx__put_machine(&page, f->threads, 0);
    fx__put(&page, "<dt>whole run</dt><dd>");
    fx__put_seconds(&page, f->seconds);
    fx__put(&page, "</dd></dl>\n<p class=\"note\">The numbers, for other programs: "
                   "<a href=\"results.json\">results.json</a>.</p>\n");
    fx__page_end(&page);
    return page.status;
}

// --- JSON ---

static fx_status named_number(fx_text *out, const char *key, double value, fx_error *error) {
    FX__TRY(fx__text_printf(out, error, ", \"%s\": ", key));
    return fx__text_json_number(out, value, error);
}

static fx_status row_json(const row *row, fx_text *out, fx_error *error) {
    static const char *const limits[] = {[AT_LEAST] = "at_least", [AT_MOST] = "at_most"};
    static const char *const units[UNIT_COUNT] = {"1", "fraction", "fraction", "degrees",
                                                  "seconds"};
    FX__TRY(fx__text_printf(out, error, "{\"what\": "));
    FX__TRY(fx__text_json_string(out, row->what, error));
    FX__TRY(fx__text_printf(out, error, ", \"unit\": \"%s\"", units[row->found.unit]));
    FX__TRY(named_number(out, "value", row->found.value, error));
    if (row->found.low < row->found.high) {
        FX__TRY(fx__text_printf(out, error, ", \"ci95\": ["));
        FX__TRY(fx__text_json_number(out, row->found.low, error));
        FX__TRY(fx__text_printf(out, error, ", "));
        FX__TRY(fx__text_json_number(out, row->found.high, error));
        FX__TRY(fx__text_printf(out, error, "]"));
    }
    if (row->limit != NO_LIMIT) {
        FX__TRY(named_number(out, limits[row->limit], row->bound, error));
        FX__TRY(fx__text_printf(out, error, ", \"met\": %s", row->met ? "true" : "false"));
    }
    return fx__text_printf(out, error, "}");
}

fx_status write_json(const findings *f, fx_text *out, fx_error *error) {
    FX__TRY(fx__text_printf(out, error, "{\"claims\": ["));
    for (size_t i = 0; i < f->count; i++) {
        const sheet *sheet = &f->sheets[i];
        FX__TRY(fx__text_printf(out, error, "%s{\"id\": \"%s\", \"title\": ", i ? ", " : "",
                                f->claims[i]->id));
        FX__TRY(fx__text_json_string(out, f->claims[i]->title, error));
        FX__TRY(
            fx__text_printf(out, error, ", \"held\": %s", sheet_holds(sheet) ? "true" : "false"));
        FX__TRY(named_number(out, "seconds", sheet->seconds, error));
        FX__TRY(fx__text_printf(out, error, ", \"numbers\": ["));
        for (size_t k = 0; k < sheet->row_count; k++) {
            if (k) FX__TRY(fx__text_printf(out, error, ", "));
            FX__TRY(row_json(&sheet->rows[k], out, error));
        }
        FX__TRY(fx__text_printf(out, error, "]}"));
    }
    FX__TRY(fx__text_printf(out, error, "], \"seed\": %" PRIu64 ", \"threads\": %d", f->seed,
                            f->threads));
    FX__TRY(named_number(out, "seconds", f->seconds, error));
    return fx__text_printf(out, error, "}");
}
