// Running gnuplot: as a program, without a shell, its input and outputs in unnamed files.
#include "src/report/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/memory.h"

// Files that stand for the program's standard input, output and error.
enum { IN, OUT, ERR, STREAMS };

static void close_streams(FILE *const streams[STREAMS]) {
    for (int i = 0; i < STREAMS; i++)
        if (streams[i]) fclose(streams[i]);
}

// Exit status, or -1 with errno where the program cannot be run. Its environment holds a locale
// and nothing else, so that plots are the same everywhere.
static int run(char *const arguments[], FILE *const streams[STREAMS]) {
    char locale[] = "LC_ALL=C.UTF-8";
    char *const environment[] = {locale, NULL};
    posix_spawn_file_actions_t actions;
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure == 0) {
        for (int i = 0; i < STREAMS && failure == 0; i++)
            failure = posix_spawn_file_actions_adddup2(&actions, fileno(streams[i]), i);
        pid_t child = 0;
        if (failure == 0)
            failure = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environment);
        posix_spawn_file_actions_destroy(&actions);
        int status = 0;
        while (failure == 0 && waitpid(child, &status, 0) < 0)
            if (errno != EINTR) failure = errno;
        if (failure == 0) return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    }
    errno = failure;
    return -1;
}

static fx_status append_file(FILE *file, fx_text *out, fx_error *error) {
    char block[4096];
    size_t got;
    rewind(file);
    while ((got = fread(block, 1, sizeof block, file)) > 0)
        FX__TRY(fx__text_append(out, block, got, error));
    return FX_OK;
}

// The first line of the file that is not empty.
static void first_line(FILE *file, char *out, size_t size) {
    out[0] = '\0';
    rewind(file);
    while (!out[strspn(out, " \t")] && fgets(out, (int)size, file))
        out[strcspn(out, "\r\n")] = '\0';
}

static fx_status run_on(char *const arguments[], const char *script, fx_text *out,
                        fx_error *error) {
    FILE *streams[STREAMS] = {tmpfile(), tmpfile(), tmpfile()};
    fx_status status = FX_OK;
    const char *program = arguments[0];
    if (!streams[IN] || !streams[OUT] || !streams[ERR] || fputs(script, streams[IN]) < 0 ||
        fflush(streams[IN]) != 0 || fseek(streams[IN], 0, SEEK_SET) != 0) {
        status = fx_error_set(error, FX_ERROR_IO, "%s: cannot create temporary files: %s", program,
                              strerror(errno));
    } else {
        int result = run(arguments, streams);
        if (result < 0) {
            status = fx_error_set(error, FX_ERROR_IO,
                                  "%s: cannot be run: %s (on Debian, the package gnuplot-nox)",
                                  program, strerror(errno));
        } else if (result > 0) {
            char line[200];
            first_line(streams[ERR], line, sizeof line);
            status = fx_error_set(error, FX_ERROR_IO, "%s: ended with status %d%s%s", program,
                                  result, line[0] ? ": " : "", line);
        } else {
            status = append_file(streams[OUT], out, error);
        }
    }
    close_streams(streams);
    return status;
}

fx_status fx__gnuplot_check(const char *program, fx_error *error) {
    char option[] = "--version", *name;
    fx_text version = {0};
    FX__TRY(fx__duplicate(program, &name, error));
    char *const arguments[] = {name, option, NULL};
    fx_status status = run_on(arguments, "", &version, error);
    if (status == FX_OK && (!version.data || strncmp(version.data, "gnuplot ", 8) != 0))
        status = fx_error_set(error, FX_ERROR_IO, "%s: is not gnuplot", program);
    fx__text_destroy(&version);
    free(name);
    return status;
}

fx_status fx__gnuplot_run(const char *program, const char *script, fx_text *out, fx_error *error) {
    char settings[] = "--default-settings", input[] = "-", *name;
    FX__TRY(fx__duplicate(program, &name, error));
    char *const arguments[] = {name, settings, input, NULL};
    fx_status status = run_on(arguments, script, out, error);
    free(name);
    return status;
}
