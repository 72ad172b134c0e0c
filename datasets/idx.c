// IDX files (MNIST and its kin), plain or gzip.
//
// Header: two zero bytes, 0x08 (unsigned bytes), the number of dimensions, then each dimension as a
// big-endian uint32. Images: [n, height, width] (gray) or [n, height, width, 1 or 3]; labels: [n].
// Found by name: [PREFIX]SPLIT-images-idx3-ubyte[.gz], SPLIT.idx3-ubyte and -idx4- likewise, with
// SPLIT train, and t10k or test; a plain file is preferred to its .gz. All files of a split share
// the prefix (EMNIST's "emnist-balanced-").
//
// Nothing is allocated on the word of a header: a plain file must have the size that its header
// says, and a compressed one grows with what comes out of it, up to that size.
// Source: LeCun, Cortes & Burges, "The MNIST database of handwritten digits".
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "datasets/dataset_state.h"
#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/base/text.h"

typedef struct idx_file {
    char *path;
    uint32_t dimensions[4]; // those that the file lacks are 1
    uint8_t *data;          // [product of dimensions]
    size_t size;
} idx_file;

typedef struct idx_stream {
    const char *path;
    gzFile gz;
    uint64_t file_size;
} idx_stream;

static void close_stream(idx_stream *stream) {
    if (stream->gz) gzclose(stream->gz);
    stream->gz = NULL;
}

static fx_status open_stream(const char *path, idx_stream *out, fx_error *error) {
    *out = (idx_stream){.path = path};
    FILE *file;
    FX__TRY(fx__file_open(path, &file, &out->file_size, error));
    int descriptor = dup(fileno(file));
    fclose(file);
    out->gz = descriptor < 0 ? NULL : gzdopen(descriptor, "rb");
    if (!out->gz) {
        if (descriptor >= 0) close(descriptor);
        return fx_error_set(error, FX_ERROR_IO, "%s: cannot open", path);
    }
    if (out->file_size == 0) {
        close_stream(out);
        return fx_error_set(error, FX_ERROR_FORMAT, "%s: empty file, expected IDX", path);
    }
    size_t length = strlen(path);
    if (length > 3 && strcmp(path + length - 3, ".gz") == 0 && gzdirect(out->gz)) {
        close_stream(out);
        return fx_error_set(error, FX_ERROR_FORMAT, "%s: not gzip data, in spite of its name",
                            path);
    }
    return FX_OK;
}

// *got < count only at the end of the data.
static fx_status read_some(idx_stream *stream, void *out, unsigned count, size_t *got,
                           fx_error *error) {
    int n = gzread(stream->gz, out, count), code = Z_OK;
    const char *text = gzerror(stream->gz, &code), *reason = strstr(text, ": "); // "<fd:4>: reason"
    if (n < 0 || (code != Z_OK && code != Z_STREAM_END))
        return fx_error_set(error, code == Z_ERRNO ? FX_ERROR_IO : FX_ERROR_FORMAT,
                            "%s: %s gzip data (%s)", stream->path,
                            code == Z_BUF_ERROR ? "truncated" : "damaged",
                            reason ? reason + 2 : text);
    *got = (size_t)n;
    return FX_OK;
}

static fx_status read_header(idx_stream *stream, int min_rank, int max_rank, idx_file *out,
                             fx_error *error) {
    uint8_t bytes[16] = {0};
    size_t got = 0;
    FX__TRY(read_some(stream, bytes, 4, &got, error));
    int rank = bytes[3];
    if (got < 4)
        return fx_error_set(error, FX_ERROR_FORMAT, "%s: %zu bytes, expected an IDX header",
                            stream->path, got);
    if (bytes[0] || bytes[1] || bytes[2] != 8 || rank < min_rank || rank > max_rank)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "%s: magic number 0x%02x%02x%02x%02x, expected 0x%08x%s", stream->path,
                            bytes[0], bytes[1], bytes[2], bytes[3], 0x800 + min_rank,
                            max_rank > min_rank ? " or 0x00000804" : "");
    unsigned length = 4 * (unsigned)rank;
    FX__TRY(read_some(stream, bytes, length, &got, error));
    if (got < length)
        return fx_error_set(error, FX_ERROR_FORMAT, "%s: ends within its header", stream->path);
    for (int d = 0; d < 4; d++) {
        const uint8_t *b = bytes + 4 * (size_t)d;
        out->dimensions[d] =
            d < rank ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3] : 1;
    }
    return FX_OK;
}

