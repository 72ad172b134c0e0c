// Votes of RGB bytes in integers against loops over pixels, in double precision.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "features/hog_columns.h"
#include "features/hog_words.h"
#include "featx/rng.h"
#include "src/base/kernel.h"

#if defined(__SANITIZE_ADDRESS__)
enum { STEP = 9 }; // of exhaustive loops
#else
enum { STEP = 1 };
#endif
enum { LEAD = FX__HOG_WORDS_GROUP, MOST = 160, PITCH = MOST + 2 * LEAD };

// Few values, so that channels are often as strong as each other, and extremes.
static uint8_t value_of(fx_rng *rng) {
    static const uint8_t VALUES[] = {0, 1, 2, 254, 255};
    return VALUES[fx_rng_below(rng, sizeof VALUES)];
}

// Of an image of n columns its columns x0 … x0+count-1, with the rows above and below.
static void check_read(int n, int x0, int count, bool mirror, fx_rng *rng) {
    enum { ROWS = 3 };
    // Behind the last pixel is a page that may not be read.
    size_t bytes = 3 * (size_t)n * ROWS, page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *pages =
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert(pages != MAP_FAILED && bytes <= page);
    cr_assert_eq(mprotect(pages + page, page, PROT_NONE), 0);
    uint8_t *pixels = pages + page - bytes;
    static int16_t words[3 * (ROWS + 2) * PITCH];
    memset(words, 0xff, sizeof words);
    for (size_t i = 0; i < bytes; i++) pixels[i] = value_of(rng);
    fx__hog_span span = {.in = pixels + 3 * x0,
                         .end = pixels + bytes,
                         .pitch = 3 * (size_t)n,
                         .n = count,
                         .last = ROWS - 1,
                         .left = x0 > 0,
                         .right = x0 + count < n,
                         .mirror = mirror && n > 1,
                         .mirror_y = mirror};
    const fx__hog_votes votes = {.words = words, .plane = PITCH, .pitch = 3 * PITCH};
    fx__hog_words_read(&votes, &span, -1, ROWS + 2, 0);
    for (int y = -1; y <= ROWS; y++)
        for (int x = -1; x <= count; x++)
            for (int c = 0; c < 3; c++) {
                int at_x = x0 + x, at_y = y < 0 ? mirror : y == ROWS ? ROWS - 1 - mirror : y;
                if (at_x < 0) at_x = span.mirror;
                if (at_x == n) at_x = n - 1 - span.mirror;
                cr_assert_eq(words[((y + 1) * 3 + c) * PITCH + LEAD + x],
                             pixels[(at_y * n + at_x) * 3 + c], "(%d, %d) of %d from %d of %d", x,
                             y, count, x0, n);
            }
    munmap(pages, 2 * page);
}

// Turns of a gradient, [0, 1); half turns if it has no sign.
static double turns_of(int dx, int dy, bool is_signed) {
    double turns = atan2(dy, dx) / (2 * acos(-1));
    if (turns < 0) turns += 1;
    if (!is_signed) turns *= 2;
    return turns >= 1 ? turns - 1 : turns;
}

// Where the vote goes: as the votes' formulas are, in hog_votes.c.
static double place_of(const fx__hog_votes *v, double turns) {
    double t = turns * v->bins;
    if (fabs(2 * t - round(2 * t)) < 1e-9) t = round(2 * t) / 2; // on the edge of two bins
    if (!v->two) return v->centered ? ceil(t - 0.5) : floor(t);
    return v->centered ? t : t - 0.5;
}

// Angles are within 3.5e-7 rad, and magnitudes within 2.1e-7 of themselves; a place is rounded
// twice more, to half of 2^-23 of at most `bins`. Of bins of 45° it is the angle itself, which is
// then exact at multiples of 45°, and nearest to 0 within 1.3e-7 rad.
static void check_vote(const fx__hog_votes *v, float magnitude, float place, int dx, int dy) {
    double length = sqrt((double)(dx * dx + dy * dy));
    cr_assert(fabs(magnitude - length) <= 2.1e-7 * length, "(%d, %d): magnitude %.9g", dx, dy,
              (double)magnitude);
    double turn = (v->is_signed ? 2 : 1) * acos(-1);
    double most = v->two ? 3.5e-7 / turn * v->bins + v->bins * 1.2e-7 : 0;
    if (v->two && v->centered && v->bins == (v->is_signed ? 8 : 4))
        most = dx == 0 || dy == 0 || abs(dx) == abs(dy) ? 0
               : 0 < dy && dy < dx                      ? 1.3e-7 / turn * v->bins
                                                        : 3.5e-7 / turn * v->bins;
    double off = place - place_of(v, turns_of(dx, dy, v->is_signed));
    off -= v->bins * round(off / v->bins);
    cr_assert(place >= 0 && place <= (float)v->bins && fabs(off) <= most,
              "(%d, %d), %d bins, two %d, centered %d, signed %d: place %.9g, %g too far", dx, dy,
              v->bins, v->two, v->centered, v->is_signed, (double)place, off);
}

