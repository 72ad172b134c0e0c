// An index: a descriptor file and its siblings, opened for search.
#include "featx/search.h"

#include <stdlib.h>
#include <string.h>

#include "features/descriptor_state.h"
#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/base/npy.h"
#include "src/experiment/descriptor_file.h"

struct fx_index {
    fx_npy_map rows;
    fx_descriptor *descriptor;
    fx_descriptor_file file;
    char *paths;       // the lines of OUT.paths.txt, each ended by a NUL
    const char **path; // [count]
    int64_t *labels;   // [count]
};

// Cuts the text into count lines.
static fx_status split_lines(const char *path, fx_index *index, size_t size, fx_error *error) {
    FX__TRY(fx__allocate(index->rows.rows, sizeof *index->path, &index->path, error));
    size_t lines = 0;
    char *end = index->paths + size;
    for (char *at = index->paths; at < end; lines++) {
        char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        *stop = '\0';
        if (lines < index->rows.rows) index->path[lines] = at;
        at = stop + 1;
    }
    if (lines == index->rows.rows) return FX_OK;
    return fx_error_set(error, FX_ERROR_DATA, "%s: found %zu lines, expected %zu, a line a row",
                        path, lines, index->rows.rows);
}

static fx_status read_paths(const char *npy, fx_index *index, fx_error *error) {
    char *path;
    size_t size;
    FX__TRY(fx__descriptor_file_sibling(npy, ".paths.txt", &path, error));
    fx_status status = FX_OK;
    if (fx__is_file(path)) {
        FX__TRY_GOTO(fx__file_read(path, SIZE_MAX / 4, &index->paths, &size, error));
        FX__TRY_GOTO(split_lines(path, index, size, error));
    }
done:
    free(path);
    return status;
}

static fx_status read_labels(const char *npy, fx_index *index, fx_error *error) {
    char *path;
    size_t count;
    FX__TRY(fx__descriptor_file_sibling(npy, ".labels.npy", &path, error));
    fx_status status = FX_OK;
    if (index->file.classes > 0 && fx__is_file(path)) {
        FX__TRY_GOTO(fx__npy_load_int64(path, &index->labels, &count, error));
        bool fits = count == index->rows.rows;
        for (size_t i = 0; i < count && fits; i++)
            fits = index->labels[i] >= 0 && index->labels[i] < index->file.classes;
        if (!fits)
            status =
                fx_error_set(error, FX_ERROR_DATA,
                             "%s: expected %zu labels from 0 to %d, as %s has rows and classes",
                             path, index->rows.rows, index->file.classes - 1, npy);
    }
done:
    free(path);
    return status;
}

static fx_status read_descriptor(const char *npy, const char *vocabulary_path, fx_index *index,
                                 fx_error *error) {
    char *path, sha256[65];
    FX__TRY(fx__descriptor_file_sibling(npy, ".json", &path, error));
    fx_status status;
    FX__TRY_GOTO(fx__descriptor_file_read_json(path, &index->file, error));
    if (index->file.count != index->rows.rows || index->file.length != index->rows.columns) {
        status = fx_error_set(
            error, FX_ERROR_DATA, "%s: says %zu rows of %zu numbers, but %s has %zu of %zu", path,
            index->file.count, index->file.length, npy, index->rows.rows, index->rows.columns);
        goto done;
    }
    status = fx__descriptor_from_json(index->file.specification, vocabulary_path,
                                      &index->descriptor, error);
    if (status != FX_OK) {
        status = fx__error_prefix(error, status, "%s", path);
        goto done;
    }
    FX__TRY_GOTO(fx__descriptor_sha256(index->descriptor, sha256, error));
    if (strcmp(sha256, index->file.sha256) != 0)
        status = fx_error_set(error, FX_ERROR_DATA, "%s: made with another %s than %s", npy,
                              vocabulary_path ? "vocabulary" : "version of featx",
                              vocabulary_path ? vocabulary_path : "this");
done:
    free(path);
    return status;
}

fx_status fx_index_open(const char *npy, const char *vocabulary_path, fx_index **out,
                        fx_error *error) {
    fx_index *index;
    *out = NULL;
    FX__TRY(fx__allocate(1, sizeof *index, &index, error));
    fx_status status;
    FX__TRY_GOTO(fx__npy_map(npy, &index->rows, error));
    FX__TRY_GOTO(read_descriptor(npy, vocabulary_path, index, error));
    FX__TRY_GOTO(read_paths(npy, index, error));
    FX__TRY_GOTO(read_labels(npy, index, error));
    *out = index;
    return FX_OK;
done:
    fx_index_destroy(index);
    return status;
}

void fx_index_destroy(fx_index *index) {
    if (!index) return;
    fx__npy_unmap(&index->rows);
    fx_descriptor_destroy(index->descriptor);
    fx__descriptor_file_destroy(&index->file);
    free(index->paths);
    free(index->path);
    free(index->labels);
    free(index);
}

size_t fx_index_count(const fx_index *index) {
    return index->rows.rows;
}

size_t fx_index_length(const fx_index *index) {
    return index->rows.columns;
}

const fx_descriptor *fx_index_descriptor(const fx_index *index) {
    return index->descriptor;
}

const char *fx_index_path(const fx_index *index, size_t row) {
    return index->path ? index->path[row] : NULL;
}

const char *fx_index_class_name(const fx_index *index, size_t row) {
    return index->labels ? index->file.class_names[index->labels[row]] : NULL;
}

fx_status fx_index_search(const fx_index *index, const fx_image *image, fx_distance distance,
                          size_t k, fx_match *matches, size_t *found, fx_error *error) {
    size_t length;
    float *row = NULL;
    fx_descriptor_scratch *scratch = NULL;
    *found = 0;
    FX__TRY(fx_descriptor_length(index->descriptor, image->width, image->height, &length, error));
    if (length != index->rows.columns)
        return fx_error_set(error, FX_ERROR_DATA,
                            "%d×%d pixels give %zu numbers, expected %zu as in the index: with "
                            "image.size native only images of one size compare",
                            image->width, image->height, length, index->rows.columns);
    fx_status status;
    FX__TRY_GOTO(fx__allocate(length, sizeof *row, &row, error));
    FX__TRY_GOTO(fx_descriptor_scratch_create(index->descriptor, &scratch, error));
    FX__TRY_GOTO(fx_descriptor_extract(index->descriptor, scratch, image, row, error));
    FX__TRY_GOTO(fx_nearest_rows(index->rows.data, index->rows.rows, length, row, distance, k,
                                 matches, found, error));
done:
    fx_descriptor_scratch_destroy(scratch);
    free(row);
    return status;
}
