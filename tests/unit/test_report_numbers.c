// Reports: the answer of the first screen, and the numbers behind it.
#include <math.h>

#include "featx/report.h"
#include "src/report/page.h"
#include "src/report/summary.h"
#include "tests/support/report_example.h"

TestSuite(report_numbers, .init = folder_enter, .fini = folder_leave, .timeout = 120);

// The answer on the first screen follows the numbers: who, by how much, and whether it is sure.
Test(report_numbers, first_screen_says_what_is_sure) {
    example e;
    example_create(3, 1, 0.2F, &e); // raw, linear, color
    e.experiment.arms[0].name = "net";
    e.experiment.arms[2].name = "tone";
    const double accuracies[3] = {0.5, 0.25, 0.75};
    for (size_t i = 0; i < 3; i++) e.results[i].test_accuracy = accuracies[i];
    fx_pair *pair = &e.pairs[1]; // net − tone
    pair->difference = -0.25;
    pair->ci95[0] = -0.4;
    pair->ci95[1] = -0.1;
    for (int sure = 0; sure < 2; sure++) {
        pair->p = sure ? 0.02 : 0.2;
        write_report(&e.comparison, "out");
        char *page = read_text("out/index.html");
        const char *const parts[] = {
            "<h1>Hand-crafted features or end to end?</h1>",
            sure ? "Hand-crafted features win: <strong><bdi>tone</bdi></strong> classifies <strong>"
                   "75&nbsp;%</strong>"
                 : "Hand-crafted features win, which could be chance: ",
            "ahead of <strong><bdi>net</bdi></strong>, the second, by <strong>25&nbsp;points"
            "</strong> (10 to 40)",
            sure ? "<dt>Sure?</dt><dd><strong>Yes</strong>" : "<strong>No</strong>: chance could",
            sure ? "p&nbsp;=&nbsp;0.020" : "p&nbsp;=&nbsp;0.20",
            "Each arm was trained once.",
            "<dt>Cost</dt>",
            "<li><b>1</b> <bdi>tone</bdi></li><li><b>2</b> <bdi>net</bdi></li>"};
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            cr_expect(strstr(page, parts[i]), "%s", parts[i]);
        cr_expect_eq(occurrences(page, "which could be chance"), (size_t)!sure);
        free(page);
    }
    example_destroy(&e);
}

// It is the lecture's question that is sure or not; the lead over another of the same side is said
// beside it.
Test(report_numbers, sure_is_said_of_the_question) {
    example e;
    example_create(3, 1, 0.2F, &e); // raw, linear, color
    const double accuracies[3] = {0.75, 0.7, 0.25};
    for (size_t i = 0; i < 3; i++) e.results[i].test_accuracy = accuracies[i];
    e.pairs[0].p = 0.58;  // raw − linear
    e.pairs[1].p = 0.001; // raw − color
    write_report(&e.comparison, "out");
    char *page = read_text("out/index.html");
    cr_expect(
        strstr(page, "<dt>Sure?</dt><dd><strong>Yes</strong>: chance would hardly give this"));
    cr_expect(strstr(page, " it could give (p&nbsp;=&nbsp;0.58)"));
    free(page);
    example_destroy(&e);
}

Test(report_numbers, digits_are_those_that_the_interval_supports) {
    static const struct {
        size_t samples;
        double accuracy;
        int decimals;
    } cases[] = {{40, 0.5, 0},    {1000, 0.5, 1},    {1000, 0.95, 1},
                 {10000, 0.8, 1}, {10000, 0.985, 2}, {60000, 0.9, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fx_arm arm = {"x", {0}};
        fx_experiment experiment = {.arms = &arm};
        fx_result result = {.test_accuracy = cases[i].accuracy, .test_samples = cases[i].samples};
        const fx_comparison comparison = {
            .experiment = &experiment, .results = &result, .arm_count = 1, .seed_count = 1};
        cr_expect_eq(fx__percent_decimals(&comparison, 0), cases[i].decimals, "case %zu", i);
    }
}

Test(report_numbers, powers_of_ten_on_an_axis) {
    fx_text script = {0};
    fx_error error = {0};
    cr_assert_eq(fx__plot_log_axis('y', 1e-7, 20, &script, &error), FX_OK);
    cr_expect_not_null(strstr(script.data, "set ytics ('10⁻⁷' 1e-07, "), "%s", script.data);
    cr_expect_not_null(strstr(script.data, "'0.01' 0.01, "), "%s", script.data);
    cr_expect_not_null(strstr(script.data, "'10' 10)"), "%s", script.data);
    fx__text_destroy(&script);
}

Test(report_numbers, several_seeds_are_averaged) {
    example e;
    example_create(2, 3, 0.2F, &e);
    fx_arm_summary summary = fx__arm_summary(&e.comparison, 1);
    const fx_result *r = &e.comparison.results[3];
    double mean = (r[0].test_accuracy + r[1].test_accuracy + r[2].test_accuracy) / 3;
    cr_assert(fabs(summary.accuracy - mean) <= 1e-15, "three roundings of numbers up to 1");
    cr_assert(summary.lowest <= summary.accuracy && summary.accuracy <= summary.highest);
    cr_assert(summary.interval[0] <= mean && mean <= summary.interval[1]);
    write_report(&e.comparison, "out");
    char *page = read_text("out/index.html");
    free(read_page(page));
    cr_assert_not_null(strstr(page, "over the seeds</th>"));
    cr_assert_not_null(strstr(page, "<dt>seeds</dt><dd>7, 8, 9</dd>"));
    free(page);
    example_destroy(&e);
}

Test(report_numbers, arms_are_ranked_and_pairs_are_found_both_ways) {
    fx_arm arms[4] = {{.name = hostile_arms[0]},
                      {.name = hostile_arms[1]},
                      {.name = hostile_arms[2]},
                      {.name = hostile_arms[3]}};
    fx_experiment experiment = {.arm_count = 4, .arms = arms};
    fx_result results[4] = {{.test_accuracy = 0.5, .test_samples = 10},
                            {.test_accuracy = 0.7, .test_samples = 10},
                            {.test_accuracy = 0.5, .test_samples = 10},
                            {.test_accuracy = 0.9, .test_samples = 10}};
    fx_pair pair = {1, 3, 4, 6, -0.2, {-0.3, -0.1}, 0.01}, found;
    fx_comparison comparison = {.experiment = &experiment,
                                .arm_count = 4,
                                .seed_count = 1,
                                .results = results,
                                .pair_count = 1,
                                .pairs = &pair};
    size_t order[4];
    fx__rank_arms(&comparison, order);
    cr_assert(order[0] == 3 && order[1] == 1 && order[2] == 0 && order[3] == 2);
    cr_assert(fx__find_pair(&comparison, 3, 1, &found));
    cr_assert(found.a == 3 && found.b == 1 && found.only_a == 6 && found.only_b == 4);
    cr_assert(found.difference == 0.2 && found.ci95[0] == 0.1 && found.ci95[1] == 0.3);
    cr_assert(fx__find_pair(&comparison, 1, 3, &found) && found.difference == -0.2);
    cr_assert_not(fx__find_pair(&comparison, 0, 1, &found));
}
