// Data sets: the storage behind them, splits by class, and loading by name or path.
//
// A split in memory is one block of pixels; a split of files is a list of paths, decoded one by one
// as they are asked for. A stratified split shuffles the samples of class c with the generator
// (seed, FX_RNG_SPLIT, 0, c) and takes the first of them, so that it depends on nothing else.
#include "featx/dataset.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "datasets/dataset_state.h"
#include "featx/rng.h"
#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/base/params.h"
#include "src/base/text.h"

static fx_status memory_get(const void *self, size_t index, fx_image *out, fx_error *error) {
    const fx_split_storage *split = self;
    assert(index < split->count);
    FX__TRY(fx_image_reserve(out, split->width, split->height, split->channels, error));
    size_t bytes = (size_t)split->width * (size_t)split->height * (size_t)split->channels;
    memcpy(out->pixels, split->pixels + index * bytes, bytes);
    return FX_OK;
}

static fx_status memory_probe(const void *self, size_t index, fx_image *out, fx_error *error) {
    const fx_split_storage *split = self;
    assert(index < split->count);
    (void)index;
    (void)error;
    out->width = split->width;
    out->height = split->height;
    out->channels = split->channels;
    return FX_OK;
}

static void memory_name(const void *self, size_t index, char *out, size_t size) {
    const fx_split_storage *split = self;
    size_t part = split->part_count - 1;
    while (part > 0 && split->parts[part].first > index) part--;
    snprintf(out, size, "%s[%zu]", split->parts[part].name, index - split->parts[part].first);
}

static fx_split published_split(const fx_split_storage *split) {
    fx_split out = {.labels = split->labels};
    if (split->paths)
        out.images = fx_image_source_files((const char *const *)split->paths, split->count);
    else
        out.images = (fx_image_source){split, split->count, memory_get, memory_probe, memory_name};
    return out;
}

fx_status fx__storage_create(const char *name, fx_dataset_storage **out, fx_error *error) {
    fx_dataset_storage *storage;
    FX__TRY(fx__allocate(1, sizeof *storage, &storage, error));
    fx_status status = fx__duplicate(name, &storage->name, error);
    if (status != FX_OK) {
        free(storage);
        return status;
    }
    *out = storage;
    return FX_OK;
}

void fx__storage_destroy(fx_dataset_storage *storage) {
    if (!storage) return;
    for (int s = 0; s < FX_SPLITS; s++) {
        fx_split_storage *split = &storage->splits[s];
        for (size_t i = 0; i < split->part_count; i++) free(split->parts[i].name);
        if (split->paths) fx__names_destroy(split->paths, split->count);
        free(split->parts);
        free(split->pixels);
        free(split->labels);
    }
    fx__names_destroy(storage->class_names, (size_t)storage->classes);
    free(storage->name);
    free(storage);
}

static void destroy_owner(void *owner) {
    fx__storage_destroy(owner);
}

void fx__storage_publish(fx_dataset_storage *storage, fx_dataset *out) {
    *out = (fx_dataset){
        .name = storage->name,
        .classes = storage->classes,
        .class_names = (const char *const *)storage->class_names,
        .train = published_split(&storage->splits[FX_TRAIN]),
        .validation = published_split(&storage->splits[FX_VALIDATION]),
        .test = published_split(&storage->splits[FX_TEST]),
        .ignored = storage->ignored,
        .owner = storage,
        .destroy_owner = destroy_owner,
    };
}

void fx_dataset_destroy(fx_dataset *dataset) {
    if (!dataset) return;
    if (dataset->destroy_owner) dataset->destroy_owner(dataset->owner);
    *dataset = (fx_dataset){0};
}

fx_status fx__storage_add_class(fx_dataset_storage *storage, const char *name, fx_error *error) {
    size_t classes = (size_t)storage->classes;
    FX__TRY(fx__grow(&storage->class_names, &storage->class_capacity, classes + 1,
                     sizeof *storage->class_names, error));
    FX__TRY(fx__duplicate(name, &storage->class_names[classes], error));
    storage->classes++;
    return FX_OK;
}

