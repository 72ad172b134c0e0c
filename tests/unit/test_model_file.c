// Model files and descriptor files: what they keep, what is refused.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "src/base/file.h"
#include "src/base/npy.h"
#include "src/base/params.h"
#include "src/base/tensors.h"
#include "src/experiment/descriptor_file.h"
#include "src/nn/mlp_state.h"
#include "tests/support/folder.h"
#include "tests/support/trained.h"

TestSuite(model_file, .init = folder_enter, .fini = folder_leave);

// --- files ---

static void read_bytes(const char *path, char **bytes, size_t *count) {
    cr_assert_eq(fx__file_read(path, 1 << 26, bytes, count, NULL), FX_OK);
}

static void same_training(const fx_model *a, const fx_model *b) {
    const fx_model *models[] = {a, b};
    fx_text texts[2] = {{0}};
    for (int i = 0; i < 2; ++i)
        cr_assert_eq(fx__params_json(&fx__training_section, &fx_model_get_params(models[i])->train,
                                     &texts[i], NULL),
                     FX_OK);
    cr_assert_str_eq(texts[0].data, texts[1].data);
    cr_assert_null(strstr(texts[0].data, "auto"), "resolved");
    for (int i = 0; i < 2; ++i) fx__text_destroy(&texts[i]);
}

static void round_trip(fx_feature feature, const fx_model_params *params) {
    tiny tiny;
    tiny_create(90, 0, 30, &tiny);
    trained t = train_images(params, &tiny);
    const char *path = "a.safetensors", *copy = "b.safetensors";
    fx_error error = {0};
    fx_model *loaded;
    cr_assert_eq(fx_model_save(t.model, path, &error), FX_OK, "%s", error.message);
    cr_assert_eq(fx_model_load(path, &loaded, &error), FX_OK, "%s", error.message);
    cr_assert_eq(fx_model_save(loaded, copy, &error), FX_OK, "%s", error.message);
    char *first, *second;
    size_t first_count, second_count;
    read_bytes(path, &first, &first_count);
    read_bytes(copy, &second, &second_count);
    cr_assert_eq(first_count, t.result.model_bytes);
    cr_assert_eq(first_count, second_count);
    cr_assert_arr_eq(first, second, first_count, "feature %d", (int)feature);
    fx_model_data data = {.name = "tiny", .images = &tiny.dataset};
    fx_result result;
    cr_assert_eq(fx_model_evaluate(loaded, &data, NULL, &result, &error), FX_OK, "%s",
                 error.message);
    cr_assert_arr_eq(result.test_predictions, t.result.test_predictions, 30 * sizeof(int));
    cr_assert_str_eq(result.model_sha256, t.result.model_sha256);
    same_training(loaded, t.model);
    cr_assert_str_eq(fx_model_class_name(loaded, 2), "blue \"sky\"");
    fx_result_destroy(&result);
    fx_model_destroy(loaded);
    free(first);
    free(second);
    destroy(&t);
}

Test(model_file, file_gives_back_the_model) {
    for (int feature = 0; feature < FX_FEATURE_COUNT; ++feature) {
        fx_model_params params = tiny_params((fx_feature)feature);
        params.augment.flip = feature == FX_FEATURE_COLOR;
        params.train.learning_rate = 0; // auto: stored as what it became
        params.seed = UINT64_C(0xFFFFFFFFFFFFFFFF);
        if (feature == FX_FEATURE_HOG) params.mlp.loss = FX_HINGE;
        if (feature == FX_FEATURE_RAW) params.mlp.activation = FX_MAXOUT;
        round_trip((fx_feature)feature, &params);
    }
}

static void load_altered(const char *path, const char *bytes, size_t count, fx_status expected,
                         const char *part) {
    fx_model *model;
    fx_error error = {0};
    cr_assert_eq(fx__file_write(path, bytes, count, NULL), FX_OK);
    fx_status status = fx_model_load(path, &model, &error);
    refused(status, expected, &error, part);
    refused(status, expected, &error, path);
    cr_assert_null(model);
}

// Replaces the first `from` in a copy by `to`, of the same length.
static char *replaced(const char *bytes, size_t count, const char *from, const char *to) {
    char *copy = malloc(count);
    memcpy(copy, bytes, count);
    size_t length = strlen(from);
    cr_assert_eq(length, strlen(to));
    for (size_t i = 0; i + length <= count; ++i)
        if (memcmp(copy + i, from, length) == 0) {
            memcpy(copy + i, to, length);
            return copy;
        }
    cr_assert_fail("no '%s' in the file", from);
    return copy;
}

