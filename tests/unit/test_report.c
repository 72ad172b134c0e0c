// Reports: what they hold, that they are well-formed, and that names given by others stay inert.
#include <jansson.h>
#include <math.h>

#include "featx/report.h"
#include "featx/version.h"
#include "src/base/file.h"
#include "src/experiment/metrics.h"
#include "src/report/page.h"
#include "src/report/results.h"
#include "src/report/summary.h"
#include "src/report/thumbnails.h"
#include "tests/support/folder.h"
#include "tests/support/tiny.h"

TestSuite(report, .init = folder_enter, .fini = folder_leave, .timeout = 120);

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

// --- tests ---

Test(report, page_is_well_formed_and_holds_every_part) {
    example e;
    example_create(ARMS, 1, 0.2F, &e);
    write_report(&e.comparison, "out/deep");
    cr_assert_eq(folder_entries("out/deep"), 3);
    char *page = read_text("out/deep/index.html");
    markup *m = read_page(page);
    cr_assert_eq(m->plots, 1 + 2 * ARMS + ARMS - 1,
                 "time, two curves an arm, gradients of those with hidden layers");
    cr_assert_eq(
        m->pictures, 1 + 6 * TINY_CLASSES,
        "a sheet; a class: a template, and what speaks for it of each of five descriptors");
    cr_assert_eq(m->tables, 6 + 2 * ARMS,
                 "arms, times, pairs, layers, settings twice; of each arm the confusion matrix and "
                 "the classes");
    static const char *const parts[] = {
        "<html lang=\"en\">",
        "name=\"viewport\"",
        "prefers-color-scheme:dark",
        "@media print",
        "Accuracy and size",
        "Is the difference real?",
        "Learning curves",
        "What the first layer looks for",
        "What speaks for each class",
        "How the layers fared",
        "What is taken for what",
        "Sure and wrong",
        "Precision, recall and F1 of each class",
        "class=\"thumbnail\" role=\"img\" aria-label=\"test image ",
        "To repeat it",
        ("featx " FX_VERSION),
        "class=\"answer\"",
        "Hand-crafted features or end to end?",
        "<code>hog.pixels_per_cell</code>",
        "scope=\"row\"",
        "scope=\"col\"",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        cr_assert_not_null(strstr(page, parts[i]), "%s", parts[i]);
    cr_assert_eq(occurrences(page, "scope=\""), (size_t)m->headers, "every header has its scope");
    cr_assert_eq(occurrences(page, "<img "), occurrences(page, " alt=\""));
    // Nothing is fetched from anywhere: addresses are names of XML's.
    cr_assert_eq(occurrences(page, "http"), occurrences(page, "xmlns=\"http://www.w3.org/") +
                                                occurrences(page, "xmlns:xlink=\"http://"));
    // The plots follow the theme.
    cr_assert_null(strstr(page, "\"black\""));
    cr_assert_null(strstr(page, "'black'"));
    cr_assert_null(strstr(page, " color='white'"));
    cr_assert_null(strstr(page, "=\"rgb("));
    cr_assert_null(strstr(page, "='rgb("));
    cr_assert_not_null(strstr(page, "var(--s1)"));
    cr_assert_not_null(strstr(page, "var(--s2)"));
    free(m);
    free(page);
    example_destroy(&e);
}

// The images of a cell are those of the confusion matrix, each once, and in the sheet stands what
// the data set has.
Test(report, cells_open_the_images_confused) {
    example e;
    example_create(ARMS, 1, 0.2F, &e);
    for (size_t arm = 0; arm < ARMS; arm++) { // many mistakes, not the same in every arm
        fx_result *result = &e.results[arm];
        for (size_t i = 0; i < result->test_samples; i++) {
            result->test_confidence[i] = (float)((i * 7 + arm) % 10);
            if (i % (arm + 2) == 0)
                result->test_predictions[i] = (result->test_labels[i] + 1) % TINY_CLASSES;
        }
        memset(result->confusion, 0, TINY_CLASSES * TINY_CLASSES * sizeof *result->confusion);
        fx__confusion(result->test_labels, result->test_predictions, result->test_samples,
                      TINY_CLASSES, result->confusion);
    }
    fx_error error = {0};
    fx_thumbnails thumbnails;
    cr_assert_eq(fx__thumbnails_create(&e.comparison, &thumbnails, &error), FX_OK, "%s",
                 error.message);
    size_t shown = 0;
    for (size_t arm = 0; arm < ARMS; arm++) {
        const fx_result *result = &e.results[arm];
        for (size_t cell = 0; cell < TINY_CLASSES * TINY_CLASSES; cell++) {
            const uint32_t *images =
                thumbnails.cells + (arm * TINY_CLASSES * TINY_CLASSES + cell) * FX_CELL_IMAGES;
            bool right = cell / TINY_CLASSES == cell % TINY_CLASSES;
            size_t count = 0;
            for (; count < FX_CELL_IMAGES && images[count]; count++, shown++) {
                size_t sample = images[count] - 1;
                cr_assert_eq(result->test_labels[sample], (int)(cell / TINY_CLASSES));
                cr_assert_eq(result->test_predictions[sample], (int)(cell % TINY_CLASSES));
                for (size_t i = 0; i < count; i++) cr_assert_neq(images[i], images[count]);
                cr_assert_neq(thumbnails.slots[result->test_indices[sample]], 0);
            }
            uint64_t most = right ? 0 : result->confusion[cell];
            cr_assert_eq(count, most < FX_CELL_IMAGES ? most : FX_CELL_IMAGES);
        }
        const uint32_t *worst = thumbnails.worst + arm * FX_WORST_IMAGES;
        for (int i = 0; i < FX_WORST_IMAGES && worst[i]; i++) {
            cr_assert_neq(result->test_labels[worst[i] - 1],
                          result->test_predictions[worst[i] - 1]);
            cr_assert(i == 0 || result->test_confidence[worst[i] - 1] <=
                                    result->test_confidence[worst[i - 1] - 1]);
        }
    }
    cr_assert_gt(shown, 30, "only %zu mistakes", shown);
    fx_image image = {0};
    size_t side = (size_t)thumbnails.side, columns = (size_t)thumbnails.sheet.width / side;
    for (size_t slot = 0; slot < thumbnails.count; slot++) {
        const fx_image_source *images = &e.tiny.dataset.test.images;
        cr_assert_eq(images->get(images->self, thumbnails.images[slot], &image, NULL), FX_OK);
        size_t left = slot % columns * side + (side - (size_t)image.width) / 2;
        size_t top = slot / columns * side + (side - (size_t)image.height) / 2;
        for (size_t y = 0; y < (size_t)image.height; y++)
            for (size_t x = 0; x < (size_t)image.width * 3; x++)
                cr_assert_eq(
                    thumbnails.sheet
                        .pixels[((top + y) * (size_t)thumbnails.sheet.width + left) * 3 + x],
                    image.pixels[image.channels == 3 ? y * (size_t)image.width * 3 + x
                                                     : y * (size_t)image.width + x / 3]);
    }
    fx_image_destroy(&image);
    fx__thumbnails_destroy(&thumbnails);
    example_destroy(&e);
}

Test(report, studies_are_drawn_and_written) {
    enum { CELLS = FX_DISTURBANCES * FX_ROBUSTNESS_LEVELS };
    example e;
    example_create(2, 1, 0.2F, &e);
    double robustness[2 * CELLS], efficiency[2 * 3];
    size_t images[3] = {10, 40, 160};
    for (int i = 0; i < 2 * CELLS; i++) robustness[i] = i / 100.0;
    for (int i = 0; i < 2 * 3; i++) efficiency[i] = i / 10.0;
    e.comparison.robustness = (fx_robustness){77, robustness};
    e.comparison.efficiency = (fx_efficiency){3, images, efficiency};
    write_report(&e.comparison, "out");
    char *page = read_text("out/index.html"), *text = read_text("out/results.json");
    markup *m = read_page(page);
    // Time, two curves an arm, gradients of that with a hidden layer, the disturbances, fewer
    // images; and marks in the two legends.
    cr_assert_eq(m->plots, 1 + 2 * 2 + 1 + FX_DISTURBANCES + 1 + 2 * 2);
    cr_assert_not_null(strstr(page, "Accuracy on 77 test images"));
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    json_t *blur = json_object_get(json_object_get(root, "robustness"), "blur");
    cr_assert_eq(json_number_value(json_array_get(json_object_get(blur, "strengths"), 1)), 2);
    const json_t *second = json_array_get(json_object_get(blur, "accuracy"), 1);
    cr_assert_eq(json_number_value(json_array_get(second, 2)),
                 robustness[CELLS + FX_DISTURB_BLUR * FX_ROBUSTNESS_LEVELS + 2]);
    const json_t *fewer = json_object_get(root, "data_efficiency");
    cr_assert_eq(json_integer_value(json_array_get(json_object_get(fewer, "train_images"), 1)), 40);
    second = json_array_get(json_object_get(fewer, "accuracy"), 1);
    cr_assert(json_array_size(second) == 3 && json_number_value(json_array_get(second, 2)) == 0.5);
    json_decref(root);
    free(m);
    free(page);
    free(text);
    example_destroy(&e);
}

Test(report, names_of_others_are_inert) {
    example e;
    example_create(ARMS, 1, 0.2F, &e);
    write_report(&e.comparison, "out");
    char *page = read_text("out/index.html");
    free(read_page(page)); // fails on an element or attribute that is not ours
    cr_assert_null(strstr(page, "<script"));
    cr_assert_null(strstr(page, "<img src=x"));
    cr_assert_not_null(strstr(page, "&#60;script&#62;alert(1)&#60;/script&#62;"));
    cr_assert_not_null(strstr(page, "<bdi>`touch pwned`</bdi>"));
    cr_assert_not_null(strstr(page, "<bdi>&#34;a&#34;, &#38; &#39;b&#39; \xEF\xBF\xBD</bdi>"));
    cr_assert_not_null(strstr(page, "<bdi>%s%n&#38;amp;</bdi>"));
    cr_assert_not_null(strstr(page, "classify compare &#39;&#60;x&#62;&#39; &#38; more"));
    cr_assert_not_null(strstr(page, "<title>Classifiers compared on &#60;img src=x onerror"));
    cr_assert_eq(folder_entries("."), 1, "nothing but the report was made");
    cr_assert_eq(folder_entries("out"), 3);
    free(page);
    example_destroy(&e);
}

Test(report, json_holds_the_results) {
    example e;
    example_create(3, 2, 0.2F, &e);
    write_report(&e.comparison, "out");
    char *text = read_text("out/results.json");
    json_error_t reason;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &reason);
    cr_assert_not_null(root, "line %d: %s", reason.line, reason.text);
    cr_assert_str_eq(json_string_value(json_object_get(root, "command")), options.command);
    cr_assert_str_eq(json_string_value(json_object_get(root, "dataset")), hostile_dataset);
    cr_assert_eq(json_integer_value(json_object_get(root, "threads")), 2);
    json_t *seeds = json_object_get(root, "seeds");
    cr_assert(json_array_size(seeds) == 2 && json_integer_value(json_array_get(seeds, 1)) == 8);
    json_t *versions = json_object_get(root, "versions");
    cr_assert_str_eq(json_string_value(json_object_get(versions, "featx")), FX_VERSION);
    cr_assert(json_is_string(json_object_get(versions, "blas")));
    cr_assert(json_is_number(json_object_get(root, "gemm_rate")));
    json_t *arms = json_object_get(root, "arms"), *pairs = json_object_get(root, "pairs");
    cr_assert_eq(json_array_size(arms), 6, "an arm and seed each");
    for (size_t i = 0; i < 6; i++) {
        const json_t *arm = json_array_get(arms, i);
        const fx_result *result = &e.comparison.results[i];
        cr_assert_str_eq(json_string_value(json_object_get(arm, "name")), hostile_arms[i / 2]);
        cr_assert_eq(json_integer_value(json_object_get(arm, "seed")), 7 + (int)(i % 2));
        // Written so that the same number is read.
        cr_assert_eq(json_number_value(json_object_get(arm, "test_accuracy")),
                     result->test_accuracy);
        cr_assert_str_eq(json_string_value(json_object_get(arm, "model_sha256")),
                         result->model_sha256);
        const json_t *history = json_object_get(arm, "history");
        const json_t *epochs = json_object_get(history, "epochs");
        cr_assert_eq(json_array_size(epochs), (size_t)result->history.count);
        cr_assert_eq(json_integer_value(json_object_get(history, "best")), result->history.best);
        cr_assert_eq(
            json_number_value(json_object_get(json_array_get(epochs, 2), "validation_loss")),
            result->history.epochs[2].validation_loss);
    }
    cr_assert_eq(json_array_size(pairs), 3);
    const json_t *last = json_array_get(pairs, 2);
    cr_assert_str_eq(json_string_value(json_object_get(last, "a")), hostile_arms[1]);
    cr_assert_str_eq(json_string_value(json_object_get(last, "b")), hostile_arms[2]);
    cr_assert_eq(json_number_value(json_object_get(last, "difference")),
                 e.comparison.pairs[2].difference);
    cr_assert_eq(json_number_value(json_object_get(last, "p")), e.comparison.pairs[2].p);
    cr_assert_eq(json_array_size(json_object_get(last, "difference_ci95")), 2);
    json_decref(root);
    free(text);
    example_destroy(&e);
}

