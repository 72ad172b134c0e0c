// Forward and backward through an MLP, for a batch of n rows.
//
//   forward   z = a' · W;  a = dropout(f(z · scale + shift))         a': output of the layer before
//   backward  δ ← δ · f' · dropout;  through batch normalization;  ∂W = a'ᵀ · δ;  δ' = δ · Wᵀ
//
// A layer is cut into blocks of units. A thread makes the product of a block, over all rows, and
// then all that is element-wise or sums over the rows, while the block is in its cache: statistics,
// affine map, activation and dropout on the way forward; dropout, derivative, normalization and the
// sums for the biases on the way back. ∂W is made in tiles, each of which the optimizer takes from
// the cache, so that the gradient of a large layer never goes through memory; the weights change
// once δ' has been made of them. The first layer has no δ'.
//
// What a narrow layer of many inputs below a small one (division.h) leaves to do between its
// product and ∂W is little: there a thread keeps to its rows instead, from the sum of the parts to
// δ, so that few numbers move between the caches.
//
// All threads go through a batch in one parallel region. Each stage shares its work out among them,
// and ends when all of it is done, unless it says otherwise.
//
// Blocks, tiles and pieces of rows depend on the network and n alone and sums run in the order of
// rows, so no result depends on the number of threads.
//
// With batch normalization the batch's own mean and biased variance are used, and the running ones
// move a tenth of the way towards them (the variance towards the unbiased one).
#include "src/nn/backprop.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/block_product.h"
#include "src/base/kernel.h"
#include "src/base/parallel.h"
#include "src/nn/backward.h"
#include "src/nn/division.h"
#include "src/nn/forward.h"
#include "src/nn/layer_products.h"
#include "src/nn/weight_gradient.h"

enum { NORM_PIECES = 16 }; // of the gradient, for its length

static const float RUNNING_MOMENTUM = 0.1f;

static fx_status layer_create(const fx_mlp *mlp, const fx__layer *layer, size_t rows,
                              fx__layer_state *state, fx_error *error) {
    const size_t row = sizeof(float);
    FX__TRY(fx__allocate(rows * fx__division_of(layer).parts, layer->columns * row, &state->linear,
                         error));
    state->output = state->linear;
    if (!layer->hidden) return FX_OK;
    if (layer->batch_norm || layer->pieces > 1)
        FX__TRY(fx__allocate(rows, layer->width * row, &state->output, error));
    if (mlp->params.dropout > 0) FX__TRY(fx__allocate(rows, layer->width, &state->kept, error));
    if (layer->pieces > 1) FX__TRY(fx__allocate(rows, layer->width, &state->winner, error));
    FX__TRY(fx__allocate(layer->columns, row, &state->scale, error));
    for (size_t j = 0; j < layer->columns; j++) state->scale[j] = 1;
    if (!layer->batch_norm && layer->bias) {
        state->shift = layer->bias;
        return FX_OK;
    }
    FX__TRY(fx__allocate(layer->columns, row, &state->shift, error)); // 0 without biases
    if (!layer->batch_norm) return FX_OK;
    FX__TRY(fx__allocate(layer->columns, row, &state->mean, error));
    return fx__allocate(layer->columns, row, &state->variance, error);
}

fx_status fx__backprop_create(const fx_mlp *mlp, size_t rows, fx__backprop *out, fx_error *error) {
    fx__backprop b = {.mlp = mlp, .rows = rows};
    size_t widest = 1;
    for (size_t l = 0; l < mlp->layer_count; l++)
        widest = fx__greatest(widest, mlp->layers[l].columns);
    fx_status status = FX_OK;
    FX__TRY_GOTO(fx__allocate(rows, mlp->inputs * sizeof(float), &b.x, error));
    FX__TRY_GOTO(fx__allocate(rows, sizeof(int), &b.labels, error));
    if (mlp->params.input_dropout > 0)
        FX__TRY_GOTO(fx__allocate(rows, mlp->inputs, &b.kept, error));
    FX__TRY_GOTO(fx__allocate(mlp->layer_count, sizeof *b.layers, &b.layers, error));
    for (size_t l = 0; l < mlp->layer_count; l++)
        FX__TRY_GOTO(layer_create(mlp, &mlp->layers[l], rows, &b.layers[l], error));
    FX__TRY_GOTO(fx__allocate(rows > 1 ? rows : 2, widest * sizeof(float), &b.delta[0], error));
    FX__TRY_GOTO(fx__allocate(rows, widest * sizeof(float), &b.delta[1], error));
    if (mlp->params.activation == FX_MAXOUT)
        FX__TRY_GOTO(fx__allocate(rows, widest * sizeof(float), &b.by_output, error));
    FX__TRY_GOTO(fx__allocate(mlp->parameter_count, sizeof(float), &b.gradient, error));
    b.threads = fx__threads();
    FX__TRY_GOTO(
        fx__allocate((size_t)b.threads, FX__PRODUCT_SCRATCH * sizeof(float), &b.scratch, error));
    for (int factor = FX__FACTOR_A; factor <= FX__FACTOR_B; factor++) {
        const size_t size = fx__shared_size(&b, (fx__factor)factor);
        FX__TRY_GOTO(fx__allocate(size, sizeof(float), &b.shared[factor], error));
    }
    *out = b;
    return FX_OK;
done:
    fx__backprop_destroy(&b);
    return status;
}

