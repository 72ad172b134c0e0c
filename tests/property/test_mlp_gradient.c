// Gradients of every activation × loss × normalization against signed central differences of an
// independent network: plain loops in double precision over the same block of parameters, written
// from the header's description alone. (Dropout: with the library's own masks, which have tests of
// their own.)
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "featx/mlp.h"
#include "featx/rng.h"
#include "featx/threads.h"
#include "src/nn/dropout.h"

enum { INPUTS = 5, OUTPUTS = 4, SAMPLES = 9, PIECES = 3, WIDEST = 8 * PIECES };

static double reference_activation(int activation, double x) {
    switch (activation) {
    case FX_SIGMOID:
        return 1 / (1 + exp(-x));
    case FX_TANH:
        return tanh(x);
    case FX_RELU:
        return fmax(0, x);
    case FX_LEAKY_RELU:
        return x > 0 ? x : (double)0.01f * x;
    case FX_ELU:
        return x > 0 ? x : expm1(x);
    default:
        return x;
    }
}

static double reference_sample_loss(int loss, double smoothing, const double *s, int y) {
    double sum = 0, total = 0;
    for (int j = 0; j < OUTPUTS; j++) sum += exp(s[j]);
    for (int j = 0; j < OUTPUTS; j++) {
        double one_hot = j == y;
        if (loss == FX_CROSS_ENTROPY) {
            double target = (1 - smoothing) * one_hot + smoothing / OUTPUTS;
            total -= target * (s[j] - log(sum));
        } else if (loss == FX_HINGE) {
            if (j != y) total += fmax(0, 1 + s[j] - s[y]);
        } else {
            total += (s[j] - one_hot) * (s[j] - one_hot);
        }
    }
    return total;
}

// Dropout of one sample's units, with the key that the header states.
static void reference_dropout(float probability, unsigned layer, int sample, int count, double *a) {
    uint8_t kept[WIDEST];
    if (probability <= 0) return;
    fx__dropout_mask((fx__dropout_key){0, 0, (uint64_t)sample}, layer, probability, (size_t)count,
                     kept);
    const double rounded = round((double)probability * 65536) / 65536;
    for (int j = 0; j < count; j++) a[j] = kept[j] ? a[j] / (1 - rounded) : 0;
}

// Mean loss of the batch. `x` is standardized already.
static double reference_loss(const fx_mlp_params *params, double smoothing, const double *block,
                             const double *x, const int *labels) {
    double a[SAMPLES][WIDEST], z[SAMPLES][WIDEST];
    for (int i = 0; i < SAMPLES; i++) {
        for (int j = 0; j < INPUTS; j++) a[i][j] = x[i * INPUTS + j];
        reference_dropout(params->input_dropout, 0, i, INPUTS, a[i]);
    }
    int inputs = INPUTS;
    for (int l = 0; l <= params->hidden.count; l++) {
        bool hidden = l < params->hidden.count;
        int pieces = hidden && params->activation == FX_MAXOUT ? params->pieces : 1;
        int width = hidden ? params->hidden.values[l] : OUTPUTS, columns = width * pieces;
        for (int i = 0; i < SAMPLES; i++)
            for (int c = 0; c < columns; c++) {
                z[i][c] = 0;
                for (int j = 0; j < inputs; j++) z[i][c] += a[i][j] * block[j * columns + c];
            }
        block += inputs * columns;
        bool normalized = hidden && params->batch_norm;
        for (int c = 0; normalized && c < columns; c++) {
            double mean = 0, variance = 0;
            for (int i = 0; i < SAMPLES; i++) mean += z[i][c] / SAMPLES;
            for (int i = 0; i < SAMPLES; i++)
                variance += (z[i][c] - mean) * (z[i][c] - mean) / SAMPLES;
            for (int i = 0; i < SAMPLES; i++)
                z[i][c] = (z[i][c] - mean) / sqrt(variance + 1e-5) * block[c];
        }
        block += normalized ? columns : 0; // gamma
        for (int i = 0; i < SAMPLES; i++)
            for (int c = 0; c < columns; c++) z[i][c] += block[c]; // beta, or bias
        block += columns;
        for (int i = 0; i < SAMPLES; i++)
            for (int j = 0; j < width; j++) {
                double largest = z[i][j];
                for (int k = 1; k < pieces; k++) largest = fmax(largest, z[i][k * width + j]);
                a[i][j] = hidden ? reference_activation(params->activation, largest) : largest;
            }
        for (int i = 0; hidden && i < SAMPLES; i++)
            reference_dropout(params->dropout, (unsigned)l + 1, i, width, a[i]);
        inputs = width;
    }
    double sum = 0;
    for (int i = 0; i < SAMPLES; i++)
        sum += reference_sample_loss(params->loss, smoothing, a[i], labels[i]);
    return sum / SAMPLES;
}

