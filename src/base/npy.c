// NumPy's .npy.
//
// Layout: "\x93NUMPY", version (major, minor), header length (uint16, from version 2 uint32), a
// Python dictionary {'descr': '<f4', 'fortran_order': False, 'shape': (rows, columns), } padded
// with spaces and ended by a newline, the data. What we write has a header of 128 bytes in all,
// whatever the number of rows, so that it can be put in at the end.
#include "src/base/npy_header.h"

#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "src/base/memory.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are written as memory has them");

enum { HEADER_BYTES = 128, HEADER_LIMIT = 1 << 16 };

static fx_status write_header(fx_writer *writer, const char *type, const char *shape,
                              fx_error *error) {
    char header[HEADER_BYTES + 1];
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)(HEADER_BYTES - 10);
    header[9] = 0;
    snprintf(header + 10, sizeof header - 10,
             "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", type, shape);
    size_t used = 10 + strlen(header + 10);
    memset(header + used, ' ', HEADER_BYTES - used);
    header[HEADER_BYTES - 1] = '\n';
    return fx__writer_write(writer, header, HEADER_BYTES, error);
}

static fx_status write_matrix_header(fx_npy_writer *npy, size_t rows, fx_error *error) {
    char shape[48];
    snprintf(shape, sizeof shape, "(%zu, %zu)", rows, npy->columns);
    return write_header(&npy->writer, "<f4", shape, error);
}

fx_status fx__npy_open(const char *path, size_t columns, size_t rows_hint, fx_npy_writer *out,
                       fx_error *error) {
    *out = (fx_npy_writer){.columns = columns, .rows_hint = rows_hint};
    FX__TRY(fx__writer_open(path, &out->writer, error));
    fx_status status = write_matrix_header(out, rows_hint, error);
    if (status != FX_OK) fx__npy_abort(out);
    return status;
}

fx_status fx__npy_open_partial(const char *path, size_t columns, size_t rows_hint,
                               fx_npy_writer *out, size_t *rows, fx_error *error) {
    *out = (fx_npy_writer){.columns = columns, .rows_hint = rows_hint};
    *rows = 0;
    FX__TRY(fx__writer_open_partial(path, &out->writer, error));
    struct stat info;
    if (out->writer.temporary && columns > 0 && fstat(fileno(out->writer.file), &info) == 0 &&
        info.st_size > HEADER_BYTES)
        *rows = (size_t)(info.st_size - HEADER_BYTES) / (columns * sizeof(float));
    return FX_OK;
}

fx_status fx__npy_keep_rows(fx_npy_writer *npy, size_t rows, fx_error *error) {
    npy->rows = rows;
    uint64_t size = rows ? HEADER_BYTES + (uint64_t)rows * npy->columns * sizeof(float) : 0;
    if (npy->writer.temporary) FX__TRY(fx__writer_cut(&npy->writer, size, error));
    return rows ? FX_OK : write_matrix_header(npy, npy->rows_hint, error);
}

fx_status fx__npy_read_back(fx_npy_writer *npy, size_t first, size_t count, float *out,
                            fx_error *error) {
    FILE *file = npy->writer.file;
    off_t row = (off_t)(npy->columns * sizeof *out);
    bool failed = fseeko(file, HEADER_BYTES + (off_t)first * row, SEEK_SET) != 0 ||
                  fread(out, (size_t)row, count, file) != count;
    failed |= fseeko(file, HEADER_BYTES + (off_t)npy->rows * row, SEEK_SET) != 0;
    if (!failed) return FX_OK;
    return fx_error_set(error, FX_ERROR_IO, "%s: cannot read: %s", npy->writer.temporary,
                        strerror(errno));
}

fx_status fx__npy_append(fx_npy_writer *npy, const float *rows, size_t count, fx_error *error) {
    FX__TRY(fx__writer_write(&npy->writer, rows, count * npy->columns * sizeof(float), error));
    npy->rows += count;
    return FX_OK;
}

