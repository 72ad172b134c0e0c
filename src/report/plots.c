// Plots: gnuplot draws them from numbers and words of our own; what it writes is made part of the
// page.
//
// gnuplot's SVG says black and rgb(1, 1, k); the page wants currentColor and variables. Its ids
// (gpPt6, gnuplot_canvas …) are the same in every plot, so each plot's get a prefix.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/report/gnuplot.h"
#include "src/report/page.h"
#include "src/report/summary.h"

// What gnuplot writes, and what the page gets; %d is the number of the plot.
static const struct {
    const char *from, *to;
} rewrites[] = {
    {"id='", "id='p%d-"},
    {"id=\"", "id=\"p%d-"},
    {"href='#", "href='#p%d-"},
    {"href=\"#", "href=\"#p%d-"},
    {"url(#", "url(#p%d-"},
    {"url('#", "url('#p%d-"},
    {" color=\"black\"", ""},
    {" color=\"white\"", ""},
    {" color='white'", " color='var(--bg)'"}, // what keeps lines off the points
    {" color=\"gray\"", ""},
    {"\"black\"", "\"currentColor\""},
    {"'black'", "'currentColor'"},
    {"rgb(  1,   1,   1)", "var(--s1)"},
    {"rgb(  1,   1,   2)", "var(--s2)"},
    {"rgb(  1,   1,   3)", "var(--line)"},
    {" font-family=\"Arial\"", ""},
    {" font-family=\"sans\"", ""},
    {"<title>Gnuplot</title>", ""},
};

static void put_rewritten(fx_page *page, const char *svg) {
    while (*svg && page->status == FX_OK) {
        size_t plain = strcspn(svg, "iuh \"'r<"); // no rewrite begins with another character
        size_t r = 0, count = sizeof rewrites / sizeof *rewrites;
        if (plain == 0)
            while (r < count && strncmp(svg, rewrites[r].from, strlen(rewrites[r].from)) != 0) r++;
        if (plain == 0 && r < count) {
            const char *to = rewrites[r].to, *number = strstr(to, "%d");
            size_t before = number ? (size_t)(number - to) : strlen(to);
            fx__put(page, "%.*s", (int)before, to);
            if (number) fx__put(page, "%d%s", page->plots, number + 2);
            svg += strlen(rewrites[r].from);
        } else {
            if (plain == 0) plain = 1;
            page->status = fx__text_append(page->out, svg, plain, page->error);
            svg += plain;
        }
    }
}

// Runs the script and puts its one SVG element into the page. `label` is our own words.
static void put_plot(fx_page *page, const fx_text *script, const char *label) {
    fx_text svg = {0};
    if (page->status == FX_OK)
        page->status = fx__gnuplot_run(page->gnuplot, script->data, &svg, page->error);
    const char *begin = svg.data ? strstr(svg.data, "<svg") : NULL;
    if (page->status == FX_OK && (!begin || !strstr(begin, "</svg>")))
        page->status = fx_error_set(page->error, FX_ERROR_IO, "%s: wrote no SVG", page->gnuplot);
    page->plots++;
    fx__put(page, "<svg role=\"img\" aria-label=\"%s\"", label);
    if (page->status == FX_OK && begin) put_rewritten(page, begin + 4);
    fx__text_destroy(&svg);
}

static fx_status begin_script(fx_text *script, int width, int height, fx_error *error) {
    return fx__text_printf(
        script, error,
        "set encoding utf8\n"
        "set terminal svg size %d,%d dynamic noenhanced font 'Arial,13' linewidth 1\n"
        "set border 3\n"
        "set tics nomirror out scale 0.5\n"
        "set grid lc rgb '#010103' lt 1 lw 0.5\n"
        "set datafile missing 'NaN'\n"
        "unset key\n",
        width, height);
}

// The step of 1, 2 or 5 times a power of ten that cuts a span into about `parts` or fewer.
static double nice_step(double span, int parts) {
    double raw = span / parts, power = pow(10, floor(log10(raw)));
    return power * (raw <= power ? 1 : raw <= 2 * power ? 2 : raw <= 5 * power ? 5 : 10);
}

// --- accuracy against time ---

static double time_to_model(const fx_arm_summary *summary) {
    double seconds = summary->seconds.fit + summary->seconds.extract + summary->seconds.train;
    return fmax(seconds, 0.001); // the axis is logarithmic
}

