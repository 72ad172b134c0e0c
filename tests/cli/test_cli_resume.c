// Trainings that are stopped and go on: by any signal, at any moment, to the same model.
#include "tests/cli/cli.h"

#include <dirent.h>
#include <time.h>

TestSuite(cli_resume, .init = cli_begin, .fini = cli_end);

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void sleep_for(double seconds) {
    nanosleep(
        &(struct timespec){(time_t)seconds, (long)(1e9 * (seconds - (double)(time_t)seconds))},
        NULL);
}

// Temporary files of writers.
static int strays(void) {
    DIR *folder = opendir(".");
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder));)
        count += strncmp(entry->d_name, ".featx-", 7) == 0;
    closedir(folder);
    return count;
}

#define TRAINING                                                                                   \
    "classify", "train", "--features", "color", "data", "--quiet", "--threads", "2", "--set",      \
        "augment.flip=true", "--set", "augment.shift=2", "--set", "mlp.hidden=[32]", "--set",      \
        "train.batch_size=8", "--set", "train.epochs=120"

Test(cli_resume, twenty_kills_at_random_moments) {
    write_folder("data", 30, true);
    char *whole[] = {TRAINING, "-o", "whole", NULL};
    char *begin[] = {TRAINING, "-o", "model", NULL};
    char *resume[] = {TRAINING, "-o", "model", "--resume", NULL};
    double began = now();
    cr_assert_eq(cli_wait(cli_start(NULL, NULL, whole)), 0);
    double duration = now() - began;
    cr_expect(!file_exists("whole.checkpoint"));
    fx_rng rng = fx_rng_at(1, FX_RNG_USER, 0, 0);
    int kills = 0, ends = 0, in_training = 0;
    for (bool fresh = true; kills < 20;) {
        pid_t child = cli_start(NULL, NULL, fresh ? begin : resume);
        sleep_for(duration * 0.4 * fx_rng_uniform(&rng));
        kill(child, SIGKILL);
        int status = cli_wait(child);
        fresh = status == 0;
        kills += status != 0;
        in_training += file_exists("model.checkpoint");
        if (!fresh) continue;
        ends++;
        expect_same_files("model", "whole");
    }
    cr_assert_eq(cli_wait(cli_start(NULL, NULL, resume)), 0);
    expect_same_files("model", "whole");
    cr_expect(!file_exists("model.checkpoint"));
    cr_expect_geq(in_training, 10, "%d of 20 kills left a checkpoint, %d trainings ended",
                  in_training, ends);
}

static void expect_stopped_and_resumed(int signal_number, int status) {
    write_folder("data", 30, true);
    char *begin[] = {TRAINING, "-o", "model", NULL};
    char *resume[] = {TRAINING, "-o", "model", "--resume", NULL};
    char *whole[] = {TRAINING, "-o", "whole", NULL};
    cr_assert_eq(cli_wait(cli_start(NULL, NULL, whole)), 0);
    for (int i = 0; i < 4; i++) {
        pid_t child = cli_start(NULL, NULL, i ? resume : begin);
        // The first waits for the training; the others come in the midst of something.
        for (int waits = 0; i == 0 && !file_exists("model.checkpoint") && waits < 3000; waits++)
            sleep_for(0.001);
        sleep_for(0.02 + 0.01 * i);
        kill(child, signal_number);
        int found = cli_wait(child);
        if (found == 0) break; // it was done
        cr_assert_eq(found, status);
        char message[200];
        cli_read(".stderr", message, sizeof message);
        // Nothing is said by a program that is stopped while it starts.
        static const char said[] =
            "classify: interrupted; the same command with --resume goes on\n";
        cr_expect(strcmp(message, said) == 0 || (i > 0 && message[0] == '\0'), "%s", message);
        cr_expect(file_exists("model.checkpoint"));
        cr_expect(!file_exists("model"));
        cr_expect_eq(strays(), 0);
    }
    if (!file_exists("model")) cr_assert_eq(cli_wait(cli_start(NULL, NULL, resume)), 0);
    expect_same_files("model", "whole");
    cr_expect_eq(strays(), 0);
}

Test(cli_resume, interrupted) {
    expect_stopped_and_resumed(SIGINT, 130);
}

Test(cli_resume, terminated) {
    expect_stopped_and_resumed(SIGTERM, 143);
}

Test(cli_resume, of_another_training_is_refused) {
    write_folder("data", 30, true);
    char *begin[] = {TRAINING, "-o", "model", NULL};
    pid_t child = cli_start(NULL, NULL, begin);
    for (int waits = 0; !file_exists("model.checkpoint") && waits < 3000; waits++) sleep_for(0.001);
    kill(child, SIGKILL);
    cr_assert_neq(cli_wait(child), 0);
    cli_result result = run("classify train --features color data -o model --quiet --resume", NULL);
    expect_failure(result, 1, "model.checkpoint", "another training");
    cr_expect(file_exists("model.checkpoint")); // for who can use it
    result =
        run("classify train --features color data -o model --quiet --set train.epochs=2", NULL);
    expect_success(result); // begins anew
    cr_expect(!file_exists("model.checkpoint"));
}

Test(cli_resume, needs_an_output) {
    cli_result result = run("classify --features color --resume", NULL);
    expect_failure(result, 2, "--resume", "-o");
}
