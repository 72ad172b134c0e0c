// The inside of a sheet, for those who run claims and print what they found.
#ifndef FEATX_TOOLS_LECTURE_SHEET_H
#define FEATX_TOOLS_LECTURE_SHEET_H

#include "src/report/page.h"
#include "tools/lecture/lecture.h"

typedef enum limit { NO_LIMIT, AT_LEAST, AT_MOST } limit;

typedef struct row {
    char what[200];
    quantity found;
    limit limit;
    double bound;
    bool met; // true without a limit
} row;

struct sheet {
    fx_page page; // writes the pictures to body
    fx_text body;
    bool drawing; // false: numbers only
    row *rows;    // [row_count]
    size_t row_count;
    void **arrays; // [array_count]
    size_t array_count;
    double seconds;
};

// Runs a claim. With gnuplot (a program's name; NULL: numbers only) its pictures are drawn; plots
// counts those on the page so far. Fills *out, to be destroyed in any case.
FX_MUST_CHECK fx_status sheet_run(const claim *claim, const lecture *lecture, const char *gnuplot,
                                  int *plots, sheet *out, fx_error *error);
void sheet_destroy(sheet *sheet);

// The verdict: there are limits, and all are met.
bool sheet_holds(const sheet *sheet);

// "61.2 %", with the digits that the interval supports; "59.9 to 62.4 %" of its ends (empty where
// there is none); "at least 50 %" (empty without a limit).
void format_value(quantity quantity, char out[64]);
void format_interval(quantity quantity, char out[96]);
void format_limit(const row *row, char out[64]);

// The whole page. `command` repeats it.
typedef struct findings {
    const sheet *sheets; // [count], of claims[count]
    const claim *const *claims;
    size_t count;
    uint64_t seed;
    int threads;
    double seconds;
    const char *command;
} findings;
FX_MUST_CHECK fx_status write_page(const findings *findings, fx_text *out, fx_error *error);
FX_MUST_CHECK fx_status write_json(const findings *findings, fx_text *out, fx_error *error);

// Sources of the claims, as built in.
typedef struct claim_source {
    const char *file;
    const unsigned char *text; // terminated
} claim_source;
extern const claim_source claim_sources[];
extern const size_t claim_source_count;
#endif
