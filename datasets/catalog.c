// The catalog: one NAME.yaml a data set.
//
//     title: …                     what it is, in a line
//     format: cifar10              cifar10, cifar100, idx, folder
//     classes: [airplane, …]       names of labels 0, 1, …; of a folder: in place of numbered names
//     labels: fine                 cifar100: fine, coarse
//     data: NAME                   another entry whose data this one reads, with other labels or
//                                  another split
//     split: given                 or {train_per_class: 30}, or {test_fraction: 0.2}
//     homepage: …  citation: …  licence: …
//     fetch:                       what datasets/fetch.sh downloads, each checked where a sum is
//     known
//       - url: …
//         mirror: …
//         sha256: …                or md5: …
//     convert: stl10               what fetch.sh makes of it: none, caltech101, gtsrb, stl10
//
// Unknown keys are errors. `fetch` and `convert` are the script's: here they are only checked.
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/dataset_state.h"
#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/base/params.h"
#include "src/base/text.h"

fx_status fx__path_join(const char *folder, const char *name, char **out, fx_error *error) {
    fx_text text = {0};
    size_t length = strlen(folder);
    const char *slash = length > 0 && folder[length - 1] == '/' ? "" : "/";
    fx_status status = fx__text_printf(&text, error, "%s%s%s", folder, slash, name);
    if (status != FX_OK) fx__text_destroy(&text);
    *out = text.data;
    return status;
}

void fx__names_destroy(char **names, size_t count) {
    if (!names) return;
    for (size_t i = 0; i < count; i++) free(names[i]);
    free(names);
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

fx_status fx__folder_names(const char *path, bool (*keep)(const char *name), char ***out,
                           size_t *count, fx_error *error) {
    *out = NULL;
    *count = 0;
    DIR *folder = opendir(path);
    if (!folder)
        return fx_error_set(error, FX_ERROR_IO, "%s: cannot open the folder: %s", path,
                            strerror(errno));
    fx_status status = FX_OK;
    size_t capacity = 0;
    for (;;) {
        errno = 0;
        struct dirent *item = readdir(folder);
        if (!item) break;
        const char *name = item->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || !keep(name)) continue;
        FX__TRY_GOTO(fx__grow(out, &capacity, *count + 1, sizeof **out, error));
        FX__TRY_GOTO(fx__duplicate(name, &(*out)[*count], error));
        ++*count;
    }
    if (errno != 0)
        status = fx_error_set(error, FX_ERROR_IO, "%s: cannot read the folder: %s", path,
                              strerror(errno));
done:
    closedir(folder);
    if (status != FX_OK) {
        fx__names_destroy(*out, *count);
        *out = NULL;
        *count = 0;
    }
    if (*count > 1) qsort(*out, *count, sizeof **out, compare_names);
    return status;
}

static bool keep_yaml(const char *name) {
    size_t length = strlen(name);
    return name[0] != '.' && length > 5 && strcmp(name + length - 5, ".yaml") == 0;
}

fx_status fx__catalog_names(const char *const *folders, char ***out, size_t *count,
                            fx_error *error) {
    *out = NULL;
    *count = 0;
    size_t capacity = 0;
    for (; folders && *folders; folders++) {
        char **names;
        size_t found;
        if (!fx__is_folder(*folders)) continue;
        FX__TRY(fx__folder_names(*folders, keep_yaml, &names, &found, error));
        fx_status status = fx__grow(out, &capacity, *count + found, sizeof **out, error);
        if (status != FX_OK) {
            fx__names_destroy(names, found);
            fx__names_destroy(*out, *count);
            *out = NULL;
            return status;
        }
        for (size_t i = 0; i < found; i++) {
            names[i][strlen(names[i]) - 5] = '\0';
            (*out)[(*count)++] = names[i];
        }
        free(names);
    }
    if (*count > 1) qsort(*out, *count, sizeof **out, compare_names);
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        if (kept > 0 && strcmp((*out)[kept - 1], (*out)[i]) == 0)
            free((*out)[i]);
        else
            (*out)[kept++] = (*out)[i];
    }
    *count = kept;
    return FX_OK;
}

static const char *const KEYS[] = {"title",    "format",  "classes", "labels",  "split", "homepage",
                                   "citation", "licence", "fetch",   "convert", "data"};
static const char *const SPLIT_KEYS[] = {"train_per_class", "test_fraction"};
static const char *const FETCH_KEYS[] = {"url", "mirror", "sha256", "md5"};

static fx_status check_keys(const fx_yaml *mapping, const char *path, const char *const *keys,
                            size_t count, fx_error *error) {
    for (size_t i = 0; i < mapping->count; i++) {
        const fx_yaml *item = &mapping->items[i];
        bool known = false;
        for (size_t k = 0; k < count; k++) known = known || strcmp(item->key, keys[k]) == 0;
        if (known) continue;
        const char *nearest = fx__nearest_name(item->key, keys, count);
        return fx_error_set(error, FX_ERROR_USAGE, "%s:%d: unknown key %s%s%s%s", path, item->line,
                            item->key, nearest ? ", did you mean " : "", nearest ? nearest : "",
                            nearest ? "?" : "");
    }
    return FX_OK;
}

static fx_status bad_value(const char *path, const fx_yaml *item, const char *expected,
                           fx_error *error) {
    return fx_error_set(error, FX_ERROR_USAGE, "%s:%d: %s: %s, expected %s", path, item->line,
                        item->key,
                        item->kind == FX_YAML_SCALAR     ? item->text
                        : item->kind == FX_YAML_SEQUENCE ? "a list"
                                                         : "a mapping",
                        expected);
}

