// From images to classes through the programs alone.
#include "tests/cli/cli.h" // first: it asks for nftw

#include <jansson.h>

TestSuite(cli_pipeline, .init = cli_begin, .fini = cli_end);

// A quick training that tells the three colors apart: 3 × 20 images, of which 20 % are for testing.
#define QUICK                                                                                      \
    "--set train.epochs=20 --set train.batch_size=8 --set mlp.hidden=[8] --set mlp.dropout=0 "

static json_t *parse(const cli_result *result) {
    json_error_t error;
    json_t *root = json_loads(result->out, 0, &error);
    cr_assert(root, "%s: %s", error.text, result->out);
    return root;
}

static double number(const json_t *object, const char *key) {
    cr_assert(json_is_number(json_object_get(object, key)), "%s", key);
    return json_number_value(json_object_get(object, key));
}

Test(cli_pipeline, train_predict_eval) {
    write_classes("data", 20);
    cli_result result = run("classify --features color data -o model --json " QUICK, NULL);
    expect_success(result);
    json_t *trained = parse(&result);
    static const char *const keys[] = {"dataset",       "features",           "seed",
                                       "threads",       "train_samples",      "validation_samples",
                                       "test_samples",  "descriptor_length",  "ensemble",
                                       "parameters",    "train_accuracy",     "validation_accuracy",
                                       "test_accuracy", "test_accuracy_ci95", "confusion",
                                       "seconds",       "peak_rss_bytes",     "model_sha256"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        cr_expect(json_object_get(trained, keys[i]), "%s in %s", keys[i], result.out);
    cr_expect_eq(number(trained, "test_samples"), 12);
    cr_expect_eq(number(trained, "test_accuracy"), 1, "three plain colors are told apart");
    json_t *seconds = json_object_get(trained, "seconds");
    cr_expect(number(seconds, "total") >= number(seconds, "load"));

    // The model file says everything that is needed; any image will do.
    write_image("new.png", 40, 25, (const uint8_t[]){200, 30, 30}, false, 1);
    result = run("classify predict model new.png --json", NULL);
    expect_success(result);
    json_t *root = parse(&result);
    json_t *first = json_array_get(json_object_get(root, "predictions"), 0);
    cr_expect_str_eq(json_string_value(json_object_get(first, "path")), "new.png");
    cr_expect_str_eq(json_string_value(json_object_get(first, "class")), "red");
    json_t *top = json_object_get(first, "top");
    cr_expect_eq(json_array_size(top), 3u);
    double sum = 0;
    for (size_t i = 0; i < 3; i++)
        sum += json_number_value(json_array_get(json_array_get(top, i), 1));
    // Three floats of a softmax, each rounded once.
    cr_expect(!(sum < 1 - 1e-6 || sum > 1 + 1e-6), "probabilities sum to %.9f", sum);
    cr_expect_eq(number(first, "probability"),
                 json_number_value(json_array_get(json_array_get(top, 0), 1)));
    json_decref(root);

    result = run_streams("new.png", NULL, "classify predict model - --csv", NULL);
    expect_success(result);
    cr_expect_eq(strncmp(result.out, "path,class,probability\n-,red,", 29), 0, "%s", result.out);
    result = run("classify predict model data new.png --top 1", NULL);
    expect_success(result);
    cr_expect_eq(count_lines(result.out), 61u);
    cr_expect(strstr(result.out, "data/green/07.png: green "), "%s", result.out);

    // The folder is split as it was for the training.
    result = run("classify eval model data --json", NULL);
    expect_success(result);
    root = parse(&result);
    cr_expect_eq(number(root, "test_samples"), 12);
    cr_expect_eq(number(root, "test_accuracy"), number(trained, "test_accuracy"));
    json_decref(root);
    json_decref(trained);
    result = run("classify eval model data", NULL);
    expect_success(result);
    cr_expect(strstr(result.out, "test 1.0000"), "%s", result.out);
}

// A folder without train/ and test/ is split again as it was for the training. Images of noise are
// learned by heart, so that any of them in the test would show.
Test(cli_pipeline, eval_tests_what_was_not_trained_on) {
    write_folder("noise", 20, true);
    cli_result result = run("classify --raw noise -o model --json --seed 7 " QUICK, NULL);
    expect_success(result);
    json_t *trained = parse(&result);
    result = run("classify eval model noise --json", NULL);
    expect_success(result);
    json_t *tested = parse(&result);
    cr_expect(number(trained, "train_accuracy") > number(trained, "test_accuracy") + 0.2);
    cr_expect(
        json_equal(json_object_get(trained, "confusion"), json_object_get(tested, "confusion")));
    json_decref(trained);
    json_decref(tested);
}

Test(cli_pipeline, scores_where_there_are_no_probabilities) {
    write_classes("data", 8);
    cli_result result =
        run("classify --features color data -o model --set mlp.loss=hinge " QUICK, NULL);
    expect_success(result);
    result = run("classify predict model data/red/00.png", NULL);
    expect_success(result);
    cr_expect(strstr(result.out, "# scores, not probabilities"), "%s", result.out);
    result = run("classify predict model data/red/00.png --csv --top 2", NULL);
    expect_success(result);
    cr_expect_eq(strncmp(result.out, "path,class,score,class_2,score_2\n", 33), 0, "%s",
                 result.out);
}

Test(cli_pipeline, descriptor_file) {
    write_classes("data", 20);
    cli_result result = run("featx --features color data -o x.npy --json", NULL);
    expect_success(result);
    json_t *root = parse(&result);
    cr_expect_eq(number(root, "count"), 60);
    cr_expect_eq(number(root, "length"), 128);
    json_decref(root);
    cr_expect(file_exists("x.json") && file_exists("x.labels.npy") && file_exists("x.paths.txt"));
    json_t *beside = json_load_file("x.json", 0, NULL);
    cr_assert(beside);
    json_t *test = json_object_get(json_object_get(beside, "splits"), "test");
    cr_expect_eq(json_integer_value(json_array_get(test, 0)), 48);
    cr_expect_eq(json_integer_value(json_array_get(test, 1)), 60);
    json_decref(beside);

    result = run("classify x.npy --json " QUICK, NULL);
    expect_success(result);
    root = parse(&result);
    cr_expect_eq(number(root, "test_samples"), 12);
    cr_expect_eq(number(root, "test_accuracy"), 1);
    json_decref(root);
    // Rows and images are the same to a model that was trained on images, unless described
    // otherwise.
    result = run("featx --features raw data -o raw.npy", NULL);
    expect_success(result);
    result = run("classify --raw data -o model --set train.epochs=1", NULL);
    expect_success(result);
    result = run("classify eval model raw.npy", NULL);
    expect_success(result);
    result = run("classify eval model x.npy", NULL);
    expect_failure(result, 1, "x.npy");
    result = run("classify x.npy --raw", NULL);
    expect_failure(result, 2, "x.npy", "--raw");
    cr_assert_eq(remove("x.labels.npy"), 0);
    result = run("classify x.npy", NULL);
    expect_failure(result, 1, "x.labels.npy");
}

Test(cli_pipeline, text_formats) {
    write_image("a,b.png", 16, 16, gray, false, 1);
    cli_result result =
        run("featx --features color --set color.bins=2 --format csv -o -", "a,b.png", NULL);
    expect_success(result);
    cr_expect_eq(strncmp(result.out, "path,f0,f1,f2,f3,f4,f5,f6,f7\n\"a,b.png\",", 39), 0, "%s",
                 result.out);
    cr_expect_eq(count_lines(result.out), 2u);
    write_classes("data", 2);
    result = run("featx --features color data --set color.bins=2 --format csv -o -", NULL);
    expect_success(result);
    cr_expect_eq(strncmp(result.out, "path,class,f0,", 14), 0, "%s", result.out);
    result = run("featx --features color data --set color.bins=2 --format libsvm -o x.svm", NULL);
    expect_success(result);
    char text[8192];
    cli_read("x.svm", text, sizeof text);
    cr_expect_eq(count_lines(text), 6u);
    for (const char *line = text; *line; line = strchr(line, '\n') + 1)
        cr_expect(line[0] >= '0' && line[0] <= '2' && line[1] == ' ', "%s", line);
}

Test(cli_pipeline, same_bytes_for_any_number_of_threads) {
    write_classes("data", 12);
    static const int threads[] = {1, 2, 5};
    for (int i = 0; i < 3; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "classify --features hog,color,bovw data --threads %d -o model%d "
                 "--set bovw.words=8 --set bovw.samples=2000 --set train.epochs=5",
                 threads[i], i);
        cli_result result = run(text, NULL);
        expect_success(result);
        snprintf(text, sizeof text, "featx --features raw,hog data --threads %d -o rows%d.npy",
                 threads[i], i);
        result = run(text, NULL);
        expect_success(result);
    }
    expect_same_files("model0", "model1");
    expect_same_files("model0", "model2");
    expect_same_files("rows0.npy", "rows1.npy");
    expect_same_files("rows0.npy", "rows2.npy");
}

