// Experiments from YAML: shared settings, and arms that change them.
//
// Values go through the key tables of fx_model_sections; `dataset`, `seed`, `seeds`, `arms` and, in
// an arm, `name` are this file's own.
#include "featx/experiment.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/base/params.h"
#include "src/experiment/recipe.h"

enum { ARMS_MAX = 64, NAME_MAX_BYTES = 64, NAMES_MAX = 64 };

static const char *const top_keys[] = {"dataset",         "seed", "seeds", "robustness",
                                       "data_efficiency", "arms"};
static const char *const arm_keys[] = {"name"};

static const fx_param whole_params[] = {
    {"seed", FX_PARAM_INT, offsetof(fx_experiment, seed), 0, INT_MAX, NULL, false,
     "of what is drawn: data, splits, weights"},
    {"seeds", FX_PARAM_INTS, offsetof(fx_experiment, seeds), 0, INT_MAX, NULL, false,
     "each arm is trained once with each"},
    {"robustness", FX_PARAM_INT, offsetof(fx_experiment, robustness), 0, INT_MAX, NULL, false,
     "test images on which arms are tried with disturbances"},
    {"data_efficiency", FX_PARAM_INT, offsetof(fx_experiment, data_efficiency), 0, 8, NULL, false,
     "how often a quarter of the training images is taken, and arms trained on it"},
};
static const fx_section whole_section = {"", whole_params,
                                         sizeof whole_params / sizeof *whole_params, 0, NULL};

// Whether a key is one of whole_section.
static bool is_whole_key(const char *key) {
    for (size_t i = 0; i < whole_section.count; ++i)
        if (strcmp(whole_params[i].key, key) == 0) return true;
    return false;
}