fx_status fx__split_add_part(fx_split_storage *split, const char *name, size_t first,
                             fx_error *error) {
    FX__TRY(fx__grow(&split->parts, &split->part_capacity, split->part_count + 1,
                     sizeof *split->parts, error));
    FX__TRY(fx__duplicate(name, &split->parts[split->part_count].name, error));
    split->parts[split->part_count++].first = first;
    return FX_OK;
}

fx_status fx__split_add_file(fx_split_storage *split, const char *path, int label,
                             fx_error *error) {
    if (split->count == UINT32_MAX) // indices of splits and shuffles have 32 bits
        return fx_error_set(error, FX_ERROR_DATA, "%s: more than %zu files", path, split->count);
    FX__TRY(fx__grow(&split->paths, &split->path_capacity, split->count + 1, sizeof *split->paths,
                     error));
    FX__TRY(fx__grow(&split->labels, &split->label_capacity, split->count + 1,
                     sizeof *split->labels, error));
    FX__TRY(fx__duplicate(path, &split->paths[split->count], error));
    split->labels[split->count++] = label;
    return FX_OK;
}

fx_status fx__split_by_counts(const int *labels, size_t count, int classes, const size_t *take,
                              uint64_t seed, uint32_t **first, size_t *first_count,
                              uint32_t **second, size_t *second_count, fx_error *error) {
    *first = *second = NULL;
    *first_count = *second_count = 0;
    fx_status status = FX_OK;
    uint32_t *members = NULL; // sorted by class
    size_t *begin = NULL;     // of class c in members
    bool *taken = NULL;
    FX__TRY_GOTO(fx__allocate(count, sizeof **first, first, error));
    FX__TRY_GOTO(fx__allocate(count, sizeof **second, second, error));
    FX__TRY_GOTO(fx__allocate(count, sizeof *members, &members, error));
    FX__TRY_GOTO(fx__allocate((size_t)classes + 2, sizeof *begin, &begin, error));
    FX__TRY_GOTO(fx__allocate(count, sizeof *taken, &taken, error));
    for (size_t i = 0; i < count; i++) begin[labels[i] + 2]++;
    for (int c = 0; c < classes; c++) begin[c + 2] += begin[c + 1];
    for (size_t i = 0; i < count; i++) members[begin[labels[i] + 1]++] = (uint32_t)i;
    for (int c = 0; c < classes; c++) {
        uint32_t *own = members + begin[c];
        size_t n = begin[c + 1] - begin[c];
        fx_rng rng = fx_rng_at(seed, FX_RNG_SPLIT, 0, (uint64_t)c);
        fx_rng_shuffle(&rng, own, n);
        for (size_t i = 0; i < n && i < take[c]; i++) taken[own[i]] = true;
    }
    for (size_t i = 0; i < count; i++) {
        if (taken[i])
            (*first)[(*first_count)++] = (uint32_t)i;
        else
            (*second)[(*second_count)++] = (uint32_t)i;
    }
done:
    free(members);
    free(begin);
    free(taken);
    if (status != FX_OK) {
        free(*first);
        free(*second);
        *first = *second = NULL;
    }
    return status;
}