Test(cli_pipeline, vocabulary) {
    write_classes("data", 6);
    cli_result result =
        run("featx vocabulary data -o words --words 8 --set bovw.samples=2000 --json", NULL);
    expect_success(result);
    json_t *root = parse(&result);
    cr_expect_eq(number(root, "words"), 8);
    json_decref(root);
    result = run("featx --features bovw,color --vocabulary words data -o x.npy", NULL);
    expect_success(result);
    result = run("featx --features bovw --vocabulary words data -o y.npy --set bovw.words=7", NULL);
    expect_failure(result, 2, "bovw.words: found 7", "words");
    cr_expect_not(file_exists("y.npy"));
    result = run("classify --features bovw --vocabulary words data " QUICK, NULL);
    expect_success(result);
    result = run("featx --features bovw --vocabulary x.npy data", NULL);
    expect_failure(result, 1, "x.npy");
}

Test(cli_pipeline, bad_image_of_a_data_set) {
    write_classes("data", 10);
    cut_file("data/red/03.png", 50);
    cli_result result = run("classify --features color data " QUICK, NULL);
    expect_failure(result, 1, "data/red/03.png");
    result = run("classify --features color data --on-error skip " QUICK, NULL);
    cr_expect_eq(result.status, 0);
    cr_expect_eq(count_lines(result.err), 1u, "%s", result.err);
    cr_expect(strstr(result.err, "data/red/03.png"), "%s", result.err);
    cr_expect(strstr(result.out, "1 bad images skipped"), "%s", result.out);
}

