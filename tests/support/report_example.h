// Comparisons to report on, and a strict reader of the page that comes of it.
#ifndef FEATX_TESTS_REPORT_EXAMPLE_H
#define FEATX_TESTS_REPORT_EXAMPLE_H

#include "featx/report.h"
#include "src/base/file.h"
#include "src/experiment/metrics.h"
#include "tests/support/folder.h"
#include "tests/support/tiny.h"

enum { ARMS = 5 };
static char *const hostile_arms[ARMS] = {"`touch pwned`", "<script>alert(1)</script>", "=1+1",
                                         "\"a\", & 'b'\n\xff", "$(touch pwned) \xE2\x80\xAE"};
static const char *const hostile_classes[TINY_CLASSES] = {"<b>", "\"; system('touch pwned') #",
                                                          "%s%n&amp;"};
static char hostile_dataset[] = "<img src=x onerror=alert(1)>";

typedef struct {
    tiny tiny;
    fx_arm arms[ARMS];
    fx_experiment experiment;
    fx_comparison comparison;
    fx_result results[ARMS * 3];
    fx_model *models[ARMS];
    fx_pair pairs[ARMS * ARMS];
    char *class_names[TINY_CLASSES];
} example;

// Raw, linear, color, hog, all: trained for a moment, one after the other. The pairs are made up;
// fx_experiment_run would also measure the rate of matrix products, which takes longer than the
// rest.
static void example_create(size_t arms, size_t seeds, float validation, example *out) {
    memset(out, 0, sizeof *out);
    tiny_create(60, 0, 40, &out->tiny);
    out->tiny.dataset.class_names = hostile_classes;
    for (size_t i = 0; i < TINY_CLASSES; i++) out->class_names[i] = (char *)hostile_classes[i];
    const fx_model_data data = {.name = hostile_dataset, .images = &out->tiny.dataset};
    const fx_model_options training = {.on_error = FX_ON_ERROR_FAIL};
    for (size_t i = 0; i < arms; i++) {
        fx_feature feature = i == 2 ? FX_FEATURE_COLOR : i == 3 ? FX_FEATURE_HOG : FX_FEATURE_RAW;
        fx_model_params params = tiny_params(feature);
        params.train.epochs = 3;
        params.train.validation = validation;
        if (i == 1) params.mlp.hidden.count = 0;
        if (i == 4)
            params.descriptor.features =
                (fx_int_list){.count = 2, .values = {FX_FEATURE_COLOR, FX_FEATURE_HOG}};
        out->arms[i] = (fx_arm){hostile_arms[i], params};
        for (size_t seed = 0; seed < seeds; seed++) {
            fx_error error = {0};
            fx_model *model;
            params.seed = 7 + seed;
            cr_assert_eq(fx_model_train(&params, &data, &training, &model,
                                        &out->results[i * seeds + seed], &error),
                         FX_OK, "%s", error.message);
            if (seed == 0)
                out->models[i] = model;
            else
                fx_model_destroy(model);
        }
    }
    out->experiment = (fx_experiment){
        hostile_dataset, 7, {.count = (int)seeds, .values = {7, 8, 9}}, arms, out->arms, 0, 0};
    out->comparison = (fx_comparison){.experiment = &out->experiment,
                                      .dataset = &out->tiny.dataset,
                                      .arm_count = arms,
                                      .seed_count = seeds,
                                      .results = out->results,
                                      .models = out->models,
                                      .pairs = out->pairs,
                                      .class_names = out->class_names,
                                      .classes = TINY_CLASSES,
                                      .gemm_rate = 1.5e11,
                                      .seconds = 12.3};
    for (size_t a = 0; a < arms; a++)
        for (size_t b = a + 1; b < arms; b++) {
            size_t i = out->comparison.pair_count++;
            double difference =
                out->results[a * seeds].test_accuracy - out->results[b * seeds].test_accuracy;
            out->pairs[i] = (fx_pair){a,
                                      b,
                                      3 + i,
                                      4,
                                      difference,
                                      {difference - 0.01, difference + 0.02},
                                      0.03 * (double)i};
        }
}

static void example_destroy(example *e) {
    for (size_t i = 0; i < ARMS * 3; i++) fx_result_destroy(&e->results[i]);
    for (size_t i = 0; i < ARMS; i++) fx_model_destroy(e->models[i]);
}

static const fx_report_options options = {.command = "classify compare '<x>' & more", .threads = 2};

static char *read_text(const char *path) {
    fx_error error = {0};
    char *text;
    size_t count;
    cr_assert_eq(fx__file_read(path, (size_t)1 << 25, &text, &count, &error), FX_OK, "%s",
                 error.message);
    cr_assert_eq(strlen(text), count, "%s holds a NUL", path);
    return text;
}

