// Data on standard output, and names made safe to print.
#ifndef FEATX_TOOLS_OUTPUT_H
#define FEATX_TOOLS_OUTPUT_H

#include <stdio.h>

#include "featx/error.h"
#include "src/base/text.h"

// Copies text with its control characters (C0, DEL, C1) written as \n, \t, \xHH: file and class
// names come from others and may hold what moves a terminal's cursor. Always terminated.
void escape_text(const char *text, char *out, size_t size);
void print_escaped(FILE *file, const char *text);
// The same for Markdown, where a name may also hold what means markup, HTML or the end of a cell.
void escape_markdown(const char *text, char *out, size_t size);
// A field of comma-separated values, quoted where it must be, escaped.
void print_csv_field(FILE *file, const char *text);

// "1,234,567" and "12.3 MB".
const char *format_count(unsigned long long value, char out[32]);
const char *format_bytes(unsigned long long bytes, char out[32]);

// Prints a finished JSON text and a newline.
FX_MUST_CHECK fx_status print_json(const fx_text *text, fx_error *error);
// Flushes standard output. FX_ERROR_IO where anything did not arrive (a full disk).
FX_MUST_CHECK fx_status flush_output(fx_error *error);

// Fails early where `path` cannot be written, before long work. Leaves nothing behind.
FX_MUST_CHECK fx_status check_output(const char *path, fx_error *error);
#endif
