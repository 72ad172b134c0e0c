// Opens images or a descriptor file as a pool to train on and rows to test on.
//
// The pool is the training split followed by the validation split where the data brings one, so
// that one list of indices says what is trained on and what is held out, and `refit` is "all of
// it". Nothing is copied: images stay views of the data set, rows stay indices into the file,
// which is mapped.
#include "src/experiment/model_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/base/npy.h"
#include "src/base/parallel.h"

enum { DECODE_PIECE = 64 };
static const double test_fraction = 0.2;

// --- two image sources, one after the other ---

static const fx_image_source *part_of(const void *self, size_t *index) {
    const fx_image_source *const *parts = self;
    if (*index < parts[0]->count) return parts[0];
    *index -= parts[0]->count;
    return parts[1];
}

static fx_status joined_get(const void *self, size_t index, fx_image *out, fx_error *error) {
    const fx_image_source *part = part_of(self, &index);
    return part->get(part->self, index, out, error);
}

static fx_status joined_probe(const void *self, size_t index, fx_image *out, fx_error *error) {
    const fx_image_source *part = part_of(self, &index);
    return part->probe(part->self, index, out, error);
}

static void joined_name(const void *self, size_t index, char *out, size_t size) {
    const fx_image_source *part = part_of(self, &index);
    part->name(part->self, index, out, size);
}

// --- images that can be decoded ---

typedef struct decode_job {
    const fx_image_source *images;
    bool *valid;
} decode_job;

static fx_status decode_piece(void *context, size_t piece, int thread, fx_error *error) {
    (void)thread;
    const decode_job *job = context;
    size_t begin = piece * DECODE_PIECE, end = begin + DECODE_PIECE;
    fx_image image = {0};
    fx_status status = FX_OK;
    for (size_t i = begin; i < end && i < job->images->count; ++i) {
        status = job->images->get(job->images->self, i, &image, error);
        job->valid[i] = status == FX_OK;
        if (status == FX_ERROR_MEMORY) break;
        status = FX_OK;
    }
    fx_image_destroy(&image);
    return status;
}

// Leaves what cannot be decoded out of the pool: a descriptor that learns needs every image.
static fx_status keep_decodable(fx_data *data, const fx_progress *progress, fx_error *error) {
    size_t count = data->joined.count, kept = 0, train_kept = 0;
    decode_job job = {&data->joined, NULL};
    FX__TRY(fx__allocate(count, sizeof *job.valid, &job.valid, error));
    fx_status status =
        fx__parallel_for_progress((count + DECODE_PIECE - 1) / DECODE_PIECE, decode_piece, &job,
                                  progress, "check", count, error);
    if (status == FX_OK)
        status = fx__allocate(count, sizeof *data->pool_indices, &data->pool_indices, error);
    for (size_t i = 0; status == FX_OK && i < count; ++i) {
        if (!job.valid[i]) continue;
        data->pool_labels[kept] = data->pool_labels[i];
        data->pool_indices[kept++] = (uint32_t)i;
        train_kept += i < data->train_count;
    }
    free(job.valid);
    if (status != FX_OK) return status;
    data->skipped = count - kept;
    data->train_count = train_kept;
    data->pool_images =
        fx_image_source_subset(&data->joined, data->pool_indices, kept, &data->kept);
    return FX_OK;
}

static fx_status copy_labels(const fx_split *first, const fx_split *second, int **out,
                             fx_error *error) {
    FX__TRY(fx__allocate(first->images.count + second->images.count, sizeof **out, out, error));
    if (first->images.count) memcpy(*out, first->labels, first->images.count * sizeof **out);
    if (second->images.count)
        memcpy(*out + first->images.count, second->labels, second->images.count * sizeof **out);
    return FX_OK;
}

static fx_status open_images(const fx_dataset *images, bool whole, fx_on_error on_error,
                             const fx_progress *progress, fx_data *data, fx_error *error) {
    static const fx_split none = {0};
    bool only_test = whole && images->test.images.count > 0;
    data->classes = images->classes;
    data->class_names = images->class_names;
    data->parts[0] = &images->train.images;
    data->parts[1] = &images->validation.images;
    data->joined = (fx_image_source){data->parts, data->parts[0]->count + data->parts[1]->count,
                                     joined_get, joined_probe, joined_name};
    data->train_count = images->train.images.count;
    FX__TRY(copy_labels(&images->train, &images->validation, &data->pool_labels, error));
    data->pool_images = data->joined;
    if (on_error == FX_ON_ERROR_SKIP && !whole) FX__TRY(keep_decodable(data, progress, error));
    data->training = data->pool_images;
    data->training.count = data->train_count;
    data->pool = (fx_rows){.count = data->pool_images.count,
                           .labels = data->pool_labels,
                           .images = &data->pool_images};
    if (whole && !only_test) {
        FX__TRY(copy_labels(&images->train, &images->validation, &data->test_labels, error));
        data->test = data->pool;
    } else {
        FX__TRY(copy_labels(&images->test, &none, &data->test_labels, error));
        data->test = (fx_rows){.count = images->test.images.count, .images = &images->test.images};
    }
    data->test.labels = data->test_labels;
    return FX_OK;
}

