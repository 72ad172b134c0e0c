// Losses by hand-made values, at the ends of the number range, and softmax.
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "featx/mlp.h"
#include "src/nn/loss.h"

static double loss_of(int loss, float smoothing, size_t classes, const float *scores, int label) {
    float s[16];
    memcpy(s, scores, classes * sizeof *s);
    const fx__loss_options options = {.loss = loss, .label_smoothing = smoothing};
    return fx__loss(&options, 1, classes, s, (fx__targets){.labels = &label}).loss;
}

#define SCORES(...) ((const float[]){__VA_ARGS__})

Test(loss, cross_entropy) {
    // Of equal scores it is log K, whatever the smoothing; doubles in, so 1e-6 is float rounding.
    cr_assert_float_eq(loss_of(FX_CROSS_ENTROPY, 0, 3, SCORES(0, 0, 0), 1), log(3), 1e-6);
    cr_assert_float_eq(loss_of(FX_CROSS_ENTROPY, 0.3f, 3, SCORES(5, 5, 5), 1), log(3), 1e-6);
    // log(1 + e^-2), and with smoothing ½ of two classes the mean of both log-probabilities.
    cr_assert_float_eq(loss_of(FX_CROSS_ENTROPY, 0, 2, SCORES(2, 0), 0), log1p(exp(-2)), 1e-6);
    cr_assert_float_eq(loss_of(FX_CROSS_ENTROPY, 0.5f, 2, SCORES(2, 0), 0), log1p(exp(-2)) + 0.5,
                       1e-6);
    // No overflow: e^1000 is never formed.
    cr_assert_float_eq(loss_of(FX_CROSS_ENTROPY, 0, 2, SCORES(1000, 0), 1), 1000, 1e-3);
    cr_assert_eq(loss_of(FX_CROSS_ENTROPY, 0, 2, SCORES(1000, 0), 0), 0);
    cr_assert_eq(loss_of(FX_CROSS_ENTROPY, 0, 1, SCORES(7), 0), 0);
}

Test(loss, hinge) {
    cr_assert_eq(loss_of(FX_HINGE, 0, 3, SCORES(2, 0, 0), 0), 0);
    cr_assert_eq(loss_of(FX_HINGE, 0, 3, SCORES(0, 0, 0), 0), 2);
    cr_assert_eq(loss_of(FX_HINGE, 0, 3, SCORES(1, 3, 0.5f), 0), 3 + 0.5);
    cr_assert_eq(loss_of(FX_HINGE, 0, 3, SCORES(1, 0, 0), 0), 0); // the margin met exactly
}

Test(loss, squared_error) {
    cr_assert_eq(loss_of(FX_SQUARED_ERROR, 0, 3, SCORES(1, 0, 0), 0), 0);
    cr_assert_eq(loss_of(FX_SQUARED_ERROR, 0, 3, SCORES(0, 2, 0), 0), 5);
}

Test(loss, not_a_number_is_not_lost) {
    for (int loss = FX_CROSS_ENTROPY; loss <= FX_SQUARED_ERROR; loss++)
        for (int label = 0; label < 3; label++)
            for (int place = 0; place < 3; place++) {
                float s[3] = {1, 2, 3};
                s[place] = NAN;
                cr_assert(!isfinite(loss_of(loss, 0.1f, 3, s, label)),
                          "loss %d, label %d, NaN at %d", loss, label, place);
            }
}

Test(loss, ties_go_to_the_first_class) {
    float s[] = {1, 3, 3, 0, /**/ 3, 3, 3, 3};
    const int labels[] = {1, 1};
    const fx__loss_options options = {.loss = FX_CROSS_ENTROPY};
    cr_assert_eq(fx__loss(&options, 2, 4, s, (fx__targets){.labels = labels}).correct, 1);
}

// Any number of rows is the sum over its rows, and the bias is as if added before.
Test(loss, rows_and_bias) {
    enum { CLASSES = 7, MOST = 200 };
    const size_t sizes[] = {1, 2, 15, 16, 17, 33, MOST};
    for (int loss = FX_CROSS_ENTROPY; loss <= FX_SQUARED_ERROR; loss++)
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            size_t n = sizes[k], correct = 0;
            float s[MOST * CLASSES], bias[CLASSES];
            int labels[MOST];
            double sum = 0;
            for (size_t j = 0; j < CLASSES; j++) bias[j] = (float)j * 0.25f - 1;
            for (size_t i = 0; i < n; i++) {
                float row[CLASSES];
                labels[i] = (int)(i * 5 % CLASSES);
                for (size_t j = 0; j < CLASSES; j++) {
                    s[i * CLASSES + j] = (float)((i * 31 + j * 17) % 13) * 0.5f - 3;
                    row[j] = s[i * CLASSES + j] + bias[j];
                }
                fx__loss_options options = {
                    .loss = loss, .label_smoothing = 0.1f, .gradient = true, .share = 1};
                fx__loss_sum one =
                    fx__loss(&options, 1, CLASSES, row, (fx__targets){.labels = &labels[i]});
                sum += one.loss;
                correct += one.correct;
                // With a share of 1/n the gradient is 1/n of that of the row alone.
                if (i + 1 == n) {
                    options.bias = bias;
                    options.share = 1 / (float)n;
                    fx__loss_sum all =
                        fx__loss(&options, n, CLASSES, s, (fx__targets){.labels = labels});
                    cr_assert_eq(all.correct, correct);
                    cr_assert(fabs(all.loss - sum) <= 1e-12 * sum);
                    for (size_t j = 0; j < CLASSES; j++)
                        cr_assert(fabs((double)s[i * CLASSES + j] * (double)n - (double)row[j]) <=
                                  1e-6 * (1 + fabs((double)row[j]))); // one more rounding
                }
            }
        }
}

