// Files of descriptors.
#include "tools/row_writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/base/params.h"
#include "tools/output.h"

enum { NAME_BYTES = 4096 };

fx_status row_format_parse(const char *name, row_format *out, fx_error *error) {
    static const char *const names[] = {"npy", "csv", "libsvm"};
    *out = ROWS_NPY;
    for (int i = 0; i < 3; i++)
        if (!name || strcmp(name, names[i]) == 0) {
            *out = (row_format)i;
            return FX_OK;
        }
    return fx_error_set(error, FX_ERROR_USAGE, "--format: found '%s', expected npy, csv or libsvm",
                        name);
}

static bool has_siblings(const row_writer *writer) {
    return writer->path && writer->format == ROWS_NPY && strcmp(writer->path, "-") != 0;
}

static fx_status open_sibling(const char *npy, const char *extension, fx_writer *out,
                              fx_error *error) {
    char *path;
    FX__TRY(fx__descriptor_file_sibling(npy, extension, &path, error));
    fx_status status = fx__writer_open(path, out, error);
    free(path);
    return status;
}

static void write_csv_header(row_writer *writer) {
    FILE *file = writer->text.file;
    fprintf(file, writer->inputs->labels ? "path,class" : "path");
    for (size_t j = 0; j < writer->length; j++) fprintf(file, ",f%zu", j);
    fputc('\n', file);
}

fx_status row_writer_open(const char *path, row_format format, const inputs *inputs, size_t length,
                          row_writer *out, fx_error *error) {
    *out = (row_writer){.format = format, .path = path, .inputs = inputs, .length = length};
    if (!path) return FX_OK;
    fx_status status = FX_OK;
    if (format == ROWS_NPY) {
        if (has_siblings(out)) FX__TRY_GOTO(open_sibling(path, ".paths.txt", &out->paths, error));
        if (has_siblings(out) && inputs->labels)
            FX__TRY_GOTO(fx__allocate(inputs->count, sizeof *out->labels, &out->labels, error));
        FX__TRY_GOTO(fx__npy_open(path, length, inputs->count, &out->npy, error));
    } else {
        FX__TRY_GOTO(fx__writer_open(path, &out->text, error));
        if (format == ROWS_CSV) write_csv_header(out);
    }
done:
    if (status != FX_OK) row_writer_abort(out);
    return status;
}

static void write_csv_row(row_writer *writer, const float *row, size_t index, const char *name) {
    FILE *file = writer->text.file;
    const inputs *inputs = writer->inputs;
    print_csv_field(file, name);
    if (inputs->labels) {
        fputc(',', file);
        print_csv_field(file, inputs->class_names[inputs->labels[index]]);
    }
    for (size_t j = 0; j < writer->length; j++) fprintf(file, ",%.9g", (double)row[j]);
    fputc('\n', file);
}

static void write_libsvm_row(row_writer *writer, const float *row, size_t index) {
    FILE *file = writer->text.file;
    fprintf(file, "%d", writer->inputs->labels ? writer->inputs->labels[index] : 0);
    for (size_t j = 0; j < writer->length; j++)
        if (row[j] != 0) fprintf(file, " %zu:%.9g", j + 1, (double)row[j]);
    fputc('\n', file);
}

// The splits stand one after the other, so a row of one shifts the ends of those behind it.
static void count_row(row_writer *writer, size_t index) {
    const fx_row_splits *from = &writer->inputs->splits;
    fx_row_splits *to = &writer->splits;
    writer->count++;
    if (index < from->train.end) to->train.end++;
    to->validation.begin = to->train.end;
    if (index < from->validation.end) to->validation.end++;
    to->test.begin = to->validation.end;
    to->test.end = writer->count;
}

fx_status row_writer_append(row_writer *writer, const float *rows, size_t first, size_t n,
                            const bool *valid, fx_error *error) {
    char name[NAME_BYTES];
    const inputs *inputs = writer->inputs;
    for (size_t i = 0; i < n; i++) {
        if (valid && !valid[i]) continue;
        const float *row = rows + i * writer->length;
        if (writer->path) inputs->images.name(inputs->images.self, first + i, name, sizeof name);
        if (has_siblings(writer)) {
            print_escaped(writer->paths.file, name);
            fputc('\n', writer->paths.file);
            if (writer->labels) writer->labels[writer->count] = inputs->labels[first + i];
        }
        if (writer->path && writer->format == ROWS_NPY)
            FX__TRY(fx__npy_append(&writer->npy, row, 1, error));
        else if (writer->path && writer->format == ROWS_CSV)
            write_csv_row(writer, row, first + i, name);
        else if (writer->path)
            write_libsvm_row(writer, row, first + i);
        count_row(writer, first + i);
    }
    // A full disk is met here rather than at the end.
    const fx_writer *text = writer->paths.file ? &writer->paths : &writer->text;
    if (text->file && ferror(text->file))
        return fx_error_set(error, FX_ERROR_IO, "%s: cannot write: %s", text->path,
                            strerror(errno));
    return FX_OK;
}

static fx_status commit_siblings(row_writer *writer, const fx_descriptor *descriptor,
                                 fx_error *error) {
    fx_status status = FX_OK;
    char *labels = NULL, *json = NULL;
    FX__TRY_GOTO(fx__descriptor_file_sibling(writer->path, ".labels.npy", &labels, error));
    FX__TRY_GOTO(fx__descriptor_file_sibling(writer->path, ".json", &json, error));
    // What an earlier run left must not be taken for this one's.
    remove(json);
    if (!writer->labels) remove(labels);
    FX__TRY_GOTO(fx__npy_commit(&writer->npy, error));
    FX__TRY_GOTO(fx__writer_commit(&writer->paths, error));
    if (writer->labels)
        FX__TRY_GOTO(fx__npy_save_int64(labels, writer->labels, writer->count, error));
    FX__TRY_GOTO(fx__descriptor_file_write_json(
        json, descriptor, writer->count, writer->length, writer->inputs->class_names,
        writer->inputs->classes, writer->labels ? &writer->splits : NULL, error));
done:
    free(labels);
    free(json);
    return status;
}

fx_status row_writer_commit(row_writer *writer, const fx_descriptor *descriptor, fx_error *error) {
    fx_status status = FX_OK;
    if (has_siblings(writer))
        status = commit_siblings(writer, descriptor, error);
    else if (writer->path && writer->format == ROWS_NPY)
        status = fx__npy_commit(&writer->npy, error);
    else if (writer->path)
        status = fx__writer_commit(&writer->text, error);
    row_writer_abort(writer);
    return status;
}

void row_writer_abort(row_writer *writer) {
    fx__npy_abort(&writer->npy);
    fx__writer_abort(&writer->text);
    fx__writer_abort(&writer->paths);
    free(writer->labels);
    writer->labels = NULL;
}
