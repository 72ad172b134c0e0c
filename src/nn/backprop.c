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
// What a narrow layer of many inputs (division.h) leaves to do between its product and ∂W is
// little: there a thread keeps to its rows instead, from the sum of the parts to δ, so that few
// numbers move between the caches.
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
#include "src/base/gemm.h"
#include "src/base/kernel.h"
#include "src/base/parallel.h"
#include "src/nn/activation.h"
#include "src/nn/batch_norm.h"
#include "src/nn/division.h"
#include "src/nn/layer_products.h"
#include "src/nn/weight_gradient.h"

enum {
    ROWS = 32,        // of a block that stays in the innermost cache between two kernels
    PIECE_ROWS = 32,  // of a piece, for scores and loss, at least
    NORM_PIECES = 16, // of the gradient, for its length
};

static const float RUNNING_MOMENTUM = 0.1f;

// Life
// ------------------------------------------------------------------------------------------------

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

// Pieces of rows
// ------------------------------------------------------------------------------------------------

// Rows of a piece, where a thread keeps to its rows.
static size_t row_piece(size_t n) {
    return fx__greatest(fx__part(n, FX__ROW_PIECES, 1), PIECE_ROWS);
}

// Whether it does between the product and the gradient of hidden layer l. (Statistics of units need
// all rows.)
static bool keeps_to_rows(const fx__layer *layer) {
    return fx__division_of(layer).parts > 1 && !layer->batch_norm;
}

static fx__range range_of(size_t begin, size_t size, size_t length) {
    return (fx__range){begin, fx__least(begin + size, length)};
}

// Forward
// ------------------------------------------------------------------------------------------------

const float *fx__backprop_input(const fx__backprop *b, size_t l) {
    return l == 0 ? b->x : b->layers[l - 1].output;
}

float *fx__backprop_scratch(const fx__backprop *b) {
    return b->scratch + (size_t)omp_get_thread_num() * FX__PRODUCT_SCRATCH;
}

// All masks of the batch, and dropout of the inputs.
static void draw_masks(fx__backprop *b, size_t n, fx__dropout_key key) {
    const fx_mlp *mlp = b->mlp;
    const float input = mlp->params.input_dropout, hidden = mlp->params.dropout;
    size_t units = b->kept ? mlp->inputs : 0;
    for (size_t l = 0; l < mlp->layer_count; l++)
        if (b->layers[l].kept) units += mlp->layers[l].width;
    if (units == 0) return;
#pragma omp for schedule(static)
    for (size_t i = 0; i < n; i++) {
        fx__dropout_key row = {key.seed, key.epoch, key.position + i};
        if (b->kept) {
            uint8_t *kept = b->kept + i * mlp->inputs;
            fx__dropout_mask(row, 0, input, mlp->inputs, kept);
            fx__dropout_apply(1, mlp->inputs, kept, mlp->inputs, fx__dropout_scale(input),
                              b->x + i * mlp->inputs, mlp->inputs);
        }
        for (size_t l = 0; l < mlp->layer_count; l++)
            if (b->layers[l].kept) {
                size_t width = mlp->layers[l].width;
                fx__dropout_mask(row, (unsigned)l + 1, hidden, width,
                                 b->layers[l].kept + i * width);
            }
    }
}

// From the linear output to that of the layer, for units begin … begin + count - 1 of the rows; all
// rows with batch normalization.
static void activate_units(const fx_mlp *mlp, const fx__layer *layer, fx__layer_state *state,
                           fx__range rows, size_t begin, size_t count) {
    if (layer->batch_norm)
        for (size_t k = 0; k < layer->pieces; k++) {
            size_t j = k * layer->width + begin;
            fx__batch_norm_statistics(rows.end, count, state->linear + j, layer->columns,
                                      state->mean + j, state->variance + j);
            fx__batch_norm_affine(count, layer->gamma + j, layer->bias + j, state->mean + j,
                                  state->variance + j, state->scale + j, state->shift + j);
        }
    const float scale = fx__dropout_scale(mlp->params.dropout);
    for (size_t i = rows.begin; i < rows.end; i += ROWS) {
        size_t height = fx__least(ROWS, rows.end - i);
        const float *z = state->linear + i * layer->columns + begin;
        size_t unit = i * layer->width + begin;
        float *y = state->output + unit;
        if (layer->pieces > 1)
            fx__maxout_forward(height, count, layer->width, layer->pieces, z, layer->columns,
                               state->scale + begin, state->shift + begin, y, layer->width,
                               state->winner + unit, layer->width);
        else
            fx__activation_forward(mlp->params.activation, height, count, z, layer->columns,
                                   state->scale + begin, state->shift + begin, y, layer->width);
        if (state->kept)
            fx__dropout_apply(height, count, state->kept + unit, layer->width, scale, y,
                              layer->width);
    }
}

