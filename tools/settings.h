// The keys: defaults, then --config, then --set and its kin in order.
#ifndef FEATX_TOOLS_SETTINGS_H
#define FEATX_TOOLS_SETTINGS_H

#include <stdio.h>

#include "featx/experiment.h"
#include "tools/options.h"

typedef struct settings {
    fx_model_params model;
    char *dataset; // the one that --config names, or NULL
    bool has_features;
} settings;

// FX_ERROR_USAGE names the key (and the line of the file).
FX_MUST_CHECK fx_status settings_open(const options *options, settings *out, fx_error *error);
void settings_close(settings *settings);

// --config and --set on every arm.
FX_MUST_CHECK fx_status settings_apply_to_experiment(const options *options,
                                                     fx_experiment *experiment, fx_error *error);

// FX_ERROR_USAGE unless some features were named.
FX_MUST_CHECK fx_status settings_expect_features(const options *options, const settings *settings,
                                                 fx_error *error);
bool settings_use(const settings *settings, fx_feature feature);

// The tool's key tables over *model: `featx` knows those of descriptors, `classify` all.
const fx_section *settings_sections(const tool *tool, fx_model_params *model, size_t *count,
                                    void **whole);
// What the tool starts from.
fx_model_params settings_defaults(const tool *tool);
// All keys with value, range and help, a line each.
void settings_print_keys(const tool *tool, FILE *file);
// One key: "hog.orientations = 9", its help and range.
void print_key(FILE *file, const fx_section *section, const fx_param *param, const void *whole);
// "1 … 64", "none, l1, l2" or "true, false".
void describe_range(const fx_param *param, char *out, size_t size);
#endif
