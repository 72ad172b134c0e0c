// Verdicts and the digits of numbers.
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tools/lecture/sheet.h"

static void formatted(quantity q, const char *value, const char *interval) {
    char text[96];
    format_value(q, text);
    cr_expect_str_eq(text, value);
    format_interval(q, text);
    cr_expect_str_eq(text, interval);
}

Test(lecture_sheet, digits_are_those_that_the_interval_supports) {
    formatted((quantity){0.61234, 0.581, 0.642, PERCENT}, "61 %", "58 to 64 %");
    formatted((quantity){0.61234, 0.6101, 0.6145, PERCENT}, "61.2 %", "61.0 to 61.5 %");
    formatted((quantity){-0.0312, -0.05, 0.0004, POINTS}, "−3 points", "−5 to 0 points");
    formatted(plain(0.0123456), "0.0123", "");
    formatted(plain(3), "3", "");
    formatted(plain(0), "0", "");
    formatted(plain(1.25e-7), "1.2 · 10⁻⁷", "");
    formatted(plain(-3.1e12), "−3.1 · 10¹²", "");
    formatted((quantity){0.012, 0.002, 0.022, POINTS}, "1 point", "0 to 2 points");
    formatted(plain(NAN), "–", "");
    formatted(in_unit(0.2317, DEGREES), "0.232°", "");
    formatted(in_unit(1, PERCENT), "100 %", "");
}

Test(lecture_sheet, intervals) {
    quantity q = share(50, 100); // Wilson, textbook value
    cr_expect(fabs(q.low - 0.4038) < 1e-3 && fabs(q.high - 0.5962) < 1e-3, "%g %g", q.low, q.high);
    const int labels[4] = {0, 0, 0, 0}, a[4] = {0, 0, 0, 1}, b[4] = {1, 0, 0, 1};
    q = accuracy_gain(labels, a, b, 4); // one of four: mean 1/4, variance 1/4 − 1/16
    cr_expect(fabs(q.value - 0.25) < 1e-12);
    cr_expect(fabs(q.high - q.value - 1.959964 * sqrt(0.1875 / 4)) < 1e-9);
}

// What the claims below find.
static quantity found;
static enum { BOTH_WAYS, NOTHING_NEEDED, BROKEN } behavior;

static fx_status run(const lecture *lecture, sheet *sheet, fx_error *error) {
    (void)lecture;
    double *array;
    TRY(sheet_array(sheet, 3, sizeof *array, &array, error));
    sheet_shows(sheet, "shown", found);
    if (behavior == BROKEN) return fx_error_set(error, FX_ERROR_DATA, "broken");
    if (behavior == NOTHING_NEEDED) return FX_OK;
    sheet_at_least(sheet, "at least a half", found, 0.5);
    sheet_at_most(sheet, "at most 0.7", found, 0.7);
    return FX_OK;
}

static bool holds(quantity q) {
    static const claim claim = {"X", "x.c", "title", "says", "experiment", run};
    const lecture lecture = {.seed = 1};
    sheet sheet;
    fx_error error = {0};
    int plots = 0;
    found = q;
    fx_status status = sheet_run(&claim, &lecture, NULL, &plots, &sheet, &error);
    bool out = sheet_holds(&sheet);
    sheet_destroy(&sheet);
    cr_assert_eq(status, behavior == BROKEN ? FX_ERROR_DATA : FX_OK);
    return out;
}

Test(lecture_sheet, a_number_meets_its_limit_with_its_whole_interval) {
    cr_expect(holds(plain(0.6)));
    cr_expect(holds(plain(0.5)));
    cr_expect(holds(plain(0.7)));
    cr_expect_not(holds(plain(0.49)));
    cr_expect_not(holds(plain(0.71)));
    cr_expect_not(holds(plain(NAN)));
    cr_expect(holds((quantity){0.6, 0.5, 0.7, PLAIN}));
    cr_expect_not(holds((quantity){0.6, 0.49, 0.7, PLAIN}));
    cr_expect_not(holds((quantity){0.6, 0.5, 0.71, PLAIN}));
}

Test(lecture_sheet, what_needs_nothing_does_not_hold) {
    behavior = NOTHING_NEEDED;
    cr_expect_not(holds(plain(0.6)));
    behavior = BROKEN;
    holds(plain(0.6));
}

Test(lecture_sheet, every_claim_is_there_with_its_source) {
    for (size_t i = 0; i < lecture_claim_count; i++) {
        const claim *claim = lecture_claims[i];
        char id[32];
        snprintf(id, sizeof id, "L%zu", i + 1);
        cr_expect_str_eq(claim->id, id);
        bool found_source = false;
        for (size_t k = 0; k < claim_source_count; k++)
            if (strcmp(claim_sources[k].file, claim->file) == 0)
                found_source = strstr((const char *)claim_sources[k].text, claim->id) != NULL;
        cr_expect(found_source, "%s: no source %s", claim->id, claim->file);
    }
    cr_expect_eq(lecture_claim_count, 18);
}

// Claims are examples: they speak to the library through its public headers alone.
Test(lecture_sheet, claims_use_the_public_api_alone) {
    for (size_t k = 0; k < claim_source_count; k++) {
        const char *at = (const char *)claim_sources[k].text;
        cr_expect_null(strstr(at, "fx__"), "%s", claim_sources[k].file);
        for (at = strstr(at, "#include \""); at; at = strstr(at + 1, "#include \""))
            cr_expect(strncmp(at + 10, "tools/lecture/lecture.h\"", 24) == 0, "%s: %.60s",
                      claim_sources[k].file, at);
    }
}
