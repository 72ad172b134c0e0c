// Color histograms against NumPy's, of RGB and of scikit-image's HSV: features/color.h.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "featx/color_histogram.h"
#include "tests/support/pixels.h"

typedef struct color_case {
    int space, joint, grid, norm;
    fx_int_list bins;
    size_t begin, count;
} color_case;

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

Test(color_golden, all_cases) {
    fx_image image = image_of();
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const color_case *c = &CASES[i];
        fx_color_params p = {c->space, c->bins, c->joint, c->grid, c->norm};
        fx_error error = {0};
        cr_assert_eq(fx_color_length(&p), c->count);
        float *out = malloc(sizeof *out * c->count);
        void *scratch = malloc(fx_color_scratch(&p));
        cr_assert_eq(fx_color_extract(&p, &image, out, scratch, &error), FX_OK, "%s",
                     error.message);
        // Counts agree exactly; a normalized number is at most 1 and rounded once, to 6e-8.
        double tolerance = c->norm == FX_COLOR_NORM_NONE ? 0 : 6e-8;
        for (size_t k = 0; k < c->count; k++)
            cr_assert(fabs(out[k] - NUMBERS[c->begin + k]) <= tolerance,
                      "case %zu, number %zu: %.9g, expected %.9g", i, k, (double)out[k],
                      NUMBERS[c->begin + k]);
        free(scratch);
        free(out);
    }
    fx_image_destroy(&image);
}
