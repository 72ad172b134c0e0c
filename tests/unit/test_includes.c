// The direction of includes and what only tools/ may do, checked over the sources themselves:
// tools → report → experiment → {features, datasets, nn} → image → base.
#define _XOPEN_SOURCE 700 // nftw
#include <criterion/criterion.h>
#include <ctype.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Rooms, with their files by prefix of the path. A file may include what stands in its own room or
// in a room of lower rank; features, datasets and nn share a rank, so they never include each
// other.
typedef struct {
    const char *prefix, *name;
    int rank;
} room;

static const room rooms[] = {
    {"src/base/", "base", 0},
    {"include/featx/error.h", "base", 0},
    {"include/featx/matrix.h", "base", 0},
    {"include/featx/params.h", "base", 0},
    {"include/featx/progress.h", "base", 0},
    {"include/featx/rng.h", "base", 0},
    {"include/featx/threads.h", "base", 0},
    {"include/featx/version.h", "base", 0},
    {"src/image/", "image", 1},
    {"include/featx/image.h", "image", 1},
    {"include/featx/image_source.h", "image", 1},
    {"include/featx/augmentation.h", "image", 1},
    {"include/featx/disturbance.h", "image", 1},
    {"features/", "features", 2},
    {"include/featx/color_histogram.h", "features", 2},
    {"include/featx/descriptor.h", "features", 2},
    {"include/featx/distance.h", "features", 2},
    {"include/featx/hog.h", "features", 2},
    {"include/featx/gmm.h", "features", 2},
    {"include/featx/kmeans.h", "features", 2},
    {"include/featx/raw_pixels.h", "features", 2},
    {"include/featx/visual_words.h", "features", 2},
    {"datasets/", "datasets", 2},
    {"include/featx/dataset.h", "datasets", 2},
    {"src/nn/", "nn", 2},
    {"include/featx/mlp.h", "nn", 2},
    {"include/featx/training.h", "nn", 2},
    {"src/experiment/", "experiment", 3},
    {"include/featx/experiment.h", "experiment", 3},
    {"include/featx/model.h", "experiment", 3},
    {"include/featx/search.h", "experiment", 3},
    {"src/report/", "report", 4},
    {"include/featx/report.h", "report", 4},
    {"include/featx/featx.h", "all", 5},
    {"tools/", "tools", 6},
};

// Libraries that one file alone speaks to.
static const struct {
    const char *header, *file;
} owners[] = {
    {"cblas.h", "src/base/gemm.c"},
    {"stb_image.h", "src/image/image_file.c"},
    {"stb_image_write.h", "src/image/image_file.c"},
    {"yaml.h", "src/base/yaml.c"},
    {"popt.h", "tools/"},
};

// Words that stand in tools/ alone, but for the exceptions.
static const char *const tools_only[] = {
    "printf", "vprintf", "puts",   "putchar",       "perror", "stdout", "stderr",
    "exit",   "abort",   "getenv", "secure_getenv", "setenv", "putenv", "environ",
};
static const struct {
    const char *word, *file;
} exceptions[] = {
    {"stdout", "src/base/file.c"}, // the path "-"
};

static bool starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static const room *room_of(const char *path) {
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++)
        if (starts_with(path, rooms[i].prefix)) return &rooms[i];
    return NULL;
}

