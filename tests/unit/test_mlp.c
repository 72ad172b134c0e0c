// Creation, initialization, prediction, and the way to tensors and back.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "featx/mlp.h"
#include "featx/rng.h"
#include "featx/threads.h"
#include "src/nn/mlp_state.h"
#include "src/nn/network.h"

static fx_mlp *create(fx_mlp_params params, size_t inputs, size_t outputs) {
    fx_mlp *mlp = NULL;
    fx_error error = {0};
    cr_assert_eq(fx_mlp_create(&params, inputs, outputs, 5, &mlp, &error), FX_OK, "%s",
                 error.message);
    return mlp;
}

static fx_mlp_params params_of(int activation, bool batch_norm) {
    fx_mlp_params params = fx_mlp_defaults();
    params.hidden = (fx_int_list){2, {70, 9}};
    params.activation = activation;
    params.batch_norm = batch_norm;
    return params;
}

// Nothing stays at the value it starts with.
static void scatter(fx_mlp *mlp) {
    fx_rng rng = fx_rng_at(9, FX_RNG_USER, 0, 0);
    for (size_t i = 0; i < mlp->parameter_count; i++)
        mlp->parameters[i] = (float)(0.3 * fx_rng_normal(&rng));
    for (size_t i = 0; i < mlp->statistic_count; i++)
        mlp->statistics[i] = (float)(0.2 + fx_rng_uniform(&rng));
    for (size_t i = 0; i < mlp->inputs; i++) {
        mlp->input_mean[i] = (float)fx_rng_normal(&rng);
        mlp->input_scale[i] = (float)(0.5 + fx_rng_uniform(&rng));
    }
}

static float *noise(size_t count) {
    float *x = malloc(count * sizeof *x);
    fx_rng rng = fx_rng_at(8, FX_RNG_USER, 0, 0);
    for (size_t i = 0; i < count; i++) x[i] = (float)fx_rng_normal(&rng);
    return x;
}

