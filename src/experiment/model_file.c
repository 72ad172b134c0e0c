// The model file: safetensors with everything from an image to a class name (layout in
// model_state.h).
//
// What other parts own they write and read themselves (descriptor, network); the rest is metadata.
// A loaded model writes the bytes that it was read from.
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "features/descriptor_state.h"
#include "featx/version.h"
#include "src/base/block_product.h"
#include "src/base/memory.h"
#include "src/base/params.h"
#include "src/experiment/model_state.h"
#include "src/nn/mlp_state.h"

static const char format_name[] = "featx-model", format_version[] = "1";

// --- writing ---

static fx_status add_section(fx_tensors *tensors, const fx_model *model, const char *name,
                             fx_error *error) {
    fx_text text = {0};
    fx_status status = fx__params_json(fx__model_section(name), &model->params, &text, error);
    if (status == FX_OK) status = fx__tensors_add_text(tensors, name, text.data, error);
    fx__text_destroy(&text);
    return status;
}

static fx_status add_classes(fx_tensors *tensors, const fx_model *model, fx_error *error) {
    fx_text text = {0};
    fx_status status = fx__text_printf(&text, error, "[");
    for (int c = 0; c < model->classes && status == FX_OK; ++c) {
        if (c) status = fx__text_printf(&text, error, ", ");
        if (status == FX_OK) status = fx__text_json_string(&text, model->class_names[c], error);
    }
    if (status == FX_OK) status = fx__text_printf(&text, error, "]");
    if (status == FX_OK) status = fx__tensors_add_text(tensors, "classes", text.data, error);
    fx__text_destroy(&text);
    return status;
}

static fx_status add_metadata(fx_tensors *tensors, const fx_model *model, fx_error *error) {
    char seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, model->params.seed);
    FX__TRY(fx__tensors_add_text(tensors, "format", format_name, error));
    FX__TRY(fx__tensors_add_text(tensors, "format_version", format_version, error));
    FX__TRY(fx__tensors_add_text(tensors, "featx", fx_version(), error));
    FX__TRY(fx__tensors_add_text(tensors, "blas", fx__product_version(), error));
    FX__TRY(fx__tensors_add_text(tensors, "seed", seed, error));
    FX__TRY(fx__tensors_add_text(tensors, "input", model->descriptor ? "images" : "rows", error));
    FX__TRY(add_classes(tensors, model, error));
    if (!model->descriptor)
        FX__TRY(fx__tensors_add_text(tensors, "rows", model->specification, error));
    FX__TRY(fx__tensors_add_text(tensors, "descriptor_sha256", model->sha256, error));
    FX__TRY(add_section(tensors, model, "augment", error));
    return add_section(tensors, model, "train", error);
}

fx_status fx__model_to_tensors(const fx_model *model, fx_tensors **out, fx_error *error) {
    *out = NULL;
    fx_tensors *tensors;
    FX__TRY(fx__tensors_create(&tensors, error));
    fx_status status = add_metadata(tensors, model, error);
    if (status == FX_OK && model->descriptor)
        status = fx__descriptor_to_tensors(model->descriptor, tensors, error);
    for (int i = 0; status == FX_OK && i < fx_model_networks(model); ++i)
        status = fx__mlp_to_tensors(model->networks[i], i, tensors, error);
    if (status == FX_OK)
        *out = tensors;
    else
        fx__tensors_destroy(tensors);
    return status;
}

fx_status fx_model_save(const fx_model *model, const char *path, fx_error *error) {
    fx_tensors *tensors;
    FX__TRY(fx__model_to_tensors(model, &tensors, error));
    fx_status status = fx__tensors_save(tensors, path, error);
    fx__tensors_destroy(tensors);
    return status;
}

