// Names and paths of data sets, the catalog's files, and the real data sets.
#include <criterion/criterion.h>
#include <math.h>

#include "tests/support/dataset_files.h"

static fx_dataset data;
static fx_error error;
static fx_dataset_options options;

static void enter(void) {
    static const char *const folders[] = {"mine", FX_SOURCE_DIR "/datasets", "nowhere", NULL};
    folder_enter();
    make_folders("mine", "root", NULL);
    options = (fx_dataset_options){.data_root = "root", .catalog_folders = folders};
}

static void leave(void) {
    fx_dataset_destroy(&data);
    folder_leave();
}

TestSuite(catalog, .init = enter, .fini = leave);

static fx_status load(const char *name) {
    fx_dataset_destroy(&data);
    error = (fx_error){0};
    return fx_dataset_load(name, &options, &data, &error);
}

#define assert_loads(name) cr_assert_eq(load(name), FX_OK, "%s", error.message)
#define assert_fails(name, expected, text)                                                         \
    do {                                                                                           \
        cr_assert_eq(load(name), expected, "status %d: %s", error.code, error.message);            \
        cr_assert_not_null(strstr(error.message, text), "%s", error.message);                      \
        cr_assert_null(strchr(error.message, '\n'));                                               \
    } while (0)

static void write_text(const char *path, const char *text) {
    write_file(path, text, strlen(text));
}

Test(catalog, unknown_names_list_the_known) {
    assert_fails("cifar", FX_ERROR_USAGE,
                 "shapes, caltech101, cifar10, cifar100, cifar100-coarse, eurosat, ");
    assert_fails("cifar1O", FX_ERROR_USAGE, "did you mean cifar10?");
    assert_fails("shape", FX_ERROR_USAGE, "did you mean shapes?");
    assert_fails("no/such/folder", FX_ERROR_USAGE, "no/such/folder");
    assert_fails("", FX_ERROR_USAGE, "expected a path or one of");
    write_text("file", "x");
    assert_fails("file", FX_ERROR_DATA, "file: is a file, expected a folder");
}

// A name of the catalog stands for its data, a path for what lies there.
Test(catalog, name_or_path) {
    assert_fails("mnist", FX_ERROR_IO, "root/mnist: no such folder");
    cr_assert_not_null(strstr(error.message, "`./dev fetch mnist`"));
    cr_assert_null(strstr(error.message, "./mnist"));
    write_idx_folder("mnist", "");
    assert_fails("mnist", FX_ERROR_IO, "the folder of this name here is ./mnist");
    assert_loads("./mnist");
    cr_assert_eq(data.classes, 3);
    write_idx_folder("root/mnist", ".gz");
    assert_loads("mnist");
    cr_assert_str_eq(data.name, "mnist");
    cr_assert_eq(data.classes, 10);
    cr_assert_str_eq(data.class_names[9], "9");
    rename("mnist", "digits");
    assert_loads("digits"); // no such name in the catalog, but a folder here
    options.data_root = NULL;
    assert_fails("mnist", FX_ERROR_IO, "FEATX_DATA");
}

Test(catalog, labels_beyond_the_names) {
    write_text("mine/pair.yaml", "format: idx\nclasses: [no, yes]\n");
    write_idx_folder("root/pair", "");
    assert_fails("pair", FX_ERROR_DATA,
                 "root/pair/train-labels-idx1-ubyte: record 2: label 2, expected 0 … 1");
}

Test(catalog, format_must_agree) {
    write_text("mine/set.yaml", "format: idx\n");
    write_cifar10_folder("root/set");
    assert_fails("set", FX_ERROR_FORMAT, "root/set: found cifar10 files, expected idx");
    write_text("mine/set.yaml", "format: cifar10\n");
    assert_loads("set");
    folder_remove("root/set");
    make_folders("root/set", NULL);
    assert_fails("set", FX_ERROR_IO, "root/set/data_batch_1.bin: no such file");
    write_text("mine/set.yaml", "format: idx\n");
    assert_fails("set", FX_ERROR_IO, "root/set: no file train-images-idx3-ubyte");
    write_text("mine/set.yaml", "format: cifar100\n");
    assert_fails("set", FX_ERROR_IO, "root/set/train.bin");
    write_text("mine/set.yaml", "format: folder\n");
    assert_fails("set", FX_ERROR_DATA, "root/set: no images");
}

