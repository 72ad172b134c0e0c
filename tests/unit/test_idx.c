// The loader of IDX files, plain and compressed.
#include <criterion/criterion.h>

#include "tests/support/loaded_dataset.h"

TestSuite(idx, .init = enter, .fini = leave);

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
