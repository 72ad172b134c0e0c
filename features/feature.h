// The descriptors by name, and what a prepared descriptor is made of.
#ifndef FEATX_FEATURES_FEATURE_H
#define FEATX_FEATURES_FEATURE_H

#include "features/whitening.h"
#include "featx/descriptor.h"

struct fx_descriptor {
    fx_descriptor_params params; // as resolved
    int channels;                // of every image before it is described: 1 or 3
    fx_size input;               // every image is first resized to this; {0, 0}: kept as it is
    fx_vocabulary *vocabulary;   // of bovw, else NULL
    fx_whitening whitening;      // of raw; length 0: none
};

// A descriptor. Sizes are those of the image that it is given: `sized` ones get it at image.size.
typedef struct fx_feature_type {
    const char *name, *help;
    bool sized;
    // FX_ERROR_USAGE: its parameters are out of range.
    fx_status (*check)(const fx_descriptor_params *params, fx_error *error);
    // Length of its part of a row. FX_ERROR_DATA: such an image does not fit.
    fx_status (*length)(const fx_descriptor *descriptor, int width, int height, size_t *out,
                        fx_error *error);
    size_t (*scratch)(const fx_descriptor *descriptor, int width, int height); // bytes
    fx_status (*extract)(const fx_descriptor *descriptor, const fx_image *image, float *out,
                         void *scratch, fx_error *error);
} fx_feature_type;

extern const fx_feature_type fx__features[FX_FEATURE_COUNT];

bool fx__descriptor_uses(const fx_descriptor_params *params, fx_feature feature);
// FX_ERROR_USAGE: unknown or repeated features, parameters of the features in use out of range.
FX_MUST_CHECK fx_status fx__descriptor_check(const fx_descriptor_params *params, fx_error *error);
#endif
