// Samples by number: views, rows of a matrix, and augmented images as functions of (seed, epoch,
// number).
#include <criterion/criterion.h>

#include "featx/threads.h"
#include "src/experiment/rows.h"
#include "tests/support/tiny.h"

enum { COUNT = 30, LENGTH = TINY_SIDE * TINY_SIDE * 3 };

typedef struct fixture {
    tiny tiny;
    fx_descriptor *descriptor;
    fx_rows rows;
    float plain[COUNT * LENGTH];
} fixture;

static fixture *fixture_create(void) {
    fixture *f = malloc(sizeof *f);
    fx_error error = {0};
    tiny_create(COUNT, 0, 0, &f->tiny);
    fx_descriptor_params params = fx_descriptor_defaults();
    cr_assert_eq(fx_descriptor_prepare(&params, &f->tiny.dataset.train.images, NULL, 1, NULL,
                                       &f->descriptor, &error),
                 FX_OK, "%s", error.message);
    f->rows = (fx_rows){.count = COUNT,
                        .length = LENGTH,
                        .labels = f->tiny.train.labels,
                        .images = &f->tiny.dataset.train.images,
                        .descriptor = f->descriptor};
    cr_assert_eq(fx__rows_fill(&f->rows, 0, COUNT, f->plain, FX_ON_ERROR_FAIL, NULL, NULL, &error),
                 FX_OK, "%s", error.message);
    return f;
}

static void fixture_destroy(fixture *f) {
    fx_descriptor_destroy(f->descriptor);
    free(f);
}

static void fill(const fx_samples *samples, uint32_t epoch, const uint32_t *indices, size_t n,
                 float *x) {
    fx_error error = {0};
    cr_assert_eq(samples->fill(samples->self, epoch, indices, n, x, &error), FX_OK, "%s",
                 error.message);
}

static bool same(const float *a, const float *b) {
    return memcmp(a, b, LENGTH * sizeof *a) == 0;
}

Test(rows, augmentation_is_a_function_of_seed_epoch_and_number) {
    fixture *f = fixture_create();
    const fx_augmentation_params params = {.flip = true, .shift = 3};
    static const uint32_t some[] = {7, 3, 7, 29, 0, 11}, alone[] = {29};
    float x[6 * LENGTH], y[6 * LENGTH], z[LENGTH];
    fx_augmented *augmented, *other;
    fx_samples samples, others;
    cr_assert_eq(fx__augmented_create(&f->rows, &params, 5, &augmented, &samples, NULL), FX_OK);
    cr_assert_eq(fx__augmented_create(&f->rows, &params, 6, &other, &others, NULL), FX_OK);
    cr_assert(samples.count == COUNT && samples.length == LENGTH);
    fill(&samples, 0, some, 6, x);
    for (int i = 0; i < 6; ++i) cr_assert(same(x + i * LENGTH, f->plain + some[i] * LENGTH));
    fill(&samples, 2, some, 6, x);
    fill(&samples, 2, alone, 1, z);
    cr_assert(same(x, x + 2 * LENGTH) && same(x + 3 * LENGTH, z), "wherever it stands in a batch");
    int changed = 0, by_epoch = 0, by_seed = 0;
    fill(&samples, 3, some, 6, y);
    for (int i = 0; i < 6; ++i) {
        changed += !same(x + i * LENGTH, f->plain + some[i] * LENGTH);
        by_epoch += !same(x + i * LENGTH, y + i * LENGTH);
    }
    fill(&others, 2, some, 6, y);
    for (int i = 0; i < 6; ++i) by_seed += !same(x + i * LENGTH, y + i * LENGTH);
    // One of 98 draws leaves an image as it was, or draws the same again.
    cr_assert(changed >= 4 && by_epoch >= 4 && by_seed >= 4, "%d, %d, %d of 6", changed, by_epoch,
              by_seed);
    fx__augmented_destroy(augmented);
    fx__augmented_destroy(other);
    fixture_destroy(f);
}

Test(rows, views_map_numbers_over_blocks) {
    fixture *f = fixture_create();
    const fx_npy_rows plain = {
        .rows = COUNT, .columns = LENGTH, .data = (const unsigned char *)f->plain};
    uint32_t rows[COUNT], picked[COUNT / 2];
    for (uint32_t i = 0; i < COUNT; ++i) rows[i] = COUNT - 1 - i;
    for (uint32_t i = 0; i < COUNT / 2; ++i) picked[i] = 2 * i;
    const fx_rows file = {.count = COUNT, .length = LENGTH, .file = &plain, .indices = rows};
    fx_samples base = fx__samples_of_rows(&file, 1);
    fx_samples_view storage;
    fx_samples view = fx__samples_view(&base, picked, COUNT / 2, NULL, &storage);
    cr_assert(view.count == COUNT / 2 && view.length == LENGTH);
    enum { MANY = 2500 }; // more than two blocks of the mapping
    uint32_t *indices = malloc(MANY * sizeof *indices);
    float *x = malloc(MANY * LENGTH * sizeof *x);
    for (uint32_t i = 0; i < MANY; ++i) indices[i] = i * 7 % (COUNT / 2);
    fill(&view, 1, indices, MANY, x);
    for (size_t i = 0; i < MANY; ++i)
        cr_assert(same(x + i * LENGTH, f->plain + (COUNT - 1 - 2 * indices[i]) * LENGTH));
    bool valid[2] = {false};
    cr_assert_eq(fx__rows_fill(&file, 3, 2, x, FX_ON_ERROR_SKIP, valid, NULL, NULL), FX_OK);
    cr_assert(valid[0] && valid[1] && same(x, f->plain + (COUNT - 4) * LENGTH));
    free(x);
    free(indices);
    fixture_destroy(f);
}

Test(rows, chunks_are_bounded) {
    cr_assert_eq(fx__rows_chunk(0), 1024);
    cr_assert_eq(fx__rows_chunk(324), 1024);
    cr_assert_eq(fx__rows_chunk(25600), (8 << 20) / 25600);
    cr_assert_eq(fx__rows_chunk((size_t)1 << 40), 1);
}
