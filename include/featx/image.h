// Images: 8 bits a channel, gray or RGB, interleaved.
#ifndef FEATX_IMAGE_H
#define FEATX_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "featx/error.h"

#ifdef __cplusplus
extern "C" {
#endif

// Zero-initialize before first use; the functions below grow `pixels` as needed and reuse it.
typedef struct fx_image {
    int width, height; // pixels, ≥ 1 once filled
    int channels;      // 1 (gray) or 3 (RGB)
    uint8_t *pixels;   // [height, width, channels] row-major
    size_t capacity;   // bytes owned at pixels; 0 where the pixels are lent
} fx_image;

// Largest accepted image: 2^28 pixels, checked before decoding.
#define FX_IMAGE_MAX_PIXELS ((size_t)1 << 28)

// Makes room for width × height × channels; the content is undefined. FX_ERROR_MEMORY,
// FX_ERROR_DATA (empty, too large, channels not 1 or 3).
FX_MUST_CHECK fx_status fx_image_reserve(fx_image *image, int width, int height, int channels,
                                         fx_error *error);

// Frees the pixels and zeroes the image. NULL and an already destroyed image are safe.
void fx_image_destroy(fx_image *image);

// Decodes a PNG, JPEG, BMP or binary PGM/PPM file. Alpha is dropped, gray + alpha becomes gray,
// 16 bits a channel are reduced to 8. FX_ERROR_IO (no such file, not a regular file),
// FX_ERROR_FORMAT (empty, truncated, not an image), FX_ERROR_DATA (too large). The message starts
// with the path. On error *out keeps its buffer and is otherwise undefined.
FX_MUST_CHECK fx_status fx_image_load(const char *path, fx_image *out, fx_error *error);

// The same from memory; `name` stands in messages.
FX_MUST_CHECK fx_status fx_image_decode(const void *bytes, size_t count, const char *name,
                                        fx_image *out, fx_error *error);

// Width, height and channels (1 or 3) from the header alone: out->pixels is left alone.
FX_MUST_CHECK fx_status fx_image_probe(const char *path, fx_image *out, fx_error *error);

// True where the name ends in .png .jpg .jpeg .bmp .pgm .ppm .pnm (any case).
int fx_image_has_extension(const char *path);

// Writes a PNG through a temporary file and a rename. FX_ERROR_IO, FX_ERROR_MEMORY.
FX_MUST_CHECK fx_status fx_image_save_png(const char *path, const fx_image *image, fx_error *error);

// out = in with 1 channel (ITU-R BT.601 luma, rounded: (299 R + 587 G + 114 B + 500) / 1000, as
// libjpeg, PIL and OpenCV weigh it) or 3 (gray repeated). in and out must differ.
FX_MUST_CHECK fx_status fx_image_convert(const fx_image *in, int channels, fx_image *out,
                                         fx_error *error);

// Separable triangle filter whose support grows with the reduction, so that shrinking averages
// (antialiased) and enlarging is bilinear; edges are renormalized; rounded to 8 bits. The same
// filter as PIL's BILINEAR. A size that does not change copies. in and out must differ.
FX_MUST_CHECK fx_status fx_image_resize(const fx_image *in, int width, int height, fx_image *out,
                                        fx_error *error);

// Mirrors left and right in place.
void fx_image_flip(fx_image *image);

#ifdef __cplusplus
}
#endif
#endif
