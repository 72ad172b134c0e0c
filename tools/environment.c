// Paths from the environment and from where the executable lies.
#include "tools/environment.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/base/params.h"
#include "src/base/text.h"

enum { NAMES_MAX = 256 };

static fx_status data_root(char **out, fx_error *error) {
    const char *variables[] = {"FEATX_DATA", "XDG_DATA_HOME", "HOME"};
    const char *below[] = {"", "/featx", "/.local/share/featx"};
    fx_text text = {0};
    for (int i = 0; i < 3; i++) {
        const char *value = getenv(variables[i]);
        if (!value || !value[0]) continue;
        FX__TRY(fx__text_printf(&text, error, "%s%s", value, below[i]));
        *out = text.data;
        return FX_OK;
    }
    return fx__duplicate("featx-data", out, error); // no home: below the working directory
}

// Folder of the executable into out; empty where unknown.
static void executable_folder(const char *argv0, char out[PATH_MAX]) {
    ssize_t length = readlink("/proc/self/exe", out, PATH_MAX - 1);
    out[length > 0 ? length : 0] = '\0';
    if (length <= 0 && strchr(argv0, '/') && !realpath(argv0, out)) out[0] = '\0';
    char *slash = strrchr(out, '/');
    if (slash) *slash = '\0';
}

static void add_catalog_folder(environment *environment, const char *path) {
    char *folder = realpath(path, NULL);
    if (!folder) return;
    int i = 0;
    while (environment->catalog[i] && strcmp(environment->catalog[i], folder) != 0) i++;
    if (environment->catalog[i] || i == CATALOG_FOLDERS_MAX || !fx__is_folder(folder))
        free(folder);
    else
        environment->catalog[i] = folder;
}

fx_status environment_open(const char *argv0, environment *out, fx_error *error) {
    *out = (environment){0};
    FX__TRY(data_root(&out->data_root, error));
    char folder[PATH_MAX], path[PATH_MAX + 32];
    executable_folder(argv0, folder);
    static const char *const beside[] = {"/../share/featx/datasets", "/../datasets"};
    for (size_t i = 0; i < 2 && folder[0]; i++) {
        snprintf(path, sizeof path, "%s%s", folder, beside[i]);
        add_catalog_folder(out, path);
    }
    add_catalog_folder(out, FX_SOURCE_DATASETS);
    add_catalog_folder(out, FX_INSTALLED_DATASETS);
    return FX_OK;
}

void environment_destroy(environment *environment) {
    free(environment->data_root);
    for (int i = 0; i < CATALOG_FOLDERS_MAX; i++) free(environment->catalog[i]);
    *environment = (struct environment){0};
}

fx_dataset_options environment_dataset_options(const environment *environment, uint64_t seed) {
    return (fx_dataset_options){
        .data_root = environment->data_root,
        .catalog_folders = (const char *const *)environment->catalog,
        .seed = seed,
    };
}

bool environment_is_path(const char *path) {
    struct stat info;
    return stat(path, &info) == 0;
}

// The YAML files of a catalog's folders, without their ending.
typedef struct name_list {
    char names[NAMES_MAX][64];
    size_t count;
} name_list;

static int compare_names(const void *a, const void *b) {
    return strcmp(a, b);
}

static void list_names(const environment *environment, const char *below, name_list *out) {
    out->count = 0;
    for (int i = 0; environment->catalog[i]; i++) {
        char path[PATH_MAX + 32];
        snprintf(path, sizeof path, "%s%s", environment->catalog[i], below);
        DIR *folder = opendir(path);
        if (!folder) continue;
        for (struct dirent *entry; (entry = readdir(folder)) && out->count < NAMES_MAX;) {
            size_t length = strlen(entry->d_name);
            if (length < 6 || length > 68 || entry->d_name[0] == '.' ||
                strcmp(entry->d_name + length - 5, ".yaml") != 0)
                continue;
            snprintf(out->names[out->count++], sizeof out->names[0], "%.*s", (int)length - 5,
                     entry->d_name);
        }
        closedir(folder);
    }
    qsort(out->names, out->count, sizeof out->names[0], compare_names);
    size_t kept = 0; // folders may have the same names
    for (size_t i = 0; i < out->count; i++)
        if (kept == 0 || strcmp(out->names[i], out->names[kept - 1]) != 0)
            memmove(out->names[kept++], out->names[i], sizeof out->names[i]);
    out->count = kept;
}

bool environment_has_dataset(const environment *environment, const char *name) {
    if (strcmp(name, "shapes") == 0) return true;
    if (strchr(name, '/')) return false;
    for (int i = 0; environment->catalog[i]; i++) {
        char path[PATH_MAX];
        if (snprintf(path, sizeof path, "%s/%s.yaml", environment->catalog[i], name) <
                (int)sizeof path &&
            fx__is_file(path))
            return true;
    }
    return false;
}

const char *environment_nearest_dataset(const environment *environment, const char *word) {
    static name_list list;
    list_names(environment, "", &list);
    if (list.count < NAMES_MAX) snprintf(list.names[list.count++], sizeof list.names[0], "shapes");
    const char *names[NAMES_MAX];
    for (size_t i = 0; i < list.count; i++) names[i] = list.names[i];
    return fx__nearest_name(word, names, list.count);
}

fx_status environment_find_recipe(const environment *environment, const char *name, char **out,
                                  fx_error *error) {
    if (environment_is_path(name) || strchr(name, '/')) return fx__duplicate(name, out, error);
    for (int i = 0; environment->catalog[i]; i++) {
        char path[PATH_MAX];
        if (snprintf(path, sizeof path, "%s/recipes/%s.yaml", environment->catalog[i], name) <
                (int)sizeof path &&
            fx__is_file(path))
            return fx__duplicate(path, out, error);
    }
    name_list list;
    list_names(environment, "/recipes", &list);
    char known[300] = "";
    size_t used = 0;
    for (size_t i = 0; i < list.count && used + 80 < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                                 list.names[i]);
    return fx_error_set(error, FX_ERROR_USAGE, "%s: no such file or recipe%s%s", name,
                        list.count ? "; the recipes are " : "", known);
}
