// How the layers fared in training: saturated and dead units, sparsity, activations, gradients.
#include <math.h>

#include "src/base/memory.h"
#include "src/report/parts.h"

enum { LINES_MAX = 6 }; // layers of a plot

static const fx_history *history_of(const fx_page *page, size_t arm) {
    return &page->comparison->results[arm * page->comparison->seed_count].history;
}

static const fx_layer_diagnostics *layers_at(const fx_history *history, int epoch) {
    return history->diagnostics + (size_t)(epoch - 1) * (size_t)history->layers;
}

// Of arms with hidden layers.
static bool is_known(const fx_history *history) {
    return history->count > 0 && history->diagnostics && history->layers > 1;
}

static void put_number(fx_page *page, double value) {
    fx__put(page, "<td class=\"n\">");
    fx__put(page, isfinite(value) ? "%.3g" : "–", value);
    fx__put(page, "</td>");
}

static void put_share(fx_page *page, double share) {
    fx__put(page, "<td class=\"n\">");
    if (isfinite(share))
        fx__put(page, "%.1f&nbsp;%%", 100 * share);
    else
        fx__put(page, "–");
    fx__put(page, "</td>");
}

static void put_rows(fx_page *page, size_t arm) {
    const fx_history *history = history_of(page, arm);
    int kept = history->best > 0 ? history->best : history->count;
    for (int l = 0; l < history->layers; l++) {
        const fx_layer_diagnostics *d = &layers_at(history, kept)[l];
        fx__put(page, "<tr><th scope=\"row\">");
        fx__put_arm(page, arm);
        fx__put(page, "</th><td class=\"n\">%d%s</td>", l + 1,
                l + 1 == history->layers ? " (scores)" : "");
        put_share(page, d->saturated);
        put_share(page, d->dead);
        put_share(page, d->zero);
        put_number(page, d->mean);
        put_number(page, layers_at(history, 1)[l].gradient_norm);
        put_number(page, d->gradient_norm);
        fx__put(page, "</tr>\n");
    }
}

static fx_status gradient_script(const fx_history *history, fx_text *script, fx_error *error) {
    int lines = history->layers < LINES_MAX ? history->layers : LINES_MAX;
    double low = INFINITY, high = 0;
    FX__TRY(fx__plot_begin(script, 400, 230, error));
    FX__TRY(fx__text_printf(script, error, "$d << EOD\n"));
    for (int epoch = 1; epoch <= history->count; epoch++) {
        FX__TRY(fx__text_printf(script, error, "%d", epoch));
        for (int l = 0; l < lines; l++) {
            double norm = layers_at(history, epoch)[l].gradient_norm;
            bool shown = isfinite(norm) && norm > 0; // the axis is logarithmic
            if (shown) low = fmin(low, norm);
            if (shown) high = fmax(high, norm);
            FX__TRY(fx__text_printf(script, error, shown ? " %.9g" : " NaN", norm));
        }
        FX__TRY(fx__text_printf(script, error, "\n"));
    }
    if (!(low <= high)) low = high = 1;
    FX__TRY(fx__text_printf(script, error,
                            "EOD\nset xrange [1:%d]\nset xtics %g\nset xlabel 'epoch'\n"
                            "set ylabel 'gradient norm'\nset key outside right top\n",
                            history->count, fmax(1, fx__plot_step(history->count, 8))));
    FX__TRY(fx__plot_log_axis('y', low / 1.3, high * 1.3, script, error));
    for (int l = 0; l < lines; l++)
        FX__TRY(fx__text_printf(script, error,
                                "%s$d using 1:%d with lines lw 2 dt %d lc rgb '#01010%d' "
                                "title 'layer %d'",
                                l ? ", " : "plot ", l + 2, l + 1, l + 1, l + 1));
    return fx__text_printf(script, error, "\n");
}

static void put_gradients(fx_page *page) {
    fx__put(page, "<div class=\"grid\">\n");
    for (size_t i = 0; i < page->comparison->arm_count; i++) {
        const fx_history *history = history_of(page, page->order[i]);
        if (!is_known(history) || history->count < 2) continue;
        fx_text script = {0};
        fx__put(page, "<figure><h3>");
        fx__put_arm(page, page->order[i]);
        fx__put(page, "</h3>\n");
        if (page->status == FX_OK) page->status = gradient_script(history, &script, page->error);
        fx__put_plot(page, &script,
                     "Length of the gradient of each layer's weights over the epochs");
        fx__text_destroy(&script);
        fx__put(page, "</figure>\n");
    }
    fx__put(page, "</div>\n");
}

void fx__put_diagnostics(fx_page *page) {
    size_t known = 0;
    for (size_t arm = 0; arm < page->comparison->arm_count; arm++)
        known += is_known(history_of(page, arm));
    if (known == 0) return;
    fx__put(
        page,
        "<h2>How the layers fared</h2>\n<p class=\"note\">On the last full batch of the epoch "
        "that was kept%s. Saturated: activations where the slope is below a hundredth of its "
        "largest. Dead: units that are saturated for all samples (maxout: pieces that are never "
        "the largest). Zero: activations that are 0. Gradient: length of that of the layer’s "
        "weights.</p>\n<details><summary>Saturated, dead and idle units, and gradients, by "
        "layer</summary>\n",
        page->comparison->seed_count > 1 ? " (first seed)" : "");
    fx__put_scroll_begin(page, "Diagnostics of each layer");
    fx__put(page,
            "<table>\n<thead><tr><th scope=\"col\">arm</th>"
            "<th scope=\"col\" class=\"n\">layer</th>"
            "<th scope=\"col\" class=\"n\">saturated</th>"
            "<th scope=\"col\" class=\"n\">dead</th><th scope=\"col\" class=\"n\">zero</th>"
            "<th scope=\"col\" class=\"w\">mean activation</th>"
            "<th scope=\"col\" class=\"w\">gradient, first epoch</th>"
            "<th scope=\"col\" class=\"w\">gradient, kept epoch</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < page->comparison->arm_count; i++)
        if (is_known(history_of(page, page->order[i]))) put_rows(page, page->order[i]);
    fx__put(page, "</tbody></table>\n");
    fx__put_scroll_end(page);
    put_gradients(page);
    fx__put(page, "</details>\n");
}
