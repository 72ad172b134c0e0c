// Parameter tables: text ↔ struct fields.
#include "src/base/params.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "src/base/memory.h"

enum { KEY_MAX = 128, WORDS_MAX = 256 };

bool fx__parse_int(const char *text, long long min, long long max, long long *out) {
    const char *digits = text + (*text == '-');
    if (*digits < '0' || *digits > '9') return false;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (*end || errno || value < min || value > max) return false;
    *out = value;
    return true;
}

bool fx__parse_float(const char *text, double *out) {
    const char *at = text + (*text == '-');
    if (!((*at >= '0' && *at <= '9') || *at == '.')) return false;
    for (const char *c = at; *c; c++)
        if (!strchr("0123456789.eE+-", *c)) return false; // no hexadecimal, inf, nan
    char *end;
    double value = strtod(text, &end);
    if (*end || end == text || !isfinite(value)) return false;
    *out = value;
    return true;
}

// Levenshtein distance, given up (returned as large) where it exceeds `limit`.
static size_t edit_distance(const char *a, const char *b, size_t limit) {
    size_t n = strlen(a), m = strlen(b), row[KEY_MAX + 1];
    if (m > KEY_MAX || n > m + limit || m > n + limit) return limit + 1;
    for (size_t j = 0; j <= m; j++) row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[m];
}

const char *fx__nearest_name(const char *word, const char *const *names, size_t count) {
    size_t length = strlen(word), best_distance = length / 3 + 1;
    const char *best = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t distance = edit_distance(word, names[i], best_distance);
        if (distance < best_distance || (distance == best_distance && !best)) {
            best = names[i];
            best_distance = distance;
        }
    }
    return best;
}

// Names
// --------------------------------------------------------------------------------------------

static void full_name(const fx_section *section, const fx_param *param, char out[KEY_MAX]) {
    snprintf(out, KEY_MAX, "%s%s%s", section->name, section->name[0] ? "." : "", param->key);
}

static fx_status unknown_key(const fx_section *sections, size_t count, const char *key,
                             const char *where, fx_error *error) {
    char names[WORDS_MAX][KEY_MAX];
    const char *list[WORDS_MAX] = {0};
    const char *same = NULL; // the key given without its section
    size_t n = 0;
    for (size_t s = 0; s < count; s++)
        for (size_t p = 0; p < sections[s].count && n < WORDS_MAX; p++, n++) {
            full_name(&sections[s], &sections[s].params[p], names[n]);
            list[n] = names[n];
            if (strcmp(sections[s].params[p].key, key) == 0) same = names[n];
        }
    const char *nearest = same ? same : fx__nearest_name(key, list, n);
    for (size_t s = 0; s < count && !nearest; s++)
        if (fx__nearest_name(key, &sections[s].name, 1)) nearest = sections[s].name;
    return fx_error_set(error, FX_ERROR_USAGE, "%s%sunknown key '%s'%s%s%s", where,
                        where[0] ? ": " : "", key, nearest ? ", did you mean '" : "",
                        nearest ? nearest : "", nearest ? "'?" : "");
}

// What a parameter accepts, for messages.
static void describe(const fx_param *param, char *out, size_t size) {
    size_t used = 0;
#define ADD(...)                                                                                   \
    (used += (size_t)snprintf(out + (used < size ? used : size - 1),                               \
                              used < size ? size - used : 1, __VA_ARGS__))
    switch (param->kind) {
    case FX_PARAM_BOOL:
        ADD("true or false");
        break;
    case FX_PARAM_INT:
        ADD("an integer from %.0f to %.0f", param->min, param->max);
        break;
    case FX_PARAM_FLOAT:
        ADD("a number from %g to %g", param->min, param->max);
        break;
    case FX_PARAM_INTS:
        ADD("an integer from %.0f to %.0f or a list of at most %d such as [8, 4]", param->min,
            param->max, FX_LIST_MAX);
        break;
    case FX_PARAM_CHOICE:
    case FX_PARAM_CHOICES:
        ADD(param->kind == FX_PARAM_CHOICE ? "one of " : "one or several of ");
        for (int i = 0; param->choices[i]; i++) ADD("%s%s", i ? ", " : "", param->choices[i]);
        break;
    case FX_PARAM_SIZE:
        ADD("auto, native, a number of pixels or [width, height], each from 1 to %.0f", param->max);
        break;
    case FX_PARAM_PATH:
        ADD("none or the path of a file, of at most %d bytes", FX_PATH_MAX - 1);
        break;
    }
    if (param->has_auto) ADD(", or auto");
#undef ADD
}

// Setting
// ------------------------------------------------------------------------------------------

static bool is_auto(const fx_yaml *value) {
    return value->kind == FX_YAML_SCALAR && strcmp(value->text, "auto") == 0;
}

