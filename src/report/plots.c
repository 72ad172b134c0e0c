// The plots of a report.
#include <math.h>

#include "src/base/memory.h"
#include "src/report/parts.h"
#include "src/report/summary.h"

// --- accuracy against time ---

static double time_to_model(const fx_arm_summary *summary) {
    double seconds = summary->seconds.fit + summary->seconds.extract + summary->seconds.train;
    return fmax(seconds, 0.001); // the axis is logarithmic
}

static fx_status time_script(const fx_page *page, fx_text *script, fx_error *error) {
    FX__TRY(fx__plot_begin(script, 440, 300, error));
    FX__TRY(fx__text_printf(script, error, "$d << EOD\n"));
    double least = INFINITY, most = 0, low = 100, high = 0;
    for (size_t i = 0; i < page->comparison->arm_count; i++) {
        fx_arm_summary summary = fx__arm_summary(page->comparison, page->order[i]);
        double seconds = time_to_model(&summary);
        least = fmin(least, seconds);
        most = fmax(most, seconds);
        low = fmin(low, 100 * summary.interval[0]);
        high = fmax(high, 100 * summary.interval[1]);
        FX__TRY(fx__text_printf(script, error, "%.9g %.9g %.9g %.9g %zu\n", seconds,
                                100 * summary.accuracy, 100 * summary.interval[0],
                                100 * summary.interval[1], i + 1));
    }
    FX__TRY(fx__text_printf(script, error, "EOD\n"));
    FX__TRY(fx__plot_log_axis('x', least / 1.6, most * 1.6, script, error));
    double margin = fmax(0.06 * (high - low), 0.2); // no accuracy is beyond 0 … 100 %
    FX__TRY(fx__text_printf(script, error, "set yrange [%.9g:%.9g]\n", fmax(0, low - margin),
                            fmin(100, high + margin)));
    return fx__text_printf(
        script, error,
        "set xlabel 'seconds to the trained model (fit, extract, train)'\n"
        "set ylabel 'test accuracy, %%'\n"
        "plot $d using 1:3:(0):($4-$3) with vectors heads size graph 0.012,90 lw 1.5 "
        "lc rgb '#010102', $d using 1:2 with points pt 7 ps 0.6 lc rgb '#010102', "
        "$d using 1:2:5 with labels offset 1.1,0.5 font ',13'\n");
}

void fx__put_time_plot(fx_page *page) {
    fx_text script = {0};
    if (page->status == FX_OK) page->status = time_script(page, &script, page->error);
    fx__put(page, "<figure class=\"plot\">\n");
    fx__put_plot(
        page, &script,
        "Test accuracy of each arm against the seconds until its model was trained, with 95 "
        "percent intervals; the numbers stand in the tables");
    fx__text_destroy(&script);
    fx__put(page, "<figcaption><ol class=\"ranks\">");
    for (size_t i = 0; i < page->comparison->arm_count; i++) {
        fx__put(page, "<li><b>%zu</b> ", i + 1);
        fx__put_arm(page, page->order[i]);
        fx__put(page, "</li>");
    }
    fx__put(page, "</ol><br>Left is faster, up is better. Bars: 95&nbsp;%% intervals."
                  "</figcaption></figure>\n");
}

// --- learning curves ---

typedef struct range {
    double low, high;
} range;

static void widen(range *range, double value) {
    if (!isfinite(value)) return;
    range->low = fmin(range->low, value);
    range->high = fmax(range->high, value);
}

static double value_of(const fx_epoch *epoch, bool loss, bool held) {
    if (loss) return held ? epoch->validation_loss : epoch->train_loss;
    return 100 * (held ? epoch->validation_accuracy : epoch->train_accuracy);
}

// Lowest and highest over the seeds that came to this epoch.
static range over_seeds(const fx_result *results, size_t seeds, int i, bool loss, bool held) {
    range out = {INFINITY, -INFINITY};
    for (size_t s = 0; s < seeds; s++)
        if (i < results[s].history.count)
            widen(&out, value_of(&results[s].history.epochs[i], loss, held));
    return out;
}