fx_status fx__npy_commit(fx_npy_writer *npy, fx_error *error) {
    fx_status status = FX_OK;
    if (npy->rows != npy->rows_hint) {
        if (!npy->writer.temporary)
            status = fx_error_set(error, FX_ERROR_IO,
                                  "%s: %zu rows written after a header that says %zu, which cannot "
                                  "be changed there",
                                  npy->writer.path, npy->rows, npy->rows_hint);
        else if (fseeko(npy->writer.file, 0, SEEK_SET) != 0)
            status = fx_error_set(error, FX_ERROR_IO, "%s: cannot seek: %s", npy->writer.path,
                                  strerror(errno));
        else
            status = write_matrix_header(npy, npy->rows, error);
    }
    if (status == FX_OK) return fx__writer_commit(&npy->writer, error);
    fx__npy_abort(npy);
    return status;
}

void fx__npy_abort(fx_npy_writer *npy) {
    fx__writer_abort(&npy->writer);
}

fx_status fx__npy_save_int64(const char *path, const int64_t *values, size_t count,
                             fx_error *error) {
    fx_writer writer;
    FX__TRY(fx__writer_open(path, &writer, error));
    char shape[48];
    snprintf(shape, sizeof shape, "(%zu,)", count);
    fx_status status = write_header(&writer, "<i8", shape, error);
    if (status == FX_OK) status = fx__writer_write(&writer, values, count * sizeof *values, error);
    if (status == FX_OK) return fx__writer_commit(&writer, error);
    fx__writer_abort(&writer);
    return status;
}

// --- reading ---

typedef fx__npy_header header;

static void skip_spaces(const char **at) {
    while (**at == ' ' || **at == '\t' || **at == '\n' || **at == '\r') (*at)++;
}

static bool take(const char **at, const char *token) {
    skip_spaces(at);
    size_t length = strlen(token);
    if (strncmp(*at, token, length) != 0) return false;
    *at += length;
    return true;
}

// 'text' or "text", without escapes.
static bool take_string(const char **at, char *out, size_t size) {
    skip_spaces(at);
    char quote = **at;
    if (quote != '\'' && quote != '"') return false;
    const char *end = strchr(*at + 1, quote);
    if (!end || (size_t)(end - *at) > size) return false;
    size_t length = (size_t)(end - *at) - 1;
    memcpy(out, *at + 1, length);
    out[length] = '\0';
    *at = end + 1;
    return true;
}

// (), (5,), (5, 3): decimal sizes that fit.
static bool take_shape(const char **at, header *out) {
    if (!take(at, "(")) return false;
    while (!take(at, ")")) {
        if (**at < '0' || **at > '9' || out->dimensions == FX__NPY_DIMENSIONS) return false;
        char *end;
        errno = 0;
        unsigned long long value = strtoull(*at, &end, 10);
        if (errno != 0 || value > SIZE_MAX) return false;
        out->shape[out->dimensions++] = (size_t)value;
        *at = *end == 'L' ? end + 1 : end; // Python 2 wrote 5L
        if (!take(at, ",")) {
            if (!take(at, ")")) return false;
            break;
        }
    }
    return true;
}

// The three keys, each once, in any order.
static bool parse_dictionary(const char *text, header *out) {
    const char *at = text;
    unsigned seen = 0;
    if (!take(&at, "{")) return false;
    while (!take(&at, "}")) {
        char key[16];
        if (!take_string(&at, key, sizeof key) || !take(&at, ":")) return false;
        unsigned bit;
        if (strcmp(key, "descr") == 0) {
            bit = 1;
            if (!take_string(&at, out->type, sizeof out->type)) return false;
        } else if (strcmp(key, "fortran_order") == 0) {
            bit = 2;
            out->fortran_order = take(&at, "True");
            if (!out->fortran_order && !take(&at, "False")) return false;
        } else if (strcmp(key, "shape") == 0 && out->dimensions == 0) {
            bit = 4;
            if (!take_shape(&at, out)) return false;
        } else {
            return false;
        }
        if (seen & bit) return false;
        seen |= bit;
        if (!take(&at, ",")) {
            if (!take(&at, "}")) return false;
            break;
        }
    }
    skip_spaces(&at);
    return seen == 7 && *at == '\0';
}

