// Patches that a vocabulary is learned from: a uniform sample of all, whatever the sizes of images.
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "features/local_descriptors.h"
#include "features/patch_samples.h"
#include "features/reservoir.h"
#include "featx/threads.h"
#include "src/base/memory.h"
#include "tests/support/noise.h"

enum { IMAGES = 5, PATCH = 6, D = PATCH * PATCH, SAMPLES = 60, DRAWS = 500, PLACES = 3000 };

static fx_error error;

// ---- Images of different sizes ------------------------------------------------------------------

static const fx_size sizes[IMAGES] = {{6, 6}, {40, 7}, {9, 31}, {23, 23}, {44, 40}};

static fx_status get(const void *self, size_t index, fx_image *out, fx_error *e) {
    (void)self;
    FX__TRY(fx_image_reserve(out, sizes[index % IMAGES].width, sizes[index % IMAGES].height, 1, e));
    noise_image((uint32_t)index + 70, out->height, out->width, 1, out->pixels);
    return FX_OK;
}

static fx_status probe(const void *self, size_t index, fx_image *out, fx_error *e) {
    (void)self, (void)e;
    if (index % 32 == 0) usleep(200); // so that threads overtake each other
    *out = (fx_image){.width = sizes[index % IMAGES].width,
                      .height = sizes[index % IMAGES].height,
                      .channels = 1};
    return FX_OK;
}

static void name(const void *self, size_t index, char *out, size_t size) {
    (void)self;
    snprintf(out, size, "noise[%zu]", index);
}

// Image i is as large as image i % IMAGES.
static const fx_image_source source = {.count = IMAGES, .get = get, .probe = probe, .name = name};

static fx_bovw_params params_of(int samples) {
    fx_bovw_params p = fx_bovw_defaults();
    p.local = FX_BOVW_PATCH;
    p.patch = PATCH;
    p.stride = 1;
    p.samples = samples;
    return p;
}

static fx_matrix draw_of(size_t images, int samples, uint64_t seed) {
    fx_bovw_params p = params_of(samples);
    fx_matrix out;
    fx_image_source some = source;
    some.count = images;
    cr_assert_eq(fx__draw_patches(&p, &some, 1, seed, NULL, &out, &error), FX_OK, "%s",
                 error.message);
    return out;
}

static fx_matrix draw(int samples, uint64_t seed) {
    return draw_of(IMAGES, samples, seed);
}

// A patch at each place of each image, sorted to be found again.
typedef struct place {
    float patch[D + FX__PATCHES_SLACK];
    int image, drawn, seed; // how often, and the last time
} place;

static int by_patch(const void *left, const void *right) {
    const place *a = left, *b = right;
    return memcmp(a->patch, b->patch, sizeof(float) * D);
}

static size_t all_places(place *places) {
    fx_bovw_params p = params_of(SAMPLES);
    float *scratch;
    size_t count = 0;
    cr_assert_eq(fx__allocate(fx__local_scratch(&p, 1), 4, &scratch, &error), FX_OK);
    for (int i = 0; i < IMAGES; i++) {
        fx_image image = {0};
        cr_assert_eq(get(NULL, (size_t)i, &image, &error), FX_OK);
        for (int y = 0; y + PATCH <= image.height; y++)
            for (int x = 0; x + PATCH <= image.width; x++) {
                fx_positions at = {.x = x, .y = y, .columns = 1, .rows = 1, .stride = 1};
                fx__local_extract(&p, &image, &at, scratch, places[count].patch);
                places[count].drawn = places[count].seed = 0;
                places[count++].image = i;
            }
        fx_image_destroy(&image);
    }
    free(scratch);
    qsort(places, count, sizeof *places, by_patch);
    return count;
}

static place *find(place *places, size_t count, const float *patch) {
    place key;
    memcpy(key.patch, patch, sizeof(float) * D);
    place *found = bsearch(&key, places, count, sizeof key, by_patch);
    cr_assert_not_null(found, "no patch of the images");
    return found;
}

