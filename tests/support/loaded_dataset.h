// A data set loaded in a folder of its own, for tests of loaders: one file of them includes it.
#ifndef FEATX_TESTS_LOADED_DATASET_H
#define FEATX_TESTS_LOADED_DATASET_H

#include <criterion/criterion.h>

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
#endif