Test(catalog, train_per_class) {
    write_text("mine/set.yaml", "format: folder\nsplit: {train_per_class: 4}\n");
    make_folders("root/set", NULL);
    write_class_folder("root/set", "a", 10);
    write_class_folder("root/set", "b", 4); // one is kept for the test
    write_class_folder("root/set", "c", 1);
    assert_loads("set");
    int train[3] = {0}, test[3] = {0};
    for (size_t i = 0; i < data.train.images.count; i++) train[data.train.labels[i]]++;
    for (size_t i = 0; i < data.test.images.count; i++) test[data.test.labels[i]]++;
    cr_assert_arr_eq(train, ((int[]){4, 3, 1}), sizeof train);
    cr_assert_arr_eq(test, ((int[]){6, 1, 0}), sizeof test);
    // What the caller asks for comes first.
    options.test_fraction = 0.5F;
    assert_loads("set");
    cr_assert_eq(data.test.images.count, 5 + 2 + 1);
}

Test(catalog, names_of_numbered_folders) {
    write_text("mine/set.yaml", "format: folder\nclasses: [stop, go]\n");
    make_folders("root/set", NULL);
    write_class_folder("root/set", "00000", 2);
    write_class_folder("root/set", "00001", 2);
    assert_loads("set");
    cr_assert_str_eq(data.class_names[0], "stop");
    cr_assert_str_eq(data.class_names[1], "go");
    rename("root/set/00001", "root/set/x1"); // a real name stays
    assert_loads("set");
    cr_assert_str_eq(data.class_names[0], "00000");
}

Test(catalog, bad_files) {
    static const struct {
        const char *text, *message;
        fx_status code;
    } cases[] = {
        {"format: idx\ntitel: x\n", "mine/set.yaml:2: unknown key titel, did you mean title?",
         FX_ERROR_USAGE},
        {"format: png\n", "mine/set.yaml:1: format: png, expected cifar10, cifar100, idx or folder",
         FX_ERROR_USAGE},
        {"title: x\n", "mine/set.yaml: the key format is missing", FX_ERROR_FORMAT},
        {"- format\n", "mine/set.yaml:1: expected a mapping", FX_ERROR_FORMAT},
        {"format: [idx\n", "mine/set.yaml:", FX_ERROR_FORMAT},
        {"format: folder\ndata: ../set\n", "mine/set.yaml:2: data: ../set, expected the name",
         FX_ERROR_USAGE},
        {"format: cifar100\nlabels: rough\n", "labels: rough, expected fine or coarse",
         FX_ERROR_USAGE},
        {"format: folder\nsplit: some\n", "split: some, expected given", FX_ERROR_USAGE},
        {"format: folder\nsplit: {train_per_class: 0}\n", "train_per_class: 0", FX_ERROR_USAGE},
        {"format: folder\nsplit: {test_fraction: 1}\n", "test_fraction: 1", FX_ERROR_USAGE},
        {"format: folder\nsplit: {train: 1}\n", "unknown key train", FX_ERROR_USAGE},
        {"format: folder\nsplit: {}\n", "split: 0 keys", FX_ERROR_USAGE},
        {"format: idx\nclasses: many\n", "classes: many, expected a list", FX_ERROR_USAGE},
        {"format: idx\nclasses: [[a]]\n", "classes: a list", FX_ERROR_USAGE},
        {"format: idx\nfetch:\n  - {sha1: x}\n", "unknown key sha1", FX_ERROR_USAGE},
        {"format: idx\nconvert: magic\n", "convert: magic", FX_ERROR_USAGE},
    };
    make_folders("root/set", NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_text("mine/set.yaml", cases[i].text);
        assert_fails("set", cases[i].code, cases[i].message);
    }
}

