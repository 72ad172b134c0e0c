// The manifest of an extraction, and comparisons with it.
#include "tools/resume.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "features/descriptor_state.h"
#include "featx/version.h"
#include "src/base/gemm.h"
#include "src/base/memory.h"
#include "src/base/text.h"
#include "tools/output.h"

// Lines before and behind those of the images, which stand first among what a user may change: a
// changed image may change the descriptor too.
enum { LINE_PROGRAM, LINE_COUNT, HEAD_LINES, NAME_BYTES = 4096 };
enum { LINE_DESCRIPTOR, LINE_LEARNED, TAIL_LINES };

// Lines
// --------------------------------------------------------------------------------------------

static fx_status image_line(const inputs *inputs, size_t index, fx_text *out, fx_error *error) {
    char name[NAME_BYTES], plain[2 * NAME_BYTES];
    inputs->images.name(inputs->images.self, index, name, sizeof name);
    struct stat info = {0};
    if (stat(name, &info) != 0 || !S_ISREG(info.st_mode)) info = (struct stat){0};
    escape_text(name, plain, sizeof plain);
    return fx__text_printf(out, error, "%jd %jd.%09ld %d %s", (intmax_t)info.st_size,
                           (intmax_t)info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
                           inputs->labels ? inputs->labels[index] : -1, plain);
}

static size_t line_count(const row_writer *writer) {
    return HEAD_LINES + writer->inputs->count + TAIL_LINES;
}

static fx_status make_line(const row_writer *writer, size_t line, fx_text *out, fx_error *error) {
    const inputs *inputs = writer->inputs;
    char sha256[65];
    out->length = 0;
    if (line == LINE_PROGRAM)
        return fx__text_printf(out, error, "featx %s, %s", fx_version(), fx__gemm_version());
    if (line == LINE_COUNT)
        return fx__text_printf(out, error, "%zu images, %d classes", inputs->count,
                               inputs->classes);
    if (line < HEAD_LINES + inputs->count) return image_line(inputs, line - HEAD_LINES, out, error);
    if (line - HEAD_LINES - inputs->count == LINE_DESCRIPTOR)
        return fx__descriptor_json(writer->descriptor, out, error);
    FX__TRY(fx__descriptor_sha256(writer->descriptor, sha256, error));
    return fx__text_printf(out, error, "%s", sha256);
}

fx_status resume_write(const row_writer *writer, fx_error *error) {
    fx_writer file = {0};
    fx_text line = {0};
    fx_status status;
    // Under a name of its own, too: whatever moment the process ends at, nothing else is left.
    FX__TRY_GOTO(fx__writer_open_partial(writer->manifest, &file, error));
    FX__TRY_GOTO(fx__writer_cut(&file, 0, error));
    for (size_t i = 0; i < line_count(writer); i++) {
        FX__TRY_GOTO(make_line(writer, i, &line, error));
        FX__TRY_GOTO(fx__text_append(&line, "\n", 1, error));
        FX__TRY_GOTO(fx__writer_write(&file, line.data, line.length, error));
    }
    FX__TRY_GOTO(fx__writer_commit(&file, error));
done:
    fx__writer_abort(&file);
    fx__text_destroy(&line);
    return status;
}

// Differences
// --------------------------------------------------------------------------------------

static const char anew[] = "give the same again, or begin anew without --resume";

static void tell_value(const char *section, const char *key, const json_t *was, const json_t *is,
                       char *out, size_t size) {
    char *texts[] = {was ? json_dumps(was, JSON_ENCODE_ANY) : NULL,
                     json_dumps(is, JSON_ENCODE_ANY)};
    snprintf(out, size, "%s%s, then %.60s, now %.60s", section, key,
             texts[0] ? texts[0] : "not there", texts[1] ? texts[1] : "not there");
    free(texts[0]);
    free(texts[1]);
}

// The first key of the descriptor that differs: "hog.orientations, then 9, now 12".
static fx_status tell_key(const row_writer *writer, const char *was, const char *is,
                          fx_error *error) {
    json_t *before = json_loads(was, JSON_DECODE_ANY, NULL);
    json_t *now = json_loads(is, JSON_DECODE_ANY, NULL);
    char found[200] = "features", section[64];
    const char *name, *key;
    json_t *keys, *value;
    json_object_foreach(now, name, keys) {
        json_t *old_keys = json_object_get(before, name);
        snprintf(section, sizeof section, "%s.", name);
        if (json_equal(keys, old_keys)) continue;
        if (!json_is_object(keys) || !json_is_object(old_keys)) {
            tell_value(name, "", old_keys, keys, found, sizeof found);
            break;
        }
        json_object_foreach(keys, key, value) {
            json_t *old = json_object_get(old_keys, key);
            if (!json_equal(old, value)) tell_value(section, key, old, value, found, sizeof found);
        }
        break;
    }
    json_decref(before);
    json_decref(now);
    return fx_error_set(error, FX_ERROR_DATA, "%s: begun with other settings, %s: %s",
                        writer->manifest, found, anew);
}

