// What the programs say of bad images and bad data sets: one clear line and exit status 1 or 2.
#include "tests/cli/cli.h"

TestSuite(cli_inputs, .init = cli_begin, .fini = cli_end);

// Images
// --------------------------------------------------------------------------------------------

Test(cli_inputs, missing_file) {
    cli_result result = run("featx --features color missing.png -o x.npy", NULL);
    expect_failure(result, 1, "missing.png");
    result = run("featx --features color no/such.png", NULL);
    expect_failure(result, 1, "no/such.png");
    cr_expect(!file_exists("x.npy"));
}

Test(cli_inputs, empty_file) {
    write_text("empty.png", "");
    cli_result result = run("featx --features color empty.png", NULL);
    expect_failure(result, 1, "empty.png", "empty");
}

Test(cli_inputs, text_named_png) {
    write_text("text.png", "This is a text and no image.\n");
    cli_result result = run("featx --features color text.png", NULL);
    expect_failure(result, 1, "text.png");
}

Test(cli_inputs, truncated_png) {
    write_image("a.png", 32, 32, gray, false, 1);
    cut_file("a.png", file_size("a.png") / 2);
    cli_result result = run("featx --features color a.png -o a.npy", NULL);
    expect_failure(result, 1, "a.png");
    cr_expect(!file_exists("a.npy") && !file_exists("a.json"));
    write_file("head.png", "\x89PNG\r\n\x1a\n\0\0", 10);
    result = run("featx --features color head.png", NULL);
    expect_failure(result, 1, "head.png");
}

Test(cli_inputs, truncated_jpeg) {
    write_file("whole.jpg", tiny_jpeg, sizeof tiny_jpeg);
    cli_result result = run("featx --features color whole.jpg", NULL);
    expect_success(result);
    write_file("head.jpg", tiny_jpeg, 100);
    result = run("featx --features color head.jpg", NULL);
    expect_failure(result, 1, "head.jpg");
    write_file("body.jpg", tiny_jpeg, sizeof tiny_jpeg - 12);
    result = run("featx --features color body.jpg", NULL);
    expect_failure(result, 1, "body.jpg");
}

Test(cli_inputs, one_bad_image_among_many) {
    make_folder("photos");
    for (int i = 0; i < 5; i++) {
        char path[64];
        snprintf(path, sizeof path, "photos/%d.png", i);
        write_image(path, 16, 16, gray, false, (uint64_t)i);
    }
    cut_file("photos/2.png", 60);
    write_text("photos/notes.txt", "not an image");
    cli_result result = run("featx --features color photos -o x.npy", NULL);
    expect_failure(result, 1, "photos/2.png");
    cr_expect(!file_exists("x.npy") && !file_exists("x.json") && !file_exists("x.paths.txt"));

    result = run("featx --features color photos -o x.npy --on-error skip", NULL);
    cr_expect_eq(result.status, 0);
    cr_expect_eq(count_lines(result.err), 1u, "%s", result.err);
    cr_expect(strstr(result.err, "photos/2.png"), "%s", result.err);
    cr_expect(strstr(result.out, "4 rows"), "%s", result.out);
    char paths[1024];
    cli_read("x.paths.txt", paths, sizeof paths);
    cr_expect_str_eq(paths, "photos/0.png\nphotos/1.png\nphotos/3.png\nphotos/4.png\n");

    // Standard output cannot be corrected afterwards: its header has the final count.
    result = run_streams(NULL, "y.npy", "featx --features color photos -o - --on-error skip", NULL);
    cr_expect_eq(result.status, 0);
    expect_same_files("x.npy", "y.npy");

    result = run("featx --features color photos/2.png --on-error skip", NULL);
    cr_expect_eq(result.status, 1);
    cr_expect(strstr(result.err, "featx: none of 1 images"), "%s", result.err);
}

// What its header says of its size must not refuse all others.
Test(cli_inputs, first_image_is_bad) {
    write_image("0.png", 64, 64, gray, false, 0);
    cut_file("0.png", 60);
    write_image("1.png", 16, 16, gray, false, 1);
    write_image("2.png", 16, 16, gray, false, 2);
    cli_result result =
        run("featx --features hog 0.png 1.png 2.png -o x.npy --on-error skip", NULL);
    cr_expect_eq(result.status, 0);
    cr_expect_eq(count_lines(result.err), 1u, "%s", result.err);
    cr_expect(strstr(result.err, "0.png"), "%s", result.err);
    cr_expect(strstr(result.out, "2 rows"), "%s", result.out);
}

