// Progress: "extract  [==========>         ]  52 %  31,200/60,000  820/s  0:35 left  note".
#include "tools/progress.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "tools/output.h"

enum { BAR = 12, LINE_MAX_BYTES = 512 };
static const double terminal_seconds = 0.1, line_seconds = 5;

static volatile sig_atomic_t interrupted; // by which signal

static void on_interrupt(int signal_number) {
    interrupted = signal_number;
}

void progress_catch_interrupts(void) {
    struct sigaction action = {0};
    action.sa_handler = on_interrupt;
    action.sa_flags = (int)SA_RESETHAND; // the second one kills
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    struct sigaction before;
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN) // nohup
        sigaction(SIGHUP, &action, NULL);
}

bool progress_interrupted(void) {
    return interrupted != 0;
}

int progress_signal(void) {
    return interrupted;
}

static struct {
    pthread_mutex_t lock;
    bool quiet, terminal, open; // open: the terminal's line holds a bar
    char stage[64];
    size_t first, last; // steps done at the first and the last report of the stage
    double began, shown;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .quiet = true};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void print_duration(double seconds, char out[32]) {
    long total = seconds < 1e8 ? (long)(seconds + 0.5) : 100000000L;
    if (total >= 3600)
        snprintf(out, 32, "%ld:%02ld:%02ld", total / 3600, total / 60 % 60, total % 60);
    else
        snprintf(out, 32, "%ld:%02ld", total / 60, total % 60);
}

// The line without the bar's own part: counts, rate, time, note.
static void print_line(char *out, size_t size, bool bar, size_t done, size_t total,
                       const char *note) {
    double seconds = now() - state.began;
    double rate = seconds > 0 ? (double)(done - state.first) / seconds : 0;
    int percent = total && done < total ? (int)(100 * (double)done / (double)total) : 100;
    char drawn[BAR + 1], counts[2][32], speed[32] = "", time_left[48] = "", duration[32];
    int filled = total && done < total ? (int)(BAR * (double)done / (double)total) : BAR;
    memset(drawn, ' ', BAR);
    memset(drawn, '=', (size_t)filled);
    if (filled < BAR) drawn[filled] = '>';
    drawn[BAR] = '\0';
    format_count(done, counts[0]);
    format_count(total, counts[1]);
    if (rate >= 10)
        snprintf(speed, sizeof speed, "  %.0f/s", rate);
    else if (rate > 0)
        snprintf(speed, sizeof speed, "  %.2g/s", rate);
    if (done >= total) {
        print_duration(seconds, duration);
        snprintf(time_left, sizeof time_left, "  %s", duration);
    } else if (rate > 0) {
        print_duration((double)(total - done) / rate, duration);
        snprintf(time_left, sizeof time_left, "  %s left", duration);
    }
    char plain_note[160] = "";
    if (note) escape_text(note, plain_note, sizeof plain_note);
    snprintf(out, size, "%-10s %s%s%s%3d %%  %s/%s%s%s%s%s", state.stage, bar ? "[" : "",
             bar ? drawn : "", bar ? "] " : "", percent, counts[0], counts[1], speed, time_left,
             plain_note[0] ? "  " : "", plain_note);
}

static void draw_bar(size_t done, size_t total, const char *note) {
    char line[LINE_MAX_BYTES];
    print_line(line, sizeof line, true, done, total, note);
    struct winsize window = {0};
    size_t columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1
                         ? (size_t)window.ws_col - 1
                         : 79;
    size_t end = 0; // whole characters only
    for (size_t seen = 0; line[end] && seen <= columns; end++) {
        seen += ((unsigned char)line[end] & 0xC0) != 0x80;
        if (seen > columns) break;
    }
    fprintf(stderr, "\r%.*s\033[K", (int)end, line);
    fflush(stderr);
    state.open = true;
}

static void close_bar(void) {
    if (state.open) fputs("\n", stderr);
    state.open = false;
}

static bool report(void *self, const char *stage, size_t done, size_t total, const char *note) {
    (void)self;
    if (interrupted) return false;
    if (state.quiet) return true;
    pthread_mutex_lock(&state.lock);
    char name[sizeof state.stage];
    escape_text(stage, name, sizeof name);
    double time = now();
    if (strcmp(name, state.stage) != 0 || done < state.last) {
        if (state.terminal) close_bar();
        memcpy(state.stage, name, sizeof name);
        state.first = done;
        state.began = time;
        if (state.terminal) state.shown = 0;
    }
    state.last = done;
    if (state.terminal) {
        if (time - state.shown >= terminal_seconds || done >= total) {
            draw_bar(done, total, note);
            state.shown = time;
        }
    } else if (time - state.shown >= line_seconds) {
        char line[LINE_MAX_BYTES];
        print_line(line, sizeof line, false, done, total, note);
        fprintf(stderr, "%s\n", line);
        state.shown = time;
    }
    pthread_mutex_unlock(&state.lock);
    return true;
}

void progress_begin(bool quiet) {
    state.quiet = quiet;
    state.terminal = isatty(STDERR_FILENO);
    state.shown = now(); // short work says nothing where there is no terminal
}

const fx_progress *progress_get(void) {
    static const fx_progress progress = {NULL, report};
    return &progress;
}

void progress_end(void) {
    pthread_mutex_lock(&state.lock);
    close_bar();
    pthread_mutex_unlock(&state.lock);
}

void progress_message(const char *who, const char *message) {
    char plain[2048];
    escape_text(message, plain, sizeof plain);
    pthread_mutex_lock(&state.lock);
    close_bar();
    fprintf(stderr, "%s: %s\n", who, plain);
    pthread_mutex_unlock(&state.lock);
}
