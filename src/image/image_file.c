// Image files: PNG, JPEG and BMP through stb_image, binary PGM and PPM by our own reader; PNG out.
//
// Every file passes fx__image_header (size within the budget) and fx__image_is_whole before it is
// decoded. stb_image's own PNM reader is switched off: in the version that Debian 12 has it reads
// past its input. Of 16 bits the upper 8 are kept (rounded down, as stb_image does for PNG). Alpha
// is dropped, not blended. A camera's orientation tag (EXIF) is ignored.
#include "src/image/image_file.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/image/image_header.h"

#pragma GCC diagnostic ignored "-Wunused-function" // of what stb declares and we leave out

// Zeroed, so that what a damaged file leaves out of an image is the same each time.
#define STBI_MALLOC(size)           calloc(1, size)
#define STBI_REALLOC(pointer, size) realloc(pointer, size)
#define STBI_FREE(pointer)          free(pointer)
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_NO_STDIO
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#include <stb_image.h>
#ifndef STBI_THREAD_LOCAL
#error "stb_image keeps its failure reason in a global: not safe with several threads"
#endif

// zlib packs tighter and faster than stb_image_write's own. NULL where it fails.
static unsigned char *compress_zlib(unsigned char *data, int count, int *out_count, int level) {
    uLongf size = compressBound((uLong)count);
    unsigned char *out = malloc(size);
    if (out && compress2(out, &size, data, (uLong)count, level) == Z_OK && size <= INT_MAX) {
        *out_count = (int)size;
        return out;
    }
    free(out);
    return NULL;
}
#define STBIW_ZLIB_COMPRESS compress_zlib
#define STBI_WRITE_NO_STDIO
#define STB_IMAGE_WRITE_STATIC
#ifndef __clang_analyzer__ // it finds a leak of theirs where memory runs out
#define STB_IMAGE_WRITE_IMPLEMENTATION
#endif
#include <stb_image_write.h>

// Replaces the pixels of *out.
static fx_status decode_stb(const fx_image_bytes *in, const fx_image_header *header,
                            const char *name, fx_image *out, fx_error *error) {
    int width, height, components;
    uint8_t *pixels = stbi_load_from_memory(in->bytes, (int)in->size, &width, &height, &components,
                                            header->channels);
    if (!pixels) {
        const char *reason = stbi_failure_reason();
        if (strcmp(reason, "outofmem") == 0)
            return fx_error_set(error, FX_ERROR_MEMORY, "%s: out of memory for %d × %d pixels",
                                name, header->width, header->height);
        return fx_error_set(error, FX_ERROR_FORMAT, "%s: damaged %s: %s", name,
                            fx__image_format_name(header->format), reason);
    }
    if (width != header->width || height != header->height) {
        free(pixels);
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "%s: decodes to %d × %d pixels, expected %d × %d by its header", name,
                            width, height, header->width, header->height);
    }
    if (out->capacity > 0) free(out->pixels);
    *out = (fx_image){width, height, header->channels, pixels,
                      (size_t)width * (size_t)height * (size_t)header->channels};
    return FX_OK;
}

static fx_status decode_pnm(const fx_image_bytes *in, const fx_image_header *header, fx_image *out,
                            fx_error *error) {
    FX__TRY(fx_image_reserve(out, header->width, header->height, header->channels, error));
    size_t count = (size_t)header->width * (size_t)header->height * (size_t)header->channels;
    const uint8_t *from = in->bytes + header->data;
    if (header->depth == 1)
        memcpy(out->pixels, from, count);
    else // most significant byte first
        for (size_t i = 0; i < count; i++) out->pixels[i] = from[2 * i];
    return FX_OK;
}

fx_status fx_image_decode(const void *bytes, size_t count, const char *name, fx_image *out,
                          fx_error *error) {
    fx_image_bytes in = {.bytes = bytes, .size = count};
    fx_image_header header;
    if (count > INT_MAX)
        return fx_error_set(error, FX_ERROR_DATA, "%s: %zu bytes, expected at most %d", name, count,
                            INT_MAX);
    FX__TRY(fx__image_header(&in, name, &header, error));
    FX__TRY(fx__image_is_whole(&in, &header, name, error));
    if (header.format == FX__PNM) {
        fx_status status = decode_pnm(&in, &header, out, error);
        return status == FX_OK ? status : fx__error_prefix(error, status, "%s", name);
    }
    return decode_stb(&in, &header, name, out, error);
}

fx_status fx_image_probe(const char *path, fx_image *out, fx_error *error) {
    fx_image_bytes in = {0};
    fx_image_header header;
    FX__TRY(fx__file_open(path, &in.file, &in.size, error));
    fx_status status = fx__image_header(&in, path, &header, error);
    fclose(in.file);
    if (status != FX_OK) return status;
    out->width = header.width;
    out->height = header.height;
    out->channels = header.channels;
    return FX_OK;
}

fx_status fx_image_load(const char *path, fx_image *out, fx_error *error) {
    // The header first: what is no image, or too large, is not read as a whole.
    fx_image header = {0};
    FX__TRY(fx_image_probe(path, &header, error));
    char *bytes;
    size_t count;
    FX__TRY(fx__file_read(path, INT_MAX, &bytes, &count, error));
    fx_status status = fx_image_decode(bytes, count, path, out, error);
    free(bytes);
    return status;
}

int fx_image_has_extension(const char *path) {
    static const char *const extensions[] = {".png", ".jpg", ".jpeg", ".bmp",
                                             ".pgm", ".ppm", ".pnm"};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof extensions / sizeof *extensions; i++)
        if (strcasecmp(dot, extensions[i]) == 0) return true;
    return false;
}

typedef struct {
    fx_text *text;
    fx_status status;
    fx_error *error;
} png_sink;

static void append_png(void *context, void *data, int count) {
    png_sink *sink = context;
    if (sink->status == FX_OK)
        sink->status = fx__text_append(sink->text, data, (size_t)count, sink->error);
}

fx_status fx__image_encode_png(const fx_image *image, fx_text *out, fx_error *error) {
    // The sizes that an image can have stay below INT_MAX, in which stb_image_write counts.
    size_t stride = (size_t)image->width * (size_t)image->channels;
    png_sink sink = {out, FX_OK, error};
    if (!stbi_write_png_to_func(append_png, &sink, image->width, image->height, image->channels,
                                image->pixels, (int)stride))
        return fx_error_set(error, FX_ERROR_MEMORY, "out of memory for a PNG of %d × %d pixels",
                            image->width, image->height);
    return sink.status;
}

fx_status fx_image_save_png(const char *path, const fx_image *image, fx_error *error) {
    fx_text png = {0};
    fx_status status = fx__image_encode_png(image, &png, error);
    if (status != FX_OK)
        fx__error_prefix(error, status, "%s", path);
    else
        status = fx__file_write(path, png.data, png.length, error);
    fx__text_destroy(&png);
    return status;
}
