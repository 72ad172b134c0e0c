// What the programs say of wrong usage, of bad configuration and of bad model files; and the
// manners of a command-line program: help, full disks, interrupts, hostile names.
#include "tests/cli/cli.h" // first: it asks for nftw

#include <jansson.h>
#include <time.h>

#include "src/base/tensors.h"

TestSuite(cli_options, .init = cli_begin, .fini = cli_end);

Test(cli_options, nothing_to_do) {
    cli_result result = run("featx", NULL);
    expect_failure(result, 2, "--features", "--raw");
    result = run("classify", NULL);
    expect_failure(result, 2, "--features", "--raw");
    result = run("classify shapes", NULL);
    expect_failure(result, 2, "--features", "--raw");
    result = run("featx --features hog", NULL);
    expect_failure(result, 2, "INPUT");
    result = run("classify predict", NULL);
    expect_failure(result, 2, "MODEL INPUT");
    result = run("classify eval model", NULL);
    expect_failure(result, 2, "MODEL DATASET");
    result = run("featx vocabulary", NULL);
    expect_failure(result, 2, "INPUT");
}

Test(cli_options, unknown_names) {
    cli_result result = run("classify --features hogg", NULL);
    expect_failure(result, 2, "'hogg'", "did you mean 'hog'");
    result = run("featx --features color,,hog x.png", NULL);
    expect_failure(result, 2, "--features");
    result = run("featx --features hog --raw x.png", NULL);
    expect_failure(result, 2, "--raw", "hog");
    result = run("classify --raw --features hog", NULL);
    expect_failure(result, 2, "--features", "raw");
    result = run("classify --featurs hog", NULL);
    expect_failure(result, 2, "'--featurs'", "did you mean '--features'");
    result = run("classify --wibble", NULL);
    expect_failure(result, 2, "--wibble");
    result = run("classify -x", NULL);
    expect_failure(result, 2, "-x");
    result = run("classify predcit model x.png", NULL);
    expect_failure(result, 2, "'predcit'", "did you mean 'predict'");
    result = run("classify --raw shaps", NULL);
    expect_failure(result, 2, "'shaps'", "did you mean 'shapes'");
    result = run("classify --raw no/such/folder", NULL);
    expect_failure(result, 2, "no/such/folder");
    result = run("classify compare no-such-recipe", NULL);
    expect_failure(result, 2, "no-such-recipe", "shapes");
}

Test(cli_options, unknown_keys) {
    cli_result result = run("classify --raw --set hog.orientation=9", NULL);
    expect_failure(result, 2,
                   "classify: unknown key 'hog.orientation', did you mean "
                   "'hog.orientations'?");
    result = run("featx --raw --set mlp.hidden=5 x.png", NULL);
    expect_failure(result, 2, "mlp.hidden");
    result = run("classify compare --set hog.wibble=1", NULL);
    expect_failure(result, 2, "hog.wibble");
}

Test(cli_options, values_out_of_range) {
    cli_result result = run("classify --raw --set hog.orientations=0", NULL);
    expect_failure(result, 2, "hog.orientations", "'0'", "1 to 64");
    result = run("classify --raw --set hog.orientations=9x", NULL);
    expect_failure(result, 2, "hog.orientations", "'9x'");
    result = run("classify --raw --set mlp.activation=rleu", NULL);
    expect_failure(result, 2, "mlp.activation", "'rleu'", "relu");
    result = run("classify --raw --set mlp.hidden", NULL);
    expect_failure(result, 2, "'mlp.hidden'", "KEY=VALUE");
    result = run("classify --raw --threads 0", NULL);
    expect_failure(result, 2, "--threads", "'0'");
    result = run("classify --raw --threads 2.0", NULL);
    expect_failure(result, 2, "--threads", "'2.0'");
    result = run("classify --raw --seed -1", NULL);
    expect_failure(result, 2, "--seed", "'-1'");
    result = run("classify --raw --seed", NULL);
    expect_failure(result, 2, "--seed");
    result = run("classify --json=yes --raw", NULL);
    expect_failure(result, 2, "--json");
    result = run("classify --raw --on-error stop", NULL);
    expect_failure(result, 2, "--on-error", "'stop'", "fail or skip");
    result = run("featx --raw x.png --format xml", NULL);
    expect_failure(result, 2, "--format", "'xml'", "npy, csv or libsvm");
    result = run("classify compare --format xml", NULL);
    expect_failure(result, 2, "--format", "'xml'");
}

Test(cli_options, early_stopping_needs_validation) {
    cli_result result =
        run("classify --raw --set train.validation=0 --set train.early_stopping=5 shapes", NULL);
    expect_failure(result, 2, "train.early_stopping is 5", "validation");
}

