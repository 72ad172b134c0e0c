// HoG against scikit-image's hog() and, for interpolated votes, NumPy: features/hog.h.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "featx/hog.h"
#include "tests/support/pixels.h"

typedef struct hog_case {
    int skimage, width, height, channels, kind, orientations, size, block, stride, norm, is_signed;
    size_t begin, count;
} hog_case;

#include "tests/golden/features/hog.h"

// The formula of make_hog_golden.py.
static fx_image image_of(const hog_case *c) {
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

Test(hog_golden, all_cases) {
    double worst = 0;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const hog_case *c = &CASES[i];
        fx_hog_params p;
        fx_hog_apply_preset(&p, c->skimage ? FX_HOG_PRESET_SKIMAGE : FX_HOG_PRESET_DALAL_TRIGGS);
        p.orientations = c->orientations;
        p.pixels_per_cell = c->size;
        p.cells_per_block = c->block;
        p.block_stride = c->stride;
        p.block_norm = c->norm;
        p.signed_gradients = c->is_signed;
        fx_image image = image_of(c);
        fx_error error = {0};
        cr_assert_eq(fx_hog_length(&p, c->width, c->height), c->count);
        float *out = malloc(sizeof *out * c->count);
        void *scratch = aligned_alloc(64, (fx_hog_scratch(&p, c->width, c->height) + 63) / 64 * 64);
        cr_assert_eq(fx_hog_extract(&p, &image, out, scratch, &error), FX_OK, "%s", error.message);
        // float32 here and float64 there. Normalized numbers are at most 1; without normalization
        // they are mean magnitudes of up to 361.
        double scale = c->norm == FX_HOG_NORM_NONE ? 361 : 1;
        for (size_t k = 0; k < c->count; k++) {
            double difference = fabs((double)out[k] - NUMBERS[c->begin + k]) / scale;
            cr_assert(difference <= 1e-5, "case %zu, number %zu: %.8g, expected %.8g", i, k,
                      (double)out[k], (double)NUMBERS[c->begin + k]);
            if (difference > worst) worst = difference;
        }
        free(scratch);
        free(out);
        fx_image_destroy(&image);
    }
    cr_log_info("largest difference %g", worst);
}
