// Writing and reading the JSON beside a descriptor file.
//
// The reader trusts nothing: every field has its type checked, ranges must lie in order within the
// rows, and unknown fields are left alone.
#include "src/experiment/descriptor_file.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "features/descriptor_state.h"
#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/base/text.h"

enum { VERSION = 1, CLASSES_MAX = 1 << 20, BYTES_MAX = 64 << 20 };

fx_status fx__descriptor_file_sibling(const char *npy, const char *extension, char **out,
                                      fx_error *error) {
    size_t length = strlen(npy);
    if (length < 5 || strcmp(npy + length - 4, ".npy") != 0)
        return fx_error_set(error, FX_ERROR_USAGE, "%s: expected the name of a .npy file", npy);
    FX__TRY(fx__allocate(length - 4 + strlen(extension) + 1, 1, out, error));
    memcpy(*out, npy, length - 4);
    strcpy(*out + length - 4, extension);
    return FX_OK;
}

static fx_status write_fields(fx_text *text, const fx_descriptor *descriptor, size_t count,
                              size_t length, const char *const *class_names, int classes,
                              const fx_row_splits *splits, fx_error *error) {
    char sha256[65];
    FX__TRY(fx__descriptor_sha256(descriptor, sha256, error));
    FX__TRY(fx__text_printf(text, error,
                            "{\"format\": \"featx-descriptors\",\n \"version\": %d,\n "
                            "\"descriptor\": ",
                            VERSION));
    FX__TRY(fx__descriptor_json(descriptor, text, error));
    FX__TRY(fx__text_printf(text, error,
                            ",\n \"descriptor_sha256\": \"%s\",\n \"count\": %zu,\n \"length\": "
                            "%zu,\n \"classes\": ",
                            sha256, count, length));
    if (class_names) {
        for (int c = 0; c < classes; ++c) {
            FX__TRY(fx__text_printf(text, error, c ? ", " : "["));
            FX__TRY(fx__text_json_string(text, class_names[c], error));
        }
        FX__TRY(fx__text_printf(text, error, classes ? "]" : "[]"));
    } else {
        FX__TRY(fx__text_printf(text, error, "null"));
    }
    if (splits) {
        FX__TRY(fx__text_printf(text, error, ",\n \"splits\": {\"train\": [%zu, %zu]",
                                splits->train.begin, splits->train.end));
        if (splits->validation.begin < splits->validation.end)
            FX__TRY(fx__text_printf(text, error, ", \"validation\": [%zu, %zu]",
                                    splits->validation.begin, splits->validation.end));
        FX__TRY(fx__text_printf(text, error, ", \"test\": [%zu, %zu]}", splits->test.begin,
                                splits->test.end));
    }
    return fx__text_printf(text, error, "}\n");
}

fx_status fx__descriptor_file_write_json(const char *path, const fx_descriptor *descriptor,
                                         size_t count, size_t length,
                                         const char *const *class_names, int classes,
                                         const fx_row_splits *splits, fx_error *error) {
    fx_text text = {0};
    fx_status status =
        write_fields(&text, descriptor, count, length, class_names, classes, splits, error);
    if (status == FX_OK) status = fx__file_write(path, text.data, text.length, error);
    fx__text_destroy(&text);
    return status;
}

static fx_status bad(const char *path, const char *what, fx_error *error) {
    return fx_error_set(error, FX_ERROR_FORMAT, "%s: %s", path, what);
}

static bool read_size(const json_t *value, size_t *out) {
    if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
    *out = (size_t)json_integer_value(value);
    return true;
}

// Ranges follow one another; *at is where the last ended.
static bool read_range(const json_t *splits, const char *name, size_t count, size_t *at,
                       fx_row_range *out) {
    const json_t *range = json_object_get(splits, name);
    *out = (fx_row_range){*at, *at};
    if (!range) return true;
    if (json_array_size(range) != 2 || !read_size(json_array_get(range, 0), &out->begin) ||
        !read_size(json_array_get(range, 1), &out->end))
        return false;
    bool fits = *at <= out->begin && out->begin <= out->end && out->end <= count;
    *at = out->end;
    return fits;
}