Test(cli_options, options_of_other_commands) {
    cli_result result = run("classify --raw --top 3", NULL);
    expect_failure(result, 2, "--top", "predict");
    result = run("classify predict --raw model x.png", NULL);
    expect_failure(result, 2, "--raw");
    result = run("classify --raw shapes mnist", NULL);
    expect_failure(result, 2, "'mnist'");
    result = run("featx --raw x.png -o x.dat", NULL);
    expect_failure(result, 2, "x.dat", ".npy");
    result = run("featx --raw x.png --json -o -", NULL);
    expect_failure(result, 2, "standard output");
}

Test(cli_options, words_need_a_vocabulary) {
    write_image("a.png", 16, 16, gray, false, 1);
    cli_result result = run("featx --features bovw a.png", NULL);
    expect_failure(result, 2, "featx vocabulary INPUT... -o", "--vocabulary");
}

Test(cli_options, configuration) {
    write_text("unknown.yaml", "seed: 3\nhog:\n  orientation: 12\n");
    cli_result result = run("classify --features hog --config unknown.yaml", NULL);
    expect_failure(result, 2, "unknown.yaml:3", "'hog.orientation'", "hog.orientations");
    result = run("featx --features hog x.png --config unknown.yaml", NULL);
    expect_failure(result, 2, "unknown.yaml:3", "'hog.orientation'");
    result = run("classify compare unknown.yaml", NULL);
    expect_failure(result, 2, "unknown.yaml:3", "'hog.orientation'");
    write_text("broken.yaml", "hog:\n  orientations: [12\n");
    result = run("classify --features hog --config broken.yaml", NULL);
    expect_failure(result, 1, "broken.yaml:");
    result = run("classify compare broken.yaml", NULL);
    expect_failure(result, 1, "broken.yaml:");
    result = run("classify --features hog --config missing.yaml", NULL);
    expect_failure(result, 1, "missing.yaml");
    write_text("range.yaml", "train:\n  epochs: 0x10\n");
    result = run("classify --raw --config range.yaml", NULL);
    expect_failure(result, 2, "range.yaml:2", "train.epochs", "0x10");
    write_text("arms.yaml", "arms:\n  - {features: raw}\n");
    result = run("classify --raw --config arms.yaml", NULL);
    expect_failure(result, 2, "arms.yaml", "classify compare arms.yaml");
}

// Defaults, then --config, then --set in order.
Test(cli_options, order_of_settings) {
    write_image("a.png", 32, 32, gray, true, 1);
    write_text("c.yaml", "features: hog\nhog: {orientations: 5, cells_per_block: 1}\n"
                         "mlp: {hidden: [3]}\n");
    cli_result result = run("featx a.png --config c.yaml", NULL);
    expect_success(result);
    cr_expect(strstr(result.out, "of 80 numbers"), "4 × 4 cells of 5: %s", result.out);
    result =
        run("featx a.png --set hog.orientations=7 --config c.yaml --set hog.orientations=4", NULL);
    expect_success(result);
    cr_expect(strstr(result.out, "of 64 numbers"), "4 × 4 cells of 4: %s", result.out);
}

// Models
// --------------------------------------------------------------------------------------------

static void train_small(void) {
    write_classes("data", 6);
    cli_result result =
        run("classify --raw data -o model --set train.epochs=2 --set mlp.hidden=[4]", NULL);
    expect_success(result);
}

// The model's own tensors under another metadata value.
static void change_text(const char *path, const char *key, const char *value) {
    size_t size = file_size(path);
    char *bytes = malloc(size + 1);
    cr_assert(bytes);
    FILE *file = fopen(path, "rb");
    cr_assert(file && fread(bytes, 1, size, file) == size);
    fclose(file);
    uint64_t header;
    memcpy(&header, bytes, 8);
    json_t *root = json_loadb(bytes + 8, header, 0, NULL);
    cr_assert(root);
    json_t *metadata = json_object_get(root, "__metadata__");
    cr_assert(json_object_get(metadata, key), "no '%s' in the metadata", key);
    json_object_set_new(metadata, key, json_string(value));
    char *text = json_dumps(root, JSON_COMPACT);
    size_t length = (strlen(text) + 7) / 8 * 8;
    file = fopen(path, "wb");
    uint64_t written = length;
    fwrite(&written, 8, 1, file);
    fprintf(file, "%-*s", (int)length, text);
    fwrite(bytes + 8 + header, 1, size - 8 - header, file);
    fclose(file);
    free(text);
    json_decref(root);
    free(bytes);
}

Test(cli_options, bad_models) {
    train_small();
    cli_result result = run("classify predict model data/red/00.png", NULL);
    expect_success(result);
    change_text("model", "format_version", "999");
    result = run("classify predict model data/red/00.png", NULL);
    expect_failure(result, 1, "model", "999");
    size_t size = file_size("model");
    cut_file("model", size - 5);
    result = run("classify predict model data/red/00.png", NULL);
    expect_failure(result, 1, "model");
    cut_file("model", 100);
    result = run("classify eval model data", NULL);
    expect_failure(result, 1, "model");
    result = run("classify predict data/red/00.png data/red/01.png", NULL);
    expect_failure(result, 1, "data/red/00.png");
    result = run("classify predict no-model data/red/01.png", NULL);
    expect_failure(result, 1, "no-model");
}