// Marks of a logarithmic axis: at 1, 2 and 5, or, over more than three decades, at powers of ten.
static fx_status put_log_tics(double low, double high, fx_text *script, fx_error *error) {
    static const double digits[] = {1, 2, 5};
    size_t step = high / low > 1000 ? 3 : 1;
    const char *separator = "set xtics (";
    for (int power = (int)floor(log10(low)); power <= (int)floor(log10(high)); power++)
        for (size_t i = 0; i < 3; i += step) {
            double mark = digits[i] * pow(10, power);
            if (mark < low || mark > high) continue;
            FX__TRY(fx__text_printf(script, error, "%s%g", separator, mark));
            separator = ", ";
        }
    // Within a factor of two there may be no such number.
    return fx__text_printf(script, error, separator[0] == ',' ? ")\n" : "set xtics\n");
}

static fx_status time_script(const fx_page *page, fx_text *script, fx_error *error) {
    FX__TRY(begin_script(script, 500, 340, error));
    FX__TRY(fx__text_printf(script, error, "$d << EOD\n"));
    double least = INFINITY, most = 0;
    for (size_t i = 0; i < page->comparison->arm_count; i++) {
        fx_arm_summary summary = fx__arm_summary(page->comparison, page->order[i]);
        double seconds = time_to_model(&summary);
        least = fmin(least, seconds);
        most = fmax(most, seconds);
        FX__TRY(fx__text_printf(script, error, "%.9g %.9g %.9g %.9g %zu\n", seconds,
                                100 * summary.accuracy, 100 * summary.interval[0],
                                100 * summary.interval[1], i + 1));
    }
    FX__TRY(fx__text_printf(script, error, "EOD\n"));
    FX__TRY(put_log_tics(least / 1.6, most * 1.6, script, error));
    return fx__text_printf(
        script, error,
        "set logscale x\n"
        "set xrange [%.9g:%.9g]\n"
        "set offsets 0, 0, graph 0.05, graph 0.05\n"
        "set xlabel 'seconds to the trained model (fit, extract, train)'\n"
        "set ylabel 'test accuracy, %%'\n"
        "plot $d using 1:2:3:4 with yerrorbars pt 7 ps 0.6 lw 1.5 lc rgb '#010102', "
        "$d using 1:2:5 with labels offset 1.1,0.5 font ',13'\n",
        least / 1.6, most * 1.6);
}

static void put_time_plot(fx_page *page) {
    fx_text script = {0};
    if (page->status == FX_OK) page->status = time_script(page, &script, page->error);
    fx__put(page, "<figure class=\"plot\">\n");
    put_plot(page, &script,
             "Test accuracy of each arm against the seconds until its model was trained, with 95 "
             "percent intervals; the numbers stand in the tables");
    fx__text_destroy(&script);
    fx__put(page, "<figcaption>Numbers are ranks. Left is faster, up is better. Bars: 95&nbsp;%% "
                  "intervals.</figcaption></figure>\n");
}

void fx__put_time(fx_page *page) {
    fx__put(page, "<h2>Accuracy against training time</h2>\n<div class=\"beside\">\n");
    put_time_plot(page);
    fx__put(page, "<div>\n");
    fx__put_time_table(page);
    fx__put(page, "</div>\n</div>\n");
}

// --- learning curves ---

typedef struct {
    double low, high;
} range;

static void widen(range *range, double value) {
    if (!isfinite(value)) return;
    range->low = fmin(range->low, value);
    range->high = fmax(range->high, value);
}

