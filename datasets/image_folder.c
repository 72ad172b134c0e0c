// Image folders: one folder a class, the images in it.
//
// With train/ or test/ (and val/) in it, each holds the class folders, and all hold the same
// classes. Otherwise the folder itself holds them, and each class is split by a seeded draw into
// training and test images. Classes and files stand in the order of strcmp. Links are followed.
// Dot-folders are passed over; dot-files, files whose names are not those of images, and folders
// inside class folders are passed over and counted. Nothing is decoded here.
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "datasets/dataset_state.h"
#include "src/base/file.h"
#include "src/base/memory.h"

typedef struct listing {
    char **folders, **images;
    size_t folder_count, image_count;
    size_t others; // files that are not images
} listing;

static void destroy_listing(listing *l) {
    fx__names_destroy(l->folders, l->folder_count);
    fx__names_destroy(l->images, l->image_count);
    *l = (listing){0};
}

static bool keep_all(const char *name) {
    (void)name;
    return true;
}

static fx_status list_folder(const char *path, listing *out, fx_error *error) {
    *out = (listing){0};
    char **names, *full = NULL;
    size_t count;
    FX__TRY(fx__folder_names(path, keep_all, &names, &count, error));
    fx_status status;
    FX__TRY_GOTO(fx__allocate(count, sizeof *out->folders, &out->folders, error));
    FX__TRY_GOTO(fx__allocate(count, sizeof *out->images, &out->images, error));
    for (size_t i = 0; i < count; i++) {
        free(full);
        full = NULL;
        FX__TRY_GOTO(fx__path_join(path, names[i], &full, error));
        bool hidden = names[i][0] == '.';
        if (fx__is_folder(full)) {
            if (hidden) continue;
            out->folders[out->folder_count++] = names[i];
        } else if (!hidden && fx_image_has_extension(names[i])) {
            out->images[out->image_count++] = names[i];
        } else {
            out->others++;
            continue;
        }
        names[i] = NULL; // handed over
    }
done:
    free(full);
    fx__names_destroy(names, count);
    if (status != FX_OK) destroy_listing(out);
    return status;
}

static fx_status add_class_folder(const char *parent, const char *name, int label,
                                  fx_split_storage *split, size_t *ignored, fx_error *error) {
    char *folder, *path = NULL;
    listing files = {0};
    FX__TRY(fx__path_join(parent, name, &folder, error));
    fx_status status;
    FX__TRY_GOTO(list_folder(folder, &files, error));
    if (files.image_count == 0) {
        status = fx_error_set(error, FX_ERROR_DATA,
                              "%s: no images in this class folder (%zu other files, %zu folders), "
                              "expected at least one",
                              folder, files.others, files.folder_count);
        goto done;
    }
    *ignored += files.others + files.folder_count;
    for (size_t i = 0; i < files.image_count; i++) {
        FX__TRY_GOTO(fx__path_join(folder, files.images[i], &path, error));
        FX__TRY_GOTO(fx__split_add_file(split, path, label, error));
        free(path);
        path = NULL;
    }
done:
    free(path);
    free(folder);
    destroy_listing(&files);
    return status;
}

static fx_status no_classes(const char *path, const listing *found, fx_error *error) {
    if (found->image_count > 0)
        return fx_error_set(error, FX_ERROR_DATA,
                            "%s: %zu images but no class folders, expected one folder a class",
                            path, found->image_count);
    return fx_error_set(error, FX_ERROR_DATA,
                        "%s: no images (%zu other files), expected one folder of images a class, "
                        "CIFAR binary files or IDX files",
                        path, found->others);
}

static fx_status check_same_classes(const fx_dataset_storage *storage, const char *first_split,
                                    const char *path, const listing *found, fx_error *error) {
    size_t a = 0, b = 0, classes = (size_t)storage->classes;
    while (a < classes || b < found->folder_count) {
        int order = a == classes               ? 1
                    : b == found->folder_count ? -1
                                               : strcmp(storage->class_names[a], found->folders[b]);
        if (order != 0)
            return fx_error_set(error, FX_ERROR_DATA,
                                order < 0 ? "%s: no class folder %s, expected the classes of %s"
                                          : "%s: class folder %s, which is not among those of %s",
                                path, order < 0 ? storage->class_names[a] : found->folders[b],
                                first_split);
        a++;
        b++;
    }
    return FX_OK;
}

// Adds the class folders of `path` as one split. The first split names the classes.
static fx_status add_split(const char *path, const char **first_split, fx_dataset_storage *storage,
                           fx_split_storage *split, fx_error *error) {
    listing found;
    FX__TRY(list_folder(path, &found, error));
    fx_status status = FX_OK;
    if (found.folder_count == 0) {
        status = no_classes(path, &found, error);
        goto done;
    }
    storage->ignored += found.others + found.image_count;
    if (*first_split) {
        FX__TRY_GOTO(check_same_classes(storage, *first_split, path, &found, error));
    } else {
        *first_split = path;
        for (size_t c = 0; c < found.folder_count; c++)
            FX__TRY_GOTO(fx__storage_add_class(storage, found.folders[c], error));
    }
    for (size_t c = 0; c < found.folder_count; c++)
        FX__TRY_GOTO(
            add_class_folder(path, found.folders[c], (int)c, split, &storage->ignored, error));
done:
    destroy_listing(&found);
    return status;
}

