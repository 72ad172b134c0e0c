// A tree over libyaml's event parser.
#include "src/base/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "src/base/file.h"
#include "src/base/memory.h"

enum { MAX_BYTES = 1 << 20, MAX_DEPTH = 64 };

typedef struct reader {
    yaml_parser_t parser;
    const char *name;
    fx_error *error;
} reader;

static void clear(fx_yaml *node) {
    for (size_t i = 0; i < node->count; i++) clear(&node->items[i]);
    free(node->items);
    free(node->key);
    free(node->text);
    *node = (fx_yaml){0};
}

void fx__yaml_destroy(fx_yaml *root) {
    if (!root) return;
    clear(root);
    free(root);
}

static fx_status next_event(reader *r, yaml_event_t *event) {
    if (yaml_parser_parse(&r->parser, event)) return FX_OK;
    const char *problem = r->parser.problem ? r->parser.problem : "not YAML";
    size_t line = r->parser.problem_mark.line + 1;
    if (r->parser.error == YAML_MEMORY_ERROR)
        return fx_error_set(r->error, FX_ERROR_MEMORY, "%s: out of memory", r->name);
    return fx_error_set(r->error, FX_ERROR_FORMAT, "%s:%zu: malformed YAML: %s", r->name, line,
                        problem);
}

static fx_status new_item(reader *r, fx_yaml *parent, size_t *capacity, fx_yaml **out) {
    FX__TRY(fx__grow(&parent->items, capacity, parent->count + 1, sizeof *parent->items, r->error));
    *out = &parent->items[parent->count++];
    **out = (fx_yaml){0};
    return FX_OK;
}

static fx_status read_node(reader *r, yaml_event_t *event, int depth, fx_yaml *out);

static fx_status copy_scalar(reader *r, const yaml_event_t *event, char **out) {
    const char *text = (const char *)event->data.scalar.value;
    if (strlen(text) != event->data.scalar.length)
        return fx_error_set(r->error, FX_ERROR_FORMAT, "%s:%zu: a NUL character in a value",
                            r->name, event->start_mark.line + 1);
    return fx__duplicate(text, out, r->error);
}

// Children up to the end event of a sequence or mapping.
static fx_status read_items(reader *r, int depth, fx_yaml *out) {
    size_t capacity = 0;
    yaml_event_type_t end =
        out->kind == FX_YAML_MAPPING ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    for (;;) {
        yaml_event_t event;
        FX__TRY(next_event(r, &event));
        if (event.type == end) {
            yaml_event_delete(&event);
            return FX_OK;
        }
        fx_yaml *item;
        char *key = NULL;
        fx_status status = FX_OK;
        if (out->kind == FX_YAML_MAPPING) {
            if (event.type != YAML_SCALAR_EVENT)
                status =
                    fx_error_set(r->error, FX_ERROR_FORMAT, "%s:%zu: a key that is not plain text",
                                 r->name, event.start_mark.line + 1);
            else
                status = copy_scalar(r, &event, &key);
            if (status == FX_OK && fx__yaml_get(out, key))
                status = fx_error_set(r->error, FX_ERROR_FORMAT, "%s:%zu: key '%s' stands twice",
                                      r->name, event.start_mark.line + 1, key);
            yaml_event_delete(&event);
            if (status == FX_OK) {
                status = next_event(r, &event);
                if (status != FX_OK) memset(&event, 0, sizeof event);
            }
        }
        if (status == FX_OK) status = new_item(r, out, &capacity, &item);
        if (status == FX_OK) {
            item->key = key;
            key = NULL;
            status = read_node(r, &event, depth + 1, item);
        } else {
            yaml_event_delete(&event);
        }
        free(key);
        FX__TRY(status);
    }
}

