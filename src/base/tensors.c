// Named tensors and string metadata in a safetensors file.
//
// Written: metadata first, tensors in the order of their addition, data in the same order. Read:
// any order of the header; what counts is that the data ranges tile the rest of the file. Departs
// from the format in what it accepts: F32 only, at most 4 dimensions, a header of at most 64 MiB,
// at most 4,096 tensors and as many metadata entries.
#include "src/base/tensors.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <sha256.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/base/text.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are written as memory has them");

enum { DIMENSIONS_MAX = 4, ENTRIES_MAX = 4096 }; // entries are looked up one by one
static const uint64_t HEADER_LIMIT = (uint64_t)64 << 20;

typedef struct {
    char *name;
    int dimensions;
    size_t shape[DIMENSIONS_MAX];
    size_t bytes;
    uint64_t begin; // of its data in the file's data section; while loading only
    float *data;    // [shape]
} tensor;

typedef struct {
    char *key, *value;
} entry;

struct fx_tensors {
    tensor *tensors;
    size_t count, capacity;
    entry *texts;
    size_t text_count, text_capacity;
};

fx_status fx__tensors_create(fx_tensors **out, fx_error *error) {
    return fx__allocate(1, sizeof **out, out, error);
}

void fx__tensors_destroy(fx_tensors *tensors) {
    if (!tensors) return;
    for (size_t i = 0; i < tensors->count; i++) {
        free(tensors->tensors[i].name);
        free(tensors->tensors[i].data);
    }
    for (size_t i = 0; i < tensors->text_count; i++) {
        free(tensors->texts[i].key);
        free(tensors->texts[i].value);
    }
    free(tensors->tensors);
    free(tensors->texts);
    free(tensors);
}

static const tensor *find(const fx_tensors *tensors, const char *name) {
    for (size_t i = 0; i < tensors->count; i++)
        if (strcmp(tensors->tensors[i].name, name) == 0) return &tensors->tensors[i];
    return NULL;
}

static void format_shape(int dimensions, const size_t *shape, char *out, size_t size) {
    size_t used = (size_t)snprintf(out, size, "[");
    for (int i = 0; i < dimensions && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%zu", i ? ", " : "", shape[i]);
    if (used < size) snprintf(out + used, size - used, "]");
}

// Appends a tensor with a name and a shape, without data.
static fx_status append(fx_tensors *tensors, const char *name, int dimensions, const size_t *shape,
                        tensor **out, fx_error *error) {
    tensor new = {.dimensions = dimensions, .bytes = sizeof(float)};
    if (dimensions < 0 || dimensions > DIMENSIONS_MAX)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "tensor '%s' has %d dimensions, expected at most %d", name, dimensions,
                            DIMENSIONS_MAX);
    for (int i = 0; i < dimensions; i++) {
        new.shape[i] = shape[i];
        if (!fx__size_mul(new.bytes, shape[i], &new.bytes))
            return fx_error_set(error, FX_ERROR_MEMORY, "tensor '%s' is too large for memory",
                                name);
    }
    if (strcmp(name, "__metadata__") == 0 || find(tensors, name))
        return fx_error_set(error, FX_ERROR_FORMAT, "tensor name '%s' is taken", name);
    FX__TRY(fx__grow(&tensors->tensors, &tensors->capacity, tensors->count + 1, sizeof new, error));
    FX__TRY(fx__duplicate(name, &new.name, error));
    *out = &tensors->tensors[tensors->count++];
    **out = new;
    return FX_OK;
}

fx_status fx__tensors_add(fx_tensors *tensors, const char *name, int dimensions,
                          const size_t *shape, const float *data, fx_error *error) {
    tensor *added;
    FX__TRY(append(tensors, name, dimensions, shape, &added, error));
    FX__TRY(fx__allocate(added->bytes, 1, &added->data, error));
    if (added->bytes > 0) memcpy(added->data, data, added->bytes);
    return FX_OK;
}

fx_status fx__tensors_add_text(fx_tensors *tensors, const char *key, const char *value,
                               fx_error *error) {
    if (fx__tensors_text(tensors, key))
        return fx_error_set(error, FX_ERROR_FORMAT, "metadata '%s' is there already", key);
    FX__TRY(fx__grow(&tensors->texts, &tensors->text_capacity, tensors->text_count + 1,
                     sizeof *tensors->texts, error));
    entry *new = &tensors->texts[tensors->text_count];
    *new = (entry){0};
    FX__TRY(fx__duplicate(key, &new->key, error));
    tensors->text_count++;
    return fx__duplicate(value, &new->value, error);
}

