// A growing string.
#ifndef FEATX_BASE_TEXT_H
#define FEATX_BASE_TEXT_H

#include <stddef.h>

#include "featx/error.h"

typedef struct fx_text {
    char *data; // always terminated once something was added; NULL before
    size_t length, capacity;
} fx_text;

FX_MUST_CHECK fx_status fx__text_append(fx_text *text, const void *bytes, size_t count,
                                        fx_error *error);
FX_MUST_CHECK fx_status fx__text_printf(fx_text *text, fx_error *error, const char *format, ...)
    FX_PRINTF(3, 4);
// Appends a JSON string literal, with quotes. Bytes that are not UTF-8 become U+FFFD.
FX_MUST_CHECK fx_status fx__text_json_string(fx_text *text, const char *value, fx_error *error);
// Appends text for HTML content or a quoted attribute: & < > " ' become entities, control
// characters spaces, bytes that are not UTF-8 U+FFFD.
FX_MUST_CHECK fx_status fx__text_html(fx_text *text, const char *value, fx_error *error);
// Appends the base64 (RFC 4648) of bytes[count].
FX_MUST_CHECK fx_status fx__text_base64(fx_text *text, const void *bytes, size_t count,
                                        fx_error *error);
void fx__text_destroy(fx_text *text);
#endif
