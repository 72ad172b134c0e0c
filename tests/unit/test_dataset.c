// Loaders of CIFAR, IDX and image folders, splits, names and paths.
#include <criterion/criterion.h>
#include <math.h>
#include <zlib.h>

#include "tests/support/dataset_files.h"

static fx_dataset data;
static fx_error error;

static fx_status load(const char *name) {
    fx_dataset_destroy(&data);
    error = (fx_error){0};
    return fx_dataset_load(name, NULL, &data, &error);
}

static void enter(void) {
    folder_enter();
}

static void leave(void) {
    fx_dataset_destroy(&data);
    folder_leave();
}

TestSuite(cifar, .init = enter, .fini = leave);
TestSuite(idx, .init = enter, .fini = leave);
TestSuite(image_folder, .init = enter, .fini = leave);

#define assert_loads(name) cr_assert_eq(load(name), FX_OK, "%s", error.message)

// Fails with this code, and with a message that holds all these texts, in one line.
#define assert_fails(name, expected, ...)                                                          \
    do {                                                                                           \
        cr_assert_eq(load(name), expected, "status %d: %s", error.code, error.message);            \
        cr_assert_eq(error.code, expected);                                                        \
        cr_assert_null(strchr(error.message, '\n'));                                               \
        const char *const texts[] = {__VA_ARGS__};                                                 \
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)                                  \
            cr_assert_not_null(strstr(error.message, texts[t]), "no \"%s\" in: %s", texts[t],      \
                               error.message);                                                     \
        cr_assert_null(data.owner);                                                                \
    } while (0)

#define assert_name(split, index, expected)                                                        \
    do {                                                                                           \
        char name_[512];                                                                           \
        (split).images.name((split).images.self, index, name_, sizeof name_);                      \
        cr_assert_str_eq(name_, expected);                                                         \
    } while (0)

static fx_image get(const fx_split *split, size_t index) {
    fx_image image = {0}, probed = {0};
    cr_assert_lt(index, split->images.count);
    cr_assert_eq(split->images.get(split->images.self, index, &image, &error), FX_OK, "%s",
                 error.message);
    cr_assert_eq(split->images.probe(split->images.self, index, &probed, &error), FX_OK);
    cr_assert_eq(probed.width, image.width);
    cr_assert_eq(probed.height, image.height);
    cr_assert_eq(probed.channels, image.channels);
    return image;
}

// --- CIFAR ---------------------------------------------------------------------------------------

Test(cifar, ten) {
    write_cifar10_folder("c");
    assert_loads("c");
    cr_assert_str_eq(data.name, "c");
    cr_assert_eq(data.classes, 3);
    cr_assert_str_eq(data.class_names[0], "ant");
    cr_assert_str_eq(data.class_names[1], "bee");
    cr_assert_str_eq(data.class_names[2], "cow");
    cr_assert_eq(data.train.images.count, 5);
    cr_assert_eq(data.test.images.count, 2);
    cr_assert_eq(data.validation.images.count, 0);
    cr_assert_arr_eq(data.train.labels, ((int[]){0, 1, 2, 2, 0}), 5 * sizeof(int));
    cr_assert_arr_eq(data.test.labels, ((int[]){1, 2}), 2 * sizeof(int));
    // Batch 2, record 1: pixel p of channel c is 10 c + p + 51.
    fx_image image = get(&data.train, 4);
    cr_assert(image.width == 32 && image.height == 32 && image.channels == 3);
    for (int p = 0; p < 1024; p++)
        for (int c = 0; c < 3; c++)
            cr_assert_eq(image.pixels[3 * p + c], (uint8_t)(10 * c + p + 51));
    fx_image_destroy(&image);
    assert_name(data.train, 2, "data_batch_1.bin[2]");
    assert_name(data.train, 4, "data_batch_2.bin[1]");
    assert_name(data.test, 0, "test_batch.bin[0]");
}

Test(cifar, ten_batches_in_numeric_order) {
    write_cifar10_folder("c");
    for (int i = 3; i <= 10; i++) {
        char path[64];
        snprintf(path, sizeof path, "c/data_batch_%d.bin", i);
        write_cifar(path, 1, 1, i % 3, 3, 0);
    }
    assert_loads("c/");
    cr_assert_eq(data.train.images.count, 13);
    assert_name(data.train, 5, "data_batch_3.bin[0]");
    assert_name(data.train, 12, "data_batch_10.bin[0]");
}

