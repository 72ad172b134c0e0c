// Experiments from YAML: what an arm inherits, what is refused and where.
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "featx/experiment.h"
#include "tests/support/folder.h"

TestSuite(experiment, .init = folder_enter, .fini = folder_leave);

// Loads an experiment from text, through spec.yaml.
static fx_status load(const char *text, fx_experiment *out, fx_error *error) {
    FILE *file = fopen("spec.yaml", "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
    return fx_experiment_load("spec.yaml", out, error);
}

static fx_experiment loaded(const char *text) {
    fx_experiment experiment;
    fx_error error = {0};
    cr_assert_eq(load(text, &experiment, &error), FX_OK, "%s", error.message);
    return experiment;
}

Test(experiment, arms_change_what_is_shared) {
    fx_experiment e = loaded("dataset: cifar10\n"
                             "seed: 4\n"
                             "train: {epochs: 7}\n"
                             "mlp: {hidden: [64], dropout: 0.25}\n"
                             "hog: {orientations: 12}\n"
                             "arms:\n"
                             "  - {features: [hog, color]}\n"
                             "  - {name: flat, features: raw, mlp: {hidden: []}, "
                             "augment: {flip: true}}\n");
    cr_assert_str_eq(e.dataset, "cifar10");
    cr_assert_eq(e.seed, 4);
    cr_assert(e.seeds.count == 1 && e.seeds.values[0] == 4);
    cr_assert_eq(e.arm_count, 2);
    const fx_model_params *first = &e.arms[0].params, *second = &e.arms[1].params;
    cr_assert_str_eq(e.arms[0].name, "hog+color");
    cr_assert_str_eq(e.arms[1].name, "flat");
    cr_assert_eq(first->train.epochs, 7);
    cr_assert_eq(second->train.epochs, 7);
    cr_assert(first->mlp.hidden.count == 1 && first->mlp.hidden.values[0] == 64);
    cr_assert_eq(second->mlp.hidden.count, 0);
    cr_assert_eq(second->mlp.dropout, 0.25F);
    cr_assert_eq(first->descriptor.hog.orientations, 12);
    cr_assert(first->descriptor.features.count == 2 &&
              first->descriptor.features.values[0] == FX_FEATURE_HOG &&
              first->descriptor.features.values[1] == FX_FEATURE_COLOR);
    cr_assert(second->augment.flip && !first->augment.flip);
    fx_experiment_destroy(&e);
}

Test(experiment, without_arms_the_shared_settings_are_the_arm) {
    fx_experiment e = loaded("features: hog\nseeds: [3, 1]\n");
    cr_assert_str_eq(e.dataset, "shapes");
    cr_assert_eq(e.seed, 1);
    cr_assert(e.seeds.count == 2 && e.seeds.values[0] == 3);
    cr_assert_eq(e.arm_count, 1);
    cr_assert_str_eq(e.arms[0].name, "hog");
    fx_experiment_destroy(&e);
    e = loaded("");
    cr_assert_str_eq(e.arms[0].name, "raw");
    fx_experiment_destroy(&e);
}

Test(experiment, built_in_is_the_recipe) {
    fx_experiment built_in, file;
    fx_error error = {0};
    cr_assert_eq(fx_experiment_defaults(&built_in, &error), FX_OK, "%s", error.message);
    cr_assert_eq(fx_experiment_load(FX_SOURCE_DIR "/datasets/recipes/shapes.yaml", &file, &error),
                 FX_OK, "%s", error.message);
    cr_assert_str_eq(built_in.dataset, "shapes");
    cr_assert_eq(built_in.arm_count, 6);
    cr_assert_eq(file.arm_count, 6);
    for (size_t i = 0; i < file.arm_count; ++i) {
        cr_assert_str_eq(built_in.arms[i].name, file.arms[i].name);
        cr_assert_eq(built_in.arms[i].params.descriptor.features.count,
                     file.arms[i].params.descriptor.features.count);
    }
    fx_experiment_destroy(&built_in);
    fx_experiment_destroy(&file);
}

Test(experiment, every_recipe_is_read) {
    static const struct {
        const char *name;
        size_t arms;
    } recipes[] = {{"cifar10", 6}, {"cifar10-quick", 6}, {"mnist", 4}, {"scene15", 5}};
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; ++i) {
        char path[512];
        snprintf(path, sizeof path, FX_SOURCE_DIR "/datasets/recipes/%s.yaml", recipes[i].name);
        fx_experiment e;
        fx_error error = {0};
        cr_assert_eq(fx_experiment_load(path, &e, &error), FX_OK, "%s", error.message);
        cr_assert_eq(e.arm_count, recipes[i].arms);
        fx_experiment_destroy(&e);
    }
}

