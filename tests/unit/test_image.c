// Images in memory, resizing (against Pillow), and image sources.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "featx/image_source.h"
#include "featx/threads.h"
#include "tests/golden/images/resized.h"

Test(image, reserve_checks_and_reuses) {
    fx_image image = {0};
    fx_error error;
    cr_assert_eq(fx_image_reserve(&image, 10, 10, 3, &error), FX_OK);
    uint8_t *pixels = image.pixels;
    cr_assert_eq(fx_image_reserve(&image, 3, 4, 1, &error), FX_OK);
    cr_assert_eq(image.pixels, pixels);
    cr_assert(image.width == 3 && image.height == 4 && image.channels == 1);
    cr_assert_eq(fx_image_reserve(&image, 0, 4, 1, &error), FX_ERROR_DATA);
    cr_assert_eq(fx_image_reserve(&image, 4, -1, 1, &error), FX_ERROR_DATA);
    cr_assert_eq(fx_image_reserve(&image, 4, 4, 2, &error), FX_ERROR_DATA);
    cr_assert_eq(fx_image_reserve(&image, 16384, 16385, 1, &error), FX_ERROR_DATA);
    cr_assert_eq(fx_image_reserve(&image, 2147483647, 2147483647, 3, &error), FX_ERROR_DATA);
    fx_image_destroy(&image);
    fx_image_destroy(&image);
    fx_image_destroy(NULL);
    cr_assert_null(image.pixels);
}

Test(image, lent_pixels_are_neither_written_nor_freed) {
    uint8_t lent[4] = {1, 2, 3, 4};
    fx_image image = {2, 2, 1, lent, 0};
    cr_assert_eq(fx_image_reserve(&image, 2, 2, 1, NULL), FX_OK);
    cr_assert_neq(image.pixels, lent);
    fx_image_destroy(&image);
    image = (fx_image){2, 2, 1, lent, 0};
    fx_image_destroy(&image);
}

Test(image, convert) {
    uint8_t colors[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 1, 2, 3, 0, 0, 0};
    uint8_t gray[] = {76, 150, 29, 255, 2, 0}; // Pillow's and libjpeg's values of the same colors
    fx_image in = {6, 1, 3, colors, 0}, out = {0}, back = {0};
    cr_assert_eq(fx_image_convert(&in, 1, &out, NULL), FX_OK);
    cr_assert(out.width == 6 && out.height == 1 && out.channels == 1);
    cr_assert_eq(memcmp(out.pixels, gray, 6), 0);
    cr_assert_eq(fx_image_convert(&out, 3, &back, NULL), FX_OK);
    for (int i = 0; i < 18; i++) cr_assert_eq(back.pixels[i], gray[i / 3]);
    cr_assert_eq(fx_image_convert(&in, 3, &back, NULL), FX_OK);
    cr_assert_eq(memcmp(back.pixels, colors, 18), 0);
    fx_error error;
    cr_assert_eq(fx_image_convert(&in, 4, &back, &error), FX_ERROR_DATA);
    fx_image_destroy(&out);
    fx_image_destroy(&back);
}

