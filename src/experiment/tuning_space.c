// The space that a search draws from, read from YAML.
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/base/params.h"
#include "src/experiment/tuning.h"

enum { TRIALS_MAX = 10000 };

static const fx_param search_params[] = {
    {"trials", FX_PARAM_INT, offsetof(fx_space, trials), 1, TRIALS_MAX, NULL, false,
     "settings drawn"},
    {"factor", FX_PARAM_INT, offsetof(fx_space, factor), 2, 100, NULL, false,
     "one in so many goes on to a rung with so many times the epochs"},
    {"rungs", FX_PARAM_INT, offsetof(fx_space, rungs), 1, FX__RUNGS_MAX, NULL, false,
     "rungs of the ladder; the last trains train.epochs"},
};
static const fx_section search_section = {"search", search_params, 3, 0, NULL};

static bool is_own_key(const char *key) {
    static const char *const names[] = {"dataset", "seed", "search", "space"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
        if (strcmp(key, names[i]) == 0) return true;
    return false;
}

// The value as --set takes it: a scalar's text, or [a, [b, c]].
static fx_status node_text(const fx_yaml *node, fx_text *out, fx_error *error) {
    if (node->kind == FX_YAML_SCALAR) return fx__text_printf(out, error, "%s", node->text);
    FX__TRY(fx__text_printf(out, error, "["));
    for (size_t i = 0; i < node->count; ++i) {
        if (i) FX__TRY(fx__text_printf(out, error, ", "));
        FX__TRY(node_text(&node->items[i], out, error));
    }
    return fx__text_printf(out, error, "]");
}

static const fx_param *find_param(const char *key) {
    size_t count;
    const fx_section *sections = fx_model_sections(&count);
    for (size_t s = 0; s < count; ++s) {
        size_t length = strlen(sections[s].name);
        const char *rest = key;
        if (length > 0) {
            if (strncmp(key, sections[s].name, length) != 0 || key[length] != '.') continue;
            rest = key + length + 1;
        }
        for (size_t p = 0; p < sections[s].count; ++p)
            if (strcmp(sections[s].params[p].key, rest) == 0) return &sections[s].params[p];
    }
    return NULL;
}

// Whether the table takes the value; what it would change is thrown away.
static fx_status try_value(const fx_space *space, const char *key, const char *value,
                           fx_error *error) {
    size_t count;
    const fx_section *sections = fx_model_sections(&count);
    fx_model_params params = space->fixed;
    return fx_params_set(sections, count, &params, key, value, error);
}

static fx_status read_values(const fx_space *space, const fx_yaml *node, fx_dimension *out,
                             fx_error *error) {
    FX__TRY(fx__allocate(node->count, sizeof *out->values, &out->values, error));
    for (size_t i = 0; i < node->count; ++i) {
        fx_text text = {0};
        FX__TRY(node_text(&node->items[i], &text, error));
        out->values[out->count++] = text.data;
        FX__TRY(try_value(space, out->key, text.data, error));
    }
    return FX_OK;
}

static fx_status read_range(const fx_space *space, const fx_yaml *node, fx_dimension *out,
                            fx_error *error) {
    const fx_param *param = find_param(out->key);
    const fx_yaml *range = &node->items[0];
    const bool number = param && (param->kind == FX_PARAM_INT || param->kind == FX_PARAM_FLOAT);
    const bool named =
        node->count == 1 && (strcmp(range->key, "log") == 0 || strcmp(range->key, "uniform") == 0);
    if (!number || !named || range->kind != FX_YAML_SEQUENCE || range->count != 2)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "space.%s: expected a list of values or, for a number, {uniform: [low, "
                            "high]} or {log: [low, high]}",
                            out->key);
    out->logarithmic = range->key[0] == 'l';
    out->whole = param->kind == FX_PARAM_INT;
    double *ends[2] = {&out->low, &out->high};
    for (int i = 0; i < 2; ++i) {
        const fx_yaml *end = &range->items[i];
        if (end->kind != FX_YAML_SCALAR || !fx__parse_float(end->text, ends[i]))
            return fx_error_set(error, FX_ERROR_USAGE, "space.%s: expected two numbers", out->key);
        FX__TRY(try_value(space, out->key, end->text, error));
    }
    if (!(out->low < out->high) || (out->logarithmic && !(out->low > 0)))
        return fx_error_set(error, FX_ERROR_USAGE,
                            "space.%s: found %g and %g, expected the lower first%s", out->key,
                            out->low, out->high, out->logarithmic ? " and above 0" : "");
    return FX_OK;
}