Test(cifar, hundred) {
    make_folders("c", NULL);
    write_cifar("c/train.bin", 2, 6, 0, 4, 0);
    write_cifar("c/test.bin", 2, 2, 3, 4, 9);
    write_file("c/fine_label_names.txt", "a\nb\nc\nd\n", 8);
    write_file("c/coarse_label_names.txt", "low\nhigh\n", 9);
    assert_loads("c");
    cr_assert_eq(data.classes, 4);
    cr_assert_arr_eq(data.train.labels, ((int[]){0, 1, 2, 3, 0, 1}), 6 * sizeof(int));
    assert_name(data.train, 5, "train.bin[5]");
    fx_image image = get(&data.test, 1);
    cr_assert_eq(image.pixels[3 * 7 + 2], 20 + 7 + 10);
    fx_image_destroy(&image);
    fx_dataset_destroy(&data);
    fx_dataset_options options = {.labels = "coarse"};
    cr_assert_eq(fx_dataset_load("c", &options, &data, &error), FX_OK, "%s", error.message);
    cr_assert_eq(data.classes, 2);
    cr_assert_str_eq(data.class_names[1], "high");
    cr_assert_arr_eq(data.train.labels, ((int[]){0, 0, 1, 1, 0, 0}), 6 * sizeof(int));
    fx_dataset_destroy(&data);
    options.labels = "medium";
    cr_assert_eq(fx_dataset_load("c", &options, &data, &error), FX_ERROR_USAGE);
    cr_assert_not_null(strstr(error.message, "fine or coarse"));
    options.labels = "fine";
    write_cifar10_folder("d");
    cr_assert_eq(fx_dataset_load("d", &options, &data, &error), FX_ERROR_USAGE);
    cr_assert_not_null(strstr(error.message, "cifar100"));
}

Test(cifar, without_names_has_ten_numbers) {
    write_cifar10_folder("c");
    unlink("c/batches.meta.txt");
    assert_loads("c");
    cr_assert_eq(data.classes, 10);
    cr_assert_str_eq(data.class_names[9], "9");
}

Test(cifar, label_out_of_range) {
    write_cifar10_folder("c");
    write_cifar("c/data_batch_2.bin", 1, 4, 1, 5, 0); // labels 1 2 3 4 of 3 classes
    assert_fails("c", FX_ERROR_DATA, "c/data_batch_2.bin", "record 2", "label 3", "expected 0 … 2");
    write_cifar("c/data_batch_2.bin", 1, 1, 0, 3, 0);
    write_cifar("c/test_batch.bin", 1, 1, 3, 5, 0);
    assert_fails("c", FX_ERROR_DATA, "c/test_batch.bin", "record 0", "label 3");
}

Test(cifar, size_is_no_multiple_of_the_record) {
    write_cifar10_folder("c");
    cr_assert_eq(truncate("c/data_batch_1.bin", 3 * 3073 - 1), 0);
    assert_fails("c", FX_ERROR_FORMAT, "c/data_batch_1.bin: 9218 bytes", "multiple of 3073");
    cr_assert_eq(truncate("c/data_batch_1.bin", 0), 0);
    assert_fails("c", FX_ERROR_FORMAT, "c/data_batch_1.bin: 0 bytes", "multiple of 3073");
    make_folders("h", NULL);
    write_cifar("h/train.bin", 1, 1, 0, 3, 0);
    assert_fails("h", FX_ERROR_FORMAT, "h/train.bin: 3073 bytes", "multiple of 3074");
}