void fx__npy_format_shape(const header *header, char *out, size_t size) {
    size_t used = (size_t)snprintf(out, size, "[");
    for (int i = 0; i < header->dimensions && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%zu", i ? ", " : "", header->shape[i]);
    if (used < size) snprintf(out + used, size - used, "]");
}

fx_status fx__npy_read_header(FILE *file, uint64_t size, const char *path, header *out,
                              fx_error *error) {
    *out = (header){0};
    uint8_t start[12];
    size_t got = fread(start, 1, 8, file);
    if (got == 0)
        return fx_error_set(error, FX_ERROR_FORMAT, "%s: empty file, expected .npy", path);
    if (got < 8 || memcmp(start, "\x93NUMPY", 6) != 0)
        return fx_error_set(error, FX_ERROR_FORMAT, "%s: not a .npy file", path);
    if (start[6] < 1 || start[6] > 3)
        return fx_error_set(error, FX_ERROR_FORMAT, "%s: .npy version %u.%u, expected 1.0 to 3.0",
                            path, start[6], start[7]);
    size_t length_bytes = start[6] == 1 ? 2 : 4;
    uint32_t length = 0;
    if (fread(start + 8, 1, length_bytes, file) == length_bytes)
        for (size_t i = 0; i < length_bytes; i++) length |= (uint32_t)start[8 + i] << (8 * i);
    if (length == 0 || length > HEADER_LIMIT || 8 + length_bytes + length > size)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "%s: .npy header of %" PRIu32 " bytes in a file of %" PRIu64, path,
                            length, size);
    char *text;
    FX__TRY(fx__allocate((size_t)length + 1, 1, &text, error));
    bool parsed = fread(text, 1, length, file) == length && parse_dictionary(text, out);
    free(text);
    if (!parsed)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "%s: .npy header is not a dictionary of descr (one plain type), "
                            "fortran_order and shape (at most %d dimensions)",
                            path, FX__NPY_DIMENSIONS);
    const char *width = out->type + (out->type[0] ? 1 : 0);
    bool known = strchr("<|=", out->type[0]) && out->type[0] && strchr("fiu", *width) && *width &&
                 strlen(width) == 2 && strchr("1248", width[1]);
    if (!known || (out->type[0] == '|' && width[1] != '1'))
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "%s: elements of type '%s', expected little-endian numbers", path,
                            out->type);
    out->item_size = (size_t)(width[1] - '0');
    if (out->fortran_order && out->dimensions > 1)
        return fx_error_set(error, FX_ERROR_FORMAT, "%s: column-major array, expected row-major",
                            path);
    size_t expected = out->item_size;
    bool fits = true;
    for (int i = 0; i < out->dimensions; i++)
        fits = fits && fx__size_mul(expected, out->shape[i], &expected);
    uint64_t found = size - 8 - length_bytes - length;
    if (!fits || found != expected) {
        char shape[100], demand[32] = "more than memory holds";
        fx__npy_format_shape(out, shape, sizeof shape);
        if (fits) snprintf(demand, sizeof demand, "%zu", expected);
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "%s: %" PRIu64 " bytes of data, expected %s for shape %s of '%s'", path,
                            found, demand, shape, out->type);
    }
    return FX_OK;
}

fx_status fx__npy_read_data(FILE *file, const char *path, const header *header, size_t count,
                            void *out_pointer, fx_error *error) {
    void *data;
    FX__TRY(fx__allocate(count, header->item_size, &data, error));
    if (fread(data, header->item_size, count, file) != count) {
        free(data);
        return fx_error_set(error, FX_ERROR_IO, "%s: cannot read: %s", path,
                            ferror(file) ? strerror(errno) : "the file became shorter");
    }
    memcpy(out_pointer, &data, sizeof data);
    return FX_OK;
}

fx_status fx__npy_narrow(const char *path, void *data, size_t count, fx_error *error) {
    for (size_t i = 0; i < count; i++) {
        double value;
        memcpy(&value, (char *)data + i * sizeof value, sizeof value);
        if (isfinite(value) && fabs(value) > FLT_MAX)
            return fx_error_set(error, FX_ERROR_DATA,
                                "%s: element %zu is %g, expected a value that float32 can hold",
                                path, i, value);
        float narrowed = (float)value;
        memcpy((char *)data + i * sizeof narrowed, &narrowed, sizeof narrowed);
    }
    return FX_OK;
}