Test(model_file, altered_files_are_refused) {
    tiny tiny;
    tiny_create(60, 0, 0, &tiny);
    fx_model_params params = tiny_params(FX_FEATURE_COLOR);
    params.train.epochs = 2;
    trained t = train_images(&params, &tiny);
    cr_assert(isnan(t.result.test_accuracy) && isnan(t.result.test_accuracy_ci95[0]));
    const char *path = "m.safetensors";
    char *bytes;
    size_t count;
    cr_assert_eq(fx_model_save(t.model, path, NULL), FX_OK);
    read_bytes(path, &bytes, &count);
    static const struct {
        const char *from, *to, *part;
    } cases[] = {
        {"\"format_version\":\"1\"", "\"format_version\":\"2\"", "model of another version"},
        {"featx-model", "featx-other", "not a model"},
        {"\"classes\"", "\"glasses\"", "no metadata 'classes'"},
        {"[\\\"red\\\", ", "[\\\"red\\\": ", "not a list of names"},
        {"\"input\":\"images\"", "\"input\":\"sounds\"", "expected 'images' or 'rows'"},
        {"\\\"epochs\\\": 2", "\\\"epochs\\\": 0", "epochs"},
        {"\\\"epochs\\\": 2", "\\\"epocks\\\": 2", "epocks"},
        {"\\\"bins\\\": [8, 4, 4]", "\\\"bins\\\": [4, 8, 4]", "the descriptor was altered"},
        {"\"seed\":\"1\"", "\"seed\":\"x\"", "expected a number"},
        {"\"mlp.0.weights\"", "\"mlp.0.heights\"", "mlp.0.weights"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        char *altered = replaced(bytes, count, cases[i].from, cases[i].to);
        load_altered(path, altered, count, FX_ERROR_FORMAT, cases[i].part);
        free(altered);
    }
    for (size_t cut = 0; cut < count; cut += count / 37 + 1)
        load_altered(path, bytes, cut, FX_ERROR_FORMAT, "");
    load_altered(path, bytes, count - 1, FX_ERROR_FORMAT, "truncated");
    memset(bytes + count - 64, 0xff, 64); // sixteen NaN
    load_altered(path, bytes, count, FX_ERROR_FORMAT, "not finite");
    free(bytes);
    destroy(&t);
}

// --- rows ---

// Writes x.npy and what stands beside it, as `featx` would: train, validation and test rows of the
// data set.
static void write_rows(const tiny *tiny, const fx_descriptor *descriptor, bool splits) {
    const fx_split *parts[] = {&tiny->dataset.train, &tiny->dataset.validation,
                               &tiny->dataset.test};
    size_t length, count = 0;
    cr_assert_eq(fx_descriptor_length(descriptor, TINY_SIDE, TINY_SIDE, &length, NULL), FX_OK);
    fx_row_range ranges[3];
    int64_t labels[TINY_MAX];
    fx_npy_writer writer;
    cr_assert_eq(fx__npy_open("x.npy", length, 0, &writer, NULL), FX_OK);
    for (int p = 0; p < 3; ++p) {
        size_t n = parts[p]->images.count;
        ranges[p] = (fx_row_range){count, count + n};
        float *x = malloc((n * length + 1) * sizeof *x);
        cr_assert_eq(fx_descriptor_extract_range(descriptor, &parts[p]->images, 0, n, length, x,
                                                 FX_ON_ERROR_FAIL, NULL, NULL, NULL),
                     FX_OK);
        cr_assert_eq(fx__npy_append(&writer, x, n, NULL), FX_OK);
        for (size_t i = 0; i < n; ++i) labels[count++] = parts[p]->labels[i];
        free(x);
    }
    cr_assert_eq(fx__npy_commit(&writer, NULL), FX_OK);
    cr_assert_eq(fx__npy_save_int64("x.labels.npy", labels, count, NULL), FX_OK);
    fx_row_splits all = {ranges[0], ranges[1], ranges[2]};
    cr_assert_eq(fx__descriptor_file_write_json("x.json", descriptor, count, length,
                                                tiny->dataset.class_names, TINY_CLASSES,
                                                splits ? &all : NULL, NULL),
                 FX_OK);
}

Test(model_file, rows_train_the_network_that_images_train) {
    tiny tiny;
    tiny_create(120, 30, 45, &tiny);
    fx_model_params params = tiny_params(FX_FEATURE_HOG);
    trained images = train_images(&params, &tiny);
    write_rows(&tiny, fx_model_descriptor(images.model), true);
    fx_model_data data = {.npy = "x.npy"};
    fx_model_params rows_params = fx_model_defaults(); // its descriptor is the file's
    rows_params.mlp = params.mlp;
    rows_params.train = params.train;
    trained rows = train(&rows_params, &data, FX_ON_ERROR_FAIL);
    cr_assert_eq(rows.result.train_samples, 120);
    cr_assert_eq(rows.result.validation_samples, 30);
    cr_assert_eq(rows.result.train_accuracy, images.result.train_accuracy);
    cr_assert_arr_eq(rows.result.test_predictions, images.result.test_predictions,
                     45 * sizeof(int));
    cr_assert_null(fx_model_descriptor(rows.model));
    const fx_descriptor_params *known = &fx_model_get_params(rows.model)->descriptor;
    cr_assert(known->features.count == 1 && known->features.values[0] == FX_FEATURE_HOG);
    cr_assert_eq(known->hog.pixels_per_cell, 4);

    // Saved, loaded, evaluated: on rows it works, on images it says why not.
    const char *path = "m.safetensors";
    fx_error error = {0};
    fx_model *loaded;
    fx_result result;
    cr_assert_eq(fx_model_save(rows.model, path, &error), FX_OK);
    cr_assert_eq(fx_model_load(path, &loaded, &error), FX_OK, "%s", error.message);
    cr_assert_eq(fx_model_evaluate(loaded, &data, NULL, &result, &error), FX_OK, "%s",
                 error.message);
    cr_assert_arr_eq(result.test_predictions, images.result.test_predictions, 45 * sizeof(int));
    cr_assert_str_eq(result.model_sha256, rows.result.model_sha256);
    fx_result_destroy(&result);
    fx_model_data pictures = {.name = "tiny", .images = &tiny.dataset};
    fx_status status = fx_model_evaluate(loaded, &pictures, NULL, &result, &error);
    refused(status, FX_ERROR_DATA, &error, "trained on rows");
    float scores[TINY_CLASSES];
    status = fx_model_predict(loaded, &tiny.dataset.test.images, 0, 1, FX_ON_ERROR_FAIL, NULL,
                              scores, &error);
    refused(status, FX_ERROR_DATA, &error, "trained on rows");
    fx_model_destroy(loaded);

    // The model of images takes rows of its own descriptor, and no others.
    cr_assert_eq(fx_model_evaluate(images.model, &data, NULL, &result, &error), FX_OK, "%s",
                 error.message);
    cr_assert_arr_eq(result.test_predictions, images.result.test_predictions, 45 * sizeof(int));
    fx_result_destroy(&result);
    params.descriptor.hog.orientations = 8;
    trained other = train_images(&params, &tiny);
    status = fx_model_evaluate(other.model, &data, NULL, &result, &error);
    refused(status, FX_ERROR_DATA, &error, "rows of another descriptor");
    rows_params.augment.flip = true;
    fx_model *none;
    status = fx_model_train(&rows_params, &data, NULL, &none, &result, &error);
    refused(status, FX_ERROR_DATA, &error, "cannot be augmented");
    rows_params.augment = fx_augmentation_defaults();
    rows_params.augment.test_flip = true;
    status = fx_model_train(&rows_params, &data, NULL, &none, &result, &error);
    refused(status, FX_ERROR_DATA, &error, "x.npy: rows of a descriptor file cannot be");

    // A model that mirrors images takes no rows.
    params.descriptor.hog.orientations = 9;
    params.augment.test_flip = true;
    trained twice = train_images(&params, &tiny);
    status = fx_model_evaluate(twice.model, &data, NULL, &result, &error);
    refused(status, FX_ERROR_DATA, &error, "x.npy: rows of a descriptor file, expected images");
    cr_assert_eq(fx_model_save(twice.model, path, &error), FX_OK);
    cr_assert_eq(fx_model_load(path, &loaded, &error), FX_OK, "%s", error.message);
    cr_assert(fx_model_get_params(loaded)->augment.test_flip);
    fx_model_destroy(loaded);
    destroy(&twice);
    destroy(&other);
    destroy(&rows);
    destroy(&images);
}

Test(model_file, loose_rows_are_split_by_the_seed) {
    tiny tiny;
    tiny_create(150, 0, 0, &tiny);
    fx_model_params params = tiny_params(FX_FEATURE_COLOR);
    params.train.validation = 0;
    trained images = train_images(&params, &tiny);
    write_rows(&tiny, fx_model_descriptor(images.model), false);
    fx_model_data data = {.npy = "x.npy"};
    trained rows = train(&params, &data, FX_ON_ERROR_FAIL);
    cr_assert_eq(rows.result.train_samples, 120);
    cr_assert_eq(rows.result.test_samples, 30);
    fx_result result;
    fx_error error = {0};
    cr_assert_eq(fx_model_evaluate(rows.model, &data, NULL, &result, &error), FX_OK);
    cr_assert_eq(result.test_samples, 150, "evaluated on all of them");
    fx_result_destroy(&result);

    // What belongs together must fit together.
    const int64_t labels[3] = {0, 1, 2}, wrong[150] = {[149] = 3};
    fx_model *model;
    cr_assert_eq(fx__npy_save_int64("x.labels.npy", labels, 3, NULL), FX_OK);
    fx_status status = fx_model_train(&params, &data, NULL, &model, &result, &error);
    refused(status, FX_ERROR_DATA, &error, "x.labels.npy: found 3 labels, expected 150");
    cr_assert_eq(fx__npy_save_int64("x.labels.npy", wrong, 150, NULL), FX_OK);
    status = fx_model_train(&params, &data, NULL, &model, &result, &error);
    refused(status, FX_ERROR_DATA, &error, "row 149: label 3, expected 0 to 2");
    fx_model_data nameless = {.npy = "rows.txt"};
    status = fx_model_train(&params, &nameless, NULL, &model, &result, &error);
    refused(status, FX_ERROR_USAGE, &error, "rows.txt: expected the name of a .npy file");
    destroy(&rows);
    destroy(&images);
}