static fx_status read_classes(const char *path, const json_t *classes, fx_descriptor_file *out,
                              fx_error *error) {
    if (json_is_null(classes)) return FX_OK;
    size_t count = json_array_size(classes);
    if (!json_is_array(classes) || count == 0 || count > CLASSES_MAX)
        return bad(path, "\"classes\" is neither null nor a list of names", error);
    FX__TRY(fx__allocate(count, sizeof *out->class_names, &out->class_names, error));
    for (size_t c = 0; c < count; ++c) {
        const json_t *name = json_array_get(classes, c);
        if (!json_is_string(name))
            return bad(path, "\"classes\" is neither null nor a list of names", error);
        FX__TRY(fx__duplicate(json_string_value(name), &out->class_names[c], error));
        ++out->classes;
    }
    return FX_OK;
}

static fx_status read_fields(const char *path, const json_t *root, fx_descriptor_file *out,
                             fx_error *error) {
    const char *format = json_string_value(json_object_get(root, "format"));
    if (!format || strcmp(format, "featx-descriptors") != 0)
        return bad(path,
                   "not the JSON of a descriptor file: \"format\" is not "
                   "\"featx-descriptors\"",
                   error);
    const json_t *version = json_object_get(root, "version");
    if (json_integer_value(version) != VERSION)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "%s: descriptors of version %" JSON_INTEGER_FORMAT
                            ", expected version %d",
                            path, json_integer_value(version), VERSION);
    const char *sha256 = json_string_value(json_object_get(root, "descriptor_sha256"));
    if (!sha256 || strlen(sha256) != 64 || strspn(sha256, "0123456789abcdef") != 64)
        return bad(path, "\"descriptor_sha256\" is not 64 hexadecimal digits", error);
    strcpy(out->sha256, sha256);
    const json_t *descriptor = json_object_get(root, "descriptor");
    if (!json_is_object(descriptor)) return bad(path, "\"descriptor\" is not an object", error);
    char *specification = json_dumps(descriptor, JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
    if (!specification) return fx_error_set(error, FX_ERROR_MEMORY, "%s: out of memory", path);
    fx_status status = fx__duplicate(specification, &out->specification, error);
    free(specification);
    if (status != FX_OK) return status;
    if (!read_size(json_object_get(root, "count"), &out->count) ||
        !read_size(json_object_get(root, "length"), &out->length))
        return bad(path, "\"count\" or \"length\" is not a number", error);
    FX__TRY(read_classes(path, json_object_get(root, "classes"), out, error));
    const json_t *splits = json_object_get(root, "splits");
    out->has_splits = splits != NULL;
    size_t at = 0;
    if (splits && (!json_is_object(splits) ||
                   !read_range(splits, "train", out->count, &at, &out->splits.train) ||
                   !read_range(splits, "validation", out->count, &at, &out->splits.validation) ||
                   !read_range(splits, "test", out->count, &at, &out->splits.test)))
        return bad(path,
                   "\"splits\" are not ranges [begin, end] of rows in the order train, "
                   "validation, test",
                   error);
    return FX_OK;
}

fx_status fx__descriptor_file_read_json(const char *path, fx_descriptor_file *out,
                                        fx_error *error) {
    *out = (fx_descriptor_file){0};
    char *bytes;
    size_t count;
    FX__TRY(fx__file_read(path, BYTES_MAX, &bytes, &count, error));
    json_error_t where;
    json_t *root = json_loadb(bytes, count, JSON_REJECT_DUPLICATES, &where);
    free(bytes);
    if (!root)
        return fx_error_set(error, FX_ERROR_FORMAT, "%s:%d: not JSON: %s", path, where.line,
                            where.text);
    fx_status status = read_fields(path, root, out, error);
    json_decref(root);
    if (status != FX_OK) fx__descriptor_file_destroy(out);
    return status;
}

void fx__descriptor_file_destroy(fx_descriptor_file *file) {
    if (!file) return;
    free(file->specification);
    for (int c = 0; c < file->classes; ++c) free(file->class_names[c]);
    free(file->class_names);
    *file = (fx_descriptor_file){0};
}
