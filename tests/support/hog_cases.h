// Cases of tests/golden/features/hog*.h: an image by formula, parameters, and where their numbers
// are.
#ifndef FEATX_TESTS_HOG_CASES_H
#define FEATX_TESTS_HOG_CASES_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "featx/hog.h"
#include "tests/support/pixels.h"

typedef struct hog_case {
    int preset, width, height, channels, kind, orientations, size, block, stride, norm, is_signed,
        gamma, interpolation;
    size_t begin, count;
} hog_case;

// The formula of make_hog_golden.py.
static inline fx_image hog_case_image(const hog_case *c) {
    fx_image image = pixels_blank(c->width, c->height, c->channels);
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++)
            for (int k = 0; k < c->channels; k++)
                pixels_at(&image, x, y)[k] =
                    (uint8_t)(c->kind == 0 ? 3 * x * x + 5 * y * y + 7 * x * y + 61 * k +
                                                 ((13 * x) ^ (29 * y))
                                           : 5 * x + 3 * y + 20 * k + x * y / 4);
    return image;
}

// |ours - theirs| of a case's numbers.
static inline double *hog_case_differences(const hog_case *c, const float *theirs) {
    fx_hog_params p;
    fx_hog_apply_preset(&p, (fx_hog_preset)c->preset);
    p.orientations = c->orientations;
    p.pixels_per_cell = c->size;
    p.cells_per_block = c->block;
    p.block_stride = c->stride;
    p.block_norm = c->norm;
    p.signed_gradients = c->is_signed;
    p.gamma = c->gamma;
    p.interpolation = c->interpolation;
    fx_image image = hog_case_image(c);
    fx_error error = {0};
    cr_assert_eq(fx_hog_length(&p, c->width, c->height), c->count);
    float *out = malloc(sizeof *out * c->count);
    double *difference = calloc(c->count, sizeof *difference);
    void *scratch = aligned_alloc(64, (fx_hog_scratch(&p, c->width, c->height) + 63) / 64 * 64);
    cr_assert_eq(fx_hog_extract(&p, &image, out, scratch, &error), FX_OK, "%s", error.message);
    for (size_t k = 0; k < c->count; k++) difference[k] = fabs((double)out[k] - theirs[k]);
    free(scratch);
    free(out);
    fx_image_destroy(&image);
    return difference;
}
#endif