void fx__backprop_destroy(fx__backprop *b) {
    for (size_t l = 0; b->layers && l < b->mlp->layer_count; l++) {
        fx__layer_state *state = &b->layers[l];
        if (state->output != state->linear) free(state->output);
        if (b->mlp->layers[l].batch_norm || !b->mlp->layers[l].bias) free(state->shift);
        free(state->linear);
        free(state->kept);
        free(state->winner);
        free(state->scale);
        free(state->mean);
        free(state->variance);
    }
    free(b->x);
    free(b->labels);
    free(b->kept);
    free(b->layers);
    free(b->delta[0]);
    free(b->delta[1]);
    free(b->by_output);
    free(b->gradient);
    free(b->scratch);
    free(b->shared[0]);
    free(b->shared[1]);
    *b = (fx__backprop){0};
}

const float *fx__backprop_input(const fx__backprop *b, size_t l) {
    return l == 0 ? b->x : b->layers[l - 1].output;
}

float *fx__backprop_scratch(const fx__backprop *b) {
    return b->scratch + (size_t)omp_get_thread_num() * FX__PRODUCT_SCRATCH;
}

fx__loss_sum fx__backprop_run(fx__backprop *b, size_t n, fx__dropout_key key,
                              const fx__loss_options *loss, fx__targets targets,
                              const fx__optimizer *optimizer) {
    size_t most = 0; // weights of a layer
    for (size_t l = 0; l < b->mlp->layer_count; l++)
        most = fx__greatest(most, b->mlp->layers[l].inputs * b->mlp->layers[l].columns);
    fx__loss_sum sum;
#pragma omp parallel num_threads(b->threads) if (n * most > FX__PRODUCT_WORK)
    {
        fx__forward(b, n, key);
        const fx__loss_sum own = fx__score(b, n, *loss, targets);
        if (loss->gradient && isfinite(own.loss))
            fx__backward(b, n, b->layers[b->mlp->layer_count - 1].linear, optimizer);
#pragma omp master
        sum = own;
    }
    return sum;
}

FX__KERNEL
static double sum_of_squares(const float *values, size_t count) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < count; i++) sum += (double)values[i] * (double)values[i];
    return sum;
}

double fx__backprop_norm(const fx__backprop *b, size_t begin, size_t count) {
    const float *gradient = b->gradient + begin;
    const size_t piece = fx__part(count, NORM_PIECES, 1);
    double sums[NORM_PIECES], total = 0;
#pragma omp parallel for schedule(static) if (count > FX__PARALLEL_WORK)
    for (size_t i = 0; i < NORM_PIECES; i++) {
        size_t from = i * piece < count ? i * piece : count;
        sums[i] = sum_of_squares(gradient + from, count - from < piece ? count - from : piece);
    }
    for (size_t i = 0; i < NORM_PIECES; i++) total += sums[i];
    return sqrt(total);
}

void fx__backprop_step(const fx__backprop *b, const fx__optimizer *optimizer) {
    for (size_t l = 0; l < b->mlp->layer_count; l++) {
        const fx__layer *layer = &b->mlp->layers[l];
        const size_t first = (size_t)(layer->weights - b->mlp->parameters);
#pragma omp parallel for schedule(static) if (layer->inputs * layer->columns > FX__PARALLEL_WORK)
        for (size_t i = 0; i < layer->inputs; i++)
            fx__optimizer_update(optimizer, b->mlp->parameters, first + i * layer->columns, 1,
                                 layer->columns, layer->columns,
                                 b->gradient + first + i * layer->columns, layer->columns, true);
        fx__step_others(b, layer, optimizer);
    }
}

void fx__backprop_track(const fx__backprop *b, fx_mlp *mlp, size_t n) {
    const float unbiased = n > 1 ? (float)n / (float)(n - 1) : 1;
    for (size_t l = 0; l < mlp->layer_count; l++) {
        const fx__layer *layer = &mlp->layers[l];
        for (size_t j = 0; layer->batch_norm && j < layer->columns; j++) {
            float *mean = &layer->running_mean[j], *variance = &layer->running_variance[j];
            *mean += RUNNING_MOMENTUM * (b->layers[l].mean[j] - *mean);
            *variance += RUNNING_MOMENTUM * (b->layers[l].variance[j] * unbiased - *variance);
        }
    }
}

fx_status fx_mlp_gradient(fx_mlp *mlp, const float *x, const int *labels, size_t n,
                          float label_smoothing, double *loss, float *gradient, fx_error *error) {
    if (n == 0) return fx_error_set(error, FX_ERROR_USAGE, "gradient of an empty batch");
    fx__backprop b;
    FX__TRY(fx__backprop_create(mlp, n, &b, error));
    fx__mlp_standardize(mlp, n, x, b.x);
    memcpy(b.labels, labels, n * sizeof *labels);
    fx__loss_options options = {.loss = mlp->params.loss,
                                .label_smoothing = label_smoothing,
                                .gradient = gradient != NULL,
                                .share = 1 / (float)n};
    fx__loss_sum sum = fx__backprop_run(&b, n, (fx__dropout_key){0, 0, 0}, &options,
                                        (fx__targets){.labels = b.labels}, NULL);
    if (loss) *loss = sum.loss / (double)n;
    if (gradient) memcpy(gradient, b.gradient, mlp->parameter_count * sizeof *gradient);
    fx__backprop_destroy(&b);
    return FX_OK;
}