static bool contains(const char *const *names, size_t count, const char *name) {
    for (size_t i = 0; i < count; ++i)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

static bool is_top_key(const char *key) {
    return contains(top_keys, sizeof top_keys / sizeof *top_keys, key);
}

static bool is_arm_key(const char *key) {
    return contains(arm_keys, sizeof arm_keys / sizeof *arm_keys, key);
}

// Applies a level of the file (the whole, or an arm): its sections and `features` to params, its
// own keys left to the caller. The tables know nothing of own keys, so a key that is neither is
// found here, where all names can be suggested.
static fx_status apply_level(const fx_yaml *level, const char *file, const char *const *own,
                             size_t own_count, bool (*is_own)(const char *),
                             fx_model_params *params, fx_error *error) {
    size_t count;
    const fx_section *sections = fx_model_sections(&count);
    const char *names[NAMES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < own_count; ++i) names[n++] = own[i];
    for (size_t s = 0; s < count; ++s) {
        if (sections[s].name[0] && n < NAMES_MAX) names[n++] = sections[s].name;
        for (size_t p = 0; p < sections[s].count && !sections[s].name[0] && n < NAMES_MAX; ++p)
            names[n++] = sections[s].params[p].key;
    }
    for (size_t i = 0; level->kind == FX_YAML_MAPPING && i < level->count; ++i) {
        const fx_yaml *item = &level->items[i];
        if (contains(names, n, item->key)) continue;
        const char *near = fx__nearest_name(item->key, names, n);
        return fx_error_set(error, FX_ERROR_USAGE, "%s:%d: unknown key '%s'%s%s%s", file,
                            item->line, item->key, near ? ", did you mean '" : "", near ? near : "",
                            near ? "'?" : "");
    }
    return fx__params_apply(sections, count, params, level, file, is_own, error);
}

// --- arms ---

static fx_status default_name(const fx_int_list *features, char **out, fx_error *error) {
    fx_text text = {0};
    fx_status status = fx__text_append(&text, "", 0, error);
    for (int i = 0; i < features->count && status == FX_OK; ++i)
        status = fx__text_printf(&text, error, "%s%s", i ? "+" : "",
                                 fx_feature_name((fx_feature)features->values[i]));
    if (status == FX_OK) status = fx__duplicate(text.data, out, error);
    fx__text_destroy(&text);
    return status;
}

static fx_status read_name(const fx_yaml *item, const char *file, fx_arm *arm, fx_error *error) {
    const fx_yaml *name = fx__yaml_get(item, "name");
    if (!name) return default_name(&arm->params.descriptor.features, &arm->name, error);
    if (name->kind != FX_YAML_SCALAR || !name->text[0] || strlen(name->text) > NAME_MAX_BYTES)
        return fx_error_set(error, FX_ERROR_USAGE, "%s:%d: name: expected 1 to %d bytes of text",
                            file, name->line, NAME_MAX_BYTES);
    return fx__duplicate(name->text, &arm->name, error);
}

// Appends an arm: the shared settings as `item` (NULL: nothing) changes them.
static fx_status add_arm(fx_experiment *experiment, const fx_model_params *shared,
                         const fx_yaml *item, const char *file, fx_error *error) {
    fx_arm *arm = &experiment->arms[experiment->arm_count++];
    arm->params = *shared;
    if (!item) return default_name(&shared->descriptor.features, &arm->name, error);
    FX__TRY(apply_level(item, file, arm_keys, sizeof arm_keys / sizeof *arm_keys, is_arm_key,
                        &arm->params, error));
    FX__TRY(read_name(item, file, arm, error));
    for (size_t i = 0; i + 1 < experiment->arm_count; ++i)
        if (strcmp(experiment->arms[i].name, arm->name) == 0)
            return fx_error_set(error, FX_ERROR_USAGE,
                                "%s:%d: a second arm is called '%s': give it another name", file,
                                item->line, arm->name);
    return FX_OK;
}

static fx_status read_arms(const fx_yaml *root, const fx_model_params *shared, const char *file,
                           fx_experiment *out, fx_error *error) {
    const fx_yaml *arms = fx__yaml_get(root, "arms");
    if (arms && (arms->kind != FX_YAML_SEQUENCE || arms->count < 1 || arms->count > ARMS_MAX))
        return fx_error_set(error, FX_ERROR_USAGE, "%s:%d: arms: expected a list of 1 to %d arms",
                            file, arms->line, ARMS_MAX);
    size_t count = arms ? arms->count : 1;
    FX__TRY(fx__allocate(count, sizeof *out->arms, &out->arms, error));
    for (size_t i = 0; i < count; ++i)
        FX__TRY(add_arm(out, shared, arms ? &arms->items[i] : NULL, file, error));
    return FX_OK;
}

// --- whole files ---

// A seed given for two trainings would be one training, counted twice.
static fx_status check_seeds(fx_experiment *experiment, const char *where, fx_error *error) {
    fx_int_list *seeds = &experiment->seeds;
    if (seeds->count == 0) *seeds = (fx_int_list){.count = 1, .values = {experiment->seed}};
    for (int i = 0; i < seeds->count; ++i)
        for (int j = 0; j < i; ++j)
            if (seeds->values[i] == seeds->values[j])
                return fx_error_set(error, FX_ERROR_USAGE, "%sseeds: %d stands there twice", where,
                                    seeds->values[i]);
    return FX_OK;
}

static fx_status read_dataset(const fx_yaml *root, const char *file, fx_experiment *out,
                              fx_error *error) {
    const fx_yaml *dataset = fx__yaml_get(root, "dataset");
    if (dataset && (dataset->kind != FX_YAML_SCALAR || !dataset->text[0]))
        return fx_error_set(error, FX_ERROR_USAGE, "%s:%d: dataset: expected a name or a path",
                            file, dataset->line);
    return fx__duplicate(dataset ? dataset->text : "shapes", &out->dataset, error);
}

static fx_status read_whole(const fx_yaml *root, const char *file, fx_experiment *out,
                            fx_error *error) {
    out->seed = 1;
    out->robustness = 500;
    out->data_efficiency = 2;
    for (size_t i = 0; i < root->count; ++i) {
        const fx_yaml *item = &root->items[i];
        if (!is_whole_key(item->key)) continue;
        fx_text where = {0};
        fx_status status = fx__text_printf(&where, error, "%s:%d", file, item->line);
        if (status == FX_OK)
            status =
                fx__params_set_node(&whole_section, 1, out, item->key, item, where.data, error);
        fx__text_destroy(&where);
        if (status != FX_OK) return status;
    }
    fx_text where = {0};
    fx_status status = fx__text_printf(&where, error, "%s: ", file);
    if (status == FX_OK) status = check_seeds(out, where.data, error);
    fx__text_destroy(&where);
    return status;
}

static fx_status read_experiment(const fx_yaml *root, const char *file, fx_experiment *out,
                                 fx_error *error) {
    fx_model_params shared = fx_model_defaults();
    FX__TRY(apply_level(root, file, top_keys, sizeof top_keys / sizeof *top_keys, is_top_key,
                        &shared, error));
    FX__TRY(read_dataset(root, file, out, error));
    FX__TRY(read_whole(root, file, out, error));
    return read_arms(root, &shared, file, out, error);
}

static fx_status from_yaml(fx_yaml *root, const char *file, fx_experiment *out, fx_error *error) {
    fx_status status = read_experiment(root, file, out, error);
    fx__yaml_destroy(root);
    if (status != FX_OK) fx_experiment_destroy(out);
    return status;
}

fx_status fx_experiment_defaults(fx_experiment *out, fx_error *error) {
    *out = (fx_experiment){0};
    fx_yaml *root;
    FX__TRY(fx__yaml_parse((const char *)fx__shapes_recipe, fx__shapes_recipe_size, "shapes.yaml",
                           &root, error));
    return from_yaml(root, "shapes.yaml", out, error);
}

fx_status fx_experiment_load(const char *path, fx_experiment *out, fx_error *error) {
    *out = (fx_experiment){0};
    fx_yaml *root;
    FX__TRY(fx__yaml_load(path, &root, error));
    return from_yaml(root, path, out, error);
}

fx_status fx_experiment_set(fx_experiment *experiment, const char *key, const char *value,
                            fx_error *error) {
    if (strcmp(key, "dataset") == 0) {
        if (!value[0])
            return fx_error_set(error, FX_ERROR_USAGE, "dataset: expected a name or a path");
        char *dataset;
        FX__TRY(fx__duplicate(value, &dataset, error));
        free(experiment->dataset);
        experiment->dataset = dataset;
        return FX_OK;
    }
    if (is_whole_key(key)) {
        FX__TRY(fx_params_set(&whole_section, 1, experiment, key, value, error));
        if (strcmp(key, "seed") == 0) experiment->seeds.count = 0;
        return check_seeds(experiment, "", error);
    }
    size_t count;
    const fx_section *sections = fx_model_sections(&count);
    for (size_t i = 0; i < experiment->arm_count; ++i)
        FX__TRY(fx_params_set(sections, count, &experiment->arms[i].params, key, value, error));
    return FX_OK;
}

void fx_experiment_destroy(fx_experiment *experiment) {
    if (!experiment) return;
    for (size_t i = 0; i < experiment->arm_count; ++i) free(experiment->arms[i].name);
    free(experiment->arms);
    free(experiment->dataset);
    *experiment = (fx_experiment){0};
}
