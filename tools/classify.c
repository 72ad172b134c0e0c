// classify: one MLP on descriptors or on raw pixels.
#include "tools/tool.h"

int main(int argc, char **argv) {
    static const command commands[] = {
        {"train", COMMAND_TRAIN, "(--features NAME[,NAME] | --raw) [DATASET] [-o MODEL]",
         "Trains and tests a classifier. DATASET: shapes (built in, the default), the name of a "
         "data set,\n        a folder of images, CIFAR or IDX files, or X.npy of featx.",
         run_train},
        {"predict", COMMAND_PREDICT, "MODEL INPUT... [--top K] [--csv]",
         "Classes of image files, folders, or - (one image on standard input).", run_predict},
        {"eval", COMMAND_EVAL, "MODEL DATASET", "Tests a model on a data set.", run_eval},
        {"compare", COMMAND_COMPARE, "[EXPERIMENT.yaml] [-o FOLDER] [--format md]",
         "Trains and compares the arms of an experiment; hand-crafted features against raw "
         "pixels by\n        default. EXPERIMENT may be the name of a recipe. It has what --config "
         "takes, for all arms;\n        dataset, seeds: [N, ...], robustness: IMAGES, "
         "data_efficiency: QUARTERINGS; and\n        arms: [{name: NAME, what is its own}, ...]. "
         "See datasets/recipes/.",
         run_compare},
        {"search", COMMAND_TUNE, "SPACE.yaml [DATASET] [-o FOLDER]",
         "Searches hyper-parameters at random, by validation accuracy, and prints the best as "
         "YAML.\n        SPACE.yaml has what --config takes; dataset, seed, search: {trials: 27, "
         "factor: 3, rungs: 3}\n        (one trial in 3 goes on, to 3 times the epochs, twice); "
         "and "
         "space: {KEY: [VALUE, ...] |\n        {uniform: [LOW, HIGH]} | {log: [LOW, HIGH]}, ...}.",
         run_tune},
    };
    static const tool classify = {"classify", commands, sizeof commands / sizeof *commands, false};
    return tool_main(&classify, argc, argv);
}
