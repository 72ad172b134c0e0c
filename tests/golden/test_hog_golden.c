// HoG against scikit-image's hog(), VLFeat's vl_hog and, for the default, NumPy: features/hog.h,
// hog_vlfeat.h. OpenCV's: test_hog_opencv.c.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "featx/hog.h"
#include "tests/support/hog_cases.h"

#include "tests/golden/features/hog.h"
#include "tests/golden/features/hog_vlfeat.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void check(const char *name, const hog_case *cases, size_t count, const float *numbers,
                  double tolerance) {
    double worst = 0;
    for (size_t i = 0; i < count; i++) {
        double *difference = hog_case_differences(&cases[i], numbers + cases[i].begin);
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