Test(cifar, missing_and_odd_files) {
    write_cifar10_folder("c");
    unlink("c/test_batch.bin");
    assert_fails("c", FX_ERROR_IO, "c/test_batch.bin");
    make_folders("c/test_batch.bin", NULL);
    assert_fails("c", FX_ERROR_IO, "c/test_batch.bin", "a folder");
    rmdir("c/test_batch.bin");
    cr_assert_eq(mkfifo("c/test_batch.bin", 0600), 0);
    assert_fails("c", FX_ERROR_IO, "c/test_batch.bin", "a pipe");
    rename("c/data_batch_2.bin", "c/data_batch_3.bin");
    assert_fails("c", FX_ERROR_IO, "c/data_batch_2.bin: no such file", "data_batch_3.bin");
    rename("c/data_batch_3.bin", "c/data_batch_2.bin");
    unlink("c/data_batch_1.bin");
    assert_fails("c", FX_ERROR_IO, "c/data_batch_1.bin: no such file", "data_batch_2.bin");
    unlink("c/data_batch_2.bin");
    assert_fails("c", FX_ERROR_IO, "c/data_batch_1.bin: no such file");
    write_cifar10_folder("d");
    write_file("d/batches.meta.txt", "\n\n", 2);
    assert_fails("d", FX_ERROR_FORMAT, "d/batches.meta.txt", "no class names");
}

// --- IDX -----------------------------------------------------------------------------------------

static void check_idx_folder(void) {
    cr_assert_eq(data.classes, 3);
    cr_assert_str_eq(data.class_names[2], "2");
    cr_assert_eq(data.train.images.count, 5);
    cr_assert_eq(data.test.images.count, 3);
    cr_assert_arr_eq(data.train.labels, ((int[]){0, 1, 2, 0, 1}), 5 * sizeof(int));
    fx_image image = get(&data.train, 3);
    cr_assert(image.width == 4 && image.height == 3 && image.channels == 1);
    for (int p = 0; p < 12; p++) cr_assert_eq(image.pixels[p], 36 + p);
    fx_image_destroy(&image);
}

Test(idx, plain_and_gzip) {
    write_idx_folder("p", "");
    assert_loads("p");
    check_idx_folder();
    assert_name(data.train, 3, "train-images-idx3-ubyte[3]");
    write_idx_folder("z", ".gz");
    assert_loads("z");
    check_idx_folder();
    assert_name(data.test, 0, "t10k-images-idx3-ubyte.gz[0]");
}

Test(idx, other_names) {
    // With a dot, with EMNIST's prefix and "test", and a plain file beside its .gz.
    write_idx_folder("p", "");
    rename("p/train-images-idx3-ubyte", "p/train-images.idx3-ubyte");
    rename("p/train-labels-idx1-ubyte", "p/train-labels.idx1-ubyte");
    write_file("p/train-images.idx3-ubyte.gz", "not read", 8);
    write_file("p/notes.txt", "nor this", 8);
    write_file("p/.train-images-idx3-ubyte", "nor this", 8);
    assert_loads("p");
    check_idx_folder();
    write_idx_folder("e", ".gz");
    rename("e/train-images-idx3-ubyte.gz", "e/emnist-letters-train-images-idx3-ubyte.gz");
    rename("e/train-labels-idx1-ubyte.gz", "e/emnist-letters-train-labels-idx1-ubyte.gz");
    rename("e/t10k-images-idx3-ubyte.gz", "e/emnist-letters-test-images-idx3-ubyte.gz");
    rename("e/t10k-labels-idx1-ubyte.gz", "e/emnist-letters-test-labels-idx1-ubyte.gz");
    assert_loads("e");
    check_idx_folder();
    write_file("e/emnist-digits-train-images-idx3-ubyte.gz", "", 0);
    assert_fails("e", FX_ERROR_DATA, "emnist-digits-train-images", "emnist-letters-train-images");
}

Test(idx, color_images) {
    write_idx_folder("p", "");
    unlink("p/train-images-idx3-ubyte");
    write_idx("p/train-images-idx4-ubyte", 4, (uint32_t[]){5, 2, 3, 3}, 90, 256);
    assert_loads("p");
    fx_image image = get(&data.train, 1);
    cr_assert(image.width == 3 && image.height == 2 && image.channels == 3);
    cr_assert_eq(image.pixels[17], 35);
    fx_image_destroy(&image);
    write_idx("p/train-images-idx4-ubyte", 4, (uint32_t[]){5, 2, 3, 2}, 60, 256);
    assert_fails("p", FX_ERROR_DATA, "p/train-images-idx4-ubyte", "2 channels", "1 or 3");
}