fx_status fx__model_describe_result(const fx_model *model, fx_result *result, fx_error *error) {
    result->descriptor_length = fx_mlp_inputs(fx_model_mlp(model));
    result->seed = model->params.seed;
    result->parameters = (size_t)fx_model_networks(model) * fx_mlp_parameters(fx_model_mlp(model));
    fx_tensors *tensors;
    FX__TRY(fx__model_to_tensors(model, &tensors, error));
    fx_status status = fx__tensors_sha256(tensors, result->model_sha256, error);
    if (status == FX_OK) status = fx__tensors_size(tensors, &result->model_bytes, error);
    fx__tensors_destroy(tensors);
    return status;
}

// --- reading ---

static fx_status need_text(const fx_tensors *tensors, const char *key, const char **out,
                           fx_error *error) {
    *out = fx__tensors_text(tensors, key);
    return *out ? FX_OK
                : fx_error_set(error, FX_ERROR_FORMAT, "no metadata '%s' in the model", key);
}

static fx_status check_format(const fx_tensors *tensors, fx_error *error) {
    const char *format = fx__tensors_text(tensors, "format");
    if (!format || strcmp(format, format_name) != 0)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "not a model: its format is '%s', expected '%s'",
                            format ? format : "unknown", format_name);
    const char *version;
    FX__TRY(need_text(tensors, "format_version", &version, error));
    if (strcmp(version, format_version) != 0)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "model of another version: its format is version %s, this featx (%s) "
                            "reads version %s",
                            version, fx_version(), format_version);
    return FX_OK;
}

static fx_status read_classes(const fx_tensors *tensors, const fx_model_params *params,
                              fx_model **out, fx_error *error) {
    const char *text;
    FX__TRY(need_text(tensors, "classes", &text, error));
    json_t *list = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    size_t count = json_array_size(list);
    const char **names = NULL;
    fx_status status;
    bool good = count > 0 && count <= 1 << 20;
    FX__TRY_GOTO(fx__allocate(count, sizeof *names, &names, error));
    for (size_t c = 0; c < count && good; ++c) {
        names[c] = json_string_value(json_array_get(list, c));
        good = names[c] != NULL;
    }
    status =
        good ? fx__model_create(params, names, (int)count, out, error)
             : fx_error_set(error, FX_ERROR_FORMAT, "metadata 'classes' is not a list of names");
done:
    free(names);
    json_decref(list);
    return status;
}

// What a descriptor's JSON says besides parameters is the descriptor's own.
static bool is_no_parameter(const char *key) {
    return strcmp(key, "features") != 0 && !fx__model_section(key);
}

// Parameters from JSON: of the section `name`, or of sections by their names where `whole`.
static fx_status apply_json(const char *name, const char *json, bool whole, fx_model_params *params,
                            fx_error *error) {
    size_t count;
    const fx_section *sections = fx_model_sections(&count);
    fx_text text = {0};
    fx_yaml *root = NULL;
    fx_status status;
    if (!whole) FX__TRY_GOTO(fx__text_printf(&text, error, "{\"%s\": ", name));
    FX__TRY_GOTO(fx__text_printf(&text, error, whole ? "%s" : "%s}", json));
    FX__TRY_GOTO(fx__yaml_parse(text.data, text.length, name, &root, error));
    FX__TRY_GOTO(fx__params_apply(sections, count, params, root, name,
                                  whole ? is_no_parameter : NULL, error));
done:
    if (status == FX_ERROR_USAGE) status = FX_ERROR_FORMAT; // the file's fault, not the user's
    if (status != FX_OK && error) error->code = status;
    fx__yaml_destroy(root);
    fx__text_destroy(&text);
    return status;
}

static fx_status read_section(const fx_tensors *tensors, const char *name, fx_model_params *params,
                              fx_error *error) {
    const char *json;
    FX__TRY(need_text(tensors, name, &json, error));
    return apply_json(name, json, false, params, error);
}

fx_status fx__model_adopt_specification(fx_model *model, const char *specification,
                                        fx_error *error) {
    FX__TRY(apply_json("descriptor", specification, true, &model->params, error));
    return fx__duplicate(specification, &model->specification, error);
}

