// An MLP as named tensors.
//
//   mlp.mean, mlp.scale              [inputs]           standardization
//   mlp.0.weights … mlp.L.weights    [inputs, columns]
//   mlp.0.biases …                   [columns]          of layers without batch normalization,
//                                                       unless mlp.bias is false
//   mlp.0.gamma, beta, running_mean, running_variance
//                                    [columns]          of those with it
//   metadata "mlp": the parameters, as the JSON of the section "mlp"
//
// Further networks of an ensemble have the same parameters; their names begin with "ensemble.1.",
// "ensemble.2.", ….
#include "src/nn/mlp_state.h"

#include <stdio.h>
#include <string.h>

#include "src/base/params.h"
#include "src/nn/network.h"

enum { NAME_BYTES = 64, ENTRIES = 5 }; // ENTRIES: of a layer, at most

typedef struct entry {
    char name[NAME_BYTES];
    int dimensions;
    size_t shape[2];
    float *data;
} entry;

// "mlp.", with the place of an ensemble's further network before it.
static void write_prefix(int network, char out[NAME_BYTES / 2]) {
    if (network > 0)
        snprintf(out, NAME_BYTES / 2, "ensemble.%d.mlp.", network);
    else
        snprintf(out, NAME_BYTES / 2, "mlp.");
}

static size_t entries_of_inputs(const fx_mlp *mlp, const char *prefix, entry out[ENTRIES]) {
    out[0] = (entry){.dimensions = 1, .shape = {mlp->inputs}, .data = mlp->input_mean};
    out[1] = (entry){.dimensions = 1, .shape = {mlp->inputs}, .data = mlp->input_scale};
    snprintf(out[0].name, NAME_BYTES, "%smean", prefix);
    snprintf(out[1].name, NAME_BYTES, "%sscale", prefix);
    return 2;
}

static size_t entries_of_layer(const fx_mlp *mlp, const char *prefix, size_t l,
                               entry out[ENTRIES]) {
    const fx__layer *layer = &mlp->layers[l];
    const struct {
        const char *name;
        float *data;
    } vectors[] = {{layer->batch_norm ? "beta" : "biases", layer->bias},
                   {"gamma", layer->gamma},
                   {"running_mean", layer->running_mean},
                   {"running_variance", layer->running_variance}};
    size_t count = 0;
    out[count] =
        (entry){.dimensions = 2, .shape = {layer->inputs, layer->columns}, .data = layer->weights};
    snprintf(out[count++].name, NAME_BYTES, "%s%zu.weights", prefix, l);
    for (size_t v = 0; v < (layer->batch_norm ? 4 : layer->bias ? 1 : 0); v++) {
        out[count] = (entry){.dimensions = 1, .shape = {layer->columns}, .data = vectors[v].data};
        snprintf(out[count++].name, NAME_BYTES, "%s%zu.%s", prefix, l, vectors[v].name);
    }
    return count;
}

// Of the inputs (l = 0) and of layer l - 1.
static size_t entries_of(const fx_mlp *mlp, int network, size_t l, entry out[ENTRIES]) {
    char prefix[NAME_BYTES / 2];
    write_prefix(network, prefix);
    return l == 0 ? entries_of_inputs(mlp, prefix, out) : entries_of_layer(mlp, prefix, l - 1, out);
}

static fx_status add_params(const fx_mlp *mlp, fx_tensors *tensors, fx_error *error) {
    fx_text json = {0};
    fx_status status = fx__params_json(&fx__mlp_section, &mlp->params, &json, error);
    if (status == FX_OK) status = fx__tensors_add_text(tensors, "mlp", json.data, error);
    fx__text_destroy(&json);
    return status;
}

fx_status fx__mlp_to_tensors(const fx_mlp *mlp, int network, fx_tensors *tensors, fx_error *error) {
    if (network == 0) FX__TRY(add_params(mlp, tensors, error));
    for (size_t l = 0; l <= mlp->layer_count; l++) {
        entry entries[ENTRIES];
        size_t count = entries_of(mlp, network, l, entries);
        for (size_t e = 0; e < count; e++)
            FX__TRY(fx__tensors_add(tensors, entries[e].name, entries[e].dimensions,
                                    entries[e].shape, entries[e].data, error));
    }
    return FX_OK;
}

static fx_status read_params(const char *json, fx_mlp_params *out, fx_error *error) {
    fx_text text = {0};
    fx_yaml *root = NULL;
    fx_status status;
    *out = fx_mlp_defaults();
    FX__TRY_GOTO(fx__text_printf(&text, error, "{\"mlp\": %s}", json));
    FX__TRY_GOTO(fx__yaml_parse(text.data, text.length, "metadata mlp", &root, error));
    status = fx__params_apply(&fx__mlp_section, 1, out, root, "metadata mlp", NULL, error);
    if (status == FX_ERROR_USAGE) { // a bad file is no wrong usage
        status = FX_ERROR_FORMAT;
        if (error) error->code = status;
    }
done:
    fx__yaml_destroy(root);
    fx__text_destroy(&text);
    return status;
}

