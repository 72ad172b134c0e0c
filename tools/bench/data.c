// What is measured on.
#include "tools/bench/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "features/patches.h"
#include "featx/dataset.h"
#include "featx/rng.h"
#include "featx/visual_words.h"
#include "src/base/npy.h"
#include "tools/bench/harness.h"

enum { SMALL_BYTES = BENCH_SIDE * BENCH_SIDE * 3 };

static void check(fx_status status, const fx_error *error) {
    if (status != FX_OK) bench_die("%s", error->message);
}

char *bench_path(const char *folder, const char *name) {
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = bench_allocate(size, 1);
    snprintf(path, size, "%s/%s", folder, name);
    return path;
}

fx_image bench_image(const char *folder, const char *name) {
    fx_image image = {0};
    fx_error error;
    char *path = bench_path(folder, name);
    check(fx_image_load(path, &image, &error), &error);
    free(path);
    return image;
}

fx_matrix bench_matrix(const char *folder, const char *name) {
    fx_matrix matrix = {0};
    fx_error error;
    char *path = bench_path(folder, name);
    check(fx__npy_load(path, &matrix, &error), &error);
    free(path);
    return matrix;
}

// Small images
// ------------------------------------------------------------------------------------------

fx_image bench_small_at(const fx_image_source *small, size_t index) {
    const fx_image *stack = small->self;
    return (fx_image){BENCH_SIDE, BENCH_SIDE, 3, stack->pixels + index * SMALL_BYTES, 0};
}

static fx_status small_probe(const void *self, size_t index, fx_image *out, fx_error *error) {
    (void)self;
    (void)index;
    (void)error;
    out->width = out->height = BENCH_SIDE;
    out->channels = 3;
    return FX_OK;
}

static fx_status small_get(const void *self, size_t index, fx_image *out, fx_error *error) {
    const fx_image *stack = self;
    fx_status status = fx_image_reserve(out, BENCH_SIDE, BENCH_SIDE, 3, error);
    if (status == FX_OK) memcpy(out->pixels, stack->pixels + index * SMALL_BYTES, SMALL_BYTES);
    return status;
}

static void small_name(const void *self, size_t index, char *out, size_t size) {
    (void)self;
    snprintf(out, size, "small[%zu]", index);
}

fx_image_source bench_small(const char *folder) {
    fx_image *stack = bench_allocate(1, sizeof *stack);
    *stack = bench_image(folder, "small.ppm");
    return (fx_image_source){stack, (size_t)stack->height / BENCH_SIDE, small_get, small_probe,
                             small_name};
}

// Making them
// -------------------------------------------------------------------------------------------

static void write_pnm(const char *folder, const char *name, const fx_image *image) {
    char *path = bench_path(folder, name), header[64];
    int length = snprintf(header, sizeof header, "P%d %d %d 255\n", image->channels == 3 ? 6 : 5,
                          image->width, image->height);
    fx_writer writer;
    fx_error error;
    check(fx__writer_open(path, &writer, &error), &error);
    check(fx__writer_write(&writer, header, (size_t)length, &error), &error);
    check(fx__writer_write(&writer, image->pixels,
                           (size_t)image->width * (size_t)image->height * (size_t)image->channels,
                           &error),
          &error);
    check(fx__writer_commit(&writer, &error), &error);
    free(path);
}

static fx_image new_image(int width, int height) {
    fx_image image = {0};
    fx_error error;
    check(fx_image_reserve(&image, width, height, 3, &error), &error);
    return image;
}

