// Distances between rows, and the nearest of many.
//
// Each is made of one to three sums over a row, in float64 and in eight partial sums whatever the
// instruction set. Equal rows have equal sums, bit by bit, and √(s s) = s, so that they are at 0
// exactly; correlation takes sums of centered numbers, which its one-pass form Σ a b - Σ a Σ b / n
// would lose to cancellation.
//
// Search: pieces of PIECE rows, each with a heap of its nearest; at the end all are sorted by
// (distance, row).
#include "features/distance.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/kernel.h"
#include "src/base/memory.h"
#include "src/base/parallel.h"

enum { LANES = 8, PIECE = 4096 };

static const char *const NAMES[FX_DISTANCE_COUNT] = {
    "L1", "L2", "chi-square", "intersection", "hellinger", "cosine", "correlation"};

const char *fx_distance_name(fx_distance distance) {
    return NAMES[distance];
}

fx_status fx_distance_parse(const char *name, fx_distance *out, fx_error *error) {
    for (int i = 0; i < FX_DISTANCE_COUNT; i++)
        if (strcmp(name, NAMES[i]) == 0) {
            *out = (fx_distance)i;
            return FX_OK;
        }
    return fx_error_set(error, FX_ERROR_USAGE,
                        "distance: found '%s', expected L1, L2, chi-square, intersection, "
                        "hellinger, cosine or correlation",
                        name);
}

// Sums
// --------------------------------------------------------------------------------------------

#define INLINE static inline __attribute__((always_inline))

typedef enum term { DIFFERENCE, SQUARE, CHI_SQUARE, MINIMUM, ROOT, PRODUCT, FIRST } term;

INLINE double term_of(term kind, double a, double b) {
    double sum = fabs(a) + fabs(b);
    switch (kind) {
    case DIFFERENCE:
        return fabs(a - b);
    case SQUARE:
        return (a - b) * (a - b);
    case CHI_SQUARE:
        return (a - b) * (a - b) / (sum == 0 ? 1 : sum);
    case MINIMUM:
        return a < b ? a : b;
    case ROOT:
        return sqrt(a * b < 0 ? 0 : a * b);
    case PRODUCT:
        return a * b;
    case FIRST:
        return a;
    }
    return 0;
}

