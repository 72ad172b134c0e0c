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
#include "tests/support/report_example.h"

TestSuite(report, .init = folder_enter, .fini = folder_leave, .timeout = 120);

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
