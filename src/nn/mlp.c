// An MLP: its parameters in one block, and their initialization.
//
// Block, layer after layer: weights [inputs, columns] row-major; then, for a hidden layer with
// batch normalization, gamma and beta [columns]; for any other, biases [columns], unless there are
// to be none. Normalization subtracts the mean, so biases before it would have no effect: beta
// takes their place.
//
// Initialization draws a row of weights from the generator of (seed, FX_RNG_WEIGHTS, layer, row):
// normal with mean 0 and variance
//   He      2 / inputs for hidden layers, 1 / inputs for the last, which no activation follows
//   Xavier  2 / (inputs + width)
//   normal  1
// and the deviation times init_scale.
// Everything else starts at 0 (gamma and running variances: 1), and so do the weights of a linear
// classifier under `auto`: its loss has no symmetry to break.
//
// Sources: Glorot & Bengio, AISTATS 2010; He et al., "Delving deep into rectifiers", ICCV 2015.
#include <math.h>
#include <stdlib.h>

#include "featx/rng.h"
#include "src/nn/network.h"

fx_status fx__mlp_create_zero(const fx_mlp_params *params, size_t inputs, size_t outputs,
                              fx_mlp **out, fx_error *error) {
    FX__TRY(fx__mlp_params_check(params, error));
    if (inputs < 1 || outputs < 1)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "MLP of %zu inputs and %zu outputs, expected at least 1 each", inputs,
                            outputs);
    fx_mlp *mlp;
    FX__TRY(fx__allocate(1, sizeof *mlp, &mlp, error));
    mlp->params = *params;
    mlp->inputs = inputs;
    mlp->outputs = outputs;
    mlp->layer_count = (size_t)params->hidden.count + 1;
    if (params->init == FX_INIT_AUTO && params->hidden.count > 0) {
        bool saturates = params->activation == FX_IDENTITY || params->activation == FX_SIGMOID ||
                         params->activation == FX_TANH;
        mlp->params.init = saturates ? FX_INIT_XAVIER : FX_INIT_HE;
    }

    fx_status status = FX_OK;
    bool fits = true;
    for (size_t l = 0; l < mlp->layer_count; l++) {
        fx__layer *layer = &mlp->layers[l];
        layer->hidden = l + 1 < mlp->layer_count;
        layer->inputs = l == 0 ? inputs : mlp->layers[l - 1].width;
        layer->width = layer->hidden ? (size_t)params->hidden.values[l] : outputs;
        layer->pieces =
            layer->hidden && params->activation == FX_MAXOUT ? (size_t)params->pieces : 1;
        layer->batch_norm = layer->hidden && params->batch_norm;
        size_t weights;
        fits = fits && fx__size_mul(layer->width, layer->pieces, &layer->columns) &&
               fx__size_mul(layer->inputs, layer->columns, &weights) && weights <= SIZE_MAX / 64;
        if (!fits) break;
        layer->others = layer->columns * (layer->batch_norm ? 2 : params->bias ? 1 : 0);
        mlp->parameter_count += weights + layer->others;
        mlp->statistic_count += layer->batch_norm ? 2 * layer->columns : 0;
    }
    if (!fits) {
        status = fx_error_set(error, FX_ERROR_MEMORY, "MLP of %zu inputs is too large", inputs);
        goto done;
    }
    FX__TRY_GOTO(fx__allocate(mlp->parameter_count, sizeof(float), &mlp->parameters, error));
    FX__TRY_GOTO(fx__allocate(mlp->statistic_count, sizeof(float), &mlp->statistics, error));
    FX__TRY_GOTO(fx__allocate(inputs, sizeof(float), &mlp->input_mean, error));
    FX__TRY_GOTO(fx__allocate(inputs, sizeof(float), &mlp->input_scale, error));
    for (size_t i = 0; i < inputs; i++) mlp->input_scale[i] = 1;

    float *parameters = mlp->parameters, *statistics = mlp->statistics;
    for (size_t l = 0; l < mlp->layer_count; l++) {
        fx__layer *layer = &mlp->layers[l];
        layer->weights = parameters;
        parameters += layer->inputs * layer->columns;
        if (layer->batch_norm) {
            layer->gamma = parameters;
            parameters += layer->columns;
            layer->running_mean = statistics;
            layer->running_variance = statistics + layer->columns;
            statistics += 2 * layer->columns;
            for (size_t j = 0; j < layer->columns; j++)
                layer->gamma[j] = layer->running_variance[j] = 1;
        }
        if (!layer->batch_norm && !params->bias) continue;
        layer->bias = parameters;
        parameters += layer->columns;
    }
    *out = mlp;
    mlp = NULL;