// A sample mixed of two is the two, each by its part and by the weight of its class: in its
// gradient always, and in its loss but for a constant of the squared error.
Test(loss, parts_and_class_weights) {
    enum { CLASSES = 5 };
    const float weights[CLASSES] = {0.5f, 2, 1, 3, 0.25f};
    const int label = 1, partner = 3;
    const float part = 0.75f;
    for (int loss = FX_CROSS_ENTROPY; loss <= FX_SQUARED_ERROR; loss++) {
        float mixed[CLASSES], first[CLASSES], second[CLASSES];
        for (int j = 0; j < CLASSES; j++)
            mixed[j] = first[j] = second[j] = (float)((j * 7) % 5) * 0.5f - 1;
        fx__loss_options options = {
            .loss = loss, .label_smoothing = 0.125f, .gradient = true, .share = 1};
        double a = fx__loss(&options, 1, CLASSES, first, (fx__targets){.labels = &label}).loss;
        double b = fx__loss(&options, 1, CLASSES, second, (fx__targets){.labels = &partner}).loss;
        if (loss != FX_SQUARED_ERROR) options.class_weights = weights;
        const double left = (double)part * (options.class_weights ? 2 : 1);
        const double right = 0.25 * (options.class_weights ? 3 : 1);
        fx__targets targets = {.labels = &label, .partners = &partner, .part = part};
        double found = fx__loss(&options, 1, CLASSES, mixed, targets).loss;
        // (s - t)² against t = p t₁ + (1 - p) t₂ lacks p (1 - p) |t₁ - t₂|² = 0.375.
        double expected = left * a + right * b - (loss == FX_SQUARED_ERROR ? 0.375 : 0);
        cr_assert(fabs(found - expected) <= 1e-6 * (1 + fabs(expected)), "loss %d: %g, %g", loss,
                  found, expected); // a few roundings
        for (int j = 0; j < CLASSES; j++) {
            double wanted = left * (double)first[j] + right * (double)second[j];
            cr_assert(fabs((double)mixed[j] - wanted) <= 2e-6, "loss %d, %d: %g, %g", loss, j,
                      (double)mixed[j], wanted);
        }
    }
}

Test(loss, real_valued_targets) {
    float s[] = {1, 2, -1, 0.5f};
    const float values[] = {0, 2.5f, -1, 0};
    const fx__loss_options options = {.loss = FX_SQUARED_ERROR, .gradient = true, .share = 0.5f};
    fx__loss_sum sum = fx__loss(&options, 2, 2, s, (fx__targets){.values = values});
    cr_assert_eq(sum.loss, 1 + 0.25 + 0 + 0.25);
    cr_assert_eq(sum.correct, 0);
    cr_assert(s[0] == 1 && s[1] == -0.5f && s[2] == 0 && s[3] == 0.5f);
}

Test(loss, softmax) {
    float s[] = {1000,      0, -1000,    /**/ -1000, -1000, -1000, /**/ 0, 0, (float)log(2), /**/
                 -INFINITY, 0, -INFINITY};
    fx_softmax(s, 4, 3);
    const float expected[] = {1, 0, 0, 1 / 3.0f, 1 / 3.0f, 1 / 3.0f, 0.25f, 0.25f, 0.5f, 0, 1, 0};
    for (int i = 0; i < 12; i++)
        cr_assert(fabsf(s[i] - expected[i]) <= 1e-7f, "%d: %.9g", i, (double)s[i]);
    float one[] = {-3};
    fx_softmax(one, 1, 1);
    cr_assert_eq(one[0], 1);
    enum { MANY = 1000 };
    float many[2 * MANY];
    for (size_t i = 0; i < 2 * MANY; i++) many[i] = (float)(i % 97) * 0.2f;
    fx_softmax(many, 2, MANY);
    double sum = 0;
    for (size_t i = 0; i < MANY; i++) sum += (double)many[MANY + i];
    cr_assert(fabs(sum - 1) <= 1e-6); // a thousand roundings of 2^-25 at most, of parts of 1
}
