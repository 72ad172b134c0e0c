// What the library needs of image files besides the public part.
#ifndef FEATX_IMAGE_IMAGE_FILE_H
#define FEATX_IMAGE_IMAGE_FILE_H

#include "featx/image.h"
#include "src/base/text.h"

// Appends the bytes of a PNG file.
FX_MUST_CHECK fx_status fx__image_encode_png(const fx_image *image, fx_text *out, fx_error *error);
#endif
