// Products of scattered rows with packed columns against sums in double.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "features/products.h"
#include "tests/support/noise.h"

Test(products, plain_reference) {
    const size_t sizes[] = {1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64};
    enum { MOST = 64 };
    for (size_t a = 0; a < 12; a++)
        for (size_t b = 0; b < 12; b++) {
            // Of their own size, so that a sanitizer sees what lies beyond.
            size_t count = sizes[a], d = sizes[b];
            float *data = malloc(count * d * sizeof *data);
            float *packed = malloc(d * FX__LANES * sizeof *packed);
            float *products = malloc(count * FX__LANES * sizeof *products);
            const float *rows[MOST];
            for (size_t i = 0; i < count * d; i++) data[i] = (float)noise_unit(1, (uint32_t)i);
            for (size_t i = 0; i < d * FX__LANES; i++)
                packed[i] = (float)noise_unit(2, (uint32_t)i);
            for (size_t i = 0; i < count; i++) rows[i] = data + (count - 1 - i) * d;
            fx__products(rows, count, d, packed, products);
            for (size_t i = 0; i < count; i++)
                for (size_t lane = 0; lane < FX__LANES; lane++) {
                    double sum = 0;
                    for (size_t k = 0; k < d; k++)
                        sum += (double)rows[i][k] * packed[k * FX__LANES + lane];
                    // d roundings of sums below d / 4, of 2^-24 each.
                    double tolerance = (double)(d * d) * 0x1p-26;
                    cr_assert(fabs(products[i * FX__LANES + lane] - sum) <= tolerance,
                              "%zu rows of %zu: row %zu, lane %zu: %g, expected %g", count, d, i,
                              lane, products[i * FX__LANES + lane], sum);
                }
            free(data);
            free(packed);
            free(products);
        }
}
