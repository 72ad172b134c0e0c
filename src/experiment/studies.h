// What an experiment asks of its arms beside their accuracy.
#ifndef FEATX_EXPERIMENT_STUDIES_H
#define FEATX_EXPERIMENT_STUDIES_H

#include "featx/experiment.h"

// Trains, or finds in the folder of checkpoints that it was done. *model and *result are the
// caller's.
FX_MUST_CHECK fx_status fx__train_or_find(const fx_experiment *experiment,
                                          const fx_dataset *dataset,
                                          const fx_model_options *options,
                                          const fx_model_params *params, fx_model **model,
                                          fx_result *result, fx_error *error);

// Fills out->robustness: the models of the first seed on disturbed test images.
FX_MUST_CHECK fx_status fx__study_robustness(const fx_model_options *options, fx_comparison *out,
                                             fx_error *error);
// Fills out->efficiency: every arm trained anew on parts of the training images, first seed.
FX_MUST_CHECK fx_status fx__study_efficiency(const fx_model_options *options, fx_comparison *out,
                                             fx_error *error);
#endif