static void activate(const fx__backprop *b, size_t l, fx__range rows, fx__range units) {
    for (size_t unit = units.begin; unit < units.end; unit += FX__COLUMNS)
        activate_units(b->mlp, &b->mlp->layers[l], &b->layers[l], rows, unit,
                       fx__least(units.end - unit, FX__COLUMNS));
}

// The linear output of hidden layer l by inputs begin … end - 1 alone.
static void forward_part(const fx__backprop *b, size_t l, size_t n, size_t begin, size_t end,
                         float *out) {
    const fx__layer *layer = &b->mlp->layers[l];
    fx__product product = fx__forward_product(b, l, n);
    product.piece = 0;
    product.k = end - begin;
    product.a += begin;
    product.b += begin * layer->columns;
    fx__product_write(&product, fx__backprop_scratch(b), out, layer->columns);
}

// Units of hidden layer l, of which `layers` is the product.
static void forward_units(const fx__backprop *b, size_t l, size_t n, const fx__product *layers,
                          fx__range units) {
    const fx__layer *layer = &b->mlp->layers[l];
    fx__layer_state *state = &b->layers[l];
    for (size_t k = 0; k < layer->pieces; k++) {
        const size_t j = k * layer->width + units.begin;
        fx__product product = *layers;
        product.n = units.end - units.begin;
        product.b += j;
        fx__product_write(&product, fx__backprop_scratch(b), state->linear + j, layer->columns);
    }
    activate(b, l, (fx__range){0, n}, units);
}

FX__KERNEL
static void add(size_t rows, size_t columns, size_t stride, const float *restrict from,
                float *restrict to) {
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) to[i * stride + j] += from[i * stride + j];
}

// Of hidden layer l, whose linear output is there in parts, some rows and units.
static void sum_units(const fx__backprop *b, size_t l, size_t n, fx__range rows, fx__range units) {
    const fx__layer *layer = &b->mlp->layers[l];
    const size_t part_count = fx__pieces(layer->inputs, fx__division_of(layer).rows);
    for (size_t k = 0; k < layer->pieces; k++) {
        float *linear =
            b->layers[l].linear + rows.begin * layer->columns + k * layer->width + units.begin;
        for (size_t i = 1; i < part_count; i++)
            add(rows.end - rows.begin, units.end - units.begin, layer->columns,
                linear + i * n * layer->columns, linear);
    }
    activate(b, l, rows, units);
}

// All of such a layer.
static void forward_in_parts(const fx__backprop *b, size_t l, size_t n) {
    const fx__layer *layer = &b->mlp->layers[l];
    const size_t inputs = fx__division_of(layer).rows;
#pragma omp for schedule(static, 1)
    for (size_t i = 0; i < layer->inputs; i += inputs)
        forward_part(b, l, n, i, fx__least(i + inputs, layer->inputs),
                     b->layers[l].linear + i / inputs * n * layer->columns);
    const size_t rows = keeps_to_rows(layer) ? row_piece(n) : n;
    const size_t units = keeps_to_rows(layer) ? layer->width : fx__block_of(layer->width);
#pragma omp for schedule(static) collapse(2)
    for (size_t i = 0; i < n; i += rows)
        for (size_t unit = 0; unit < layer->width; unit += units)
            sum_units(b, l, n, range_of(i, rows, n), range_of(unit, units, layer->width));
}

static void forward(const fx__backprop *b, size_t n) {
    for (size_t l = 0; l + 1 < b->mlp->layer_count; l++) {
        const fx__layer *layer = &b->mlp->layers[l];
        const size_t block = fx__block_of(layer->width);
        const fx__division d = fx__division_of(layer);
        fx__product product = fx__forward_product(b, l, n);
        if (d.parts > 1) {
            forward_in_parts(b, l, n);
        } else if (d.owned) {
            const fx__range own = fx__own_range(layer->width, block);
            if (own.begin < own.end) forward_units(b, l, n, &product, own);
#pragma omp barrier
        } else {
            product.packed_a = fx__share(b, &product, FX__FACTOR_A, n);
#pragma omp for schedule(dynamic, 1)
            for (size_t unit = 0; unit < layer->width; unit += block)
                forward_units(b, l, n, &product, range_of(unit, block, layer->width));
        }
    }
}

