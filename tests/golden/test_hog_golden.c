// HoG against scikit-image's hog(), OpenCV's HOGDescriptor, VLFeat's vl_hog and, for the default,
// NumPy: features/hog.h, hog_opencv.h, hog_vlfeat.h.
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

#include "tests/golden/features/hog.h"
#include "tests/golden/features/hog_opencv.h"
#include "tests/golden/features/hog_vlfeat.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

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

// |ours - theirs| of a case's numbers.
static double *differences(const hog_case *c, const float *theirs) {
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
    fx_image image = image_of(c);
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

static void check(const char *name, const hog_case *cases, size_t count, const float *numbers,
                  double tolerance) {
    double worst = 0;
    for (size_t i = 0; i < count; i++) {
        double *difference = differences(&cases[i], numbers + cases[i].begin);
        // Normalized numbers are at most 1; without normalization they are mean magnitudes of up to
        // 361.
        double scale = cases[i].norm == FX_HOG_NORM_NONE ? 361 : 1;
        for (size_t k = 0; k < cases[i].count; k++) {
            cr_assert(difference[k] / scale <= tolerance, "%s, case %zu, number %zu: off by %.3g",
                      name, i, k, difference[k]);
            worst = fmax(worst, difference[k] / scale);
        }
        free(difference);
    }
    cr_log_info("%s: largest difference %.2g", name, worst);
}

// float32 here and float64 there.
Test(hog_golden, skimage_and_numpy) {
    check("scikit-image and NumPy", CASES, COUNT(CASES), NUMBERS, 1e-5);
}

// float32 here and there. With interpolation in orientation VLFeat takes the angle between gradient
// and bin from acosf of a rounded cosine, 3e-4 rad off where they are nearly parallel: the last two
// cases.
Test(hog_golden, vlfeat) {
    size_t exact = COUNT(VLFEAT_CASES) - 2;
    check("VLFeat", VLFEAT_CASES, exact, VLFEAT_NUMBERS, 1e-5);
    check("VLFeat, bilinear", VLFEAT_CASES + exact, 2, VLFEAT_NUMBERS, 5e-5);
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

// OpenCV's angle is a polynomial that is up to 2e-4 rad off, ours is exact to 2e-7: a vote's share
// of a bin of 0.35 rad differs by up to 6e-4, and a number by what is left after summing. That
// nothing else differs is what make_hog_opencv.py prints: 4e-7 with OpenCV's polynomial, 2.3e-4
// with the exact angle.
Test(hog_golden, opencv) {
    enum { MOST = 4096 };
    static double all[MOST];
    size_t count = 0;
    for (size_t i = 0; i < COUNT(OPENCV_CASES); i++) {
        const hog_case *c = &OPENCV_CASES[i];
        double *difference = differences(c, OPENCV_NUMBERS + c->begin);
        cr_assert(count + c->count <= MOST);
        for (size_t k = 0; k < c->count; k++) all[count++] = difference[k];
        free(difference);
    }
    qsort(all, count, sizeof *all, ascending);
    double median = all[count / 2], most = all[count - count / 100], worst = all[count - 1];
    cr_log_info("OpenCV: difference of %zu numbers: median %.2g, 99 %% %.2g, largest %.2g", count,
                median, most, worst);
    cr_assert(median <= 2e-5 && most <= 1.5e-4 && worst <= 2.5e-4, "%.2g, %.2g, %.2g", median, most,
              worst);
}