// Reads one field of RFC 4180; returns what follows its comma or line end.
static const char *read_field(const char *at, char *out, size_t size, bool *line_ends) {
    size_t n = 0;
    bool quoted = *at == '"';
    if (quoted) at++;
    for (; *at && (quoted || (*at != ',' && *at != '\r')); at++) {
        if (quoted && *at == '"') {
            if (at[1] != '"') break;
            at++;
        }
        cr_assert_lt(n + 1, size);
        out[n++] = *at;
    }
    out[n] = '\0';
    if (quoted) cr_assert_eq(*at++, '"');
    *line_ends = strncmp(at, "\r\n", 2) == 0;
    cr_assert(*line_ends || *at == ',', "%.20s", at);
    return at + (*line_ends ? 2 : 1);
}

Test(report, csv_holds_a_row_an_arm_and_seed) {
    example e;
    example_create(ARMS, 2, 0, &e); // nothing held out: validation accuracy is not known
    write_report(&e.comparison, "out");
    char *text = read_text("out/results.csv"), titles[30][40], value[200];
    const char *at = text;
    int columns = 0, rows = 0;
    for (bool line_ends = false; !line_ends;)
        at = read_field(at, titles[columns++], 40, &line_ends);
    cr_assert_eq(columns, 20);
    for (; *at; rows++) {
        const fx_result *result = &e.comparison.results[rows];
        bool line_ends;
        for (int c = 0; c < columns; c++) {
            at = read_field(at, value, sizeof value, &line_ends);
            cr_assert_eq(line_ends, c + 1 == columns);
            if (strcmp(titles[c], "name") == 0) {
                static const char *const names[ARMS] = {
                    "`touch pwned`", "<script>alert(1)</script>", "'=1+1", "\"a\", & 'b'\\x0a\xff",
                    "$(touch pwned) \xE2\x80\xAE"};
                cr_assert_str_eq(value, names[rows / 2]);
            }
            if (strcmp(titles[c], "seed") == 0) cr_assert_eq(atoi(value), 7 + rows % 2);
            if (strcmp(titles[c], "parameters") == 0)
                cr_assert_eq((size_t)atoi(value), result->parameters);
            if (strcmp(titles[c], "validation_accuracy") == 0) cr_assert_str_eq(value, "");
            if (strcmp(titles[c], "test_accuracy") == 0)
                cr_assert_eq(strtod(value, NULL), result->test_accuracy);
        }
    }
    cr_assert_eq(rows, ARMS * 2);
    free(text);
    example_destroy(&e);
}

