// Image files, against Pillow's decoding of the same files (tests/golden/images/make.py).
#include "featx/image.h"

#include <sys/wait.h>

#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/base/parallel.h"
#include "src/image/image_file.h"
#include "tests/support/folder.h"

#define GOLDEN FX_SOURCE_DIR "/tests/golden/images/"

TestSuite(image_file, .init = folder_enter, .fini = folder_leave, .timeout = 120);

static const struct {
    const char *name;
    int channels;
    // stb_image's and libjpeg's inverse DCT and chroma interpolation both round to 8 bits, but not
    // alike: measured 1 (gray) and 2 (color). Everything else is exact.
    int tolerance;
} files[] = {
    {"gray.png", 1, 0},      {"rgb.png", 3, 0},         {"gray_alpha.png", 1, 0},
    {"rgb_alpha.png", 3, 0}, {"palette.png", 3, 0},     {"gray16.png", 1, 0},
    {"rgb16.png", 3, 0},     {"rgb.bmp", 3, 0},         {"palette.bmp", 3, 0},
    {"bits32.bmp", 3, 0},    {"gray.bmp", 1, 0},        {"gray.jpg", 1, 1},
    {"rgb.jpg", 3, 2},       {"progressive.jpg", 3, 2}, {"restart.jpg", 3, 2},
    {"rgb.png.pnm", 3, 0},   {"gray.png.pnm", 1, 0},
};
enum { FILES = sizeof files / sizeof *files };

static void golden_path(size_t i, const char *suffix, char path[500]) {
    snprintf(path, 500, GOLDEN "%s%s", files[i].name, suffix);
}

static void read_golden(size_t i, char **bytes, size_t *count) {
    char path[500];
    golden_path(i, "", path);
    cr_assert_eq(fx__file_read(path, 100000, bytes, count, NULL), FX_OK);
}

static void assert_decode_fails(const void *bytes, size_t count, fx_status status,
                                const char *message) {
    fx_error error = {0};
    fx_image image = {0};
    cr_assert_eq(fx_image_decode(bytes, count, "x", &image, &error), status, "%s: %s", message,
                 error.message);
    cr_assert_eq(strncmp(error.message, "x: ", 3), 0, "%s", error.message);
    cr_assert_not_null(strstr(error.message, message), "%s", error.message);
    cr_assert_null(strchr(error.message, '\n'));
    fx_image_destroy(&image);
}

static void assert_text_fails(const char *text, fx_status status, const char *message) {
    assert_decode_fails(text, strlen(text), status, message);
}

Test(image_file, decodes_as_pillow_does) {
    fx_image image = {0}, expected = {0}, probed = {0};
    fx_error error = {0};
    for (size_t i = 0; i < FILES; i++) {
        char path[500];
        golden_path(i, "", path);
        cr_assert_eq(fx_image_load(path, &image, &error), FX_OK, "%s", error.message);
        cr_assert_eq(fx_image_probe(path, &probed, &error), FX_OK, "%s", error.message);
        cr_assert(probed.width == 13 && probed.height == 7, "%s", path);
        cr_assert_eq(probed.channels, files[i].channels, "%s", path);
        cr_assert_null(probed.pixels);
        cr_assert(image.width == 13 && image.height == 7, "%s", path);
        cr_assert_eq(image.channels, files[i].channels, "%s", path);
        cr_assert_geq(image.capacity, (size_t)13 * 7 * (size_t)files[i].channels);
        if (strstr(path, ".pnm")) continue; // what the others are measured by: see the next test
        golden_path(i, ".pnm", path);
        cr_assert_eq(fx_image_load(path, &expected, &error), FX_OK, "%s", error.message);
        cr_assert_eq(expected.channels, image.channels, "%s", path);
        for (int p = 0; p < 13 * 7 * image.channels; p++)
            cr_assert_leq(abs(image.pixels[p] - expected.pixels[p]), files[i].tolerance,
                          "%s, value %d: %d, expected %d", path, p, image.pixels[p],
                          expected.pixels[p]);
    }
    fx_image_destroy(&image);
    fx_image_destroy(&expected);
}

