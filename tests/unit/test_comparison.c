// Comparisons: every arm with every seed, and what pairs of them say.
#include <criterion/criterion.h>
#include <math.h>

#include "featx/experiment.h"
#include "src/experiment/metrics.h"
#include "tests/support/tiny.h"

static char *const arm_names[] = {"raw", "blind", "same"};

// Three arms, the last of them like the first.
static void arms_of(fx_arm arms[3]) {
    for (int i = 0; i < 3; ++i) {
        arms[i] = (fx_arm){arm_names[i], tiny_params(FX_FEATURE_RAW)};
        arms[i].params.train.epochs = 4;
    }
    // One bin: a descriptor that is the same for every image.
    arms[1].params.descriptor.features.values[0] = FX_FEATURE_COLOR;
    arms[1].params.descriptor.color.space = FX_COLOR_GRAY;
    arms[1].params.descriptor.color.bins = (fx_int_list){.count = 1, .values = {1}};
}

static fx_comparison compare(const fx_experiment *experiment, const tiny *tiny,
                             const fx_model_options *options) {
    fx_comparison comparison;
    fx_error error = {0};
    cr_assert_eq(fx_experiment_run(experiment, &tiny->dataset, options, &comparison, &error), FX_OK,
                 "%s", error.message);
    return comparison;
}

Test(comparison, pairs_are_what_the_predictions_say) {
    tiny tiny;
    tiny_create(90, 0, 120, &tiny);
    fx_arm arms[3];
    arms_of(arms);
    char dataset[] = "tiny";
    const fx_experiment experiment = {dataset, 1, {.count = 2, .values = {5, 3}}, 3, arms};
    fx_comparison c = compare(&experiment, &tiny, NULL);
    cr_assert(c.arm_count == 3 && c.seed_count == 2 && c.pair_count == 3 && c.classes == 3);
    cr_assert_eq(fx_model_get_params(c.models[0])->seed, 5);
    cr_assert(c.gemm_rate > 0 && c.seconds > 0);
    double p[3];
    for (size_t i = 0; i < 3; ++i) {
        const fx_pair *pair = &c.pairs[i];
        static const size_t expected[3][2] = {{0, 1}, {0, 2}, {1, 2}};
        cr_assert(pair->a == expected[i][0] && pair->b == expected[i][1]);
        uint64_t only[2][2] = {{0}}; // [seed][arm]
        double difference = 0;
        for (size_t s = 0; s < 2; ++s) {
            const fx_result *a = &c.results[pair->a * 2 + s], *b = &c.results[pair->b * 2 + s];
            difference += (a->test_accuracy - b->test_accuracy) / 2;
            for (size_t t = 0; t < 120; ++t) {
                bool right_a = a->test_predictions[t] == a->test_labels[t];
                bool right_b = b->test_predictions[t] == b->test_labels[t];
                only[s][0] += right_a && !right_b;
                only[s][1] += right_b && !right_a;
            }
        }
        cr_assert_eq(pair->only_a, only[0][0] + only[1][0]);
        cr_assert_eq(pair->only_b, only[0][1] + only[1][1]);
        cr_assert(fabs(pair->difference - difference) <= 1e-14, "roundings of numbers up to 1");
        cr_assert(pair->ci95[0] <= pair->difference && pair->difference <= pair->ci95[1]);
        p[i] = fx__mcnemar_exact(only[0][0], only[0][1]);
    }
    fx__holm(p, 3);
    for (size_t i = 0; i < 3; ++i) cr_assert_eq(c.pairs[i].p, p[i]);
    const fx_pair *same = &c.pairs[1], *apart = &c.pairs[0];
    cr_assert(same->difference == 0 && same->ci95[0] == 0 && same->ci95[1] == 0 && same->p == 1);
    cr_assert(apart->only_a > apart->only_b && apart->ci95[0] > 0 && apart->p < 0.05,
              "seeing beats not seeing");
    fx_comparison_destroy(&c);
}

Test(comparison, skipped_images_keep_the_pairing) {
    tiny tiny;
    tiny_create(60, 0, 40, &tiny);
    tiny.test.bad_every = 4;
    fx_arm arms[3];
    arms_of(arms);
    char dataset[] = "tiny";
    const fx_experiment experiment = {dataset, 1, {.count = 1, .values = {1}}, 3, arms};
    const fx_model_options options = {.on_error = FX_ON_ERROR_SKIP};
    fx_comparison c = compare(&experiment, &tiny, &options);
    cr_assert_eq(c.results[0].test_samples, 30);
    cr_assert(fabs(c.pairs[0].difference -
                   (c.results[0].test_accuracy - c.results[1].test_accuracy)) <= 1e-14);
    fx_comparison_destroy(&c);
}

Test(comparison, one_arm_has_no_pairs) {
    tiny tiny;
    tiny_create(60, 0, 20, &tiny);
    fx_arm arms[3];
    arms_of(arms);
    char dataset[] = "tiny";
    const fx_experiment experiment = {dataset, 1, {.count = 1, .values = {1}}, 1, arms};
    fx_comparison c = compare(&experiment, &tiny, NULL);
    cr_assert_eq(c.pair_count, 0);
    fx_comparison_destroy(&c);
}

typedef struct listener {
    char last[256];
    size_t calls;
} listener;

static bool listen(void *self, const char *stage, size_t done, size_t total, const char *note) {
    listener *own = self;
    (void)note;
    cr_assert(done <= total);
    snprintf(own->last, sizeof own->last, "%s", stage);
    ++own->calls;
    return strcmp(stage, "arm 2/3 blind: test") != 0;
}

Test(comparison, progress_names_the_arm_and_can_stop) {
    tiny tiny;
    tiny_create(60, 0, 20, &tiny);
    fx_arm arms[3];
    arms_of(arms);
    char dataset[] = "tiny";
    const fx_experiment experiment = {dataset, 1, {.count = 1, .values = {1}}, 3, arms};
    listener heard = {0};
    const fx_progress progress = {&heard, listen};
    const fx_model_options options = {.progress = &progress};
    fx_comparison c;
    fx_error error = {0};
    cr_assert_eq(fx_experiment_run(&experiment, &tiny.dataset, &options, &c, &error),
                 FX_ERROR_INTERRUPTED);
    cr_assert_str_eq(heard.last, "arm 2/3 blind: test");
    cr_assert_not_null(strstr(error.message, "arm 'blind': "), "%s", error.message);
    cr_assert_null(c.results);
}
