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

// The lead of the first over the second: "1.2 points (95 % interval 0.3 to 2.1; p = 0.01)".
static void put_lead(fx_page *page, const fx_pair *pair) {
    fx__put_points(page, pair->difference);
    fx__put(page, " points (95&nbsp;%% interval ");
    fx__put_points(page, pair->ci95[0]);
    fx__put(page, " to ");
    fx__put_points(page, pair->ci95[1]);
    fx__put(page, "; p&nbsp;%s", pair->p < 0.0001 ? "" : "=&nbsp;");
    fx__put_p(page, pair->p);
    fx__put(page, pair->p < 0.05 ? ")" : "), which could be chance");
}

static void put_answer(fx_page *page) {
    const fx_comparison *comparison = page->comparison;
    size_t best = page->order[0];
    fx_arm_summary summary = fx__arm_summary(comparison, best);
    fx__put(page, "<p class=\"answer\"><strong>");
    fx__put_arm(page, best);
    fx__put(page, "</strong> %s with <strong>",
            comparison->arm_count > 1 ? "wins" : "classifies the test images");
    fx__put_percent(page, summary.accuracy);
    fx__put(page, "</strong> right (95&nbsp;%% interval ");
    fx__put_percent(page, summary.interval[0]);
    fx__put(page, " to ");
    fx__put_percent(page, summary.interval[1]);
    fx__put(page, ")");
    fx_pair pair;
    if (comparison->arm_count > 1 && fx__find_pair(comparison, best, page->order[1], &pair)) {
        fx__put(page, ", ahead of <strong>");
        fx__put_arm(page, page->order[1]);
        fx__put(page, "</strong> by ");
        put_lead(page, &pair);
    }
    fx__put(page, ".</p>\n<p>Its model was ready after ");
    fx__put_seconds(page, summary.seconds.fit + summary.seconds.extract + summary.seconds.train);
    fx__put(page, " and takes ");
    fx__put_bytes(page, summary.results[0].model_bytes);
    fx__put(page, ".</p>\n");
}

// The lecture's question, where the experiment asks it: the best arm on raw pixels against the best
// on features.
static void put_question(fx_page *page) {
    const fx_comparison *comparison = page->comparison;
    size_t none = comparison->arm_count, best[2] = {none, none};
    for (size_t i = comparison->arm_count; i-- > 0;)
        best[is_raw(page, page->order[i])] = page->order[i];
    if (best[0] == none || best[1] == none) return;
    bool raw_wins = fx__arm_summary(comparison, best[1]).accuracy >
                    fx__arm_summary(comparison, best[0]).accuracy;
    fx_pair pair;
    if (!fx__find_pair(comparison, best[raw_wins], best[!raw_wins], &pair)) return;
    fx__put(page, "<p>Hand-crafted features or end to end? The best arm on features, ");
    fx__put_arm(page, best[0]);
    fx__put(page, " (");
    fx__put_percent(page, fx__arm_summary(comparison, best[0]).accuracy);
    fx__put(page, "), %s the best on raw pixels, ", raw_wins ? "is behind" : "leads");
    fx__put_arm(page, best[1]);
    fx__put(page, " (");
    fx__put_percent(page, fx__arm_summary(comparison, best[1]).accuracy);
    fx__put(page, "), by ");
    put_lead(page, &pair);
    fx__put(page, ".</p>\n");
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
    // A second decimal where the test samples are enough for it to mean something.
    fx_page page = {.comparison = comparison,
                    .decimals = comparison->results[0].test_samples >= 10000 ? 2 : 1,
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
    fx__put(&page, "<h1>");
    fx__put_text(&page, title.data);
    fx__put(&page, "</h1>\n");
    fx__text_destroy(&title);
    fx__put(&page, "<div class=\"first\"><div>\n");
    put_answer(&page);
    put_question(&page);
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