// Every entry of the project's own catalog can be read.
Test(catalog, own_entries) {
    static const char *const names[] = {"caltech101", "cifar10", "cifar100",      "cifar100-coarse",
                                        "eurosat",    "gtsrb",   "fashion-mnist", "kmnist",
                                        "mnist",      "scene15", "stl10"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_fails(names[i], FX_ERROR_IO, "no such folder"); // good, though the data are absent
}

Test(catalog, cifar100_coarse_by_key) {
    make_folders("root/cifar100", NULL);
    write_cifar("root/cifar100/train.bin", 2, 6, 0, 4, 0);
    write_cifar("root/cifar100/test.bin", 2, 2, 3, 4, 9);
    assert_loads("cifar100");
    cr_assert_eq(data.classes, 100);
    assert_loads("cifar100-coarse");
    cr_assert_eq(data.classes, 20);
    cr_assert_arr_eq(data.train.labels, ((int[]){0, 0, 1, 1, 0, 0}), 6 * sizeof(int));
    options.labels = "coarse";
    assert_loads("cifar100");
    cr_assert_eq(data.classes, 20);
    cr_assert_arr_eq(data.train.labels, ((int[]){0, 0, 1, 1, 0, 0}), 6 * sizeof(int));
}

// --- real data -----------------------------------------------------------------------------------

static void load_real(const char *name) {
    static const char *const folders[] = {FX_SOURCE_DIR "/datasets", NULL};
    const char *root = getenv("FEATX_DATA");
    char path[4096];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", root ? root : "", name);
    if (!root || stat(path, &info) != 0) cr_skip_test("no data at $FEATX_DATA/%s", name);
    options = (fx_dataset_options){.data_root = root, .catalog_folders = folders};
    assert_loads(name);
}

static void moments(const fx_split *split, double mean[3], double deviation[3]) {
    double sum[3] = {0}, squares[3] = {0}, pixels = 0;
    fx_image image = {0};
    for (size_t i = 0; i < split->images.count; i++) {
        cr_assert_eq(split->images.get(split->images.self, i, &image, &error), FX_OK);
        size_t count = (size_t)image.width * (size_t)image.height,
               channels = (size_t)image.channels;
        uint64_t s[3] = {0}, q[3] = {0};
        for (size_t p = 0; p < count; p++)
            for (size_t c = 0; c < channels; c++) {
                uint64_t v = image.pixels[p * channels + c];
                s[c] += v;
                q[c] += v * v;
            }
        for (int c = 0; c < 3; c++) {
            sum[c] += (double)s[c];
            squares[c] += (double)q[c];
        }
        pixels += (double)count;
    }
    fx_image_destroy(&image);
    for (int c = 0; c < 3; c++) {
        mean[c] = sum[c] / pixels / 255;
        deviation[c] = sqrt(squares[c] / pixels / 255 / 255 - mean[c] * mean[c]);
    }
}

// Published with four decimals: half of the last one.
#define assert_moment(found, expected)                                                             \
    cr_assert_not(!(fabs((found) - (expected)) <= 0.5e-4), "%.6f, expected %.4f", found, expected)

Test(real_data, cifar10) {
    load_real("cifar10");
    cr_assert_eq(data.train.images.count, 50000);
    cr_assert_eq(data.test.images.count, 10000);
    cr_assert_eq(data.classes, 10);
    cr_assert_str_eq(data.class_names[0], "airplane");
    cr_assert_str_eq(data.class_names[9], "truck");
    const double means[3] = {0.4914, 0.4822, 0.4465}, deviations[3] = {0.2470, 0.2435, 0.2616};
    double mean[3], deviation[3];
    moments(&data.train, mean, deviation);
    for (int c = 0; c < 3; c++) {
        assert_moment(mean[c], means[c]);
        assert_moment(deviation[c], deviations[c]);
    }
    int counts[10] = {0};
    for (size_t i = 0; i < data.train.images.count; i++) counts[data.train.labels[i]]++;
    for (int c = 0; c < 10; c++) cr_assert_eq(counts[c], 5000);
}

Test(real_data, mnist) {
    load_real("mnist");
    cr_assert_eq(data.train.images.count, 60000);
    cr_assert_eq(data.test.images.count, 10000);
    cr_assert_arr_eq(data.train.labels, ((int[]){5, 0, 4, 1, 9}), 5 * sizeof(int));
    double mean[3], deviation[3];
    moments(&data.train, mean, deviation);
    assert_moment(mean[0], 0.1307);
    assert_moment(deviation[0], 0.3081);
}

Test(real_data, scene15) {
    load_real("scene15");
    cr_assert_eq(data.train.images.count, 1500);
    cr_assert_eq(data.test.images.count, 750);
    cr_assert_eq(data.classes, 15);
    cr_assert_str_eq(data.class_names[0], "Bedroom");
    cr_assert_str_eq(data.class_names[14], "TallBuilding");
    fx_image image = {0};
    for (size_t i = 0; i < data.train.images.count; i += 100) {
        cr_assert_eq(data.train.images.get(data.train.images.self, i, &image, &error), FX_OK, "%s",
                     error.message);
        cr_assert_eq(data.train.labels[i], (int)(i / 100));
        cr_assert_eq(image.channels, 1);
        cr_assert(image.width >= 150 && image.width <= 600);
    }
    fx_image_destroy(&image);
}
