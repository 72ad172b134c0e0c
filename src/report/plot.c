// Plots: gnuplot draws them from numbers and words of our own; what it writes is made part of the
// page.
//
// gnuplot's SVG says black and rgb(1, 1, k); the page wants currentColor and variables. Its ids
// (gpPt6, gnuplot_canvas …) are the same in every plot, so each plot's get a prefix.
#include <math.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/report/gnuplot.h"
#include "src/report/page.h"

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
    {" points = '", " points='"},
    {" fill = '", " fill='"},
    {" fill-opacity = '", " fill-opacity='"},
    {"rgb(  1,   1,   0)", "var(--line)"},
    {"rgb(  1,   1,   1)", "var(--s1)"},
    {"rgb(  1,   1,   2)", "var(--s2)"},
    {"rgb(  1,   1,   3)", "var(--s3)"},
    {"rgb(  1,   1,   4)", "var(--s4)"},
    {"rgb(  1,   1,   5)", "var(--s5)"},
    {"rgb(  1,   1,   6)", "var(--s6)"},
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

void fx__put_plot(fx_page *page, const fx_text *script, const char *label) {
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

fx_status fx__plot_begin(fx_text *script, int width, int height, fx_error *error) {
    return fx__text_printf(
        script, error,
        "set encoding utf8\n"
        "set minussign\n"
        "set terminal svg size %d,%d dynamic noenhanced font 'Arial,13' linewidth 1\n"
        "set border 3\n"
        "set tics nomirror out scale 0.5\n"
        "set grid lc rgb '#010100' lt 1 lw 0.5\n"
        "set datafile missing 'NaN'\n"
        "unset key\n",
        width, height);
}

double fx__plot_step(double span, int parts) {
    double raw = span / parts, power = pow(10, floor(log10(raw)));
    return power * (raw <= power ? 1 : raw <= 2 * power ? 2 : raw <= 5 * power ? 5 : 10);
}

// 0.001, 20000; powers of ten beyond that as such: 10⁻⁶.
static fx_status put_mark(double mark, fx_text *script, fx_error *error) {
    static const char *const digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    int power = (int)lrint(log10(mark)), size = power < 0 ? -power : power;
    if ((mark >= 1e-3 && mark <= 1e4) || size > 99 || fabs(mark / pow(10, power) - 1) > 1e-9)
        return fx__text_printf(script, error, "'%g' %g", mark, mark);
    return fx__text_printf(script, error, "'10%s%s%s' %g", power < 0 ? "⁻" : "",
                           size > 9 ? digits[size / 10] : "", digits[size % 10], mark);
}

fx_status fx__plot_log_axis(char axis, double low, double high, fx_text *script, fx_error *error) {
    static const double digits[] = {1, 2, 5};
    size_t step = high / low > 1000 ? 3 : 1, marks = 0;
    FX__TRY(fx__text_printf(script, error, "set logscale %c\nset %crange [%.9g:%.9g]\n", axis, axis,
                            low, high));
    for (int power = (int)floor(log10(low)); power <= (int)floor(log10(high)); power++)
        for (size_t i = 0; i < 3; i += step) {
            double mark = digits[i] * pow(10, power);
            if (mark < low || mark > high) continue;
            if (marks++ == 0)
                FX__TRY(fx__text_printf(script, error, "set %ctics (", axis));
            else
                FX__TRY(fx__text_printf(script, error, ", "));
            FX__TRY(put_mark(mark, script, error));
        }
    // Within a factor of two there may be no such number.
    if (marks == 0) return fx__text_printf(script, error, "set %ctics\n", axis);
    return fx__text_printf(script, error, ")\n");
}
