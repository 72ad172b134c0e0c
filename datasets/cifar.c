// CIFAR-10 and CIFAR-100, binary version.
//
// CIFAR-10: data_batch_1.bin, data_batch_2.bin, … and test_batch.bin of records {label, 1024 R,
// 1024 G, 1024 B}; names in batches.meta.txt, one a line. CIFAR-100: train.bin and test.bin of
// records {coarse label, fine label, 1024 R, 1024 G, 1024 B}; names in fine_label_names.txt and
// coarse_label_names.txt. Planes become interleaved pixels.
// Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
#include <stdlib.h>
#include <string.h>

#include "datasets/dataset_state.h"
#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/base/params.h"

enum { SIDE = 32, PLANE = SIDE * SIDE, PIXELS = 3 * PLANE, NAMES_LIMIT = 1 << 16 };

// Number of data_batch_N.bin, or 0 for another name.
static long long batch_number(const char *name) {
    size_t length = strlen(name);
    char digits[20];
    long long number;
    if (strncmp(name, "data_batch_", 11) != 0 || length < 16 || length - 15 >= sizeof digits ||
        strcmp(name + length - 4, ".bin") != 0)
        return 0;
    memcpy(digits, name + 11, length - 15);
    digits[length - 15] = '\0';
    return fx__parse_int(digits, 1, 9999, &number) ? number : 0;
}

static bool keep_batch(const char *name) {
    return batch_number(name) > 0;
}

// One name a line, blank lines aside. Without the file: the catalog's names, else numbers.
static fx_status read_names(const char *folder, const char *file, const fx_yaml *names,
                            int usual_count, fx_dataset_storage *storage, fx_error *error) {
    char *path, *text = NULL;
    size_t size;
    FX__TRY(fx__path_join(folder, file, &path, error));
    fx_status status = FX_OK;
    if (fx__is_file(path)) {
        FX__TRY_GOTO(fx__file_read(path, NAMES_LIMIT, &text, &size, error));
        char *rest;
        for (char *line = strtok_r(text, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest))
            FX__TRY_GOTO(fx__storage_add_class(storage, line, error));
        if (storage->classes == 0)
            status = fx_error_set(error, FX_ERROR_FORMAT, "%s: no class names, expected one a line",
                                  path);
        else if (storage->classes > 256)
            status = fx_error_set(error, FX_ERROR_FORMAT, "%s: %d class names, expected up to 256",
                                  path, storage->classes);
    } else if (names && names->count == (size_t)usual_count) {
        for (size_t i = 0; i < names->count; i++)
            FX__TRY_GOTO(fx__storage_add_class(storage, names->items[i].text, error));
    } else {
        for (int i = 0; i < usual_count; i++) {
            char number[16];
            snprintf(number, sizeof number, "%d", i);
            FX__TRY_GOTO(fx__storage_add_class(storage, number, error));
        }
    }
done:
    free(path);
    free(text);
    return status;
}

static fx_status read_records(FILE *file, const char *path, size_t count, int label_bytes,
                              int label_at, int classes, int *labels, uint8_t *pixels,
                              fx_error *error) {
    uint8_t record[2 + PIXELS];
    size_t bytes = (size_t)label_bytes + PIXELS;
    for (size_t i = 0; i < count; i++) {
        if (fread(record, 1, bytes, file) != bytes)
            return fx_error_set(error, FX_ERROR_IO, "%s: cannot read record %zu", path, i);
        labels[i] = record[label_at];
        if (labels[i] >= classes)
            return fx_error_set(error, FX_ERROR_DATA, "%s: record %zu: label %d, expected 0 … %d",
                                path, i, labels[i], classes - 1);
        const uint8_t *planes = record + label_bytes;
        uint8_t *out = pixels + i * PIXELS;
        for (size_t p = 0; p < PLANE; p++) {
            out[3 * p] = planes[p];
            out[3 * p + 1] = planes[PLANE + p];
            out[3 * p + 2] = planes[(size_t)2 * PLANE + p];
        }
    }
    return FX_OK;
}