// Σ term(a - mean_a, b - mean_b).
INLINE double sum_of(term kind, const float *restrict a, const float *restrict b, size_t length,
                     double mean_a, double mean_b) {
    double part[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= length; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            part[k] += term_of(kind, a[i + k] - mean_a, b[i + k] - mean_b);
    for (size_t k = 0; i + k < length; k++)
        part[k] += term_of(kind, a[i + k] - mean_a, b[i + k] - mean_b);
    return ((part[0] + part[4]) + (part[2] + part[6])) +
           ((part[1] + part[5]) + (part[3] + part[7]));
}

// 1 - product / √(a b), where a and b are 0 for rows without any direction.
INLINE double one_minus(double product, double a, double b) {
    if (a == 0 || b == 0) return a == b ? 0 : 1;
    double distance = 1 - product / sqrt(a * b);
    return distance < 0 ? 0 : distance; // by rounding; a NaN stays
}

// From one row to the query, whose sum of what the distance needs is `own`, about `mean`.
INLINE double distance_of(fx_distance distance, const float *row, const float *query, size_t length,
                          double own, double mean) {
    double sum, mean_row;
    switch (distance) {
    case FX_DISTANCE_L1:
        return sum_of(DIFFERENCE, row, query, length, 0, 0);
    case FX_DISTANCE_L2:
        return sqrt(sum_of(SQUARE, row, query, length, 0, 0));
    case FX_DISTANCE_CHI_SQUARE:
        return sum_of(CHI_SQUARE, row, query, length, 0, 0);
    case FX_DISTANCE_INTERSECTION:
        sum = sum_of(FIRST, row, row, length, 0, 0);
        if (sum == 0 || own == 0) return sum == own ? 0 : 1;
        return 1 - sum_of(MINIMUM, row, query, length, 0, 0) / (own > sum ? own : sum);
    case FX_DISTANCE_HELLINGER:
        return sqrt(one_minus(sum_of(ROOT, row, query, length, 0, 0),
                              sum_of(FIRST, row, row, length, 0, 0), own));
    case FX_DISTANCE_COSINE:
        return one_minus(sum_of(PRODUCT, row, query, length, 0, 0),
                         sum_of(PRODUCT, row, row, length, 0, 0), own);
    default:
        mean_row = sum_of(FIRST, row, row, length, 0, 0) / (double)length;
        return one_minus(sum_of(PRODUCT, row, query, length, mean_row, mean),
                         sum_of(PRODUCT, row, row, length, mean_row, mean_row), own);
    }
}

// Distances of rows[count, length] to the query.
FX__KERNEL static void distances_of(fx_distance distance, const float *rows, size_t count,
                                    size_t length, const float *query, double *out) {
    double sum = sum_of(FIRST, query, query, length, 0, 0), mean = sum / (double)length;
    double squares = sum_of(PRODUCT, query, query, length, 0, 0);
    double centered = sum_of(PRODUCT, query, query, length, mean, mean);
#define CASE(DISTANCE, OWN)                                                                        \
    case DISTANCE:                                                                                 \
        for (size_t i = 0; i < count; i++)                                                         \
            out[i] = distance_of(DISTANCE, rows + i * length, query, length, OWN, mean);           \
        break;
    switch (distance) {
        CASE(FX_DISTANCE_L1, 0)
        CASE(FX_DISTANCE_L2, 0)
        CASE(FX_DISTANCE_CHI_SQUARE, 0)
        CASE(FX_DISTANCE_INTERSECTION, sum)
        CASE(FX_DISTANCE_HELLINGER, sum)
        CASE(FX_DISTANCE_COSINE, squares)
        CASE(FX_DISTANCE_CORRELATION, centered)
    case FX_DISTANCE_COUNT:
        break;
    }
#undef CASE
}

double fx_distance_between(fx_distance distance, const float *a, const float *b, size_t length) {
    double out = 0;
    if (length > 0) distances_of(distance, a, 1, length, b, &out);
    return out;
}

double fx__distance_reference(fx_distance distance, const float *a, const float *b, size_t length) {
    double mean_a = 0, mean_b = 0, sum_a = 0, sum_b = 0, squares_a = 0, squares_b = 0, sum = 0;
    for (size_t i = 0; i < length; i++) {
        sum_a += a[i];
        sum_b += b[i];
    }
    if (distance == FX_DISTANCE_CORRELATION) {
        mean_a = sum_a / (double)length;
        mean_b = sum_b / (double)length;
    }
    for (size_t i = 0; i < length; i++) {
        double x = a[i] - mean_a, y = b[i] - mean_b, d = x - y;
        squares_a += x * x;
        squares_b += y * y;
        if (distance == FX_DISTANCE_L1) sum += fabs(d);
        if (distance == FX_DISTANCE_L2) sum += d * d;
        if (distance == FX_DISTANCE_CHI_SQUARE && d != 0) sum += d * d / (fabs(x) + fabs(y));
        if (distance == FX_DISTANCE_INTERSECTION) sum += fmin(x, y);
        if (distance == FX_DISTANCE_HELLINGER) sum += sqrt(fmax(0, x * y));
        if (distance == FX_DISTANCE_COSINE || distance == FX_DISTANCE_CORRELATION) sum += x * y;
    }
    bool sums = distance == FX_DISTANCE_INTERSECTION || distance == FX_DISTANCE_HELLINGER;
    double size_a = sums ? sum_a : squares_a, size_b = sums ? sum_b : squares_b;
    if (distance <= FX_DISTANCE_CHI_SQUARE) return distance == FX_DISTANCE_L2 ? sqrt(sum) : sum;
    if (size_a == 0 || size_b == 0) return size_a == size_b ? 0 : 1;
    if (distance == FX_DISTANCE_INTERSECTION) return 1 - sum / fmax(size_a, size_b);
    double rest = fmax(0, 1 - sum / sqrt(size_a * size_b));
    return distance == FX_DISTANCE_HELLINGER ? sqrt(rest) : rest;
}

// Search
// ------------------------------------------------------------------------------------------

static bool is_farther(fx_match a, fx_match b) {
    return a.distance != b.distance ? a.distance > b.distance : a.row > b.row;
}

static int by_distance(const void *left, const void *right) {
    return is_farther(*(const fx_match *)left, *(const fx_match *)right) ? 1 : -1;
}

// A heap with the farthest on top takes a match, in place of the farthest where it is full.
static void take(fx_match *heap, size_t *count, size_t capacity, fx_match match) {
    size_t at = 0;
    if (*count < capacity) {
        for (at = (*count)++; at > 0 && is_farther(match, heap[(at - 1) / 2]); at = (at - 1) / 2)
            heap[at] = heap[(at - 1) / 2];
    } else {
        if (!is_farther(heap[0], match)) return;
        for (;;) {
            size_t child = 2 * at + 1;
            if (child + 1 < capacity && is_farther(heap[child + 1], heap[child])) child++;
            if (child >= capacity || !is_farther(heap[child], match)) break;
            heap[at] = heap[child];
            at = child;
        }
    }
    heap[at] = match;
}

typedef struct search {
    const float *rows, *query;
    size_t count, length, capacity; // of a piece's heap
    fx_distance distance;
    fx_match *heaps; // [pieces, capacity]
    size_t *counts;  // [pieces]
} search;

static fx_status search_piece(void *context, size_t index, int thread, fx_error *error) {
    (void)thread, (void)error;
    const search *s = context;
    size_t begin = index * PIECE, n = s->count - begin < PIECE ? s->count - begin : PIECE;
    double distances[PIECE] = {0};
    distances_of(s->distance, s->rows + begin * s->length, n, s->length, s->query, distances);
    for (size_t i = 0; i < n; i++) {
        double distance = isnan(distances[i]) ? INFINITY : distances[i];
        take(s->heaps + index * s->capacity, &s->counts[index], s->capacity,
             (fx_match){begin + i, distance});
    }
    return FX_OK;
}

fx_status fx_nearest_rows(const float *rows, size_t count, size_t length, const float *query,
                          fx_distance distance, size_t k, fx_match *out, size_t *found,
                          fx_error *error) {
    *found = 0;
    if (count == 0 || k == 0 || length == 0) return FX_OK;
    size_t pieces = (count + PIECE - 1) / PIECE, total = 0;
    search s = {.rows = rows,
                .query = query,
                .count = count,
                .length = length,
                .capacity = k < PIECE ? k : PIECE,
                .distance = distance};
    fx_status status = FX_OK;
    FX__TRY_GOTO(fx__allocate(pieces, s.capacity * sizeof *s.heaps, &s.heaps, error));
    FX__TRY_GOTO(fx__allocate(pieces, sizeof *s.counts, &s.counts, error));
    FX__TRY_GOTO(fx__parallel_for(pieces, search_piece, &s, error));
    for (size_t i = 0; i < pieces; i++) {
        memmove(s.heaps + total, s.heaps + i * s.capacity, s.counts[i] * sizeof *s.heaps);
        total += s.counts[i];
    }
    qsort(s.heaps, total, sizeof *s.heaps, by_distance);
    *found = k < total ? k : total;
    memcpy(out, s.heaps, *found * sizeof *out);
done:
    free(s.heaps);
    free(s.counts);
    return status;
}