// Two images, one a class: nothing is left to test.
Test(cli_inputs, no_test_images) {
    make_folder("data");
    make_folder("data/a");
    make_folder("data/b");
    write_image("data/a/1.png", 8, 8, gray, false, 1);
    write_image("data/b/1.png", 8, 8, gray, false, 2);
    cli_result result = run("classify --raw data --set train.epochs=1", NULL);
    cr_expect_eq(result.status, 0);
    cr_expect(strstr(result.out, "test unknown, of no images"), "%s", result.out);
    cr_expect_not(strstr(result.out, "nan"), "%s", result.out);
}

Test(cli_inputs, images_smaller_than_a_patch) {
    make_folder("photos");
    write_image("photos/0.png", 16, 16, gray, false, 0);
    write_image("photos/1.png", 5, 16, gray, false, 1);
    write_image("photos/2.png", 16, 16, gray, false, 2);
    cli_result result = run("featx vocabulary photos -o words --words 4", NULL);
    expect_failure(result, 1, "photos/1.png", "5 × 16");
    cr_expect(!file_exists("words"));
    result = run("featx vocabulary photos -o words --words 4 --on-error skip", NULL);
    cr_expect_eq(result.status, 0);
    cr_expect_eq(count_lines(result.err), 1u, "%s", result.err);
    cr_expect(strstr(result.err, "photos/1.png: the image is 5 × 16 pixels"), "%s", result.err);
    cr_expect(strstr(result.out, "from 2 images"), "%s", result.out);

    // Nothing is learned from the test split, whatever is left of the other.
    make_folder("data");
    make_folder("data/train");
    make_folder("data/train/a");
    make_folder("data/test");
    make_folder("data/test/a");
    write_image("data/train/a/0.png", 5, 16, gray, false, 0);
    write_image("data/test/a/0.png", 16, 16, gray, false, 1);
    result = run("featx vocabulary data -o no-words --words 4 --on-error skip", NULL);
    cr_expect_eq(result.status, 1);
    cr_expect(strstr(result.err, "none of 1 training images"), "%s", result.err);
    cr_expect(!file_exists("no-words"));
}

Test(cli_inputs, not_regular) {
    cr_assert_eq(mkfifo("pipe.png", 0600), 0);
    cli_result result = run("featx --features color pipe.png", NULL);
    expect_failure(result, 1, "pipe.png", "regular file");
}

Test(cli_inputs, folder_without_images) {
    make_folder("photos");
    write_text("photos/notes.txt", "not an image");
    cli_result result = run("featx --features color photos", NULL);
    expect_failure(result, 1, "photos");
    result = run("classify --raw photos/", NULL);
    expect_failure(result, 1, "photos");
}

Test(cli_inputs, empty_class_folder) {
    write_classes("data", 3);
    make_folder("data/white");
    cli_result result = run("classify --raw data", NULL);
    expect_failure(result, 1, "data/white");
}

// An image of the smallest sizes is valid: resized for raw and hog, as it is for color.
Test(cli_inputs, tiny_images) {
    write_image("dot.png", 1, 1, gray, false, 1);
    write_image("bar.png", 7, 3, gray, false, 2);
    cli_result result =
        run("featx --features raw,hog,color dot.png bar.png --set image.size=16", NULL);
    expect_success(result);
    cr_expect(strstr(result.out, "2 rows"), "%s", result.out);
    result = run("featx --features color dot.png bar.png", NULL);
    expect_success(result);
    // At its native size, which is enlarged to one block.
    result = run("featx --features hog dot.png bar.png", NULL);
    expect_success(result);
    cr_expect(strstr(result.out, "2 rows of 36 numbers"), "%s", result.out);
}

Test(cli_inputs, patch_larger_than_image) {
    write_classes("data", 4);
    cli_result result = run("featx vocabulary data -o words --words 4 --set bovw.samples=500 "
                            "--set bovw.patch=6",
                            NULL);
    expect_success(result);
    write_image("bar.png", 7, 3, gray, false, 2);
    result = run("featx --features bovw --vocabulary words bar.png", NULL);
    expect_failure(result, 1, "bar.png", "7", "3", "patch");
    result = run("featx vocabulary bar.png -o other --words 4", NULL);
    expect_failure(result, 1, "bar.png", "7", "3");
    cr_expect(!file_exists("other"));
}

