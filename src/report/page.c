// Writing markup: numbers and names as a page shows them.
#include "src/report/page.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void fx__put(fx_page *page, const char *format, ...) {
    if (page->status != FX_OK) return;
    char line[1000];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof line)
        page->status = fx_error_set(page->error, FX_ERROR_DATA, "a line of the page is too long");
    else
        page->status = fx__text_append(page->out, line, (size_t)length, page->error);
}

void fx__put_markup(fx_page *page, const char *markup) {
    if (page->status == FX_OK)
        page->status = fx__text_append(page->out, markup, strlen(markup), page->error);
}

void fx__put_name(fx_page *page, const char *name) {
    fx__put(page, "<bdi>");
    if (page->status == FX_OK) page->status = fx__text_html(page->out, name, page->error);
    fx__put(page, "</bdi>");
}

void fx__put_count(fx_page *page, uint64_t count) {
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    for (int i = 0; i < length; i++)
        fx__put(page, "%s%c", i > 0 && (length - i) % 3 == 0 ? "," : "", digits[i]);
}

// A second decimal where the test samples are enough for it to mean something.
static int decimals(const fx_page *page) {
    return page->comparison->results[0].test_samples >= 10000 ? 2 : 1;
}

void fx__put_percent(fx_page *page, double fraction) {
    if (isfinite(fraction))
        fx__put(page, "%.*f&nbsp;%%", decimals(page), 100 * fraction);
    else
        fx__put(page, "–");
}

void fx__put_points(fx_page *page, double difference) {
    if (!isfinite(difference)) {
        fx__put(page, "–");
        return;
    }
    double points = fabs(100 * difference), half = decimals(page) == 2 ? 0.005 : 0.05;
    fx__put(page, "%s%.*f", difference < 0 && points >= half ? "−" : "", decimals(page), points);
}

void fx__put_seconds(fx_page *page, double seconds) {
    if (seconds < 0.005)
        fx__put(page, "–");
    else if (seconds >= 600)
        fx__put(page, "%.0f&nbsp;min", seconds / 60);
    else
        fx__put(page, "%.*f&nbsp;s", seconds < 10 ? 2 : seconds < 100 ? 1 : 0, seconds);
}

void fx__put_bytes(fx_page *page, size_t bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
    double value = (double)bytes;
    int unit = 0;
    for (; value >= 1024 && unit < 3; unit++) value /= 1024;
    fx__put(page, "%.*f&nbsp;%s", unit == 0 || value >= 100 ? 0 : 1, value, units[unit]);
}

void fx__put_p(fx_page *page, double p) {
    if (p < 0.0001)
        fx__put(page, "&lt;&nbsp;0.0001");
    else
        fx__put(page, "%.*f", p < 0.01 ? 4 : p < 0.1 ? 3 : 2, p);
}

void fx__put_arm(fx_page *page, size_t arm) {
    fx__put_name(page, page->comparison->experiment->arms[arm].name);
}

void fx__put_scroll_begin(fx_page *page, const char *label) {
    fx__put(page, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">\n",
            label);
}

void fx__put_scroll_end(fx_page *page) {
    fx__put(page, "</div>\n");
}
