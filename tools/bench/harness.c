// The loop of a benchmark program.
#include "tools/bench/harness.h"

#include <omp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double repetition_seconds = 0.25;

void bench_die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

void *bench_allocate(size_t count, size_t size) {
    enum { ALIGNMENT = 64 }; // that scratch needs
    size_t bytes = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *memory = aligned_alloc(ALIGNMENT, bytes ? bytes : ALIGNMENT);
    if (!memory) bench_die("out of memory: %zu × %zu bytes", count, size);
    return memset(memory, 0, bytes);
}

// Work and seconds of `runs` runs (a thread, where each makes its own).
static double repeat(const bench_case *bench, void *state, int threads, long runs,
                     double *seconds) {
    double work = 0, begin = omp_get_wtime();
    if (bench->whole) {
        for (long i = 0; i < runs; i++) work += bench->run(state, 0);
    } else {
#pragma omp parallel num_threads(threads) reduction(+ : work)
        for (long i = 0; i < runs; i++) work += bench->run(state, omp_get_thread_num());
    }
    *seconds = omp_get_wtime() - begin;
    return work;
}

// Runs of a repetition. The first run of all warms up.
static long calibrate(const bench_case *bench, void *state, int threads) {
    double seconds;
    repeat(bench, state, threads, 1, &seconds);
    long runs = 1;
    if (seconds >= repetition_seconds) return runs;
    for (;; runs *= 2) {
        repeat(bench, state, threads, runs, &seconds);
        if (seconds >= repetition_seconds / 4) break;
    }
    long wanted = (long)((double)runs * repetition_seconds / seconds + 0.5);
    return wanted > 1 ? wanted : 1;
}

int bench_main(int argc, char **argv, const bench_case *cases, size_t count) {
    if (argc == 2 && strcmp(argv[1], "list") == 0) {
        for (size_t i = 0; i < count; i++) puts(cases[i].name);
        return 0;
    }
    const bench_case *bench = NULL;
    for (size_t i = 0; argc == 4 && i < count; i++)
        if (strcmp(argv[1], cases[i].name) == 0) bench = &cases[i];
    int threads = bench ? (int)strtol(argv[2], NULL, 10) : 0;
    if (threads < 1) bench_die("usage: %s list | CASE THREADS FOLDER", argv[0]);
    omp_set_num_threads(threads);
    void *state = bench->open(argv[3], threads);
    long runs = calibrate(bench, state, threads);
    printf("ready %s\n", bench->unit);
    fflush(stdout);
    char line[64];
    while (fgets(line, sizeof line, stdin)) {
        double seconds, work = repeat(bench, state, threads, runs, &seconds);
        printf("%.9g %.9g %s\n", seconds, work, bench->note ? bench->note(state) : "");
        fflush(stdout);
    }
    return 0; // what was opened dies with the process
}