static fx_status read_descriptor(const fx_tensors *tensors, fx_model *model, fx_error *error) {
    const char *input, *sha256;
    FX__TRY(need_text(tensors, "input", &input, error));
    FX__TRY(need_text(tensors, "descriptor_sha256", &sha256, error));
    snprintf(model->sha256, sizeof model->sha256, "%s", sha256);
    if (strcmp(input, "rows") == 0) {
        const char *rows;
        FX__TRY(need_text(tensors, "rows", &rows, error));
        return fx__model_adopt_specification(model, rows, error);
    }
    if (strcmp(input, "images") != 0)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "metadata 'input' is '%s', expected 'images' or 'rows'", input);
    FX__TRY(fx__descriptor_from_tensors(tensors, &model->descriptor, error));
    model->params.descriptor = *fx_descriptor_get_params(model->descriptor);
    char found[65];
    FX__TRY(fx__descriptor_sha256(model->descriptor, found, error));
    if (strcmp(found, sha256) != 0)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "the descriptor was altered: its hash is %.12s…, expected %.12s…",
                            found, sha256);
    fx_text text = {0};
    fx_status status = fx__descriptor_json(model->descriptor, &text, error);
    if (status == FX_OK) status = fx__duplicate(text.data, &model->specification, error);
    fx__text_destroy(&text);
    return status;
}

static fx_status read_networks(const fx_tensors *tensors, fx_model *model, fx_error *error) {
    for (int i = 0; i < fx_model_networks(model); ++i) {
        FX__TRY(fx__mlp_from_tensors(tensors, i, &model->networks[i], error));
        const fx_mlp *network = model->networks[i], *first = model->networks[0];
        if (fx_mlp_outputs(network) != (size_t)model->classes)
            return fx_error_set(error, FX_ERROR_FORMAT, "network %d has %zu outputs for %d classes",
                                i, fx_mlp_outputs(network), model->classes);
        if (fx_mlp_inputs(network) != fx_mlp_inputs(first))
            return fx_error_set(error, FX_ERROR_FORMAT,
                                "network %d has %zu inputs, expected %zu, as the first", i,
                                fx_mlp_inputs(network), fx_mlp_inputs(first));
    }
    return FX_OK;
}

fx_status fx__model_from_tensors(const fx_tensors *tensors, fx_model **out, fx_error *error) {
    *out = NULL;
    FX__TRY(check_format(tensors, error));
    fx_model_params params = fx_model_defaults();
    const char *seed;
    FX__TRY(need_text(tensors, "seed", &seed, error));
    char *end;
    params.seed = strtoull(seed, &end, 10);
    if (*seed < '0' || *seed > '9' || *end)
        return fx_error_set(error, FX_ERROR_FORMAT, "metadata 'seed' is '%s', expected a number",
                            seed);
    FX__TRY(read_section(tensors, "augment", &params, error));
    FX__TRY(read_section(tensors, "train", &params, error));
    FX__TRY(read_classes(tensors, &params, out, error));
    fx_model *model = *out;
    FX__TRY(read_descriptor(tensors, model, error));
    FX__TRY(read_networks(tensors, model, error));
    model->params.mlp = *fx_mlp_get_params(fx_model_mlp(model));
    return FX_OK;
}

fx_status fx_model_load(const char *path, fx_model **out, fx_error *error) {
    *out = NULL;
    fx_tensors *tensors;
    FX__TRY(fx__tensors_load(path, &tensors, error));
    fx_model *model = NULL;
    fx_status status = fx__model_from_tensors(tensors, &model, error);
    fx__tensors_destroy(tensors);
    if (status == FX_OK) {
        *out = model;
        return FX_OK;
    }
    fx_model_destroy(model);
    return fx__error_prefix(error, status, "%s", path);
}