fx_status fx__tensors_get(const fx_tensors *tensors, const char *name, int dimensions,
                          const size_t *shape, const float **out, fx_error *error) {
    *out = NULL;
    char expected[100], found[100];
    format_shape(dimensions, shape, expected, sizeof expected);
    const tensor *tensor = find(tensors, name);
    if (!tensor)
        return fx_error_set(error, FX_ERROR_FORMAT, "no tensor '%s', expected one of shape %s",
                            name, expected);
    bool same = tensor->dimensions == dimensions;
    for (int i = 0; same && i < dimensions; i++) same = tensor->shape[i] == shape[i];
    if (!same) {
        format_shape(tensor->dimensions, tensor->shape, found, sizeof found);
        return fx_error_set(error, FX_ERROR_FORMAT, "tensor '%s' has shape %s, expected %s", name,
                            found, expected);
    }
    *out = tensor->data;
    return FX_OK;
}

int fx__tensors_shape(const fx_tensors *tensors, const char *name, size_t shape[4]) {
    const tensor *tensor = find(tensors, name);
    if (!tensor) return -1;
    memcpy(shape, tensor->shape, sizeof tensor->shape);
    return tensor->dimensions;
}

const char *fx__tensors_name(const fx_tensors *tensors, size_t index) {
    return index < tensors->count ? tensors->tensors[index].name : NULL;
}

const char *fx__tensors_text(const fx_tensors *tensors, const char *key) {
    for (size_t i = 0; i < tensors->text_count; i++)
        if (strcmp(tensors->texts[i].key, key) == 0) return tensors->texts[i].value;
    return NULL;
}

// --- writing ---

// The length and the padded JSON: everything before the data.
static fx_status build_header(const fx_tensors *tensors, fx_text *out, fx_error *error) {
    uint64_t length = 0;
    FX__TRY(fx__text_append(out, &length, sizeof length, error)); // filled in below
    FX__TRY(fx__text_printf(out, error, "{"));
    const char *separator = "";
    for (size_t i = 0; i < tensors->text_count; i++) {
        FX__TRY(fx__text_printf(out, error, "%s", i == 0 ? "\"__metadata__\":{" : ","));
        FX__TRY(fx__text_json_string(out, tensors->texts[i].key, error));
        FX__TRY(fx__text_printf(out, error, ":"));
        FX__TRY(fx__text_json_string(out, tensors->texts[i].value, error));
        separator = "},";
    }
    uint64_t offset = 0;
    for (size_t i = 0; i < tensors->count; i++) {
        const tensor *tensor = &tensors->tensors[i];
        FX__TRY(fx__text_printf(out, error, "%s", separator));
        FX__TRY(fx__text_json_string(out, tensor->name, error));
        FX__TRY(fx__text_printf(out, error, ":{\"dtype\":\"F32\",\"shape\":["));
        for (int d = 0; d < tensor->dimensions; d++)
            FX__TRY(fx__text_printf(out, error, "%s%zu", d ? "," : "", tensor->shape[d]));
        FX__TRY(fx__text_printf(out, error, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", offset,
                                offset + tensor->bytes));
        offset += tensor->bytes;
        separator = ",";
    }
    bool metadata_open = tensors->count == 0 && tensors->text_count > 0;
    FX__TRY(fx__text_printf(out, error, "%s", metadata_open ? "}}" : "}"));
    while (out->length % 8 != 0) FX__TRY(fx__text_append(out, " ", 1, error));
    length = out->length - sizeof length;
    memcpy(out->data, &length, sizeof length);
    return FX_OK;
}

typedef fx_status (*sink)(void *context, const void *bytes, size_t count, fx_error *error);

static fx_status emit(const fx_tensors *tensors, sink write, void *context, fx_error *error) {
    fx_text header = {0};
    fx_status status = build_header(tensors, &header, error);
    if (status == FX_OK) status = write(context, header.data, header.length, error);
    fx__text_destroy(&header);
    for (size_t i = 0; i < tensors->count && status == FX_OK; i++)
        status = write(context, tensors->tensors[i].data, tensors->tensors[i].bytes, error);
    return status;
}

static fx_status write_sink(void *context, const void *bytes, size_t count, fx_error *error) {
    return fx__writer_write(context, bytes, count, error);
}