static bool read_int(const fx_param *param, const fx_yaml *value, int *out) {
    long long number;
    if (value->kind != FX_YAML_SCALAR || value->quoted ||
        !fx__parse_int(value->text, (long long)param->min, (long long)param->max, &number))
        return false;
    *out = (int)number;
    return true;
}

// Names are told apart without regard to case: no two of a key differ in it alone.
static bool read_choice(const fx_param *param, const fx_yaml *value, int *out) {
    if (value->kind != FX_YAML_SCALAR) return false;
    for (int i = 0; param->choices[i]; i++)
        if (strcasecmp(param->choices[i], value->text) == 0) {
            *out = i;
            return true;
        }
    return false;
}

static bool read_list(const fx_param *param, const fx_yaml *value, fx_int_list *out) {
    bool (*read)(const fx_param *, const fx_yaml *, int *) =
        param->kind == FX_PARAM_INTS ? read_int : read_choice;
    const fx_yaml *items = value->kind == FX_YAML_SEQUENCE ? value->items : value;
    size_t count = value->kind == FX_YAML_SEQUENCE ? value->count : 1;
    fx_int_list list = {0};
    if (count > FX_LIST_MAX) return false;
    for (size_t i = 0; i < count; i++, list.count++)
        if (!read(param, &items[i], &list.values[i])) return false;
    *out = list;
    return true;
}

static bool read_size(const fx_param *param, const fx_yaml *value, fx_size *out) {
    fx_size size;
    if (is_auto(value)) {
        size = (fx_size){0, 0};
    } else if (value->kind == FX_YAML_SCALAR && strcmp(value->text, "native") == 0) {
        size = (fx_size){-1, -1};
    } else if (value->kind == FX_YAML_SEQUENCE && value->count == 2) {
        if (!read_int(param, &value->items[0], &size.width) ||
            !read_int(param, &value->items[1], &size.height))
            return false;
    } else {
        if (!read_int(param, value, &size.width)) return false;
        size.height = size.width;
    }
    *out = size;
    return true;
}

static bool read_path(const fx_yaml *value, char *out) {
    if (value->kind != FX_YAML_SCALAR || strlen(value->text) >= FX_PATH_MAX) return false;
    strcpy(out, strcmp(value->text, "none") == 0 ? "" : value->text);
    return true;
}

static bool read_value(const fx_param *param, const fx_yaml *value, void *field) {
    if (param->has_auto && is_auto(value)) {
        switch (param->kind) {
        case FX_PARAM_INT:
            *(int *)field = 0;
            return true;
        case FX_PARAM_FLOAT:
            *(float *)field = 0;
            return true;
        case FX_PARAM_INTS:
            *(fx_int_list *)field = (fx_int_list){0};
            return true;
        default:
            break;
        }
    }
    double number;
    switch (param->kind) {
    case FX_PARAM_BOOL:
        if (value->kind != FX_YAML_SCALAR || value->quoted) return false;
        if (strcmp(value->text, "true") != 0 && strcmp(value->text, "false") != 0) return false;
        *(bool *)field = value->text[0] == 't';
        return true;
    case FX_PARAM_INT:
        return read_int(param, value, field);
    case FX_PARAM_FLOAT:
        if (value->kind != FX_YAML_SCALAR || value->quoted ||
            !fx__parse_float(value->text, &number) || !(number >= param->min) ||
            !(number <= param->max))
            return false;
        *(float *)field = (float)number;
        return true;
    case FX_PARAM_CHOICE:
        return read_choice(param, value, field);
    case FX_PARAM_INTS:
    case FX_PARAM_CHOICES:
        return read_list(param, value, field);
    case FX_PARAM_SIZE:
        return read_size(param, value, field);
    case FX_PARAM_PATH:
        return read_path(value, field);
    }
    return false;
}

// The value as the user gave it, cut to what a message can hold.
static void print_node(const fx_yaml *value, char *out, size_t size) {
    if (value->kind == FX_YAML_SCALAR) {
        snprintf(out, size, "'%s'", value->text);
    } else if (value->kind == FX_YAML_MAPPING) {
        snprintf(out, size, "%s", value->count ? "keys" : "nothing");
    } else {
        size_t used = (size_t)snprintf(out, size, "[");
        for (size_t i = 0; i < value->count && used < size; i++) {
            const fx_yaml *item = &value->items[i];
            used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "",
                                     item->kind == FX_YAML_SCALAR ? item->text : "…");
        }
        if (used < size) snprintf(out + used, size - used, "]");
    }
}