static fx_status read_dimensions(const fx_yaml *root, fx_space *out, fx_error *error) {
    const fx_yaml *space = fx__yaml_get(root, "space");
    if (!space || space->kind != FX_YAML_MAPPING || space->count < 1 ||
        space->count > FX__SPACE_MAX)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "space: expected 1 to %d keys, such as train.learning_rate: {log: "
                            "[1e-4, 1e-1]}",
                            FX__SPACE_MAX);
    for (size_t i = 0; i < space->count; ++i) {
        const fx_yaml *node = &space->items[i];
        fx_dimension *dimension = &out->dimensions[out->count++];
        FX__TRY(fx__duplicate(node->key, &dimension->key, error));
        static const char *const ruled[] = {"train.epochs", "train.refit", "train.validation"};
        for (size_t r = 0; r < sizeof ruled / sizeof *ruled; ++r)
            if (strcmp(node->key, ruled[r]) == 0)
                return fx_error_set(error, FX_ERROR_USAGE,
                                    "space.%s: what all trials must have in common", node->key);
        if (node->kind == FX_YAML_SEQUENCE && node->count > 0)
            FX__TRY(read_values(out, node, dimension, error));
        else if (node->kind == FX_YAML_MAPPING && node->count > 0)
            FX__TRY(read_range(out, node, dimension, error));
        else
            return fx_error_set(error, FX_ERROR_USAGE, "space.%s: expected a list of values",
                                node->key);
    }
    return FX_OK;
}

static fx_status read_space(const fx_yaml *root, const char *path, fx_space *out, fx_error *error) {
    size_t count;
    const fx_section *sections = fx_model_sections(&count);
    FX__TRY(fx__params_apply(sections, count, &out->fixed, root, path, is_own_key, error));
    const fx_yaml *search = fx__yaml_get(root, "search");
    for (size_t i = 0; search && i < search->count; ++i) {
        fx_text key = {0};
        FX__TRY(fx__text_printf(&key, error, "search.%s",
                                search->items[i].key ? search->items[i].key : ""));
        fx_status status =
            fx__params_set_node(&search_section, 1, out, key.data, &search->items[i], path, error);
        fx__text_destroy(&key);
        if (status != FX_OK) return status;
    }
    const fx_yaml *seed = fx__yaml_get(root, "seed");
    long long number = 1;
    if (seed && (seed->kind != FX_YAML_SCALAR || !fx__parse_int(seed->text, 0, INT_MAX, &number)))
        return fx_error_set(error, FX_ERROR_USAGE, "%s:%d: seed: expected an integer from 0 to %d",
                            path, seed->line, INT_MAX);
    out->fixed.seed = (uint64_t)number;
    out->has_features = fx__yaml_get(root, "features") != NULL;
    const char *dataset = fx__yaml_text(root, "dataset");
    if (dataset) FX__TRY(fx__duplicate(dataset, &out->dataset, error));
    fx_status status = read_dimensions(root, out, error);
    return status == FX_OK ? FX_OK : fx__error_prefix(error, status, "%s", path);
}

fx_status fx__space_load(const char *path, fx_space *out, fx_error *error) {
    *out = (fx_space){.fixed = fx_model_defaults(), .trials = 27, .factor = 3, .rungs = 3};
    fx_yaml *root;
    FX__TRY(fx__yaml_load(path, &root, error));
    fx_status status = read_space(root, path, out, error);
    fx__yaml_destroy(root);
    if (status != FX_OK) fx__space_destroy(out);
    return status;
}

void fx__space_destroy(fx_space *space) {
    for (size_t d = 0; d < space->count; ++d) {
        fx_dimension *dimension = &space->dimensions[d];
        for (size_t i = 0; i < dimension->count; ++i) free(dimension->values[i]);
        free(dimension->values);
        free(dimension->key);
    }
    free(space->dataset);
    *space = (fx_space){0};
}
