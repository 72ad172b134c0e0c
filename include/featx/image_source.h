// A count and "give me image i": what data sets and folders are to descriptors and trainers.
#ifndef FEATX_IMAGE_SOURCE_H
#define FEATX_IMAGE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "featx/image.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fx_image_source {
    const void *self;
    size_t count;
    // Fills *out with image `index` < count. Any number of threads may call, each with its own out.
    fx_status (*get)(const void *self, size_t index, fx_image *out, fx_error *error);
    // Fills width, height and channels of *out only; as cheap as the source can make it.
    fx_status (*probe)(const void *self, size_t index, fx_image *out, fx_error *error);
    // Writes a name for messages and lists ("photo.jpg", "data_batch_1.bin[17]"), always
    // terminated.
    void (*name)(const void *self, size_t index, char *out, size_t size);
} fx_image_source;

// What all images of a source have in common.
typedef struct fx_image_survey {
    size_t count;
    bool same_size;            // all width × height
    int width, height;         // of the first image
    int min_width, min_height; // over all images
    bool all_gray;
} fx_image_survey;

// Probes every image, in parallel. FX_ERROR_DATA where the source is empty; errors of probe().
FX_MUST_CHECK fx_status fx_image_source_survey(const fx_image_source *source, fx_image_survey *out,
                                               fx_error *error);

// A view of `indices[count]` of another source, in that order. `indices` and `base` are borrowed
// and must outlive the view; *storage holds its state.
typedef struct fx_image_subset {
    const fx_image_source *base;
    const uint32_t *indices;
} fx_image_subset;
fx_image_source fx_image_source_subset(const fx_image_source *base, const uint32_t *indices,
                                       size_t count, fx_image_subset *storage);

// A view of another source's images, each mirrored left and right. *base must outlive it.
fx_image_source fx_image_source_mirrored(const fx_image_source *base);

// A list of files. paths[count] is borrowed.
fx_image_source fx_image_source_files(const char *const *paths, size_t count);

#ifdef __cplusplus
}
#endif
#endif
