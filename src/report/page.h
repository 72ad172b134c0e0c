// A page being written, and its parts.
//
// fx__put and its like do nothing once something failed, so that markup can be written down without
// a check on every line; who ends the page asks for `status`.
#ifndef FEATX_REPORT_PAGE_H
#define FEATX_REPORT_PAGE_H

#include <stdint.h>

#include "featx/image.h"
#include "featx/report.h"
#include "src/base/text.h"

typedef struct fx_page {
    const fx_comparison *comparison;
    const char *gnuplot;
    const size_t *order; // [arm_count], by falling accuracy
    fx_text *out;
    fx_error *error;
    fx_status status;
    int plots; // made so far: makes the ids of each its own
} fx_page;

// Markup, of our own words and numbers only.
void fx__put(fx_page *page, const char *format, ...) FX_PRINTF(2, 3);
void fx__put_markup(fx_page *page, const char *markup); // as it is, of any length
// Anybody's words, escaped, isolated from the direction of the text around them.
void fx__put_name(fx_page *page, const char *name);
void fx__put_count(fx_page *page, uint64_t count);     // 12,345
void fx__put_percent(fx_page *page, double fraction);  // 12.3 %, or a dash for NaN
void fx__put_points(fx_page *page, double difference); // 1.2 or −1.2, of a difference of fractions
void fx__put_seconds(fx_page *page, double seconds);   // a dash below half a hundredth
void fx__put_bytes(fx_page *page, size_t bytes);
void fx__put_p(fx_page *page, double p); // 0.012, < 0.0001
void fx__put_arm(fx_page *page, size_t arm);

// A box that scrolls sideways where its content is wider than the page.
void fx__put_scroll_begin(fx_page *page, const char *label);
void fx__put_scroll_end(fx_page *page);

// The parts.
void fx__put_arms_table(fx_page *page);
void fx__put_time_table(fx_page *page);
void fx__put_pairs_table(fx_page *page);
void fx__put_settings(fx_page *page);
void fx__put_time(fx_page *page);
void fx__put_learning_curves(fx_page *page);
void fx__put_templates(fx_page *page);
void fx__put_confusions(fx_page *page);
// A picture as a PNG within the page, shown `zoom` times as large; `alt` is our own words.
void fx__put_picture(fx_page *page, const fx_image *image, int zoom, const char *alt);
#endif
