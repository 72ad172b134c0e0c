// A small data set in memory: 12 × 12 RGB images of three classes that differ in hue and in the
// direction of their stripes, with noise. What raw, color and hog can tell apart, in a moment.
#ifndef FEATX_TESTS_TINY_H
#define FEATX_TESTS_TINY_H

#include <stdio.h>
#include <string.h>

#include "featx/model.h"
#include "featx/rng.h"

enum { TINY_SIDE = 12, TINY_CLASSES = 3, TINY_MAX = 512 };

typedef struct tiny_part {
    size_t offset;      // in the sequence of all images
    size_t bad_every;   // images bad_every - 1, 2 · bad_every - 1, … cannot be decoded; 0: none
    size_t small_every; // and these have 2 × 2 pixels
    int labels[TINY_MAX];
} tiny_part;

typedef struct tiny {
    tiny_part train, validation, test;
    fx_dataset dataset;
} tiny;

static void tiny_name(const void *self, size_t index, char *out, size_t size) {
    snprintf(out, size, "tiny[%zu]", ((const tiny_part *)self)->offset + index);
}

static bool tiny_every(size_t every, size_t index) {
    return every && index % every == every - 1;
}

static int tiny_side(const tiny_part *part, size_t index) {
    return tiny_every(part->small_every, index) ? 2 : TINY_SIDE;
}

static fx_status tiny_probe(const void *self, size_t index, fx_image *out, fx_error *error) {
    (void)error;
    out->width = out->height = tiny_side((const tiny_part *)self, index);
    out->channels = 3;
    return FX_OK;
}

static fx_status tiny_get(const void *self, size_t index, fx_image *out, fx_error *error) {
    const tiny_part *part = (const tiny_part *)self;
    if (tiny_every(part->bad_every, index))
        return fx_error_set(error, FX_ERROR_FORMAT, "tiny[%zu]: damaged", part->offset + index);
    unsigned side = (unsigned)tiny_side(part, index);
    fx_status status = fx_image_reserve(out, (int)side, (int)side, 3, error);
    if (status != FX_OK) return status;
    fx_rng rng = fx_rng_at(77, FX_RNG_USER, 0, part->offset + index);
    int label = part->labels[index];
    unsigned phase = fx_rng_below(&rng, 4);
    for (unsigned y = 0; y < side; ++y)
        for (unsigned x = 0; x < side; ++x)
            for (int c = 0; c < 3; ++c) {
                unsigned at = (label == 0 ? x : label == 1 ? y : x + y) + phase;
                unsigned value = (at / 2 % 2 ? 110 : 60) + (c == label ? 40 : 0);
                out->pixels[(y * side + x) * 3 + (unsigned)c] =
                    (uint8_t)(value + fx_rng_below(&rng, 90));
            }
    return FX_OK;
}

static fx_split tiny_split(tiny_part *part, size_t offset, size_t count) {
    part->offset = offset;
    for (size_t i = 0; i < count; ++i) part->labels[i] = (int)((offset + i) % TINY_CLASSES);
    return (fx_split){{part, count, tiny_get, tiny_probe, tiny_name}, part->labels};
}

// Fills *out, which must not be moved afterwards. Nothing to free.
static inline void tiny_create(size_t train, size_t validation, size_t test, tiny *out) {
    static const char *const names[TINY_CLASSES] = {"red", "green", "blue \"sky\""};
    memset(out, 0, sizeof *out);
    out->dataset = (fx_dataset){.name = "tiny", .classes = TINY_CLASSES, .class_names = names};
    out->dataset.train = tiny_split(&out->train, 0, train);
    out->dataset.validation = tiny_split(&out->validation, train, validation);
    out->dataset.test = tiny_split(&out->test, train + validation, test);
}

// Parameters that train in a moment: one small hidden layer, few epochs.
static inline fx_model_params tiny_params(fx_feature feature) {
    fx_model_params params = fx_model_defaults();
    params.descriptor.features = (fx_int_list){.count = 1, .values = {(int)feature}};
    params.descriptor.hog.pixels_per_cell = 4;
    params.descriptor.bovw.words = 8;
    params.descriptor.bovw.patch = 4;
    params.descriptor.bovw.samples = 2000;
    params.descriptor.bovw.rounds = 3;
    params.mlp.hidden = (fx_int_list){.count = 1, .values = {16}};
    params.train.epochs = 12;
    params.train.batch_size = 32;
    params.train.learning_rate = 0.01F;
    return params;
}
#endif