Test(image_file, pnm) {
    static const struct {
        const char *bytes;
        size_t count;
        int width, height, channels;
        uint8_t first, last;
    } cases[] = {
        {"P5 2 1 255 ab", 13, 2, 1, 1, 'a', 'b'},
        {"P5\n# one\n2#two\r1 # three # four\n255\nab and more", 48, 2, 1, 1, 'a', 'b'},
        {"P6\t1\n1\r255\nabc", 15, 1, 1, 3, 'a', 'c'},
        {"P5 1 2 65535\na_b_", 17, 1, 2, 1, 'a', 'b'},
        {"P6 1 1 65535\na_b_c_", 19, 1, 1, 3, 'a', 'c'},
        {"P5 1 1 255\n#", 12, 1, 1, 1, '#', '#'}, // one space, then pixels
        {"P5 00002 1 255 ab", 17, 2, 1, 1, 'a', 'b'},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fx_error error = {0};
        fx_image image = {0};
        cr_assert_eq(fx_image_decode(cases[i].bytes, cases[i].count, "x", &image, &error), FX_OK,
                     "%s", error.message);
        cr_assert_eq(image.width, cases[i].width);
        cr_assert_eq(image.height, cases[i].height);
        cr_assert_eq(image.channels, cases[i].channels);
        cr_assert_eq(image.pixels[0], cases[i].first);
        cr_assert_eq(image.pixels[image.width * image.height * image.channels - 1], cases[i].last);
        fx_image_destroy(&image);
    }
    assert_text_fails("P5 2 1 255 a", FX_ERROR_FORMAT,
                      "truncated PGM or PPM, 12 bytes where 2 × 1 pixels need 13");
    assert_text_fails("P5 2 1 15 ab", FX_ERROR_FORMAT, "maximum value 15, expected 255 or 65535");
    assert_text_fails("P5 0 1 255 ab", FX_ERROR_FORMAT, "0 × 1 pixels");
    assert_text_fails("P5 -2 1 255 ab", FX_ERROR_FORMAT, "header is not width, height");
    assert_text_fails("P5 2 1 255", FX_ERROR_FORMAT, "header is not width, height");
    assert_text_fails("P5 2 1 255#", FX_ERROR_FORMAT, "header is not width, height");
    assert_text_fails("P5 2147483648 1 255 ab", FX_ERROR_FORMAT, "header is not width, height");
    assert_text_fails("P5 99999999999999999999 1 255 ab", FX_ERROR_FORMAT, "header is not width");
    assert_text_fails("P5 2", FX_ERROR_FORMAT, "header is not width, height");
    assert_text_fails("P5 # endless", FX_ERROR_FORMAT, "header is not width, height");
    assert_text_fails("P4 2 1 ab", FX_ERROR_FORMAT, "begins with \"P4 2 1 a\", expected a PNG");
    assert_text_fails("P3 1 1 255 1 2 3", FX_ERROR_FORMAT, "expected a PNG");
}

Test(image_file, the_budget_is_checked_before_decoding) {
    assert_text_fails("P5 16385 16384 255 x", FX_ERROR_DATA,
                      "16385 × 16384 pixels, expected at most 268435456");
    assert_text_fails("P5 16777217 1 255 x", FX_ERROR_DATA, "16777217 × 1 pixels");
    assert_text_fails("P5 16384 16384 255 x", FX_ERROR_FORMAT, "truncated");
    char *png;
    size_t count;
    read_golden(0, &png, &count);
    memcpy(png + 16, "\0\0\x40\1\0\0\x40\0", 8);
    assert_decode_fails(png, count, FX_ERROR_DATA, "16385 × 16384 pixels");
    memcpy(png + 16, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8);
    assert_decode_fails(png, count, FX_ERROR_DATA, "4294967295 × 4294967295 pixels");
    free(png);
}