// Bytes of the data in *total.
static fx_status check_dimensions(const idx_stream *stream, const idx_file *file, uint64_t *total,
                                  fx_error *error) {
    const uint32_t *d = file->dimensions;
    if (d[0] == 0)
        return fx_error_set(error, FX_ERROR_DATA, "%s: 0 items, expected at least one",
                            stream->path);
    uint64_t pixels = (uint64_t)d[1] * d[2];
    if (pixels == 0 || pixels > FX_IMAGE_MAX_PIXELS || (d[3] != 1 && d[3] != 3))
        return fx_error_set(error, FX_ERROR_DATA,
                            "%s: images of %u×%u with %u channels, expected up to 2^28 pixels "
                            "with 1 or 3",
                            stream->path, d[2], d[1], d[3]);
    *total = d[0] * pixels * d[3]; // below 2^32 · 2^28 · 3
    // Deflate reaches 1032 : 1 at the most.
    uint64_t most = gzdirect(stream->gz) ? stream->file_size : stream->file_size * 1032;
    if (*total > most)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "%s: the header promises %u items, more than the file of %llu bytes "
                            "can hold",
                            stream->path, d[0], (unsigned long long)stream->file_size);
    return FX_OK;
}

static fx_status read_data(idx_stream *stream, uint64_t total, idx_file *out, fx_error *error) {
    enum { PIECE = 1 << 22 };
    size_t capacity = 0;
    for (;;) {
        // One byte beyond the promised size shows data that the header does not know of.
        uint64_t left = total + 1 - out->size;
        unsigned wanted = left < PIECE ? (unsigned)left : PIECE;
        size_t got = 0;
        FX__TRY(fx__grow(&out->data, &capacity, out->size + wanted, 1, error));
        FX__TRY(read_some(stream, out->data + out->size, wanted, &got, error));
        out->size += got;
        if (out->size > total)
            return fx_error_set(error, FX_ERROR_FORMAT,
                                "%s: more data than the %u items of its header", stream->path,
                                out->dimensions[0]);
        if (got < wanted) break;
    }
    if (out->size < total)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "%s: the header promises %u items (%llu bytes), found %zu bytes",
                            stream->path, out->dimensions[0], (unsigned long long)total, out->size);
    return FX_OK;
}

static fx_status read_idx(const char *folder, const char *name, int min_rank, int max_rank,
                          idx_file *out, fx_error *error) {
    FX__TRY(fx__path_join(folder, name, &out->path, error));
    idx_stream stream;
    uint64_t total = 0;
    FX__TRY(open_stream(out->path, &stream, error));
    fx_status status;
    FX__TRY_GOTO(read_header(&stream, min_rank, max_rank, out, error));
    FX__TRY_GOTO(check_dimensions(&stream, out, &total, error));
    FX__TRY_GOTO(read_data(&stream, total, out, error));
done:
    close_stream(&stream);
    return status;
}

// Length of the part of the name before what follows the split's name ("train-images…" → 0), or -1.
static long prefix_length(const char *name, const char *split, const char *kind) {
    static const char *const endings[] = {"-idx3-ubyte", ".idx3-ubyte", "-idx4-ubyte",
                                          ".idx4-ubyte", "-idx1-ubyte", ".idx1-ubyte"};
    size_t length = strlen(name);
    if (length > 3 && strcmp(name + length - 3, ".gz") == 0) length -= 3;
    for (size_t e = 0; e < sizeof endings / sizeof *endings; e++) {
        if ((kind[1] == 'l') != (e >= 4)) continue; // labels have one dimension
        char tail[64];
        size_t tail_length = (size_t)snprintf(tail, sizeof tail, "%s%s%s", split, kind, endings[e]);
        if (length < tail_length || strncmp(name + length - tail_length, tail, tail_length) != 0)
            continue;
        size_t prefix = length - tail_length;
        if (prefix == 0 || name[prefix - 1] == '-' || name[prefix - 1] == '_') return (long)prefix;
    }
    return -1;
}

static const char *const SPLIT_NAMES[] = {"train", "t10k", "test"};

bool fx__idx_is_images(const char *name) {
    for (int s = 0; s < 3; s++)
        if (name[0] != '.' && prefix_length(name, SPLIT_NAMES[s], "-images") >= 0) return true;
    return false;
}

