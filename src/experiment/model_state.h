// What a model is made of, and its file.
#ifndef FEATX_EXPERIMENT_MODEL_STATE_H
#define FEATX_EXPERIMENT_MODEL_STATE_H

#include "featx/model.h"
#include "src/base/tensors.h"

struct fx_model {
    fx_model_params params; // as resolved
    int classes;
    char **class_names;        // [classes]
    fx_descriptor *descriptor; // NULL where trained on rows
    char *specification;       // of the descriptor or of the rows, one line of JSON
    char sha256[65];           // of parameters and what was learned: rows must have the same
    fx_mlp *networks[FX_ENSEMBLE_MAX]; // the first params.train.ensemble of them
};

// An empty model with these class names.
FX_MUST_CHECK fx_status fx__model_create(const fx_model_params *params,
                                         const char *const *class_names, int classes,
                                         fx_model **out, fx_error *error);

// The file: tensors "descriptor.…" and "mlp.…", and metadata
//   format               "featx-model"
//   format_version       "1"
//   featx, blas          what made it
//   seed                 decimal
//   input                "images", or "rows" of a descriptor file
//   classes              ["cat", …]
//   rows                 with input "rows": the specification of the descriptor
//   descriptor_sha256    of the descriptor that the network was trained on
//   augment, train       those sections
//   descriptor, mlp      theirs, written by src/features and src/nn
// The networks of an ensemble have tensors of their own and share their parameters.
// It holds no time, path or number of threads: the same training gives the same bytes.
FX_MUST_CHECK fx_status fx__model_to_tensors(const fx_model *model, fx_tensors **out,
                                             fx_error *error);

// FX_ERROR_FORMAT; what is in `tensors` besides a model is left alone. On error *out may be a part
// of a model, to be destroyed.
FX_MUST_CHECK fx_status fx__model_from_tensors(const fx_tensors *tensors, fx_model **out,
                                               fx_error *error);

// Makes the model one of rows: keeps their specification, and its parameters as the descriptor's.
FX_MUST_CHECK fx_status fx__model_adopt_specification(fx_model *model, const char *specification,
                                                      fx_error *error);

// What a result says of the model itself: lengths, parameters, bytes and hash of its file.
FX_MUST_CHECK fx_status fx__model_describe_result(const fx_model *model, fx_result *result,
                                                  fx_error *error);

// The sections "augment" and "train" of fx_model_sections, by name; NULL for an unknown one.
const fx_section *fx__model_section(const char *name);
#endif