static void write_images(const char *folder, const fx_image_source *source) {
    fx_image small = new_image(BENCH_SIDE, BENCH_SIDE * BENCH_SMALL), one = {0}, gray = {0};
    fx_image large = new_image(BENCH_WIDTH, BENCH_HEIGHT);
    fx_error error;
    for (size_t i = 0; i < BENCH_SMALL; i++) {
        check(source->get(source->self, i * source->count / BENCH_SMALL, &one, &error), &error);
        if (one.width != BENCH_SIDE || one.height != BENCH_SIDE || one.channels != 3)
            bench_die("image %zu has %d×%d×%d, expected 32×32×3", i, one.width, one.height,
                      one.channels);
        memcpy(small.pixels + i * SMALL_BYTES, one.pixels, SMALL_BYTES);
        size_t x = i % (BENCH_WIDTH / BENCH_SIDE), y = i / (BENCH_WIDTH / BENCH_SIDE);
        for (size_t row = 0; y < BENCH_HEIGHT / BENCH_SIDE && row < BENCH_SIDE; row++)
            memcpy(large.pixels + 3 * ((y * BENCH_SIDE + row) * BENCH_WIDTH + x * BENCH_SIDE),
                   one.pixels + row * BENCH_SIDE * 3, BENCH_SIDE * 3);
    }
    check(fx_image_convert(&large, 1, &gray, &error), &error);
    write_pnm(folder, "small.ppm", &small);
    write_pnm(folder, "large.ppm", &large);
    write_pnm(folder, "large.pgm", &gray);
    fx_image_destroy(&small);
    fx_image_destroy(&large);
    fx_image_destroy(&gray);
    fx_image_destroy(&one);
}

static void write_samples(const char *folder, const fx_image_source *source) {
    enum { LENGTH = BENCH_PATCH * BENCH_PATCH * 3, PLACES = BENCH_SIDE - BENCH_PATCH + 1 };
    char *path = bench_path(folder, "samples.npy");
    float patch[LENGTH + FX__PATCHES_SLACK];
    float *scratch = bench_allocate(fx__patches_scratch(BENCH_PATCH, 3), sizeof *scratch);
    fx_npy_writer npy;
    fx_error error;
    fx_image image = {0};
    check(fx__npy_open(path, LENGTH, BENCH_SAMPLES, &npy, &error), &error);
    for (size_t i = 0; i < BENCH_SAMPLES; i++) {
        fx_rng rng = fx_rng_at(1, FX_RNG_USER, 0, i);
        size_t index = fx_rng_below(&rng, (uint32_t)source->count);
        check(source->get(source->self, index, &image, &error), &error);
        fx_positions at = {.columns = 1, .rows = 1, .stride = 1};
        at.x = (int)fx_rng_below(&rng, PLACES);
        at.y = (int)fx_rng_below(&rng, PLACES);
        fx__patches_extract(&image, &at, BENCH_PATCH, 10, scratch, patch);
        check(fx__npy_append(&npy, patch, 1, &error), &error);
    }
    check(fx__npy_commit(&npy, &error), &error);
    fx_image_destroy(&image);
    free(scratch);
    free(path);
}

// Words as they come: only their number matters to the time of encoding.
static void write_vocabulary(const char *folder, const fx_image_source *source) {
    fx_bovw_params params = fx_bovw_defaults();
    params.words = BENCH_WORDS;
    params.local = FX_BOVW_PATCH;
    params.patch = BENCH_PATCH;
    params.stride = 1;
    params.encoding = FX_BOVW_THRESHOLD;
    params.grid = 2;
    params.samples = 20000;
    params.rounds = 1;
    fx_vocabulary *vocabulary;
    fx_error error;
    char *path = bench_path(folder, "words.safetensors");
    check(fx_vocabulary_learn(&params, source, 3, 1, NULL, &vocabulary, &error), &error);
    check(fx_vocabulary_save(vocabulary, path, &error), &error);
    fx_vocabulary_destroy(vocabulary);
    free(path);
}

void bench_prepare(const char *folder, const char *dataset) {
    fx_dataset data;
    fx_error error;
    check(fx__folder_create(folder, &error), &error);
    check(fx_dataset_load(dataset, NULL, &data, &error), &error);
    write_images(folder, &data.train.images);
    write_samples(folder, &data.train.images);
    write_vocabulary(folder, &data.train.images);
    fx_dataset_destroy(&data);
}
