// Images by example: the rows of a descriptor file that are nearest to an image's.
#ifndef FEATX_SEARCH_H
#define FEATX_SEARCH_H

#include "featx/descriptor.h"
#include "featx/distance.h"

#ifdef __cplusplus
extern "C" {
#endif

// OUT.npy, mapped into memory, with what stands beside it: OUT.json (how to describe a query),
// OUT.paths.txt and OUT.labels.npy where they exist. Any number of threads may read.
typedef struct fx_index fx_index;

// vocabulary_path: of the visual words that the rows were made with, NULL without bovw.
// FX_ERROR_IO, FX_ERROR_FORMAT, FX_ERROR_DATA: the files do not fit together (another count,
// another vocabulary). FX_ERROR_USAGE: a vocabulary is missing or has no use.
FX_MUST_CHECK fx_status fx_index_open(const char *npy, const char *vocabulary_path, fx_index **out,
                                      fx_error *error);
void fx_index_destroy(fx_index *index);

size_t fx_index_count(const fx_index *index);
size_t fx_index_length(const fx_index *index); // of a row
const fx_descriptor *fx_index_descriptor(const fx_index *index);
const char *fx_index_path(const fx_index *index, size_t row);       // NULL without OUT.paths.txt
const char *fx_index_class_name(const fx_index *index, size_t row); // NULL without labels

// Describes an image and finds the nearest rows, as fx_nearest_rows does: matches[k], *found.
// FX_ERROR_DATA: the image cannot be described, or by another length than the rows have.
FX_MUST_CHECK fx_status fx_index_search(const fx_index *index, const fx_image *image,
                                        fx_distance distance, size_t k, fx_match *matches,
                                        size_t *found, fx_error *error);

#ifdef __cplusplus
}
#endif
#endif
