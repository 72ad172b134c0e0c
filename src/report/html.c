// The page of a report: self-contained HTML, without scripts.
//
// Names that others gave (data set, arms, classes, command) enter through fx__text_html alone.
// Colors are CSS variables with a light and a dark set; plots and pictures take theirs from them.
#include "src/report/html.h"

#include <math.h>
#include <stdlib.h>

#include "src/base/memory.h"
#include "src/report/parts.h"
#include "src/report/summary.h"
#include "src/report/thumbnails.h"

// --- the answer ---

static bool is_raw(const fx_page *page, size_t arm) {
    const fx_int_list *features =
        &fx_model_get_params(page->comparison->models[arm])->descriptor.features;
    for (int i = 0; i < features->count; i++)
        if (features->values[i] != FX_FEATURE_RAW) return false;
    return true;
}

void fx__put_arm(fx_page *page, size_t arm) {
    fx__put_name(page, page->comparison->experiment->arms[arm].name);
}

// The best arm on features and the best on raw pixels; false where the experiment has but one kind.
static bool find_sides(const fx_page *page, size_t side[2]) {
    size_t arms = page->comparison->arm_count;
    side[0] = side[1] = arms;
    for (size_t i = arms; i-- > 0;) side[is_raw(page, page->order[i])] = page->order[i];
    return side[0] < arms && side[1] < arms;
}

// "8.4 points (6.2 to 10.7)"
static void put_lead(fx_page *page, const fx_pair *pair) {
    fx__put(page, "<strong>");
    fx__put_points(page, pair->difference);
    fx__put(page, "&nbsp;points</strong> (");
    fx__put_points(page, pair->ci95[0]);
    fx__put(page, " to ");
    fx__put_points(page, pair->ci95[1]);
    fx__put(page, ")");
}

static void put_strong_arm(fx_page *page, size_t arm) {
    fx__put(page, "<strong>");
    fx__put_arm(page, arm);
    fx__put(page, "</strong>");
}

// Whom the best arm is held against: the second and, where the lecture's question is asked, the
// best of the other side. rivals[2], pairs[2]; how many there are.
static size_t find_rivals(const fx_page *page, size_t rivals[2], fx_pair pairs[2]) {
    const fx_comparison *comparison = page->comparison;
    size_t best = page->order[0], side[2], count = 0;
    if (comparison->arm_count < 2) return 0;
    rivals[count] = page->order[1];
    count += fx__find_pair(comparison, best, rivals[count], &pairs[count]);
    if (!find_sides(page, side)) return count;
    rivals[count] = side[!is_raw(page, best)];
    if (count == 0 || rivals[count] != rivals[0])
        count += fx__find_pair(comparison, best, rivals[count], &pairs[count]);
    return count;
}

static void put_chance(fx_page *page, double p) {
    fx__put(page, "p&nbsp;%s", p < 0.0001 ? "" : "=&nbsp;");
    fx__put_p(page, p);
    fx__put(page, ")");
}

// The last rival decides: the best of the other side, where the lecture's question is asked.
static void put_sure(fx_page *page, size_t count, const size_t rivals[2], const fx_pair pairs[2]) {
    const fx_pair *last = &pairs[count - 1];
    bool sure = last->p < 0.05;
    fx__put(page, "<dt>Sure?</dt><dd><strong>%s</strong>: ", sure ? "Yes" : "No");
    fx__put(page, "chance %s (over ", sure ? "would hardly give this" : "could give it");
    fx__put_arm(page, rivals[count - 1]);
    fx__put(page, " ");
    put_chance(page, last->p);
    if (count == 2) {
        fx__put(page, "; the lead over ");
        fx__put_arm(page, rivals[0]);
        fx__put(page, " it %s give (", pairs[0].p < 0.05 ? "would hardly" : "could");
        put_chance(page, pairs[0].p);
    }
    size_t seeds = page->comparison->seed_count;
    fx__put(page,
            seeds == 1 ? ". Each arm was trained once.</dd>\n"
                       : ". Each arm was trained %zu times.</dd>\n",
            seeds);
}

static void put_costs(fx_page *page, size_t count, const size_t rivals[2]) {
    fx__put(page, "<dt>Cost</dt><dd>");
    for (size_t i = 0; i <= count; i++) {
        size_t arm = i ? rivals[i - 1] : page->order[0];
        fx_arm_summary summary = fx__arm_summary(page->comparison, arm);
        fx__put(page, i ? "; " : "<strong>");
        fx__put_arm(page, arm);
        fx__put(page, " ");
        fx__put_seconds(page,
                        summary.seconds.fit + summary.seconds.extract + summary.seconds.train);
        fx__put(page, i ? ", " : "</strong> to the trained model, <strong>");
        fx__put_bytes(page, summary.results[0].model_bytes);
        if (i == 0) fx__put(page, "</strong> on disk");
    }
    fx__put(page, "</dd></dl>\n");
}

