// What the library needs of parameter tables besides the public part.
#ifndef FEATX_BASE_PARAMS_H
#define FEATX_BASE_PARAMS_H

#include <stdint.h>

#include "featx/params.h"
#include "src/base/text.h"
#include "src/base/yaml.h"

// Sets one key from a parsed value. `where` stands before the message ("file.yaml:12", or "" for
// none). `key` is "section.key".
FX_MUST_CHECK fx_status fx__params_set_node(const fx_section *sections, size_t count, void *whole,
                                            const char *key, const fx_yaml *value,
                                            const char *where, fx_error *error);

// Applies a mapping {section: {key: value}, key: value}. Top-level keys for which skip() is true
// are left to the caller. A preset is applied before the other keys of its section.
FX_MUST_CHECK fx_status fx__params_apply(const fx_section *sections, size_t count, void *whole,
                                         const fx_yaml *mapping, const char *file,
                                         bool (*skip)(const char *key), fx_error *error);

// Appends the canonical JSON of one section: {"key": value, …} with the table's order, which
// fx__params_apply reads back (JSON of this kind is YAML).
FX_MUST_CHECK fx_status fx__params_json(const fx_section *section, const void *whole, fx_text *out,
                                        fx_error *error);

// The same ranges for a struct that was filled by hand: FX_ERROR_USAGE names the first key whose
// value the table does not accept.
FX_MUST_CHECK fx_status fx__params_check(const fx_section *section, const void *whole,
                                         fx_error *error);

// Nearest of names[count] to `word` by edit distance, or NULL where none is near.
const char *fx__nearest_name(const char *word, const char *const *names, size_t count);

// Strict numbers: the whole text, no spaces, base 10. False where it is none or out of range.
bool fx__parse_int(const char *text, long long min, long long max, long long *out);
bool fx__parse_float(const char *text, double *out); // finite
#endif