// Index of the item's text in choices[count].
static fx_status read_choice(const char *path, const fx_yaml *item, const char *const *choices,
                             size_t count, const char *expected, size_t *out, fx_error *error) {
    for (size_t i = 0; item->kind == FX_YAML_SCALAR && i < count; i++) {
        if (strcmp(item->text, choices[i]) == 0) {
            *out = i;
            return FX_OK;
        }
    }
    return bad_value(path, item, expected, error);
}

static fx_status read_split(const char *path, const fx_yaml *item, fx_catalog_entry *out,
                            fx_error *error) {
    size_t choice;
    if (item->kind != FX_YAML_MAPPING)
        return read_choice(path, item, &(const char *){"given"}, 1,
                           "given, {train_per_class: N} or {test_fraction: F}", &choice, error);
    FX__TRY(check_keys(item, path, SPLIT_KEYS, sizeof SPLIT_KEYS / sizeof *SPLIT_KEYS, error));
    if (item->count != 1)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "%s:%d: split: %zu keys, expected one of train_per_class, "
                            "test_fraction",
                            path, item->line, item->count);
    const fx_yaml *rule = &item->items[0];
    long long number = 0;
    double fraction = 0;
    if (strcmp(rule->key, "train_per_class") == 0) {
        if (rule->kind != FX_YAML_SCALAR || !fx__parse_int(rule->text, 1, 1000000000, &number))
            return bad_value(path, rule, "a count from 1 on", error);
        out->train_per_class = (int)number;
    } else {
        if (rule->kind != FX_YAML_SCALAR || !fx__parse_float(rule->text, &fraction) ||
            !(fraction > 0 && fraction < 1))
            return bad_value(path, rule, "a number between 0 and 1", error);
        out->test_fraction = (float)fraction;
    }
    return FX_OK;
}

static fx_status read_entry(const char *path, const fx_yaml *tree, fx_catalog_entry *out,
                            fx_error *error) {
    static const char *const formats[] = {"cifar10", "cifar100", "idx", "folder"};
    static const char *const labels[] = {"fine", "coarse"};
    static const char *const conversions[] = {"none", "caltech101", "gtsrb", "stl10"};
    if (tree->kind != FX_YAML_MAPPING)
        return fx_error_set(error, FX_ERROR_FORMAT, "%s:%d: expected a mapping", path, tree->line);
    FX__TRY(check_keys(tree, path, KEYS, sizeof KEYS / sizeof *KEYS, error));
    const fx_yaml *item = fx__yaml_get(tree, "format");
    size_t choice = 0;
    if (!item) return fx_error_set(error, FX_ERROR_FORMAT, "%s: the key format is missing", path);
    FX__TRY(
        read_choice(path, item, formats, 4, "cifar10, cifar100, idx or folder", &choice, error));
    out->format = (fx_dataset_format)(FX_FORMAT_CIFAR10 + choice);
    if ((item = fx__yaml_get(tree, "labels"))) {
        FX__TRY(read_choice(path, item, labels, 2, "fine or coarse", &choice, error));
        out->coarse = choice == 1;
    }
    if ((item = fx__yaml_get(tree, "split"))) FX__TRY(read_split(path, item, out, error));
    if ((item = fx__yaml_get(tree, "data"))) {
        if (item->kind != FX_YAML_SCALAR || !item->text[0] || item->text[0] == '.' ||
            strchr(item->text, '/'))
            return bad_value(path, item, "the name of a data set", error);
        out->data = item->text;
    }
    if ((item = fx__yaml_get(tree, "convert")))
        FX__TRY(read_choice(path, item, conversions, 4, "none, caltech101, gtsrb or stl10", &choice,
                            error));
    if ((item = fx__yaml_get(tree, "classes"))) {
        if (item->kind != FX_YAML_SEQUENCE || item->count == 0)
            return bad_value(path, item, "a list of names", error);
        for (size_t i = 0; i < item->count; i++)
            if (item->items[i].kind != FX_YAML_SCALAR)
                return bad_value(path, item, "a list of names", error);
        out->classes = item;
    }
    if ((item = fx__yaml_get(tree, "fetch"))) {
        if (item->kind != FX_YAML_SEQUENCE) return bad_value(path, item, "a list", error);
        for (size_t i = 0; i < item->count; i++) {
            if (item->items[i].kind != FX_YAML_MAPPING)
                return bad_value(path, item, "a list of {url, mirror, sha256, md5}", error);
            FX__TRY(check_keys(&item->items[i], path, FETCH_KEYS,
                               sizeof FETCH_KEYS / sizeof *FETCH_KEYS, error));
        }
    }
    return FX_OK;
}

fx_status fx__catalog_find(const char *name, const char *const *folders, bool *found,
                           fx_catalog_entry *out, fx_error *error) {
    *found = false;
    *out = (fx_catalog_entry){0};
    fx_status status = FX_OK;
    char *path = NULL, *file = NULL;
    fx_text file_name = {0};
    FX__TRY(fx__text_printf(&file_name, error, "%s.yaml", name));
    file = file_name.data;
    for (; folders && *folders && !*found; folders++) {
        free(path);
        path = NULL;
        FX__TRY_GOTO(fx__path_join(*folders, file, &path, error));
        if (!fx__is_file(path)) continue;
        FX__TRY_GOTO(fx__yaml_load(path, &out->tree, error));
        FX__TRY_GOTO(read_entry(path, out->tree, out, error));
        *found = true;
    }
done:
    free(path);
    free(file);
    if (status != FX_OK) fx__catalog_entry_destroy(out);
    return status;
}

void fx__catalog_entry_destroy(fx_catalog_entry *entry) {
    if (!entry) return;
    fx__yaml_destroy(entry->tree);
    *entry = (fx_catalog_entry){0};
}
