// Interrupted extractions end in the bytes of uninterrupted ones.
#include "tests/cli/cli.h"

#include <sys/file.h>
#include <sys/resource.h>
#include <time.h>

// Kept small: a process of 120 images is caught in the middle because each takes about a
// millisecond (enlarged to 256 × 256).
enum { IMAGES = 120, HEADER = 128, ROW = 15 * 15 * 36 * 4 };
static const char slow[] =
    "featx --features hog --set image.size=256 --set hog.pixels_per_cell=16 --quiet photos";

static const char *const outputs[] = {".npy", ".json", ".paths.txt"};

static const char *named(const char *stem, const char *extension) {
    static char paths[4][64];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, 64, "%s%s", stem, extension);
    return path;
}

static void begin(void) {
    cli_begin();
    make_folder("photos");
    for (int i = 0; i < IMAGES; i++) {
        char path[64], text[3 * 20 * 20 + 32];
        snprintf(path, sizeof path, "photos/%03d.ppm", i);
        int header = snprintf(text, sizeof text, "P6 20 20 255\n");
        fx_rng rng = fx_rng_at(1, FX_RNG_USER, 0, (uint64_t)i);
        for (int p = 0; p < 3 * 20 * 20; p++) text[header + p] = (char)fx_rng_below(&rng, 256);
        write_file(path, text, (size_t)header + 3 * 20 * 20);
    }
}

TestSuite(extract_resume, .init = begin, .fini = cli_end);

static void expect_same(const char *a, const char *b) {
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++)
        expect_same_files(named(a, outputs[i]), named(b, outputs[i]));
}

static void expect_nothing_but_outputs(const char *stem) {
    static const char *const others[] = {".npy.partial", ".paths.txt.partial", ".resume",
                                         ".resume.partial"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect(!file_exists(named(stem, others[i])), "%s%s is left", stem, others[i]);
}

// Starts `slow` and sends a signal `delay` ns after OUT.npy.partial has `size` bytes. The exit
// status, which is 0 where it was done before.
static int interrupt(const char *threads, size_t size, long delay, int number) {
    char words[300], *argv[32];
    int argc = 0;
    snprintf(words, sizeof words, "%s -o x.npy --resume --threads %s", slow, threads);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) argv[argc++] = word;
    argv[argc] = NULL;
    pid_t child = cli_start(NULL, NULL, argv);
    siginfo_t ended = {0};
    do {
        struct stat info;
        if (stat("x.npy.partial", &info) == 0 && (size_t)info.st_size >= size &&
            file_exists("x.resume")) {
            nanosleep(&(struct timespec){.tv_nsec = delay}, NULL);
            kill(child, number);
            break;
        }
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
        waitid(P_PID, (id_t)child, &ended, WEXITED | WNOHANG | WNOWAIT);
    } while (ended.si_pid == 0);
    return cli_wait(child);
}

// Runs a command that dies of writing more than `bytes` into one file.
static void die_at(size_t bytes, const char *words) {
    struct rlimit files, cores;
    getrlimit(RLIMIT_FSIZE, &files);
    getrlimit(RLIMIT_CORE, &cores);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){bytes, files.rlim_max});
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, cores.rlim_max});
    cli_result result = run(words, "-o", "x.npy", NULL);
    setrlimit(RLIMIT_FSIZE, &files);
    setrlimit(RLIMIT_CORE, &cores);
    cr_assert_eq(result.status, 128 + SIGXFSZ, "status %d: %s", result.status, result.err);
}

// Half of the rows, and a few names less.
static void leave_half(void) {
    die_at(HEADER + (size_t)IMAGES / 2 * ROW, slow);
}

static size_t resumed(const cli_result *result) {
    const char *at = strstr(result->out, "\"resumed\": ");
    return at ? strtoul(at + 11, NULL, 10) : 0;
}

Test(extract_resume, kills_at_random_moments) {
    cli_result result = run(slow, "-o", "whole.npy", "--threads", "2", NULL);
    expect_success(result);
    static const char *const threads[] = {"1", "2", "3"};
    int kills = 0;
    for (uint64_t i = 0; i < 12; i++) {
        fx_rng rng = fx_rng_at((uint64_t)getpid(), FX_RNG_USER, 0, i);
        size_t size = fx_rng_below(&rng, HEADER + IMAGES * ROW);
        int number = fx_rng_below(&rng, 3) ? SIGKILL : fx_rng_below(&rng, 2) ? SIGTERM : SIGINT;
        int status =
            interrupt(threads[fx_rng_below(&rng, 3)], size, fx_rng_below(&rng, 40000000), number);
        cr_assert(status == 0 || status == 128 + number, "%d", status);
        kills += status != 0;
        if (status != 0) continue;
        expect_same("whole", "x");
        remove("x.npy");
    }
    cr_expect_gt(kills, 0);
    result = run(slow, "-o", "x.npy", "--resume", NULL);
    expect_success(result);
    expect_same("whole", "x");
    expect_nothing_but_outputs("x");
}

