// featx list: descriptors with their parameters and defaults.
#include <stdio.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/base/params.h"
#include "tools/output.h"
#include "tools/settings.h"
#include "tools/tool.h"

static const char *kind_name(fx_param_kind kind) {
    static const char *const names[] = {
        [FX_PARAM_BOOL] = "bool",     [FX_PARAM_INT] = "int",   [FX_PARAM_FLOAT] = "float",
        [FX_PARAM_CHOICE] = "choice", [FX_PARAM_INTS] = "ints", [FX_PARAM_CHOICES] = "choices",
        [FX_PARAM_SIZE] = "size",     [FX_PARAM_PATH] = "path",
    };
    return names[kind];
}

static bool has_range(fx_param_kind kind) {
    return kind == FX_PARAM_INT || kind == FX_PARAM_FLOAT || kind == FX_PARAM_INTS ||
           kind == FX_PARAM_SIZE;
}

static fx_status append_choices(fx_text *text, const fx_param *param, fx_error *error) {
    FX__TRY(fx__text_printf(text, error, ", \"choices\": ["));
    for (int i = 0; param->choices[i]; i++) {
        FX__TRY(fx__text_printf(text, error, "%s", i ? ", " : ""));
        FX__TRY(fx__text_json_string(text, param->choices[i], error));
    }
    return fx__text_printf(text, error, "]");
}

// [{"key", "kind", "default" (as --set takes it), "min", "max", "choices", "auto", "help"}, …]
static fx_status append_parameters(fx_text *text, const fx_section *section, const void *whole,
                                   fx_error *error) {
    FX__TRY(fx__text_printf(text, error, "["));
    for (size_t p = 0; p < section->count; p++) {
        const fx_param *param = &section->params[p];
        char value[256];
        fx_param_format(param, (const char *)whole + section->offset, value, sizeof value);
        FX__TRY(fx__text_printf(text, error, "%s\n  {\"key\": \"%s%s%s\", \"kind\": \"%s\", ",
                                p ? "," : "", section->name, section->name[0] ? "." : "",
                                param->key, kind_name(param->kind)));
        FX__TRY(fx__text_printf(text, error, "\"default\": "));
        FX__TRY(fx__text_json_string(text, value, error));
        if (has_range(param->kind))
            FX__TRY(fx__text_printf(text, error, ", \"min\": %.9g, \"max\": %.9g", param->min,
                                    param->max));
        if (param->choices) FX__TRY(append_choices(text, param, error));
        FX__TRY(
            fx__text_printf(text, error, ", \"auto\": %s, \"help\": ",
                            param->has_auto || param->kind == FX_PARAM_SIZE ? "true" : "false"));
        FX__TRY(fx__text_json_string(text, param->help, error));
        FX__TRY(fx__text_printf(text, error, "}"));
    }
    return fx__text_printf(text, error, "]");
}

static const fx_section *find_section(const fx_section *sections, size_t count, const char *name) {
    for (size_t s = 0; s < count; s++)
        if (strcmp(sections[s].name, name) == 0) return &sections[s];
    return NULL;
}

static fx_status make_json(const fx_section *sections, size_t count, const void *whole,
                           fx_text *text, fx_error *error) {
    FX__TRY(fx__text_printf(text, error, "{\"descriptors\": ["));
    for (int f = 0; f < FX_FEATURE_COUNT; f++) {
        const char *name = fx_feature_name((fx_feature)f);
        const fx_section *section = find_section(sections, count, name);
        FX__TRY(
            fx__text_printf(text, error, "%s\n {\"name\": \"%s\", \"help\": ", f ? "," : "", name));
        FX__TRY(fx__text_json_string(text, fx_feature_help((fx_feature)f), error));
        FX__TRY(fx__text_printf(text, error, ", \"parameters\": "));
        if (section)
            FX__TRY(append_parameters(text, section, whole, error));
        else
            FX__TRY(fx__text_printf(text, error, "[]"));
        FX__TRY(fx__text_printf(text, error, "}"));
    }
    FX__TRY(fx__text_printf(text, error, "],\n \"image\": "));
    FX__TRY(append_parameters(text, find_section(sections, count, "image"), whole, error));
    return fx__text_printf(text, error, "}");
}

static void print_section(const fx_section *section, const void *whole) {
    for (size_t p = 0; section && p < section->count; p++)
        print_key(stdout, section, &section->params[p], whole);
}

fx_status run_list(const options *options, fx_error *error) {
    FX__TRY(options_expect_arguments(options, 0, 0, "no arguments", error));
    fx_model_params model = settings_defaults(options->tool);
    size_t count;
    void *whole;
    const fx_section *sections = settings_sections(options->tool, &model, &count, &whole);
    if (options->json) {
        fx_text text = {0};
        fx_status status = make_json(sections, count, whole, &text, error);
        if (status == FX_OK) status = print_json(&text, error);
        fx__text_destroy(&text);
        return status;
    }
    for (int f = 0; f < FX_FEATURE_COUNT; f++) {
        const char *name = fx_feature_name((fx_feature)f);
        printf("%-8s %s\n", name, fx_feature_help((fx_feature)f));
        print_section(find_section(sections, count, name), whole);
        printf("\n");
    }
    printf("%-8s %s\n", "image", "what images become before any descriptor sees them");
    print_section(find_section(sections, count, "image"), whole);
    return FX_OK;
}
