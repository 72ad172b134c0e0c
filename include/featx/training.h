// Training of an MLP on rows of numbers.
#ifndef FEATX_TRAINING_H
#define FEATX_TRAINING_H

#include "featx/mlp.h"
#include "featx/progress.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fx_optimizer { FX_SGD, FX_ADAMW } fx_optimizer;
typedef enum fx_schedule {
    FX_SCHEDULE_CONSTANT,
    FX_SCHEDULE_STEP,
    FX_SCHEDULE_COSINE,
    FX_SCHEDULE_ONE_CYCLE,
} fx_schedule;
typedef enum fx_reduction { FX_REDUCTION_MEAN, FX_REDUCTION_SUM } fx_reduction;
typedef enum fx_class_weights { FX_CLASS_WEIGHTS_NONE, FX_CLASS_WEIGHTS_BALANCED } fx_class_weights;

enum { FX_ENSEMBLE_MAX = 64 };

typedef struct fx_training_params {
    int epochs; // 0 is auto: 20 from 20,000 training samples on, below that 20 · √(20,000 / n), at
                // most 100
    int batch_size;      // all samples where there are not more
    int optimizer;       // fx_optimizer
    float learning_rate; // 0 is auto: 0.003 for AdamW, 0.01 for SGD
    float momentum;      // of SGD
    bool nesterov;       // of SGD
    float weight_decay;  // decoupled (AdamW); added to the gradient (SGD). Weights only, no biases
    int schedule;        // fx_schedule; step: a tenth at 1/2 and again at 3/4 of the epochs
    float warmup;        // epochs in which the rate rises linearly to that of the schedule
    float gradient_clip; // the gradient is shortened to this length; 0: never
    float max_norm;      // so are the weights into each hidden unit after a step; 0: never
    float average;       // decay of the moving average of the weights that takes their place in
                         // validation and in the end; 0: none
    float mixup;       // α of the Beta(α, α) that the parts of two mixed samples follow; 0: none
    int class_weights; // fx_class_weights; balanced: samples / (classes · samples of the class)
    int reduction;     // fx_reduction of the losses of a batch; the recorded ones are means
    float label_smoothing;
    float validation;   // fraction of the training samples held out; 0 for none
    int early_stopping; // epochs without a better validation accuracy before stopping; 0 never
    bool standardize;   // inputs to mean 0 and deviation 1, by the training samples; constant
                        // inputs to 0, and rare ones no farther than 4 from 0
    int window; // MiB: rows of a descriptor file that are more are shuffled in windows of that
                // size, drawn from all of it in blocks (1/64 of it, at most 1 MiB). For the caller
    bool refit; // after choosing the epoch: train again on all training samples. For the
                // caller, as is `validation`: fx_train trains on what it is given
    int ensemble; // networks, of seeds seed, seed + 1, …, whose answers are averaged; at most
                  // FX_ENSEMBLE_MAX. For the caller
} fx_training_params;

fx_training_params fx_training_defaults(void);
// The same without autos, for this number of training samples.
fx_training_params fx_training_resolve(const fx_training_params *params, size_t samples);

// Rows by index: what a trainer draws its batches from.
typedef struct fx_samples {
    const void *self;
    size_t count, length;
    const int *labels;    // [count]; NULL where there are
    const float *targets; // [count, outputs] real numbers for the squared error, or NULL
    // Fills x[n, length] with rows indices[n], as they are seen in `epoch` (augmentation may differ
    // from epoch to epoch; epoch 0 is the plain sample). Called from one thread at a
    // time; may run in parallel inside.
    fx_status (*fill)(const void *self, uint32_t epoch, const uint32_t *indices, size_t n, float *x,
                      fx_error *error);
    // Rows are computed or read from a disk: worth a thread that makes the next batch. fill() is
    // then called from that thread.
    bool costly;
    // Where not all rows fit in memory: about `window` samples are shuffled together, blocks of
    // `block` consecutive ones drawn from everywhere. 0: all of them.
    size_t block, window;
} fx_samples;

// Rows of a matrix, without copying it. *matrix must outlive the samples.
fx_samples fx_samples_of_matrix(const fx_matrix *matrix, const int *labels);

typedef struct fx_epoch {
    int epoch; // 1-based
    double learning_rate;
    double train_loss, train_accuracy; // running averages over the epoch, with dropout as trained
    double validation_loss, validation_accuracy; // NaN without a validation set; accuracies also
                                                 // with real-valued targets
    double seconds;
} fx_epoch;

// What shows how a layer does (L14 of the lecture: saturation, vanishing gradients, dying units),
// of the last full batch of an epoch as it was trained on, dropped units left out. Shares are 0 …
// 1; all but the gradient are NaN for the last layer, which has no activation.
typedef struct fx_layer_diagnostics {
    double saturated; // share of activations where the slope is below a hundredth of its largest
    double dead; // share of units that are saturated for all samples; of maxout: share of pieces
                 // that are never the largest
    double zero; // share of activations that are 0
    double mean; // of the activations
    double gradient_norm; // length of the gradient of the weights
} fx_layer_diagnostics;

typedef struct fx_history {
    fx_epoch *epochs;                  // [count]
    int layers;                        // of the network, the last one among them
    fx_layer_diagnostics *diagnostics; // [count + 1, layers]; the last row is that of an epoch that
                                       // was under way
    int count;
    int best; // 1-based epoch whose weights were kept
    bool early_stopped;
} fx_history;
void fx_history_destroy(fx_history *history);

// Trains in place. With validation samples (NULL or empty: none) the weights of the epoch with the
// best validation accuracy are kept (ties: lower validation loss). Same bytes for any number of
// threads. The last batch of an epoch may be smaller; with batch normalization a rest of one sample
// joins the batch before it. FX_ERROR_NUMERIC: the loss left the finite numbers; the message names
// epoch, batch and learning rate. FX_ERROR_INTERRUPTED. FX_ERROR_DATA: samples that do not fit the
// MLP, or are not finite. Whatever fails, the weights are those of the last good epoch, and
// *history (may be NULL), to be destroyed in any case, holds the epochs up to there.
FX_MUST_CHECK fx_status fx_train(fx_mlp *mlp, const fx_training_params *params,
                                 const fx_samples *training, const fx_samples *validation,
                                 uint64_t seed, const fx_progress *progress, fx_history *history,
                                 fx_error *error);

// A file that holds the state of a training: written, whole, at the end of every epoch, but for
// epochs so short that writing would take more than a tenth of the time, and between two batches
// when the training is interrupted.
typedef struct fx_checkpoint {
    const char *path;
    const char
        *identity; // says what is trained on what; a file that says something else is refused
    bool resume;   // go on from where the file stands; where there is none, begin
} fx_checkpoint;

// fx_train with a checkpoint (NULL: none). A training that was interrupted, or killed, at any
// moment and is resumed with the same parameters, samples and seed ends in the same bytes as one
// that was not. The file stays: a training that had ended resumes to its end at once.
// FX_ERROR_DATA: the file is of another training. FX_ERROR_FORMAT, FX_ERROR_IO.
FX_MUST_CHECK fx_status fx_train_resumable(fx_mlp *mlp, const fx_training_params *params,
                                           const fx_samples *training, const fx_samples *validation,
                                           uint64_t seed, const fx_checkpoint *checkpoint,
                                           const fx_progress *progress, fx_history *history,
                                           fx_error *error);

#ifdef __cplusplus
}
#endif
#endif