fx_status fx_stratified_split(const int *labels, size_t count, int classes, double fraction,
                              uint64_t seed, uint32_t **first, size_t *first_count,
                              uint32_t **second, size_t *second_count, fx_error *error) {
    *first = *second = NULL;
    *first_count = *second_count = 0;
    if (!(fraction >= 0 && fraction <= 1))
        return fx_error_set(error, FX_ERROR_USAGE, "a fraction of %g, expected 0 … 1", fraction);
    if (classes < 1 || count > UINT32_MAX)
        return fx_error_set(error, FX_ERROR_DATA, "%d classes, %zu samples: cannot be split",
                            classes, count);
    size_t *take;
    FX__TRY(fx__allocate((size_t)classes, sizeof *take, &take, error));
    fx_status status = FX_OK;
    for (size_t i = 0; i < count; i++) {
        if (labels[i] < 0 || labels[i] >= classes) {
            status = fx_error_set(error, FX_ERROR_DATA, "sample %zu: label %d, expected 0 … %d", i,
                                  labels[i], classes - 1);
            goto done;
        }
        take[labels[i]]++;
    }
    for (int c = 0; c < classes; c++) {
        size_t n = take[c];
        take[c] = (size_t)lround((double)n * fraction);
        if (n >= 2 && fraction > 0 && take[c] == 0) take[c] = 1;
        if (n >= 2 && fraction < 1 && take[c] == n) take[c] = n - 1;
    }
    status = fx__split_by_counts(labels, count, classes, take, seed, first, first_count, second,
                                 second_count, error);
done:
    free(take);
    return status;
}

const char *fx__format_name(fx_dataset_format format) {
    static const char *const names[] = {
        [FX_FORMAT_DETECT] = "unknown",    [FX_FORMAT_CIFAR10] = "cifar10",
        [FX_FORMAT_CIFAR100] = "cifar100", [FX_FORMAT_IDX] = "idx",
        [FX_FORMAT_FOLDER] = "folder",
    };
    return names[format];
}

static bool keep_tell_tale(const char *name) {
    return strcmp(name, "test_batch.bin") == 0 || strncmp(name, "data_batch_", 11) == 0 ||
           strcmp(name, "train.bin") == 0 || strcmp(name, "test.bin") == 0 ||
           fx__idx_is_images(name);
}

// By the names of the files that lie there.
static fx_status detect_format(const char *folder, fx_dataset_format *out, fx_error *error) {
    char **names;
    size_t count;
    FX__TRY(fx__folder_names(folder, keep_tell_tale, &names, &count, error));
    *out = FX_FORMAT_FOLDER;
    for (size_t i = 0; i < count; i++) {
        if (strstr(names[i], "_batch"))
            *out = FX_FORMAT_CIFAR10;
        else if (fx__idx_is_images(names[i]))
            *out = FX_FORMAT_IDX;
        else
            *out = FX_FORMAT_CIFAR100;
    }
    fx__names_destroy(names, count);
    return FX_OK;
}

static fx_status load_folder(const char *name, const char *folder, const fx_catalog_entry *entry,
                             uint64_t seed, fx_dataset *out, fx_error *error) {
    fx_dataset_format format;
    FX__TRY(detect_format(folder, &format, error));
    if (entry->format != FX_FORMAT_DETECT && entry->format != format) {
        // An empty or foreign folder is "an image folder" by default: let its own loader say what
        // it misses.
        if (format != FX_FORMAT_FOLDER)
            return fx_error_set(error, FX_ERROR_FORMAT, "%s: found %s files, expected %s", folder,
                                fx__format_name(format), fx__format_name(entry->format));
        format = entry->format;
    }
    if (entry->labels_given && format != FX_FORMAT_CIFAR100)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "labels: %s is of the format %s; only cifar100 has fine and coarse "
                            "labels",
                            name, fx__format_name(format));
    fx_dataset_storage *storage;
    FX__TRY(fx__storage_create(name, &storage, error));
    fx_status status;
    if (format == FX_FORMAT_IDX)
        status = fx__idx_load(folder, entry, storage, error);
    else if (format == FX_FORMAT_FOLDER)
        status = fx__image_folder_load(folder, entry, seed, storage, error);
    else
        status = fx__cifar_load(folder, entry, format, storage, error);
    if (status == FX_OK)
        fx__storage_publish(storage, out);
    else
        fx__storage_destroy(storage);
    return status;
}

