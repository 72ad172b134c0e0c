// A page being written: markup, numbers, pictures and plots.
//
// fx__put and its like do nothing once something failed, so that markup can be written down without
// a check on every line; who ends the page asks for `status`.
#ifndef FEATX_REPORT_PAGE_H
#define FEATX_REPORT_PAGE_H

#include <stdint.h>

#include "featx/experiment.h"
#include "featx/image.h"
#include "src/base/text.h"

typedef struct fx_page {
    fx_text *out;
    fx_error *error;
    fx_status status;
    const char *gnuplot; // program
    int plots;           // made so far: makes the ids of each its own
    int decimals;        // of percentages
    const char *rules;   // that the style sheet ends with, or NULL
    // What the parts of a report (src/report/parts.h) show; NULL on any other page.
    const fx_comparison *comparison;
    const size_t *order; // [arm_count], by falling accuracy
    const struct fx_thumbnails *thumbnails;
} fx_page;

// From the doctype to <main>, with the style sheet; `title` may be anybody's words.
void fx__page_begin(fx_page *page, const char *title);
void fx__page_end(fx_page *page);

// Markup, of our own words and numbers only.
void fx__put(fx_page *page, const char *format, ...) FX_PRINTF(2, 3);
void fx__put_markup(fx_page *page, const char *markup); // as it is, of any length
void fx__put_text(fx_page *page, const char *text);     // anybody's words, escaped
// The same, isolated from the direction of the text around them.
void fx__put_name(fx_page *page, const char *name);
void fx__put_count(fx_page *page, uint64_t count);          // 12,345
void fx__put_percent(fx_page *page, double fraction);       // 12.3 %, or a dash for NaN
void fx__put_interval(fx_page *page, const double ends[2]); // 12.3 to 14.5 %, of fractions
void fx__put_points(fx_page *page, double difference); // 1.2 or −1.2, of a difference of fractions
void fx__put_seconds(fx_page *page, double seconds);   // a dash below half a hundredth
void fx__put_bytes(fx_page *page, size_t bytes);
void fx__put_p(fx_page *page, double p); // 0.012, < 0.0001
// Versions, machine and threads, as <dt> and <dd>; `rate`, of matrix products, only where > 0.
void fx__put_machine(fx_page *page, int threads, double rate);

// A box that scrolls sideways where its content is wider than the page.
void fx__put_scroll_begin(fx_page *page, const char *label);
void fx__put_scroll_end(fx_page *page);

// A picture as a PNG within the page, shown `zoom` times as large; `alt` is our own words.
void fx__put_picture(fx_page *page, const fx_image *image, int zoom, const char *alt);

// Plots are gnuplot scripts that hold nothing that others wrote: gnuplot commands can run programs.
// Begins one: size in pixels, axes, grid. Colors are those of the page, following its theme:
// rgb '#010101' to '#010106' are series 1 to 6, '#010100' lines of the grid.
FX_MUST_CHECK fx_status fx__plot_begin(fx_text *script, int width, int height, fx_error *error);
// Runs the script and puts its one SVG element into the page. `label` is our own words.
void fx__put_plot(fx_page *page, const fx_text *script, const char *label);
// The step of 1, 2 or 5 times a power of ten that cuts a span into about `parts` or fewer.
double fx__plot_step(double span, int parts);
// `axis` ('x', 'y') becomes logarithmic from low to high, with marks at 1, 2 and 5 or, over more
// than three decades, at powers of ten.
FX_MUST_CHECK fx_status fx__plot_log_axis(char axis, double low, double high, fx_text *script,
                                          fx_error *error);
#endif