static bool is_word(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

// Blanks comments; with `literals`, what stands in quotes too. Line ends stay.
static void blank(char *text, bool literals) {
    for (char *p = text; *p;) {
        if (p[0] == '/' && p[1] == '/') {
            while (*p && *p != '\n') *p++ = ' ';
        } else if (p[0] == '/' && p[1] == '*') {
            char *end = strstr(p + 2, "*/");
            end = end ? end + 2 : p + strlen(p);
            for (; p < end; p++)
                if (*p != '\n') *p = ' ';
        } else if (*p == '"' || *p == '\'') {
            char quote = *p++;
            while (*p && *p != quote && *p != '\n') {
                int n = p[0] == '\\' && p[1] ? 2 : 1;
                for (; n > 0; n--, p++)
                    if (literals) *p = ' ';
            }
            if (*p) p++;
        } else {
            p++;
        }
    }
}

static int complain(bool quiet, const char *path, const char *what, const char *name) {
    if (!quiet) fprintf(stderr, "%s: %s %s\n", path, what, name);
    return 1;
}

static int check_include(const char *path, const char *name, bool quoted, bool quiet) {
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
        size_t length = strlen(name), tail = strlen(owners[i].header);
        if (length < tail || strcmp(name + length - tail, owners[i].header) != 0) continue;
        if (length > tail && name[length - tail - 1] != '/') continue; // src/base/yaml.h is ours
        if (starts_with(name, "src/")) continue;
        return starts_with(path, owners[i].file) ? 0
                                                 : complain(quiet, path, "must not include", name);
    }
    if (!quoted) {
        return starts_with(name, "featx/") ? complain(quiet, path, "includes with <>", name) : 0;
    }

    char target[300];
    bool is_public = starts_with(name, "featx/");
    snprintf(target, sizeof target, "%s%s", is_public ? "include/" : "", name);
    if (starts_with(path, "include/") && !is_public)
        return complain(quiet, path, "is public and includes the internal", name);
    const room *from = room_of(path), *to = room_of(target);
    if (!to) return complain(quiet, path, "includes what has no room:", name);
    if (strcmp(from->name, to->name) != 0 && to->rank >= from->rank)
        return complain(quiet, path, "includes against the direction:", name);
    return 0;
}

// Faults in one source, named on standard error unless quiet.
static int check_text(const char *path, const char *source, bool quiet) {
    const room *from = room_of(path);
    if (!from) return complain(quiet, path, "has no room", "");
    int faults = 0;

    char *text = strdup(source);
    cr_assert_not_null(text);
    blank(text, false);
    for (char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *p = line + strspn(line, " \t");
        if (*p != '#') continue;
        p++;
        p += strspn(p, " \t");
        if (!starts_with(p, "include")) continue;
        p += strcspn(p, "\"<\n");
        if (*p != '"' && *p != '<') continue;
        size_t length = strcspn(p + 1, "\">\n");
        char name[256] = "";
        cr_assert(length < sizeof name);
        memcpy(name, p + 1, length);
        faults += check_include(path, name, *p == '"', quiet);
    }

    blank(text, true);
    bool is_tool = strcmp(from->name, "tools") == 0;
    for (const char *p = text; *p && !is_tool;) {
        if (!is_word(*p)) {
            p++;
            continue;
        }
        size_t length = 0;
        while (is_word(p[length])) length++;
        for (size_t i = 0; i < sizeof tools_only / sizeof *tools_only; i++) {
            const char *word = tools_only[i];
            if (strlen(word) != length || strncmp(p, word, length) != 0) continue;
            if (*word == 'p' && starts_with(p, "printf") && p > text && p[-1] == '(')
                continue; // __attribute__((format(printf, …)))
            bool allowed = false;
            for (size_t k = 0; k < sizeof exceptions / sizeof *exceptions; k++)
                allowed |=
                    strcmp(word, exceptions[k].word) == 0 && strcmp(path, exceptions[k].file) == 0;
            if (!allowed) faults += complain(quiet, path, "does what only tools/ may:", word);
        }
        p += length;
    }
    free(text);
    return faults;
}

static int files, faults;

static int visit(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void)status;
    (void)where;
    size_t length = strlen(path);
    if (kind != FTW_F || length < 2 ||
        (strcmp(path + length - 2, ".c") != 0 && strcmp(path + length - 2, ".h") != 0))
        return 0;
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    char *text = calloc(1, 1 << 20);
    cr_assert_not_null(text);
    cr_assert(fread(text, 1, (1 << 20) - 1, file) < (1 << 20) - 1, "%s is too large", path);
    fclose(file);
    files++;
    faults += check_text(path + strlen(FX_SOURCE_DIR) + 1, text, false);
    free(text);
    return 0;
}

