// Sheets: the numbers of a claim, their limits, and the verdict.
#include "tools/lecture/sheet.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "src/base/memory.h"
#include "src/experiment/metrics.h"

// --- life ---

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

fx_status sheet_run(const claim *claim, const lecture *lecture, const char *gnuplot, int *plots,
                    sheet *out, fx_error *error) {
    *out = (sheet){.drawing = gnuplot != NULL};
    out->page = (fx_page){.out = &out->body, .error = error, .gnuplot = gnuplot, .plots = *plots};
    double began = now();
    fx_status status = claim->run(lecture, out, error);
    out->seconds = now() - began;
    *plots = out->page.plots;
    return status != FX_OK ? status : out->page.status;
}

void sheet_destroy(sheet *sheet) {
    for (size_t i = 0; i < sheet->array_count; i++) free(sheet->arrays[i]);
    free(sheet->arrays);
    free(sheet->rows);
    fx__text_destroy(&sheet->body);
    *sheet = (struct sheet){0};
}

fx_status sheet_array(sheet *sheet, size_t count, size_t size, void *out, fx_error *error) {
    void **arrays = realloc(sheet->arrays, (sheet->array_count + 1) * sizeof *arrays);
    if (!arrays) return fx_error_set(error, FX_ERROR_MEMORY, "out of memory");
    sheet->arrays = arrays;
    FX__TRY(fx__allocate(count, size, &arrays[sheet->array_count], error));
    *(void **)out = arrays[sheet->array_count++];
    return FX_OK;
}

// --- quantities ---

quantity plain(double value) {
    return in_unit(value, PLAIN);
}

quantity in_unit(double value, unit unit) {
    return (quantity){value, value, value, unit};
}

quantity share(size_t count, size_t of) {
    double ends[2];
    fx__wilson_interval(count, of, ends);
    return (quantity){(double)count / (double)of, ends[0], ends[1], PERCENT};
}

quantity accuracy(const int *labels, const int *predictions, size_t n) {
    size_t right = 0;
    for (size_t i = 0; i < n; i++) right += labels[i] == predictions[i];
    return share(right, n);
}

quantity accuracy_gain(const int *labels, const int *a, const int *b, size_t n) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        int difference = (a[i] == labels[i]) - (b[i] == labels[i]);
        sum += difference;
        squares += difference * difference;
    }
    double mean = sum / (double)n;
    double reach = 1.959964 * sqrt((squares / (double)n - mean * mean) / (double)n);
    return (quantity){mean, mean - reach, mean + reach, POINTS};
}

// --- rows ---

static void add_row(sheet *sheet, const char *what, quantity found, limit limit, double bound) {
    fx_page *page = &sheet->page;
    if (page->status != FX_OK) return;
    row *rows = realloc(sheet->rows, (sheet->row_count + 1) * sizeof *rows);
    if (!rows) {
        page->status = fx_error_set(page->error, FX_ERROR_MEMORY, "out of memory");
        return;
    }
    sheet->rows = rows;
    row *row = &rows[sheet->row_count++];
    *row = (struct row){.found = found, .limit = limit, .bound = bound};
    assert(strlen(what) < sizeof row->what);
    snprintf(row->what, sizeof row->what, "%s", what);
    row->met = limit == NO_LIMIT || (limit == AT_LEAST ? found.low >= bound : found.high <= bound);
}

void sheet_shows(sheet *sheet, const char *what, quantity found) {
    add_row(sheet, what, found, NO_LIMIT, 0);
}

void sheet_at_least(sheet *sheet, const char *what, quantity found, double bound) {
    add_row(sheet, what, found, AT_LEAST, bound);
}

void sheet_at_most(sheet *sheet, const char *what, quantity found, double bound) {
    add_row(sheet, what, found, AT_MOST, bound);
}

bool sheet_holds(const sheet *sheet) {
    bool limited = false, met = true;
    for (size_t i = 0; i < sheet->row_count; i++) {
        limited = limited || sheet->rows[i].limit != NO_LIMIT;
        met = met && sheet->rows[i].met;
    }
    return limited && met;
}

// --- words ---

