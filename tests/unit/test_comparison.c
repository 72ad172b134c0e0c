// Comparisons: every arm with every seed, and what pairs of them say.
#include <criterion/criterion.h>
#include <math.h>

#include "featx/experiment.h"
#include "src/experiment/metrics.h"
#include "tests/support/folder.h"
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
    const fx_experiment experiment = {dataset, 1, {.count = 2, .values = {5, 3}}, 3, arms, 0, 0};
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
    const fx_experiment experiment = {dataset, 1, {.count = 1, .values = {1}}, 3, arms, 0, 0};
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
    const fx_experiment experiment = {dataset, 1, {.count = 1, .values = {1}}, 1, arms, 0, 0};
    fx_comparison c = compare(&experiment, &tiny, NULL);
    cr_assert_eq(c.pair_count, 0);
    fx_comparison_destroy(&c);
}

Test(comparison, seeds_share_no_networks) {
    tiny tiny;
    tiny_create(60, 0, 20, &tiny);
    fx_arm arms[3];
    arms_of(arms);
    arms[0].params.train.ensemble = 3;
    char dataset[] = "tiny";
    fx_experiment experiment = {dataset, 1, {.count = 2, .values = {7, 5}}, 1, arms, 0, 0};
    fx_comparison c;
    fx_error error = {0};
    cr_assert_eq(fx_experiment_run(&experiment, &tiny.dataset, NULL, &c, &error), FX_ERROR_USAGE);
    cr_assert_str_eq(error.message,
                     "seeds: 7 and 5 have networks of an ensemble of 3 in common, expected seeds "
                     "at least 3 apart");
    experiment.seeds.values[1] = 4;
    c = compare(&experiment, &tiny, NULL);
    fx_comparison_destroy(&c);
}

