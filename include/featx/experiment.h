// An experiment: one data set, several arms, each trained and tested alike, and compared in pairs.
#ifndef FEATX_EXPERIMENT_H
#define FEATX_EXPERIMENT_H

#include "featx/disturbance.h"
#include "featx/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fx_arm {
    char *name;
    fx_model_params params;
} fx_arm;

typedef struct fx_experiment {
    char *dataset;     // name or path; "shapes" where the file names none
    int seed;          // of what is drawn of the data set (shapes, splits); 1 where not given
    fx_int_list seeds; // each arm is trained once a seed; [seed] where not given
    size_t arm_count;
    fx_arm *arms;        // [arm_count]
    int robustness;      // test images on which arms are tried with disturbances; 0: none
    int data_efficiency; // arms are also trained on 1/4, 1/16, … of the training images, so often
} fx_experiment;

// The built-in comparison: datasets/recipes/shapes.yaml, which is compiled in.
FX_MUST_CHECK fx_status fx_experiment_defaults(fx_experiment *out, fx_error *error);
// From YAML: dataset, seed, seeds, robustness (500 where not given), data_efficiency (2), arms and,
// on both levels, `features` and the sections of fx_model_sections. An arm has what the shared
// settings say, changed by its own; its name is that of its features unless given. Without `arms`
// the shared settings are the only arm. Unknown keys are errors that name the line and the nearest
// known key. At most 64 arms.
FX_MUST_CHECK fx_status fx_experiment_load(const char *path, fx_experiment *out, fx_error *error);
// section.key=value on every arm; also dataset, seed (which makes it the only one of seeds), seeds,
// robustness, data_efficiency.
FX_MUST_CHECK fx_status fx_experiment_set(fx_experiment *experiment, const char *key,
                                          const char *value, fx_error *error);
void fx_experiment_destroy(fx_experiment *experiment);

// A paired comparison of arms a and b on the same test images (those that every arm could read),
// over all seeds.
typedef struct fx_pair {
    size_t a, b;
    uint64_t only_a, only_b; // test predictions right in one only, summed over the seeds
    double difference;       // accuracy of a minus that of b, mean over the seeds
    double ci95[2];          // of the difference: bootstrap over test images
    double p;                // exact McNemar on the first seed, Holm-corrected over all pairs
} fx_pair;

// Accuracy under disturbances of rising strength, of the models of the first seed. Level 0 is the
// image as it is.
enum { FX_ROBUSTNESS_LEVELS = 4 };
double fx_robustness_strength(fx_disturbance disturbance, int level);
typedef struct fx_robustness {
    size_t images;    // test images, the same for all, drawn by class; 0 where not asked for
    double *accuracy; // [arms, FX_DISTURBANCES, FX_ROBUSTNESS_LEVELS]
} fx_robustness;

// Test accuracy by the number of training images (of which the validation samples are part), of the
// first seed.
typedef struct fx_efficiency {
    size_t steps;     // 0 where not asked for, or where a quarter is less than 10 images a class
    size_t *images;   // [steps], rising; the last is all
    double *accuracy; // [arms, steps]
} fx_efficiency;

typedef struct fx_comparison {
    const fx_experiment *experiment; // lent
    const fx_dataset *dataset;       // lent
    size_t arm_count, seed_count;
    fx_result *results; // [arm_count, seed_count]
    fx_model **models;  // [arm_count], of the first seed
    size_t pair_count;
    fx_pair *pairs;     // [pair_count], a < b
    char **class_names; // [classes]
    int classes;
    fx_robustness robustness;
    fx_efficiency efficiency;
    double gemm_rate; // FLOP/s, measured in this run; 0 where not
    double seconds;
} fx_comparison;

// options->checkpoint is a folder here (NULL: none), which is made. It holds, under names that
// stand for all that the training of an arm depends on, the trainings that have ended and the state
// of the one under way. With options->resume the former are not done again and the latter goes on;
// arms that were changed in between are trained anew. The files stay until
// fx_experiment_remove_checkpoints.
FX_MUST_CHECK fx_status fx_experiment_run(const fx_experiment *experiment,
                                          const fx_dataset *dataset,
                                          const fx_model_options *options, fx_comparison *out,
                                          fx_error *error);
// Removes those files and, where nothing else is in it, the folder.
void fx_experiment_remove_checkpoints(const char *folder);
void fx_comparison_destroy(fx_comparison *comparison);

#ifdef __cplusplus
}
#endif
#endif