fx_status fx__params_set_node(const fx_section *sections, size_t count, void *whole,
                              const char *key, const fx_yaml *value, const char *where,
                              fx_error *error) {
    for (size_t s = 0; s < count; s++) {
        const fx_section *section = &sections[s];
        for (size_t p = 0; p < section->count; p++) {
            const fx_param *param = &section->params[p];
            char name[KEY_MAX];
            full_name(section, param, name);
            if (strcmp(name, key) != 0) continue;
            char *params = (char *)whole + section->offset;
            if (!read_value(param, value, params + param->offset)) {
                char found[100], expected[320];
                print_node(value, found, sizeof found);
                describe(param, expected, sizeof expected);
                return fx_error_set(error, FX_ERROR_USAGE, "%s%s%s: found %s, expected %s", where,
                                    where[0] ? ": " : "", name, found, expected);
            }
            if (section->after_set) section->after_set(params, param->key);
            return FX_OK;
        }
    }
    return unknown_key(sections, count, key, where, error);
}

fx_status fx_params_set(const fx_section *sections, size_t count, void *whole, const char *key,
                        const char *value, fx_error *error) {
    fx_yaml *node;
    FX__TRY(fx__yaml_parse(value, strlen(value), key, &node, error));
    fx_status status = fx__params_set_node(sections, count, whole, key, node, "", error);
    fx__yaml_destroy(node);
    return status;
}

static fx_status apply_section(const fx_section *sections, size_t count, void *whole,
                               const fx_section *section, const fx_yaml *entry, const char *file,
                               fx_error *error) {
    if (entry->kind != FX_YAML_MAPPING)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "%s:%d: '%s' is a section, expected keys such as '%s.%s'", file,
                            entry->line, section->name, section->name, section->params[0].key);
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < entry->count; i++) {
            const fx_yaml *item = &entry->items[i];
            if ((strcmp(item->key, "preset") == 0) != (pass == 0)) continue;
            char key[2 * KEY_MAX], where[512];
            snprintf(key, sizeof key, "%s.%s", section->name, item->key);
            snprintf(where, sizeof where, "%s:%d", file, item->line);
            FX__TRY(fx__params_set_node(sections, count, whole, key, item, where, error));
        }
    return FX_OK;
}

fx_status fx__params_apply(const fx_section *sections, size_t count, void *whole,
                           const fx_yaml *mapping, const char *file, bool (*skip)(const char *key),
                           fx_error *error) {
    if (mapping->kind != FX_YAML_MAPPING)
        return fx_error_set(error, FX_ERROR_USAGE, "%s:%d: found no keys, expected 'key: value'",
                            file, mapping->line);
    for (size_t i = 0; i < mapping->count; i++) {
        const fx_yaml *entry = &mapping->items[i];
        if (skip && skip(entry->key)) continue;
        const fx_section *section = NULL;
        for (size_t s = 0; s < count; s++)
            if (sections[s].name[0] && strcmp(sections[s].name, entry->key) == 0)
                section = &sections[s];
        if (section) {
            FX__TRY(apply_section(sections, count, whole, section, entry, file, error));
        } else {
            char where[512];
            snprintf(where, sizeof where, "%s:%d", file, entry->line);
            FX__TRY(fx__params_set_node(sections, count, whole, entry->key, entry, where, error));
        }
    }
    return FX_OK;
}

// Checking
// -----------------------------------------------------------------------------------------

static bool accepts_int(const fx_param *param, int value) {
    if (param->kind == FX_PARAM_CHOICE || param->kind == FX_PARAM_CHOICES) {
        int count = 0;
        while (param->choices[count]) count++;
        return value >= 0 && value < count;
    }
    return value >= param->min && value <= param->max;
}

// The first number of the field that is not accepted, or NaN where all are.
static double refused_number(const fx_param *param, const void *field) {
    const fx_int_list *list = field;
    const fx_size *size = field;
    int number = 0;
    float real = 0;
    switch (param->kind) {
    case FX_PARAM_BOOL:
        return NAN;
    case FX_PARAM_FLOAT: // the limits as float, as the value is: 0.99f is more than 0.99
        memcpy(&real, field, sizeof real);
        if (param->has_auto && real == 0) return NAN;
        if (real >= (float)param->min && real <= (float)param->max) return NAN;
        return isnan(real) ? HUGE_VAL : (double)real;
    case FX_PARAM_INT:
    case FX_PARAM_CHOICE:
        memcpy(&number, field, sizeof number);
        if (param->has_auto && param->kind == FX_PARAM_INT && number == 0) return NAN;
        return accepts_int(param, number) ? NAN : number;
    case FX_PARAM_INTS:
    case FX_PARAM_CHOICES:
        if (list->count < 0 || list->count > FX_LIST_MAX) return list->count;
        for (int i = 0; i < list->count; i++)
            if (!accepts_int(param, list->values[i])) return list->values[i];
        return NAN;
    case FX_PARAM_SIZE:
        if (size->width == size->height && (size->width == 0 || size->width == -1)) return NAN;
        if (!accepts_int(param, size->width)) return size->width;
        return accepts_int(param, size->height) ? NAN : size->height;
    case FX_PARAM_PATH:
        return NAN;
    }
    return NAN;
}

