// Writing markup: numbers and names as a page shows them.
#include "src/report/page.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "featx/version.h"
#include "src/base/block_product.h"
#include "src/base/file.h"
#include "src/report/style.h"

void fx__page_begin(fx_page *page, const char *title) {
    fx__put_markup(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                         "<meta name=\"viewport\" content=\"width=device-width, "
                         "initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">"
                         "\n<title>");
    fx__put_text(page, title);
    fx__put_markup(page, "</title>\n<style>\n");
    for (size_t i = 0; fx__report_style[i]; i++) fx__put_markup(page, fx__report_style[i]);
    if (page->rules) fx__put_markup(page, page->rules);
    fx__put_markup(page, "</style>\n</head>\n<body>\n<main>\n");
}

void fx__page_end(fx_page *page) {
    fx__put_markup(page, "</main>\n</body>\n</html>\n");
}

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

void fx__put_text(fx_page *page, const char *text) {
    if (page->status == FX_OK) page->status = fx__text_html(page->out, text, page->error);
}

void fx__put_name(fx_page *page, const char *name) {
    fx__put(page, "<bdi>");
    fx__put_text(page, name);
    fx__put(page, "</bdi>");
}

void fx__put_count(fx_page *page, uint64_t count) {
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    for (int i = 0; i < length; i++)
        fx__put(page, "%s%c", i > 0 && (length - i) % 3 == 0 ? "," : "", digits[i]);
}

void fx__put_percent(fx_page *page, double fraction) {
    if (isfinite(fraction))
        fx__put(page, "%.*f&nbsp;%%", page->decimals, 100 * fraction);
    else
        fx__put(page, "–");
}

void fx__put_interval(fx_page *page, const double ends[2]) {
    if (isfinite(ends[0])) fx__put(page, "%.*f to ", page->decimals, 100 * ends[0]);
    fx__put_percent(page, ends[1]);
}

void fx__put_points(fx_page *page, double difference) {
    if (!isfinite(difference)) {
        fx__put(page, "–");
        return;
    }
    double points = fabs(100 * difference), half = 0.5 * pow(10, -page->decimals);
    fx__put(page, "%s%.*f", difference < 0 && points >= half ? "−" : "", page->decimals, points);
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

// The processor's own name, or the architecture's.
static void put_processor(fx_page *page) {
    struct utsname system;
    char name[200] = "";
    FILE *file;
    if (uname(&system) == 0) snprintf(name, sizeof name, "%s", system.machine);
    if (fx__file_open("/proc/cpuinfo", &file, NULL, NULL) == FX_OK) {
        char line[300];
        while (fgets(line, sizeof line, file)) {
            if (strncmp(line, "model name", 10) != 0 || !strchr(line, ':')) continue;
            const char *value = strchr(line, ':') + 1;
            value += strspn(value, " \t");
            snprintf(name, sizeof name, "%.*s", (int)strcspn(value, "\n"), value);
            break;
        }
        fclose(file);
    }
    fx__put_name(page, name);
}

void fx__put_machine(fx_page *page, int threads, double rate) {
    fx__put(page, "<dt>versions</dt><dd>featx %s, ", fx_version());
    fx__put_name(page, fx__product_version());
    fx__put(page, "</dd>\n<dt>machine</dt><dd>");
    put_processor(page);
    fx__put(page, ", %d thread%s", threads, threads == 1 ? "" : "s");
    if (rate > 0) fx__put(page, ", matrix products at %.0f&nbsp;GFLOP/s", rate / 1e9);
    fx__put(page, "</dd>\n");
}

void fx__put_scroll_begin(fx_page *page, const char *label) {
    fx__put(page, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">\n",
            label);
}

void fx__put_scroll_end(fx_page *page) {
    fx__put(page, "</div>\n");
}
