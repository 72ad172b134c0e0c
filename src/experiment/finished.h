// What is kept of trainings so that they need not be done again.
#ifndef FEATX_EXPERIMENT_FINISHED_H
#define FEATX_EXPERIMENT_FINISHED_H

#include "featx/model.h"
#include "src/experiment/model_state.h"

// SHA-256, as 64 hexadecimal digits, of what a training is a function of as far as that is known
// without reading its rows: every key of `params`, the seed, `extra` (words of the caller's),
// the classes and labels[count] of the samples, and what makes products here.
FX_MUST_CHECK fx_status fx__training_identity(const fx_model_params *params, const char *extra,
                                              const char *const *class_names, int classes,
                                              const int *labels, size_t count, char out[65],
                                              fx_error *error);

// A model with the result of its training, in one file.
FX_MUST_CHECK fx_status fx__finished_save(const char *path, const fx_model *model,
                                          const fx_result *result, fx_error *error);
// *model is NULL where there is no such file.
FX_MUST_CHECK fx_status fx__finished_load(const char *path, fx_model **model, fx_result *result,
                                          fx_error *error);
#endif