done:
    fx_mlp_destroy(mlp);
    return status;
}

static void initialize(fx_mlp *mlp, uint64_t seed) {
    for (size_t l = 0; l < mlp->layer_count; l++) {
        const fx__layer *layer = &mlp->layers[l];
        double variance = 1;
        if (mlp->params.init == FX_INIT_HE)
            variance = (layer->hidden ? 2.0 : 1.0) / (double)layer->inputs;
        if (mlp->params.init == FX_INIT_XAVIER)
            variance = 2.0 / (double)(layer->inputs + layer->width);
        if (mlp->params.init == FX_INIT_AUTO) variance = 0; // a linear classifier
        const double deviation = sqrt(variance) * (double)mlp->params.init_scale;
#pragma omp parallel for schedule(static)
        for (size_t i = 0; i < layer->inputs; i++) {
            fx_rng rng = fx_rng_at(seed, FX_RNG_WEIGHTS, (uint32_t)l, i);
            float *row = layer->weights + i * layer->columns;
            for (size_t j = 0; j < layer->columns; j++)
                row[j] = (float)(deviation * fx_rng_normal(&rng));
        }
    }
}

fx_status fx_mlp_create(const fx_mlp_params *params, size_t inputs, size_t outputs, uint64_t seed,
                        fx_mlp **out, fx_error *error) {
    FX__TRY(fx__mlp_create_zero(params, inputs, outputs, out, error));
    initialize(*out, seed);
    if (!params->initial[0]) return FX_OK;
    fx_status status = fx__mlp_read_initial(*out, params->initial, error);
    (*out)->params.initial[0] = '\0'; // what was in the file counts, not where it was
    if (status != FX_OK) {
        fx_mlp_destroy(*out);
        *out = NULL;
    }
    return status;
}

void fx_mlp_destroy(fx_mlp *mlp) {
    if (!mlp) return;
    free(mlp->parameters);
    free(mlp->statistics);
    free(mlp->input_mean);
    free(mlp->input_scale);
    free(mlp);
}

size_t fx_mlp_inputs(const fx_mlp *mlp) {
    return mlp->inputs;
}

size_t fx_mlp_outputs(const fx_mlp *mlp) {
    return mlp->outputs;
}

size_t fx_mlp_parameters(const fx_mlp *mlp) {
    return mlp->parameter_count;
}

const fx_mlp_params *fx_mlp_get_params(const fx_mlp *mlp) {
    return &mlp->params;
}

size_t fx_mlp_layers(const fx_mlp *mlp) {
    return mlp->layer_count;
}

float *fx_mlp_weights(fx_mlp *mlp, size_t layer, size_t *rows, size_t *columns) {
    if (rows) *rows = mlp->layers[layer].inputs;
    if (columns) *columns = mlp->layers[layer].columns;
    return mlp->layers[layer].weights;
}

float *fx_mlp_biases(fx_mlp *mlp, size_t layer) {
    return mlp->layers[layer].bias;
}

float *fx_mlp_input_mean(fx_mlp *mlp) {
    return mlp->input_mean;
}

float *fx_mlp_input_scale(fx_mlp *mlp) {
    return mlp->input_scale;
}

float *fx_mlp_parameter_block(fx_mlp *mlp) {
    return mlp->parameters;
}

bool fx__all_finite(const float *values, size_t count) {
    float sum = 0; // of zeros, or of NaN where a value is infinite or NaN
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < count; i++) sum += values[i] * 0.0f;
    return sum == 0;
}