Test(cli_inputs, photo_gives_its_full_grid) {
    write_image("photo.png", 1024, 768, gray, true, 3);
    cli_result result = run("featx --features hog photo.png -o photo.npy", NULL);
    expect_success(result);
    // 128 × 96 cells of 8 × 8, so 127 × 95 blocks of 2 × 2 cells with 9 orientations.
    cr_expect_eq(file_size("photo.npy"), 128u + 4u * 127u * 95u * 4u * 9u);
}

Test(cli_inputs, mixed_sizes_need_image_size) {
    write_image("a.png", 64, 64, gray, false, 1);
    write_image("b.png", 64, 48, gray, false, 2);
    cli_result result = run("featx --features hog a.png b.png -o x.npy", NULL);
    expect_failure(result, 1, "b.png", "image.size");
    cr_expect(!file_exists("x.npy"));
    result = run("featx --features hog a.png b.png -o x.npy --set image.size=[64,48]", NULL);
    expect_success(result);
    result = run("featx --features color a.png b.png -o y.npy", NULL);
    expect_success(result);
}

// CIFAR and IDX
// --------------------------------------------------------------------------------------------

enum { RECORD = 3073 };

static void write_cifar(const char *folder, size_t bytes, uint8_t label) {
    static const char *const names[] = {"data_batch_1", "data_batch_2", "data_batch_3",
                                        "data_batch_4", "data_batch_5", "test_batch"};
    make_folder(folder);
    uint8_t *records = calloc(4, RECORD);
    cr_assert(records);
    for (int i = 0; i < 4; i++) records[i * RECORD] = (uint8_t)i;
    char path[128];
    for (int i = 0; i < 6; i++) {
        snprintf(path, sizeof path, "%s/%s.bin", folder, names[i]);
        write_file(path, records, i == 1 ? bytes : (size_t)4 * RECORD);
    }
    records[2 * RECORD] = label;
    snprintf(path, sizeof path, "%s/test_batch.bin", folder);
    write_file(path, records, (size_t)4 * RECORD);
    free(records);
}

Test(cli_inputs, cifar_of_odd_size) {
    write_cifar("cifar", 4 * RECORD - 1, 0);
    cli_result result = run("classify --raw ./cifar", NULL);
    expect_failure(result, 1, "data_batch_2.bin", "3073");
}

Test(cli_inputs, cifar_label_out_of_range) {
    write_cifar("cifar", 4 * RECORD, 10);
    cli_result result = run("classify --raw ./cifar", NULL);
    expect_failure(result, 1, "test_batch.bin", "10");
}

// Images of 4 × 4 and labels, `claimed` of them by the headers.
static void write_idx(const char *folder, uint8_t magic, uint8_t claimed, uint8_t label) {
    make_folder(folder);
    uint8_t images[16 + 6 * 16] = {0, 0, 8, magic, 0, 0, 0, claimed, 0, 0, 0, 4, 0, 0, 0, 4};
    uint8_t labels[8 + 6] = {0, 0, 8, 1, 0, 0, 0, 6, 0, 1, 0, 1, 0, 1};
    labels[8 + 3] = label;
    static const char *const splits[] = {"train", "t10k"};
    char path[128];
    for (int s = 0; s < 2; s++) {
        snprintf(path, sizeof path, "%s/%s-images-idx3-ubyte", folder, splits[s]);
        write_file(path, images, sizeof images);
        snprintf(path, sizeof path, "%s/%s-labels-idx1-ubyte", folder, splits[s]);
        write_file(path, labels, sizeof labels);
    }
}

Test(cli_inputs, idx_with_a_wrong_magic_number) {
    write_idx("idx", 7, 6, 0);
    cli_result result = run("classify --raw ./idx", NULL);
    expect_failure(result, 1, "train-images-idx3-ubyte");
}

Test(cli_inputs, idx_count_larger_than_file) {
    write_idx("idx", 3, 200, 0);
    cli_result result = run("classify --raw ./idx", NULL);
    expect_failure(result, 1, "train-images-idx3-ubyte", "200");
}

Test(cli_inputs, label_file_out_of_range) {
    // The name of a data set of the catalog fixes its classes.
    write_idx("mnist", 3, 6, 10);
    cli_result result = run("classify --raw mnist", NULL);
    expect_failure(result, 1, "labels-idx1-ubyte", "10");
}