// Moves images indices[count] of `all` into *out.
static fx_status move_images(fx_split_storage *all, const uint32_t *indices, size_t count,
                             fx_split_storage *out, fx_error *error) {
    FX__TRY(fx__allocate(count, sizeof *out->paths, &out->paths, error));
    FX__TRY(fx__allocate(count, sizeof *out->labels, &out->labels, error));
    for (size_t i = 0; i < count; i++) {
        out->paths[i] = all->paths[indices[i]];
        out->labels[i] = all->labels[indices[i]];
        all->paths[indices[i]] = NULL;
    }
    out->count = count;
    return FX_OK;
}

// Splits the images of a folder without splits, which were all read as training images.
static fx_status draw_test_split(const fx_catalog_entry *entry, uint64_t seed,
                                 fx_dataset_storage *storage, fx_error *error) {
    fx_split_storage all = storage->splits[FX_TRAIN];
    storage->splits[FX_TRAIN] = (fx_split_storage){0};
    uint32_t *train = NULL, *test = NULL;
    size_t *take = NULL, train_count, test_count;
    fx_status status;
    if (entry->train_per_class > 0) {
        // At least one image of each class is left for the test.
        FX__TRY_GOTO(fx__allocate((size_t)storage->classes, sizeof *take, &take, error));
        for (size_t i = 0; i < all.count; i++) take[all.labels[i]]++;
        for (int c = 0; c < storage->classes; c++) {
            size_t most = take[c] > 1 ? take[c] - 1 : 1, wanted = (size_t)entry->train_per_class;
            take[c] = wanted < most ? wanted : most;
        }
        FX__TRY_GOTO(fx__split_by_counts(all.labels, all.count, storage->classes, take, seed,
                                         &train, &train_count, &test, &test_count, error));
    } else {
        double fraction = entry->test_fraction > 0 ? (double)entry->test_fraction : 0.2;
        FX__TRY_GOTO(fx_stratified_split(all.labels, all.count, storage->classes, fraction, seed,
                                         &test, &test_count, &train, &train_count, error));
    }
    FX__TRY_GOTO(move_images(&all, train, train_count, &storage->splits[FX_TRAIN], error));
    FX__TRY_GOTO(move_images(&all, test, test_count, &storage->splits[FX_TEST], error));
done:
    fx__names_destroy(all.paths, all.count);
    free(all.labels);
    free(take);
    free(train);
    free(test);
    return status;
}

// Folders that are only numbered (GTSRB's 00000 … 00042) take the catalog's names.
static fx_status rename_numbered(const fx_yaml *classes, fx_dataset_storage *storage,
                                 fx_error *error) {
    if (!classes || classes->count != (size_t)storage->classes) return FX_OK;
    for (int c = 0; c < storage->classes; c++)
        if (strspn(storage->class_names[c], "0123456789") != strlen(storage->class_names[c]))
            return FX_OK;
    for (int c = 0; c < storage->classes; c++) {
        char *name;
        FX__TRY(fx__duplicate(classes->items[c].text, &name, error));
        free(storage->class_names[c]);
        storage->class_names[c] = name;
    }
    return FX_OK;
}

fx_status fx__image_folder_load(const char *folder, const fx_catalog_entry *entry, uint64_t seed,
                                fx_dataset_storage *storage, fx_error *error) {
    static const char *const names[FX_SPLITS] = {"train", "val", "test"};
    char *paths[FX_SPLITS] = {0};
    const char *first_split = NULL;
    fx_status status;
    for (int s = 0; s < FX_SPLITS; s++)
        FX__TRY_GOTO(fx__path_join(folder, names[s], &paths[s], error));
    if (fx__is_folder(paths[FX_TRAIN]) || fx__is_folder(paths[FX_TEST])) {
        for (int s = 0; s < FX_SPLITS; s++)
            if (fx__is_folder(paths[s]))
                FX__TRY_GOTO(
                    add_split(paths[s], &first_split, storage, &storage->splits[s], error));
    } else {
        FX__TRY_GOTO(add_split(folder, &first_split, storage, &storage->splits[FX_TRAIN], error));
        FX__TRY_GOTO(draw_test_split(entry, seed, storage, error));
    }
    FX__TRY_GOTO(rename_numbered(entry->classes, storage, error));
done:
    for (int s = 0; s < FX_SPLITS; s++) free(paths[s]);
    return status;
}