// --- descriptor files ---

static fx_status read_labels(const char *npy, fx_data *data, int **out, fx_error *error) {
    char *path;
    FX__TRY(fx__descriptor_file_sibling(npy, ".labels.npy", &path, error));
    int64_t *values = NULL;
    size_t count;
    fx_status status;
    FX__TRY_GOTO(fx__npy_load_int64(path, &values, &count, error));
    if (count != data->file.count) {
        status = fx_error_set(error, FX_ERROR_DATA, "%s: found %zu labels, expected %zu", path,
                              count, data->file.count);
        goto done;
    }
    FX__TRY_GOTO(fx__allocate(count, sizeof **out, out, error));
    int limit = data->file.classes ? data->file.classes : 1 << 20, classes = data->file.classes;
    for (size_t i = 0; i < count; ++i) {
        if (values[i] < 0 || values[i] >= limit) {
            status = fx_error_set(error, FX_ERROR_DATA, "%s: row %zu: label %lld, expected 0 to %d",
                                  path, i, (long long)values[i], limit - 1);
            goto done;
        }
        (*out)[i] = (int)values[i];
        if ((*out)[i] >= classes) classes = (*out)[i] + 1;
    }
    data->classes = classes;
done:
    free(values);
    free(path);
    return status;
}

// Class names are the numbers where the file has none.
static fx_status name_classes(fx_data *data, fx_error *error) {
    data->class_names = (const char *const *)data->file.class_names;
    if (data->file.classes) return FX_OK;
    FX__TRY(fx__allocate((size_t)data->classes, sizeof *data->numbered, &data->numbered, error));
    for (int c = 0; c < data->classes; ++c) {
        char number[16];
        snprintf(number, sizeof number, "%d", c);
        FX__TRY(fx__duplicate(number, &data->numbered[c], error));
    }
    data->class_names = (const char *const *)data->numbered;
    return FX_OK;
}

static fx_status range_indices(fx_row_range first, fx_row_range second, uint32_t **out,
                               size_t *count, fx_error *error) {
    size_t n = first.end - first.begin;
    *count = n + second.end - second.begin;
    FX__TRY(fx__allocate(*count, sizeof **out, out, error));
    for (size_t i = 0; i < *count; ++i)
        (*out)[i] = (uint32_t)(i < n ? first.begin + i : second.begin + i - n);
    return FX_OK;
}

static fx_status gather(const int *labels, const uint32_t *indices, size_t count, int **out,
                        fx_error *error) {
    FX__TRY(fx__allocate(count, sizeof **out, out, error));
    for (size_t i = 0; i < count; ++i) (*out)[i] = labels[indices[i]];
    return FX_OK;
}

static fx_status split_rows(fx_data *data, const int *labels, bool whole, uint64_t seed,
                            fx_error *error) {
    const fx_descriptor_file *file = &data->file;
    const fx_row_range all = {0, file->count}, none = {0, 0};
    bool has_test = file->has_splits && file->splits.test.begin < file->splits.test.end;
    size_t pool_count = 0, test_count = 0;
    if (whole) {
        FX__TRY(range_indices(none, none, &data->pool_indices, &pool_count, error));
        FX__TRY(range_indices(has_test ? file->splits.test : all, none, &data->test_indices,
                              &test_count, error));
    } else if (file->has_splits) {
        FX__TRY(range_indices(file->splits.train, file->splits.validation, &data->pool_indices,
                              &pool_count, error));
        FX__TRY(range_indices(file->splits.test, none, &data->test_indices, &test_count, error));
        data->train_count = file->splits.train.end - file->splits.train.begin;
    } else {
        FX__TRY(fx_stratified_split(labels, file->count, data->classes, test_fraction, seed,
                                    &data->test_indices, &test_count, &data->pool_indices,
                                    &pool_count, error));
        data->train_count = pool_count;
    }
    FX__TRY(gather(labels, data->pool_indices, pool_count, &data->pool_labels, error));
    FX__TRY(gather(labels, data->test_indices, test_count, &data->test_labels, error));
    data->pool = (fx_rows){.count = pool_count,
                           .length = file->length,
                           .labels = data->pool_labels,
                           .file = &data->rows,
                           .indices = data->pool_indices};
    data->test = (fx_rows){.count = test_count,
                           .length = file->length,
                           .labels = data->test_labels,
                           .file = &data->rows,
                           .indices = data->test_indices};
    return FX_OK;
}

