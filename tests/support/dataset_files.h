// Small data sets written by the tests themselves, in the formats that datasets/ reads.
#ifndef FEATX_TESTS_DATASET_FILES_H
#define FEATX_TESTS_DATASET_FILES_H

#include <stdarg.h>
#include <stdint.h>
#include <zlib.h>

#include "featx/dataset.h"
#include "tests/support/folder.h"

static inline void write_file(const char *path, const void *bytes, size_t count) {
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    cr_assert_eq(fclose(file), 0);
}

static inline void write_gzip(const char *path, const void *bytes, size_t count) {
    gzFile file = gzopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(gzwrite(file, bytes, (unsigned)count), (int)count);
    cr_assert_eq(gzclose(file), Z_OK);
}

static inline size_t file_size(const char *path) {
    struct stat info;
    cr_assert_eq(stat(path, &info), 0, "%s", path);
    return (size_t)info.st_size;
}

static inline void make_folders(const char *first, ...) {
    va_list list;
    va_start(list, first);
    for (const char *path = first; path; path = va_arg(list, const char *))
        cr_assert_eq(mkdir(path, 0777), 0, "%s", path);
    va_end(list);
}

// One CIFAR record: labels, then planes in which pixel p of channel c is 10 · c + p + salt (mod
// 256).
static inline void cifar_record(uint8_t *out, int label_bytes, int label, int coarse, int salt) {
    out[0] = (uint8_t)(label_bytes == 1 ? label : coarse);
    out[label_bytes - 1] = (uint8_t)label;
    for (int c = 0; c < 3; c++)
        for (int p = 0; p < 1024; p++)
            out[label_bytes + c * 1024 + p] = (uint8_t)(10 * c + p + salt);
}

static inline void write_cifar(const char *path, int label_bytes, int count, int first_label,
                               int classes, int salt) {
    size_t record = (size_t)label_bytes + 3072;
    uint8_t *bytes = malloc((size_t)count * record);
    for (int i = 0; i < count; i++)
        cifar_record(bytes + (size_t)i * record, label_bytes, (first_label + i) % classes,
                     (first_label + i) % classes / 2, salt + i);
    write_file(path, bytes, (size_t)count * record);
    free(bytes);
}

// Two training batches of 3 and 2 records, one test batch of 2; classes ant, bee, cow.
static inline void write_cifar10_folder(const char *folder) {
    char path[512];
    make_folders(folder, NULL);
    snprintf(path, sizeof path, "%s/batches.meta.txt", folder);
    write_file(path, "ant\nbee\r\ncow\n\n", 14);
    snprintf(path, sizeof path, "%s/data_batch_1.bin", folder);
    write_cifar(path, 1, 3, 0, 3, 0);
    snprintf(path, sizeof path, "%s/data_batch_2.bin", folder);
    write_cifar(path, 1, 2, 2, 3, 50);
    snprintf(path, sizeof path, "%s/test_batch.bin", folder);
    write_cifar(path, 1, 2, 1, 3, 100);
}

// An IDX header into out[4 + 4 · rank]; returns its length.
static inline size_t idx_header(uint8_t *out, int rank, const uint32_t *dimensions) {
    memcpy(out, (uint8_t[]){0, 0, 8, (uint8_t)rank}, 4);
    for (int d = 0; d < rank; d++)
        for (int b = 0; b < 4; b++) out[4 + 4 * d + b] = (uint8_t)(dimensions[d] >> (24 - 8 * b));
    return 4 + 4 * (size_t)rank;
}

// An IDX file whose header says `dimensions` and whose data are `data_count` bytes 0, 1, 2, …,
// modulo `modulus`.
static inline void write_idx(const char *path, int rank, const uint32_t *dimensions,
                             size_t data_count, int modulus) {
    uint8_t *bytes = malloc(32 + data_count);
    size_t length = idx_header(bytes, rank, dimensions);
    for (size_t i = 0; i < data_count; i++) bytes[length + i] = (uint8_t)(i % (size_t)modulus);
    if (strlen(path) > 3 && strcmp(path + strlen(path) - 3, ".gz") == 0)
        write_gzip(path, bytes, length + data_count);
    else
        write_file(path, bytes, length + data_count);
    free(bytes);
}

// 5 training and 3 test images of 4×3 (width × height), 3 classes. `ending` is "" or ".gz".
static inline void write_idx_folder(const char *folder, const char *ending) {
    char path[512];
    make_folders(folder, NULL);
    snprintf(path, sizeof path, "%s/train-images-idx3-ubyte%s", folder, ending);
    write_idx(path, 3, (uint32_t[]){5, 3, 4}, 60, 256);
    snprintf(path, sizeof path, "%s/train-labels-idx1-ubyte%s", folder, ending);
    write_idx(path, 1, (uint32_t[]){5}, 5, 3);
    snprintf(path, sizeof path, "%s/t10k-images-idx3-ubyte%s", folder, ending);
    write_idx(path, 3, (uint32_t[]){3, 3, 4}, 36, 256);
    snprintf(path, sizeof path, "%s/t10k-labels-idx1-ubyte%s", folder, ending);
    write_idx(path, 1, (uint32_t[]){3}, 3, 3);
}

// A binary PGM or PPM image of one value.
static inline void write_image(const char *path, int width, int height, int channels, int value) {
    char bytes[32768];
    int length = snprintf(bytes, 64, "P%d\n%d %d\n255\n", channels == 1 ? 5 : 6, width, height);
    memset(bytes + length, value, (size_t)(width * height * channels));
    write_file(path, bytes, (size_t)(length + width * height * channels));
}

// FOLDER/CLASS/0.ppm … n-1.ppm, images of different sizes, every third gray.
static inline void write_class_folder(const char *folder, const char *class, int n) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, class);
    make_folders(path, NULL);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s/%02d.%s", folder, class, i, i % 3 == 2 ? "PGM" : "ppm");
        write_image(path, 4 + i % 5, 5, i % 3 == 2 ? 1 : 3, 10 * i % 256);
    }
}
#endif