fx_status fx__params_check(const fx_section *section, const void *whole, fx_error *error) {
    for (size_t p = 0; p < section->count; p++) {
        const fx_param *param = &section->params[p];
        const char *params = (const char *)whole + section->offset;
        double found = refused_number(param, params + param->offset);
        if (isnan(found)) continue;
        char name[KEY_MAX], expected[320];
        full_name(section, param, name);
        describe(param, expected, sizeof expected);
        return fx_error_set(error, FX_ERROR_USAGE, "%s: found %g, expected %s", name, found,
                            expected);
    }
    return FX_OK;
}

// Writing
// ------------------------------------------------------------------------------------------

// The shortest decimal that reads back as the same float.
static int print_float(char *out, size_t size, float value) {
    for (int digits = 1; digits < 9; digits++) {
        snprintf(out, size, "%.*g", digits, (double)value);
        if (strtof(out, NULL) == value) break;
    }
    if (strtof(out, NULL) != value) snprintf(out, size, "%.9g", (double)value);
    return (int)strlen(out);
}

// `quote` stands around names: "" for people, "\"" for JSON.
static fx_status print_value(const fx_param *param, const void *field, const char *quote,
                             fx_text *out, fx_error *error) {
    char number[48];
    const fx_int_list *list = field;
    const fx_size *size = field;
    const char *path = field;
    bool automatic =
        param->has_auto && ((param->kind == FX_PARAM_INT && *(const int *)field == 0) ||
                            (param->kind == FX_PARAM_FLOAT && *(const float *)field == 0) ||
                            (param->kind == FX_PARAM_INTS && list->count == 0));
    if (automatic) return fx__text_printf(out, error, "%sauto%s", quote, quote);
    switch (param->kind) {
    case FX_PARAM_BOOL:
        return fx__text_printf(out, error, "%s", *(const bool *)field ? "true" : "false");
    case FX_PARAM_INT:
        return fx__text_printf(out, error, "%d", *(const int *)field);
    case FX_PARAM_FLOAT:
        print_float(number, sizeof number, *(const float *)field);
        return fx__text_printf(out, error, "%s", number);
    case FX_PARAM_CHOICE:
        return fx__text_printf(out, error, "%s%s%s", quote, param->choices[*(const int *)field],
                               quote);
    case FX_PARAM_INTS:
    case FX_PARAM_CHOICES:
        FX__TRY(fx__text_printf(out, error, "["));
        for (int i = 0; i < list->count; i++) {
            FX__TRY(fx__text_printf(out, error, "%s", i ? ", " : ""));
            if (param->kind == FX_PARAM_INTS)
                FX__TRY(fx__text_printf(out, error, "%d", list->values[i]));
            else
                FX__TRY(fx__text_printf(out, error, "%s%s%s", quote,
                                        param->choices[list->values[i]], quote));
        }
        return fx__text_printf(out, error, "]");
    case FX_PARAM_SIZE:
        if (size->width <= 0)
            return fx__text_printf(out, error, "%s%s%s", quote,
                                   size->width == 0 ? "auto" : "native", quote);
        return fx__text_printf(out, error, "[%d, %d]", size->width, size->height);
    case FX_PARAM_PATH:
        if (*path == '\0') return fx__text_printf(out, error, "%snone%s", quote, quote);
        return *quote ? fx__text_json_string(out, path, error)
                      : fx__text_printf(out, error, "%s", path);
    }
    return FX_OK;
}

size_t fx_param_format(const fx_param *param, const void *params, char *out, size_t size) {
    fx_text text = {0};
    fx_status status = print_value(param, (const char *)params + param->offset, "", &text, NULL);
    size_t length = status == FX_OK ? text.length : 0;
    if (size > 0) snprintf(out, size, "%s", status == FX_OK ? text.data : "");
    fx__text_destroy(&text);
    return length;
}

fx_status fx__params_json(const fx_section *section, const void *whole, fx_text *out,
                          fx_error *error) {
    const char *params = (const char *)whole + section->offset;
    FX__TRY(fx__text_printf(out, error, "{"));
    for (size_t p = 0; p < section->count; p++) {
        const fx_param *param = &section->params[p];
        FX__TRY(fx__text_printf(out, error, "%s\"%s\": ", p ? ", " : "", param->key));
        FX__TRY(print_value(param, params + param->offset, "\"", out, error));
    }
    return fx__text_printf(out, error, "}");
}