Test(idx, wrong_magic_number) {
    write_idx_folder("p", "");
    write_idx("p/train-images-idx3-ubyte", 1, (uint32_t[]){5}, 5, 3);
    assert_fails("p", FX_ERROR_FORMAT, "p/train-images-idx3-ubyte: magic number 0x00000801",
                 "expected 0x00000803");
    write_idx_folder("q", "");
    write_idx("q/train-labels-idx1-ubyte", 3, (uint32_t[]){5, 3, 4}, 60, 3);
    assert_fails("q", FX_ERROR_FORMAT, "q/train-labels-idx1-ubyte: magic number 0x00000803",
                 "expected 0x00000801");
    write_file("q/train-labels-idx1-ubyte", "\0\0\x0d\1\0\0\0\5", 8); // floats
    assert_fails("q", FX_ERROR_FORMAT, "magic number 0x00000d01");
    write_file("q/train-labels-idx1-ubyte", "{\"a\": 1}", 8);
    assert_fails("q", FX_ERROR_FORMAT, "magic number 0x7b226122");
}

Test(idx, counts_against_sizes) {
    static const struct {
        uint32_t dimensions[3];
        size_t bytes;
        fx_status code;
        const char *text;
    } cases[] = {
        {{6, 3, 4}, 60, FX_ERROR_FORMAT, "promises 6 items (72 bytes), found 60 bytes"},
        {{5, 3, 4}, 59, FX_ERROR_FORMAT, "promises 5 items (60 bytes), found 59 bytes"},
        {{5, 3, 4}, 61, FX_ERROR_FORMAT, "more data than the 5 items"},
        {{4, 3, 4}, 60, FX_ERROR_FORMAT, "more data than the 4 items"},
        {{0, 3, 4}, 0, FX_ERROR_DATA, "0 items"},
        {{5, 0, 4}, 0, FX_ERROR_DATA, "images of 4×0"},
        {{5, 0x10000, 0x10000}, 60, FX_ERROR_DATA, "images of 65536×65536"},
        {{0xFFFFFFFF, 0xFFFF, 0xFFF},
         60,
         FX_ERROR_FORMAT,
         "promises 4294967295 items, more than the file"},
        {{0xFFFFFFFF, 1, 1}, 60, FX_ERROR_FORMAT, "promises 4294967295 items, more than the file"},
        {{100000, 28, 28}, 60, FX_ERROR_FORMAT, "promises 100000 items, more than the file"},
    };
    for (int gzip = 0; gzip < 2; gzip++) {
        const char *folder = gzip ? "z" : "p";
        char path[64];
        write_idx_folder(folder, gzip ? ".gz" : "");
        snprintf(path, sizeof path, "%s/train-images-idx3-ubyte%s", folder, gzip ? ".gz" : "");
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            write_idx(path, 3, cases[i].dimensions, cases[i].bytes, 256);
            cr_assert_eq(load(folder), cases[i].code, "%zu: %s", i, error.message);
            cr_assert_not_null(strstr(error.message, path), "%s", error.message);
            cr_assert_not_null(strstr(error.message, cases[i].text), "%zu: %s", i, error.message);
        }
    }
}

Test(idx, headers_cut_short) {
    uint8_t header[20];
    size_t length = idx_header(header, 3, (uint32_t[]){5, 3, 4});
    for (size_t n = 0; n < length; n++) {
        char folder[16], path[64];
        snprintf(folder, sizeof folder, "p%zu", n);
        write_idx_folder(folder, "");
        snprintf(path, sizeof path, "%s/train-images-idx3-ubyte", folder);
        write_file(path, header, n);
        assert_fails(folder, FX_ERROR_FORMAT, path);
    }
}