Test(extract_resume, goes_on_instead_of_beginning_anew) {
    leave_half();
    cr_expect(!file_exists("x.npy"));
    cli_result result = run(slow, "-o", "x.npy", "--resume", "--json", NULL);
    expect_success(result);
    cr_expect_geq(resumed(&result), IMAGES / 4, "%s", result.out);
    leave_half();
    result = run(slow, "-o", "x.npy", "--json", NULL);
    expect_success(result);
    cr_expect_eq(resumed(&result), 0u, "%s", result.out);
    expect_nothing_but_outputs("x");
}

Test(extract_resume, interruption_says_how_to_go_on) {
    int status = interrupt("2", HEADER + ROW, 0, SIGTERM);
    if (status == 0) cr_skip_test("done before it was interrupted");
    cli_result result = {.status = status};
    cli_read(".stderr", result.err, sizeof result.err);
    expect_failure(result, 143, "interrupted", "of 120 images", "--resume");
}

// States as kills leave them, made from whole files: `rows` bytes of rows, `names` bytes of names.
static void rebuild(size_t rows, size_t names) {
    static char bytes[HEADER + IMAGES * ROW + 1];
    struct stat info;
    cli_read("whole.npy", bytes, sizeof bytes);
    cr_assert_eq(stat("whole.npy", &info), 0);
    write_file("x.npy.partial", bytes, rows < (size_t)info.st_size ? rows : (size_t)info.st_size);
    cli_read("whole.paths.txt", bytes, sizeof bytes);
    cr_assert_eq(stat("whole.paths.txt", &info), 0);
    write_file("x.paths.txt.partial", bytes,
               names < (size_t)info.st_size ? names : (size_t)info.st_size);
    cli_read("manifest", bytes, sizeof bytes);
    write_text("x.resume", bytes);
}

Test(extract_resume, either_file_may_be_ahead) {
    cli_result result = run(slow, "-o", "whole.npy", NULL);
    expect_success(result);
    leave_half();
    cr_assert_eq(rename("x.resume", "manifest"), 0);
    const size_t name = strlen("photos/000.ppm\n");
    const struct {
        size_t rows, names, wanted; // wanted: rows that are taken over
    } states[] = {
        {0, 0, 0},
        {50, 0, 0},
        {HEADER, 3, 0},
        {HEADER + 7 * ROW, 7 * name, 7},
        {HEADER + 7 * ROW + 100, 9 * name, 7},
        {HEADER + 9 * ROW, 7 * name + 5, 7},
        {HEADER + IMAGES * ROW, IMAGES * name - 1, IMAGES - 1},
        {HEADER + IMAGES * ROW, IMAGES * name, IMAGES},
    };
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        rebuild(states[i].rows, states[i].names);
        result = run(slow, "-o", "x.npy", "--resume", "--json", NULL);
        expect_success(result);
        // 120 images make pieces of one.
        cr_expect_eq(resumed(&result), states[i].wanted, "state %zu: %s", i, result.out);
        expect_same("whole", "x");
        expect_nothing_but_outputs("x");
    }
}

// Images without a row shift those behind them, in the labels and in the splits.
Test(extract_resume, skipped_images_and_labels) {
    write_classes("set", 6);
    cut_file("set/blue/01.png", 60);
    cut_file("set/green/04.png", 60);
    const char words[] = "featx --features color set --on-error skip --quiet --json";
    cli_result result = run(words, "-o", "whole.npy", NULL);
    cr_assert_eq(result.status, 0, "%s", result.err);
    int64_t labels[HEADER / 8 + 16];
    cr_assert_eq(file_size("whole.labels.npy"), sizeof labels);
    char bytes[sizeof labels + 1];
    cli_read("whole.labels.npy", bytes, sizeof bytes);
    memcpy(labels, bytes, sizeof labels);
    char paths[1024];
    cli_read("whole.paths.txt", paths, sizeof paths);
    size_t row = 0;
    for (char *path = strtok(paths, "\n"); path; path = strtok(NULL, "\n"), row++)
        cr_expect_eq(labels[HEADER / 8 + row],
                     strstr(path, "blue")    ? 0
                     : strstr(path, "green") ? 1
                                             : 2,
                     "%s", path);
    cr_expect_eq(row, 16u);
    enum { COLOR_ROW = 128 * 4 };
    die_at(HEADER + 8 * COLOR_ROW, words);
    cr_assert_eq(rename("x.resume", "manifest"), 0);
    for (size_t rows = 0; rows <= 16; rows += 4) {
        rebuild(HEADER + rows * COLOR_ROW, 100000);
        result = run(words, "-o", "x.npy", "--resume", NULL);
        cr_assert_eq(result.status, 0, "%s", result.err);
        cr_expect_eq(resumed(&result), rows, "%s", result.out);
        expect_same("whole", "x");
        expect_same_files("whole.labels.npy", "x.labels.npy");
        expect_nothing_but_outputs("x");
    }
}