static fx_status unknown_name(const char *name, const char *const *catalog_folders,
                              fx_error *error) {
    char **names;
    size_t count;
    FX__TRY(fx__catalog_names(catalog_folders, &names, &count, error));
    fx_text list = {0};
    fx_status status = FX_OK;
    const char *nearest = fx__nearest_name(name, (const char *const *)names, count);
    if (!nearest && fx__nearest_name(name, &(const char *){"shapes"}, 1)) nearest = "shapes";
    FX__TRY_GOTO(fx__text_printf(&list, error, "shapes"));
    for (size_t i = 0; i < count; i++)
        FX__TRY_GOTO(fx__text_printf(&list, error, ", %s", names[i]));
    status = fx_error_set(error, FX_ERROR_USAGE,
                          "%s: no data set and no folder of this name%s%s%s; expected a path or "
                          "one of %s",
                          name, nearest ? " (did you mean " : "", nearest ? nearest : "",
                          nearest ? "?)" : "", list.data);
done:
    fx__text_destroy(&list);
    fx__names_destroy(names, count);
    return status;
}

// An entry of the catalog: its data lie in data_root/NAME, or in that of the entry it names.
static fx_status load_named(const char *name, const fx_catalog_entry *entry,
                            const fx_dataset_options *options, fx_dataset *out, fx_error *error) {
    const char *here = fx__is_folder(name) ? "; the folder of this name here is ./" : "";
    const char *here_name = *here ? name : "";
    if (!options->data_root)
        return fx_error_set(error, FX_ERROR_IO,
                            "%s: no folder of data sets is given, expected FEATX_DATA%s%s", name,
                            here, here_name);
    const char *data = entry->data ? entry->data : name;
    char *folder;
    FX__TRY(fx__path_join(options->data_root, data, &folder, error));
    fx_status status;
    if (!fx__is_folder(folder))
        status = fx_error_set(error, FX_ERROR_IO,
                              "%s: no such folder, expected the data set %s there: `./dev fetch "
                              "%s` gets it%s%s",
                              folder, data, data, here, here_name);
    else
        status = load_folder(name, folder, entry, options->seed, out, error);
    free(folder);
    return status;
}

static fx_status load_path(const char *path, const fx_catalog_entry *entry,
                           const fx_dataset_options *options, fx_dataset *out, fx_error *error) {
    struct stat info;
    if (stat(path, &info) != 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            return fx_error_set(error, FX_ERROR_IO, "%s: %s", path, strerror(errno));
        return unknown_name(path, options->catalog_folders, error);
    }
    if (!S_ISDIR(info.st_mode))
        return fx_error_set(error, FX_ERROR_DATA,
                            "%s: is a file, expected a folder (of images, CIFAR binary or IDX "
                            "files)",
                            path);
    return load_folder(path, path, entry, options->seed, out, error);
}

fx_status fx_dataset_load(const char *name, const fx_dataset_options *options, fx_dataset *out,
                          fx_error *error) {
    static const fx_dataset_options none = {0};
    if (!options) options = &none;
    *out = (fx_dataset){0};
    const char *labels = options->labels;
    if (labels && strcmp(labels, "fine") != 0 && strcmp(labels, "coarse") != 0)
        return fx_error_set(error, FX_ERROR_USAGE, "labels: %s, expected fine or coarse", labels);
    if (!(options->test_fraction >= 0 && options->test_fraction < 1))
        return fx_error_set(error, FX_ERROR_USAGE, "test_fraction: %g, expected 0 … below 1",
                            (double)options->test_fraction);
    if (strcmp(name, "shapes") == 0) return fx_shapes_create(options->seed, out, error);

    bool named = false, path = strchr(name, '/') || name[0] == '.' || name[0] == '\0';
    fx_catalog_entry entry = {0};
    if (!path) FX__TRY(fx__catalog_find(name, options->catalog_folders, &named, &entry, error));
    if (labels) {
        entry.labels_given = true;
        entry.coarse = strcmp(labels, "coarse") == 0;
    }
    if (options->test_fraction > 0) {
        entry.test_fraction = options->test_fraction;
        entry.train_per_class = 0;
    }
    fx_status status = named ? load_named(name, &entry, options, out, error)
                             : load_path(name, &entry, options, out, error);
    fx__catalog_entry_destroy(&entry);
    return status;
}