// The answer: a sentence, and what a reader asks next.
static void put_answer(fx_page *page) {
    size_t best = page->order[0], side[2], rivals[2];
    fx_pair pairs[2];
    size_t count = find_rivals(page, rivals, pairs);
    bool asked = find_sides(page, side);
    fx_arm_summary summary = fx__arm_summary(page->comparison, best);
    fx__put(page, "<p class=\"answer\">");
    if (asked && count > 0)
        fx__put(page,
                "%s%s: ", is_raw(page, best) ? "End to end wins" : "Hand-crafted features win",
                pairs[count - 1].p < 0.05 ? "" : ", which could be chance");
    put_strong_arm(page, best);
    fx__put(page, " classifies <strong>");
    fx__put_percent(page, summary.accuracy);
    fx__put(page, "</strong> of the test images right (95&nbsp;%% interval ");
    fx__put_interval(page, summary.interval);
    fx__put(page, ")");
    for (size_t i = 0; i < count; i++) {
        fx__put(page, i ? ", and of " : ", ahead of ");
        put_strong_arm(page, rivals[i]);
        fx__put(page, ", the %s, by ",
                i == 0                    ? "second"
                : is_raw(page, rivals[i]) ? "best on raw pixels"
                                          : "best on features");
        put_lead(page, &pairs[i]);
    }
    fx__put(page, ".</p>\n<dl class=\"facts\">");
    if (count > 0) put_sure(page, count, rivals, pairs);
    put_costs(page, count, rivals);
}

// --- how to repeat it ---

static void put_fact(fx_page *page, const char *name) {
    fx__put(page, "<dt>%s</dt><dd>", name);
}

static void put_origin(fx_page *page, const fx_report_options *options) {
    const fx_comparison *comparison = page->comparison;
    const fx_experiment *experiment = comparison->experiment;
    const fx_result *result = &comparison->results[0];
    fx__put(page, "<h2>To repeat it</h2>\n<pre><code>");
    fx__put_name(page, options->command ? options->command : "");
    fx__put(page, "</code></pre>\n<dl>");
    put_fact(page, "data");
    fx__put_name(page, experiment->dataset);
    fx__put(page, ": %d classes; ", comparison->classes);
    fx__put_count(page, result->train_samples);
    fx__put(page, " training, ");
    fx__put_count(page, result->validation_samples);
    fx__put(page, " validation, ");
    fx__put_count(page, result->test_samples);
    fx__put(page, " test images</dd>\n");
    put_fact(page, experiment->seeds.count > 1 ? "seeds" : "seed");
    for (int i = 0; i < experiment->seeds.count; i++)
        fx__put(page, "%s%d", i ? ", " : "", experiment->seeds.values[i]);
    fx__put(page, "</dd>\n");
    fx__put_machine(page, options->threads, comparison->gemm_rate);
    put_fact(page, "whole run");
    fx__put_seconds(page, comparison->seconds);
    fx__put(page, "</dd></dl>\n<p class=\"note\">The numbers, for other programs: "
                  "<a href=\"results.json\">results.json</a>, "
                  "<a href=\"results.csv\">results.csv</a>.</p>\n");
}

// --- the whole ---

fx_status fx__report_html(const fx_comparison *comparison, const fx_report_options *options,
                          fx_text *out, fx_error *error) {
    size_t *order;
    FX__TRY(fx__allocate(comparison->arm_count, sizeof *order, &order, error));
    fx__rank_arms(comparison, order);
    fx_page page = {.comparison = comparison,
                    .decimals = fx__percent_decimals(comparison, order[0]),
                    .gnuplot = options->gnuplot ? options->gnuplot : "gnuplot",
                    .order = order,
                    .out = out,
                    .error = error};
    fx_text title = {0}, rules = {0};
    fx_thumbnails thumbnails = {0};
    page.status = fx__text_printf(&title, error, "Classifiers compared on %s",
                                  comparison->experiment->dataset);
    if (page.status == FX_OK && comparison->results[0].test_samples > 0) {
        page.status = fx__thumbnails_create(comparison, &thumbnails, error);
        page.thumbnails = &thumbnails;
    }
    if (page.status == FX_OK) page.status = fx__thumbnails_style(&thumbnails, &rules, error);
    page.rules = rules.data;
    fx__page_begin(&page, title.data);
    size_t side[2];
    fx__put(&page, "<div class=\"first\"><div>\n<h1>");
    if (find_sides(&page, side)) {
        fx__put(&page, "Hand-crafted features or end to end?</h1>\n<p>");
        fx__put_text(&page, title.data);
        fx__put(&page, "</p>\n");
    } else {
        fx__put_text(&page, title.data);
        fx__put(&page, "</h1>\n");
    }
    fx__text_destroy(&title);
    put_answer(&page);
    fx__put(&page, "</div>\n");
    fx__put_time_plot(&page);
    fx__put(&page, "</div>\n");
    fx__put_arms_table(&page);
    fx__put_time_table(&page);
    fx__put_pairs_table(&page);
    fx__put_learning_curves(&page);
    fx__put_diagnostics(&page);
    fx__put_templates(&page);
    fx__put_seen(&page);
    fx__put_confusions(&page);
    fx__put_worst_mistakes(&page);
    fx__put_robustness(&page);
    fx__put_efficiency(&page);
    fx__put_settings(&page);
    put_origin(&page, options);
    fx__page_end(&page);
    fx__thumbnails_destroy(&thumbnails);
    fx__text_destroy(&rules);
    free(order);
    return page.status;
}
