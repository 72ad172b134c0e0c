// Color histograms against NumPy's and OpenCV's, Lab against scikit-image's and OpenCV's:
// features/color.h.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "features/color_space.h"
#include "tests/support/pixels.h"

typedef struct color_case {
    fx_color_params params;
    size_t begin, count;
} color_case;

typedef struct lab_case {
    uint8_t rgb[3];
    double skimage[3], opencv[3];
} lab_case;

#include "tests/golden/features/color.h"

// The formula of make_color_golden.py.
static fx_image image_of(void) {
    fx_image image = pixels_blank(61, 47, 3);
    for (int y = 0; y < 47; y++)
        for (int x = 0; x < 61; x++)
            for (int c = 0; c < 3; c++) {
                int v = 3 * x * x + 5 * y * y + 7 * x * y + 61 * c + ((13 * x) ^ (29 * y));
                if (x % 8 == 7) v = 85 * ((x / 8 + y * (c + 1)) % 4);
                if (y % 16 == 15) v = 4 * x;
                pixels_at(&image, x, y)[c] = (uint8_t)v;
            }
    return image;
}

// Hard counts agree exactly; a normalized number is at most 1 and rounded once, to 6e-8. Linear: a
// share is cut to 1/1024, so a pixel's vote is off by less than that for each channel, and a bin by
// as much for each pixel that reaches it; normalized ones here are of one channel.
static double tolerance_of(const fx_color_params *p, double number) {
    if (p->binning == FX_COLOR_HARD) return p->norm == FX_COLOR_NORM_NONE ? 0 : 6e-8;
    double pixels = p->norm == FX_COLOR_NORM_NONE ? 61.0 * 47 : 1;
    double reached = fmin(pixels, 8 * number + 0.02 * pixels);
    return (p->joint ? p->bins.count : 1) * reached / FX__COLOR_STEPS;
}

Test(color_golden, all_cases) {
    fx_image image = image_of();
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const color_case *c = &CASES[i];
        fx_error error = {0};
        cr_assert_eq(fx_color_length(&c->params), c->count);
        float *out = malloc(sizeof *out * c->count);
        void *scratch = malloc(fx_color_scratch(&c->params));
        cr_assert_eq(fx_color_extract(&c->params, &image, out, scratch, &error), FX_OK, "%s",
                     error.message);
        for (size_t k = 0; k < c->count; k++) {
            double expected = NUMBERS[c->begin + k];
            if (!(fabs(out[k] - expected) <= tolerance_of(&c->params, expected)))
                cr_assert_fail("case %zu, number %zu: %.9g, expected %.9g", i, k, (double)out[k],
                               expected);
        }
        free(scratch);
        free(out);
    }
    fx_image_destroy(&image);
}

// scikit-image divides by a rounded white, (0.95047, 1, 1.08883), which moves a and b by up to 0.01
// and grays off the axis. OpenCV divides by the same as ours, but interpolates on a lattice of 33³
// colors: of 200,000 random colors it is 0.43 away from scikit-image at the most.
Test(color_golden, lab_of_known_colors) {
    for (size_t i = 0; i < sizeof LAB / sizeof *LAB; i++) {
        const lab_case *c = &LAB[i];
        fx_color_planes planes = {{c->rgb[0]}, {c->rgb[1]}, {c->rgb[2]}};
        float lab[3][FX__COLOR_BLOCK];
        fx__color_lab(&planes, 1, lab);
        for (int k = 0; k < 3; k++) {
            if (!(fabs(lab[k][0] - c->skimage[k]) <= 0.011) ||
                !(fabs(lab[k][0] - c->opencv[k]) <= 0.45))
                cr_assert_fail("color %zu channel %d: %.6f, scikit-image %.6f, OpenCV %.6f", i, k,
                               (double)lab[k][0], c->skimage[k], c->opencv[k]);
        }
    }
}
