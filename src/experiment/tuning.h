// Search for hyper-parameters: seeded random search with successive halving, on validation alone.
#ifndef FEATX_EXPERIMENT_TUNING_H
#define FEATX_EXPERIMENT_TUNING_H

#include "featx/model.h"
#include "src/base/text.h"

enum { FX__SPACE_MAX = 32, FX__RUNGS_MAX = 10 };

// One key of the space: one of values[count], or a number between low and high.
typedef struct fx_dimension {
    char *key;
    size_t count;
    char **values; // as they would be given to --set
    bool logarithmic, whole;
    double low, high;
} fx_dimension;

typedef struct fx_space {
    fx_model_params fixed; // what is not searched
    char *dataset;         // or NULL
    bool has_features;     // that the file names
    int trials, factor, rungs;
    size_t count;
    fx_dimension dimensions[FX__SPACE_MAX];
} fx_space;

// From YAML: `dataset`, `seed`, `features` and the sections of fx_model_sections, as in --config;
// search: {trials, factor, rungs}; and space: {key: [value, …] | {uniform: [low, high]} |
// {log: [low, high]}}. Every value is checked. FX_ERROR_USAGE, FX_ERROR_FORMAT, FX_ERROR_IO.
FX_MUST_CHECK fx_status fx__space_load(const char *path, fx_space *out, fx_error *error);
void fx__space_destroy(fx_space *space);

// What one training measured; accuracy is NaN where there was none.
typedef struct fx_trial_score {
    double accuracy, loss, seconds;
} fx_trial_score;

typedef struct fx_tuning {
    const fx_space *space;
    int epochs[FX__RUNGS_MAX]; // of each rung
    char ***values;            // [trials][dimensions]
    fx_trial_score *scores;    // [trials, rungs]
    int best;                  // trial
    fx_model_params params;    // its parameters, with the epochs of the last rung
} fx_tuning;

// folder NULL: nothing is written. Else trials.csv, a row a trial, and search.json, with which
// `resume` does not repeat a training, are written whole after each one.
FX_MUST_CHECK fx_status fx__tune(const fx_space *space, const fx_model_data *data,
                                 const fx_model_options *options, const char *folder,
                                 fx_tuning *out, fx_error *error);
void fx__tuning_destroy(fx_tuning *tuning);

// The best trial's settings as --config reads them. Of `rows` nothing is said of descriptors.
FX_MUST_CHECK fx_status fx__tuning_yaml(const fx_tuning *tuning, const char *dataset, bool rows,
                                        fx_text *out, fx_error *error);
#endif