static fx_status hash_sink(void *context, const void *bytes, size_t count, fx_error *error) {
    (void)error;
    SHA256_Update(context, bytes, count);
    return FX_OK;
}

static fx_status count_sink(void *context, const void *bytes, size_t count, fx_error *error) {
    (void)bytes, (void)error;
    *(size_t *)context += count;
    return FX_OK;
}

fx_status fx__tensors_save(const fx_tensors *tensors, const char *path, fx_error *error) {
    fx_writer writer;
    FX__TRY(fx__writer_open(path, &writer, error));
    fx_status status = emit(tensors, write_sink, &writer, error);
    if (status == FX_OK) return fx__writer_commit(&writer, error);
    fx__writer_abort(&writer);
    return status;
}

fx_status fx__tensors_sha256(const fx_tensors *tensors, char out[65], fx_error *error) {
    SHA256_CTX context;
    SHA256_Init(&context);
    FX__TRY(emit(tensors, hash_sink, &context, error));
    SHA256_End(&context, out);
    return FX_OK;
}

fx_status fx__tensors_size(const fx_tensors *tensors, size_t *out, fx_error *error) {
    *out = 0;
    return emit(tensors, count_sink, out, error);
}

// --- reading ---

// A JSON array of non-negative integers into out[max]: how many, or -1.
static int unsigned_array(const json_t *array, uint64_t *out, size_t max) {
    if (!json_is_array(array) || json_array_size(array) > max) return -1;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *value = json_array_get(array, i);
        if (!json_is_integer(value) || json_integer_value(value) < 0) return -1;
        out[i] = (uint64_t)json_integer_value(value);
    }
    return (int)json_array_size(array);
}

static fx_status parse_tensor(fx_tensors *tensors, const char *name, const json_t *value,
                              uint64_t data_bytes, fx_error *error) {
    const json_t *type = json_object_get(value, "dtype");
    if (!json_is_object(value) || !json_is_string(type))
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "tensor '%s' is not an object with dtype, shape and data_offsets",
                            name);
    if (strcmp(json_string_value(type), "F32") != 0)
        return fx_error_set(error, FX_ERROR_FORMAT, "tensor '%s' has dtype '%s', expected F32",
                            name, json_string_value(type));
    uint64_t dimensions[DIMENSIONS_MAX] = {0}, range[2] = {0};
    size_t shape[DIMENSIONS_MAX];
    int count = unsigned_array(json_object_get(value, "shape"), dimensions, DIMENSIONS_MAX);
    if (count < 0)
        return fx_error_set(error, FX_ERROR_FORMAT, "tensor '%s' has no shape of at most %d sizes",
                            name, DIMENSIONS_MAX);
    for (int i = 0; i < count; i++) shape[i] = (size_t)dimensions[i];
    if (unsigned_array(json_object_get(value, "data_offsets"), range, 2) != 2)
        return fx_error_set(error, FX_ERROR_FORMAT, "tensor '%s' has no data_offsets [begin, end]",
                            name);
    if (range[0] > range[1] || range[1] > data_bytes)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "tensor '%s' has data_offsets [%" PRIu64 ", %" PRIu64
                            "], expected them within %" PRIu64 " bytes of data (truncated?)",
                            name, range[0], range[1], data_bytes);
    tensor *added;
    FX__TRY(append(tensors, name, count, shape, &added, error));
    added->begin = range[0];
    if (range[1] - range[0] != added->bytes) {
        char text[100];
        format_shape(count, shape, text, sizeof text);
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "tensor '%s' has %" PRIu64 " bytes, expected %zu for shape %s", name,
                            range[1] - range[0], added->bytes, text);
    }
    return FX_OK;
}

static fx_status parse_header(fx_tensors *tensors, json_t *root, uint64_t data_bytes,
                              fx_error *error) {
    const char *name, *key;
    json_t *value, *text;
    if (!json_is_object(root))
        return fx_error_set(error, FX_ERROR_FORMAT, "safetensors header is not a JSON object");
    size_t most = json_object_size(root),
           texts = json_object_size(json_object_get(root, "__metadata__"));
    if (texts > most) most = texts;
    if (most > ENTRIES_MAX)
        return fx_error_set(error, FX_ERROR_FORMAT, "header has %zu entries, expected at most %d",
                            most, ENTRIES_MAX);
    json_object_foreach(root, name, value) {
        if (strcmp(name, "__metadata__") != 0) {
            FX__TRY(parse_tensor(tensors, name, value, data_bytes, error));
            continue;
        }
        if (!json_is_object(value))
            return fx_error_set(error, FX_ERROR_FORMAT, "metadata is not a JSON object");
        json_object_foreach(value, key, text) {
            if (!json_is_string(text))
                return fx_error_set(error, FX_ERROR_FORMAT, "metadata '%s' is not a string", key);
            FX__TRY(fx__tensors_add_text(tensors, key, json_string_value(text), error));
        }
    }
    return FX_OK;
}

