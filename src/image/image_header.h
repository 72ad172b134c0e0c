// What image_file.c learns from a file before it is decoded.
#ifndef FEATX_IMAGE_IMAGE_HEADER_H
#define FEATX_IMAGE_IMAGE_HEADER_H

#include <stdio.h>

#include "featx/image.h"

// Bytes in memory, or a file of which only what is needed is read.
typedef struct fx_image_bytes {
    const uint8_t *bytes; // or NULL and:
    FILE *file;
    uint64_t size;
} fx_image_bytes;

typedef enum fx_image_format {
    FX__PNG,
    FX__JPEG,
    FX__BMP,
    FX__PNM,
} fx_image_format;

typedef struct fx_image_header {
    fx_image_format format;
    int width, height;
    int channels;    // 1 or 3, as it will be decoded
    uint64_t data;   // offset of the pixels (BMP, PNM)
    uint64_t needed; // bytes that a file of this size must at least have
    int depth;       // bytes a sample (PNM)
} fx_image_header;

// Reads the header. Messages start with `name`. FX_ERROR_FORMAT: empty, not an image, truncated
// within the header; FX_ERROR_DATA: more than FX_IMAGE_MAX_PIXELS.
FX_MUST_CHECK fx_status fx__image_header(const fx_image_bytes *in, const char *name,
                                         fx_image_header *out, fx_error *error);

// Looks for what the decoder passes over in silence: a file that ends too early, a PNG whose
// checksums are wrong, JPEG tables that would overflow the decoder's. `in` must be in memory.
// FX_ERROR_FORMAT.
FX_MUST_CHECK fx_status fx__image_is_whole(const fx_image_bytes *in, const fx_image_header *header,
                                           const char *name, fx_error *error);

const char *fx__image_format_name(fx_image_format format);
#endif
