// Every augmentation against SciPy, drawn with the same numbers (images/make_augmented.py).
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "featx/augmentation.h"
#include "tests/golden/images/augmented.h"

Test(augmentation_golden, warps_colors_and_holes) {
    fx_image image = {0};
    fx_augmentation_scratch scratch = {0};
    for (size_t i = 0; i < sizeof augmented / sizeof *augmented; i++) {
        const int width = augmented[i].width, height = augmented[i].height;
        const size_t count = (size_t)(width * height * augmented[i].channels);
        cr_assert_eq(fx_image_reserve(&image, width, height, augmented[i].channels, NULL), FX_OK);
        memcpy(image.pixels, augmented[i].in, count);
        fx_rng rng = fx_rng_at(42, FX_RNG_AUGMENT, 3, (uint64_t)augmented[i].sample);
        fx_error error;
        cr_assert_eq(fx_augmentation_apply(&augmented[i].params, &rng, &image, &scratch, &error),
                     FX_OK, "%s", error.message);
        size_t off = 0;
        for (size_t p = 0; p < count; p++) {
            int difference = abs(image.pixels[p] - augmented[i].out[p]);
            // Values near one half round either way: ours are float32, theirs float64.
            cr_assert_leq(difference, 1, "case %zu, byte %zu: %d, expected %d", i, p,
                          image.pixels[p], augmented[i].out[p]);
            off += difference > 0;
        }
        cr_assert_leq(off, count / 100 + 1, "case %zu: %zu of %zu differ", i, off, count);
    }
    fx_image_destroy(&image);
    fx_augmentation_scratch_destroy(&scratch);
}