// Rows of whitened pixels are products over pieces of 64 images, so whole pieces are taken over.
Test(extract_resume, whitened_rows) {
    const char words[] = "featx --features raw --set raw.whiten=zca --set image.size=4 --quiet "
                         "--json photos";
    cli_result result = run(words, "-o", "whole.npy", NULL);
    expect_success(result);
    enum { RAW_ROW = 48 * 4 };
    die_at(HEADER + 50 * RAW_ROW, words);
    cr_assert_eq(rename("x.resume", "manifest"), 0);
    for (size_t rows = 40; rows <= 120; rows += 40) {
        rebuild(HEADER + rows * RAW_ROW, 100000);
        result = run(words, "-o", "x.npy", "--resume", NULL);
        expect_success(result);
        cr_expect_eq(resumed(&result), rows == 120 ? 120u : rows / 64 * 64, "%s", result.out);
        expect_same("whole", "x");
    }
}

Test(extract_resume, changes_are_named) {
    leave_half();
    cli_result result = run(slow, "-o", "x.npy", "--resume", "--set", "hog.orientations=8", NULL);
    expect_failure(result, 1, "x.resume", "hog.orientations", "then 9, now 8");
    result = run(slow, "-o", "x.npy", "--resume", "--features", "color", NULL);
    expect_failure(result, 1, "x.resume", "features");
    write_image("photos/zzz.png", 20, 20, gray, false, 1);
    result = run(slow, "-o", "x.npy", "--resume", NULL);
    expect_failure(result, 1, "x.resume", "120 images", "121 images");
    cr_assert_eq(rename("photos/119.ppm", "other.ppm"), 0);
    result = run(slow, "-o", "x.npy", "--resume", NULL);
    expect_failure(result, 1, "x.resume", "119.ppm", "zzz.png");
    cr_assert_eq(rename("other.ppm", "photos/119.ppm"), 0);
    cr_assert_eq(remove("photos/zzz.png"), 0);
    // Nothing of this has cost what was done.
    result = run(slow, "-o", "x.npy", "--resume", "--json", NULL);
    expect_success(result);
    cr_expect_gt(resumed(&result), 0u);
    leave_half();
    write_file("photos/000.ppm", "P6 1 1 255\nabc", 14);
    result = run(slow, "-o", "x.npy", "--resume", NULL);
    expect_failure(result, 1, "x.resume", "photos/000.ppm has changed");
}

// What the manifest cannot see: the same name, size and time, other bytes.
Test(extract_resume, rows_are_compared) {
    leave_half();
    FILE *file = fopen("x.npy.partial", "r+b");
    cr_assert(file);
    cr_assert_eq(fseek(file, HEADER + 100, SEEK_SET), 0);
    fputc(77, file);
    fclose(file);
    cli_result result = run(slow, "-o", "x.npy", "--resume", NULL);
    expect_failure(result, 1, "x.npy.partial", "row 0");
    cr_expect(file_exists("x.npy.partial"));
}

Test(extract_resume, one_process_at_a_time) {
    leave_half();
    int lock = open("x.npy.partial", O_RDWR);
    cr_assert_eq(flock(lock, LOCK_EX), 0);
    cli_result result = run(slow, "-o", "x.npy", NULL);
    expect_failure(result, 1, "x.npy", "another process");
    result = run(slow, "-o", "x.npy", "--resume", NULL);
    expect_failure(result, 1, "x.npy", "another process");
    close(lock);
    result = run(slow, "-o", "x.npy", "--resume", "--json", NULL);
    expect_success(result);
    cr_expect_gt(resumed(&result), 0u);
}

Test(extract_resume, usage) {
    cli_result result = run(slow, "--resume", NULL);
    expect_failure(result, 2, "--resume", "-o");
    result = run(slow, "--resume", "-o", "-", NULL);
    expect_failure(result, 2, "--resume", "-o -");
    result = run(slow, "--resume", "-o", "x.csv", "--format", "csv", NULL);
    expect_failure(result, 2, "--resume", "csv");
}

// A failure leaves nothing; an interruption of what cannot be gone on with neither.
Test(extract_resume, nothing_is_left_behind) {
    cut_file("photos/100.ppm", 30);
    cli_result result = run(slow, "-o", "x.npy", NULL);
    expect_failure(result, 1, "100.ppm");
    cr_expect(!file_exists("x.npy"));
    expect_nothing_but_outputs("x");
}
