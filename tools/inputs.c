// Input lists.
//
// One argument that is a data set's name, or a folder that holds folders (of classes, or train/ and
// test/) or none of whose files is an image (CIFAR, IDX), is loaded as a data set and brings
// labels. Any other folder is searched for images, sorted by name; links to folders are not
// followed.
#include "tools/inputs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/base/parallel.h"
#include "src/base/text.h"
#include "tools/progress.h"

enum { DEPTH_MAX = 64 };
static const size_t standard_input_max = (size_t)1 << 30;

// Folders
// --------------------------------------------------------------------------------------------

static fx_status add_path(inputs *out, const char *path, fx_error *error) {
    FX__TRY(
        fx__grow(&out->paths, &out->path_capacity, out->path_count + 1, sizeof *out->paths, error));
    FX__TRY(fx__duplicate(path, &out->paths[out->path_count], error));
    out->path_count++;
    return FX_OK;
}

static int is_visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

typedef struct folder_content {
    size_t images, folders, others; // direct entries
} folder_content;

// Calls visit() for each entry of a folder in the order of their names, or only counts.
static fx_status walk(inputs *out, const char *path, int depth, bool add, folder_content *content,
                      fx_error *error) {
    struct dirent **entries;
    int count = scandir(path, &entries, is_visible, by_bytes);
    if (count < 0)
        return fx_error_set(error, FX_ERROR_IO, "%s: cannot read folder: %s", path,
                            strerror(errno));
    fx_status status = FX_OK;
    for (int i = 0; i < count; i++) {
        fx_text child = {0};
        struct stat link, target;
        const char *slash = path[strlen(path) - 1] == '/' ? "" : "/";
        if (status == FX_OK)
            status = fx__text_printf(&child, error, "%s%s%s", path, slash, entries[i]->d_name);
        free(entries[i]);
        if (status != FX_OK) continue;
        if (lstat(child.data, &link) != 0 || stat(child.data, &target) != 0) {
            content->others++;
        } else if (S_ISDIR(link.st_mode)) {
            content->folders++;
            folder_content below = {0};
            if (add && depth < DEPTH_MAX)
                status = walk(out, child.data, depth + 1, true, &below, error);
        } else if (S_ISREG(target.st_mode) && fx_image_has_extension(child.data)) {
            content->images++;
            if (add) status = add_path(out, child.data, error);
        } else {
            content->others++;
            if (add) out->ignored++;
        }
        fx__text_destroy(&child);
    }
    free(entries);
    return status;
}

static fx_status add_folder(inputs *out, const char *path, fx_error *error) {
    size_t before = out->path_count;
    folder_content content = {0};
    FX__TRY(walk(out, path, 0, true, &content, error));
    if (out->path_count > before) return FX_OK;
    return fx_error_set(error, FX_ERROR_DATA,
                        "%s: no images in this folder, expected .png, .jpg, .bmp, .pgm or .ppm",
                        path);
}

// Sources
// --------------------------------------------------------------------------------------------

static fx_status read_standard_input(inputs *out, fx_error *error) {
    fx_text bytes = {0};
    fx_status status = FX_OK;
    char block[1 << 16];
    for (size_t n; (n = fread(block, 1, sizeof block, stdin)) > 0;) {
        FX__TRY_GOTO(fx__text_append(&bytes, block, n, error));
        if (bytes.length > standard_input_max) {
            status = fx_error_set(error, FX_ERROR_DATA,
                                  "standard input: more than %zu bytes, expected one image",
                                  standard_input_max);
            goto done;
        }
    }
    if (progress_interrupted()) {
        status = fx_error_set(error, FX_ERROR_INTERRUPTED, "interrupted");
    } else if (ferror(stdin)) {
        status =
            fx_error_set(error, FX_ERROR_IO, "standard input: cannot read: %s", strerror(errno));
    } else {
        status = fx_image_decode(bytes.data ? bytes.data : "", bytes.length, "standard input",
                                 &out->standard_input, error);
    }
done:
    fx__text_destroy(&bytes);
    out->has_standard_input = status == FX_OK;
    return status;
}

static bool is_standard_input(const char *path) {
    return strcmp(path, "-") == 0;
}

static fx_status file_get(const void *self, size_t index, fx_image *out, fx_error *error) {
    const inputs *list = self;
    if (is_standard_input(list->paths[index]))
        return fx_image_convert(&list->standard_input, list->standard_input.channels, out, error);
    return fx_image_load(list->paths[index], out, error);
}