Test(idx, damaged_gzip) {
    write_idx_folder("z", ".gz");
    const char *path = "z/train-images-idx3-ubyte.gz";
    size_t size = file_size(path);
    uint8_t bytes[4096], broken[4096];
    FILE *file = fopen(path, "rb");
    cr_assert_eq(fread(bytes, 1, sizeof bytes, file), size);
    fclose(file);
    for (size_t n = 1; n < size; n++) { // truncated anywhere
        write_file(path, bytes, n);
        assert_fails("z", FX_ERROR_FORMAT, path);
        cr_assert_null(strstr(error.message, "<fd"), "%s", error.message);
    }
    for (size_t at = 10; at < size; at++) { // a byte of the stream, its CRC or its length changed
        memcpy(broken, bytes, size);
        broken[at] ^= 0x55;
        write_file(path, broken, size);
        cr_assert_neq(load("z"), FX_OK, "byte %zu", at);
        cr_assert_not_null(strstr(error.message, path));
    }
    write_idx("plain", 3, (uint32_t[]){5, 3, 4}, 60, 256);
    rename("plain", path);
    assert_fails("z", FX_ERROR_FORMAT, path, "not gzip data");
}

// A header in a small file that promises what only a decompression bomb could hold: refused without
// inflating; and one that promises little inflates no further than that.
Test(idx, compressed_bombs) {
    write_idx_folder("z", ".gz");
    const char *path = "z/train-images-idx3-ubyte.gz";
    size_t count = 64 << 20;
    uint8_t *bytes = calloc(1, count);
    idx_header(bytes, 3, (uint32_t[]){5, 3, 4});
    write_gzip(path, bytes, count);
    free(bytes);
    assert_fails("z", FX_ERROR_FORMAT, path, "more data than the 5 items");
}

Test(idx, labels_that_do_not_fit) {
    write_idx_folder("p", "");
    write_idx("p/train-labels-idx1-ubyte", 1, (uint32_t[]){4}, 4, 3);
    assert_fails("p", FX_ERROR_DATA, "p/train-labels-idx1-ubyte: 4 labels", "expected 5",
                 "train-images-idx3-ubyte");
    unlink("p/train-labels-idx1-ubyte");
    assert_fails("p", FX_ERROR_IO, "p: no file train-labels-idx1-ubyte");
    write_idx_folder("q", "");
    unlink("q/t10k-images-idx3-ubyte");
    assert_fails("q", FX_ERROR_IO, "q: no file t10k-images-idx3-ubyte");
}

// --- image folders -------------------------------------------------------------------------------

Test(image_folder, train_test_and_val) {
    make_folders("f", "f/train", "f/test", "f/val", "f/.hidden", "f/train/.git", NULL);
    for (int s = 0; s < 3; s++) {
        const char *split = (const char *const[]){"f/train", "f/test", "f/val"}[s];
        write_class_folder(split, "zebra", 3 - s);
        write_class_folder(split, "Ant", 2);
        write_class_folder(split, "bee", 1 + s);
    }
    write_file("f/train/bee/notes.txt", "x", 1);
    write_file("f/train/bee/.thumb.png", "x", 1);
    write_file("f/train/README", "x", 1);
    write_file("f/test/stray.png", "x", 1);
    write_file("f/beside.txt", "outside of the splits: not looked at", 1);
    make_folders("f/train/bee/nested", NULL);
    assert_loads("f");
    cr_assert_eq(data.classes, 3);
    cr_assert_str_eq(data.class_names[0], "Ant"); // bytes, not letters: capitals come first
    cr_assert_str_eq(data.class_names[1], "bee");
    cr_assert_str_eq(data.class_names[2], "zebra");
    cr_assert_eq(data.train.images.count, 6);
    cr_assert_eq(data.test.images.count, 2 + 2 + 2);
    cr_assert_eq(data.validation.images.count, 2 + 3 + 1);
    cr_assert_arr_eq(data.train.labels, ((int[]){0, 0, 1, 2, 2, 2}), 6 * sizeof(int));
    cr_assert_eq(data.ignored, 5);
    fx_image image = get(&data.train, 5); // zebra/02.PGM: gray, 6 × 5
    cr_assert(image.width == 6 && image.height == 5 && image.channels == 1);
    cr_assert_eq(image.pixels[0], 20);
    fx_image_destroy(&image);
    assert_name(data.train, 5, "f/train/zebra/02.PGM");
}

