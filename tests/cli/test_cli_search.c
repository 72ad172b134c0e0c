// featx search: what it finds, in text, JSON, a picture and a page, and what it refuses.
#include "tests/cli/cli.h" // first: it asks for nftw

#include <jansson.h>

#include "src/base/npy.h"

#define REFUSED(STATUS, COMMAND, ...)                                                              \
    do {                                                                                           \
        cli_result refused_ = run(COMMAND, NULL);                                                  \
        expect_failure(refused_, STATUS, __VA_ARGS__);                                             \
    } while (0)

TestSuite(cli_search, .init = cli_begin, .fini = cli_end);

// An image of one color.
static void write_color(const char *path, int r, int g, int b) {
    fx_image image = {0};
    cr_assert_eq(fx_image_reserve(&image, 24, 16, 3, NULL), FX_OK);
    for (int i = 0; i < 24 * 16; i++) {
        image.pixels[3 * i] = (uint8_t)r;
        image.pixels[3 * i + 1] = (uint8_t)g;
        image.pixels[3 * i + 2] = (uint8_t)b;
    }
    cr_assert_eq(fx_image_save_png(path, &image, NULL), FX_OK);
    fx_image_destroy(&image);
}

// A folder of two classes, described by the mean of each channel: linear marginal histograms.
static void make_index(void) {
    cr_assert_eq(mkdir("set", 0700), 0);
    cr_assert_eq(mkdir("set/dark", 0700), 0);
    cr_assert_eq(mkdir("set/light", 0700), 0);
    write_color("set/dark/red.png", 120, 10, 10);
    write_color("set/dark/green.png", 10, 120, 10);
    write_color("set/light/red.png", 250, 120, 120);
    write_color("set/light/green.png", 120, 250, 120);
    write_color("query.png", 110, 12, 9);
    cli_result result =
        run("featx --features color --set color.space=rgb --set color.joint=false --set "
            "color.binning=linear --set color.bins=2 --set color.norm=L1 set -o index.npy",
            NULL);
    cr_assert_eq(result.status, 0, "%s", result.err);
}

Test(cli_search, text_and_json) {
    make_index();
    cli_result result = run("featx search --index index.npy query.png -k 2", NULL);
    cr_assert_eq(result.status, 0, "%s", result.err);
    cr_assert_eq(count_lines(result.out), 3);
    char *first = strchr(result.out, '\n') + 1;
    cr_assert(strstr(first, "dark/red.png  (dark)"), "%s", result.out);
    result = run("featx search --index index.npy query.png set/light/green.png --json "
                 "--distance correlation -k 9",
                 NULL);
    cr_assert_eq(result.status, 0, "%s", result.err);
    json_t *root = json_loads(result.out, 0, NULL);
    cr_assert_not_null(root, "%s", result.out);
    cr_assert_eq(json_integer_value(json_object_get(root, "count")), 4);
    cr_assert_str_eq(json_string_value(json_object_get(root, "distance")), "correlation");
    json_t *queries = json_object_get(root, "queries");
    cr_assert_eq(json_array_size(queries), 2);
    json_t *matches = json_object_get(json_array_get(queries, 1), "matches");
    cr_assert_eq(json_array_size(matches), 4); // 9, but there are no more
    json_t *best = json_array_get(matches, 0);
    cr_assert(strstr(json_string_value(json_object_get(best, "path")), "light/green.png"));
    cr_assert_str_eq(json_string_value(json_object_get(best, "class")), "light");
    cr_assert(json_number_value(json_object_get(best, "distance")) == 0);
    double before = 0;
    for (size_t i = 0; i < 4; i++) {
        double distance =
            json_number_value(json_object_get(json_array_get(matches, i), "distance"));
        cr_assert(distance >= before);
        before = distance;
    }
    json_decref(root);
}

// The query's own color stands in the first tile, that of the nearest image in the second.
Test(cli_search, sheets) {
    make_index();
    cli_result result = run("featx search --index index.npy query.png -k 3 -o sheet.png", NULL);
    cr_assert_eq(result.status, 0, "%s", result.err);
    cr_assert_str_eq(result.err, "");
    fx_image sheet = {0};
    cr_assert_eq(fx_image_load("sheet.png", &sheet, NULL), FX_OK);
    cr_assert(sheet.width == 4 * 136 + 8 && sheet.height == 136 + 8);
    const uint8_t *row = sheet.pixels + (size_t)(8 + 64) * (size_t)sheet.width * 3;
    static const uint8_t colors[2][3] = {{110, 12, 9}, {120, 10, 10}};
    for (int i = 0; i < 2; i++) cr_assert_arr_eq(row + (8 + 136 * i + 64) * 3, colors[i], 3);
    fx_image_destroy(&sheet);
    result = run("featx search --index index.npy query.png -k 3 -o sheet.html", NULL);
    cr_assert_eq(result.status, 0, "%s", result.err);
    static char page[1 << 20];
    cli_read("sheet.html", page, sizeof page);
    cr_assert(strstr(page, "<!doctype html>") || strstr(page, "<!DOCTYPE html>"));
    cr_assert(strstr(page, "dark/red.png"));
    size_t pictures = 0;
    for (const char *at = page; (at = strstr(at, "data:image/png")); at++) pictures++;
    cr_assert_eq(pictures, 4);
    // An image that is gone leaves a blank, and a word about it.
    cr_assert_eq(remove("set/dark/red.png"), 0);
    result = run("featx search --index index.npy query.png -k 3 -o sheet.png", NULL);
    cr_assert_eq(result.status, 0, "%s", result.err);
    cr_assert(strstr(result.err, "1 of the images found cannot be read"), "%s", result.err);
}

