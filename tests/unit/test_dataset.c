// Loaders of CIFAR and image folders, splits, names and paths.
#include <criterion/criterion.h>
#include <math.h>

#include "tests/support/loaded_dataset.h"

TestSuite(cifar, .init = enter, .fini = leave);
TestSuite(image_folder, .init = enter, .fini = leave);

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
