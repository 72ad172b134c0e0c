// Encoders against their formulas, over odd sizes.
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "features/encoder.h"
#include "tests/support/noise.h"

enum { LD = 103, ROWS = 33 };

static const size_t sizes[] = {1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100};
static float products[ROWS * LD];

static void fill(void) {
    for (uint32_t i = 0; i < ROWS * LD; i++) products[i] = 3 * (float)noise_unit(1, i);
}

Test(encoders, threshold) {
    fill();
    for (size_t a = 0; a < 12; a++) {
        for (size_t rows = 0; rows <= ROWS; rows++) {
            size_t words = sizes[a];
            float positive[LD + 1], negative[LD + 1];
            for (size_t w = 0; w <= LD; w++) positive[w] = negative[w] = 1;
            const float alpha = 0.3f;
            fx__encode_threshold(products, rows, words, LD, alpha, positive, negative);
            for (size_t w = 0; w < words; w++) {
                double above = 1, below = 1;
                for (size_t row = 0; row < rows; row++) {
                    double z = products[row * LD + w];
                    above += fmax(0, z - alpha);
                    below += fmax(0, -z - alpha);
                }
                // Sums of up to 33 numbers of up to 1.5.
                cr_assert(fabs(positive[w] - above) <= 1e-5, "%zu rows, word %zu", rows, w);
                cr_assert(fabs(negative[w] - below) <= 1e-5, "%zu rows, word %zu", rows, w);
            }
            cr_assert_eq(positive[words], 1, "wrote beyond the words");
            cr_assert_eq(negative[words], 1);
        }
    }
}

Test(encoders, threshold_of_a_quarter_leaves_exact_zeros) {
    float z[40], positive[1] = {0}, negative[1] = {0};
    for (uint32_t i = 0; i < 40; i++) z[i] = 0.49f * (float)noise_unit(2, i);
    fx__encode_threshold(z, 40, 1, 1, 0.25f, positive, negative);
    cr_assert_eq(positive[0], 0);
    cr_assert_eq(negative[0], 0);
}

Test(encoders, triangle) {
    for (size_t a = 0; a < 12; a++) {
        size_t words = sizes[a];
        fill();
        float norms[ROWS], word_norms[LD], out[LD + 1], before[ROWS * LD];
        memcpy(before, products, sizeof before);
        for (uint32_t i = 0; i < ROWS; i++) norms[i] = (float)noise_unit(3, i) + 2;
        for (uint32_t w = 0; w < LD; w++) word_norms[w] = (float)noise_unit(4, w) + 0.7f;
        for (size_t w = 0; w <= LD; w++) out[w] = 1;
        fx__encode_triangle(products, ROWS, words, LD, norms, word_norms, false, out);
        double expected[LD];
        for (size_t w = 0; w < words; w++) expected[w] = 1;
        for (size_t row = 0; row < ROWS; row++) {
            double distance[LD], mean = 0;
            for (size_t w = 0; w < words; w++) {
                // Negative where the noise is no real product: taken as 0.
                distance[w] =
                    sqrt(fmax(0, (double)norms[row] - 2.0 * before[row * LD + w] + word_norms[w]));
                mean += distance[w] / (double)words;
            }
            for (size_t w = 0; w < words; w++) expected[w] += fmax(0, mean - distance[w]);
        }
        // A square root near 0 makes 1e-7 into 3e-4; 33 rows.
        for (size_t w = 0; w < words; w++)
            cr_assert(fabs(out[w] - expected[w]) <= 1e-3, "%zu words: %zu", words, w);
        cr_assert_eq(out[words], 1);
    }
}

Test(encoders, threshold_max) {
    fill();
    for (size_t a = 0; a < 12; a++) {
        size_t words = sizes[a];
        float positive[LD + 1] = {0}, negative[LD + 1] = {0};
        fx__encode_threshold_max(products, ROWS, words, LD, 0.3f, positive, negative);
        for (size_t w = 0; w < words; w++) {
            float above = 0, below = 0;
            for (size_t row = 0; row < ROWS; row++) {
                above = fmaxf(above, products[row * LD + w] - 0.3f);
                below = fmaxf(below, -products[row * LD + w] - 0.3f);
            }
            cr_assert_eq(positive[w], above);
            cr_assert_eq(negative[w], below);
        }
        cr_assert_eq(positive[words], 0, "wrote beyond the words");
        cr_assert_eq(negative[words], 0);
    }
}

// Every count of every size, with many equal values, of which the first are taken.
Test(encoders, largest) {
    for (size_t words = 1; words <= 40; words++)
        for (size_t count = 1; count <= words; count++)
            for (uint32_t values = 1; values <= 101; values += 20) {
                float match[40], scratch[40], sums[41] = {0}, once[41] = {0};
                for (uint32_t w = 0; w < words; w++)
                    match[w] = (float)(noise((uint32_t)count, w) % values) - 50;
                for (int twice = 0; twice < 2; twice++) {
                    fx__encode_largest(match, words, count, false, scratch, sums);
                    fx__encode_largest(match, words, count, true, scratch, once);
                }
                for (size_t w = 0; w < words; w++) {
                    size_t before = 0;
                    for (size_t o = 0; o < words; o++)
                        before += match[o] > match[w] || (match[o] == match[w] && o < w);
                    cr_assert_eq(sums[w], before < count ? 2 : 0, "%zu of %zu", count, words);
                    cr_assert_eq(once[w], before < count ? 1 : 0);
                }
                cr_assert_eq(sums[words], 0);
            }
}