static fx_status file_probe(const void *self, size_t index, fx_image *out, fx_error *error) {
    const inputs *list = self;
    if (!is_standard_input(list->paths[index]))
        return fx_image_probe(list->paths[index], out, error);
    out->width = list->standard_input.width;
    out->height = list->standard_input.height;
    out->channels = list->standard_input.channels;
    return FX_OK;
}

static void file_name(const void *self, size_t index, char *out, size_t size) {
    const inputs *list = self;
    snprintf(out, size, "%s", list->paths[index]);
}

// The split that holds row *index of a data set; *index becomes its place there.
static const fx_split *find_split(const fx_dataset *dataset, size_t *index) {
    const fx_split *splits[] = {&dataset->train, &dataset->validation, &dataset->test};
    int s = 0;
    for (; s < 2 && *index >= splits[s]->images.count; s++) *index -= splits[s]->images.count;
    return splits[s];
}

static fx_status dataset_get(const void *self, size_t index, fx_image *out, fx_error *error) {
    const fx_image_source *images = &find_split(self, &index)->images;
    return images->get(images->self, index, out, error);
}

static fx_status dataset_probe(const void *self, size_t index, fx_image *out, fx_error *error) {
    const fx_image_source *images = &find_split(self, &index)->images;
    return images->probe(images->self, index, out, error);
}

static void dataset_name(const void *self, size_t index, char *out, size_t size) {
    const fx_image_source *images = &find_split(self, &index)->images;
    images->name(images->self, index, out, size);
}

static fx_status open_dataset(const options *options, const char *name, uint64_t seed, inputs *out,
                              fx_error *error) {
    fx_dataset *dataset = &out->dataset;
    fx_dataset_options how = environment_dataset_options(options->environment, seed);
    FX__TRY(fx_dataset_load(name, &how, dataset, error));
    size_t train = dataset->train.images.count, validation = dataset->validation.images.count;
    out->count = train + validation + dataset->test.images.count;
    out->splits =
        (fx_row_splits){{0, train}, {train, train + validation}, {train + validation, out->count}};
    out->classes = dataset->classes;
    out->class_names = dataset->class_names;
    out->ignored = dataset->ignored;
    FX__TRY(fx__allocate(out->count, sizeof *out->labels, &out->labels, error));
    for (size_t i = 0; i < out->count; i++) {
        size_t index = i;
        const fx_split *split = find_split(dataset, &index);
        out->labels[i] = split->labels[index];
    }
    out->all = (fx_image_source){dataset, out->count, dataset_get, dataset_probe, dataset_name};
    return FX_OK;
}

// Opening
// --------------------------------------------------------------------------------------------

static fx_status is_dataset(const options *options, const char *argument, bool *out,
                            fx_error *error) {
    *out = environment_has_dataset(options->environment, argument);
    if (*out || is_standard_input(argument)) return FX_OK;
    if (fx__is_folder(argument)) {
        folder_content content = {0};
        FX__TRY(walk(NULL, argument, 0, false, &content, error));
        *out = content.folders > 0 || content.images == 0;
    } else {
        // A word that is nothing else: the loader knows the names and says so.
        *out = !environment_is_path(argument) && !strpbrk(argument, "./");
    }
    return FX_OK;
}

static fx_status add_argument(const options *options, const char *argument, input_kinds kinds,
                              bool alone, uint64_t seed, inputs *out, fx_error *error) {
    bool dataset = false;
    if (kinds == INPUTS_DATASETS) FX__TRY(is_dataset(options, argument, &dataset, error));
    if (dataset && alone) return open_dataset(options, argument, seed, out, error);
    if (dataset)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "%s: a data set or folder of classes stands alone, found more inputs",
                            argument);
    if (is_standard_input(argument)) {
        if (out->has_standard_input)
            return fx_error_set(error, FX_ERROR_USAGE,
                                "-: standard input holds one image, found "
                                "twice");
        FX__TRY(read_standard_input(out, error));
    } else if (fx__is_folder(argument)) {
        return add_folder(out, argument, error);
    }
    return add_path(out, argument, error);
}

