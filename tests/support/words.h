// Small vocabularies of noise images.
#ifndef FEATX_TESTS_WORDS_H
#define FEATX_TESTS_WORDS_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "features/vocabulary.h"
#include "src/base/memory.h"
#include "tests/support/noise.h"

static fx_error error;

// ---- A source of noise images: number i is 20 + i % 3 wide and `height` high; image 7 is gray. --

typedef struct noise_source {
    int height, small; // image `small` is 5 × 4
    int width;         // of the narrowest; 0: 20
} noise_source;

static inline fx_status get(const void *self, size_t index, fx_image *out, fx_error *e) {
    const noise_source *s = self;
    int width = (s->width ? s->width : 20) + (int)(index % 3), height = s->height,
        channels = index == 7 ? 1 : 3;
    if ((int)index == s->small) {
        width = 5;
        height = 4;
    }
    FX__TRY(fx_image_reserve(out, width, height, channels, e));
    noise_image((uint32_t)index + 50, height, width, channels, out->pixels);
    return FX_OK;
}

static inline fx_status probe(const void *self, size_t index, fx_image *out, fx_error *e) {
    fx_image image = {0};
    fx_status status = get(self, index, &image, e);
    out->width = image.width;
    out->height = image.height;
    out->channels = image.channels;
    fx_image_destroy(&image);
    return status;
}

static inline void name(const void *self, size_t index, char *out, size_t size) {
    (void)self;
    snprintf(out, size, "noise[%zu]", index);
}

static const noise_source normal = {18, -1, 0};

static inline fx_image_source make_source(const noise_source *self, size_t count) {
    return (fx_image_source){
        .self = self, .count = count, .get = get, .probe = probe, .name = name};
}

static inline fx_bovw_params small_params(void) {
    fx_bovw_params params = fx_bovw_defaults();
    params.words = 20;
    params.samples = 2000;
    params.rounds = 3;
    params.grid = 2;
    return params;
}

static inline fx_vocabulary *learn(const fx_bovw_params *params) {
    fx_image_source source = make_source(&normal, 40);
    fx_vocabulary *vocabulary;
    fx_status status = fx_vocabulary_learn(params, &source, 3, 5, NULL, &vocabulary, &error);
    cr_assert_eq(status, FX_OK, "%s", error.message);
    return vocabulary;
}

static inline fx_image make_image(uint32_t seed, int height, int width, int channels) {
    fx_image image = {.width = width, .height = height, .channels = channels};
    image.pixels = malloc((size_t)height * (size_t)width * (size_t)channels);
    noise_image(seed, height, width, channels, image.pixels);
    return image;
}

static inline float *extract(const fx_vocabulary *vocabulary, const fx_image *image) {
    void *scratch;
    float *out;
    cr_assert_eq(fx__allocate(fx_bovw_scratch(vocabulary), 1, &scratch, &error), FX_OK);
    cr_assert_eq(fx__allocate(fx_bovw_length(vocabulary), sizeof *out, &out, &error), FX_OK);
    // Neither depends on what was there before.
    memset(scratch, 0x7F, fx_bovw_scratch(vocabulary));
    memset(out, 0x7F, fx_bovw_length(vocabulary) * sizeof *out);
    fx_status status = fx_bovw_extract(vocabulary, image, out, scratch, &error);
    cr_assert_eq(status, FX_OK, "%s", error.message);
    free(scratch);
    return out;
}
#endif