// Pearson's statistic is χ² of count - 1 degrees or, as here, less: places are drawn without
// replacement and evenly within an image. Five deviations are allowed.
static void check_uniform(const char *of, const double *drawn, const double *expected,
                          size_t count) {
    double sum = 0, degrees = (double)count - 1;
    for (size_t i = 0; i < count; i++)
        sum += (drawn[i] - expected[i]) * (drawn[i] - expected[i]) / expected[i];
    cr_expect(sum <= degrees + 5 * sqrt(2 * degrees), "%s: χ² = %g of %g degrees", of, sum,
              degrees);
}

static void check_draws(int samples) {
    static place places[PLACES];
    static double drawn[PLACES], expected[PLACES];
    size_t count = all_places(places);
    double of_image[IMAGES] = {0}, expected_of[IMAGES] = {0};
    for (int seed = 1; seed <= DRAWS; seed++) {
        fx_matrix rows = draw(samples, (uint64_t)seed);
        cr_assert_eq(rows.rows, (size_t)samples);
        for (size_t i = 0; i < rows.rows; i++) {
            place *found = find(places, count, rows.data + i * D);
            cr_assert_neq(found->seed, seed, "a patch twice");
            found->seed = seed;
            found->drawn++;
            of_image[found->image]++;
        }
        fx_matrix_destroy(&rows);
    }
    for (size_t i = 0; i < count; i++) {
        drawn[i] = places[i].drawn;
        expected[i] = (double)samples * DRAWS / (double)count;
        expected_of[places[i].image] += expected[i];
    }
    check_uniform("places", drawn, expected, count);
    check_uniform("images", of_image, expected_of, IMAGES);
}

Test(patch_samples, every_place_is_as_likely_and_none_comes_twice) {
    check_draws(SAMPLES);
    check_draws(1200); // of 1864: some runs are of one place, some of two
}

Test(patch_samples, all_where_there_are_fewer) {
    static place places[PLACES];
    size_t count = all_places(places);
    fx_matrix samples = draw(PLACES * 2, 1);
    cr_assert_eq(samples.rows, count);
    for (size_t i = 0; i < count; i++) find(places, count, samples.data + i * D)->drawn++;
    for (size_t i = 0; i < count; i++) cr_assert_eq(places[i].drawn, 1);
    fx_matrix_destroy(&samples);
}

Test(patch_samples, same_bytes_for_any_number_of_threads) {
    enum { MANY = 300 };
    fx_threads_set(1);
    fx_matrix one = draw_of(MANY, SAMPLES, 3);
    for (int threads = 2; threads <= 5; threads++) {
        fx_threads_set(threads);
        fx_matrix many = draw_of(MANY, SAMPLES, 3);
        cr_assert_eq(memcmp(one.data, many.data, sizeof(float) * SAMPLES * D), 0);
        fx_matrix_destroy(&many);
    }
    fx_matrix_destroy(&one);
}

// ---- The reservoir ------------------------------------------------------------------------------

static void offer(fx_reservoir *r, uint32_t group, uint32_t most) {
    fx_rng rng = fx_rng_at(9, FX_RNG_USER, 0, group);
    fx__reservoir_offer(r, group, noise(1, group) % most, &rng);
}

static void check_order(uint32_t groups, uint32_t most) {
    enum { SIZE = 100 };
    fx_reservoir forward, backward;
    cr_assert_eq(fx__reservoir_create(SIZE, &forward, &error), FX_OK);
    cr_assert_eq(fx__reservoir_create(SIZE, &backward, &error), FX_OK);
    for (uint32_t i = 0; i < groups; i++) {
        offer(&forward, i, most);
        offer(&backward, groups - 1 - i, most);
    }
    fx__reservoir_finish(&forward);
    fx__reservoir_finish(&backward);
    cr_assert_eq(forward.count, SIZE);
    cr_assert_eq(backward.count, SIZE);
    for (size_t i = 0; i < SIZE; i++) cr_assert_eq(forward.items[i].group, backward.items[i].group);
    fx__reservoir_destroy(&forward);
    fx__reservoir_destroy(&backward);
}

Test(patch_samples, the_order_of_groups_does_not_matter) {
    check_order(60, 9);
    check_order(1000, 9);
    check_order(1000000, 1000000000);
}
