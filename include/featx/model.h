// A model: everything between an image file and a class name.
#ifndef FEATX_MODEL_H
#define FEATX_MODEL_H

#include "featx/augmentation.h"
#include "featx/dataset.h"
#include "featx/descriptor.h"
#include "featx/mlp.h"
#include "featx/training.h"

#ifdef __cplusplus
extern "C" {
#endif

// Every key of an arm of an experiment.
typedef struct fx_model_params {
    uint64_t seed;
    fx_descriptor_params descriptor;
    fx_augmentation_params augment;
    fx_mlp_params mlp;
    fx_training_params train;
} fx_model_params;

fx_model_params fx_model_defaults(void);
// All key tables; offsets are into fx_model_params.
const fx_section *fx_model_sections(size_t *count);

typedef struct fx_model fx_model;

// What to train and test on: a data set of images, or rows of a descriptor file (X.npy).
typedef struct fx_model_data {
    const char *name;
    const fx_dataset *images; // or NULL and:
    const char *npy;          // path of a descriptor file with its .json and .labels.npy
} fx_model_data;

// Wall-clock seconds. load: reading a descriptor file (a data set of images is loaded by the
// caller). fit: what the descriptor learns. extract: rows of the training images; with augmentation
// that happens within train. train: up to the train accuracy. test: extraction and prediction of
// the test samples.
typedef struct fx_seconds {
    double load, fit, extract, train, test, total;
} fx_seconds;

// What a training run measured. Accuracies are fractions; NaN where there were no such samples.
typedef struct fx_result {
    uint64_t seed; // that the model was trained with
    size_t train_samples, validation_samples, test_samples;
    size_t skipped; // bad images left out
    size_t descriptor_length;
    size_t parameters; // of all networks
    double train_accuracy, validation_accuracy, test_accuracy;
    double test_accuracy_ci95[2]; // Wilson
    int classes;
    uint64_t *confusion; // [classes, classes], row: true class, column: predicted; of the test set
    uint32_t *test_indices; // [test_samples], ascending: places in the test split; all of them
                            // unless bad images were skipped
    int *test_labels;       // [test_samples]
    int *test_predictions;  // [test_samples]
    float *test_confidence; // [test_samples] probability of the predicted class, or its score where
                            // the loss gives no probabilities
    fx_history history;     // of the run that chose the epoch
    fx_seconds seconds;
    size_t model_bytes;
    char model_sha256[65];
} fx_result;
void fx_result_destroy(fx_result *result);

typedef struct fx_model_options {
    const char *vocabulary; // path, or NULL: learned
    fx_on_error on_error;
    const fx_progress *progress;
    // Path of a file that the state of the training is kept in, or NULL: none. Each network of an
    // ensemble, and with train.refit the second training, has one beside it. They stay until
    // fx_model_remove_checkpoint.
    const char *checkpoint;
    bool resume; // go on from there; begin where there is none
    // The test split is not read, and accuracies on training and test samples are not measured.
    bool validation_only;
} fx_model_options;

// Removes the files of a checkpoint, where there are any.
void fx_model_remove_checkpoint(const char *checkpoint);

// Prepares the descriptor on the training images, extracts, trains on the training split with
// train.validation of each class held out, or with the validation split that the data brings, and
// tests once. With train.refit the weights of that run only choose the number of epochs: a fresh
// network is then trained on all of the training and validation samples for that many, its schedule
// as long. Accuracies on training samples are the final network's, in evaluation mode;
// validation_accuracy is that of the run that chose. Every accuracy is that of what the model
// answers; the choice of the epoch, which each network of an ensemble has for itself, is by what
// that network says of plain images. history is that of the first network. A descriptor file
// without splits gets a test split of 20 % of each class, drawn by the seed. Without augmentation
// the rows of all training samples stand in memory, count × length × 4 bytes; test samples go
// through in chunks. Fills *model and *result. A training that was stopped at any moment and is
// resumed ends in the same bytes as one that was not; FX_ERROR_DATA where the checkpoint is of
// another training.
FX_MUST_CHECK fx_status fx_model_train(const fx_model_params *params, const fx_model_data *data,
                                       const fx_model_options *options, fx_model **model,
                                       fx_result *result, fx_error *error);

// Model files are safetensors that hold all of it. FX_ERROR_FORMAT: not a model, of another
// version, truncated.
FX_MUST_CHECK fx_status fx_model_load(const char *path, fx_model **out, fx_error *error);
FX_MUST_CHECK fx_status fx_model_save(const fx_model *model, const char *path, fx_error *error);
void fx_model_destroy(fx_model *model);

int fx_model_classes(const fx_model *model);
const char *fx_model_class_name(const fx_model *model, int index);
const fx_descriptor *fx_model_descriptor(const fx_model *model); // NULL where trained on rows
const fx_mlp *fx_model_mlp(const fx_model *model);               // the first network
int fx_model_networks(const fx_model *model);                    // train.ensemble
const fx_mlp *fx_model_network(const fx_model *model, int index);
const fx_model_params *fx_model_get_params(const fx_model *model); // as resolved
bool fx_model_has_probabilities(const fx_model *model);            // softmax: true

// scores[n, classes] of images begin … begin+n-1: probabilities, or scores where the loss gives
// none. They are means over the networks of an ensemble and, with augment.test_flip, over each
// image and its mirror.
FX_MUST_CHECK fx_status fx_model_predict(const fx_model *model, const fx_image_source *images,
                                         size_t begin, size_t n, fx_on_error on_error, bool *valid,
                                         float *scores, fx_error *error);

// Tests on the test split (or, where there is none, all) of the data. Classes meet by their names,
// in any order. FX_ERROR_DATA where the data has a class that the model does not know, or rows of
// another descriptor, or where a model that was trained on rows is given images.
FX_MUST_CHECK fx_status fx_model_evaluate(const fx_model *model, const fx_model_data *data,
                                          const fx_model_options *options, fx_result *result,
                                          fx_error *error);

#ifdef __cplusplus
}
#endif
#endif
