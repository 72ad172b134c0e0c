// Gradients in integers against loops over pixels.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "features/hog_gradient.h"
#include "featx/rng.h"

enum { LEAD = FX__HOG_GRADIENT_GROUP, MOST = 128, PITCH = MOST + 2 * LEAD, PLANE = 4 * PITCH };

// Few values, so that channels are often as strong as each other, and extremes.
static uint8_t value_of(fx_rng *rng) {
    static const uint8_t VALUES[] = {0, 1, 2, 254, 255};
    return VALUES[fx_rng_below(rng, sizeof VALUES)];
}

static void check_split(size_t n, fx_rng *rng) {
    // Exactly as large: no byte beyond may be read.
    uint8_t *pixels = malloc(3 * n);
    static int16_t words[3 * PITCH];
    memset(words, 0xff, sizeof words);
    for (size_t i = 0; i < 3 * n; i++) pixels[i] = value_of(rng);
    fx__hog_gradient_split(pixels, 3 * n, n, words, PITCH);
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < 3; c++)
            cr_assert_eq(words[c * PITCH + i], pixels[3 * i + c], "pixel %zu of %zu", i, n);
    free(pixels);
}

static void check_gradient(size_t n, fx_rng *rng) {
    enum { ROWS = 2 };
    static int16_t words[3 * PLANE];
    static float dx[ROWS * MOST], dy[ROWS * MOST];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) words[i] = value_of(rng);
    const int16_t *first = words + PITCH + LEAD;
    fx__hog_gradient(first, PITCH, PLANE, ROWS, n, dx, dy);
    for (size_t i = 0; i < ROWS * n; i++) {
        int most = -1, x = 0, y = 0;
        for (size_t c = 0; c < 3; c++) {
            const int16_t *at = first + c * PLANE + i / n * PITCH + i % n;
            int a = at[1] - at[-1], b = at[PITCH] - at[-PITCH];
            if (a * a + b * b <= most) continue;
            most = a * a + b * b;
            x = a;
            y = b;
        }
        cr_assert(dx[i] == (float)x && dy[i] == (float)y,
                  "pixel %zu of rows of %zu: found (%g, %g), expected (%d, %d)", i, n,
                  (double)dx[i], (double)dy[i], x, y);
    }
}

Test(hog_gradient, as_loops_over_pixels) {
    fx_rng rng = fx_rng_at(1, FX_RNG_USER, 0, 0);
    for (size_t n = 1; n <= MOST - LEAD; n++) { // what is beyond the last group is written, too
        check_split(n, &rng);
        check_gradient(n, &rng);
    }
}