fx_status fx__npy_load(const char *path, fx_matrix *out, fx_error *error) {
    *out = (fx_matrix){0};
    FILE *file;
    uint64_t size;
    FX__TRY(fx__file_open(path, &file, &size, error));
    header header;
    void *data = NULL;
    fx_status status;
    FX__TRY_GOTO(fx__npy_read_header(file, size, path, &header, error));
    if (header.dimensions < 1 || header.dimensions > 2 || header.type[1] != 'f' ||
        header.item_size < 4) {
        char shape[100];
        fx__npy_format_shape(&header, shape, sizeof shape);
        status = fx_error_set(error, FX_ERROR_FORMAT,
                              "%s: shape %s of '%s', expected [rows, columns] of '<f4' or '<f8'",
                              path, shape, header.type);
        goto done;
    }
    size_t rows = header.shape[0], columns = header.dimensions == 2 ? header.shape[1] : 1;
    FX__TRY_GOTO(fx__npy_read_data(file, path, &header, rows * columns, &data, error));
    if (header.item_size == 8) FX__TRY_GOTO(fx__npy_narrow(path, data, rows * columns, error));
    *out = (fx_matrix){rows, columns, data};
    data = NULL;
done:
    free(data);
    fclose(file);
    return status;
}

fx_status fx__npy_map(const char *path, fx_npy_map *out, fx_error *error) {
    *out = (fx_npy_map){0};
    FILE *file;
    uint64_t size;
    FX__TRY(fx__file_open(path, &file, &size, error));
    header header;
    fx_status status;
    FX__TRY_GOTO(fx__npy_read_header(file, size, path, &header, error));
    long begin = ftell(file);
    if (header.dimensions != 2 || strcmp(header.type, "<f4") != 0 || begin % (long)sizeof(float)) {
        char shape[100];
        fx__npy_format_shape(&header, shape, sizeof shape);
        status = fx_error_set(error, FX_ERROR_FORMAT,
                              "%s: shape %s of '%s', expected [rows, columns] of '<f4'", path,
                              shape, header.type);
        goto done;
    }
    void *base = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fileno(file), 0);
    if (base == MAP_FAILED) {
        status = fx_error_set(error, FX_ERROR_IO, "%s: cannot map: %s", path, strerror(errno));
        goto done;
    }
    *out = (fx_npy_map){.rows = header.shape[0],
                        .columns = header.shape[1],
                        .data = (const float *)(const void *)((const char *)base + begin),
                        .base = base,
                        .bytes = (size_t)size};
done:
    fclose(file);
    return status;
}

void fx__npy_unmap(fx_npy_map *map) {
    if (map->base) munmap(map->base, map->bytes);
    *map = (fx_npy_map){0};
}

// Element i of a little-endian integer array. False where int64 cannot hold it.
static bool integer_at(const uint8_t *data, const header *header, size_t i, int64_t *out) {
    uint64_t bits = 0;
    memcpy(&bits, data + i * header->item_size, header->item_size);
    int shift = 64 - 8 * (int)header->item_size;
    if (header->type[1] == 'u') {
        *out = (int64_t)bits;
        return bits <= INT64_MAX;
    }
    *out = (int64_t)(bits << shift) >> shift; // sign-extended
    return true;
}

fx_status fx__npy_load_int64(const char *path, int64_t **out, size_t *count, fx_error *error) {
    *out = NULL;
    *count = 0;
    FILE *file;
    uint64_t size;
    FX__TRY(fx__file_open(path, &file, &size, error));
    header header;
    uint8_t *data = NULL;
    int64_t *values = NULL;
    fx_status status;
    FX__TRY_GOTO(fx__npy_read_header(file, size, path, &header, error));
    if (header.dimensions != 1 || header.type[1] == 'f') {
        char shape[100];
        fx__npy_format_shape(&header, shape, sizeof shape);
        status = fx_error_set(error, FX_ERROR_FORMAT,
                              "%s: shape %s of '%s', expected [count] of integers", path, shape,
                              header.type);
        goto done;
    }
    FX__TRY_GOTO(fx__npy_read_data(file, path, &header, header.shape[0], &data, error));
    FX__TRY_GOTO(fx__allocate(header.shape[0], sizeof *values, &values, error));
    for (size_t i = 0; i < header.shape[0]; i++)
        if (!integer_at(data, &header, i, &values[i])) {
            status = fx_error_set(error, FX_ERROR_DATA,
                                  "%s: element %zu is %" PRIu64 ", expected at most %" PRId64, path,
                                  i, (uint64_t)values[i], INT64_MAX);
            goto done;
        }
    *out = values;
    *count = header.shape[0];
    values = NULL;
done:
    free(values);
    free(data);
    fclose(file);
    return status;
}