// Rows of a data set that lies in no files of images.
Test(cli_search, sheets_of_data_sets) {
    cli_result result = run("featx --features color shapes -o shapes.npy --quiet", NULL);
    cr_assert_eq(result.status, 0, "%s", result.err);
    write_color("query.png", 110, 12, 9);
    result = run("featx search --index shapes.npy query.png -k 3 -o sheet.png", NULL);
    cr_assert_eq(result.status, 0, "%s", result.err);
    cr_assert(strstr(result.err, "3 of the images found cannot be read") &&
                  strstr(result.err, "--images DATASET"),
              "%s", result.err);
    result =
        run("featx search --index shapes.npy query.png -k 3 -o sheet.png --images shapes", NULL);
    cr_assert_eq(result.status, 0, "%s", result.err);
    cr_assert_str_eq(result.err, "");
    REFUSED(1, "featx search --index shapes.npy query.png --images cifar10", "cifar10");
}

Test(cli_search, usage) {
    REFUSED(2, "featx search query.png", "--index X.npy");
    REFUSED(2, "featx search --index index.npy", "IMAGE");
    REFUSED(2, "featx search --index index.npy q.png --distance l3", "'l3'", "chi-square");
    REFUSED(2, "featx search --index index.npy q.png -k 0", "--neighbors", "'0'");
    REFUSED(2, "featx search --index index.npy q.png -o sheet.jpg", "sheet.jpg", ".png or .html");
    REFUSED(1, "featx search --index index.npy q.png", "index.npy");
    make_index();
    REFUSED(1, "featx search --index index.npy q.png", "q.png");
    REFUSED(2, "featx search --index index.npy query.png --vocabulary words",
            "bovw is none of the features");
    cr_assert_eq(truncate("index.npy", 150), 0);
    REFUSED(1, "featx search --index index.npy query.png", "index.npy: ", "expected 96");
}

// Siblings that do not fit.
Test(cli_search, siblings) {
    make_index();
    FILE *file = fopen("index.paths.txt", "a");
    fputs("one more\n", file);
    fclose(file);
    REFUSED(1, "featx search --index index.npy query.png",
            "index.paths.txt: found 5 lines, expected 4");
    cr_assert_eq(remove("index.paths.txt"), 0);
    cli_result result = run("featx search --index index.npy query.png -k 1", NULL);
    cr_assert_eq(result.status, 0, "%s", result.err);
    cr_assert(strstr(result.out, "row "), "%s", result.out);
    static const int64_t labels[] = {0, 1, 2, 0};
    cr_assert_eq(fx__npy_save_int64("index.labels.npy", labels, 4, NULL), FX_OK);
    REFUSED(1, "featx search --index index.npy query.png", "index.labels.npy",
            "4 labels from 0 to 1");
    fx_npy_writer writer;
    static const float rows[12] = {0};
    cr_assert_eq(fx__npy_open("index.npy", 4, 3, &writer, NULL), FX_OK);
    cr_assert_eq(fx__npy_append(&writer, rows, 3, NULL), FX_OK);
    cr_assert_eq(fx__npy_commit(&writer, NULL), FX_OK);
    REFUSED(1, "featx search --index index.npy query.png", "says 4 rows of 6 numbers", "3 of 4");
    cr_assert_eq(remove("index.json"), 0);
    REFUSED(1, "featx search --index index.npy query.png", "index.json");
}

// One bad image among several; images of another length than the rows.
Test(cli_search, queries) {
    make_index();
    FILE *file = fopen("bad.png", "w");
    fputs("no image", file);
    fclose(file);
    REFUSED(1, "featx search --index index.npy bad.png query.png", "bad.png");
    cli_result result =
        run("featx search --index index.npy bad.png query.png --on-error skip", NULL);
    cr_assert_eq(result.status, 0, "%s", result.err);
    cr_assert(strstr(result.out, "dark/red.png") && strstr(result.err, "bad.png"));
    result = run("featx --features hog set/dark/red.png -o hog.npy", NULL);
    cr_assert_eq(result.status, 0, "%s", result.err);
    fx_image wide = {0};
    cr_assert_eq(fx_image_reserve(&wide, 64, 16, 1, NULL), FX_OK);
    memset(wide.pixels, 7, (size_t)64 * 16);
    cr_assert_eq(fx_image_save_png("wide.png", &wide, NULL), FX_OK);
    fx_image_destroy(&wide);
    REFUSED(1, "featx search --index hog.npy wide.png", "wide.png", "expected 72");
}
