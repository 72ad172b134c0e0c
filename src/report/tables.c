// The tables of a page: arms, pairs of arms, settings.
#include <math.h>
#include <string.h>

#include "src/report/parts.h"
#include "src/report/summary.h"

static void put_features(fx_page *page, size_t arm) {
    const fx_int_list *features =
        &fx_model_get_params(page->comparison->models[arm])->descriptor.features;
    for (int i = 0; i < features->count; i++)
        fx__put(page, "%s%s", i ? ", " : "", fx_feature_name((fx_feature)features->values[i]));
}

// "512, 256", or "none" for a linear classifier; of each network of an ensemble.
static void put_hidden(fx_page *page, size_t arm) {
    const fx_int_list *hidden = &fx_model_get_params(page->comparison->models[arm])->mlp.hidden;
    const int networks = fx_model_networks(page->comparison->models[arm]);
    if (networks > 1) fx__put(page, "%d networks: ", networks);
    if (hidden->count == 0) fx__put(page, "none");
    for (int i = 0; i < hidden->count; i++) fx__put(page, "%s%d", i ? ", " : "", hidden->values[i]);
}

static void put_arm_row(fx_page *page, size_t rank, size_t arm) {
    const fx_comparison *comparison = page->comparison;
    fx_arm_summary summary = fx__arm_summary(comparison, arm);
    const fx_result *result = &summary.results[0];
    fx__put(page, "<tr><td class=\"n\">%zu</td><th scope=\"row\">", rank + 1);
    fx__put_arm(page, arm);
    fx__put(page, "</th><td class=\"n\"><strong>");
    fx__put_percent(page, summary.accuracy);
    fx__put(page, "</strong></td><td class=\"n\">");
    fx__put_interval(page, summary.interval);
    if (comparison->seed_count > 1) {
        fx__put(page, "</td><td class=\"n\">");
        fx__put_interval(page, (const double[]){summary.lowest, summary.highest});
    }
    fx__put(page, "</td><td class=\"n\">");
    fx__put_percent(page, result->validation_accuracy);
    fx__put(page, "</td><td>");
    put_features(page, arm);
    fx__put(page, "</td><td class=\"n\">");
    fx__put_count(page, result->descriptor_length);
    fx__put(page, "</td><td class=\"n\">");
    put_hidden(page, arm);
    fx__put(page, "</td><td class=\"n\">");
    fx__put_count(page, result->parameters);
    fx__put(page, "</td><td class=\"n\">");
    fx__put_bytes(page, result->model_bytes);
    fx__put(page, "</td></tr>\n");
}