Test(image_file, every_truncation_is_an_error) {
    for (size_t i = 0; i < FILES; i++) {
        char *bytes;
        size_t count;
        read_golden(i, &bytes, &count);
        // A BMP's last row may lack its padding: 13 pixels of 1, 3 and 4 bytes are 3, 1 and 0 short
        // of a multiple of four.
        size_t padding = strcmp(files[i].name, "gray.bmp") == 0      ? 3
                         : strcmp(files[i].name, "palette.bmp") == 0 ? 3
                         : strcmp(files[i].name, "rgb.bmp") == 0     ? 1
                                                                     : 0;
        for (size_t n = 0; n < count - padding; n++) {
            char *copy = malloc(n + 1); // so that reading beyond is seen
            memcpy(copy, bytes, n);
            assert_decode_fails(copy, n, FX_ERROR_FORMAT, n == 0 ? "empty file" : "");
            free(copy);
        }
        fx_image image = {0};
        cr_assert_eq(fx_image_decode(bytes, count - padding, "x", &image, NULL), FX_OK, "%s",
                     files[i].name);
        fx_image_destroy(&image);
        free(bytes);
    }
}

Test(image_file, bytes_after_the_end_are_ignored) {
    for (size_t i = 0; i < FILES; i++) {
        char *bytes;
        size_t count;
        read_golden(i, &bytes, &count);
        char *longer = calloc(count + 100, 1);
        memcpy(longer, bytes, count);
        fx_image image = {0};
        fx_error error = {0};
        cr_assert_eq(fx_image_decode(longer, count + 100, "x", &image, &error), FX_OK, "%s: %s",
                     files[i].name, error.message);
        fx_image_destroy(&image);
        free(longer);
        free(bytes);
    }
}

// Whatever a changed byte does, it is an error or an image. (The sanitizers look on.)
Test(image_file, survives_every_changed_byte) {
    for (size_t i = 0; i < FILES; i++) {
        char *bytes;
        size_t count;
        read_golden(i, &bytes, &count);
        for (size_t at = 0; at < count; at++)
            for (int change = 1; change < 256; change = change * 5 + 1) {
                bytes[at] = (char)(bytes[at] ^ change);
                fx_image image = {0};
                fx_error error = {0};
                if (fx_image_decode(bytes, count, "x", &image, &error) != FX_OK)
                    cr_assert_null(strchr(error.message, '\n'));
                fx_image_destroy(&image);
                bytes[at] = (char)(bytes[at] ^ change);
            }
        free(bytes);
    }
}

Test(image_file, a_damaged_png_is_an_error) {
    char *bytes;
    size_t count;
    read_golden(1, &bytes, &count);
    bytes[60] ^= 1; // within IDAT
    assert_decode_fails(bytes, count, FX_ERROR_FORMAT, "damaged PNG, wrong checksum at byte 33");
    free(bytes);
}

// A camera's JPEG: 200 KB of metadata, with the markers of a thumbnail in it, before the image.
Test(image_file, jpeg_with_large_metadata) {
    char *bytes;
    size_t count;
    read_golden(12, &bytes, &count);
    enum { SEGMENT = 65535 };
    size_t total = count + (size_t)3 * (SEGMENT + 2);
    char *large = calloc(total, 1);
    memcpy(large, bytes, 2);
    for (size_t i = 0; i < 3; i++) {
        char *segment = large + 2 + i * (SEGMENT + 2);
        memcpy(segment, "\xFF\xE1\xFF\xFF", 4);
        memcpy(segment + 100, "\xFF\xD8\xFF\xC0\x00\x0B\x08\x00\x63\x00\x63\x01\xFF\xDA\xFF\xD9",
               16);
    }
    memcpy(large + 2 + (size_t)3 * (SEGMENT + 2), bytes + 2, count - 2);
    cr_assert_eq(fx__file_write("large.jpg", large, total, NULL), FX_OK);
    fx_image image = {0};
    fx_error error = {0};
    cr_assert_eq(fx_image_probe("large.jpg", &image, &error), FX_OK, "%s", error.message);
    cr_assert(image.width == 13 && image.height == 7 && image.channels == 3);
    cr_assert_eq(fx_image_load("large.jpg", &image, &error), FX_OK, "%s", error.message);
    fx_image_destroy(&image);
    assert_decode_fails(large, total - 2, FX_ERROR_FORMAT, "truncated JPEG, no end-of-image");
    free(large);
    free(bytes);
}