static const char *name_of(const char *line) {
    for (int spaces = 0; *line && spaces < 3; line++) spaces += *line == ' ';
    return line;
}

static fx_status tell_difference(const row_writer *writer, size_t line, const char *was,
                                 const char *is, fx_error *error) {
    const char *path = writer->manifest;
    size_t tail = HEAD_LINES + writer->inputs->count;
    if (line == tail + LINE_DESCRIPTOR) return tell_key(writer, was, is, error);
    if (line == tail + LINE_LEARNED)
        return fx_error_set(error, FX_ERROR_DATA,
                            "%s: begun with another vocabulary or whitening: %s", path, anew);
    if (line < HEAD_LINES)
        return fx_error_set(error, FX_ERROR_DATA, "%s: begun with '%s', found '%s': %s", path, was,
                            is, anew);
    if (strcmp(name_of(was), name_of(is)) == 0)
        return fx_error_set(error, FX_ERROR_DATA, "%s: %s has changed since it was begun: %s", path,
                            name_of(is), anew);
    return fx_error_set(error, FX_ERROR_DATA, "%s: image %zu was %s, is now %s: %s", path,
                        line - HEAD_LINES, name_of(was), name_of(is), anew);
}

fx_status resume_check(const row_writer *writer, bool *out, fx_error *error) {
    *out = false;
    if (!fx__is_file(writer->manifest)) return FX_OK;
    FILE *file;
    FX__TRY(fx__file_open(writer->manifest, &file, NULL, error));
    fx_text line = {0};
    char *was = NULL;
    size_t capacity = 0;
    fx_status status = FX_OK;
    for (size_t i = 0; i < line_count(writer); i++) {
        ssize_t length = getline(&was, &capacity, file);
        if (length <= 0 || was[length - 1] != '\n') {
            status = fx_error_set(error, FX_ERROR_FORMAT,
                                  "%s: ends in line %zu: begin anew without --resume",
                                  writer->manifest, i + 1);
            goto done;
        }
        was[length - 1] = '\0';
        FX__TRY_GOTO(make_line(writer, i, &line, error));
        if (strcmp(was, line.data) != 0) {
            status = tell_difference(writer, i, was, line.data, error);
            goto done;
        }
    }
    *out = true;
done:
    free(was);
    fx__text_destroy(&line);
    fclose(file);
    return status;
}

// Rows
// ---------------------------------------------------------------------------------------------

// Compares a piece with the rows that lie at row `first`, or, with `at_end`, end with the last one.
static fx_status check_piece(row_writer *writer, size_t piece, bool at_end, float *rows,
                             float *kept, fx_error *error) {
    const inputs *inputs = writer->inputs;
    size_t begin = piece * writer->piece, length = writer->length, count = 0;
    size_t end = begin + writer->piece < inputs->count ? begin + writer->piece : inputs->count;
    bool *valid = NULL;
    fx_status status;
    FX__TRY_GOTO(fx__allocate(end - begin, sizeof *valid, &valid, error));
    FX__TRY_GOTO(fx_descriptor_extract_range(writer->descriptor, &inputs->images, begin, end,
                                             length, rows, FX_ON_ERROR_SKIP, valid, NULL, error));
    for (size_t i = 0; i < end - begin; i++) {
        if (!valid[i]) continue;
        memmove(rows + count * length, rows + i * length, length * sizeof *rows);
        count++;
    }
    size_t first = !at_end ? 0 : count < writer->count ? writer->count - count : 0;
    if (count > writer->count) count = writer->count;
    FX__TRY_GOTO(fx__npy_read_back(&writer->npy, first, count, kept, error));
    for (size_t i = 0; i < count; i++) {
        if (memcmp(rows + i * length, kept + i * length, length * sizeof *rows) == 0) continue;
        status = fx_error_set(error, FX_ERROR_DATA,
                              "%s: row %zu is not what its image gives now: the images or the "
                              "program have changed: begin anew without --resume",
                              writer->npy.writer.temporary, first + i);
        goto done;
    }
done:
    free(valid);
    return status;
}

fx_status resume_check_rows(row_writer *writer, fx_error *error) {
    if (writer->count == 0 || writer->next == 0) return FX_OK;
    float *rows = NULL, *kept = NULL;
    fx_status status;
    FX__TRY_GOTO(fx__allocate(writer->piece, writer->length * sizeof *rows, &rows, error));
    FX__TRY_GOTO(fx__allocate(writer->piece, writer->length * sizeof *kept, &kept, error));
    FX__TRY_GOTO(check_piece(writer, 0, false, rows, kept, error));
    FX__TRY_GOTO(check_piece(writer, (writer->next - 1) / writer->piece, true, rows, kept, error));
done:
    free(rows);
    free(kept);
    return status;
}
