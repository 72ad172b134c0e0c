// Training on rows of a file: mapped, read or in a matrix, whole or in windows, it is the same.
#include <math.h>

#include "featx/model.h"
#include "featx/rng.h"
#include "featx/threads.h"
#include "src/base/npy.h"
#include "src/experiment/rows.h"
#include "tests/support/folder.h"

enum { COUNT = 1500, LENGTH = 500, CLASSES = 4 }; // 3 MB

TestSuite(mapped_rows, .init = folder_enter, .fini = folder_leave);

static float values[COUNT * LENGTH];
static int64_t labels[COUNT];

// Sorted by class, whole numbers of 1/64 below 16: float16 holds them.
static void make_values(void) {
    for (size_t i = 0; i < COUNT; ++i) {
        fx_rng rng = fx_rng_at(4, FX_RNG_USER, 0, i);
        labels[i] = (int64_t)(i * CLASSES / COUNT);
        for (size_t j = 0; j < LENGTH; ++j)
            values[i * LENGTH + j] =
                ((float)fx_rng_below(&rng, 512) + (j % CLASSES == (size_t)labels[i] ? 200 : 0)) /
                64;
    }
}

static uint16_t to_half(float value) {
    if (value == 0) return 0;
    int exponent;
    double fraction = frexp((double)value, &exponent); // [0.5, 1)
    return (uint16_t)((exponent + 14) << 10 | ((int)(fraction * 2048) - 1024));
}

// One more header than fx__npy_open writes: any type.
static void write_values(const char *path, const char *type) {
    char header[129];
    memset(header, ' ', sizeof header);
    memcpy(header, "\x93NUMPY\x01\x00\x76\x00", 10);
    int used =
        snprintf(header + 10, 118, "{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d), }",
                 type, COUNT, LENGTH);
    header[10 + used] = ' ';
    header[127] = '\n';
    FILE *file = fopen(path, "wb");
    fwrite(header, 1, 128, file);
    for (size_t i = 0; i < COUNT * LENGTH; ++i) {
        double wide = (double)values[i];
        uint16_t half = to_half(values[i]);
        if (type[2] == '8') fwrite(&wide, sizeof wide, 1, file);
        if (type[2] == '4') fwrite(&values[i], sizeof *values, 1, file);
        if (type[2] == '2') fwrite(&half, sizeof half, 1, file);
    }
    fclose(file);
}

static void write_files(const char *name, const char *type) {
    char path[100];
    snprintf(path, sizeof path, "%s.npy", name);
    write_values(path, type);
    snprintf(path, sizeof path, "%s.labels.npy", name);
    cr_assert_eq(fx__npy_save_int64(path, labels, COUNT, NULL), FX_OK);
    snprintf(path, sizeof path, "%s.json", name);
    FILE *file = fopen(path, "w");
    fprintf(file,
            "{\"format\": \"featx-descriptors\", \"version\": 1, \"descriptor\": {\"features\": "
            "[\"hog\"]}, \"descriptor_sha256\": \"%064d\", \"count\": %d, \"length\": %d, "
            "\"classes\": null}",
            7, COUNT, LENGTH);
    fclose(file);
}

static void train(const char *npy, int window, int threads, char sha256[65]) {
    fx_model_params params = fx_model_defaults();
    params.mlp.hidden = (fx_int_list){1, {8}};
    params.train.epochs = 3;
    params.train.window = window;
    const fx_model_data data = {.npy = npy};
    fx_model *model;
    fx_result result;
    fx_error error = {0};
    fx_threads_set(threads);
    cr_assert_eq(fx_model_train(&params, &data, NULL, &model, &result, &error), FX_OK, "%s",
                 error.message);
    cr_assert(result.test_accuracy > 0.7, "%g", result.test_accuracy);
    strcpy(sha256, result.model_sha256);
    fx_result_destroy(&result);
    fx_model_destroy(model);
}

Test(mapped_rows, of_any_type_make_the_same_model) {
    char whole[65], windows[65], other[65];
    make_values();
    write_files("single", "<f4");
    write_files("double", "<f8"); // read, not mapped
    write_files("half", "<f2");
    train("single.npy", 2048, 2, whole);
    train("single.npy", 1, 2, windows);
    cr_assert_str_neq(windows, whole, "another order");
    static const char *const files[] = {"single.npy", "double.npy", "half.npy"};
    for (int f = 0; f < 3; ++f)
        for (int threads = 1; threads <= 3; threads += 2) {
            train(files[f], 2048, threads, other);
            cr_assert_str_eq(other, whole, "%s, %d threads", files[f], threads);
            train(files[f], 1, threads, other);
            cr_assert_str_eq(other, windows, "%s in windows, %d threads", files[f], threads);
        }
}

// The weights that training on these samples ends in.
static void train_on(const fx_samples *samples, float *weights) {
    fx_mlp_params shape = fx_mlp_defaults();
    shape.hidden = (fx_int_list){1, {4}};
    fx_training_params params = fx_training_defaults();
    params.epochs = 2;
    fx_mlp *mlp;
    cr_assert_eq(fx_mlp_create(&shape, LENGTH, CLASSES, 1, &mlp, NULL), FX_OK);
    cr_assert_eq(fx_train(mlp, &params, samples, NULL, 1, NULL, NULL, NULL), FX_OK);
    memcpy(weights, fx_mlp_parameter_block(mlp), LENGTH * 4 * sizeof *weights);
    fx_mlp_destroy(mlp);
}

Test(mapped_rows, that_fit_are_trained_on_as_a_matrix_is) {
    static uint32_t indices[COUNT];
    static int classes[COUNT];
    static float mapped[LENGTH * 4], in_memory[LENGTH * 4];
    make_values();
    for (uint32_t i = 0; i < COUNT; ++i) {
        indices[i] = i;
        classes[i] = (int)labels[i];
    }
    write_values("rows.npy", "<f4");
    fx_npy_rows file;
    cr_assert_eq(fx__npy_rows_open("rows.npy", &file, NULL), FX_OK);
    cr_assert_not_null(file.mapping);
    const fx_rows rows = {
        .count = COUNT, .length = LENGTH, .labels = classes, .file = &file, .indices = indices};
    const fx_matrix matrix = {COUNT, LENGTH, values};
    const fx_samples left = fx__samples_of_rows(&rows, 3),
                     right = fx_samples_of_matrix(&matrix, classes);
    cr_assert_not(left.costly);
    train_on(&left, mapped);
    train_on(&right, in_memory);
    cr_assert_arr_eq(mapped, in_memory, sizeof mapped);
    const fx_samples parts = fx__samples_of_rows(&rows, 1);
    cr_assert(parts.costly && parts.window == (1 << 20) / (4 * LENGTH) && parts.block == 8);
    fx__npy_rows_close(&file);
}