Test(image_file, probing_reads_the_header_only) {
    cr_assert_eq(fx__file_write("cut.ppm", "P6 5000 4000 255\nx", 18, NULL), FX_OK);
    fx_image image = {0};
    fx_error error = {0};
    cr_assert_eq(fx_image_probe("cut.ppm", &image, &error), FX_OK);
    cr_assert(image.width == 5000 && image.height == 4000 && image.channels == 3);
    cr_assert_null(image.pixels);
    cr_assert_eq(fx_image_load("cut.ppm", &image, &error), FX_ERROR_FORMAT);
    cr_assert_str_eq(error.message, "cut.ppm: truncated PGM or PPM, 18 bytes where 5000 × 4000 "
                                    "pixels need 60000017");
}

Test(image_file, what_is_no_image_gets_one_clear_line) {
    static const struct {
        const char *path;
        fx_status status;
        const char *message;
    } cases[] = {
        {"none.png", FX_ERROR_IO, "none.png: No such file or directory"},
        {"empty.png", FX_ERROR_FORMAT,
         "empty.png: empty file, expected a PNG, JPEG, BMP, PGM or PPM image"},
        {"text.png", FX_ERROR_FORMAT,
         "text.png: begins with \"hello...\", expected a PNG, JPEG, BMP, PGM or PPM image"},
        {"folder.png", FX_ERROR_IO, "folder.png: is a folder, expected a regular file"},
        {"pipe.png", FX_ERROR_IO, "pipe.png: is a pipe, expected a regular file"},
        {"gif.gif", FX_ERROR_FORMAT,
         "gif.gif: begins with \"GIF89a\", expected a PNG, JPEG, BMP, PGM or PPM image"},
    };
    cr_assert_eq(fx__file_write("empty.png", "", 0, NULL), FX_OK);
    cr_assert_eq(fx__file_write("text.png", "hello\n\n\x80", 8, NULL), FX_OK);
    cr_assert_eq(fx__file_write("gif.gif", "GIF89a", 6, NULL), FX_OK);
    cr_assert(mkdir("folder.png", 0700) == 0 && mkfifo("pipe.png", 0600) == 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fx_image image = {0};
        fx_error error = {0};
        cr_assert_eq(fx_image_load(cases[i].path, &image, &error), cases[i].status);
        cr_assert_str_eq(error.message, cases[i].message);
        cr_assert_eq(fx_image_probe(cases[i].path, &image, &error), cases[i].status);
        cr_assert_str_eq(error.message, cases[i].message);
    }
}

Test(image_file, unsupported_kinds_are_named) {
    char *bytes;
    size_t count;
    read_golden(7, &bytes, &count);
    bytes[30] = 1;
    assert_decode_fails(bytes, count, FX_ERROR_FORMAT, "BMP of compression 1");
    bytes[30] = 0;
    bytes[28] = 2;
    assert_decode_fails(bytes, count, FX_ERROR_FORMAT, "BMP of 2 bits a pixel");
    bytes[14] = 41;
    assert_decode_fails(bytes, count, FX_ERROR_FORMAT, "info header of 41 bytes");
    free(bytes);
    static const char lossless[] = "\xFF\xD8\xFF\xC3\x00\x0B\x08\x00\x07\x00\x0D\x01\x01\x11\x00";
    assert_decode_fails(lossless, 15, FX_ERROR_FORMAT, "JPEG of frame type C3");
    assert_decode_fails("\xFF\xD8\xFF\xD9\0\0\0\0\0\0", 10, FX_ERROR_FORMAT,
                        "JPEG without a frame header");
}