// Takes the event over.
static fx_status read_node(reader *r, yaml_event_t *event, int depth, fx_yaml *out) {
    out->line = (int)event->start_mark.line + 1;
    yaml_event_type_t type = event->type;
    fx_status status = FX_OK;
    if (depth > MAX_DEPTH) {
        status = fx_error_set(r->error, FX_ERROR_FORMAT, "%s:%d: nested deeper than %d levels",
                              r->name, out->line, MAX_DEPTH);
    } else if (type == YAML_SCALAR_EVENT) {
        out->kind = FX_YAML_SCALAR;
        out->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        status = copy_scalar(r, event, &out->text);
    } else if (type == YAML_ALIAS_EVENT) {
        status = fx_error_set(r->error, FX_ERROR_FORMAT, "%s:%d: aliases are not supported",
                              r->name, out->line);
    }
    yaml_event_delete(event);
    if (status != FX_OK || type == YAML_SCALAR_EVENT) return status;
    out->kind = type == YAML_MAPPING_START_EVENT ? FX_YAML_MAPPING : FX_YAML_SEQUENCE;
    return read_items(r, depth, out);
}

// Reads events up to the first node of the document; an empty stream leaves an empty mapping.
static fx_status read_document(reader *r, fx_yaml *root) {
    root->kind = FX_YAML_MAPPING;
    root->line = 1;
    bool seen = false;
    for (;;) {
        yaml_event_t event;
        FX__TRY(next_event(r, &event));
        size_t line = event.start_mark.line + 1;
        switch (event.type) {
        case YAML_STREAM_END_EVENT:
            yaml_event_delete(&event);
            return FX_OK;
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
            yaml_event_delete(&event);
            break;
        case YAML_DOCUMENT_START_EVENT:
            yaml_event_delete(&event);
            if (seen)
                return fx_error_set(r->error, FX_ERROR_FORMAT,
                                    "%s:%zu: a second document, expected one", r->name, line);
            break;
        default:
            seen = true;
            FX__TRY(read_node(r, &event, 0, root));
        }
    }
}

fx_status fx__yaml_parse(const char *text, size_t size, const char *name, fx_yaml **out,
                         fx_error *error) {
    *out = NULL;
    if (size > MAX_BYTES)
        return fx_error_set(error, FX_ERROR_FORMAT, "%s: %zu bytes of YAML, at most %d are read",
                            name, size, MAX_BYTES);
    reader r = {.name = name, .error = error};
    if (!yaml_parser_initialize(&r.parser))
        return fx_error_set(error, FX_ERROR_MEMORY, "%s: out of memory", name);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, size);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    fx_yaml *root = calloc(1, sizeof *root);
    fx_status status = root ? read_document(&r, root)
                            : fx_error_set(error, FX_ERROR_MEMORY, "%s: out of memory", name);
    yaml_parser_delete(&r.parser);
    if (status != FX_OK) {
        fx__yaml_destroy(root);
        return status;
    }
    // A document that holds nothing but comments reads as one empty scalar.
    if (root->kind == FX_YAML_SCALAR && !root->quoted && root->text[0] == '\0') {
        clear(root);
        root->kind = FX_YAML_MAPPING;
        root->line = 1;
    }
    *out = root;
    return FX_OK;
}

fx_status fx__yaml_load(const char *path, fx_yaml **out, fx_error *error) {
    *out = NULL;
    char *text;
    size_t size;
    FX__TRY(fx__file_read(path, MAX_BYTES, &text, &size, error));
    fx_status status = fx__yaml_parse(text, size, path, out, error);
    free(text);
    return status;
}

const fx_yaml *fx__yaml_get(const fx_yaml *mapping, const char *key) {
    if (!mapping || mapping->kind != FX_YAML_MAPPING) return NULL;
    for (size_t i = 0; i < mapping->count; i++)
        if (mapping->items[i].key && strcmp(mapping->items[i].key, key) == 0)
            return &mapping->items[i];
    return NULL;
}

const char *fx__yaml_text(const fx_yaml *mapping, const char *key) {
    const fx_yaml *entry = fx__yaml_get(mapping, key);
    return entry && entry->kind == FX_YAML_SCALAR ? entry->text : NULL;
}
