// Errors, text, parallel loops, YAML and parameter tables.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "featx/threads.h"
#include "src/base/memory.h"
#include "src/base/parallel.h"
#include "src/base/params.h"
#include "src/base/text.h"
#include "src/base/yaml.h"

#define assert_message(error, text)                                                                \
    cr_assert_not_null(strstr((error).message, text), "message: %s", (error).message)

Test(error, message_and_prefix) {
    fx_error error;
    cr_assert_eq(fx_error_set(&error, FX_ERROR_IO, "found %d", 3), FX_ERROR_IO);
    cr_assert_eq(fx__error_prefix(&error, FX_ERROR_FORMAT, "file %s", "x"), FX_ERROR_FORMAT);
    cr_assert_str_eq(error.message, "file x: found 3");
    cr_assert_eq(error.code, FX_ERROR_FORMAT);
    cr_assert_eq(fx_error_set(NULL, FX_ERROR_IO, "nobody listens"), FX_ERROR_IO);
    char *text = malloc(5000);
    memset(text, 'a', 4999);
    text[4999] = 0;
    fx_error_set(&error, FX_ERROR_IO, "%s", text);
    cr_assert_eq(strlen(error.message), sizeof error.message - 1);
    fx__error_prefix(&error, FX_ERROR_IO, "b");
    cr_assert_eq(strlen(error.message), sizeof error.message - 1);
    free(text);
}

Test(memory, sizes_are_checked) {
    fx_error error;
    void *pointer;
    cr_assert_eq(fx__allocate(SIZE_MAX / 2, 4, &pointer, &error), FX_ERROR_MEMORY);
    cr_assert_null(pointer);
    cr_assert_eq(fx__allocate(3, 5, &pointer, &error), FX_OK);
    cr_assert_eq((size_t)pointer % 64, 0);
    for (int i = 0; i < 15; i++) cr_assert_eq(((char *)pointer)[i], 0);
    free(pointer);
}