// The first seed as lines; where there are several, the band from the lowest to the highest.
static fx_status curve_script(const fx_result *results, size_t seeds, bool loss, range range,
                              fx_text *script, fx_error *error) {
    const fx_history *history = &results[0].history;
    double margin = fmax(0.04 * (range.high - range.low), 1e-3);
    FX__TRY(fx__plot_begin(script, 400, 230, error));
    FX__TRY(fx__text_printf(script, error, "$d << EOD\n"));
    bool validated = false;
    for (int i = 0; i < history->count; i++) {
        FX__TRY(fx__text_printf(script, error, "%d", history->epochs[i].epoch));
        for (int held = 0; held < 2; held++) {
            double value = value_of(&history->epochs[i], loss, held);
            struct range band = over_seeds(results, seeds, i, loss, held);
            validated = validated || (held && isfinite(value));
            if (isfinite(value))
                FX__TRY(
                    fx__text_printf(script, error, " %.9g %.9g %.9g", value, band.low, band.high));
            else
                FX__TRY(fx__text_printf(script, error, " NaN NaN NaN"));
        }
        FX__TRY(fx__text_printf(script, error, "\n"));
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
        range.low - margin, range.high + margin, fmax(1, fx__plot_step(history->count, 8)),
        fx__plot_step(range.high - range.low + 2 * margin, 5), loss ? "loss" : "accuracy, %"));
    if (validated && history->best > 0)
        FX__TRY(fx__text_printf(script, error,
                                "set arrow from first %d, graph 0 to first %d, graph 1 nohead "
                                "lc rgb '#010100' lw 1.5\n",
                                history->best, history->best));
    const char *style = history->count > 1 ? "lines" : "points pt 7 ps 0.6";
    FX__TRY(fx__text_printf(script, error, "plot "));
    for (int held = 0; seeds > 1 && held <= validated; held++)
        FX__TRY(fx__text_printf(script, error,
                                "$d using 1:%d:%d with filledcurves fs transparent solid 0.2 "
                                "noborder lc rgb '#01010%d', ",
                                3 + 3 * held, 4 + 3 * held, 1 + held));
    FX__TRY(fx__text_printf(script, error, "$d using 1:2 with %s%s lw 2 lc rgb '#010101'", style,
                            history->count > 1 ? " dt 2" : ""));
    if (validated)
        FX__TRY(
            fx__text_printf(script, error, ", $d using 1:5 with %s lw 2 lc rgb '#010102'", style));
    return fx__text_printf(script, error, "\n");
}

static void put_curve(fx_page *page, const fx_result *results, bool loss, range range) {
    fx_text script = {0};
    if (page->status == FX_OK)
        page->status =
            curve_script(results, page->comparison->seed_count, loss, range, &script, page->error);
    fx__put_plot(page, &script,
                 loss ? "Training and validation loss over the epochs"
                      : "Training and validation accuracy over the epochs");
    fx__text_destroy(&script);
}

// What all seeds of an arm reach, accuracies or losses.
static void widen_by_arm(const fx_comparison *comparison, size_t arm, bool loss, range *range) {
    for (size_t s = 0; s < comparison->seed_count; s++) {
        const fx_history *history = &comparison->results[arm * comparison->seed_count + s].history;
        for (int i = 0; i < history->count; i++)
            for (int held = 0; held < 2; held++)
                widen(range, value_of(&history->epochs[i], loss, held));
    }
}

void fx__put_learning_curves(fx_page *page) {
    const fx_comparison *comparison = page->comparison;
    // One range for the accuracies of all arms, so that they can be compared by eye.
    range accuracy = {100, 0};
    int drawn = 0;
    for (size_t arm = 0; arm < comparison->arm_count; arm++) {
        drawn += comparison->results[arm * comparison->seed_count].history.count > 0;
        widen_by_arm(comparison, arm, false, &accuracy);
    }
    if (drawn == 0) return;
    if (accuracy.low > accuracy.high) accuracy = (range){0, 100};
    fx__put(page,
            "<h2>Learning curves</h2>\n<p class=\"note\"><span class=\"line1\"></span>"
            "training, as it went (with dropout and augmentation) &emsp; "
            "<span class=\"line2\"></span>validation<br>The upright line marks the epoch that "
            "was kept%s.</p>\n<div class=\"grid\">\n",
            comparison->seed_count > 1 ? "; lines: the first seed; bands: all seeds" : "");
    for (size_t i = 0; i < comparison->arm_count; i++) {
        size_t arm = page->order[i];
        const fx_result *results = &comparison->results[arm * comparison->seed_count];
        const fx_history *history = &results->history;
        range loss = {INFINITY, 0};
        widen_by_arm(comparison, arm, true, &loss);
        if (history->count == 0) continue;
        if (!(loss.low <= loss.high)) loss = (range){0, 1};
        fx__put(page, "<figure><h3>");
        fx__put_arm(page, arm);
        fx__put(page, "</h3>\n");
        put_curve(page, results, false, accuracy);
        put_curve(page, results, true, loss);
        fx__put(page, "<figcaption>%d epoch%s%s", history->count, history->count == 1 ? "" : "s",
                history->early_stopped ? ", stopped early" : "");
        if (history->best > 0) fx__put(page, "; kept: epoch %d", history->best);
        fx__put(page, "</figcaption></figure>\n");
    }
    fx__put(page, "</div>\n");
}