static fx_status open_rows(const char *npy, bool whole, uint64_t seed, fx_data *data,
                           fx_error *error) {
    char *json = NULL;
    int *labels = NULL;
    fx_status status;
    FX__TRY_GOTO(fx__descriptor_file_sibling(npy, ".json", &json, error));
    FX__TRY_GOTO(fx__descriptor_file_read_json(json, &data->file, error));
    FX__TRY_GOTO(fx__npy_rows_open(npy, &data->rows, error));
    if (data->rows.rows != data->file.count || data->rows.columns != data->file.length) {
        status = fx_error_set(
            error, FX_ERROR_DATA, "%s: found %zu × %zu numbers, %s says %zu × %zu", npy,
            data->rows.rows, data->rows.columns, json, data->file.count, data->file.length);
        goto done;
    }
    if (data->file.count > UINT32_MAX) {
        status = fx_error_set(error, FX_ERROR_DATA, "%s: %zu rows, expected at most %u", npy,
                              data->file.count, UINT32_MAX);
        goto done;
    }
    FX__TRY_GOTO(read_labels(npy, data, &labels, error));
    FX__TRY_GOTO(name_classes(data, error));
    FX__TRY_GOTO(split_rows(data, labels, whole, seed, error));
done:
    free(labels);
    free(json);
    return status;
}

// --- both ---

fx_status fx__data_open(const fx_model_data *source, bool whole, uint64_t seed,
                        fx_on_error on_error, const fx_progress *progress, fx_data *out,
                        fx_error *error) {
    memset(out, 0, sizeof *out);
    out->name = source->name ? source->name : source->npy ? source->npy : source->images->name;
    fx_status status = source->images
                           ? open_images(source->images, whole, on_error, progress, out, error)
                           : open_rows(source->npy, whole, seed, out, error);
    if (status == FX_OK && whole && out->test.count == 0)
        status = fx_error_set(error, FX_ERROR_DATA, "%s: no samples to test on", out->name);
    if (status == FX_OK && !whole && out->train_count == 0)
        status = fx_error_set(error, FX_ERROR_DATA, "%s: no samples to train on", out->name);
    if (status == FX_OK && !whole && out->classes < 2)
        status = fx_error_set(error, FX_ERROR_DATA, "%s: found %d class, expected 2 or more",
                              out->name, out->classes);
    if (status != FX_OK) fx__data_close(out);
    return status;
}

void fx__data_close(fx_data *data) {
    fx__descriptor_file_destroy(&data->file);
    fx__npy_rows_close(&data->rows);
    for (int c = 0; data->numbered && c < data->classes; ++c) free(data->numbered[c]);
    free(data->numbered);
    free(data->pool_labels);
    free(data->test_labels);
    free(data->pool_indices);
    free(data->test_indices);
    memset(data, 0, sizeof *data);
}

void fx__data_describe(fx_data *data, const fx_descriptor *descriptor, size_t length) {
    data->pool.descriptor = data->test.descriptor = descriptor;
    data->pool.length = data->test.length = length;
}

fx_status fx__data_map_classes(fx_data *data, const char *const *names, int classes,
                               fx_error *error) {
    int *place; // in names of each class of the data
    FX__TRY(fx__allocate((size_t)data->classes, sizeof *place, &place, error));
    for (int c = 0; c < data->classes; ++c) {
        place[c] = -1;
        for (int m = 0; m < classes; ++m)
            if (strcmp(names[m], data->class_names[c]) == 0) place[c] = m;
    }
    fx_status status = FX_OK;
    for (size_t i = 0; i < data->test.count && status == FX_OK; ++i) {
        int label = data->test_labels[i];
        data->test_labels[i] = place[label];
        if (place[label] < 0)
            status = fx_error_set(error, FX_ERROR_DATA,
                                  "%s: class '%s' is unknown to the model, which knows %d: '%s' … "
                                  "'%s'",
                                  data->name, data->class_names[label], classes, names[0],
                                  names[classes - 1]);
    }
    free(place);
    return status;
}