void fx__put_arms_table(fx_page *page) {
    const fx_comparison *comparison = page->comparison;
    bool several = comparison->seed_count > 1;
    fx__put(page, "<h2>Accuracy and size</h2>\n");
    fx__put_scroll_begin(page, "Accuracy and size of each arm");
    fx__put(page, "<table class=\"wide-table\">\n<thead><tr><th scope=\"col\" class=\"n\">rank</th>"
                  "<th scope=\"col\">arm</th><th scope=\"col\" class=\"n\">test accuracy</th>"
                  "<th scope=\"col\" class=\"n\">95&nbsp;%% interval</th>");
    if (several) fx__put(page, "<th scope=\"col\" class=\"n\">over the seeds</th>");
    fx__put(page, "<th scope=\"col\" class=\"n\">validation</th><th scope=\"col\">features</th>"
                  "<th scope=\"col\" class=\"n\">numbers</th>"
                  "<th scope=\"col\" class=\"n\">hidden</th>"
                  "<th scope=\"col\" class=\"n\">parameters</th>"
                  "<th scope=\"col\" class=\"n\">model file</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < comparison->arm_count; i++) put_arm_row(page, i, page->order[i]);
    fx__put(page, "</tbody></table>\n");
    fx__put_scroll_end(page);
    fx__put(page, "<p class=\"note\">Accuracy on ");
    fx__put_count(page, comparison->results[0].test_samples);
    fx__put(page, " test images, read once, by the final model");
    if (several)
        fx__put(page, ", mean over %zu seeds (sizes and validation are those of the first seed)",
                comparison->seed_count);
    fx__put(page, ". Interval: Wilson, for the choice of test images. Numbers: length of the "
                  "descriptor of an image. Hidden: widths of the hidden layers.</p>\n");
}

void fx__put_time_table(fx_page *page) {
    fx__put(page, "<h2>Time</h2>\n");
    fx__put_scroll_begin(page, "Time that each arm took");
    fx__put(page, "<table>\n<thead><tr><th scope=\"col\" class=\"n\">rank</th>"
                  "<th scope=\"col\">arm</th><th scope=\"col\" class=\"n\">fit</th>"
                  "<th scope=\"col\" class=\"n\">extract</th>"
                  "<th scope=\"col\" class=\"n\">train</th>"
                  "<th scope=\"col\" class=\"n\">test</th>"
                  "<th scope=\"col\" class=\"n\">total</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < page->comparison->arm_count; i++) {
        fx_seconds seconds = fx__arm_summary(page->comparison, page->order[i]).seconds;
        const double times[] = {seconds.fit, seconds.extract, seconds.train, seconds.test,
                                seconds.total};
        fx__put(page, "<tr><td class=\"n\">%zu</td><th scope=\"row\">", i + 1);
        fx__put_arm(page, page->order[i]);
        fx__put(page, "</th>");
        for (size_t k = 0; k < sizeof times / sizeof *times; k++) {
            fx__put(page, "<td class=\"n\">");
            fx__put_seconds(page, times[k]);
            fx__put(page, "</td>");
        }
        fx__put(page, "</tr>\n");
    }
    fx__put(page, "</tbody></table>\n");
    fx__put_scroll_end(page);
    fx__put(page,
            "<p class=\"note\">Fit: what a descriptor learns (vocabulary, whitening). "
            "Extract: descriptors of the training images. Test: everything on the test "
            "images.%s</p>\n",
            page->comparison->seed_count > 1 ? " Means over the seeds." : "");
}

static void put_pair_row(fx_page *page, size_t better, size_t worse) {
    fx_pair pair;
    if (!fx__find_pair(page->comparison, better, worse, &pair)) return;
    fx__put(page, "<tr><th scope=\"row\">");
    fx__put_arm(page, better);
    fx__put(page, "</th><td>");
    fx__put_arm(page, worse);
    fx__put(page, "</td><td class=\"n\"><strong>");
    fx__put_points(page, pair.difference);
    fx__put(page, "</strong></td><td class=\"n\">");
    fx__put_points(page, pair.ci95[0]);
    fx__put(page, " to ");
    fx__put_points(page, pair.ci95[1]);
    fx__put(page, "</td><td class=\"n\">");
    fx__put_count(page, pair.only_a);
    fx__put(page, "</td><td class=\"n\">");
    fx__put_count(page, pair.only_b);
    fx__put(page, "</td><td class=\"n\">");
    fx__put_p(page, pair.p);
    fx__put(page, "</td><td>%s</td></tr>\n", pair.p < 0.05 ? "differs" : "could be chance");
}

void fx__put_pairs_table(fx_page *page) {
    enum { OPEN_MAX = 30 }; // pairs; more are folded
    const fx_comparison *comparison = page->comparison;
    if (comparison->pair_count == 0) return;
    fx__put(page, "<h2>Is the difference real?</h2>\n");
    bool folded = comparison->pair_count > OPEN_MAX;
    if (folded)
        fx__put(page, "<details><summary>All %zu pairs</summary>\n", comparison->pair_count);
    fx__put_scroll_begin(page, "Paired comparison of the arms");
    fx__put(
        page,
        "<table>\n<thead><tr><th scope=\"col\">better</th><th scope=\"col\">worse</th>"
        "<th scope=\"col\" class=\"n\">points</th><th scope=\"col\" class=\"n\">95&nbsp;%% interval"
        "</th><th scope=\"col\" class=\"w\">only better right</th>"
        "<th scope=\"col\" class=\"w\">only worse right</th><th scope=\"col\" class=\"n\">p</th>"
        "<th scope=\"col\">verdict</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < comparison->arm_count; i++)
        for (size_t j = i + 1; j < comparison->arm_count; j++)
            put_pair_row(page, page->order[i], page->order[j]);
    fx__put(page, "</tbody></table>\n");
    fx__put_scroll_end(page);
    fx__put(page,
            "%s<p class=\"note\">On the same test images: “only better "
            "right” are those that the better arm alone got right%s. Interval of the difference: "
            "bootstrap over test images%s. p: exact McNemar test%s, corrected "
            "for the number of pairs (Holm); “differs” where p &lt; 0.05.%s</p>\n",
            folded ? "</details>\n" : "",
            comparison->seed_count > 1 ? ", summed over the seeds" : "",
            comparison->seed_count > 1 ? ", of the mean over the seeds" : "",
            comparison->seed_count > 1 ? " on the first seed" : "",
            comparison->seed_count > 1 ? "" : " What another seed would change is not in them.");
}

// --- settings ---

static const void *section_of(const fx_page *page, size_t arm, const fx_section *section) {
    return (const char *)fx_model_get_params(page->comparison->models[arm]) + section->offset;
}

static bool arms_differ(const fx_page *page, const fx_section *section, const fx_param *param) {
    char first[300], other[300];
    fx_param_format(param, section_of(page, 0, section), first, sizeof first);
    for (size_t arm = 1; arm < page->comparison->arm_count; arm++) {
        fx_param_format(param, section_of(page, arm, section), other, sizeof other);
        if (strcmp(first, other) != 0) return true;
    }
    return false;
}

static void put_setting(fx_page *page, const fx_section *section, const fx_param *param,
                        size_t arms) {
    char value[300];
    fx__put(page, "<tr><th scope=\"row\"><code>%s%s%s</code></th>", section->name,
            section->name[0] ? "." : "", param->key);
    for (size_t i = 0; i < arms; i++) {
        fx_param_format(param, section_of(page, page->order[i], section), value, sizeof value);
        fx__put(page, strlen(value) > 24 ? "<td class=\"long\">" : "<td>");
        fx__put_name(page, value);
        fx__put(page, "</td>");
    }
    fx__put(page, "</tr>\n");
}

static void put_settings_where(fx_page *page, bool differing, size_t arms) {
    size_t count;
    const fx_section *sections = fx_model_sections(&count);
    for (size_t s = 0; s < count; s++)
        for (size_t p = 0; p < sections[s].count; p++)
            if (arms_differ(page, &sections[s], &sections[s].params[p]) == differing)
                put_setting(page, &sections[s], &sections[s].params[p], arms);
}

void fx__put_settings(fx_page *page) {
    size_t arms = page->comparison->arm_count;
    fx__put(page, "<h2>Settings</h2>\n");
    if (arms > 1) {
        fx__put(page, "<details open><summary>What differs between the arms</summary>\n");
        fx__put_scroll_begin(page, "Settings that differ between the arms");
        fx__put(page, "<table>\n<thead><tr><th scope=\"col\">key</th>");
        for (size_t i = 0; i < arms; i++) {
            fx__put(page, "<th scope=\"col\">");
            fx__put_arm(page, page->order[i]);
            fx__put(page, "</th>");
        }
        fx__put(page, "</tr></thead>\n<tbody>\n");
        put_settings_where(page, true, arms);
        fx__put(page, "</tbody></table>\n");
        fx__put_scroll_end(page);
        fx__put(page, "</details>\n");
    }
    fx__put(page, "<details class=\"shared\"><summary>What all arms share</summary>\n");
    fx__put_scroll_begin(page, "Settings that all arms share");
    fx__put(page, "<table>\n<thead><tr><th scope=\"col\">key</th><th scope=\"col\">value</th></tr>"
                  "</thead>\n<tbody>\n");
    put_settings_where(page, false, 1);
    fx__put(page, "</tbody></table>\n");
    fx__put_scroll_end(page);
    fx__put(page, "</details>\n");
}
