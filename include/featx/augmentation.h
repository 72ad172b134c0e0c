// Random changes of an image that leave its class alone.
#ifndef FEATX_AUGMENTATION_H
#define FEATX_AUGMENTATION_H

#include <stdbool.h>

#include "featx/image.h"
#include "featx/rng.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fx_augmentation_params {
    bool flip; // mirror left and right with probability 1/2
    int shift; // pixels: uniform in [-shift, shift] on both axes, borders repeated
} fx_augmentation_params;

fx_augmentation_params fx_augmentation_defaults(void); // nothing
bool fx_augmentation_is_identity(const fx_augmentation_params *params);

// Changes the image in place; `scratch` is a buffer kept between calls.
FX_MUST_CHECK fx_status fx_augmentation_apply(const fx_augmentation_params *params, fx_rng *rng,
                                              fx_image *image, fx_image *scratch, fx_error *error);

#ifdef __cplusplus
}
#endif
#endif