static void check(fx_mlp_params params, float smoothing) {
    fx_mlp *mlp;
    fx_error error;
    cr_assert_eq(fx_mlp_create(&params, INPUTS, OUTPUTS, 7, &mlp, &error), FX_OK);
    fx_rng rng = fx_rng_at(3, FX_RNG_USER, (uint32_t)params.activation, 0);
    size_t count = fx_mlp_parameters(mlp);
    float *parameters = fx_mlp_parameter_block(mlp);
    double *block = malloc(count * sizeof *block);
    for (size_t i = 0; i < count; i++) {
        // Gamma, beta and biases too, so that nothing is tried at 0 or 1 only.
        parameters[i] = (float)(0.7 * fx_rng_normal(&rng));
        block[i] = (double)parameters[i];
    }
    float x[SAMPLES * INPUTS];
    double standardized[SAMPLES * INPUTS];
    int labels[SAMPLES];
    for (int j = 0; j < INPUTS; j++) {
        fx_mlp_input_mean(mlp)[j] = 0.25f * (float)j;
        fx_mlp_input_scale(mlp)[j] = 1.0f + 0.5f * (float)j;
    }
    for (int i = 0; i < SAMPLES; i++) {
        labels[i] = i % OUTPUTS;
        for (int j = 0; j < INPUTS; j++) {
            x[i * INPUTS + j] = (float)fx_rng_normal(&rng);
            standardized[i * INPUTS + j] = ((double)x[i * INPUTS + j] - 0.25 * j) * (1 + 0.5 * j);
        }
    }
    double loss;
    float *gradient = malloc(count * sizeof *gradient);
    cr_assert_eq(fx_mlp_gradient(mlp, x, labels, SAMPLES, smoothing, &loss, gradient, &error),
                 FX_OK);
    double expected = reference_loss(&params, (double)smoothing, block, standardized, labels);
    // Sums of at most 40 terms in float: 2e-6 relative is ten times what rounding makes of them.
    cr_assert(fabs(loss - expected) <= 2e-6 * (1 + fabs(expected)),
              "activation %d, loss %d, batch norm %d: loss %.9g, expected %.9g", params.activation,
              params.loss, params.batch_norm, loss, expected);

    double size = 0;
    for (size_t i = 0; i < count; i++) size = fmax(size, fabs((double)gradient[i]));
    cr_assert(size > 0.01);
    for (size_t i = 0; i < count; i++) {
        // Differences in double precision: an error of h² and of 1e-16 / h, both below 1e-9.
        const double h = 1e-6, value = block[i];
        block[i] = value + h;
        double above = reference_loss(&params, (double)smoothing, block, standardized, labels);
        block[i] = value - h;
        double below = reference_loss(&params, (double)smoothing, block, standardized, labels);
        block[i] = value;
        double difference = (above - below) / (2 * h);
        // Float rounding through three layers, relative to the largest component; measured at most
        // 1e-6, and 2e-5 leaves room for another BLAS kernel.
        cr_assert(fabs((double)gradient[i] - difference) <= 2e-5 * size,
                  "activation %d, loss %d, batch norm %d, %zu of %zu: %.9g, expected %.9g",
                  params.activation, params.loss, params.batch_norm, i, count, (double)gradient[i],
                  difference);
    }
    free(block);
    free(gradient);
    fx_mlp_destroy(mlp);
}

Test(mlp_gradient, every_activation_loss_and_normalization) {
    for (int activation = FX_IDENTITY; activation <= FX_MAXOUT; activation++)
        for (int loss = FX_CROSS_ENTROPY; loss <= FX_SQUARED_ERROR; loss++)
            for (int batch_norm = 0; batch_norm < 2; batch_norm++) {
                fx_mlp_params params = fx_mlp_defaults();
                params.hidden = (fx_int_list){2, {8, 6}};
                params.activation = activation;
                params.pieces = PIECES;
                params.loss = loss;
                params.batch_norm = batch_norm;
                params.dropout = params.input_dropout = 0;
                check(params, 0);
                check(params, 0.1f);
                params.dropout = 0.3f;
                params.input_dropout = 0.2f;
                check(params, 0);
            }
}

