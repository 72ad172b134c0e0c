// The JSON beside a descriptor file: written, read back, and read with suspicion.
#include <criterion/criterion.h>

#include "src/base/file.h"
#include "src/experiment/descriptor_file.h"
#include "tests/support/folder.h"
#include "tests/support/tiny.h"

TestSuite(descriptor_file, .init = folder_enter, .fini = folder_leave);

static fx_descriptor *prepared(const tiny *tiny) {
    fx_descriptor_params params = fx_descriptor_defaults();
    params.features = (fx_int_list){.count = 2, .values = {FX_FEATURE_COLOR, FX_FEATURE_RAW}};
    fx_descriptor *descriptor;
    fx_error error = {0};
    cr_assert_eq(fx_descriptor_prepare(&params, &tiny->dataset.train.images, NULL, 1, NULL,
                                       &descriptor, &error),
                 FX_OK, "%s", error.message);
    return descriptor;
}

Test(descriptor_file, reads_what_it_wrote) {
    tiny tiny;
    tiny_create(9, 0, 0, &tiny);
    fx_descriptor *descriptor = prepared(&tiny);
    const fx_row_splits splits = {{0, 5}, {5, 5}, {5, 9}};
    fx_descriptor_file file;
    fx_error error = {0};
    for (int with = 0; with < 2; ++with) {
        cr_assert_eq(fx__descriptor_file_write_json(
                         "x.json", descriptor, 9, 560, with ? tiny.dataset.class_names : NULL,
                         with ? TINY_CLASSES : 0, with ? &splits : NULL, &error),
                     FX_OK);
        cr_assert_eq(fx__descriptor_file_read_json("x.json", &file, &error), FX_OK, "%s",
                     error.message);
        cr_assert(file.count == 9 && file.length == 560);
        cr_assert_eq(file.classes, with ? TINY_CLASSES : 0);
        if (with) cr_assert_str_eq(file.class_names[2], "blue \"sky\"");
        cr_assert_eq(file.has_splits, with == 1);
        if (with) {
            cr_assert(file.splits.train.begin == 0 && file.splits.train.end == 5);
            cr_assert(file.splits.validation.begin == file.splits.validation.end);
            cr_assert(file.splits.test.begin == 5 && file.splits.test.end == 9);
        }
        cr_assert_not_null(strstr(file.specification, "\"features\": [\"color\", \"raw\"]"), "%s",
                           file.specification);
        cr_assert_eq(strlen(file.sha256), 64);
        fx__descriptor_file_destroy(&file);
    }
    fx_descriptor_destroy(descriptor);
}

Test(descriptor_file, what_is_wrong_is_named) {
#define HEAD "{\"format\": \"featx-descriptors\", \"version\": 1"
#define SHA                                                                                        \
    "\"descriptor_sha256\": \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\""
#define BODY HEAD ", \"descriptor\": {}, " SHA ", \"count\": 10, \"length\": 2"
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "x.json:"},
        {"{", "x.json:1: not JSON"},
        {"[]", "not the JSON of a descriptor file"},
        {"{\"format\": \"npy\"}", "not the JSON of a descriptor file"},
        {"{\"format\": \"featx-descriptors\", \"version\": 2}",
         "descriptors of version 2, expected version 1"},
        {HEAD "}", "descriptor_sha256"},
        {HEAD ", \"descriptor_sha256\": \"12\"}", "descriptor_sha256"},
        {HEAD ", " SHA ", \"descriptor\": 3}", "\"descriptor\" is not an object"},
        {HEAD ", " SHA ", \"descriptor\": {}, \"count\": -1, \"length\": 2}", "\"count\""},
        {HEAD ", " SHA ", \"descriptor\": {}, \"count\": 1, \"length\": 2.5}", "\"length\""},
        {BODY "}", "\"classes\""},
        {BODY ", \"classes\": []}", "\"classes\""},
        {BODY ", \"classes\": [\"a\", 3]}", "\"classes\""},
        {BODY ", \"classes\": null, \"splits\": [0, 1]}", "\"splits\""},
        {BODY ", \"classes\": null, \"splits\": {\"train\": [0, 11]}}", "\"splits\""},
        {BODY ", \"classes\": null, \"splits\": {\"train\": [3, 2]}}", "\"splits\""},
        {BODY ", \"classes\": null, \"splits\": {\"train\": [0, 6], \"test\": [5, 9]}}",
         "\"splits\""},
        {BODY ", \"classes\": null, \"splits\": {\"train\": [0]}}", "\"splits\""},
        {BODY ", \"classes\": null, \"splits\": {\"train\": [-1, 4]}}", "\"splits\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        fx_descriptor_file file;
        fx_error error = {0};
        cr_assert_eq(fx__file_write("x.json", cases[i].text, strlen(cases[i].text), &error), FX_OK);
        cr_assert_eq(fx__descriptor_file_read_json("x.json", &file, &error), FX_ERROR_FORMAT, "%s",
                     cases[i].text);
        cr_assert_eq(strncmp(error.message, "x.json:", 7), 0, "%s", error.message);
        cr_assert_not_null(strstr(error.message, cases[i].message), "'%s' lacks '%s'",
                           error.message, cases[i].message);
    }
    fx_descriptor_file file;
    cr_assert_eq(fx__descriptor_file_read_json("none.json", &file, NULL), FX_ERROR_IO);
    const char *more = BODY ", \"classes\": null, \"extra\": 1}"; // of a later writer
    cr_assert_eq(fx__file_write("x.json", more, strlen(more), NULL), FX_OK);
    cr_assert_eq(fx__descriptor_file_read_json("x.json", &file, NULL), FX_OK);
    fx__descriptor_file_destroy(&file);
}

Test(descriptor_file, siblings) {
    char *path;
    fx_error error = {0};
    cr_assert_eq(fx__descriptor_file_sibling("a/b.npy", ".labels.npy", &path, &error), FX_OK);
    cr_assert_str_eq(path, "a/b.labels.npy");
    free(path);
    cr_assert_eq(fx__descriptor_file_sibling("a.npy.txt", ".json", &path, &error), FX_ERROR_USAGE);
    cr_assert_eq(fx__descriptor_file_sibling(".npy", ".json", &path, &error), FX_ERROR_USAGE);
}
