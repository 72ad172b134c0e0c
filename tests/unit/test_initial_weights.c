// Networks that begin with weights of a file.
#include <criterion/criterion.h>
#include <stdlib.h>

#include "src/base/tensors.h"
#include "src/nn/mlp_state.h"
#include "tests/support/folder.h"
#include "tests/support/trained.h"

TestSuite(initial_weights, .init = folder_enter, .fini = folder_leave);

enum { INPUTS = 3, HIDDEN = 4, OUTPUTS = 2 };

typedef struct piece {
    const char *name;
    size_t rows, columns; // columns 0: a vector
} piece;

// Writes tensors of the numbers 0, 1, 2, … through all of them.
static void write_pieces(const char *path, const piece *pieces, size_t count) {
    fx_tensors *tensors;
    float values[64];
    int next = 0;
    cr_assert_eq(fx__tensors_create(&tensors, NULL), FX_OK);
    for (size_t p = 0; p < count; ++p) {
        size_t shape[] = {pieces[p].rows, pieces[p].columns};
        size_t n = shape[0] * (shape[1] ? shape[1] : 1);
        for (size_t i = 0; i < n; ++i) values[i] = (float)next++;
        cr_assert_eq(
            fx__tensors_add(tensors, pieces[p].name, shape[1] ? 2 : 1, shape, values, NULL), FX_OK);
    }
    cr_assert_eq(fx__tensors_save(tensors, path, NULL), FX_OK);
    fx__tensors_destroy(tensors);
}

static fx_mlp_params network_params(bool bias, bool batch_norm) {
    fx_mlp_params params = fx_mlp_defaults();
    params.hidden.values[0] = HIDDEN;
    params.bias = bias;
    params.batch_norm = batch_norm;
    strcpy(params.initial, "weights");
    return params;
}

static const piece both[] = {{"mlp.0.weights", INPUTS, HIDDEN}, {"mlp.1.weights", HIDDEN, OUTPUTS}};
static const piece all[] = {{"mlp.0.weights", INPUTS, HIDDEN},
                            {"mlp.0.biases", HIDDEN, 0},
                            {"mlp.1.weights", HIDDEN, OUTPUTS},
                            {"mlp.1.biases", OUTPUTS, 0},
                            {"mlp.scale", INPUTS, 0}};

Test(initial_weights, are_those_of_the_file) {
    write_pieces("weights", all, 5);
    fx_mlp_params params = network_params(true, false);
    fx_mlp *mlp;
    fx_error error = {0};
    cr_assert_eq(fx_mlp_create(&params, INPUTS, OUTPUTS, 1, &mlp, &error), FX_OK, "%s",
                 error.message);
    for (int i = 0; i < 26; ++i) cr_assert_eq(fx_mlp_parameter_block(mlp)[i], i);
    cr_assert_eq(fx_mlp_input_scale(mlp)[2], 28);
    cr_assert_eq(fx_mlp_input_mean(mlp)[2], 0, "not in the file");
    cr_assert_str_eq(fx_mlp_get_params(mlp)->initial, "");
    fx_mlp_destroy(mlp);
}

Test(initial_weights, need_no_biases) {
    write_pieces("weights", both, 2);
    for (int bias = 0; bias < 2; ++bias) {
        fx_mlp_params params = network_params(bias, false);
        fx_mlp *mlp;
        fx_error error = {0};
        cr_assert_eq(fx_mlp_create(&params, INPUTS, OUTPUTS, 1, &mlp, &error), FX_OK, "%s",
                     error.message);
        for (int i = 0; i < INPUTS * HIDDEN; ++i)
            cr_assert_eq(fx_mlp_weights(mlp, 0, NULL, NULL)[i], i);
        for (int i = 0; i < HIDDEN * OUTPUTS; ++i)
            cr_assert_eq(fx_mlp_weights(mlp, 1, NULL, NULL)[i], INPUTS * HIDDEN + i);
        for (int i = 0; i < HIDDEN && bias; ++i) cr_assert_eq(fx_mlp_biases(mlp, 0)[i], 0);
        fx_mlp_destroy(mlp);
    }
}