// Manners
// --------------------------------------------------------------------------------------------

// An OpenBLAS that does not know the processor takes its slowest kernel.
Test(cli_options, the_kernel_of_products_is_as_wide_as_the_processor) {
#if defined(__x86_64__)
    unsetenv("OPENBLAS_CORETYPE");
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        cr_assert_not(strstr(run("classify --version", NULL).out, "Prescott"));
    setenv("OPENBLAS_CORETYPE", "Prescott", 1); // a user's own choice stands
    cr_assert(strstr(run("classify --version", NULL).out, "Prescott"));
    unsetenv("OPENBLAS_CORETYPE");
#endif
}

Test(cli_options, help_and_version) {
    cli_result result = run("classify --help", NULL);
    expect_success(result);
    static const char *const wanted[] = {"[train]",          "predict",     "compare",
                                         "--on-error",       "mlp.hidden",  "hog.orientations = 9",
                                         "train.batch_size", "augment.flip"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        cr_expect(strstr(result.out, wanted[i]), "'%s' in: %s", wanted[i], result.out);
    result = run("classify predict --help", NULL);
    expect_success(result);
    cr_expect(strstr(result.out, "--top") && !strstr(result.out, "--raw"), "%s", result.out);
    result = run("featx --help", NULL);
    expect_success(result);
    cr_expect(strstr(result.out, "image.size = native"), "%s", result.out);
    cr_expect(!strstr(result.out, "mlp."), "%s", result.out);
    result = run("featx --version", NULL);
    expect_success(result);
    cr_expect_eq(strncmp(result.out, "featx 0.", 8), 0, "%s", result.out);
}

Test(cli_options, list) {
    cli_result result = run("featx list", NULL);
    expect_success(result);
    cr_expect(strstr(result.out, "hog.orientations = 9"), "%s", result.out);
    result = run("featx list --json", NULL);
    expect_success(result);
    json_t *root = json_loads(result.out, 0, NULL);
    cr_assert(root, "%s", result.out);
    cr_expect_eq(json_array_size(json_object_get(root, "descriptors")), 4u);
    json_decref(root);
}

Test(cli_options, full_disk) {
    write_image("a.png", 64, 64, gray, true, 1);
    static const char *const commands[] = {
        "featx list",       "featx list --json",      "featx --help",
        "featx --version",  "featx --raw a.png -o -", "featx --raw a.png -o - --format csv",
        "featx --raw a.png"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        cli_result result = run_streams(NULL, "/dev/full", commands[i], NULL);
        expect_failure(result, 1, "standard output", "No space left");
    }
}

Test(cli_options, unwritable_output) {
    write_image("a.png", 64, 64, gray, true, 1);
    cli_result result = run("featx --raw a.png -o no/such/folder/x.npy", NULL);
    expect_failure(result, 1, "no/such/folder");
    // Said before the training, not after.
    result = run("classify --raw shapes -o no/such/folder/model", NULL);
    expect_failure(result, 1, "no/such/folder");
}

// A report that cannot be drawn is said before the training, and nothing is left behind.
Test(cli_options, no_gnuplot) {
    setenv("PATH", cli_folder, 1);
    cli_result result = run("classify compare -o report", NULL);
    expect_failure(result, 1, "gnuplot");
    cr_expect(!file_exists("report"));
}

Test(cli_options, hostile_names) {
    write_image("a\x1b[2Jb\n.png", 8, 8, gray, false, 1);
    cli_result result = run("featx --features color -o x.npy", "a\x1b[2Jb\n.png", NULL);
    expect_success(result);
    char paths[100];
    cli_read("x.paths.txt", paths, sizeof paths);
    cr_expect_str_eq(paths, "a\\x1b[2Jb\\n.png\n");
    result = run("featx --features color", "no\x1b[2J\nsuch.png", NULL);
    expect_failure(result, 1, "no\\x1b[2J\\nsuch.png");
    cr_expect(!strchr(result.err, '\x1b'));
}

Test(cli_options, interrupt) {
    char *argv[] = {"classify", "--features",      "bovw", "shapes", "-o", "model",
                    "--set",    "bovw.words=4000", NULL};
    pid_t child = cli_start(NULL, NULL, argv);
    // Long enough to be at work (it takes minutes), short enough not to be done.
    nanosleep(&(struct timespec){.tv_sec = 2}, NULL);
    cr_assert_eq(kill(child, SIGINT), 0);
    cli_result result = {.status = cli_wait(child)};
    cli_read(".stdout", result.out, sizeof result.out);
    cli_read(".stderr", result.err, sizeof result.err);
    expect_failure(result, 130, "classify: interrupted");
    cr_expect(!file_exists("model"));
}