Test(experiment, what_is_wrong_is_named_with_its_line) {
    static const struct {
        const char *text, *message; // how it begins
    } cases[] = {
        {"seed: 1\ndatset: shapes\n", "spec.yaml:2: unknown key 'datset', did you mean 'dataset'?"},
        {"mpl: {hidden: [3]}\n", "spec.yaml:1: unknown key 'mpl', did you mean 'mlp'?"},
        {"train: {\n  epoch: 3}\n",
         "spec.yaml:2: unknown key 'train.epoch', did you mean 'train.epochs'?"},
        {"arms:\n  - {name: a}\n  - {nam: b}\n",
         "spec.yaml:3: unknown key 'nam', did you mean 'name'?"},
        {"arms:\n  - name: a\n    seed: 3\n", "spec.yaml:3: unknown key 'seed'"},
        {"arms:\n  - {name: a}\n\n  - {name: a}\n",
         "spec.yaml:4: a second arm is called 'a': give it another name"},
        {"arms:\n  - {features: hog}\n  - {features: hog, hog: {orientations: 5}}\n",
         "spec.yaml:3: a second arm is called 'hog': give it another name"},
        {"arms: []\n", "spec.yaml:1: arms: expected a list of 1 to 64 arms"},
        {"arms: {name: a}\n", "spec.yaml:1: arms: expected a list of 1 to 64 arms"},
        {"arms:\n  - 3\n", "spec.yaml:2: found no keys, expected 'key: value'"},
        {"arms:\n  - {name: ''}\n", "spec.yaml:2: name: expected 1 to 64 bytes of text"},
        {"\ndataset: [a]\n", "spec.yaml:2: dataset: expected a name or a path"},
        {"seeds: [1, 2, 1]\n", "spec.yaml: seeds: 1 stands there twice"},
        {"seed: x\n", "spec.yaml:1: seed: found 'x', expected an integer from 0 to 2147483647"},
        {"- a\n", "spec.yaml:1: found no keys, expected 'key: value'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        fx_experiment e;
        fx_error error = {0};
        cr_assert_eq(load(cases[i].text, &e, &error), FX_ERROR_USAGE, "%s", cases[i].text);
        cr_assert_eq(strncmp(error.message, cases[i].message, strlen(cases[i].message)), 0,
                     "found '%s', expected '%s'", error.message, cases[i].message);
    }
    fx_experiment e;
    fx_error error = {0};
    cr_assert_eq(load("arms: [\n", &e, &error), FX_ERROR_FORMAT);
    cr_assert_not_null(strstr(error.message, "spec.yaml:"), "%s", error.message);
    cr_assert_eq(fx_experiment_load("/nonexistent/x.yaml", &e, &error), FX_ERROR_IO);
}

Test(experiment, too_many_arms_are_refused) {
    char text[4096] = "arms:\n";
    for (int i = 0; i < 65; ++i) sprintf(text + strlen(text), "  - {name: a%d}\n", i);
    fx_experiment e;
    fx_error error = {0};
    cr_assert_eq(load(text, &e, &error), FX_ERROR_USAGE);
}

Test(experiment, set_reaches_every_arm) {
    fx_experiment e = loaded("arms: [{name: a}, {name: b, mlp: {hidden: [7]}}]\n");
    fx_error error = {0};
    cr_assert_eq(fx_experiment_set(&e, "mlp.hidden", "[5, 4]", &error), FX_OK);
    for (size_t i = 0; i < 2; ++i)
        cr_assert(e.arms[i].params.mlp.hidden.count == 2 &&
                  e.arms[i].params.mlp.hidden.values[1] == 4);
    cr_assert_eq(fx_experiment_set(&e, "seeds", "[5, 6]", &error), FX_OK);
    cr_assert(e.seeds.count == 2 && e.seed == 1);
    cr_assert_eq(fx_experiment_set(&e, "seed", "8", &error), FX_OK);
    cr_assert(e.seeds.count == 1 && e.seeds.values[0] == 8 && e.seed == 8);
    cr_assert_eq(fx_experiment_set(&e, "dataset", "mnist", &error), FX_OK);
    cr_assert_str_eq(e.dataset, "mnist");
    cr_assert_eq(fx_experiment_set(&e, "dataset", "", &error), FX_ERROR_USAGE);
    cr_assert_eq(fx_experiment_set(&e, "seeds", "[5, 5]", &error), FX_ERROR_USAGE);
    cr_assert_eq(fx_experiment_set(&e, "mlp.hiden", "[5]", &error), FX_ERROR_USAGE);
    cr_assert_not_null(strstr(error.message, "mlp.hidden"), "%s", error.message);
    fx_experiment_destroy(&e);
}