Test(comparison, studies_of_robustness_and_of_fewer_images) {
    tiny tiny;
    tiny_create(120, 0, 60, &tiny);
    fx_arm arms[2] = {{"color", tiny_params(FX_FEATURE_COLOR)},
                      {"raw", tiny_params(FX_FEATURE_RAW)}};
    arms[1].params.train.epochs = 1; // unsure enough to be disturbed
    arms[1].params.train.learning_rate = 1e-5F;
    char dataset[] = "tiny";
    fx_experiment experiment = {dataset, 1, {.count = 1, .values = {1}}, 2, arms, 1000, 5};
    fx_comparison c = compare(&experiment, &tiny, NULL);
    cr_assert_eq(c.robustness.images, 60, "no more than there are");
    enum { CELLS = FX_DISTURBANCES * FX_ROBUSTNESS_LEVELS };
    for (size_t arm = 0; arm < 2; ++arm) {
        const double *accuracy = c.robustness.accuracy + arm * CELLS;
        for (int kind = 0; kind < FX_DISTURBANCES; ++kind)
            cr_assert_eq(accuracy[kind * FX_ROBUSTNESS_LEVELS], c.results[arm].test_accuracy);
        for (int cell = 0; cell < CELLS; ++cell)
            cr_assert(accuracy[cell] >= 0 && accuracy[cell] <= 1);
    }
    // The same pixels in other places have the same colors.
    const double *shuffled = c.robustness.accuracy + FX_DISTURB_SHUFFLING * FX_ROBUSTNESS_LEVELS;
    cr_assert_eq(shuffled[3], shuffled[0]);
    bool reaches = false; // the images that the network sees
    for (int cell = 0; cell < CELLS; ++cell)
        reaches = reaches || c.robustness.accuracy[CELLS + cell] != c.results[1].test_accuracy;
    cr_assert(reaches);
    // A sixteenth would be less than ten images a class.
    cr_assert_eq(c.efficiency.steps, 2);
    cr_assert(c.efficiency.images[0] == 30 && c.efficiency.images[1] == 120);
    for (size_t arm = 0; arm < 2; ++arm) {
        cr_assert_eq(c.efficiency.accuracy[2 * arm + 1], c.results[arm].test_accuracy);
        cr_assert(c.efficiency.accuracy[2 * arm] >= 0 && c.efficiency.accuracy[2 * arm] <= 1);
    }
    fx_comparison_destroy(&c);
    experiment.robustness = experiment.data_efficiency = 0;
    c = compare(&experiment, &tiny, NULL);
    cr_assert(c.robustness.images == 0 && c.efficiency.steps == 0);
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
    const fx_experiment experiment = {dataset, 1, {.count = 1, .values = {1}}, 3, arms, 0, 0};
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

// What of the stages named "train" was heard, one letter an arm; stops at `stop`.
typedef struct witness {
    const char *stop;
    char trained[16];
} witness;

static bool witness_trainings(void *self, const char *stage, size_t done, size_t total,
                              const char *note) {
    witness *own = self;
    (void)total, (void)note;
    size_t length = strlen(stage), heard = strlen(own->trained);
    if (length > 7 && strcmp(stage + length - 7, ": train") == 0 &&
        (heard == 0 || own->trained[heard - 1] != stage[4])) {
        own->trained[heard] = stage[4]; // "arm 2/3 …"
        own->trained[heard + 1] = '\0';
    }
    return !own->stop || strcmp(stage, own->stop) != 0 || done < total;
}

static void expect_same_trainings(const fx_comparison *a, const fx_comparison *b) {
    for (size_t t = 0; t < a->arm_count * a->seed_count; ++t) {
        const fx_result *left = &a->results[t], *right = &b->results[t];
        cr_assert_str_eq(left->model_sha256, right->model_sha256);
        cr_assert_eq(left->seed, right->seed);
        cr_assert_eq(left->model_bytes, right->model_bytes);
        cr_assert_eq(left->parameters, right->parameters);
        cr_assert_eq(left->descriptor_length, right->descriptor_length);
        cr_assert_eq(left->train_samples, right->train_samples);
        cr_assert_eq(left->validation_samples, right->validation_samples);
        cr_assert_eq(left->test_samples, right->test_samples);
        cr_assert_eq(left->train_accuracy, right->train_accuracy);
        cr_assert_eq(left->validation_accuracy, right->validation_accuracy);
        cr_assert_eq(left->test_accuracy, right->test_accuracy);
        cr_assert_arr_eq(left->test_accuracy_ci95, right->test_accuracy_ci95, 2 * sizeof(double));
        const size_t n = left->test_samples, cells = TINY_CLASSES * TINY_CLASSES;
        cr_assert_arr_eq(left->confusion, right->confusion, cells * sizeof *left->confusion);
        cr_assert_arr_eq(left->test_indices, right->test_indices, n * sizeof *left->test_indices);
        cr_assert_arr_eq(left->test_labels, right->test_labels, n * sizeof *left->test_labels);
        cr_assert_arr_eq(left->test_predictions, right->test_predictions,
                         n * sizeof *left->test_predictions);
        cr_assert_eq(left->history.count, right->history.count);
        cr_assert_eq(left->history.best, right->history.best);
        for (int e = 0; e < left->history.count; ++e)
            cr_assert_eq(left->history.epochs[e].train_loss, right->history.epochs[e].train_loss);
    }
    for (size_t i = 0; i < a->pair_count; ++i)
        cr_assert_arr_eq(&a->pairs[i].difference, &b->pairs[i].difference, sizeof(double));
}

Test(comparison, resumed_it_trains_what_is_missing) {
    folder_enter();
    tiny tiny;
    tiny_create(60, 0, 20, &tiny);
    fx_arm arms[3];
    arms_of(arms);
    arms[2].params.train.refit = true;
    char dataset[] = "tiny";
    const fx_experiment experiment = {dataset, 1, {.count = 1, .values = {1}}, 3, arms, 0, 0};
    fx_comparison whole = compare(&experiment, &tiny, NULL), c;
    witness heard = {.stop = "arm 2/3 blind: test"};
    const fx_progress progress = {&heard, witness_trainings};
    fx_model_options options = {.progress = &progress, .checkpoint = "out/unfinished"};
    fx_error error = {0};
    cr_assert_eq(fx_experiment_run(&experiment, &tiny.dataset, &options, &c, &error),
                 FX_ERROR_INTERRUPTED);
    cr_assert_str_eq(heard.trained, "12");
    // The first arm stands as it ended; the second had trained all its epochs.
    heard = (witness){0};
    options.resume = true;
    c = compare(&experiment, &tiny, &options);
    cr_assert_str_eq(heard.trained, "3", "trained: %s", heard.trained);
    expect_same_trainings(&c, &whole);
    fx_comparison_destroy(&c);
    // An arm that was changed is another one.
    heard = (witness){0};
    arms[1].params.train.epochs = 3;
    c = compare(&experiment, &tiny, &options);
    cr_assert_str_eq(heard.trained, "2", "trained: %s", heard.trained);
    cr_assert_str_eq(c.results[0].model_sha256, whole.results[0].model_sha256);
    cr_assert_str_neq(c.results[1].model_sha256, whole.results[1].model_sha256);
    fx_comparison_destroy(&c);
    // Without `resume`, all over again.
    heard = (witness){0};
    options.resume = false;
    c = compare(&experiment, &tiny, &options);
    cr_assert_str_eq(heard.trained, "123", "trained: %s", heard.trained);
    fx_comparison_destroy(&c);
    fx_comparison_destroy(&whole);
    FILE *other = fopen("out/unfinished/notes.txt", "w");
    fclose(other);
    fx_experiment_remove_checkpoints("out/unfinished");
    cr_assert_eq(folder_entries("out/unfinished"), 1, "what is not ours stays");
    remove("out/unfinished/notes.txt");
    fx_experiment_remove_checkpoints("out/unfinished");
    cr_assert_eq(folder_entries("out"), 0);
    folder_leave();
}
