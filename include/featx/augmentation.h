// Random changes of an image that leave its class alone.
#ifndef FEATX_AUGMENTATION_H
#define FEATX_AUGMENTATION_H

#include <stdbool.h>

#include "featx/image.h"
#include "featx/rng.h"

#ifdef __cplusplus
extern "C" {
#endif

// What stands beyond the borders: the nearest pixel; the image mirrored at the pixels of its border
// (which are not repeated); black.
typedef enum fx_padding { FX_PADDING_EDGE, FX_PADDING_REFLECT, FX_PADDING_ZERO } fx_padding;

// Every amount is the largest; each image draws its own. 0 is none.
typedef struct fx_augmentation_params {
    bool flip;           // mirror left and right with probability 1/2
    int shift;           // pixels, on both axes: as padding by so many and cropping at random
    float rotate;        // degrees, to both sides, about the center
    float scale;         // the size is multiplied by 1 / (1 + scale) … 1 + scale
    float shear;         // degrees that vertical lines lean, to both sides
    float elastic;       // pixels: root mean square of a smooth random displacement on each axis
    float elastic_sigma; // pixels: how smooth it is; deviation of the Gaussian
    float color;         // brightness, contrast and saturation are multiplied by 1 ± color
    float hue;           // degrees, to both sides
    int cutout;          // pixels: side of a square that becomes the mean color
    int padding;         // fx_padding
    bool test_flip;      // answer by the mean over an image and its mirror. For who predicts:
                         // fx_augmentation_apply does nothing of it
} fx_augmentation_params;

fx_augmentation_params fx_augmentation_defaults(void); // nothing
// Whether fx_augmentation_apply changes nothing.
bool fx_augmentation_is_identity(const fx_augmentation_params *params);

// Buffers kept between calls; zero-initialize before first use.
typedef struct fx_augmentation_scratch {
    fx_image image;
    float *numbers; // [capacity]
    size_t capacity;
} fx_augmentation_scratch;
void fx_augmentation_scratch_destroy(fx_augmentation_scratch *scratch);

// Changes the image in place. What is drawn depends on the parameters and the image's size alone.
// FX_ERROR_USAGE names a parameter out of its range. FX_ERROR_MEMORY.
FX_MUST_CHECK fx_status fx_augmentation_apply(const fx_augmentation_params *params, fx_rng *rng,
                                              fx_image *image, fx_augmentation_scratch *scratch,
                                              fx_error *error);

#ifdef __cplusplus
}
#endif
#endif