// Scores and losses, in pieces of whole rows; the scores become δ where that is wanted. The sum of
// the losses is the same for all threads.
static fx__loss_sum score(fx__backprop *b, size_t n, fx__loss_options loss, fx__targets targets) {
    const size_t last = b->mlp->layer_count - 1;
    const fx__layer *layer = &b->mlp->layers[last];
    const float *input = fx__backprop_input(b, last);
    float *scores = b->layers[last].linear;
    const size_t rows = row_piece(n);
    loss.bias = layer->bias;
#pragma omp for schedule(static)
    for (size_t i = 0; i < n; i += rows) {
        size_t count = fx__least(rows, n - i);
        float *s = scores + i * layer->width;
        fx__gemm_serial(false, false, count, layer->width, layer->inputs, 1,
                        input + i * layer->inputs, layer->inputs, layer->weights, layer->width, 0,
                        s, layer->width);
        fx__targets piece = targets;
        if (piece.labels) piece.labels += i;
        if (piece.partners) piece.partners += i;
        if (piece.values) piece.values += i * layer->width;
        b->losses[i / rows] = fx__loss(&loss, count, layer->width, s, piece);
    }
    fx__loss_sum total = {0};
    for (size_t i = 0; i < n; i += rows) {
        total.loss += b->losses[i / rows].loss;
        total.correct += b->losses[i / rows].correct;
    }
    return total;
}

// Backward
// ------------------------------------------------------------------------------------------------

// Gradients of biases, gamma and beta of columns j … of one layer; δ by the linear output, in
// place.
static void backward_columns(const fx__backprop *b, size_t l, size_t n, size_t j, size_t count,
                             float *delta) {
    const fx__layer *layer = &b->mlp->layers[l];
    const fx__layer_state *state = &b->layers[l];
    if (!layer->bias) return;
    float *bias = b->gradient + (layer->bias - b->mlp->parameters) + j;
    if (!layer->batch_norm) {
        fx__column_sums(n, count, delta + j, layer->columns, bias);
        return;
    }
    float *gamma = b->gradient + (layer->gamma - b->mlp->parameters) + j;
    fx__batch_norm_backward(n, count, state->linear + j, layer->columns, state->mean + j,
                            state->variance + j, state->scale + j, delta + j, layer->columns, gamma,
                            bias);
}

// From `delta` [n, width], the gradient by the output of hidden layer l, to `out` [n, columns],
// that by its linear output; the two are the same buffer unless there are pieces.
static void backward_units(const fx__backprop *b, size_t l, fx__range rows, size_t begin,
                           size_t count, float *delta, float *out) {
    const fx__layer *layer = &b->mlp->layers[l];
    const fx__layer_state *state = &b->layers[l];
    const float scale = state->kept ? fx__dropout_scale(b->mlp->params.dropout) : 1;
    for (size_t i = rows.begin; i < rows.end; i += ROWS) {
        size_t height = fx__least(ROWS, rows.end - i);
        size_t unit = i * layer->width + begin;
        float *d = delta + unit;
        if (state->kept)
            fx__dropout_apply(height, count, state->kept + unit, layer->width, scale, d,
                              layer->width);
        if (layer->pieces > 1)
            fx__maxout_backward(height, count, layer->width, layer->pieces, state->winner + unit,
                                layer->width, d, layer->width, out + i * layer->columns + begin,
                                layer->columns);
        else
            fx__activation_backward(b->mlp->params.activation, height, count, state->output + unit,
                                    layer->width, 1 / scale, d, layer->width);
    }
}

