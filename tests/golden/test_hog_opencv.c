// HoG against OpenCV's HOGDescriptor: features/hog_opencv.h.
//
// OpenCV's angle is a polynomial, up to 2e-4 rad off, ours is exact to 2e-7: a vote's share of a
// bin of 0.35 rad differs by up to 6e-4, and a number by what is left of that after summing. So
// three things are tested: the plain descriptor below agrees with OpenCV's numbers where it has
// OpenCV's polynomial; it agrees with ours where it has the arctangent; and how ours differ from
// OpenCV's is told by quantiles.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "tests/support/hog_cases.h"

#include "tests/golden/features/hog_opencv.h"

enum {
    CASES = sizeof OPENCV_CASES / sizeof *OPENCV_CASES,
    NUMBERS = sizeof OPENCV_NUMBERS / sizeof *OPENCV_NUMBERS,
    SIDE = 40, // pixels of an image, at most
    BINS = 18,
};

static const double pi = 3.141592653589793;

// ---- OpenCV's descriptor, plainly ---------------------------------------------------------------

// OpenCV's fastAtan2: an odd polynomial of degree 7 of the smaller by the larger, in degrees.
static double opencv_angle(double dy, double dx) {
    double ax = fabs(dx), ay = fabs(dy), c = fmin(ax, ay) / (fmax(ax, ay) + 2.220446e-16),
           s = c * c;
    double degrees =
        (180 / pi) * c *
        (0.9997878412794807 +
         s * (-0.3258083974640975 + s * (0.1555786518463281 - s * 0.04432655554792128)));
    if (ax < ay) degrees = 90 - degrees;
    if (dx < 0) degrees = 180 - degrees;
    if (dy < 0) degrees = 360 - degrees;
    return degrees * pi / 180;
}

static double intensity(const fx_image *image, bool gamma, int x, int y, int channel) {
    x = x < 0 ? 1 : x >= image->width ? image->width - 2 : x;
    y = y < 0 ? 1 : y >= image->height ? image->height - 2 : y;
    double value = pixels_at(image, x, y)[channel];
    return gamma ? (double)sqrtf((float)value) : value;
}

// Shares of the gradient at (x, y) in votes[orientations]: that of the channel where it is longest.
static void vote(const hog_case *c, const fx_image *image, int x, int y,
                 double (*angle_of)(double, double), double *votes) {
    double dx = 0, dy = 0, longest = -1;
    for (int k = 0; k < c->channels; k++) {
        double u =
            intensity(image, c->gamma, x + 1, y, k) - intensity(image, c->gamma, x - 1, y, k);
        double v =
            intensity(image, c->gamma, x, y + 1, k) - intensity(image, c->gamma, x, y - 1, k);
        float squares = (float)(u * u + v * v);
        if ((double)squares <= longest) continue;
        longest = (double)squares;
        dx = u;
        dy = v;
    }
    double bin = angle_of(dy, dx) * c->orientations / (c->is_signed ? 2 * pi : pi) - 0.5;
    int lower = (int)floor(bin), n = c->orientations;
    votes[((lower % n) + n) % n] += hypot(dx, dy) * (1 - (bin - lower));
    votes[(((lower + 1) % n) + n) % n] += hypot(dx, dy) * (bin - lower);
}

// Share of pixel i of a block in cell `cell` along one axis.
static double share(const hog_case *c, int cell, int i) {
    double width = c->block * c->size, z = (i - width / 2) / (width / 4);
    return fmax(0, 1 - fabs((i + 0.5) / c->size - 0.5 - cell)) * exp(-z * z / 2);
}

static void normalize(double *v, int length, double epsilon) {
    double squares = 0;
    for (int i = 0; i < length; i++) squares += v[i] * v[i];
    for (int i = 0; i < length; i++) v[i] /= sqrt(squares) + epsilon;
}

// One window as large as whole cells allow, by columns of blocks, of cells: out[c->count].
static void plain(const hog_case *c, double (*angle_of)(double, double), double *out) {
    static double votes[SIDE][SIDE][BINS];
    fx_image image = hog_case_image(c);
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++) {
            for (int o = 0; o < c->orientations; o++) votes[y][x][o] = 0;
            vote(c, &image, x, y, angle_of, votes[y][x]);
        }
    fx_image_destroy(&image);
    int side = c->block * c->size, length = c->block * c->block * c->orientations;
    for (int bx = 0; bx + c->block <= c->width / c->size; bx += c->stride)
        for (int by = 0; by + c->block <= c->height / c->size; by += c->stride, out += length) {
            for (int i = 0; i < length; i++) {
                int o = i % c->orientations, cell = i / c->orientations;
                out[i] = 0;
                for (int y = 0; y < side; y++)
                    for (int x = 0; x < side; x++)
                        out[i] += share(c, cell / c->block, x) * share(c, cell % c->block, y) *
                                  votes[by * c->size + y][bx * c->size + x][o];
            }
            normalize(out, length, 0.1 * length);
            for (int i = 0; i < length; i++) out[i] = fmin(out[i], 0.2);
            normalize(out, length, 1e-3);
        }
}

// ---- Tests --------------------------------------------------------------------------------------

// float32 in OpenCV, double here.
Test(hog_opencv, plainly_with_its_angle) {
    static double numbers[NUMBERS];
    for (size_t i = 0; i < CASES; i++) {
        const hog_case *c = &OPENCV_CASES[i];
        plain(c, opencv_angle, numbers);
        for (size_t k = 0; k < c->count; k++) {
            double off = fabs(numbers[k] - (double)OPENCV_NUMBERS[c->begin + k]);
            cr_assert(off <= 1e-6, "case %zu, number %zu: off by %.2g", i, k, off);
        }
    }
}

Test(hog_opencv, ours_with_the_exact_angle) {
    static double numbers[NUMBERS];
    static float exact[NUMBERS];
    for (size_t i = 0; i < CASES; i++) {
        const hog_case *c = &OPENCV_CASES[i];
        plain(c, atan2, numbers);
        for (size_t k = 0; k < c->count; k++) exact[k] = (float)numbers[k];
        double *off = hog_case_differences(c, exact);
        for (size_t k = 0; k < c->count; k++)
            cr_assert(off[k] <= 2e-6, "case %zu, number %zu: off by %.2g", i, k, off[k]);
        free(off);
    }
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

// 98 % of the numbers are within 1e-4.
Test(hog_opencv, ours_by_quantiles) {
    static double all[NUMBERS];
    static const struct {
        double share, most;
    } quantiles[] = {{0.5, 1e-5}, {0.9, 5e-5}, {0.98, 1e-4}, {0.99, 1.5e-4}, {1, 2.5e-4}};
    size_t count = 0;
    for (size_t i = 0; i < CASES; i++) {
        const hog_case *c = &OPENCV_CASES[i];
        double *off = hog_case_differences(c, OPENCV_NUMBERS + c->begin);
        for (size_t k = 0; k < c->count; k++) all[count++] = off[k];
        free(off);
    }
    cr_assert_eq(count, NUMBERS);
    qsort(all, count, sizeof *all, ascending);
    for (size_t q = 0; q < sizeof quantiles / sizeof *quantiles; q++) {
        double found = all[(size_t)(quantiles[q].share * (double)(count - 1))];
        cr_log_info("%g of %zu numbers: off by at most %.2g", quantiles[q].share, count, found);
        cr_expect(found <= quantiles[q].most, "%g of the numbers: off by %.2g, expected at most %g",
                  quantiles[q].share, found, quantiles[q].most);
    }
}