// Reads files[file_count] one after the other into one split.
static fx_status read_split(const char *folder, char *const *files, size_t file_count,
                            int label_bytes, int label_at, int classes, fx_split_storage *split,
                            fx_error *error) {
    fx_status status = FX_OK;
    char *path = NULL;
    FILE *file = NULL;
    size_t record = (size_t)label_bytes + PIXELS, count = 0;
    for (int pass = 0; pass < 2; pass++) { // 0: sizes, 1: content
        size_t first = 0;
        for (size_t f = 0; f < file_count; f++) {
            uint64_t size;
            free(path);
            path = NULL;
            FX__TRY_GOTO(fx__path_join(folder, files[f], &path, error));
            FX__TRY_GOTO(fx__file_open(path, &file, &size, error));
            if (size == 0 || size % record != 0) {
                status = fx_error_set(error, FX_ERROR_FORMAT,
                                      "%s: %llu bytes, expected a multiple of %zu (%s and %d "
                                      "pixel values a record)",
                                      path, (unsigned long long)size, record,
                                      label_bytes == 1 ? "a label" : "two labels", PIXELS);
                goto done;
            }
            size_t n = (size_t)(size / record);
            if (pass == 0) {
                count += n;
            } else if (first + n > count) {
                status = fx_error_set(error, FX_ERROR_IO, "%s: changed while it was read", path);
                goto done;
            } else {
                FX__TRY_GOTO(fx__split_add_part(split, files[f], first, error));
                FX__TRY_GOTO(read_records(file, path, n, label_bytes, label_at, classes,
                                          split->labels + first, split->pixels + first * PIXELS,
                                          error));
                first += n;
            }
            fclose(file);
            file = NULL;
        }
        if (pass == 1) {
            split->count = first;
            break;
        }
        split->width = split->height = SIDE;
        split->channels = 3;
        FX__TRY_GOTO(fx__allocate(count, PIXELS, &split->pixels, error));
        FX__TRY_GOTO(fx__allocate(count, sizeof *split->labels, &split->labels, error));
    }
done:
    if (file) fclose(file);
    free(path);
    return status;
}

static int compare_batches(const void *a, const void *b) {
    long long x = batch_number(*(char *const *)a), y = batch_number(*(char *const *)b);
    return (x > y) - (x < y);
}

static fx_status load_cifar10(const char *folder, const fx_catalog_entry *entry,
                              fx_dataset_storage *storage, fx_error *error) {
    char **batches;
    size_t count;
    FX__TRY(fx__folder_names(folder, keep_batch, &batches, &count, error));
    if (count > 1) qsort(batches, count, sizeof *batches, compare_batches);
    fx_status status = FX_OK;
    for (size_t i = 0; i < count || i == 0; i++) {
        if (i < count && batch_number(batches[i]) == (long long)i + 1) continue;
        status = fx_error_set(error, FX_ERROR_IO, "%s/data_batch_%zu.bin: no such file%s%s", folder,
                              i + 1, count ? ", though there is " : "", count ? batches[i] : "");
        goto done;
    }
    FX__TRY_GOTO(read_names(folder, "batches.meta.txt", entry->classes, 10, storage, error));
    FX__TRY_GOTO(read_split(folder, batches, count, 1, 0, storage->classes,
                            &storage->splits[FX_TRAIN], error));
    FX__TRY_GOTO(read_split(folder, &(char *){"test_batch.bin"}, 1, 1, 0, storage->classes,
                            &storage->splits[FX_TEST], error));
done:
    fx__names_destroy(batches, count);
    return status;
}

fx_status fx__cifar_load(const char *folder, const fx_catalog_entry *entry,
                         fx_dataset_format format, fx_dataset_storage *storage, fx_error *error) {
    if (format == FX_FORMAT_CIFAR10) return load_cifar10(folder, entry, storage, error);
    int label_at = entry->coarse ? 0 : 1;
    FX__TRY(read_names(folder, entry->coarse ? "coarse_label_names.txt" : "fine_label_names.txt",
                       entry->coarse ? NULL : entry->classes, entry->coarse ? 20 : 100, storage,
                       error));
    FX__TRY(read_split(folder, &(char *){"train.bin"}, 1, 2, label_at, storage->classes,
                       &storage->splits[FX_TRAIN], error));
    return read_split(folder, &(char *){"test.bin"}, 1, 2, label_at, storage->classes,
                      &storage->splits[FX_TEST], error);
}