fx_status inputs_open(const options *options, const char *const *arguments, size_t count,
                      input_kinds kinds, uint64_t seed, inputs *out, fx_error *error) {
    *out = (inputs){0};
    fx_status status = FX_OK;
    for (size_t i = 0; i < count; i++)
        FX__TRY_GOTO(add_argument(options, arguments[i], kinds, count == 1, seed, out, error));
    if (out->classes == 0) {
        out->count = out->path_count;
        out->all = (fx_image_source){out, out->count, file_get, file_probe, file_name};
    }
    if (options->on_error == FX_ON_ERROR_SKIP) {
        fx_image_source base = out->all;
        FX__TRY_GOTO(watch_open(&base, &out->watch, &out->all, error));
    }
    out->images = out->all;
done:
    if (status != FX_OK) inputs_close(out);
    return status;
}

void inputs_close(inputs *inputs) {
    for (size_t i = 0; i < inputs->path_count; i++) free(inputs->paths[i]);
    free(inputs->paths);
    free(inputs->labels);
    free(inputs->kept);
    fx_image_destroy(&inputs->standard_input);
    fx_dataset_destroy(&inputs->dataset);
    watch_close(&inputs->watch);
    *inputs = (struct inputs){0};
}

// Dropping
// --------------------------------------------------------------------------------------------

enum { PIECE = 64 }; // images a task

typedef struct dropping {
    inputs *inputs;
    bool decode;
    inputs_check *check;
    const void *context;
    bool *good; // [count]
} dropping;

static fx_status check_piece(void *context, size_t index, int thread, fx_error *error) {
    (void)thread;
    (void)error;
    const dropping *job = context;
    const fx_image_source *images = &job->inputs->all;
    size_t begin = index * PIECE, end = begin + PIECE;
    fx_image image = {0};
    for (size_t i = begin; i < end && i < images->count; i++) {
        fx_error reason;
        job->good[i] =
            (job->decode ? images->get : images->probe)(images->self, i, &image, &reason) == FX_OK;
        if (!job->good[i] || !job->check) continue; // the watch reports what cannot be had
        fx_status status = job->check(job->context, &image, &reason);
        job->good[i] = status == FX_OK;
        if (status == FX_OK) continue;
        char name[256];
        images->name(images->self, i, name, sizeof name);
        fx__error_prefix(&reason, status, "%s", name);
        watch_report(&job->inputs->watch, i, &reason);
    }
    fx_image_destroy(&image);
    return FX_OK;
}

static fx_row_range keep_range(fx_row_range range, const bool *good, size_t before) {
    size_t kept = 0;
    for (size_t i = range.begin; i < range.end; i++) kept += good[i];
    return (fx_row_range){before, before + kept};
}

fx_status inputs_drop_bad(inputs *inputs, bool decode, inputs_check *check, const void *context,
                          fx_error *error) {
    dropping job = {inputs, decode, check, context, NULL};
    fx_status status = FX_OK;
    FX__TRY_GOTO(fx__allocate(inputs->count, sizeof *job.good, &job.good, error));
    FX__TRY_GOTO(fx__allocate(inputs->count, sizeof *inputs->kept, &inputs->kept, error));
    FX__TRY_GOTO(fx__parallel_for_progress((inputs->count + PIECE - 1) / PIECE, check_piece, &job,
                                           progress_get(), "check", inputs->count, error));
    size_t kept = 0;
    for (size_t i = 0; i < inputs->count; i++) {
        if (!job.good[i]) continue;
        if (inputs->labels) inputs->labels[kept] = inputs->labels[i];
        inputs->kept[kept++] = (uint32_t)i;
    }
    fx_row_splits *splits = &inputs->splits;
    const size_t training = splits->train.end;
    splits->train = keep_range(splits->train, job.good, 0);
    splits->validation = keep_range(splits->validation, job.good, splits->train.end);
    splits->test = keep_range(splits->test, job.good, splits->validation.end);
    if (kept == 0)
        status =
            fx_error_set(error, FX_ERROR_DATA, "none of %zu images can be used", inputs->count);
    else if (decode && training > 0 && splits->train.end == 0) // the rest is not to learn from
        status =
            fx_error_set(error, FX_ERROR_DATA, "none of %zu training images can be used", training);
    inputs->count = kept;
    inputs->images = fx_image_source_subset(&inputs->all, inputs->kept, kept, &inputs->subset);
done:
    free(job.good);
    return status;
}

void inputs_report(inputs *inputs, size_t index, const fx_error *reason) {
    if (inputs->watch.reported)
        watch_report(&inputs->watch, inputs->kept ? inputs->kept[index] : index, reason);
}

fx_image_source inputs_training(const inputs *inputs) {
    fx_image_source images = inputs->images;
    if (inputs->splits.train.end > 0) images.count = inputs->splits.train.end; // the first rows
    return images;
}
