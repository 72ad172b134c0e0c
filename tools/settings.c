// Keys from files and from the command line.
#include "tools/settings.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/base/params.h"

fx_model_params settings_defaults(const tool *tool) {
    fx_model_params params = fx_model_defaults();
    // Each image as it is: what `featx` writes describes the files, not what a model needs.
    if (tool->descriptor_only) params.descriptor.image.size = (fx_size){-1, -1};
    return params;
}

const fx_section *settings_sections(const tool *tool, fx_model_params *model, size_t *count,
                                    void **whole) {
    *whole = tool->descriptor_only ? (void *)&model->descriptor : (void *)model;
    return tool->descriptor_only ? fx_descriptor_sections(count) : fx_model_sections(count);
}

// Keys of an experiment that no section holds.
static bool is_outer_key(const char *key) {
    static const char *const names[] = {"dataset",         "seed", "seeds", "robustness",
                                        "data_efficiency", "arms"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(key, names[i]) == 0) return true;
    return false;
}

static fx_status read_seed(const char *where, const char *text, uint64_t *out, fx_error *error) {
    long long number;
    if (!text || !fx__parse_int(text, 0, INT_MAX, &number))
        return fx_error_set(error, FX_ERROR_USAGE,
                            "%sseed: found '%s', expected an integer from 0 to %d", where,
                            text ? text : "a list", INT_MAX);
    *out = (uint64_t)number;
    return FX_OK;
}

static fx_status apply_config(const options *options, settings *out, fx_error *error) {
    fx_yaml *root;
    FX__TRY(fx__yaml_load(options->config, &root, error));
    fx_status status = FX_OK;
    size_t count;
    const fx_section *sections = fx_model_sections(&count);
    FX__TRY_GOTO(
        fx__params_apply(sections, count, &out->model, root, options->config, is_outer_key, error));
    const fx_yaml *arms = fx__yaml_get(root, "arms");
    if (!arms) arms = fx__yaml_get(root, "seeds");
    if (arms) {
        status = fx_error_set(error, FX_ERROR_USAGE,
                              "%s:%d: '%s' makes an experiment: classify compare %s",
                              options->config, arms->line, arms->key, options->config);
        goto done;
    }
    const fx_yaml *seed = fx__yaml_get(root, "seed");
    char where[300];
    snprintf(where, sizeof where, "%s:%d: ", options->config, seed ? seed->line : 0);
    if (seed) FX__TRY_GOTO(read_seed(where, seed->text, &out->model.seed, error));
    const char *dataset = fx__yaml_text(root, "dataset");
    if (dataset) FX__TRY_GOTO(fx__duplicate(dataset, &out->dataset, error));
    if (fx__yaml_get(root, "features")) out->has_features = true;
done:
    fx__yaml_destroy(root);
    return status;
}

fx_status settings_open(const options *options, settings *out, fx_error *error) {
    *out = (settings){.model = settings_defaults(options->tool)};
    fx_status status = FX_OK;
    if (options->config) FX__TRY_GOTO(apply_config(options, out, error));
    size_t count;
    void *whole;
    const fx_section *sections = settings_sections(options->tool, &out->model, &count, &whole);
    for (size_t i = 0; i < options->assignment_count; i++) {
        const assignment *set = &options->assignments[i];
        if (strcmp(set->key, "seed") == 0) {
            FX__TRY_GOTO(read_seed("", set->value, &out->model.seed, error));
        } else {
            FX__TRY_GOTO(fx_params_set(sections, count, whole, set->key, set->value, error));
            if (strcmp(set->key, "features") == 0) out->has_features = true;
        }
    }
done:
    if (status != FX_OK) settings_close(out);
    return status;
}

void settings_close(settings *settings) {
    free(settings->dataset);
    settings->dataset = NULL;
}

fx_status settings_apply_to_experiment(const options *options, fx_experiment *experiment,
                                       fx_error *error) {
    fx_status status = FX_OK;
    fx_yaml *root = NULL;
    if (options->config) {
        size_t count;
        const fx_section *sections = fx_model_sections(&count);
        FX__TRY(fx__yaml_load(options->config, &root, error));
        for (size_t a = 0; a < experiment->arm_count; a++)
            FX__TRY_GOTO(fx__params_apply(sections, count, &experiment->arms[a].params, root,
                                          options->config, NULL, error));
    }
    for (size_t i = 0; i < options->assignment_count; i++)
        FX__TRY_GOTO(fx_experiment_set(experiment, options->assignments[i].key,
                                       options->assignments[i].value, error));
done:
    fx__yaml_destroy(root);
    return status;
}

bool settings_use(const settings *settings, fx_feature feature) {
    const fx_int_list *features = &settings->model.descriptor.features;
    for (int i = 0; i < features->count; i++)
        if (features->values[i] == (int)feature) return true;
    return false;
}

fx_status settings_expect_features(const options *options, const settings *settings,
                                   fx_error *error) {
    if (settings->has_features && settings->model.descriptor.features.count > 0) return FX_OK;
    return fx_error_set(error, FX_ERROR_USAGE,
                        "%s: nothing to do, expected --features NAME[,NAME] (color, hog, bovw: "
                        "hand-crafted) or --raw (the pixels themselves)",
                        options->command->name);
}

void describe_range(const fx_param *param, char *out, size_t size) {
    size_t used = 0;
    out[0] = '\0';
    switch (param->kind) {
    case FX_PARAM_BOOL:
        used = (size_t)snprintf(out, size, "true, false");
        break;
    case FX_PARAM_INT:
    case FX_PARAM_FLOAT:
    case FX_PARAM_INTS:
        used = (size_t)snprintf(out, size, "%.10g … %.10g%s", param->min, param->max,
                                param->kind == FX_PARAM_INTS ? ", or a list" : "");
        break;
    case FX_PARAM_CHOICE:
    case FX_PARAM_CHOICES:
        for (int i = 0; param->choices[i] && used < size; i++)
            used +=
                (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", param->choices[i]);
        break;
    case FX_PARAM_SIZE:
        used = (size_t)snprintf(out, size, "auto, native, N, [width, height]");
        break;
    case FX_PARAM_PATH:
        used = (size_t)snprintf(out, size, "none, FILE");
        break;
    }
    if (param->has_auto && used < size) snprintf(out + used, size - used, ", auto");
}

void print_key(FILE *file, const fx_section *section, const fx_param *param, const void *whole) {
    char name[96], value[256], assigned[400], range[256];
    snprintf(name, sizeof name, "%s%s%s", section->name, section->name[0] ? "." : "", param->key);
    fx_param_format(param, (const char *)whole + section->offset, value, sizeof value);
    double number;
    if (param->kind == FX_PARAM_FLOAT && fx__parse_float(value, &number))
        snprintf(value, sizeof value, "%g", number); // 10 rather than 1e+01
    snprintf(assigned, sizeof assigned, "%s = %s", name, value);
    describe_range(param, range, sizeof range);
    fprintf(file, "  %-34s %s (%s)\n", assigned, param->help, range);
}

void settings_print_keys(const tool *tool, FILE *file) {
    fx_model_params model = settings_defaults(tool);
    size_t count;
    void *whole;
    const fx_section *sections = settings_sections(tool, &model, &count, &whole);
    for (size_t s = 0; s < count; s++)
        for (size_t p = 0; p < sections[s].count; p++)
            print_key(file, &sections[s], &sections[s].params[p], whole);
}