// By begin, empty tensors first.
static int by_range(const void *left, const void *right) {
    const tensor *a = left, *b = right;
    if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
    if (a->bytes != b->bytes) return a->bytes < b->bytes ? -1 : 1;
    return strcmp(a->name, b->name);
}

// The ranges must tile the data: neither overlap nor hole.
static fx_status check_ranges(const fx_tensors *tensors, uint64_t data_bytes, fx_error *error) {
    uint64_t end = 0;
    for (size_t i = 0; i < tensors->count; i++) {
        const tensor *tensor = &tensors->tensors[i];
        if (tensor->begin != end)
            return fx_error_set(error, FX_ERROR_FORMAT,
                                "tensor '%s' begins at byte %" PRIu64
                                " of the data, expected %" PRIu64 " (%s)",
                                tensor->name, tensor->begin, end,
                                tensor->begin < end ? "ranges overlap" : "a hole between ranges");
        end += tensor->bytes;
    }
    if (end != data_bytes)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "%" PRIu64 " bytes of data, expected %" PRIu64 " for its tensors",
                            data_bytes, end);
    return FX_OK;
}

static fx_status read_tensors(FILE *file, uint64_t size, fx_tensors *tensors, fx_error *error) {
    uint64_t length;
    if (size == 0) return fx_error_set(error, FX_ERROR_FORMAT, "empty file, expected safetensors");
    if (fread(&length, 1, sizeof length, file) != sizeof length)
        return fx_error_set(error, FX_ERROR_FORMAT, "%" PRIu64 " bytes, not a safetensors file",
                            size);
    if (length < 2 || length > HEADER_LIMIT || length > size - sizeof length)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "header of %" PRIu64 " bytes in a file of %" PRIu64
                            ": truncated, or not a safetensors file",
                            length, size);
    char *header;
    json_t *root = NULL;
    FX__TRY(fx__allocate((size_t)length, 1, &header, error));
    fx_status status = FX_OK;
    uint64_t data_bytes = size - sizeof length - length;
    if (fread(header, 1, (size_t)length, file) != length) {
        status = fx_error_set(error, FX_ERROR_IO, "cannot read the header");
        goto done;
    }
    json_error_t reason;
    root = json_loadb(header, (size_t)length, JSON_REJECT_DUPLICATES, &reason);
    if (!root) {
        status = fx_error_set(error, FX_ERROR_FORMAT, "header is not valid JSON: %s", reason.text);
        goto done;
    }
    FX__TRY_GOTO(parse_header(tensors, root, data_bytes, error));
    if (tensors->count > 0)
        qsort(tensors->tensors, tensors->count, sizeof *tensors->tensors, by_range);
    FX__TRY_GOTO(check_ranges(tensors, data_bytes, error));
    for (size_t i = 0; i < tensors->count; i++) {
        tensor *tensor = &tensors->tensors[i];
        FX__TRY_GOTO(fx__allocate(tensor->bytes, 1, &tensor->data, error));
        if (fread(tensor->data, 1, tensor->bytes, file) != tensor->bytes) {
            status = fx_error_set(error, FX_ERROR_IO, "cannot read tensor '%s': %s", tensor->name,
                                  ferror(file) ? strerror(errno) : "the file became shorter");
            goto done;
        }
    }
done:
    json_decref(root);
    free(header);
    return status;
}

fx_status fx__tensors_load(const char *path, fx_tensors **out, fx_error *error) {
    *out = NULL;
    FILE *file;
    uint64_t size;
    FX__TRY(fx__file_open(path, &file, &size, error));
    fx_tensors *tensors;
    fx_status status = fx__tensors_create(&tensors, error);
    if (status == FX_OK) {
        status = read_tensors(file, size, tensors, error);
        if (status == FX_OK) {
            *out = tensors;
        } else {
            fx__tensors_destroy(tensors);
            fx__error_prefix(error, status, "%s", path);
        }
    }
    fclose(file);
    return status;
}
