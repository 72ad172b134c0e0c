// Named tensors and string metadata in a safetensors file.
//
// File: uint64 little-endian N; N bytes of JSON {"__metadata__": {name: text}, tensor: {"dtype",
// "shape", "data_offsets": [begin, end]}}, padded with spaces to a multiple of 8; the data, without
// holes. Tensors and metadata are written in the order in which they were added, so the bytes are a
// function of the content.
#ifndef FEATX_BASE_TENSORS_H
#define FEATX_BASE_TENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "featx/error.h"

typedef struct fx_tensors fx_tensors;

FX_MUST_CHECK fx_status fx__tensors_create(fx_tensors **out, fx_error *error);
void fx__tensors_destroy(fx_tensors *tensors);

// Copies float32 data of the given shape (dimensions ≤ 4).
FX_MUST_CHECK fx_status fx__tensors_add(fx_tensors *tensors, const char *name, int dimensions,
                                        const size_t *shape, const float *data, fx_error *error);
FX_MUST_CHECK fx_status fx__tensors_add_text(fx_tensors *tensors, const char *key,
                                             const char *value, fx_error *error);

// Lends the data, or fails: FX_ERROR_FORMAT names the tensor and the shape found and expected.
FX_MUST_CHECK fx_status fx__tensors_get(const fx_tensors *tensors, const char *name, int dimensions,
                                        const size_t *shape, const float **out, fx_error *error);
// Shape of a tensor: its dimensions, or -1 where absent.
int fx__tensors_shape(const fx_tensors *tensors, const char *name, size_t shape[4]);
// Names in the order in which the tensors were added; NULL beyond the last.
const char *fx__tensors_name(const fx_tensors *tensors, size_t index);
const char *fx__tensors_text(const fx_tensors *tensors, const char *key); // NULL where absent

// Atomic write. Messages start with the path.
FX_MUST_CHECK fx_status fx__tensors_save(const fx_tensors *tensors, const char *path,
                                         fx_error *error);
// Checks everything: sizes, offsets, overlaps, duplicates, JSON. Only F32 tensors are accepted.
FX_MUST_CHECK fx_status fx__tensors_load(const char *path, fx_tensors **out, fx_error *error);
// SHA-256 of the bytes that fx__tensors_save writes, as 64 hexadecimal digits.
FX_MUST_CHECK fx_status fx__tensors_sha256(const fx_tensors *tensors, char out[65],
                                           fx_error *error);
// How many bytes those are.
FX_MUST_CHECK fx_status fx__tensors_size(const fx_tensors *tensors, size_t *out, fx_error *error);
#endif