static const struct {
    double factor;
    const char *suffix;
} units[UNIT_COUNT] = {
    [PLAIN] = {1, ""},    [PERCENT] = {100, " %"},       [POINTS] = {100, " points"},
    [DEGREES] = {1, "°"}, [MICROSECONDS] = {1e6, " µs"},
};

// Digits after the point: to the place of the interval's half width, whose first digit is the last
// that means something; without an interval to three significant digits.
static int decimals(double value, double reach) {
    double scale = reach > 0 ? reach : fabs(value) / 100;
    if (!(scale > 0)) return 0;
    int digits = -(int)floor(log10(scale) + 1e-9);
    return digits < 0 ? 0 : digits > 9 ? 9 : digits;
}

// A number with a minus sign that is one.
static void put_number(double value, int digits, char *out, size_t size) {
    char text[40];
    snprintf(text, sizeof text, "%.*f", digits, value);
    bool negative = text[0] == '-', zero = strspn(text, "-0.") == strlen(text);
    snprintf(out, size, "%s%s", negative && !zero ? "−" : "", text + negative);
}

// 7.1 · 10⁻⁷; without digits of a mantissa of 1: 10⁻⁵.
static void put_power(double value, int digits, char *out, size_t size) {
    static const char *const raised[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    char text[40], mantissa[16];
    snprintf(text, sizeof text, "%.*e", digits, value);
    char *mark = strchr(text, 'e');
    assert(mark); // the value is finite
    int power = abs((int)strtol(mark + 1, NULL, 10));
    bool negative = mark[1] == '-';
    *mark = '\0';
    put_number(strtod(text, NULL), digits, mantissa, sizeof mantissa);
    bool one = strcmp(mantissa, "1") == 0;
    snprintf(out, size, "%s%s10%s%s%s%s", one ? "" : mantissa, one ? "" : " · ",
             negative ? "⁻" : "", power > 99 ? raised[power / 100] : "",
             power > 9 ? raised[power / 10 % 10] : "", raised[power % 10]);
}

static int digits_of(quantity q) {
    double factor = units[q.unit].factor;
    return decimals(factor * q.value, factor * (q.high - q.low) / 2);
}

void format_value(quantity q, char out[64]) {
    double value = q.value * units[q.unit].factor;
    char number[40];
    bool exact = q.low == q.high;
    if (!isfinite(value))
        snprintf(number, sizeof number, "–");
    else if (exact && value == floor(value) && fabs(value) < 1e7)
        snprintf(number, sizeof number, "%.0f", value);
    else if (exact && (fabs(value) < 1e-3 || fabs(value) >= 1e5))
        put_power(value, 1, number, sizeof number);
    else
        put_number(value, digits_of(q), number, sizeof number);
    bool one = q.unit == POINTS && (strcmp(number, "1") == 0 || strcmp(number, "−1") == 0);
    snprintf(out, 64, "%s%s", number, one ? " point" : units[q.unit].suffix);
}

void format_interval(quantity q, char out[96]) {
    out[0] = '\0';
    if (!(q.low < q.high)) return;
    char low[40], high[40];
    put_number(q.low * units[q.unit].factor, digits_of(q), low, sizeof low);
    put_number(q.high * units[q.unit].factor, digits_of(q), high, sizeof high);
    snprintf(out, 96, "%s to %s%s", low, high, units[q.unit].suffix);
}

void format_limit(const row *row, char out[64]) {
    out[0] = '\0';
    if (row->limit == NO_LIMIT) return;
    char bound[40];
    double value = row->bound * units[row->found.unit].factor;
    if (value != 0 && (fabs(value) < 1e-3 || fabs(value) >= 1e5)) {
        put_power(value, 0, bound, sizeof bound);
    } else {
        char text[32];
        snprintf(text, sizeof text, "%.6g", value);
        bool negative = text[0] == '-';
        snprintf(bound, sizeof bound, "%s%s", negative ? "−" : "", text + negative);
    }
    snprintf(out, 64, "%s %s%s", row->limit == AT_LEAST ? "at least" : "at most", bound,
             units[row->found.unit].suffix);
}
