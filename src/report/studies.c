// Robustness and data efficiency: accuracy of the best arms against what was changed. Arms are told
// apart by mark and color.
#include <math.h>
#include <stdio.h>

#include "src/base/memory.h"
#include "src/report/parts.h"

enum { LINES_MAX = 6 };

// gnuplot's number of each mark, and the mark in a box of 10 × 10.
static const struct {
    int point;
    const char *shape;
} marks[LINES_MAX] = {
    {7, "<circle cx=\"5\" cy=\"5\" r=\"4\"/>"},
    {5, "<rect x=\"1.5\" y=\"1.5\" width=\"7\" height=\"7\"/>"},
    {9, "<path d=\"M5 0L9.5 8.5H.5z\"/>"},
    {11, "<path d=\"M5 9.5L.5 1H9.5z\"/>"},
    {13, "<path d=\"M5 0L9.5 5L5 10L.5 5z\"/>"},
    {4, "<rect x=\"2\" y=\"2\" width=\"6\" height=\"6\" fill=\"none\" "
        "stroke=\"currentColor\" stroke-width=\"1.5\"/>"},
};

static size_t line_count(const fx_page *page) {
    size_t arms = page->comparison->arm_count;
    return arms < LINES_MAX ? arms : LINES_MAX;
}

static void put_legend(fx_page *page) {
    fx__put(page, "<ul class=\"legend\">");
    for (size_t i = 0; i < line_count(page); i++) {
        fx__put(page, "<li><svg class=\"mark\" viewBox=\"0 0 10 10\" width=\"10\" height=\"10\" "
                      "aria-hidden=\"true\" ");
        fx__put(page, "style=\"color:var(--s%zu);fill:var(--s%zu)\">%s</svg>", i + 1, i + 1,
                marks[i].shape);
        fx__put_arm(page, page->order[i]);
        fx__put(page, "</li>\n");
    }
    fx__put(page, "</ul>\n");
}

// A plot of x[points] against each line's accuracy: values[arm · stride + i].
static fx_status lines_script(const fx_page *page, const double *x, size_t points,
                              const double *values, size_t stride, bool logarithmic,
                              const char *label, fx_text *script, fx_error *error) {
    FX__TRY(fx__plot_begin(script, 400, 270, error));
    FX__TRY(fx__text_printf(script, error, "$d << EOD\n"));
    for (size_t i = 0; i < points; i++) {
        FX__TRY(fx__text_printf(script, error, "%.9g", x[i]));
        for (size_t k = 0; k < line_count(page); k++) {
            double value = 100 * values[page->order[k] * stride + i];
            FX__TRY(fx__text_printf(script, error, isfinite(value) ? " %.9g" : " NaN", value));
        }
        FX__TRY(fx__text_printf(script, error, "\n"));
    }
    FX__TRY(fx__text_printf(script, error,
                            "EOD\nset yrange [0:100]\nset ytics 20\nset xlabel '%s'\n"
                            "set ylabel 'test accuracy, %%'\n",
                            label));
    if (logarithmic)
        FX__TRY(fx__plot_log_axis('x', x[0] / 1.2, x[points - 1] * 1.2, script, error));
    else
        FX__TRY(fx__text_printf(script, error, "set xrange [0:%.9g]\nset xtics %.9g\n",
                                1.04 * x[points - 1], fx__plot_step(x[points - 1], 5)));
    for (size_t k = 0; k < line_count(page); k++)
        FX__TRY(fx__text_printf(script, error,
                                "%s$d using 1:%zu with linespoints pt %d ps 0.7 lw 1.5 lc rgb "
                                "'#01010%zu'",
                                k ? ", " : "plot ", k + 2, marks[k].point, k + 1));
    return fx__text_printf(script, error, "\n");
}

static void put_lines(fx_page *page, const double *x, size_t points, const double *values,
                      size_t stride, bool logarithmic, const char *label, const char *alt) {
    fx_text script = {0};
    if (page->status == FX_OK)
        page->status =
            lines_script(page, x, points, values, stride, logarithmic, label, &script, page->error);
    fx__put_plot(page, &script, alt);
    fx__text_destroy(&script);
}

static const char *best_arms(const fx_page *page) {
    return page->comparison->arm_count > LINES_MAX ? " The six best arms." : "";
}

void fx__put_robustness(fx_page *page) {
    const fx_robustness *study = &page->comparison->robustness;
    if (study->images == 0) return;
    fx__put(page, "<h2>When the images are disturbed</h2>\n<p class=\"note\">Accuracy on ");
    fx__put_count(page, study->images);
    fx__put(page,
            " test images, the same for all arms, each disturbed more and more; trained on images "
            "as they are%s.%s</p>\n",
            page->comparison->seed_count > 1 ? " (first seed)" : "", best_arms(page));
    put_legend(page);
    fx__put(page, "<div class=\"grid\">\n");
    for (int kind = 0; kind < FX_DISTURBANCES; kind++) {
        double x[FX_ROBUSTNESS_LEVELS];
        char label[100], alt[200];
        const char *name = fx_disturbance_name((fx_disturbance)kind);
        for (int level = 0; level < FX_ROBUSTNESS_LEVELS; level++)
            x[level] = fx_robustness_strength((fx_disturbance)kind, level);
        snprintf(label, sizeof label, "%s, %s", name, fx_disturbance_unit((fx_disturbance)kind));
        snprintf(alt, sizeof alt,
                 "Accuracy of each arm against the strength of the disturbance: %s", name);
        fx__put(page, "<figure><h3>%s</h3>\n", name);
        put_lines(page, x, FX_ROBUSTNESS_LEVELS, study->accuracy + kind * FX_ROBUSTNESS_LEVELS,
                  FX_DISTURBANCES * (size_t)FX_ROBUSTNESS_LEVELS, false, label, alt);
        fx__put(page, "</figure>\n");
    }
    fx__put(page, "</div>\n");
}

void fx__put_efficiency(fx_page *page) {
    enum { STEPS_MAX = 16 };
    const fx_efficiency *study = &page->comparison->efficiency;
    if (study->steps == 0 || study->steps > STEPS_MAX) return;
    double x[STEPS_MAX];
    for (size_t i = 0; i < study->steps; i++) x[i] = (double)study->images[i];
    fx__put(page,
            "<h2>With fewer training images</h2>\n<p class=\"note\">Test accuracy of arms trained "
            "on part of the training images, with the same settings%s.%s</p>\n",
            page->comparison->seed_count > 1 ? " (first seed)" : "", best_arms(page));
    put_legend(page);
    fx__put(page, "<div class=\"grid\"><figure>\n");
    put_lines(page, x, study->steps, study->accuracy, study->steps, true, "training images",
              "Test accuracy of each arm against the number of training images");
    fx__put(page, "</figure></div>\n");
}