static fx_status curve_script(const fx_history *history, bool loss, range range, fx_text *script,
                              fx_error *error) {
    double margin = fmax(0.04 * (range.high - range.low), 1e-3);
    FX__TRY(begin_script(script, 400, 230, error));
    FX__TRY(fx__text_printf(script, error, "$d << EOD\n"));
    bool validated = false;
    for (int i = 0; i < history->count; i++) {
        const fx_epoch *epoch = &history->epochs[i];
        double train = loss ? epoch->train_loss : 100 * epoch->train_accuracy;
        double held = loss ? epoch->validation_loss : 100 * epoch->validation_accuracy;
        validated = validated || isfinite(held);
        FX__TRY(fx__text_printf(script, error, "%d ", epoch->epoch));
        FX__TRY(fx__text_printf(script, error, isfinite(train) ? "%.9g " : "NaN ", train));
        FX__TRY(fx__text_printf(script, error, isfinite(held) ? "%.9g\n" : "NaN\n", held));
    }
    FX__TRY(fx__text_printf(
        script, error,
        "EOD\n"
        "set xrange [%g:%g]\n"
        "set yrange [%.9g:%.9g]\n"
        "set xtics %g\n"
        "set ytics %.9g\n"
        "set xlabel 'epoch'\n"
        "set ylabel '%s'\n",
        history->count > 1 ? 1.0 : 0.5, history->count > 1 ? history->count : 1.5,
        range.low - margin, range.high + margin, fmax(1, nice_step(history->count, 8)),
        nice_step(range.high - range.low + 2 * margin, 5), loss ? "loss" : "accuracy, %"));
    if (validated && history->best > 0)
        FX__TRY(fx__text_printf(script, error,
                                "set arrow from first %d, graph 0 to first %d, graph 1 nohead "
                                "lc rgb '#010103' lw 1.5\n",
                                history->best, history->best));
    const char *style = history->count > 1 ? "lines" : "points pt 7 ps 0.6";
    FX__TRY(fx__text_printf(script, error, "plot $d using 1:2 with %s%s lw 2 lc rgb '#010101'",
                            style, history->count > 1 ? " dt 2" : ""));
    if (validated)
        FX__TRY(
            fx__text_printf(script, error, ", $d using 1:3 with %s lw 2 lc rgb '#010102'", style));
    return fx__text_printf(script, error, "\n");
}

static void put_curve(fx_page *page, const fx_history *history, bool loss, range range) {
    fx_text script = {0};
    if (page->status == FX_OK)
        page->status = curve_script(history, loss, range, &script, page->error);
    put_plot(page, &script,
             loss ? "Training and validation loss over the epochs"
                  : "Training and validation accuracy over the epochs");
    fx__text_destroy(&script);
}

void fx__put_learning_curves(fx_page *page) {
    const fx_comparison *comparison = page->comparison;
    // One range for the accuracies of all arms, so that they can be compared by eye.
    range accuracy = {100, 0};
    int drawn = 0;
    for (size_t arm = 0; arm < comparison->arm_count; arm++) {
        const fx_history *history = &comparison->results[arm * comparison->seed_count].history;
        drawn += history->count > 0;
        for (int i = 0; i < history->count; i++) {
            widen(&accuracy, 100 * history->epochs[i].train_accuracy);
            widen(&accuracy, 100 * history->epochs[i].validation_accuracy);
        }
    }
    if (drawn == 0) return;
    if (accuracy.low > accuracy.high) accuracy = (range){0, 100};
    fx__put(page,
            "<h2>Learning curves</h2>\n<p class=\"note\"><span class=\"line1\"></span>"
            "training, as it went (with dropout and augmentation) &emsp; "
            "<span class=\"line2\"></span>validation<br>The upright line marks the epoch that "
            "was kept%s.</p>\n<div class=\"grid\">\n",
            comparison->seed_count > 1 ? "; first seed" : "");
    for (size_t i = 0; i < comparison->arm_count; i++) {
        size_t arm = page->order[i];
        const fx_history *history = &comparison->results[arm * comparison->seed_count].history;
        range loss = {INFINITY, 0};
        for (int e = 0; e < history->count; e++) {
            widen(&loss, history->epochs[e].train_loss);
            widen(&loss, history->epochs[e].validation_loss);
        }
        if (history->count == 0) continue;
        if (!(loss.low <= loss.high)) loss = (range){0, 1};
        fx__put(page, "<figure><h3>");
        fx__put_arm(page, arm);
        fx__put(page, "</h3>\n");
        put_curve(page, history, false, accuracy);
        put_curve(page, history, true, loss);
        fx__put(page, "<figcaption>%d epoch%s%s", history->count, history->count == 1 ? "" : "s",
                history->early_stopped ? ", stopped early" : "");
        if (history->best > 0) fx__put(page, "; kept: epoch %d", history->best);
        fx__put(page, "</figcaption></figure>\n");
    }
    fx__put(page, "</div>\n");
}
