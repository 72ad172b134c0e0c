// One repetition at a time, when it is asked for: what every program of ./dev bench speaks, so that
// bench.py can let ours and a peer take turns.
//
//   PROGRAM list                 names of its cases, one a line
//   PROGRAM CASE THREADS FOLDER  prepares, warms up, prints "ready UNIT"; then answers every line
//                                on standard input with "SECONDS WORK [NOTE]" of one repetition
//
// A repetition is as many runs as take about a quarter of a second, and at least one.
#ifndef FEATX_BENCH_HARNESS_H
#define FEATX_BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct bench_case {
    const char *name;
    const char *unit; // of the work, plural
    // True: one run uses all threads by itself. False: each thread makes runs of its own.
    bool whole;
    // Returns the state of all threads; `folder` holds what `bench_ours prepare` wrote.
    void *(*open)(const char *folder, int threads);
    // Returns the work done.
    double (*run)(void *state, int thread);
    const char *(*note)(void *state); // of the last run; may be NULL
} bench_case;

// The main of a program. Ends the process on errors.
int bench_main(int argc, char **argv, const bench_case *cases, size_t count);

// Prints a line on standard error and exits with status 1.
_Noreturn void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2)));
// malloc() or the end.
void *bench_allocate(size_t count, size_t size);
#endif