Test(mlp_gradient, linear) {
    for (int loss = FX_CROSS_ENTROPY; loss <= FX_SQUARED_ERROR; loss++) {
        fx_mlp_params params = fx_mlp_defaults();
        params.hidden.count = 0;
        params.input_dropout = 0;
        params.loss = loss;
        check(params, 0.2f);
    }
}

// Wider than a block of columns and deeper than a block of rows: the gradient of a batch must be
// the mean of those of its samples (without batch normalization), which have shapes of their own.
Test(mlp_gradient, batch_is_mean_of_samples) {
    enum { ROWS = 70, WIDE = 130, COLUMNS = 9 };
    for (int activation = FX_RELU; activation <= FX_MAXOUT; activation += FX_MAXOUT - FX_RELU) {
        fx_mlp_params params = fx_mlp_defaults();
        params.hidden = (fx_int_list){2, {WIDE, 67}};
        params.activation = activation;
        params.batch_norm = false;
        params.dropout = params.input_dropout = 0;
        fx_mlp *mlp;
        cr_assert_eq(fx_mlp_create(&params, COLUMNS, OUTPUTS, 7, &mlp, NULL), FX_OK);
        fx_rng rng = fx_rng_at(4, FX_RNG_USER, 0, 0);
        float x[ROWS * COLUMNS];
        int labels[ROWS];
        for (size_t i = 0; i < ROWS * COLUMNS; i++) x[i] = (float)fx_rng_normal(&rng);
        for (int i = 0; i < ROWS; i++) labels[i] = i % OUTPUTS;
        size_t count = fx_mlp_parameters(mlp);
        float *whole = malloc(count * sizeof *whole), *one = malloc(count * sizeof *one);
        double *mean = calloc(count, sizeof *mean), loss, mean_loss = 0;
        cr_assert_eq(fx_mlp_gradient(mlp, x, labels, ROWS, 0, &loss, whole, NULL), FX_OK);
        for (int i = 0; i < ROWS; i++) {
            double sample_loss;
            cr_assert_eq(
                fx_mlp_gradient(mlp, x + i * COLUMNS, labels + i, 1, 0, &sample_loss, one, NULL),
                FX_OK);
            mean_loss += sample_loss / ROWS;
            for (size_t j = 0; j < count; j++) mean[j] += (double)one[j] / ROWS;
        }
        cr_assert(fabs(loss - mean_loss) <= 1e-6 * mean_loss);
        // Gradients are below 1; sums of 70 floats.
        for (size_t j = 0; j < count; j++)
            cr_assert(fabs((double)whole[j] - mean[j]) <= 1e-6, "%zu: %g, expected %g", j,
                      (double)whole[j], mean[j]);
        free(whole);
        free(one);
        free(mean);
        fx_mlp_destroy(mlp);
    }
}