Test(mlp, parameters_out_of_range) {
    const struct {
        fx_mlp_params params;
        const char *key;
    } cases[] = {
        {{.hidden = {1, {0}}, .pieces = 2}, "mlp.hidden"},
        {{.hidden = {1, {70000}}, .pieces = 2}, "mlp.hidden"},
        {{.hidden = {FX_LIST_MAX + 1, {1}}, .pieces = 2}, "mlp.hidden"},
        {{.activation = FX_MAXOUT + 1, .pieces = 2}, "mlp.activation"},
        {{.activation = -1, .pieces = 2}, "mlp.activation"},
        {{.pieces = 1}, "mlp.pieces"},
        {{.pieces = 2, .dropout = 1}, "mlp.dropout"},
        {{.pieces = 2, .dropout = NAN}, "mlp.dropout"},
        {{.pieces = 2, .input_dropout = -0.5f}, "mlp.input_dropout"},
        {{.pieces = 2, .loss = 3}, "mlp.loss"},
        {{.pieces = 2, .init = 4}, "mlp.init"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fx_mlp *mlp = NULL;
        fx_error error = {0};
        cr_assert_eq(fx_mlp_create(&cases[i].params, 3, 2, 1, &mlp, &error), FX_ERROR_USAGE);
        cr_assert(strstr(error.message, cases[i].key), "%s", error.message);
        cr_assert_null(mlp);
    }
    fx_mlp *mlp = NULL;
    fx_error error = {0};
    fx_mlp_params params = fx_mlp_defaults();
    cr_assert_eq(fx_mlp_create(&params, 0, 2, 1, &mlp, &error), FX_ERROR_USAGE);
    cr_assert_eq(fx_mlp_create(&params, SIZE_MAX / 8, 2, 1, &mlp, &error), FX_ERROR_MEMORY);
    fx_mlp_destroy(NULL);
}

Test(mlp, sizes) {
    fx_mlp_params params = params_of(FX_MAXOUT, true);
    params.pieces = 3;
    fx_mlp *mlp = create(params, 11, 4);
    // Weights, gamma and beta of two hidden layers of 3 pieces; weights and biases of the last.
    cr_assert_eq(fx_mlp_parameters(mlp), 11 * 210 + 2 * 210 + 70 * 27 + 2 * 27 + 9 * 4 + 4);
    cr_assert_eq(fx_mlp_layers(mlp), 3);
    size_t rows, columns;
    cr_assert_eq(fx_mlp_weights(mlp, 0, &rows, &columns), fx_mlp_parameter_block(mlp));
    cr_assert(rows == 11 && columns == 210);
    fx_mlp_weights(mlp, 2, &rows, &columns);
    cr_assert(rows == 9 && columns == 4);
    cr_assert_eq(fx_mlp_biases(mlp, 2), fx_mlp_parameter_block(mlp) + fx_mlp_parameters(mlp) - 4);
    cr_assert(fx_mlp_inputs(mlp) == 11 && fx_mlp_outputs(mlp) == 4);
    fx_mlp_destroy(mlp);
}

Test(mlp, initialization) {
    const struct {
        int activation, init;
        double hidden, last; // variances times inputs
    } cases[] = {
        {FX_RELU, FX_INIT_AUTO, 2, 1},
        {FX_MAXOUT, FX_INIT_AUTO, 2, 1},
        {FX_TANH, FX_INIT_AUTO, 2 * 300.0 / 500, 2 * 200.0 / 350},
        {FX_RELU, FX_INIT_XAVIER, 2 * 300.0 / 500, 2 * 200.0 / 350},
        {FX_TANH, FX_INIT_HE, 2, 1},
        {FX_TANH, FX_INIT_NORMAL, 300, 200},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fx_mlp_params params = params_of(cases[i].activation, false);
        params.hidden = (fx_int_list){1, {200}};
        params.init = cases[i].init;
        fx_mlp *mlp = create(params, 300, 150);
        for (size_t l = 0; l < 2; l++) {
            size_t rows, columns;
            float *w = fx_mlp_weights(mlp, l, &rows, &columns);
            double sum = 0, squares = 0, n = (double)(rows * columns);
            for (size_t j = 0; j < rows * columns; j++) {
                sum += (double)w[j];
                squares += (double)w[j] * (double)w[j];
            }
            double expected = (l ? cases[i].last : cases[i].hidden) / (double)rows;
            // Five standard errors of mean and variance.
            cr_assert(fabs(sum / n) <= 5 * sqrt(expected / n));
            cr_assert(fabs(squares / n / expected - 1) <= 5 * sqrt(2 / n), "case %zu, layer %zu", i,
                      l);
            for (size_t j = 0; j < columns; j++) cr_assert_eq(fx_mlp_biases(mlp, l)[j], 0);
        }
        fx_mlp_destroy(mlp);
    }
    fx_mlp_params linear = params_of(FX_RELU, true);
    linear.hidden.count = 0;
    fx_mlp *mlp = create(linear, 30, 4);
    for (size_t i = 0; i < fx_mlp_parameters(mlp); i++)
        cr_assert_eq(fx_mlp_parameter_block(mlp)[i], 0);
    fx_mlp_destroy(mlp);
}

Test(mlp, initialization_is_a_function_of_the_seed) {
    fx_mlp_params params = params_of(FX_RELU, true);
    fx_mlp *first = create(params, 33, 4), *other;
    for (int threads = 1; threads <= 3; threads++) {
        fx_threads_set(threads);
        fx_mlp *same = create(params, 33, 4);
        cr_assert_arr_eq(same->parameters, first->parameters,
                         first->parameter_count * sizeof(float));
        fx_mlp_destroy(same);
    }
    cr_assert_eq(fx_mlp_create(&params, 33, 4, 6, &other, NULL), FX_OK);
    cr_assert_neq(other->parameters[0], first->parameters[0]);
    fx_mlp_destroy(first);
    fx_mlp_destroy(other);
}

// One sample through the network in double precision.
static void reference(const fx_mlp *mlp, const float *x, double *scores) {
    double a[256] = {0}, z[256] = {0};
    for (size_t i = 0; i < mlp->inputs; i++)
        a[i] = ((double)x[i] - (double)mlp->input_mean[i]) * (double)mlp->input_scale[i];
    for (size_t l = 0; l < mlp->layer_count; l++) {
        const fx__layer *layer = &mlp->layers[l];
        for (size_t c = 0; c < layer->columns; c++) {
            z[c] = 0;
            for (size_t i = 0; i < layer->inputs; i++)
                z[c] += a[i] * (double)layer->weights[i * layer->columns + c];
            if (layer->batch_norm)
                z[c] = (z[c] - (double)layer->running_mean[c]) /
                       sqrt((double)layer->running_variance[c] + 1e-5) * (double)layer->gamma[c];
            z[c] += (double)layer->bias[c];
        }
        for (size_t j = 0; j < layer->width; j++) {
            double v = z[j];
            for (size_t k = 1; k < layer->pieces; k++) v = fmax(v, z[k * layer->width + j]);
            if (layer->hidden && mlp->params.activation == FX_RELU) v = fmax(v, 0);
            if (layer->hidden && mlp->params.activation == FX_TANH) v = tanh(v);
            a[j] = v;
        }
    }
    memcpy(scores, a, mlp->outputs * sizeof *scores);
}

Test(mlp, predict_in_evaluation_mode) {
    enum { INPUTS = 13, OUTPUTS = 5, SAMPLES = 300 };
    const int activations[] = {FX_IDENTITY, FX_TANH, FX_RELU, FX_MAXOUT};
    float *x = noise(SAMPLES * INPUTS), scores[SAMPLES * OUTPUTS];
    for (int a = 0; a < 4; a++)
        for (int batch_norm = 0; batch_norm < 2; batch_norm++) {
            fx_mlp *mlp = create(params_of(activations[a], batch_norm), INPUTS, OUTPUTS);
            scatter(mlp);
            cr_assert_eq(fx_mlp_predict(mlp, x, SAMPLES, scores, NULL), FX_OK);
            for (size_t i = 0; i < SAMPLES; i++) {
                double expected[OUTPUTS];
                reference(mlp, x + i * INPUTS, expected);
                // Scores are below 10; float rounding through three layers.
                for (size_t j = 0; j < OUTPUTS; j++)
                    cr_assert(fabs((double)scores[i * OUTPUTS + j] - expected[j]) <= 2e-5,
                              "activation %d, batch norm %d: %g, expected %g", activations[a],
                              batch_norm, (double)scores[i * OUTPUTS + j], expected[j]);
            }
            fx_mlp_destroy(mlp);
        }
    free(x);
}

// However many samples a call gets, and from however many threads at once.
Test(mlp, predict_in_any_split) {
    enum { INPUTS = 40, OUTPUTS = 5, SAMPLES = 70 };
    float *x = noise(SAMPLES * INPUTS), whole[SAMPLES * OUTPUTS];
    fx_mlp *mlp = create(params_of(FX_RELU, true), INPUTS, OUTPUTS);
    scatter(mlp);
    cr_assert_eq(fx_mlp_predict(mlp, x, SAMPLES, whole, NULL), FX_OK);
    double worst = 0;
#pragma omp parallel for num_threads(3) reduction(max : worst)
    for (size_t n = 1; n <= SAMPLES; n++) {
        float part[SAMPLES * OUTPUTS];
        for (size_t begin = 0; begin < SAMPLES; begin += n) {
            size_t rows = SAMPLES - begin < n ? SAMPLES - begin : n;
            if (fx_mlp_predict(mlp, x + begin * INPUTS, rows, part + begin * OUTPUTS, NULL)) {
                worst = INFINITY;
                break;
            }
        }
        for (size_t i = 0; i < SAMPLES * OUTPUTS; i++)
            worst = fmax(worst, fabs((double)part[i] - (double)whole[i]));
    }
    // A product of other height may take another path through the BLAS: rounding of scores
    // below 10.
    cr_assert(worst <= 1e-5, "%g", worst);
    cr_assert_eq(fx_mlp_predict(mlp, x, 0, whole, NULL), FX_OK);
    fx_mlp_destroy(mlp);
    free(x);
}

// L13: linear after linear is one linear map, so without an activation depth gains nothing.
Test(mlp, layers_without_activation_collapse) {
    enum { INPUTS = 6, OUTPUTS = 3, SAMPLES = 20 };
    fx_mlp *deep = create(params_of(FX_IDENTITY, false), INPUTS, OUTPUTS);
    scatter(deep);
    fx_mlp_params linear = params_of(FX_IDENTITY, false);
    linear.hidden.count = 0;
    fx_mlp *flat = create(linear, INPUTS, OUTPUTS);
    memcpy(flat->input_mean, deep->input_mean, INPUTS * sizeof(float));
    memcpy(flat->input_scale, deep->input_scale, INPUTS * sizeof(float));
    // The one map by its values at the origin and at the unit vectors, before standardization.
    float probe[(INPUTS + 1) * INPUTS], images[(INPUTS + 1) * OUTPUTS];
    for (size_t i = 0; i <= INPUTS; i++)
        for (size_t j = 0; j < INPUTS; j++)
            probe[i * INPUTS + j] =
                deep->input_mean[j] + (i == j + 1 ? 1 / deep->input_scale[j] : 0);
    cr_assert_eq(fx_mlp_predict(deep, probe, INPUTS + 1, images, NULL), FX_OK);
    for (size_t j = 0; j < OUTPUTS; j++) {
        flat->layers[0].bias[j] = images[j];
        for (size_t i = 0; i < INPUTS; i++)
            flat->layers[0].weights[i * OUTPUTS + j] = images[(i + 1) * OUTPUTS + j] - images[j];
    }
    float *x = noise(SAMPLES * INPUTS), a[SAMPLES * OUTPUTS], b[SAMPLES * OUTPUTS];
    cr_assert_eq(fx_mlp_predict(deep, x, SAMPLES, a, NULL), FX_OK);
    cr_assert_eq(fx_mlp_predict(flat, x, SAMPLES, b, NULL), FX_OK);
    double size = 0;
    for (size_t i = 0; i < SAMPLES * OUTPUTS; i++) size = fmax(size, fabs((double)a[i]));
    for (size_t i = 0; i < SAMPLES * OUTPUTS; i++)
        cr_assert(fabs((double)a[i] - (double)b[i]) <= 1e-5 * size); // rounding
    free(x);
    fx_mlp_destroy(deep);
    fx_mlp_destroy(flat);
}

// The last layer, applied by hand to what the last hidden one passes on, gives the scores; what the
// first one passes on is what a network that ends there would.
Test(mlp, hidden_layers_are_what_the_scores_are_made_of) {
    enum { INPUTS = 12, OUTPUTS = 4, N = 300, FIRST = 70, LAST = 9 }; // N: more than a batch
    float *x = noise((size_t)N * INPUTS), *scores = malloc(sizeof(float) * N * OUTPUTS);
    float *hidden = malloc(sizeof(float) * N * FIRST);
    for (int activation = FX_IDENTITY; activation <= FX_MAXOUT; activation++) {
        fx_mlp *mlp = create(params_of(activation, activation % 2 == 1), INPUTS, OUTPUTS);
        scatter(mlp);
        fx_error error = {0};
        cr_assert_eq(fx_mlp_predict(mlp, x, N, scores, &error), FX_OK);
        cr_assert_eq(fx_mlp_hidden(mlp, 1, x, N, hidden, &error), FX_OK, "%s", error.message);
        const fx__layer *last = &mlp->layers[2];
        for (size_t i = 0; i < N; i++)
            for (size_t k = 0; k < OUTPUTS; k++) {
                double sum = last->bias[k], size = fabs(sum);
                for (size_t j = 0; j < LAST; j++) {
                    double term = (double)hidden[i * LAST + j] * last->weights[j * OUTPUTS + k];
                    sum += term;
                    size += fabs(term);
                }
                // Ten terms, each rounded to 24 bits once or twice.
                cr_assert(fabs(sum - scores[i * OUTPUTS + k]) <= 2e-6 * size, "activation %d",
                          activation);
            }
        cr_assert_eq(fx_mlp_hidden(mlp, 0, x, N, hidden, &error), FX_OK, "%s", error.message);
        if (activation == FX_SIGMOID)
            for (size_t i = 0; i < (size_t)N * FIRST; i++)
                cr_assert(hidden[i] >= 0 && hidden[i] <= 1);
        cr_assert_eq(fx_mlp_hidden(mlp, 2, x, N, hidden, &error), FX_ERROR_USAGE);
        fx_mlp_destroy(mlp);
    }
    free(x);
    free(scores);
    free(hidden);
}

Test(mlp, tensors_round_trip) {
    for (int batch_norm = 0; batch_norm < 2; batch_norm++)
        for (int hidden = 0; hidden < 3; hidden++) {
            fx_mlp_params params = params_of(FX_MAXOUT, batch_norm);
            params.hidden.count = hidden;
            params.pieces = 3;
            params.dropout = 0.3f;
            fx_mlp *mlp = create(params, 12, 4), *back;
            scatter(mlp);
            fx_tensors *tensors;
            fx_error error = {0};
            cr_assert_eq(fx__tensors_create(&tensors, &error), FX_OK);
            cr_assert_eq(fx__mlp_to_tensors(mlp, 0, tensors, &error), FX_OK);
            cr_assert_eq(fx__mlp_from_tensors(tensors, 0, &back, &error), FX_OK, "%s",
                         error.message);
            fx_mlp_params expected = mlp->params; // unused values of the list are not kept
            memcpy(expected.hidden.values, back->params.hidden.values,
                   sizeof expected.hidden.values);
            cr_assert_eq(memcmp(&back->params, &expected, sizeof expected), 0);
            for (int i = 0; i < hidden; i++)
                cr_assert_eq(back->params.hidden.values[i], params.hidden.values[i]);
            cr_assert(back->inputs == 12 && back->outputs == 4);
            cr_assert_eq(back->parameter_count, mlp->parameter_count);
            cr_assert_arr_eq(back->parameters, mlp->parameters,
                             mlp->parameter_count * sizeof(float));
            cr_assert_arr_eq(back->statistics, mlp->statistics,
                             mlp->statistic_count * sizeof(float));
            cr_assert_arr_eq(back->input_mean, mlp->input_mean, 12 * sizeof(float));
            cr_assert_arr_eq(back->input_scale, mlp->input_scale, 12 * sizeof(float));
            fx__tensors_destroy(tensors);
            fx_mlp_destroy(mlp);
            fx_mlp_destroy(back);
        }
}

// Metadata and first and last weights as given; nothing else.
static fx_status read_back(const char *json, const size_t first[2], const size_t last[2],
                           fx_error *error) {
    fx_tensors *tensors;
    fx_mlp *mlp = NULL;
    float *data = noise(first[0] * first[1] + last[0] * last[1]);
    cr_assert_eq(fx__tensors_create(&tensors, NULL), FX_OK);
    if (json) cr_assert_eq(fx__tensors_add_text(tensors, "mlp", json, NULL), FX_OK);
    cr_assert_eq(fx__tensors_add(tensors, "mlp.0.weights", 2, first, data, NULL), FX_OK);
    cr_assert_eq(fx__tensors_add(tensors, "mlp.1.weights", 2, last, data, NULL), FX_OK);
    fx_status status = fx__mlp_from_tensors(tensors, 0, &mlp, error);
    fx_mlp_destroy(mlp);
    fx__tensors_destroy(tensors);
    free(data);
    return status;
}

Test(mlp, bad_tensors_are_format_errors) {
    fx_error error = {0};
    const size_t first[2] = {4, 8}, last[2] = {8, 3}, odd[2] = {9, 3};
    cr_assert_eq(read_back(NULL, first, last, &error), FX_ERROR_FORMAT);
    cr_assert_eq(read_back("{\"hidden\": [8", first, last, &error), FX_ERROR_FORMAT);
    cr_assert_eq(read_back("{\"hidden\": [8], \"width\": 3}", first, last, &error),
                 FX_ERROR_FORMAT);
    cr_assert_eq(read_back("{\"hidden\": [8], \"dropout\": 7}", first, last, &error),
                 FX_ERROR_FORMAT);
    cr_assert_eq(read_back("{\"hidden\": [8, 8]}", first, last, &error), FX_ERROR_FORMAT);
    cr_assert_eq(read_back("{\"hidden\": [65536]}", first, last, &error), FX_ERROR_FORMAT);
    cr_assert(strstr(error.message, "8") && strstr(error.message, "65536"), "%s", error.message);
    cr_assert_eq(read_back("{\"hidden\": [8], \"activation\": \"maxout\", \"pieces\": 3}", first,
                           last, &error),
                 FX_ERROR_FORMAT);
    cr_assert(strstr(error.message, "4×24"), "%s", error.message);
    // Right so far, but the mean is missing; then a last layer of another height.
    cr_assert_eq(read_back("{\"hidden\": [8]}", first, last, &error), FX_ERROR_FORMAT);
    cr_assert(strstr(error.message, "mlp.mean"), "%s", error.message);
    cr_assert_eq(read_back("{\"hidden\": [8]}", first, odd, &error), FX_ERROR_FORMAT);
}

// Against central differences of the scores, of every activation, with and without batch
// normalization, on a batch and a rest.
Test(mlp, gradient_by_inputs_is_that_of_the_scores) {
    enum { INPUTS = 5, OUTPUTS = 3, N = 259 };
    const double step = 1e-2;
    float *x = noise((size_t)N * INPUTS), *moved = malloc(sizeof *moved * N * INPUTS);
    float high[N * OUTPUTS], low[N * OUTPUTS], gradient[OUTPUTS * INPUTS];
    for (int activation = FX_IDENTITY; activation <= FX_MAXOUT + 1; activation++)
        for (int batch_norm = 0; batch_norm < 2; batch_norm++) {
            fx_mlp_params params = params_of(activation, batch_norm);
            if (activation > FX_MAXOUT) { // a linear classifier
                params.activation = FX_RELU;
                params.hidden.count = 0;
            }
            fx_mlp *mlp = create(params, INPUTS, OUTPUTS);
            fx_error error = {0};
            scatter(mlp);
            cr_assert_eq(fx_mlp_input_gradient(mlp, x, N, gradient, &error), FX_OK, "%s",
                         error.message);
            for (size_t i = 0; i < INPUTS; i++) {
                memcpy(moved, x, sizeof *x * N * INPUTS);
                for (size_t k = 0; k < N; k++) moved[k * INPUTS + i] += (float)step;
                cr_assert_eq(fx_mlp_predict(mlp, moved, N, high, &error), FX_OK);
                for (size_t k = 0; k < N; k++) moved[k * INPUTS + i] -= (float)(2 * step);
                cr_assert_eq(fx_mlp_predict(mlp, moved, N, low, &error), FX_OK);
                for (size_t c = 0; c < OUTPUTS; c++) {
                    double mean = 0, found = (double)gradient[c * INPUTS + i];
                    for (size_t k = 0; k < N; k++)
                        mean += ((double)high[k * OUTPUTS + c] - (double)low[k * OUTPUTS + c]) /
                                (2 * step) / N;
                    // Kinks within the step: some percent of the rows have one, each of which is
                    // off by a share of its gradient; the mean over rows is off by far less.
                    cr_assert(fabs(found - mean) <= 0.02 * (fabs(mean) + 0.5), "%d %d: %g, %g",
                              activation, batch_norm, found, mean);
                }
            }
            fx_mlp_destroy(mlp);
        }
    fx_mlp *mlp = create(params_of(FX_RELU, false), INPUTS, OUTPUTS);
    fx_error error = {0};
    cr_assert_eq(fx_mlp_input_gradient(mlp, x, 0, gradient, &error), FX_ERROR_USAGE);
    fx_mlp_destroy(mlp);
    free(x);
    free(moved);
}