// The reason of a failure is the decoding thread's own.
static fx_status decode_good_or_bad(void *context, size_t index, int thread, fx_error *error) {
    (void)thread;
    char *const *bytes = context;
    fx_image image = {0};
    const char *good = bytes[0], *bad = bytes[1];
    size_t count = (size_t)(bytes[2] - bytes[1]);
    fx_error found = {0};
    fx_status status = fx_image_decode(index % 2 ? bad : good, count, "x", &image, &found);
    fx_image_destroy(&image);
    bool right = index % 2 ? status == FX_ERROR_FORMAT && strstr(found.message, "damaged JPEG: ")
                           : status == FX_OK;
    return right ? FX_OK : fx_error_set(error, FX_ERROR_DATA, "%zu: %s", index, found.message);
}

Test(image_file, threads_do_not_disturb_each_other) {
    char *good, *bad;
    size_t count;
    read_golden(12, &good, &count);
    read_golden(12, &bad, &count);
    char *table = bad;
    while (memcmp(table, "\xFF\xC4", 2) != 0) table++;
    table[5] = 3; // codes of one bit: there are two
    table[6] = 0;
    table[7] -= 2; // the sum stays
    char *bytes[] = {good, bad, bad + count};
    fx_error error = {0};
    cr_assert_eq(fx__parallel_for(400, decode_good_or_bad, bytes, &error), FX_OK, "%s",
                 error.message);
    free(good);
    free(bad);
}

Test(image_file, decoding_replaces_lent_pixels) {
    uint8_t lent[3] = {1, 2, 3};
    fx_image image = {1, 1, 3, lent, 0};
    cr_assert_eq(fx_image_decode("P5 2 1 255 ab", 13, "x", &image, NULL), FX_OK);
    cr_assert_eq(lent[0], 1);
    cr_assert_neq(image.pixels, lent);
    fx_image_destroy(&image);
}

Test(image_file, saves_png) {
    fx_error error = {0};
    for (int channels = 1; channels <= 3; channels += 2) {
        fx_image image = {0}, again = {0};
        cr_assert_eq(fx_image_reserve(&image, 61, 17, channels, &error), FX_OK);
        size_t bytes = (size_t)61 * 17 * (size_t)channels;
        for (size_t i = 0; i < bytes; i++) image.pixels[i] = (uint8_t)(i * i % 251);
        cr_assert_eq(fx_image_save_png("a.png", &image, &error), FX_OK, "%s", error.message);
        cr_assert_eq(fx_image_load("a.png", &again, &error), FX_OK, "%s", error.message);
        cr_assert(again.width == 61 && again.height == 17 && again.channels == channels);
        cr_assert_eq(memcmp(image.pixels, again.pixels, bytes), 0);
        fx_image_destroy(&image);
        fx_image_destroy(&again);
    }
    uint8_t pixel = 7;
    fx_image one = {1, 1, 1, &pixel, 0};
    cr_assert_eq(fx_image_save_png("no/where.png", &one, &error), FX_ERROR_IO);
    cr_assert_str_eq(error.message, "no/where.png: cannot create: No such file or directory");
    cr_assert_eq(folder_entries("."), 1);
}

Test(image_file, extensions) {
    cr_assert(fx_image_has_extension("a.png") && fx_image_has_extension("b/A.JPeG"));
    cr_assert(fx_image_has_extension("x.y.ppm") && fx_image_has_extension(".bmp"));
    cr_assert(!fx_image_has_extension("png") && !fx_image_has_extension("a.png.txt"));
    cr_assert(!fx_image_has_extension("a.gif") && !fx_image_has_extension(""));
}
