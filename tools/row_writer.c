// Files of descriptors.
//
// How far an earlier process came: the names in OUT.paths.txt.partial, in the order of the inputs,
// tell which of them have a row. The last of them may lack its row, or a row its name, since either
// file may be ahead of the other; and the piece that was broken off is done again, because what
// whitening gives depends on the piece by rounding.
#include "tools/row_writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/base/params.h"
#include "tools/output.h"
#include "tools/resume.h"

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

static void write_csv_header(row_writer *writer) {
    FILE *file = writer->text.file;
    fprintf(file, writer->inputs->labels ? "path,class" : "path");
    for (size_t j = 0; j < writer->length; j++) fprintf(file, ",f%zu", j);
    fputc('\n', file);
}

// The splits stand one after the other, so a row of one shifts the ends of those behind it.
static void count_row(row_writer *writer, size_t index) {
    const fx_row_splits *from = &writer->inputs->splits;
    fx_row_splits *to = &writer->splits;
    if (writer->labels) writer->labels[writer->count] = writer->inputs->labels[index];
    writer->count++;
    if (index < from->train.end) to->train.end++;
    to->validation.begin = to->train.end;
    if (index < from->validation.end) to->validation.end++;
    to->test.begin = to->validation.end;
    to->test.end = writer->count;
}

// Counts the rows of inputs below `end` by their names, at most `rows` of them; *next is the input
// behind the last one, *bytes the length of the names.
static fx_status count_named(row_writer *writer, size_t rows, size_t end, size_t *next,
                             uint64_t *bytes, fx_error *error) {
    const fx_image_source *images = &writer->inputs->images;
    FILE *file = writer->paths.file;
    char name[NAME_BYTES], plain[2 * NAME_BYTES], *line = NULL;
    size_t capacity = 0;
    writer->count = 0;
    writer->splits = (fx_row_splits){0};
    *next = 0;
    *bytes = 0;
    rewind(file);
    for (size_t index = 0; writer->count < rows; index++) {
        ssize_t length = getline(&line, &capacity, file);
        if (length <= 0 || line[length - 1] != '\n') break;
        line[length - 1] = '\0';
        for (; index < end; index++) {
            images->name(images->self, index, name, sizeof name);
            escape_text(name, plain, sizeof plain);
            if (strcmp(plain, line) == 0) break;
        }
        if (index >= end) break;
        count_row(writer, index);
        *next = index + 1;
        *bytes += (uint64_t)length;
    }
    free(line);
    if (!ferror(file)) return FX_OK;
    return fx_error_set(error, FX_ERROR_IO, "%s: cannot read: %s", writer->paths.temporary,
                        strerror(errno));
}

// `rows`: that the rows' file has.
static fx_status go_on(row_writer *writer, size_t rows, fx_error *error) {
    uint64_t bytes;
    size_t next;
    FX__TRY(count_named(writer, rows, writer->inputs->count, &next, &bytes, error));
    if (next < writer->inputs->count) next = next / writer->piece * writer->piece;
    writer->next = next;
    FX__TRY(count_named(writer, rows, writer->next, &next, &bytes, error));
    writer->resumed = writer->count;
    FX__TRY(fx__writer_cut(&writer->paths, bytes, error));
    FX__TRY(fx__npy_keep_rows(&writer->npy, writer->count, error));
    return resume_check_rows(writer, error);
}

// The rows' file first: whoever has it open has all of them.
static fx_status open_rows(row_writer *writer, bool resume, fx_error *error) {
    const inputs *inputs = writer->inputs;
    size_t rows;
    if (inputs->labels)
        FX__TRY(fx__allocate(inputs->count, sizeof *writer->labels, &writer->labels, error));
    FX__TRY(fx__npy_open_partial(writer->path, writer->length, inputs->count, &writer->npy, &rows,
                                 error));
    char *paths;
    FX__TRY(fx__descriptor_file_sibling(writer->path, ".paths.txt", &paths, error));
    fx_status status = fx__writer_open_partial(paths, &writer->paths, error);
    free(paths);
    if (status != FX_OK) return status;
    if (!writer->npy.writer.temporary || !writer->paths.temporary)
        return fx__npy_keep_rows(&writer->npy, 0, error);
    FX__TRY(fx__descriptor_file_sibling(writer->path, ".resume", &writer->manifest, error));
    bool same = false;
    if (resume) FX__TRY(resume_check(writer, &same, error));
    if (same) return go_on(writer, rows, error);
    remove(writer->manifest);
    FX__TRY(fx__writer_cut(&writer->paths, 0, error));
    FX__TRY(fx__npy_keep_rows(&writer->npy, 0, error));
    return resume_write(writer, error);
}

