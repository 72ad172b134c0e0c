// Running the programs: arguments in, exit status and both streams out. Each test has a folder of
// its own, which is the programs' working directory and is removed at the end.
#ifndef FEATX_TESTS_CLI_H
#define FEATX_TESTS_CLI_H

#define _XOPEN_SOURCE 700 // nftw
#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "featx/image.h"
#include "featx/rng.h"

extern char **environ;

static char cli_folder[64];

static inline void cli_begin(void) {
    strcpy(cli_folder, "/tmp/featx-cli-XXXXXX");
    cr_assert(mkdtemp(cli_folder));
    cr_assert_eq(chdir(cli_folder), 0);
    setenv("FEATX_DATA", cli_folder, 1);
    setenv("OMP_WAIT_POLICY", "passive", 1); // several tests run at once
}

static inline int cli_remove(const char *path, const struct stat *info, int type,
                             struct FTW *where) {
    (void)info;
    (void)type;
    (void)where;
    return remove(path);
}

static inline void cli_end(void) {
    cr_assert_eq(chdir("/"), 0);
    nftw(cli_folder, cli_remove, 8, FTW_DEPTH | FTW_PHYS);
}

typedef struct cli_result {
    int status;      // of exit, or 128 + signal
    char out[65536]; // cut there
    char err[8192];
} cli_result;

static inline void cli_read(const char *path, char *out, size_t size) {
    FILE *file = fopen(path, "rb");
    cr_assert(file, "%s", path);
    size_t count = fread(out, 1, size - 1, file);
    out[count] = '\0';
    fclose(file);
}

// Starts a program with its streams in files of the folder; `out` and `in` may name others.
static inline pid_t cli_start(const char *in, const char *out, char *const *argv) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", FX_BINARY_DIR, argv[0]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, in ? in : "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, out ? out : ".stdout",
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, ".stderr", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    pid_t child = 0;
    int failed = posix_spawn(&child, path, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    cr_assert_eq(failed, 0, "%s: %s", path, strerror(failed));
    return child;
}

