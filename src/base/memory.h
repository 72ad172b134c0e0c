// Checked sizes and aligned memory.
#ifndef FEATX_BASE_MEMORY_H
#define FEATX_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "featx/error.h"

// *out = a * b. False where that does not fit.
static inline bool fx__size_mul(size_t a, size_t b, size_t *out) {
    return !__builtin_mul_overflow(a, b, out);
}

static inline size_t fx__least(size_t a, size_t b) {
    return a < b ? a : b;
}

static inline size_t fx__greatest(size_t a, size_t b) {
    return a > b ? a : b;
}

// Number of pieces of at most `size`.
static inline size_t fx__pieces(size_t length, size_t size) {
    return (length + size - 1) / size;
}

// count × size bytes of zeros, aligned to 64. Free with free(). A count of 0 gives a valid pointer.
FX_MUST_CHECK fx_status fx__allocate(size_t count, size_t size, void *out_pointer, fx_error *error);

// Copies a string. Free with free().
FX_MUST_CHECK fx_status fx__duplicate(const char *text, char **out, fx_error *error);

// Grows *pointer (of elements of `size`) to hold at least `needed`, doubling *capacity.
FX_MUST_CHECK fx_status fx__grow(void *pointer, size_t *capacity, size_t needed, size_t size,
                                 fx_error *error);

// Shorthand for functions with nothing to clean up.
#define FX__TRY(call)                                                                              \
    do {                                                                                           \
        fx_status try_status_ = (call);                                                            \
        if (try_status_ != FX_OK) return try_status_;                                              \
    } while (0)

// The same for functions that end in `done:` with a fx_status `status`.
#define FX__TRY_GOTO(call)                                                                         \
    do {                                                                                           \
        status = (call);                                                                           \
        if (status != FX_OK) goto done;                                                            \
    } while (0)

// Puts "prefix: " before the message of an error already set, and returns its code.
fx_status fx__error_prefix(fx_error *error, fx_status status, const char *format, ...)
    FX_PRINTF(3, 4);

// What the static analyzer cannot see from here: both return the status that they are given, so
// that a caller never goes on after an error. Functions of other files are opaque to it.
#ifdef __clang_analyzer__
#define fx_error_set(error, code, ...) ((void)(fx_error_set)(error, code, __VA_ARGS__), (code))
#define fx__error_prefix(error, status, ...)                                                       \
    ((void)(fx__error_prefix)(error, status, __VA_ARGS__), (status))
#endif
#endif