Test(text, json_strings_are_inert) {
    fx_text text = {0};
    cr_assert_eq(fx__text_json_string(&text, "a\"b\\c\n\x01 é \xff\xc0\xaf", NULL), FX_OK);
    cr_assert_str_eq(text.data,
                     "\"a\\\"b\\\\c\\u000a\\u0001 é \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
    fx__text_destroy(&text);
}

typedef struct counted {
    int seen[100];
    size_t fails_from;
} counted;

static fx_status count_piece(void *context, size_t index, int thread, fx_error *error) {
    counted *c = context;
    cr_assert_lt(thread, 7);
    c->seen[index]++;
    if (index >= c->fails_from) return fx_error_set(error, FX_ERROR_DATA, "piece %zu", index);
    return FX_OK;
}

Test(parallel, every_piece_once_and_the_first_error) {
    for (int threads = 1; threads <= 7; threads++) {
        fx_threads_set(threads);
        counted all = {.fails_from = 100};
        fx_error error;
        cr_assert_eq(fx__parallel_for(100, count_piece, &all, &error), FX_OK);
        for (int i = 0; i < 100; i++) cr_assert_eq(all.seen[i], 1);
        counted some = {.fails_from = 40};
        cr_assert_eq(fx__parallel_for(100, count_piece, &some, &error), FX_ERROR_DATA);
        cr_assert_str_eq(error.message, "piece 40");
        cr_assert_eq(some.seen[99], 0);
    }
}

static bool stop_at_half(void *self, const char *stage, size_t done, size_t total,
                         const char *note) {
    (void)stage, (void)note;
    *(size_t *)self = done;
    return done < total / 2;
}

Test(parallel, progress_interrupts) {
    counted all = {.fails_from = 100};
    size_t reached = 0;
    fx_progress progress = {&reached, stop_at_half};
    fx_error error;
    fx_threads_set(1);
    cr_assert_eq(
        fx__parallel_for_progress(100, count_piece, &all, &progress, "count", 1000, &error),
        FX_ERROR_INTERRUPTED);
    cr_assert_eq(reached, 500);
    cr_assert_eq(all.seen[49], 1);
    cr_assert_eq(all.seen[50], 0);
}

// YAML --------------------------------------------------------------------------------------------

static fx_status parse(const char *text, fx_yaml **out, fx_error *error) {
    return fx__yaml_parse(text, strlen(text), "x.yaml", out, error);
}

Test(yaml, tree_with_lines) {
    fx_yaml *root;
    cr_assert_eq(parse("a: 1\n\nb: [x, 'y z']\nc:\n  d: {e: f}\n", &root, NULL), FX_OK);
    cr_assert_eq(root->count, 3);
    cr_assert_str_eq(fx__yaml_text(root, "a"), "1");
    const fx_yaml *b = fx__yaml_get(root, "b");
    cr_assert(b->kind == FX_YAML_SEQUENCE && b->line == 3 && b->count == 2);
    cr_assert_str_eq(b->items[1].text, "y z");
    cr_assert(b->items[1].quoted && !b->items[0].quoted);
    cr_assert_str_eq(fx__yaml_text(fx__yaml_get(fx__yaml_get(root, "c"), "d"), "e"), "f");
    cr_assert_null(fx__yaml_text(root, "b"));
    cr_assert_null(fx__yaml_get(root, "z"));
    fx__yaml_destroy(root);
}

Test(yaml, empty_documents) {
    const char *texts[] = {"", "# only a comment\n", "---\n", "---\n...\n"};
    for (int i = 0; i < 4; i++) {
        fx_yaml *root;
        cr_assert_eq(parse(texts[i], &root, NULL), FX_OK, "%d", i);
        cr_assert(root->kind == FX_YAML_MAPPING && root->count == 0, "%d", i);
        fx__yaml_destroy(root);
    }
}

Test(yaml, what_is_refused) {
    const struct {
        const char *text, *message;
    } cases[] = {
        {"a: 1\nb: [1, 2\n", "x.yaml:3: malformed YAML"},
        {"a: 1\na: 2\n", "x.yaml:2: key 'a' stands twice"},
        {"a: &x 1\nb: *x\n", "x.yaml:2: aliases"},
        {"a: 1\n---\nb: 2\n", "x.yaml:2: a second document"},
        {"? [a]\n: b\n", "x.yaml:1: a key that is not plain text"},
        {"a: \"x\\0y\"\n", "x.yaml:1: a NUL character"},
        {"\x80\xff", "x.yaml:1: malformed YAML"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fx_yaml *root;
        fx_error error;
        cr_assert_eq(parse(cases[i].text, &root, &error), FX_ERROR_FORMAT, "%zu", i);
        cr_assert_null(root);
        assert_message(error, cases[i].message);
    }
    char deep[400] = "";
    for (int i = 0; i < 100; i++) strcat(deep, "[");
    fx_yaml *root;
    fx_error error;
    cr_assert_eq(parse(deep, &root, &error), FX_ERROR_FORMAT);
    assert_message(error, "deeper than 64");
    char *large = calloc(1, (1 << 20) + 2);
    memset(large, ' ', (1 << 20) + 1);
    cr_assert_eq(parse(large, &root, &error), FX_ERROR_FORMAT);
    assert_message(error, "1048577 bytes");
    free(large);
}

// Parameter tables --------------------------------------------------------------------------------

typedef struct gear {
    int preset, teeth, kind;
    float ratio;
    bool oiled;
    fx_int_list sizes, kinds;
    fx_size window;
    char drawing[FX_PATH_MAX];
    float play;
} gear;
typedef struct machine {
    fx_int_list list;
    gear gear;
} machine;

static const char *const KINDS[] = {"spur", "worm", NULL};
static const char *const PRESETS[] = {"none", "large", NULL};
static const fx_param GEAR[] = {
    {.key = "preset",
     .kind = FX_PARAM_CHOICE,
     .offset = offsetof(gear, preset),
     .choices = PRESETS},
    {.key = "teeth",
     .kind = FX_PARAM_INT,
     .offset = offsetof(gear, teeth),
     .min = 1,
     .max = 64,
     .has_auto = true},
    {.key = "kind", .kind = FX_PARAM_CHOICE, .offset = offsetof(gear, kind), .choices = KINDS},
    {.key = "ratio", .kind = FX_PARAM_FLOAT, .offset = offsetof(gear, ratio), .min = 0, .max = 1},
    {.key = "oiled", .kind = FX_PARAM_BOOL, .offset = offsetof(gear, oiled)},
    {.key = "sizes", .kind = FX_PARAM_INTS, .offset = offsetof(gear, sizes), .min = 1, .max = 9},
    {.key = "kinds", .kind = FX_PARAM_CHOICES, .offset = offsetof(gear, kinds), .choices = KINDS},
    {.key = "window", .kind = FX_PARAM_SIZE, .offset = offsetof(gear, window), .min = 1, .max = 99},
    {.key = "drawing", .kind = FX_PARAM_PATH, .offset = offsetof(gear, drawing)},
    {.key = "play", .kind = FX_PARAM_FLOAT, .offset = offsetof(gear, play), .min = 0, .max = 0.99},
};
static const fx_param TOP[] = {
    {.key = "list", .kind = FX_PARAM_INTS, .offset = offsetof(machine, list), .min = 0, .max = 5}};

static void gear_after_set(void *params, const char *key) {
    gear *g = params;
    if (strcmp(key, "preset") == 0 && g->preset == 1) g->teeth = 50;
}
static const fx_section SECTIONS[] = {
    {.name = "", .params = TOP, .count = 1},
    {.name = "gear",
     .params = GEAR,
     .count = sizeof GEAR / sizeof *GEAR,
     .offset = offsetof(machine, gear),
     .after_set = gear_after_set},
};

Test(params, set_and_format) {
    const struct {
        const char *key, *value, *formatted;
        int param;
    } cases[] = {
        {"gear.teeth", "12", "12", 1},
        {"gear.teeth", "auto", "auto", 1},
        {"gear.kind", "worm", "worm", 2},
        {"gear.ratio", "0.001", "0.001", 3},
        {"gear.ratio", "1e-3", "0.001", 3},
        {"gear.ratio", "0.333333343", "0.33333334", 3},
        {"gear.oiled", "true", "true", 4},
        {"gear.sizes", "5", "[5]", 5},
        {"gear.sizes", "[8, 4,4]", "[8, 4, 4]", 5},
        {"gear.sizes", "[]", "[]", 5},
        {"gear.kinds", "[worm, spur]", "[worm, spur]", 6},
        {"gear.kinds", "[Worm, SPUR]", "[worm, spur]", 6},
        {"gear.window", "32", "[32, 32]", 7},
        {"gear.window", "[64, 48]", "[64, 48]", 7},
        {"gear.window", "auto", "auto", 7},
        {"gear.window", "native", "native", 7},
        {"gear.drawing", "a folder/é.safetensors", "a folder/é.safetensors", 8},
        {"gear.drawing", "none", "none", 8},
        {"gear.play", "0.99", "0.99", 9},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        machine m = {0};
        fx_error error = {0};
        char text[64];
        cr_assert_eq(fx_params_set(SECTIONS, 2, &m, cases[i].key, cases[i].value, &error), FX_OK,
                     "%s", error.message);
        fx_param_format(&GEAR[cases[i].param], &m.gear, text, sizeof text);
        cr_assert_str_eq(text, cases[i].formatted);
        // What was given in its range is in it.
        cr_assert_eq(fx__params_check(&SECTIONS[1], &m, &error), FX_OK, "%s", error.message);
    }
}

Test(params, what_is_refused) {
    const struct {
        const char *key, *value, *message;
    } cases[] = {
        {"gear.teeth", "0", "gear.teeth: found '0', expected an integer from 1 to 64, or auto"},
        {"gear.teeth", "12.0", "found '12.0'"},
        {"gear.teeth", "0x10", "found '0x10'"},
        {"gear.teeth", "'12'", "found '12'"},
        {"gear.teeth", "99999999999999999999", "found '9999"},
        {"gear.ratio", "nan", "expected a number from 0 to 1"},
        {"gear.ratio", "1.5", "expected a number from 0 to 1"},
        {"gear.ratio", "0.5x", "found '0.5x'"},
        {"gear.kind", "auto", "expected one of spur, worm"},
        {"gear.oiled", "yes", "expected true or false"},
        {"gear.sizes", "[1, 10]", "found [1, 10]"},
        {"gear.window", "[1, 2, 3]", "found [1, 2, 3]"},
        {"gear.tooth", "1", "unknown key 'gear.tooth', did you mean 'gear.teeth'?"},
        {"teeth", "1", "did you mean 'gear.teeth'?"},
        {"zzzzzz", "1", "unknown key 'zzzzzz'"},
        {"gear.teeth", "", "found nothing"},
        {"gear.teeth", "{a: b}", "found keys"},
        {"gear.drawing", "[a]", "expected none or the path of a file, of at most 1023 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        machine m = {0}, before = m;
        fx_error error = {0};
        cr_assert_eq(fx_params_set(SECTIONS, 2, &m, cases[i].key, cases[i].value, &error),
                     FX_ERROR_USAGE, "%s=%s: %s", cases[i].key, cases[i].value, error.message);
        assert_message(error, cases[i].message);
        cr_assert_eq(memcmp(&m, &before, sizeof m), 0);
    }
}

static bool skip_name(const char *key) {
    return strcmp(key, "name") == 0;
}

static fx_status apply(const char *text, machine *m, fx_error *error) {
    fx_yaml *root;
    cr_assert_eq(parse(text, &root, error), FX_OK);
    fx_status status = fx__params_apply(SECTIONS, 2, m, root, "x.yaml", skip_name, error);
    fx__yaml_destroy(root);
    return status;
}

Test(params, apply) {
    machine m = {0};
    fx_error error;
    // The preset comes first wherever it stands.
    cr_assert_eq(apply("name: x\nlist: [1, 2]\ngear: {ratio: 0.5, preset: large}\n", &m, &error),
                 FX_OK);
    cr_assert(m.list.count == 2 && m.gear.teeth == 50 && m.gear.ratio == 0.5f);
    cr_assert_eq(apply("gear: {teeth: 3, preset: large}\n", &m, &error), FX_OK);
    cr_assert_eq(m.gear.teeth, 3);
    cr_assert_eq(apply("list: 1\n\ngear:\n  toth: 3\n", &m, &error), FX_ERROR_USAGE);
    cr_assert_str_eq(error.message,
                     "x.yaml:4: unknown key 'gear.toth', did you mean 'gear.teeth'?");
    cr_assert_eq(apply("gear: 7\n", &m, &error), FX_ERROR_USAGE);
    assert_message(error, "x.yaml:1: 'gear' is a section");
    cr_assert_eq(apply("gaer: {teeth: 3}\n", &m, &error), FX_ERROR_USAGE);
    assert_message(error, "x.yaml:1: unknown key 'gaer', did you mean 'gear");
}

Test(params, json_reads_back) {
    machine m = {0}, again = {0};
    fx_error error;
    cr_assert_eq(
        apply("gear: {kind: worm, ratio: 0.1, sizes: [3, 2], window: [4, 5], drawing: 'a\"\\b'}\n",
              &m, &error),
        FX_OK);
    fx_text json = {0};
    cr_assert_eq(fx__text_printf(&json, NULL, "{\"gear\": "), FX_OK);
    cr_assert_eq(fx__params_json(&SECTIONS[1], &m, &json, NULL), FX_OK);
    cr_assert_eq(fx__text_printf(&json, NULL, "}"), FX_OK);
    cr_assert_str_eq(json.data,
                     "{\"gear\": {\"preset\": \"none\", \"teeth\": \"auto\", \"kind\": \"worm\", "
                     "\"ratio\": 0.1, \"oiled\": false, \"sizes\": [3, 2], \"kinds\": [], "
                     "\"window\": [4, 5], \"drawing\": \"a\\\"\\\\b\", \"play\": 0}}");
    cr_assert_eq(apply(json.data, &again, &error), FX_OK, "%s", error.message);
    cr_assert_eq(memcmp(&m, &again, sizeof m), 0);
    fx__text_destroy(&json);
}

Test(params, nearest_name) {
    const char *names[] = {"hog", "color", "bovw"};
    cr_assert_str_eq(fx__nearest_name("hgo", names, 3), "hog");
    cr_assert_str_eq(fx__nearest_name("colour", names, 3), "color");
    cr_assert_null(fx__nearest_name("sift", names, 3));
}
