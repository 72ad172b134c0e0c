// Rows of .npy files by number, from pages that come and go.
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "src/base/kernel.h"
#include "src/base/memory.h"
#include "src/base/npy_header.h"

// What a process holds of files at most, about, and after how much reading it looks.
static const size_t RESIDENT_BYTES = (size_t)512 << 20, LOOK_BYTES = (size_t)1 << 20;

static fx_status map_file(FILE *file, const char *path, uint64_t size, size_t offset,
                          fx_npy_rows *out, fx_error *error) {
    void *mapping = size <= SIZE_MAX
                        ? mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fileno(file), 0)
                        : MAP_FAILED;
    if (mapping == MAP_FAILED)
        return fx_error_set(error, FX_ERROR_MEMORY, "%s: cannot map %" PRIu64 " bytes: %s", path,
                            size, strerror(errno));
    out->mapping = mapping;
    out->mapped_bytes = (size_t)size;
    out->data = (const unsigned char *)mapping + offset;
    return FX_OK;
}

fx_status fx__npy_rows_open(const char *path, fx_npy_rows *out, fx_error *error) {
    *out = (fx_npy_rows){0};
    FILE *file;
    uint64_t size;
    FX__TRY(fx__file_open(path, &file, &size, error));
    fx__npy_header header;
    fx_status status;
    FX__TRY_GOTO(fx__npy_read_header(file, size, path, &header, error));
    if (header.dimensions < 1 || header.dimensions > 2 || header.type[1] != 'f' ||
        header.item_size < 2) {
        char shape[100];
        fx__npy_format_shape(&header, shape, sizeof shape);
        status =
            fx_error_set(error, FX_ERROR_FORMAT,
                         "%s: shape %s of '%s', expected [rows, columns] of '<f4', '<f2' or '<f8'",
                         path, shape, header.type);
        goto done;
    }
    out->rows = header.shape[0];
    out->columns = header.dimensions == 2 ? header.shape[1] : 1;
    out->half = header.item_size == 2;
    const size_t count = out->rows * out->columns, bytes = count * header.item_size;
    const size_t offset = (size_t)size - bytes;
    FX__TRY_GOTO(fx__allocate(1, sizeof *out->touched, &out->touched, error));
    if (header.item_size < 8 && offset % header.item_size == 0) {
        status = map_file(file, path, size, offset, out, error);
    } else {
        void *data;
        FX__TRY_GOTO(fx__npy_read_data(file, path, &header, count, &data, error));
        out->data = data;
        if (header.item_size == 8) status = fx__npy_narrow(path, data, count, error);
    }
done:
    fclose(file);
    if (status != FX_OK) fx__npy_rows_close(out);
    return status;
}

void fx__npy_rows_close(fx_npy_rows *rows) {
    if (rows->mapping) {
        munmap(rows->mapping, rows->mapped_bytes);
    } else {
        // What is not mapped is ours.
        union {
            const unsigned char *lent;
            void *owned;
        } data = {rows->data};
        free(data.owned);
    }
    free((void *)rows->touched);
    *rows = (fx_npy_rows){0};
}

// float16 → float32 by moving the exponent: bits × 2^112, exact for denormals too; infinity and NaN
// have the exponent that is left.
FX__KERNEL
static void widen(size_t count, const uint16_t *from, float *to) {
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = from[i], magnitude = (bits & 0x7FFF) << 13;
        float value;
        memcpy(&value, &magnitude, sizeof value);
        value *= 0x1p112f;
        uint32_t out;
        memcpy(&out, &value, sizeof out);
        out = magnitude >= 0x0F800000 ? magnitude | 0x7F800000 : out;
        out |= (bits & 0x8000) << 16;
        memcpy(&to[i], &out, sizeof out);
    }
}

void fx__npy_row(const fx_npy_rows *rows, size_t index, float *out) {
    const size_t n = rows->columns;
    if (rows->half)
        widen(n, (const uint16_t *)(const void *)(rows->data + index * n * sizeof(uint16_t)), out);
    else
        memcpy(out, rows->data + index * n * sizeof *out, n * sizeof *out);
}

// Bytes of files that are mapped in now; SIZE_MAX where the system does not tell. How much a fault
// brings in besides the page that was asked for is the system's affair, so it cannot be counted.
static size_t resident_file_bytes(void) {
    unsigned long size, resident, shared;
    FILE *file = fopen("/proc/self/statm", "r");
    bool told = file && fscanf(file, "%lu %lu %lu", &size, &resident, &shared) == 3;
    if (file) fclose(file);
    return told ? shared * (size_t)sysconf(_SC_PAGESIZE) : SIZE_MAX;
}

void fx__npy_rows_done(const fx_npy_rows *rows, size_t count) {
    if (!rows->mapping || rows->mapped_bytes <= RESIDENT_BYTES) return;
    const size_t row = rows->columns * (rows->half ? sizeof(uint16_t) : sizeof(float));
    if (atomic_fetch_add(rows->touched, count * row) + count * row < LOOK_BYTES) return;
    atomic_store(rows->touched, 0);
    if (resident_file_bytes() > RESIDENT_BYTES)
        madvise(rows->mapping, rows->mapped_bytes, MADV_DONTNEED);
}
