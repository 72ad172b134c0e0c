// Status codes and messages.
#include "featx/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "src/base/memory.h"

const char *fx_status_text(fx_status code) {
    switch (code) {
#define FX_STATUS_CASE(name, text)                                                                 \
    case name:                                                                                     \
        return text;
        FX_STATUS_CODES(FX_STATUS_CASE)
#undef FX_STATUS_CASE
    }
    return "unknown status";
}

static void set_message(fx_error *error, fx_status code, const char *format, va_list arguments) {
    error->code = code;
    vsnprintf(error->message, sizeof error->message, format, arguments);
}

// Names in parentheses: for the static analyzer the two are macros (memory.h).
fx_status(fx_error_set)(fx_error *error, fx_status code, const char *format, ...) {
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        set_message(error, code, format, arguments);
        va_end(arguments);
    }
    return code;
}

fx_status(fx__error_prefix)(fx_error *error, fx_status status, const char *format, ...) {
    if (!error) return status;
    char before[sizeof error->message];
    memcpy(before, error->message, sizeof before);
    va_list arguments;
    va_start(arguments, format);
    set_message(error, status, format, arguments);
    va_end(arguments);
    size_t length = strlen(error->message);
    snprintf(error->message + length, sizeof error->message - length, ": %s", before);
    return status;
}