static void expect_refused(const fx_mlp_params *params, fx_status expected, const char *part) {
    fx_mlp *mlp;
    fx_error error = {0};
    refused(fx_mlp_create(params, INPUTS, OUTPUTS, 1, &mlp, &error), expected, &error, part);
    cr_assert_null(mlp);
}

Test(initial_weights, of_another_network_are_refused) {
    fx_mlp_params params = network_params(true, false);
    expect_refused(&params, FX_ERROR_IO, "weights: ");
    write_pieces("weights", all, 2);
    expect_refused(&params, FX_ERROR_FORMAT, "weights: no tensor 'mlp.1.weights', expected one");
    const piece wide[] = {both[0], {"mlp.1.weights", HIDDEN, OUTPUTS + 1}};
    write_pieces("weights", wide, 2);
    expect_refused(&params, FX_ERROR_FORMAT,
                   "weights: tensor 'mlp.1.weights' has shape [4, 3], expected [4, 2]");
    const piece deep[] = {both[0], both[1], {"mlp.2.weights", OUTPUTS, OUTPUTS}};
    write_pieces("weights", deep, 3);
    expect_refused(&params, FX_ERROR_FORMAT, "weights: found 'mlp.2.weights', which");
    write_pieces("weights", all, 5);
    params = network_params(false, false);
    expect_refused(&params, FX_ERROR_FORMAT, "weights: found 'mlp.0.biases', which");
}

// --- as a key of a whole training ---

Test(initial_weights, a_model_begins_where_another_ended) {
    tiny tiny;
    tiny_create(90, 0, 30, &tiny);
    fx_model_params params = tiny_params(FX_FEATURE_COLOR);
    params.train.epochs = 2;
    trained first = train_images(&params, &tiny);
    cr_assert_eq(fx_model_save(first.model, "first", NULL), FX_OK);
    params.train.epochs = 1;
    params.train.learning_rate = 1e-12F; // stays where it begins
    trained cold = train_images(&params, &tiny);
    strcpy(params.mlp.initial, "first");
    trained warm = train_images(&params, &tiny);
    const float *from = fx_mlp_parameter_block((fx_mlp *)fx_model_mlp(first.model));
    const float *at = fx_mlp_parameter_block((fx_mlp *)fx_model_mlp(warm.model));
    const float *elsewhere = fx_mlp_parameter_block((fx_mlp *)fx_model_mlp(cold.model));
    bool same = true;
    for (size_t i = 0; i < first.result.parameters; ++i) {
        cr_assert_float_eq(at[i], from[i], 1e-9, "a step of 1e-12 or the rounding of one");
        same = same && elsewhere[i] == from[i];
    }
    cr_assert(!same);

    // The model says nothing of where they came from.
    cr_assert_eq(rename("first", "elsewhere"), 0);
    strcpy(params.mlp.initial, "elsewhere");
    trained moved = train_images(&params, &tiny);
    cr_assert_str_eq(moved.result.model_sha256, warm.result.model_sha256);
    destroy(&first);
    destroy(&cold);
    destroy(&warm);
    destroy(&moved);
}

Test(initial_weights, that_changed_are_another_training) {
    tiny tiny;
    tiny_create(90, 0, 30, &tiny);
    fx_model_params params = tiny_params(FX_FEATURE_COLOR);
    params.mlp.hidden.count = 0;
    params.train.epochs = 1;
    strcpy(params.mlp.initial, "weights");
    trained linear;
    fx_model_data data = {.images = &tiny.dataset};
    fx_model_options options = {.checkpoint = "state"};
    fx_error error = {0};
    fx_model_params drawn = params;
    drawn.mlp.initial[0] = '\0';
    for (uint64_t seed = 1; seed <= 2; ++seed) {
        drawn.seed = seed;
        linear = train_images(&drawn, &tiny);
        cr_assert_eq(fx_model_save(linear.model, "weights", NULL), FX_OK);
        destroy(&linear);
        fx_status status =
            fx_model_train(&params, &data, &options, &linear.model, &linear.result, &error);
        if (seed == 2) {
            refused(status, FX_ERROR_DATA, &error, "state: the checkpoint of another training");
            continue;
        }
        cr_assert_eq(status, FX_OK, "%s", error.message);
        destroy(&linear);
        options.resume = true;
    }
}