Test(report, one_arm_and_nothing_held_out) {
    example e;
    example_create(1, 1, 0, &e);
    write_report(&e.comparison, "out");
    char *page = read_text("out/index.html");
    markup *m = read_page(page);
    cr_assert(m->plots == 4 && m->pictures == 1 + TINY_CLASSES && m->tables == 6);
    cr_assert_null(strstr(page, "Is the difference real?"));
    cr_assert_null(strstr(page, "What differs"));
    cr_assert(!strstr(page, ">nan") && !strstr(page, " nan") && !strstr(page, ">-nan"));
    free(m);
    free(page);
    example_destroy(&e);
}

// The answer on the first screen follows the numbers: who, by how much, and whether it is sure.
Test(report, first_screen_says_what_is_sure) {
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
Test(report, sure_is_said_of_the_question) {
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

Test(report, digits_are_those_that_the_interval_supports) {
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

// What print needs of the style sheet; looked at by hand, kept by this.
Test(report, print_opens_what_is_folded) {
    example e;
    example_create(2, 1, 0.2F, &e);
    write_report(&e.comparison, "out");
    char *page = read_text("out/index.html");
    const char *print = strstr(page, "@media print");
    cr_assert_not_null(print);
    cr_expect_not_null(strstr(print, "details:not(.source)::details-content{display:block;"));
    cr_expect_not_null(strstr(print, "break-after:avoid"));
    free(page);
    example_destroy(&e);
}

Test(report, powers_of_ten_on_an_axis) {
    fx_text script = {0};
    fx_error error = {0};
    cr_assert_eq(fx__plot_log_axis('y', 1e-7, 20, &script, &error), FX_OK);
    cr_expect_not_null(strstr(script.data, "set ytics ('10⁻⁷' 1e-07, "), "%s", script.data);
    cr_expect_not_null(strstr(script.data, "'0.01' 0.01, "), "%s", script.data);
    cr_expect_not_null(strstr(script.data, "'10' 10)"), "%s", script.data);
    fx__text_destroy(&script);
}

Test(report, several_seeds_are_averaged) {
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

// Many classes are shown as a picture.
Test(report, forty_classes) {
    enum { CLASSES = 40 };
    example e;
    example_create(2, 1, 0.2F, &e);
    char *names[CLASSES];
    for (int i = 0; i < CLASSES; i++) names[i] = hostile_arms[i % ARMS];
    for (size_t i = 0; i < 2; i++) {
        fx_result *result = &e.comparison.results[i];
        free(result->confusion);
        result->confusion = calloc(CLASSES * CLASSES, sizeof *result->confusion);
        result->confusion[5 * CLASSES + 7] = 3;
        result->confusion[5 * CLASSES + 5] = 9;
        result->classes = CLASSES;
    }
    e.comparison.classes = CLASSES;
    e.comparison.class_names = names;
    write_report(&e.comparison, "out");
    char *page = read_text("out/index.html");
    markup *m = read_page(page);
    cr_assert_eq(m->tables, 8);
    cr_assert_not_null(strstr(page, "(25&nbsp;%)"));
    free(m);
    free(page);
    example_destroy(&e);
}

Test(report, arms_are_ranked_and_pairs_are_found_both_ways) {
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

Test(report, says_what_is_wrong_with_gnuplot) {
    static const struct {
        const char *program, *message;
    } cases[] = {
        {"no-such-program", "no-such-program: cannot be run: No such file or directory (on Debian, "
                            "the package gnuplot-nox)"},
        {"false", "false: ended with status 1"},
        {"echo", "echo: is not gnuplot"},
    };
    fx_error error = {0};
    fx_report_options other = options;
    cr_assert_eq(fx_report_check(&other, &error), FX_OK, "%s", error.message);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        other.gnuplot = cases[i].program;
        cr_assert_eq(fx_report_check(&other, &error), FX_ERROR_IO);
        cr_assert_str_eq(error.message, cases[i].message);
    }
    example e;
    example_create(1, 1, 0, &e);
    other.gnuplot = "false";
    cr_assert_eq(fx_report_write(&e.comparison, &other, "out", &error), FX_ERROR_IO);
    cr_assert_eq(folder_entries("."), 0, "no half of a report");
    other.gnuplot = "true";
    cr_assert_eq(fx_report_write(&e.comparison, &other, "out", &error), FX_ERROR_IO);
    cr_assert_str_eq(error.message, "true: wrote no SVG");
    example_destroy(&e);
}

Test(report, says_where_it_cannot_write) {
    example e;
    example_create(1, 1, 0, &e);
    fx_error error = {0};
    cr_assert_eq(fx__file_write("file", "", 0, NULL), FX_OK);
    cr_assert_eq(fx_report_write(&e.comparison, &options, "file/report", &error), FX_ERROR_IO);
    cr_assert_not_null(strstr(error.message, "file: cannot create folder"), "%s", error.message);
    example_destroy(&e);
}