Test(includes, sources_keep_the_direction) {
    static const char *const folders[] = {"src", "include", "features", "datasets", "tools"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", FX_SOURCE_DIR, folders[i]);
        cr_assert_eq(nftw(path, visit, 16, FTW_PHYS), 0, "%s", path);
    }
    cr_expect(files > 40, "only %d files", files); // 40: a part of what there is; not an empty walk
    cr_expect_eq(faults, 0, "%d faults", faults);
}

// The checker itself, against what it must refuse and what it must let pass.
Test(includes, faults_are_seen) {
    static const struct {
        const char *path, *text;
        int faults;
    } cases[] = {
        {"features/hog.c", "#include \"featx/hog.h\"\n#include <math.h>\n", 0},
        {"features/hog.c", "#include \"src/nn/mlp_state.h\"", 1},
        {"features/hog.c", "#include \"featx/mlp.h\"", 1},
        {"features/hog.c", "#include \"featx/dataset.h\"\n#include \"featx/model.h\"\n", 2},
        {"datasets/cifar.c", "#include \"featx/descriptor.h\"", 1},
        {"src/nn/mlp.c", "  #  include \"featx/dataset.h\"", 1},
        {"src/base/text.c", "#include \"featx/image.h\"", 1},
        {"src/image/resize.c", "#include \"src/base/memory.h\"", 0},
        {"src/experiment/model.c", "#include \"featx/report.h\"", 1},
        {"src/report/page.c", "#include \"tools/options.h\"", 1},
        {"tools/classify.c", "#include \"src/report/page.h\"", 0},
        {"src/base/text.c", "#include \"featx/featx.h\"", 1},
        {"include/featx/hog.h", "#include \"src/base/memory.h\"", 1},
        {"include/featx/image.h", "#include \"featx/hog.h\"", 1},
        {"include/featx/new.h", "", 1},
        {"src/nn/mlp.c", "#include \"mlp_state.h\"", 1},
        {"src/nn/mlp.c", "#include <featx/mlp.h>", 1},
        {"src/nn/mlp.c", "#include <cblas.h>", 1},
        {"src/nn/mlp.c", "#include <openblas/cblas.h>", 1},
        {"src/base/gemm.c", "#include <cblas.h>", 0},
        {"src/image/image.c", "#include <stb_image.h>", 1},
        {"src/image/image.c", "#include <stb/stb_image_write.h>", 1},
        {"src/base/params.c", "#include <yaml.h>", 1},
        {"src/experiment/spec.c", "#include \"src/base/yaml.h\"", 0},
        {"src/experiment/spec.c", "#include <popt.h>", 1},
        {"src/nn/mlp.c", "// #include \"featx/dataset.h\"\n/* #include <cblas.h>\n */", 0},
        {"src/nn/mlp.c", "void f(void) { printf(\"x\"); }", 1},
        {"src/nn/mlp.c", "void f(void) { puts (\"x\"); exit(1); }", 2},
        {"src/nn/mlp.c", "void f(void) { fprintf(stderr, \"x\"); }", 1},
        {"src/nn/mlp.c", "char *f(void) { return getenv(\"HOME\"); }", 1},
        {"src/nn/mlp.c", "// printf, exit and abort\nconst char *s = \"abort() \\\" exit\";", 0},
        {"src/nn/mlp.c", "int my_exit, exits; void fx_abort(void);", 0},
        {"src/base/file.c", "FILE *f = stdout;", 0},
        {"src/nn/mlp.c", "__attribute__((format(printf, 1, 2))) void f(char *s, ...);", 0},
        {"tools/classify.c", "int main(void) { printf(\"x\"); exit(0); }", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int found = check_text(cases[i].path, cases[i].text, true);
        cr_expect_eq(found, cases[i].faults, "case %zu (%s: %s): %d faults, expected %d", i,
                     cases[i].path, cases[i].text, found, cases[i].faults);
    }
}