// Inputs and outputs from the shapes of the weights, which are all checked before anything of their
// size is allocated.
static fx_status read_sizes(const fx_tensors *tensors, int network, const fx_mlp_params *params,
                            size_t *inputs, size_t *outputs, fx_error *error) {
    size_t rows = 0;
    char prefix[NAME_BYTES / 2];
    write_prefix(network, prefix);
    for (int l = 0; l <= params->hidden.count; l++) {
        char name[NAME_BYTES];
        size_t shape[4] = {0};
        snprintf(name, sizeof name, "%s%d.weights", prefix, l);
        if (fx__tensors_shape(tensors, name, shape) != 2 || shape[0] == 0 || shape[1] == 0)
            return fx_error_set(error, FX_ERROR_FORMAT,
                                "no matrix '%s', expected one for each of %d layers", name,
                                params->hidden.count + 1);
        bool hidden = l < params->hidden.count;
        size_t pieces = hidden && params->activation == FX_MAXOUT ? (size_t)params->pieces : 1;
        size_t width = hidden ? (size_t)params->hidden.values[l] : shape[1];
        if (l == 0) *inputs = rows = shape[0];
        if (shape[0] != rows || shape[1] != width * pieces)
            return fx_error_set(error, FX_ERROR_FORMAT,
                                "'%s' is %zu×%zu, expected %zu×%zu by metadata 'mlp'", name,
                                shape[0], shape[1], rows, width * pieces);
        rows = *outputs = width;
    }
    return FX_OK;
}

static fx_status read_entry(const fx_tensors *tensors, const entry *entry, fx_error *error) {
    const float *data;
    FX__TRY(fx__tensors_get(tensors, entry->name, entry->dimensions, entry->shape, &data, error));
    memcpy(entry->data, data,
           entry->shape[0] * (entry->dimensions == 2 ? entry->shape[1] : 1) * sizeof *data);
    return FX_OK;
}

fx_status fx__mlp_from_tensors(const fx_tensors *tensors, int network, fx_mlp **out,
                               fx_error *error) {
    const char *json = fx__tensors_text(tensors, "mlp");
    if (!json) return fx_error_set(error, FX_ERROR_FORMAT, "no metadata 'mlp', expected a model");
    fx_mlp_params params;
    FX__TRY(read_params(json, &params, error));

    size_t inputs = 0, outputs = 0;
    FX__TRY(read_sizes(tensors, network, &params, &inputs, &outputs, error));
    fx_mlp *mlp;
    FX__TRY(fx__mlp_create_zero(&params, inputs, outputs, &mlp, error));
    fx_status status;
    for (size_t l = 0; l <= mlp->layer_count; l++) {
        entry entries[ENTRIES];
        size_t count = entries_of(mlp, network, l, entries);
        for (size_t e = 0; e < count; e++) FX__TRY_GOTO(read_entry(tensors, &entries[e], error));
    }
    if (!fx__all_finite(mlp->parameters, mlp->parameter_count)) {
        status = fx_error_set(error, FX_ERROR_FORMAT,
                              "network %d: found weights that are not finite", network);
        goto done;
    }
    *out = mlp;
    return FX_OK;
done:
    fx_mlp_destroy(mlp);
    return status;
}

// Of a file of initial weights: the weights must be there; mean, scale, biases and what batch
// normalization has may be.
static fx_status read_layer(const fx_tensors *tensors, const fx_mlp *mlp, size_t l,
                            fx_error *error) {
    entry entries[ENTRIES];
    size_t count = entries_of(mlp, 0, l, entries), shape[4];
    for (size_t e = 0; e < count; e++) {
        const bool weights = entries[e].dimensions == 2;
        if (weights || fx__tensors_shape(tensors, entries[e].name, shape) >= 0)
            FX__TRY(read_entry(tensors, &entries[e], error));
    }
    return FX_OK;
}

static bool has_entry(const fx_mlp *mlp, const char *name) {
    for (size_t l = 0; l <= mlp->layer_count; l++) {
        entry entries[ENTRIES];
        size_t count = entries_of(mlp, 0, l, entries);
        for (size_t e = 0; e < count; e++)
            if (strcmp(entries[e].name, name) == 0) return true;
    }
    return false;
}

// A further layer, or biases where there are to be none, would be lost without a word.
static fx_status check_names(const fx_tensors *tensors, const fx_mlp *mlp, fx_error *error) {
    const char *name;
    for (size_t i = 0; (name = fx__tensors_name(tensors, i)); i++)
        if (strncmp(name, "mlp.", 4) == 0 && !has_entry(mlp, name))
            return fx_error_set(error, FX_ERROR_FORMAT,
                                "found '%s', which the network of %zu layers does not have", name,
                                mlp->layer_count);
    return FX_OK;
}

fx_status fx__mlp_read_initial(fx_mlp *mlp, const char *path, fx_error *error) {
    fx_tensors *tensors;
    FX__TRY(fx__tensors_load(path, &tensors, error));
    fx_status status = check_names(tensors, mlp, error);
    for (size_t l = 0; l <= mlp->layer_count && status == FX_OK; l++)
        status = read_layer(tensors, mlp, l, error);
    fx__tensors_destroy(tensors);
    return status == FX_OK ? FX_OK : fx__error_prefix(error, status, "%s", path);
}