Test(image_folder, one_level_is_split) {
    make_folders("f", NULL);
    write_class_folder("f", "a", 10);
    write_class_folder("f", "b", 20);
    write_class_folder("f", "c", 1);
    write_class_folder("f", "d", 2);
    assert_loads("f");
    cr_assert_eq(data.train.images.count, 8 + 16 + 1 + 1);
    cr_assert_eq(data.test.images.count, 2 + 4 + 0 + 1); // 20 % of each class
    int found[4] = {0};
    for (size_t i = 0; i < data.test.images.count; i++) found[data.test.labels[i]]++;
    cr_assert_arr_eq(found, ((int[]){2, 4, 0, 1}), sizeof found);

    // All images are there once; the draw follows the seed alone.
    char first[33][64], again[64];
    int seen = 0;
    for (size_t i = 0; i < data.test.images.count; i++)
        data.test.images.name(data.test.images.self, i, first[i], 64);
    for (size_t i = 0; i < data.train.images.count; i++) {
        data.train.images.name(data.train.images.self, i, again, sizeof again);
        cr_assert_eq(again[2] - 'a', data.train.labels[i]);
        for (size_t k = 0; k < data.test.images.count; k++) seen += strcmp(first[k], again) == 0;
    }
    cr_assert_eq(seen, 0);
    for (int seed = 0; seed < 3; seed++) {
        fx_dataset_options options = {.seed = (uint64_t)seed};
        int same = 0;
        fx_dataset_destroy(&data);
        cr_assert_eq(fx_dataset_load("f", &options, &data, &error), FX_OK);
        for (size_t i = 0; i < data.test.images.count; i++) {
            data.test.images.name(data.test.images.self, i, again, sizeof again);
            same += strcmp(first[i], again) == 0;
        }
        cr_assert_eq(same == 7, seed == 0, "seed %d: %d", seed, same);
    }
    fx_dataset_options half = {.test_fraction = 0.5F};
    fx_dataset_destroy(&data);
    cr_assert_eq(fx_dataset_load("f", &half, &data, &error), FX_OK);
    cr_assert_eq(data.test.images.count, 5 + 10 + 1 + 1);
    half.test_fraction = 1;
    fx_dataset_destroy(&data);
    cr_assert_eq(fx_dataset_load("f", &half, &data, &error), FX_ERROR_USAGE);
}

Test(image_folder, links_are_followed) {
    make_folders("f", "elsewhere", NULL);
    write_class_folder("f", "a", 2);
    write_class_folder("elsewhere", "b", 2);
    cr_assert_eq(symlink("../elsewhere/b", "f/b"), 0);
    cr_assert_eq(symlink("../../elsewhere/b/00.ppm", "f/a/link.ppm"), 0);
    assert_loads("f");
    cr_assert_eq(data.classes, 2);
    cr_assert_eq(data.train.images.count + data.test.images.count, 5);
}

// What looks like an image by its name is listed; that it is none shows when it is decoded.
Test(image_folder, decodes_late) {
    make_folders("f", "f/train", NULL);
    write_class_folder("f/train", "a", 1);
    write_file("f/train/a/text.png", "hello", 5);
    cr_assert_eq(symlink("nowhere", "f/train/a/broken.jpg"), 0);
    assert_loads("f");
    cr_assert_eq(data.train.images.count, 3);
    cr_assert_eq(data.test.images.count, 0);
    fx_image image = {0};
    cr_assert_eq(data.train.images.get(data.train.images.self, 2, &image, &error), FX_ERROR_FORMAT);
    cr_assert_not_null(strstr(error.message, "f/train/a/text.png"));
    cr_assert_eq(data.train.images.get(data.train.images.self, 1, &image, &error), FX_ERROR_IO);
    fx_image_destroy(&image);
}

Test(image_folder, without_images) {
    make_folders("empty", "flat", "holes", "deep", "deep/train", "halved", "halved/train", NULL);
    assert_fails("empty", FX_ERROR_DATA, "empty: no images", "CIFAR binary files or IDX files");
    write_image("flat/a.ppm", 2, 2, 3, 0);
    assert_fails("flat", FX_ERROR_DATA, "flat: 1 images but no class folders");
    write_class_folder("holes", "a", 2);
    write_class_folder("holes", "b", 0);
    write_file("holes/b/readme.txt", "x", 1);
    assert_fails("holes", FX_ERROR_DATA, "holes/b: no images", "1 other files");
    assert_fails("deep", FX_ERROR_DATA, "deep/train: no images");
}