Test(image, flip) {
    uint8_t pixels[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    fx_image color = {3, 1, 3, pixels, 0};
    fx_image_flip(&color);
    cr_assert_eq(memcmp(pixels, (uint8_t[]){7, 8, 9, 4, 5, 6, 1, 2, 3}, 9), 0);
    fx_image_flip(&color);
    fx_image gray = {4, 2, 1, pixels, 0};
    fx_image_flip(&gray);
    cr_assert_eq(memcmp(pixels, (uint8_t[]){4, 3, 2, 1, 8, 7, 6, 5, 9}, 9), 0);
    fx_image column = {1, 9, 1, pixels, 0};
    fx_image_flip(&column);
    cr_assert_eq(pixels[0], 4);
}

// Both compute in whole numbers with the same weights: exact.
Test(image, resize_as_pillow_does) {
    fx_image in = {0}, out = {0};
    for (size_t n = 0; n < sizeof resized / sizeof *resized; n++) {
        int width = resized[n].width, height = resized[n].height, channels = resized[n].channels;
        cr_assert_eq(fx_image_reserve(&in, width, height, channels, NULL), FX_OK);
        for (size_t i = 0; i < (size_t)width * (size_t)height * (size_t)channels; i++) {
            unsigned value = (unsigned)(i * i * 31 + i * 17 + 7) % 256;
            in.pixels[i] = (uint8_t)(!resized[n].extreme ? value : value > 127 ? 255 : 0);
        }
        int new_width = resized[n].new_width, new_height = resized[n].new_height;
        cr_assert_eq(fx_image_resize(&in, new_width, new_height, &out, NULL), FX_OK);
        cr_assert(out.width == new_width && out.height == new_height && out.channels == channels);
        for (int i = 0; i < new_width * new_height * channels; i++)
            cr_assert_eq(out.pixels[i], resized[n].pixels[i], "case %zu, value %d: %d, expected %d",
                         n, i, out.pixels[i], resized[n].pixels[i]);
    }
    fx_image_destroy(&in);
    fx_image_destroy(&out);
}

Test(image, resize_keeps_constants_and_copies_equal_sizes) {
    static const int sizes[] = {1, 2, 3, 7, 8, 9, 31, 33, 64};
    fx_image in = {0}, out = {0};
    for (size_t a = 0; a < 9; a++)
        for (size_t b = 0; b < 9; b++) {
            cr_assert_eq(fx_image_reserve(&in, sizes[a], sizes[b], 3, NULL), FX_OK);
            memset(in.pixels, 255, (size_t)sizes[a] * (size_t)sizes[b] * 3);
            cr_assert_eq(fx_image_resize(&in, sizes[b], sizes[a], &out, NULL), FX_OK);
            for (int i = 0; i < sizes[a] * sizes[b] * 3; i++) cr_assert_eq(out.pixels[i], 255);
        }
    for (size_t i = 0; i < (size_t)64 * 64 * 3; i++) in.pixels[i] = (uint8_t)rand();
    cr_assert_eq(fx_image_resize(&in, 64, 64, &out, NULL), FX_OK);
    cr_assert_eq(memcmp(in.pixels, out.pixels, (size_t)64 * 64 * 3), 0);
    fx_error error;
    cr_assert_eq(fx_image_resize(&in, 0, 4, &out, &error), FX_ERROR_DATA);
    fx_image_destroy(&in);
    fx_image_destroy(&out);
}

// --- sources ---

typedef struct {
    size_t bad[2], bad_count;
    bool odd_color;
} fake;

// Image i is 100+i wide, i % 7 + 1 high.
static fx_status fake_probe(const void *self, size_t index, fx_image *out, fx_error *error) {
    const fake *f = self;
    for (size_t i = 0; i < f->bad_count; i++)
        if (f->bad[i] == index) return fx_error_set(error, FX_ERROR_FORMAT, "image %zu", index);
    out->width = 100 + (int)index;
    out->height = (int)(index % 7) + 1;
    out->channels = f->odd_color && index == 150 ? 3 : 1;
    return FX_OK;
}

static void fake_name(const void *self, size_t index, char *out, size_t size) {
    (void)self;
    snprintf(out, size, "fake[%zu]", index);
}

Test(image_source, survey) {
    fake f = {.odd_color = false};
    fx_image_source source = {&f, 300, fake_probe, fake_probe, fake_name};
    fx_image_survey survey;
    fx_error error;
    for (int threads = 1; threads <= 3; threads++) {
        fx_threads_set(threads);
        f = (fake){.odd_color = false};
        cr_assert_eq(fx_image_source_survey(&source, &survey, &error), FX_OK);
        cr_assert_eq(survey.count, 300);
        cr_assert(!survey.same_size && survey.all_gray);
        cr_assert(survey.width == 100 && survey.height == 1);
        cr_assert(survey.min_width == 100 && survey.min_height == 1);
        f.odd_color = true;
        cr_assert_eq(fx_image_source_survey(&source, &survey, &error), FX_OK);
        cr_assert(!survey.all_gray);
        f = (fake){.bad = {288, 131}, .bad_count = 2};
        cr_assert_eq(fx_image_source_survey(&source, &survey, &error), FX_ERROR_FORMAT);
        cr_assert_str_eq(error.message, "image 131");
    }
    f = (fake){.odd_color = false};
    source.count = 1;
    cr_assert_eq(fx_image_source_survey(&source, &survey, &error), FX_OK);
    cr_assert(survey.same_size);
    source.count = 0;
    cr_assert_eq(fx_image_source_survey(&source, &survey, &error), FX_ERROR_DATA);
}

Test(image_source, subset) {
    fake f = {.odd_color = false};
    fx_image_source source = {&f, 300, fake_probe, fake_probe, fake_name};
    uint32_t all_seven[] = {290, 10, 101};
    fx_image_subset storage, nested_storage;
    fx_image_source subset = fx_image_source_subset(&source, all_seven, 3, &storage);
    fx_image_source nested =
        fx_image_source_subset(&subset, (uint32_t[]){2, 0}, 2, &nested_storage);
    fx_image image = {0};
    char name[20];
    cr_assert_eq(subset.count, 3);
    cr_assert_eq(subset.get(subset.self, 1, &image, NULL), FX_OK);
    cr_assert_eq(image.width, 110);
    cr_assert_eq(nested.probe(nested.self, 1, &image, NULL), FX_OK);
    cr_assert_eq(image.width, 390);
    nested.name(nested.self, 0, name, sizeof name);
    cr_assert_str_eq(name, "fake[101]");
    fx_image_survey survey;
    cr_assert_eq(fx_image_source_survey(&subset, &survey, NULL), FX_OK);
    cr_assert(survey.count == 3 && survey.width == 390 && survey.min_width == 110);
}

#define GOLDEN FX_SOURCE_DIR "/tests/golden/images/"

Test(image_source, files) {
    const char *paths[] = {GOLDEN "gray.png", GOLDEN "gray.jpg", GOLDEN "none.png"};
    fx_image_source files = fx_image_source_files(paths, 2);
    fx_image_survey survey;
    fx_error error = {0};
    cr_assert_eq(fx_image_source_survey(&files, &survey, &error), FX_OK, "%s", error.message);
    cr_assert(survey.same_size && survey.all_gray && survey.width == 13 && survey.height == 7);
    fx_image image = {0};
    cr_assert_eq(files.get(files.self, 1, &image, &error), FX_OK);
    cr_assert_eq(image.width, 13);
    fx_image_destroy(&image);
    char name[5];
    files.name(files.self, 0, name, sizeof name); // cut, terminated
    cr_assert_eq(strlen(name), 4);
    files = fx_image_source_files(paths, 3);
    cr_assert_eq(fx_image_source_survey(&files, &survey, &error), FX_ERROR_IO);
    cr_assert_not_null(strstr(error.message, "none.png: No such file"));
}