static fx__hog_votes votes_of(int kind, int bins, int16_t *words, size_t stride) {
    static float magnitude[4 * MOST], place[4 * MOST];
    return (fx__hog_votes){.two = kind & 1,
                           .centered = kind & 2,
                           .is_signed = kind & 4,
                           .bins = bins,
                           .stride = stride,
                           .plane = PITCH,
                           .pitch = 3 * PITCH,
                           .words = words,
                           .magnitude = magnitude,
                           .place = place};
}

// Rows of whole groups of FX__HOG_LANES.
static void check_votes(int kind, size_t stride, fx_rng *rng) {
    enum { ROWS = 3 };
    static int16_t words[(ROWS + 2) * 3 * PITCH];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) words[i] = value_of(rng);
    fx__hog_votes votes = votes_of(kind, 9, words, stride);
    const size_t end = (ROWS - 1) * stride + (stride + LEAD - 1) / LEAD * LEAD;
    votes.magnitude[end] = votes.place[end] = -1;
    fx__hog_words_vote(&votes, ROWS);
    cr_assert(votes.magnitude[end] == -1 && votes.place[end] == -1, "more than a group is written");
    for (size_t i = 0; i < ROWS * stride; i++) {
        int most = -1, x = 0, y = 0;
        for (size_t c = 0; c < 3; c++) {
            const int16_t *at = words + ((i / stride + 1) * 3 + c) * PITCH + LEAD + i % stride;
            int a = at[1] - at[-1], b = at[3 * PITCH] - at[-3 * PITCH];
            if (a * a + b * b <= most) continue;
            most = a * a + b * b;
            x = a;
            y = b;
        }
        check_vote(&votes, votes.magnitude[i], votes.place[i], x, y);
    }
}

static bool can(void) {
#if FX__WIDE
    cr_assert_eq(fx__hog_words_are_fast(),
                 __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512dq"));
#endif
    if (!fx__hog_words_are_fast()) cr_skip_test("no AVX-512 with VBMI here");
    return fx__hog_words_are_fast();
}

Test(hog_words, read_as_loops_over_pixels) {
    fx_rng rng = fx_rng_at(1, FX_RNG_USER, 0, 0);
    for (size_t n = 1; can() && n <= MOST - LEAD; n++) { // beyond the last group is written, too
        check_read((int)n, 0, (int)n, n % 2, &rng);
        if (n > 2) check_read((int)n, 1, (int)n - 2, n % 2, &rng);
    }
}

Test(hog_words, vote_as_loops_over_pixels) {
    fx_rng rng = fx_rng_at(1, FX_RNG_USER, 0, 1);
    for (int kind = 0; can() && kind < 8; kind++)
        for (size_t stride = FX__HOG_LANES; stride <= MOST - LEAD; stride += FX__HOG_LANES)
            check_votes(kind, stride, &rng);
}

// Every gradient that 8-bit pixels can have: dx of a row of words that grow by them, dy of even
// rows above and below.
static void check_all(int kind, int bins) {
    enum { WIDTH = MOST - LEAD };
    static int16_t words[9 * PITCH];
    int16_t *row = words + 3 * PITCH + LEAD;
    fx__hog_votes votes = votes_of(kind, bins, words, WIDTH);
    for (int first = -255; first <= 255; first += WIDTH)
        for (int dy = -255; dy <= 255; dy += STEP) {
            for (int x = 0; x < WIDTH; x++) {
                row[x + 1] = (int16_t)(row[x - 1] + first + x);
                row[x + 3 * PITCH] = (int16_t)dy;
            }
            fx__hog_words_vote(&votes, 1);
            for (int x = 0; x < WIDTH && first + x <= 255; x++)
                check_vote(&votes, votes.magnitude[x], votes.place[x], first + x, dy);
        }
}

Test(hog_words, every_gradient) {
    static const int bins[] = {1, 2, 4, 6, 8, 9, 12, 18, 30};
    for (int kind = 0; can() && kind < 8; kind++)
        for (size_t i = 0; i < sizeof bins / sizeof *bins; i++) check_all(kind, bins[i]);
}