Test(image_folder, classes_must_agree) {
    make_folders("f", "f/train", "f/test", NULL);
    write_class_folder("f/train", "a", 1);
    write_class_folder("f/train", "b", 1);
    write_class_folder("f/test", "a", 1);
    assert_fails("f", FX_ERROR_DATA, "f/test: no class folder b", "f/train");
    write_class_folder("f/test", "aa", 1);
    write_class_folder("f/test", "b", 1);
    assert_fails("f", FX_ERROR_DATA, "f/test: class folder aa", "f/train");
}

// --- splits --------------------------------------------------------------------------------------

Test(split, is_stratified_and_seeded) {
    enum { COUNT = 100 };
    int labels[COUNT];
    for (int i = 0; i < COUNT; i++) labels[i] = i < 50 ? 0 : i < 80 ? 1 : i < 99 ? 2 : 3;
    uint32_t *first, *second, *again, *rest;
    size_t n, m, again_n, rest_n;
    cr_assert_eq(fx_stratified_split(labels, COUNT, 5, 0.1, 7, &first, &n, &second, &m, &error),
                 FX_OK);
    cr_assert_eq(n, 5 + 3 + 2 + 0);
    cr_assert_eq(n + m, COUNT);
    bool seen[COUNT] = {0};
    int per_class[4] = {0};
    for (size_t i = 0; i < n; i++) {
        cr_assert(i == 0 || first[i] > first[i - 1]);
        seen[first[i]] = true;
        per_class[labels[first[i]]]++;
    }
    for (size_t i = 0; i < m; i++) {
        cr_assert(i == 0 || second[i] > second[i - 1]);
        cr_assert_not(seen[second[i]]);
    }
    cr_assert_arr_eq(per_class, ((int[]){5, 3, 2, 0}), sizeof per_class);
    cr_assert_eq(
        fx_stratified_split(labels, COUNT, 5, 0.1, 7, &again, &again_n, &rest, &rest_n, &error),
        FX_OK);
    cr_assert_arr_eq(first, again, n * sizeof *first);
    free(again);
    free(rest);
    cr_assert_eq(
        fx_stratified_split(labels, COUNT, 5, 0.1, 8, &again, &again_n, &rest, &rest_n, &error),
        FX_OK);
    cr_assert(memcmp(first, again, n * sizeof *first) != 0);
    free(first);
    free(second);
    free(again);
    free(rest);
}

Test(split, edges) {
    static const struct {
        int count;
        double fraction;
        size_t expected;
    } cases[] = {{0, 0.5, 0}, {1, 0.4, 0}, {1, 0.6, 1}, {2, 0.01, 1}, {2, 0.99, 1},
                 {5, 0, 0},   {5, 1, 5},   {5, 0.5, 3}, {7, 0.3, 2},  {3, 0.5, 2}};
    int labels[8] = {0};
    uint32_t *first, *second;
    size_t n, m;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_assert_eq(fx_stratified_split(labels, (size_t)cases[i].count, 1, cases[i].fraction, 1,
                                         &first, &n, &second, &m, &error),
                     FX_OK);
        cr_assert_eq(n, cases[i].expected, "case %zu: %zu", i, n);
        cr_assert_eq(n + m, (size_t)cases[i].count);
        free(first);
        free(second);
    }
    labels[1] = 1;
    cr_assert_eq(fx_stratified_split(labels, 2, 1, 0.5, 1, &first, &n, &second, &m, &error),
                 FX_ERROR_DATA);
    cr_assert_null(first);
    labels[1] = -1;
    cr_assert_eq(fx_stratified_split(labels, 2, 1, 0.5, 1, &first, &n, &second, &m, &error),
                 FX_ERROR_DATA);
    const double bad[] = {-0.1, 1.1, NAN};
    for (int i = 0; i < 3; i++)
        cr_assert_eq(fx_stratified_split(labels, 1, 1, bad[i], 1, &first, &n, &second, &m, &error),
                     FX_ERROR_USAGE);
}
