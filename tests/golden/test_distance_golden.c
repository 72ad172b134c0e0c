// Distances against SciPy's, scikit-learn's and OpenCV's: features/distance.h.
#include <criterion/criterion.h>
#include <math.h>

#include "featx/distance.h"

typedef struct distance_case {
    int a, b;
    double values[FX_DISTANCE_COUNT];
} distance_case;

#include "tests/golden/features/distance.h"

// All compute in float64; what is stored has 12 digits.
Test(distance_golden, all_cases) {
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        for (int d = 0; d < FX_DISTANCE_COUNT; d++) {
            const distance_case *c = &CASES[i];
            double found = fx_distance_between((fx_distance)d, ROWS[c->a], ROWS[c->b], 21);
            if (!(fabs(found - c->values[d]) <= 1e-10 * (1 + fabs(c->values[d]))))
                cr_assert_fail("rows %d and %d, %s: %.12g, expected %.12g", c->a, c->b,
                               fx_distance_name((fx_distance)d), found, c->values[d]);
        }
}