// From `delta`, δ of layer l + 1, to `out`, δ of hidden layer l; of that some rows and units.
static void backward_piece(const fx__backprop *b, size_t l, const fx__product *layers,
                           fx__range rows, fx__range units, float *out) {
    const fx__layer *layer = &b->mlp->layers[l];
    float *by_output = layer->pieces > 1 ? b->by_output : out;
    fx__product product = *layers;
    product.m = rows.end - rows.begin;
    product.n = units.end - units.begin;
    product.a += rows.begin * product.lda;
    product.b += units.begin * product.ldb;
    fx__product_write(&product, fx__backprop_scratch(b),
                      by_output + rows.begin * layer->width + units.begin, layer->width);
    for (size_t unit = units.begin; unit < units.end; unit += FX__COLUMNS) {
        const size_t count = fx__least(units.end - unit, FX__COLUMNS);
        backward_units(b, l, rows, unit, count, by_output, out);
        for (size_t k = 0; k < layer->pieces && !keeps_to_rows(layer); k++)
            backward_columns(b, l, rows.end, k * layer->width + unit, count, out);
    }
}

static void backward_layer(const fx__backprop *b, size_t l, size_t n, const float *delta,
                           float *out) {
    const fx__layer *layer = &b->mlp->layers[l];
    const fx__range all_rows = {0, n}, all_units = {0, layer->width};
    const size_t rows = row_piece(n), block = fx__block_of(layer->width);
    fx__product product = fx__backward_product(b, l, n, delta);
    if (keeps_to_rows(layer)) {
#pragma omp for schedule(static)
        for (size_t i = 0; i < n; i += rows)
            backward_piece(b, l, &product, range_of(i, rows, n), all_units, out);
    } else {
        product.packed_a = fx__share(b, &product, FX__FACTOR_A, n);
#pragma omp for schedule(dynamic, 1)
        for (size_t unit = 0; unit < layer->width; unit += block)
            backward_piece(b, l, &product, all_rows, range_of(unit, block, layer->width), out);
    }
}

// Biases, gamma and beta, by b->gradient.
static void step_others(const fx__backprop *b, const fx__layer *layer,
                        const fx__optimizer *optimizer) {
    size_t at = (size_t)(layer->weights - b->mlp->parameters) + layer->inputs * layer->columns;
    fx__optimizer_update(optimizer, b->mlp->parameters, at, 1, layer->others, layer->others,
                         b->gradient + at, layer->others, false);
}

// What one thread does of layer l: sums over rows where threads kept to those, biases, and all of a
// small gradient.
static void backward_alone(const fx__backprop *b, size_t l, size_t n, float *delta,
                           const fx__optimizer *optimizer, bool small) {
    const fx__layer *layer = &b->mlp->layers[l];
    const bool sums = !layer->hidden || keeps_to_rows(layer);
    for (size_t j = 0; sums && j < layer->columns; j += FX__COLUMNS)
        backward_columns(b, l, n, j, fx__least(layer->columns - j, FX__COLUMNS), delta);
    if (optimizer) step_others(b, layer, optimizer);
    if (small) fx__weight_gradient_alone(b, l, n, delta, optimizer);
}

// `delta` is the gradient by the scores.
static void backward(fx__backprop *b, size_t n, float *delta, const fx__optimizer *optimizer) {
    for (size_t l = b->mlp->layer_count; l-- > 0;) {
        const fx__layer *layer = &b->mlp->layers[l];
        const bool small = n * layer->inputs * layer->columns <= FX__PRODUCT_WORK;
        float *below = b->delta[l % 2];
        if (l > 0) backward_layer(b, l - 1, n, delta, below); // before the weights change
#pragma omp single nowait
        backward_alone(b, l, n, delta, optimizer, small);
        if (!small)
            fx__weight_gradient(b, l, n, delta, optimizer);
        else if (l > 1) { // δ of the layer below the next takes the place of this one
#pragma omp barrier
        }
        delta = below;
    }
}

fx__loss_sum fx__backprop_run(fx__backprop *b, size_t n, fx__dropout_key key,
                              const fx__loss_options *loss, fx__targets targets,
                              const fx__optimizer *optimizer) {
    const bool parallel = n * b->mlp->parameter_count > FX__PRODUCT_WORK;
    fx__loss_sum sum;
#pragma omp parallel num_threads(b->threads) if (parallel)
    {
        draw_masks(b, n, key);
        forward(b, n);
        const fx__loss_sum own = score(b, n, *loss, targets);
        if (loss->gradient && isfinite(own.loss))
            backward(b, n, b->layers[b->mlp->layer_count - 1].linear, optimizer);
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
        step_others(b, layer, optimizer);
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