static void write_report(const fx_comparison *comparison, const char *folder) {
    fx_error error = {0};
    cr_assert_eq(fx_report_write(comparison, &options, folder, &error), FX_OK, "%s", error.message);
}

// --- a strict reader of markup ---

static bool is_void(const char *name) {
    static const char *const names[] = {"meta", "img", "br"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

enum { IDS_MAX = 4096, DEPTH_MAX = 64 };
typedef struct {
    char names[DEPTH_MAX][32]; // open elements
    int depth;
    char ids[IDS_MAX][40];
    int id_count;
    char links[IDS_MAX][40]; // to ids
    int link_count;
    int tables, pictures, plots, headers;
} markup;

static void read_attribute(markup *m, const char *name, const char *value) {
    cr_assert(strncmp(name, "on", 2) != 0, "an event handler: %s", name);
    if (strcmp(name, "id") == 0) {
        for (int i = 0; i < m->id_count; i++)
            cr_assert_str_neq(m->ids[i], value, "a second element of that id");
        snprintf(m->ids[m->id_count++], 40, "%s", value);
    }
    if (strcmp(name, "xlink:href") == 0 && value[0] == '#')
        snprintf(m->links[m->link_count++], 40, "%s", value + 1);
    if (strcmp(name, "src") == 0)
        cr_assert(strncmp(value, "data:image/png;base64,", 22) == 0, "not of the page's own");
    if (strcmp(name, "href") == 0 && value[0] == '#')
        snprintf(m->links[m->link_count++], 40, "%s", value + 1);
    else if (strcmp(name, "href") == 0)
        cr_assert(strcmp(value, "results.json") == 0 || strcmp(value, "results.csv") == 0);
    cr_assert(m->id_count < IDS_MAX && m->link_count < IDS_MAX);
}

// One tag from its '<'; returns what follows its '>'.
static const char *read_tag(markup *m, const char *at) {
    char name[32] = "", attribute[64], quote;
    bool closes = at[1] == '/', ends = false;
    at += closes ? 2 : 1;
    size_t length = strcspn(at, " \n\t/>");
    cr_assert(length > 0 && length < sizeof name, "a tag without a name: %.40s", at);
    memcpy(name, at, length);
    at += length;
    char *value = malloc(1 << 24);
    for (;;) {
        at += strspn(at, " \n\t");
        if (*at == '>') break;
        if (at[0] == '/' && at[1] == '>') {
            ends = true;
            at++;
            break;
        }
        length = strcspn(at, "= \n\t/>");
        cr_assert(length > 0 && length < sizeof attribute, "in <%s>: %.40s", name, at);
        snprintf(attribute, sizeof attribute, "%.*s", (int)length, at);
        at += length;
        value[0] = '\0';
        if (*at == '=') {
            quote = at[1];
            cr_assert(quote == '"' || quote == '\'', "an attribute without quotes: %.40s", at);
            at += 2;
            const char *end = strchr(at, quote);
            cr_assert(end && end - at < 1 << 24);
            memcpy(value, at, (size_t)(end - at));
            value[end - at] = '\0';
            at = end + 1;
        }
        read_attribute(m, attribute, value);
    }
    free(value);
    if (closes) {
        cr_assert(m->depth > 0 && strcmp(m->names[m->depth - 1], name) == 0, "</%s> closes <%s>",
                  name, m->depth > 0 ? m->names[m->depth - 1] : "");
        m->depth--;
    } else if (!ends && !is_void(name)) {
        cr_assert_lt(m->depth, DEPTH_MAX);
        snprintf(m->names[m->depth++], 32, "%s", name);
    }
    if (!closes) {
        m->tables += strcmp(name, "table") == 0;
        m->pictures += strcmp(name, "img") == 0;
        m->plots += strcmp(name, "svg") == 0;
        m->headers += strcmp(name, "th") == 0;
        cr_assert_str_neq(name, "script");
    }
    return at + 1;
}

static markup *read_page(const char *page) {
    markup *m = calloc(1, sizeof *m);
    cr_assert(strncmp(page, "<!DOCTYPE html>\n", 16) == 0);
    for (const char *at = page + 16; *at;) {
        if (*at == '<')
            at = read_tag(m, at);
        else
            at += strcspn(at, "<");
    }
    cr_assert_eq(m->depth, 0, "<%s> is open at the end", m->names[m->depth ? m->depth - 1 : 0]);
    for (int i = 0; i < m->link_count; i++) {
        bool found = false;
        for (int k = 0; k < m->id_count && !found; k++) found = strcmp(m->links[i], m->ids[k]) == 0;
        cr_assert(found, "nothing has the id %s", m->links[i]);
    }
    return m;
}

static size_t occurrences(const char *text, const char *word) {
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, word)); at += strlen(word)) count++;
    return count;
}
#endif
