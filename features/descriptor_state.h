// A prepared descriptor in and out of a tensors file: for the model file of src/experiment.
#ifndef FEATX_FEATURES_DESCRIPTOR_STATE_H
#define FEATX_FEATURES_DESCRIPTOR_STATE_H

#include "featx/descriptor.h"
#include "src/base/tensors.h"
#include "src/base/text.h"

// Tensors "descriptor.…" and metadata "descriptor": the resolved parameters as JSON.
FX_MUST_CHECK fx_status fx__descriptor_to_tensors(const fx_descriptor *descriptor,
                                                  fx_tensors *tensors, fx_error *error);
FX_MUST_CHECK fx_status fx__descriptor_from_tensors(const fx_tensors *tensors, fx_descriptor **out,
                                                    fx_error *error);
// The resolved parameters as one line of JSON (only sections of the features in use), and its hash
// together with what was learned: two descriptors with the same hash give the same rows.
FX_MUST_CHECK fx_status fx__descriptor_json(const fx_descriptor *descriptor, fx_text *out,
                                            fx_error *error);
FX_MUST_CHECK fx_status fx__descriptor_sha256(const fx_descriptor *descriptor, char out[65],
                                              fx_error *error);

// What fx__descriptor_json wrote, with the vocabulary of a file where bovw is in use (else NULL).
// FX_ERROR_USAGE: a vocabulary is missing or has no use. FX_ERROR_DATA: a learned whitening, which
// JSON does not hold. FX_ERROR_FORMAT.
FX_MUST_CHECK fx_status fx__descriptor_from_json(const char *json, const char *vocabulary_path,
                                                 fx_descriptor **out, fx_error *error);
#endif