static inline int cli_wait(pid_t child) {
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// run("featx --features hog", "a.png", NULL): words of the first text, then whole arguments.
static inline cli_result cli_run_streams(const char *in, const char *out, const char *words,
                                         va_list rest) {
    char text[1024], *argv[64];
    size_t argc = 0;
    snprintf(text, sizeof text, "%s", words);
    for (char *word = strtok(text, " "); word && argc < 60; word = strtok(NULL, " "))
        argv[argc++] = word;
    for (char *argument; (argument = va_arg(rest, char *)) && argc < 62;) argv[argc++] = argument;
    argv[argc] = NULL;
    static cli_result result;
    result.status = cli_wait(cli_start(in, out, argv));
    result.out[0] = '\0';
    if (!out) cli_read(".stdout", result.out, sizeof result.out);
    cli_read(".stderr", result.err, sizeof result.err);
    return result;
}

static inline cli_result run(const char *words, ...) {
    va_list rest;
    va_start(rest, words);
    cli_result result = cli_run_streams(NULL, NULL, words, rest);
    va_end(rest);
    return result;
}

// With standard input from a file and standard output into one (NULL: as in run()).
static inline cli_result run_streams(const char *in, const char *out, const char *words, ...) {
    va_list rest;
    va_start(rest, words);
    cli_result result = cli_run_streams(in, out, words, rest);
    va_end(rest);
    return result;
}

static inline size_t count_lines(const char *text) {
    size_t lines = 0;
    for (; *text; text++) lines += *text == '\n';
    return lines;
}

// Nothing but one clear line: exit status, "PROGRAM: …" on standard error that holds each of the
// texts, nothing on standard output.
#define expect_failure(result, code, ...)                                                          \
    do {                                                                                           \
        const cli_result *failed_ = &(result);                                                     \
        cr_expect_eq(failed_->status, code, "status %d, expected %d: %s", failed_->status, code,   \
                     failed_->err);                                                                \
        cr_expect_eq(count_lines(failed_->err), 1u, "one line on standard error, found: %s",       \
                     failed_->err);                                                                \
        cr_expect(strncmp(failed_->err, "featx: ", 7) == 0 ||                                      \
                      strncmp(failed_->err, "classify: ", 10) == 0,                                \
                  "who speaks: %s", failed_->err);                                                 \
        cr_expect_eq(failed_->out[0], '\0', "standard output: %s", failed_->out);                  \
        const char *const wanted_[] = {__VA_ARGS__};                                               \
        for (size_t w_ = 0; w_ < sizeof wanted_ / sizeof *wanted_; w_++)                           \
            cr_expect(strstr(failed_->err, wanted_[w_]), "'%s' in: %s", wanted_[w_],               \
                      failed_->err);                                                               \
    } while (0)

#define expect_success(result)                                                                     \
    do {                                                                                           \
        const cli_result *done_ = &(result);                                                       \
        cr_assert_eq(done_->status, 0, "status %d: %s", done_->status, done_->err);                \
        cr_expect_eq(done_->err[0], '\0', "standard error: %s", done_->err);                       \
    } while (0)

// Files
// --------------------------------------------------------------------------------------------

static inline void write_file(const char *path, const void *bytes, size_t count) {
    FILE *file = fopen(path, "wb");
    cr_assert(file, "%s", path);
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    fclose(file);
}

static inline void write_text(const char *path, const char *text) {
    write_file(path, text, strlen(text));
}

static inline void make_folder(const char *path) {
    cr_assert_eq(mkdir(path, 0777), 0, "%s", path);
}

static inline size_t file_size(const char *path) {
    struct stat info;
    cr_assert_eq(stat(path, &info), 0, "%s", path);
    return (size_t)info.st_size;
}

static inline bool file_exists(const char *path) {
    return access(path, F_OK) == 0;
}

static inline void cut_file(const char *path, size_t bytes) {
    cr_assert_eq(truncate(path, (off_t)bytes), 0);
}

static inline void expect_same_files(const char *a, const char *b) {
    size_t size = file_size(a);
    cr_assert_eq(size, file_size(b), "%s and %s differ in size", a, b);
    char *bytes[2] = {malloc(size + 1), malloc(size + 1)};
    cli_read(a, bytes[0], size + 1);
    cli_read(b, bytes[1], size + 1);
    cr_expect_eq(memcmp(bytes[0], bytes[1], size), 0, "%s and %s differ", a, b);
    free(bytes[0]);
    free(bytes[1]);
}

// A noisy image around one color; with `stripes` every second column is dark.
static inline void write_image(const char *path, int width, int height, const uint8_t color[3],
                               bool stripes, uint64_t seed) {
    fx_error error;
    fx_image image = {0};
    cr_assert_eq(fx_image_reserve(&image, width, height, 3, &error), FX_OK);
    fx_rng rng = fx_rng_at(seed, FX_RNG_USER, 0, 0);
    for (int i = 0; i < width * height; i++)
        for (int c = 0; c < 3; c++) {
            int value = stripes && i % width % 2 ? 20 : color[c];
            image.pixels[3 * i + c] = (uint8_t)(value + (int)fx_rng_below(&rng, 20));
        }
    cr_assert_eq(fx_image_save_png(path, &image, &error), FX_OK, "%s", error.message);
    fx_image_destroy(&image);
}

static const uint8_t gray[3] = {128, 128, 128};

// FOLDER/{blue,green,red}/00.png …: `count` images of 16 × 16 each. With `alike` all are gray and
// nothing but noise tells the classes apart.
static inline void write_folder(const char *folder, int count, bool alike) {
    static const struct {
        const char *name;
        uint8_t color[3];
    } classes[] = {{"blue", {30, 30, 200}}, {"green", {30, 200, 30}}, {"red", {200, 30, 30}}};
    char path[300];
    make_folder(folder);
    for (int c = 0; c < 3; c++) {
        snprintf(path, sizeof path, "%s/%s", folder, classes[c].name);
        make_folder(path);
        for (int i = 0; i < count; i++) {
            snprintf(path, sizeof path, "%s/%s/%02d.png", folder, classes[c].name, i);
            write_image(path, 16, 16, alike ? gray : classes[c].color, i % 2,
                        (uint64_t)(100 * c + i));
        }
    }
}

static inline void write_classes(const char *folder, int count) {
    write_folder(folder, count, false);
}

// 8 × 8 pixels, made with PIL 13.0.0 (quality 60, optimized).
static const uint8_t tiny_jpeg[] = {
    255, 216, 255, 224, 0,   16,  74,  70,  73,  70,  0,   1,   1,  0,  0,   1,  0,   1,   0,   0,
    255, 219, 0,   67,  0,   13,  9,   10,  11,  10,  8,   13,  11, 10, 11,  14, 14,  13,  15,  19,
    32,  21,  19,  18,  18,  19,  39,  28,  30,  23,  32,  46,  41, 49, 48,  46, 41,  45,  44,  51,
    58,  74,  62,  51,  54,  70,  55,  44,  45,  64,  87,  65,  70, 76, 78,  82, 83,  82,  50,  62,
    90,  97,  90,  80,  96,  74,  81,  82,  79,  255, 219, 0,   67, 1,  14,  14, 14,  19,  17,  19,
    38,  21,  21,  38,  79,  53,  45,  53,  79,  79,  79,  79,  79, 79, 79,  79, 79,  79,  79,  79,
    79,  79,  79,  79,  79,  79,  79,  79,  79,  79,  79,  79,  79, 79, 79,  79, 79,  79,  79,  79,
    79,  79,  79,  79,  79,  79,  79,  79,  79,  79,  79,  79,  79, 79, 79,  79, 79,  79,  255, 192,
    0,   17,  8,   0,   8,   0,   8,   3,   1,   34,  0,   2,   17, 1,  3,   17, 1,   255, 196, 0,
    21,  0,   1,   1,   0,   0,   0,   0,   0,   0,   0,   0,   0,  0,  0,   0,  0,   0,   0,   4,
    255, 196, 0,   25,  16,  1,   0,   2,   3,   0,   0,   0,   0,  0,  0,   0,  0,   0,   0,   0,
    0,   0,   5,   6,   34,  49,  161, 255, 196, 0,   21,  1,   1,  1,  0,   0,  0,   0,   0,   0,
    0,   0,   0,   0,   0,   0,   0,   0,   3,   5,   255, 196, 0,  28, 17,  0,  1,   3,   5,   0,
    0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   3,   0,  1,  4,   5,  18,  19,  33,  49,
    255, 218, 0,   12,  3,   1,   0,   2,   17,  3,   17,  0,   63, 0,  130, 54, 191, 172, 56,  2,
    105, 165, 22,  238, 165, 166, 205, 54,  6,   218, 255, 217};
#endif
