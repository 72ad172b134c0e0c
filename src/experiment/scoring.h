// Predictions over samples and test sets, in chunks.
#ifndef FEATX_EXPERIMENT_SCORING_H
#define FEATX_EXPERIMENT_SCORING_H

#include "featx/model.h"
#include "src/experiment/rows.h"

// Share of the samples, as they are in epoch 0, that the model gets right. `images` are what the
// samples were made of, one a sample; not needed without augment.test_flip.
FX_MUST_CHECK fx_status fx__score_samples(const fx_model *model, const fx_samples *samples,
                                          const fx_image_source *images,
                                          const fx_progress *progress, double *accuracy,
                                          fx_error *error);

// Predicts the rows and fills what a result says of the test set: samples, indices, labels,
// predictions, accuracy with its interval, confusion. Adds to result->skipped.
FX_MUST_CHECK fx_status fx__score_test(const fx_model *model, const fx_rows *test,
                                       fx_on_error on_error, const fx_progress *progress,
                                       fx_result *result, fx_error *error);

// Accuracy with its interval, and confusion (zeros before), from the labels and predictions.
void fx__summarize_test(fx_result *result);

// Seconds since an arbitrary moment.
double fx__clock(void);
#endif
