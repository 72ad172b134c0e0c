// Where data sets and their descriptions lie.
#ifndef FEATX_TOOLS_ENVIRONMENT_H
#define FEATX_TOOLS_ENVIRONMENT_H

#include <stdbool.h>

#include "featx/dataset.h"

enum { CATALOG_FOLDERS_MAX = 4 };

typedef struct environment {
    char *data_root; // $FEATX_DATA, else $XDG_DATA_HOME/featx, else ~/.local/share/featx
    // Folders with data-set YAMLs and recipes/, NULL-terminated: beside the executable (build tree,
    // installation), the source, the installation.
    char *catalog[CATALOG_FOLDERS_MAX + 1];
} environment;

FX_MUST_CHECK fx_status environment_open(const char *argv0, environment *out, fx_error *error);
void environment_destroy(environment *environment);

// What fx_dataset_load needs; lends from the environment.
fx_dataset_options environment_dataset_options(const environment *environment, uint64_t seed);

bool environment_is_path(const char *path); // something is there
bool environment_has_dataset(const environment *environment, const char *name);
// The known data set whose name is nearest, or NULL. Lent until the next call.
const char *environment_nearest_dataset(const environment *environment, const char *word);

// Path of an experiment: `name` itself where such a file exists or it has a slash, else
// recipes/NAME.yaml of the catalog. FX_ERROR_USAGE lists the recipes. Free with free().
FX_MUST_CHECK fx_status environment_find_recipe(const environment *environment, const char *name,
                                                char **out, fx_error *error);
#endif
