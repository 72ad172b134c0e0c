// What a model answers for rows.
#ifndef FEATX_EXPERIMENT_PREDICTION_H
#define FEATX_EXPERIMENT_PREDICTION_H

#include "featx/model.h"
#include "src/experiment/rows.h"

// scores[n, classes] of rows begin … begin+n-1: probabilities, or scores where the loss gives none;
// means over the networks and, with augment.test_flip, over the images and their mirrors (rows of a
// descriptor file, which have none, are for the caller to refuse). x[n, length] is room for the
// rows. on_error and valid are those of fx__rows_fill.
FX_MUST_CHECK fx_status fx__predict_rows(const fx_model *model, const fx_rows *rows, size_t begin,
                                         size_t n, fx_on_error on_error, bool *valid, float *x,
                                         float *scores, fx_error *error);

// The same for samples begin … begin+n-1, as they are in epoch 0. `images` are those that the
// samples were made of, one a sample; not needed without augment.test_flip. indices[n] is room.
FX_MUST_CHECK fx_status fx__predict_samples(const fx_model *model, const fx_samples *samples,
                                            const fx_image_source *images, size_t begin, size_t n,
                                            uint32_t *indices, float *x, float *scores,
                                            fx_error *error);

// Predicted class of each of scores[n, classes]: the largest, the first of equals.
void fx__predicted_classes(const float *scores, size_t n, int classes, int *out);
#endif