// An input that is always one has weights that do what the biases do: their gradients are the same,
// in layers that are divided among threads in each way.
Test(mlp_gradient, biases_are_weights_of_a_constant) {
    enum { ROWS = 150, COLUMNS = 700, WAYS = 4 };
    const fx_int_list hidden[WAYS] = {{0, {0}}, {1, {60}}, {1, {300}}, {1, {1100}}};
    fx_rng rng = fx_rng_at(5, FX_RNG_USER, 0, 0);
    float *x = malloc(ROWS * COLUMNS * sizeof *x);
    int labels[ROWS];
    for (size_t i = 0; i < ROWS * COLUMNS; i++)
        x[i] = i % COLUMNS == 0 ? 1.0f : (float)fx_rng_normal(&rng);
    for (int i = 0; i < ROWS; i++) labels[i] = i % 2; // of four: gradients that do not cancel
    fx_threads_set(3);
    for (int way = 0; way < 2 * WAYS; way++) {
        fx_mlp_params params = fx_mlp_defaults();
        params.hidden = hidden[way / 2];
        params.activation = way % 2 ? FX_MAXOUT : FX_TANH;
        params.batch_norm = false;
        params.dropout = params.input_dropout = 0;
        fx_mlp *mlp;
        cr_assert_eq(fx_mlp_create(&params, COLUMNS, OUTPUTS, 7, &mlp, NULL), FX_OK);
        float *gradient = malloc(fx_mlp_parameters(mlp) * sizeof *gradient);
        cr_assert_eq(fx_mlp_gradient(mlp, x, labels, ROWS, 0, NULL, gradient, NULL), FX_OK);
        const int units = params.hidden.count ? params.hidden.values[0] : OUTPUTS;
        const int columns = units * (params.hidden.count && way % 2 ? params.pieces : 1);
        const float *bias = gradient + (size_t)COLUMNS * (size_t)columns;
        double most = 0;
        for (int j = 0; j < columns; j++) most = fmax(most, fabs((double)bias[j]));
        cr_assert(most > 1e-3);
        // Sums of 150 floats: 8e-7 of the greatest here.
        for (int j = 0; j < columns; j++)
            cr_assert(fabs((double)gradient[j] - (double)bias[j]) <= 3e-6 * most,
                      "%d units, unit %d: %g, expected %g", units, j, (double)bias[j],
                      (double)gradient[j]);
        free(gradient);
        fx_mlp_destroy(mlp);
    }
    free(x);
}

// Layers whose products share packed factors, by several threads: the gradient of a batch must be
// the mean of those of a few of its rows at a time, which share nothing. Of 150 rows pieces forward
// and back are shared, of 256 the tiles of weights as well; of one network the widest factor is
// that of the way back, of the other forward.
Test(mlp_gradient, large_batch_is_mean_of_small) {
    enum { ROWS = 256, FEW = 15, COLUMNS = 700, MAXOUTS = 2 };
    fx_rng rng = fx_rng_at(4, FX_RNG_USER, 0, 0);
    float *x = malloc(ROWS * COLUMNS * sizeof *x);
    int labels[ROWS];
    for (size_t i = 0; i < ROWS * COLUMNS; i++) x[i] = (float)fx_rng_normal(&rng);
    for (int i = 0; i < ROWS; i++) labels[i] = i % 300;
    fx_threads_set(3);
    for (int maxout = 0; maxout < 2; maxout++) {
        fx_mlp_params params = fx_mlp_defaults();
        params.hidden = (fx_int_list){2, {600, maxout ? 200 : 400}};
        params.activation = maxout ? FX_MAXOUT : FX_TANH;
        params.pieces = MAXOUTS;
        params.batch_norm = false;
        params.dropout = params.input_dropout = 0;
        params.loss = FX_SQUARED_ERROR;
        fx_mlp *mlp;
        cr_assert_eq(fx_mlp_create(&params, COLUMNS, maxout ? 300 : 900, 7, &mlp, NULL), FX_OK);
        const size_t count = fx_mlp_parameters(mlp);
        float *whole = malloc(count * sizeof *whole), *few = malloc(count * sizeof *few);
        for (int rows = 150; rows <= ROWS; rows += ROWS - 150) {
            double *mean = calloc(count, sizeof *mean), loss, off = 0, length = 0;
            cr_assert_eq(fx_mlp_gradient(mlp, x, labels, (size_t)rows, 0, &loss, whole, NULL),
                         FX_OK);
            for (int i = 0; i < rows; i += FEW) {
                const int n = rows - i < FEW ? rows - i : FEW;
                cr_assert_eq(fx_mlp_gradient(mlp, x + (size_t)i * COLUMNS, labels + i, (size_t)n, 0,
                                             &loss, few, NULL),
                             FX_OK);
                for (size_t j = 0; j < count; j++) mean[j] += (double)few[j] * n / rows;
            }
            for (size_t j = 0; j < count; j++) {
                off += (whole[j] - mean[j]) * (whole[j] - mean[j]);
                length += mean[j] * mean[j];
            }
            // Sums of hundreds of floats, or of digits of 24 bits: 9e-7 here.
            cr_assert(sqrt(off / length) < 3e-6, "%d rows: off by %g of its length", rows,
                      sqrt(off / length));
            free(mean);
        }
        free(whole);
        free(few);
        fx_mlp_destroy(mlp);
    }
    free(x);
}
