// A small tree over libyaml (this is the only user of yaml.h): scalars, sequences and mappings with
// line numbers. At most 1 MiB of text, 64 levels, no aliases, no duplicate keys.
#ifndef FEATX_BASE_YAML_H
#define FEATX_BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "featx/error.h"

typedef enum fx_yaml_kind { FX_YAML_SCALAR, FX_YAML_SEQUENCE, FX_YAML_MAPPING } fx_yaml_kind;

typedef struct fx_yaml {
    fx_yaml_kind kind;
    int line;              // 1-based
    char *key;             // of an entry of a mapping, else NULL
    char *text;            // of a scalar
    bool quoted;           // of a scalar
    size_t count;          // children
    struct fx_yaml *items; // [count]
} fx_yaml;

// Parses one document; `name` stands in messages ("file.yaml:12: …"). An empty document is an empty
// mapping. FX_ERROR_FORMAT, FX_ERROR_MEMORY. Free with fx__yaml_destroy.
FX_MUST_CHECK fx_status fx__yaml_parse(const char *text, size_t size, const char *name,
                                       fx_yaml **out, fx_error *error);
FX_MUST_CHECK fx_status fx__yaml_load(const char *path, fx_yaml **out, fx_error *error);
void fx__yaml_destroy(fx_yaml *root);

// The entry of a mapping, or NULL.
const fx_yaml *fx__yaml_get(const fx_yaml *mapping, const char *key);
// The text of a scalar entry of a mapping, or NULL where absent or not a scalar.
const char *fx__yaml_text(const fx_yaml *mapping, const char *key);
#endif
