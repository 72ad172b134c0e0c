// One vocabulary of keys: a table describes the fields of a parameter struct, and the same table
// parses YAML and --set, prints help with live defaults, and writes model files and results.
#ifndef FEATX_PARAMS_H
#define FEATX_PARAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "featx/error.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { FX_LIST_MAX = 32, FX_PATH_MAX = 1024 };

typedef struct fx_int_list {
    int count; // 0 … FX_LIST_MAX
    int values[FX_LIST_MAX];
} fx_int_list;

// An image size in pixels. {0, 0} is `auto`, {-1, -1} is `native`.
typedef struct fx_size {
    int width, height;
} fx_size;

typedef enum fx_param_kind {
    FX_PARAM_BOOL,    // bool           true, false
    FX_PARAM_INT,     // int            strict decimal
    FX_PARAM_FLOAT,   // float          strict decimal, finite
    FX_PARAM_CHOICE,  // int            index into choices
    FX_PARAM_INTS,    // fx_int_list    5 or [5, 3]
    FX_PARAM_CHOICES, // fx_int_list    a or [a, b], indices into choices
    FX_PARAM_SIZE,    // fx_size        native, auto, 64 or [width, height]
    FX_PARAM_PATH,    // char[FX_PATH_MAX]  none (stored as "") or the path of a file
} fx_param_kind;

typedef struct fx_param {
    const char *key;
    fx_param_kind kind;
    size_t offset;              // of the field in the struct
    double min, max;            // inclusive, of INT, FLOAT and each of INTS
    const char *const *choices; // NULL-terminated, of CHOICE and CHOICES
    bool has_auto;              // `auto` is accepted, and stored as 0 (INT, FLOAT) or an empty list
    const char *help;           // one line, with the unit
} fx_param;

typedef struct fx_section {
    const char *name; // "hog"; "" for keys without a section
    const fx_param *params;
    size_t count;
    size_t offset; // of the section's struct in the struct of the whole
    // Called after a value was set, with its key; a preset sets the other keys here. May be NULL.
    void (*after_set)(void *params, const char *key);
} fx_section;

// Sets section.key (or a key without section) of `whole` from YAML text such as "12", "[8, 4, 4]"
// or "relu". FX_ERROR_USAGE names the key, what was found, what is accepted, and for an unknown key
// the nearest known one.
FX_MUST_CHECK fx_status fx_params_set(const fx_section *sections, size_t count, void *whole,
                                      const char *key, const char *value, fx_error *error);

// Writes the value as it would be given ("[8, 4, 4]", "auto", "0.001"), always terminated. Returns
// the length that the whole text has.
size_t fx_param_format(const fx_param *param, const void *params, char *out, size_t size);

#ifdef __cplusplus
}
#endif
#endif
