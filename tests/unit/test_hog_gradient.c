// Gradients in integers against loops over pixels.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "features/hog_gradient.h"
#include "featx/rng.h"

enum { LEAD = FX__HOG_GRADIENT_GROUP, MOST = 160, PITCH = MOST + 2 * LEAD, PLANE = 4 * PITCH };

// Few values, so that channels are often as strong as each other, and extremes.
static uint8_t value_of(fx_rng *rng) {
    static const uint8_t VALUES[] = {0, 1, 2, 254, 255};
    return VALUES[fx_rng_below(rng, sizeof VALUES)];
}

// Of an image of n columns its columns x0 … x0+count-1, with the rows above and below.
static void check_read(int n, int x0, int count, bool mirror, fx_rng *rng) {
    enum { ROWS = 3 };
    // Behind the last pixel is a page that may not be read.
    size_t bytes = 3 * (size_t)n * ROWS, page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *pages =
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert(pages != MAP_FAILED && bytes <= page);
    cr_assert_eq(mprotect(pages + page, page, PROT_NONE), 0);
    uint8_t *pixels = pages + page - bytes;
    static int16_t words[3 * (ROWS + 2) * PITCH];
    memset(words, 0xff, sizeof words);
    for (size_t i = 0; i < bytes; i++) pixels[i] = value_of(rng);
    fx__hog_span span = {.in = pixels + 3 * x0,
                         .end = pixels + bytes,
                         .pitch = 3 * (size_t)n,
                         .n = count,
                         .last = ROWS - 1,
                         .left = x0 > 0,
                         .right = x0 + count < n,
                         .mirror = mirror && n > 1,
                         .mirror_y = mirror};
    const fx__hog_rows rows = {ROWS + 2, (size_t)count, PITCH, 3 * (size_t)PITCH};
    fx__hog_gradient_read(&rows, &span, -1, words + LEAD);
    for (int y = -1; y <= ROWS; y++)
        for (int x = -1; x <= count; x++)
            for (int c = 0; c < 3; c++) {
                int at_x = x0 + x, at_y = y < 0 ? mirror : y == ROWS ? ROWS - 1 - mirror : y;
                if (at_x < 0) at_x = span.mirror;
                if (at_x == n) at_x = n - 1 - span.mirror;
                cr_assert_eq(words[((y + 1) * 3 + c) * PITCH + LEAD + x],
                             pixels[(at_y * n + at_x) * 3 + c], "(%d, %d) of %d from %d of %d", x,
                             y, count, x0, n);
            }
    munmap(pages, 2 * page);
}

static void check_gradient(size_t n, fx_rng *rng) {
    enum { ROWS = 2 };
    static int16_t words[3 * PLANE];
    static float dx[ROWS * MOST], dy[ROWS * MOST];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) words[i] = value_of(rng);
    const int16_t *first = words + PITCH + LEAD;
    fx__hog_gradient_words(&(fx__hog_rows){ROWS, n, PLANE, PITCH}, first, dx, dy);
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
        check_read((int)n, 0, (int)n, n % 2, &rng);
        if (n > 2) check_read((int)n, 1, (int)n - 2, n % 2, &rng);
        check_gradient(n, &rng);
    }
}