// Progress and --json leave each other's stream alone; without -o nothing is written.
Test(cli_pipeline, nothing_but_json) {
    write_classes("data", 6);
    cli_result result = run("classify --raw data --json --quiet " QUICK, NULL);
    expect_success(result);
    cr_expect_eq(result.out[0], '{');
    json_decref(parse(&result));
    cr_expect_eq(system("test \"$(ls)\" = data"), 0, "nothing else in the folder");
}

Test(cli_pipeline, compare) {
    write_classes("data", 10);
    write_text("e.yaml", "dataset: ./data\nseeds: [1, 2]\n"
                         "train: {epochs: 5}\nmlp: {hidden: [4]}\narms:\n"
                         "  - {name: pixels, features: raw}\n"
                         "  - {name: color, features: color}\n");
    cli_result result = run("classify compare e.yaml --json --set mlp.hidden=[]", NULL);
    expect_success(result);
    json_t *root = parse(&result);
    cr_expect_eq(json_array_size(json_object_get(root, "arms")), 4u, "an arm and seed each");
    json_decref(root);
    cr_expect_eq(system("test \"$(ls | tr '\\n' ' ')\" = 'data e.yaml '"), 0, "nothing written");
    result = run("classify compare e.yaml --format md -o report", NULL);
    expect_success(result);
    cr_expect(strstr(result.out, "| color "), "%s", result.out);
    cr_expect(strstr(result.out, "pixels - color"), "%s", result.out);
    cr_expect(strstr(result.out, "report/index.html"), "%s", result.out);
    // A name is one cell of the table, and neither HTML nor code.
    write_text("names.yaml", "dataset: ./data\ntrain: {epochs: 1}\narms:\n"
                             "  - {name: \"<b>|`x`\\e\", features: color, mlp: {hidden: []}}\n");
    result = run("classify compare names.yaml --format md", NULL);
    expect_success(result);
    cr_expect(strstr(result.out, "| \\<b\\>\\|\\`x\\`\\x1b |"), "%s", result.out);
    cr_expect(file_exists("report/index.html") && file_exists("report/results.json") &&
              file_exists("report/results.csv"));
}
