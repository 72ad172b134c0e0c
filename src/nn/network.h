// The inside of an fx_mlp, and its evaluation.
#ifndef FEATX_NN_NETWORK_H
#define FEATX_NN_NETWORK_H

#include "featx/mlp.h"
#include "featx/training.h"
#include "src/base/memory.h"

// Elements from which on an element-wise pass is worth waking other threads for.
enum { FX__PARALLEL_WORK = 1 << 14 };

// One linear layer with what follows it. Hidden units are the maximum of `pieces` columns each
// (pieces 1: the column itself); column k · width + j is piece k of unit j.
typedef struct fx__layer {
    size_t inputs, width, pieces, columns;  // columns = width · pieces
    size_t others;                          // parameters besides the weights, which they follow
    bool hidden;                            // not the last: an activation follows
    bool batch_norm;                        // then beta stands in the place of the biases
    float *weights;                         // [inputs, columns]
    float *gamma;                           // [columns], with batch_norm; else NULL
    float *bias;                            // [columns]: biases, or beta; NULL where there are none
    float *running_mean, *running_variance; // [columns], with batch_norm; else NULL
} fx__layer;

struct fx_mlp {
    fx_mlp_params params; // resolved
    size_t inputs, outputs;
    size_t layer_count;
    fx__layer layers[FX_LIST_MAX + 1];
    size_t parameter_count;
    float *parameters; // [parameter_count]: a layer's weights, gamma where there is one, bias
    size_t statistic_count;
    float *statistics;               // [statistic_count]: a layer's running mean, running variance
    float *input_mean, *input_scale; // [inputs]
};

// Everything but the initialization: weights are zero, gamma and running variances one.
FX_MUST_CHECK fx_status fx__mlp_create_zero(const fx_mlp_params *params, size_t inputs,
                                            size_t outputs, fx_mlp **out, fx_error *error);

// Overwrites parameters, and what else the file has of them, by those of a file: see
// fx_mlp_params.initial.
FX_MUST_CHECK fx_status fx__mlp_read_initial(fx_mlp *mlp, const char *path, fx_error *error);

// FX_ERROR_USAGE where a value is outside of its range in the key table.
FX_MUST_CHECK fx_status fx__mlp_params_check(const fx_mlp_params *params, fx_error *error);
FX_MUST_CHECK fx_status fx__training_params_check(const fx_training_params *params,
                                                  fx_error *error);

bool fx__all_finite(const float *values, size_t count);

// to[inputs] = (from - mean) · scale; may be the same row.
void fx__mlp_standardize_row(const fx_mlp *mlp, const float *from, float *to);
// The same for n rows, in parallel.
void fx__mlp_standardize(const fx_mlp *mlp, size_t n, const float *from, float *to);

// Evaluation of batches of at most `rows` samples, with all buffers it needs.
typedef struct fx__predictor {
    const fx_mlp *mlp;
    size_t rows;
    float *x;         // [rows, inputs], standardized: for the caller to fill
    float *scores;    // [rows, outputs]
    float *hidden[2]; // [rows, widest layer's columns], alternating
    float *scale;     // [columns of all layers]: batch normalization, or 1
    float *shift;
} fx__predictor;

FX_MUST_CHECK fx_status fx__predictor_create(const fx_mlp *mlp, size_t rows, fx__predictor *out,
                                             fx_error *error);
void fx__predictor_destroy(fx__predictor *predictor);
// To be called after the parameters changed.
void fx__predictor_refresh(fx__predictor *predictor);
// scores of x[n], n ≤ rows.
void fx__predictor_run(fx__predictor *predictor, size_t n);
#endif