fx_status row_writer_open(row_writer *writer, bool resume, fx_error *error) {
    if (!writer->path) return FX_OK;
    fx_status status;
    if (has_siblings(writer)) {
        FX__TRY_GOTO(open_rows(writer, resume, error));
    } else if (writer->format == ROWS_NPY) {
        FX__TRY_GOTO(
            fx__npy_open(writer->path, writer->length, writer->inputs->count, &writer->npy, error));
    } else {
        FX__TRY_GOTO(fx__writer_open(writer->path, &writer->text, error));
        if (writer->format == ROWS_CSV) write_csv_header(writer);
    }
done:
    // What cannot be gone on with now may be gone on with after all, by other arguments.
    if (status != FX_OK && resume) {
        bool kept;
        if (row_writer_keep(writer, &kept, NULL) != FX_OK) return status;
    }
    if (status != FX_OK) row_writer_abort(writer);
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

// Runs of valid rows are written at once.
static fx_status append_npy(row_writer *writer, const float *rows, size_t n, const bool *valid,
                            fx_error *error) {
    for (size_t i = 0; i < n;) {
        size_t run = 0;
        while (i + run < n && (!valid || valid[i + run])) run++;
        FX__TRY(fx__npy_append(&writer->npy, rows + i * writer->length, run, error));
        i += run + 1;
    }
    return FX_OK;
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
        }
        if (writer->path && writer->format == ROWS_CSV)
            write_csv_row(writer, row, first + i, name);
        else if (writer->path && writer->format == ROWS_LIBSVM)
            write_libsvm_row(writer, row, first + i);
        count_row(writer, first + i);
    }
    if (writer->path && writer->format == ROWS_NPY)
        FX__TRY(append_npy(writer, rows, n, valid, error));
    // A full disk is met here rather than at the end, and a kill costs the pieces that are not
    // written yet.
    fx_writer *const files[] = {&writer->npy.writer, &writer->paths, &writer->text};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i]->file && (fflush(files[i]->file) != 0 || ferror(files[i]->file)))
            return fx_error_set(error, FX_ERROR_IO, "%s: cannot write: %s", files[i]->path,
                                strerror(errno));
    return FX_OK;
}

static fx_status commit_siblings(row_writer *writer, fx_error *error) {
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
        json, writer->descriptor, writer->count, writer->length, writer->inputs->class_names,
        writer->inputs->classes, writer->labels ? &writer->splits : NULL, error));
done:
    free(labels);
    free(json);
    return status;
}

fx_status row_writer_commit(row_writer *writer, fx_error *error) {
    fx_status status = FX_OK;
    if (has_siblings(writer))
        status = commit_siblings(writer, error);
    else if (writer->path && writer->format == ROWS_NPY)
        status = fx__npy_commit(&writer->npy, error);
    else if (writer->path)
        status = fx__writer_commit(&writer->text, error);
    row_writer_abort(writer);
    return status;
}

fx_status row_writer_keep(row_writer *writer, bool *kept, fx_error *error) {
    *kept = writer->manifest && fx__is_file(writer->manifest);
    fx_status status = FX_OK, names = FX_OK;
    if (*kept) {
        names = fx__writer_keep(&writer->paths, error);
        status = fx__writer_keep(&writer->npy.writer, error);
        free(writer->manifest);
        writer->manifest = NULL;
    }
    row_writer_abort(writer);
    return names != FX_OK ? names : status;
}

void row_writer_abort(row_writer *writer) {
    if (writer->manifest) remove(writer->manifest);
    free(writer->manifest);
    writer->manifest = NULL;
    fx__npy_abort(&writer->npy);
    fx__writer_abort(&writer->text);
    fx__writer_abort(&writer->paths);
    free(writer->labels);
    writer->labels = NULL;
}