static bool keep_idx(const char *name) {
    bool labels = false;
    for (int s = 0; s < 3; s++)
        labels = labels || prefix_length(name, SPLIT_NAMES[s], "-labels") >= 0;
    return name[0] != '.' && (labels || fx__idx_is_images(name));
}

// The file of one split and kind ("-images", "-labels") among names[count], which are sorted: a
// plain file comes before its .gz. *out is NULL where there is none.
static fx_status find_file(const char *folder, char *const *names, size_t count, bool train,
                           const char *kind, const char **out, fx_error *error) {
    *out = NULL;
    for (size_t i = 0; i < count; i++) {
        long prefix = -1;
        for (int s = train ? 0 : 1; s < (train ? 1 : 3) && prefix < 0; s++)
            prefix = prefix_length(names[i], SPLIT_NAMES[s], kind);
        if (prefix < 0) continue;
        size_t length = *out ? strlen(*out) : 0;
        bool same =
            *out && strncmp(*out, names[i], length) == 0 && strcmp(names[i] + length, ".gz") == 0;
        if (*out && !same)
            return fx_error_set(error, FX_ERROR_DATA,
                                "%s: both %s and %s, expected one data set a folder", folder, *out,
                                names[i]);
        if (!*out) *out = names[i];
    }
    return FX_OK;
}

static fx_status missing(const char *folder, bool train, const char *kind, fx_error *error) {
    return fx_error_set(error, FX_ERROR_IO, "%s: no file %s%s-idx%c-ubyte or the same with .gz",
                        folder, train ? "train" : "t10k", kind, kind[1] == 'l' ? '1' : '3');
}

static fx_status read_split(const char *folder, char *const *names, size_t count, bool train,
                            const fx_yaml *classes, fx_split_storage *split, int *largest,
                            fx_error *error) {
    const char *image_name, *label_name;
    FX__TRY(find_file(folder, names, count, train, "-images", &image_name, error));
    FX__TRY(find_file(folder, names, count, train, "-labels", &label_name, error));
    if (!image_name) return missing(folder, train, "-images", error);
    if (!label_name) return missing(folder, train, "-labels", error);
    idx_file images = {0}, labels = {0};
    fx_status status;
    FX__TRY_GOTO(read_idx(folder, image_name, 3, 4, &images, error));
    FX__TRY_GOTO(read_idx(folder, label_name, 1, 1, &labels, error));
    uint32_t n = images.dimensions[0];
    if (labels.dimensions[0] != n) {
        status =
            fx_error_set(error, FX_ERROR_DATA, "%s: %u labels, expected %u, one an image of %s",
                         labels.path, labels.dimensions[0], n, image_name);
        goto done;
    }
    FX__TRY_GOTO(fx__allocate(n, sizeof *split->labels, &split->labels, error));
    for (size_t i = 0; i < n; i++) {
        split->labels[i] = labels.data[i];
        if (labels.data[i] > *largest) *largest = labels.data[i];
        if (!classes || labels.data[i] < classes->count) continue;
        status = fx_error_set(error, FX_ERROR_DATA, "%s: record %zu: label %d, expected 0 … %zu",
                              labels.path, i, labels.data[i], classes->count - 1);
        goto done;
    }
    FX__TRY_GOTO(fx__split_add_part(split, image_name, 0, error));
    split->count = n;
    split->height = (int)images.dimensions[1];
    split->width = (int)images.dimensions[2];
    split->channels = (int)images.dimensions[3];
    split->pixels = images.data;
    images.data = NULL;
done:
    free(images.path);
    free(images.data);
    free(labels.path);
    free(labels.data);
    return status;
}

fx_status fx__idx_load(const char *folder, const fx_catalog_entry *entry,
                       fx_dataset_storage *storage, fx_error *error) {
    char **names;
    size_t count;
    int largest = 0;
    FX__TRY(fx__folder_names(folder, keep_idx, &names, &count, error));
    fx_status status;
    FX__TRY_GOTO(read_split(folder, names, count, true, entry->classes, &storage->splits[FX_TRAIN],
                            &largest, error));
    FX__TRY_GOTO(read_split(folder, names, count, false, entry->classes, &storage->splits[FX_TEST],
                            &largest, error));
    size_t classes = entry->classes ? entry->classes->count : (size_t)largest + 1;
    for (size_t c = 0; c < classes; c++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", c);
        FX__TRY_GOTO(fx__storage_add_class(
            storage, entry->classes ? entry->classes->items[c].text : number, error));
    }
done:
    fx__names_destroy(names, count);
    return status;
}
