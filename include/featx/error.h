// Errors: every function that can fail returns an fx_status and fills a caller-owned fx_error.
//
// The message is one line that names the file, the value found and the value expected. The library
// never prints, aborts or exits on bad input.
#ifndef FEATX_ERROR_H
#define FEATX_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

// X(code, what it means)
#define FX_STATUS_CODES(X)                                                                         \
    X(FX_OK, "no error")                                                                           \
    X(FX_ERROR_MEMORY, "out of memory, or a size that cannot be allocated")                        \
    X(FX_ERROR_IO, "a file cannot be opened, read or written")                                     \
    X(FX_ERROR_FORMAT, "a file's content is not what its format demands")                          \
    X(FX_ERROR_DATA, "well-formed data that cannot be used here")                                  \
    X(FX_ERROR_USAGE, "an unknown name or key, or a value out of its range")                       \
    X(FX_ERROR_NUMERIC, "a computation left the finite numbers")                                   \
    X(FX_ERROR_INTERRUPTED, "stopped on request")

#define FX_STATUS_ENUM(code, text) code,
typedef enum fx_status { FX_STATUS_CODES(FX_STATUS_ENUM) } fx_status;
#undef FX_STATUS_ENUM

typedef struct fx_error {
    fx_status code;
    char message[600];
} fx_error;

#if defined(__GNUC__)
#define FX_MUST_CHECK                  __attribute__((warn_unused_result))
#define FX_PRINTF(format_index, first) __attribute__((format(printf, format_index, first)))
#else
#define FX_MUST_CHECK
#define FX_PRINTF(format_index, first)
#endif

// The meaning of a code, as in the table above. Never NULL.
const char *fx_status_text(fx_status code);

// Fills *error (NULL allowed) and returns code, so that `return fx_error_set(…)` reads as one step.
fx_status fx_error_set(fx_error *error, fx_status code, const char *format, ...) FX_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif
#endif
