// Rows of .npy files by number, from pages that come and go.
//
// What the system does for a mapped file on its own does not fit rows in a shuffled order: at every
// fault it reads ahead (8 MiB on some machines, of which one row is used), and it lets a process
// hold what it once looked at until memory is short. So a large file is mapped for random access;
// the part that a wanted row lies in is asked for, unless it was lately; and pages are let go when
// many are resident.
//
// Shuffled rows are wanted in blocks of up to 1 MiB that begin and end anywhere: what is read
// beside them is a part a block, so parts are an eighth of one. (Parts of 1 MiB read everything
// twice, and what was not wanted drove out what was.)
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "src/base/kernel.h"
#include "src/base/memory.h"
#include "src/base/npy_header.h"

// What a process holds of files at most, about, and after how much reading it looks. Smaller files
// are left to the system.
static const size_t RESIDENT_BYTES = (size_t)512 << 20, LOOK_BYTES = (size_t)1 << 20;

// Parts of a file that are asked for, and after how many others one is asked for again: 2 GiB, the
// default of train.window.
enum { PART_BYTES = 1 << 17, LATELY = 1 << 14 };

struct fx_npy_usage {
    size_t read;     // bytes since what is resident was looked at
    uint32_t clock;  // parts asked for
    uint32_t *asked; // [parts] at which clock; 0 never
};

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
    if (size <= RESIDENT_BYTES) return FX_OK;
    madvise(mapping, out->mapped_bytes, MADV_RANDOM);
    FX__TRY(fx__allocate(1, sizeof *out->usage, &out->usage, error));
    return fx__allocate(out->mapped_bytes / PART_BYTES + 1, sizeof *out->usage->asked,
                        &out->usage->asked, error);
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
    if (rows->usage) free(rows->usage->asked);
    free(rows->usage);
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

static size_t row_bytes(const fx_npy_rows *rows) {
    return rows->columns * (rows->half ? sizeof(uint16_t) : sizeof(float));
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
    if (!rows->usage) return;
    rows->usage->read += count * row_bytes(rows);
    if (rows->usage->read < LOOK_BYTES) return;
    rows->usage->read = 0;
    if (resident_file_bytes() > RESIDENT_BYTES)
        madvise(rows->mapping, rows->mapped_bytes, MADV_DONTNEED);
}

void fx__npy_row_wanted(const fx_npy_rows *rows, size_t index) {
    struct fx_npy_usage *usage = rows->usage;
    if (!usage) return;
    char *mapping = rows->mapping;
    const size_t first = (size_t)(rows->data - (const unsigned char *)mapping);
    const size_t begin = first + index * row_bytes(rows), end = begin + row_bytes(rows);
    for (size_t part = begin / PART_BYTES; part * PART_BYTES < end; part++) {
        if (usage->asked[part] > 0 && usage->clock - usage->asked[part] < LATELY) continue;
        const size_t at = part * PART_BYTES, left = rows->mapped_bytes - at;
        madvise(mapping + at, left < PART_BYTES ? left : PART_BYTES, MADV_WILLNEED);
        usage->asked[part] = ++usage->clock;
    }
}
