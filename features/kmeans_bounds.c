// Assignment by bounds: Elkan's and Yinyang's idea, for matches instead of distances.
//
// The match of a sample x with a center c is s = <x, c - m> - h(c), h(c) = (|c|² - |m|²)/2, as in
// kmeans.c; spherical: s = |<x, c>|. When c moves to c',
//
//     s' ≤ s + |x - m|·|c' - c| + (|c - m|² - |c' - m|²)/2        spherical: s' ≤ s + |x|·|c' - c|
//
// Centers stand in groups of 16. For each sample and group an upper bound of the matches is kept:
// the largest when they were last computed, then grown by the largest |c' - c| and the largest
// change of length within the group. A group whose bound is below the sample's match with its own
// center cannot hold a nearer one and is left out. Otherwise its 16 products are computed. So the
// result is that of the full search: bounds grow by what rounding may do besides (the worst case of
// a sum of d products, relative to |x|·|c - m|).
//
// Centers are grouped by how far they moved in the update before the first assignment: one that
// moves far then spoils few bounds, and those that moved far go on to move farther.
//
// Products are summed over k in order by lanes of centers (products.c), so that samples need not be
// gathered. Bounds take at most about as much memory as the samples: where there are more than 16·d
// centers, several groups share a bound.
//
// Sources: Elkan, "Using the triangle inequality to accelerate k-means", ICML 2003; Ding et al.,
// "Yinyang k-means", ICML 2015.
#include "features/kmeans_bounds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/nearest.h"
#include "features/products.h"
#include "src/base/kernel.h"
#include "src/base/memory.h"
#include "src/base/parallel.h"

enum {
    GROUP = FX__LANES, // centers
    ROWS = 6,          // samples matched with their own centers at a time
    CHUNK = 48,        // samples matched with a group at a time
    BLOCK = 512,       // samples of a piece of work
};

struct fx_bounds {
    const fx_matrix *samples;
    const double *mean;
    size_t clusters, groups, span, count; // groups, of a bound; bounds of a sample
    bool started;
    uint32_t *order;    // [clusters] the centers, group by group
    fx_matrix before;   // [clusters, d] centers - m of the last assignment
    fx_matrix now;      // [clusters, d] of this one
    float *norms;       // [clusters] h(c)
    float *moved;       // [clusters] |c' - c|
    double *squares;    // [clusters] |c - m|² of the last assignment
    float *packed;      // [groups, d, GROUP] centers - m
    float *offsets;     // [groups · GROUP] h(c); infinite where there is no center, spherical 0
    float *reach;       // [n] |x - m|
    float *length;      // [n] |x| + |m|
    float *upper;       // [blocks, count, BLOCK]
    float *drift;       // [count] largest |c' - c|
    float *gain;        // [count] largest (|c - m|² - |c' - m|²)/2
    double longest;     // |c - m| so far
    float rounding;     // of matches, relative to |x| + |m|
    uint32_t *assigned; // [n], the caller's
    size_t *changes;    // [blocks]
};

// Products with a group become matches; the largest of each sample.
FX__KERNEL static void match(float *restrict matches, size_t count,
                             const float *restrict half_norms, bool spherical,
                             float *restrict largest) {
    int32_t ordered[CHUNK * GROUP];
    if (spherical) {
        for (size_t i = 0; i < count * GROUP; i++) matches[i] = fabsf(matches[i]);
    } else {
        for (size_t row = 0; row < count; row++)
            for (size_t lane = 0; lane < GROUP; lane++)
                matches[row * GROUP + lane] -= half_norms[lane];
    }
    // The bits of floats as integers of the same order, whose maximum compilers vectorize.
    memcpy(ordered, matches, count * GROUP * sizeof *ordered);
    for (size_t i = 0; i < count * GROUP; i++) ordered[i] ^= ordered[i] >> 31 & INT32_MAX;
    for (size_t row = 0; row < count; row++) {
        int32_t most = INT32_MIN;
        for (size_t lane = 0; lane < GROUP; lane++) {
            int32_t candidate = ordered[row * GROUP + lane];
            most = candidate > most ? candidate : most;
        }
        most ^= most >> 31 & INT32_MAX;
        memcpy(largest + row, &most, sizeof most);
    }
}

// The same sums for one center each.
FX__KERNEL static void match_own(const float *const rows[ROWS], const float *const centers[ROWS],
                                 size_t d, float *restrict products) {
    float sums[ROWS] = {0};
    for (size_t k = 0; k < d; k++)
        for (size_t row = 0; row < ROWS; row++) sums[row] += rows[row][k] * centers[row][k];
    memcpy(products, sums, sizeof sums);
}

// Grows bounds and lists the samples that they do not exclude.
FX__KERNEL static size_t grow(const float *restrict reach, const float *restrict length,
                              const float *restrict best, size_t count, float drift, float gain,
                              float rounding, float *restrict upper, uint16_t *restrict list) {
    for (size_t i = 0; i < count; i++)
        upper[i] = upper[i] + (reach[i] * drift + (length[i] * rounding + gain));
    size_t listed = 0;
    for (size_t i = 0; i < count; i++) {
        list[listed] = (uint16_t)i;
        listed += !(upper[i] < best[i]);
    }
    return listed;
}

// Computes the matches of the samples listed with the groups of one bound.
static void search(const fx_bounds *b, size_t bound, size_t begin, const uint16_t *list,
                   size_t listed, float *upper, float *best, uint32_t *index) {
    size_t d = b->samples->columns, first = bound * b->span;
    size_t end = first + b->span < b->groups ? first + b->span : b->groups;
    for (size_t i = 0; i < listed; i++) upper[list[i]] = -INFINITY;
    for (size_t i = 0; i < listed; i += CHUNK) {
        size_t count = listed - i < CHUNK ? listed - i : CHUNK;
        const float *x[CHUNK];
        float matches[CHUNK * GROUP], largest[CHUNK];
        for (size_t row = 0; row < count; row++)
            x[row] = b->samples->data + (begin + list[i + row]) * d;
        for (size_t group = first; group < end; group++) {
            fx__products(x, count, d, b->packed + group * d * GROUP, matches);
            match(matches, count, b->offsets + group * GROUP, !b->mean, largest);
            for (size_t row = 0; row < count; row++) {
                size_t sample = list[i + row], lane = 0;
                if (largest[row] > upper[sample]) upper[sample] = largest[row];
                if (!(largest[row] > best[sample])) continue;
                while (matches[row * GROUP + lane] != largest[row]) lane++;
                best[sample] = largest[row];
                index[sample] = b->order[group * GROUP + lane];
            }
        }
    }
}

static void match_block_own(const fx_bounds *b, size_t begin, size_t count, float *best) {
    size_t d = b->samples->columns;
    for (size_t i = 0; i < count; i += ROWS) {
        const float *x[ROWS], *centers[ROWS];
        float products[ROWS];
        size_t rows = count - i < ROWS ? count - i : ROWS;
        for (size_t row = 0; row < ROWS; row++) {
            size_t sample = begin + i + (row < rows ? row : 0);
            x[row] = b->samples->data + sample * d;
            centers[row] = b->now.data + b->assigned[sample] * d;
        }
        match_own(x, centers, d, products);
        for (size_t row = 0; row < rows; row++)
            best[i + row] = b->mean ? products[row] - b->norms[b->assigned[begin + i + row]]
                                    : fabsf(products[row]);
    }
}

static fx_status assign_block(void *context, size_t block, int thread, fx_error *error) {
    (void)thread;
    (void)error;
    fx_bounds *b = context;
    size_t begin = block * BLOCK, left = b->samples->rows - begin;
    size_t count = left < BLOCK ? left : BLOCK;
    float best[BLOCK];
    uint32_t index[BLOCK];
    uint16_t list[BLOCK + 1];
    match_block_own(b, begin, count, best);
    memcpy(index, b->assigned + begin, count * sizeof *index);
    for (size_t bound = 0; bound < b->count; bound++) {
        float *upper = b->upper + (block * b->count + bound) * BLOCK;
        size_t listed = grow(b->reach + begin, b->length + begin, best, count, b->drift[bound],
                             b->gain[bound], b->rounding, upper, list);
        search(b, bound, begin, list, listed, upper, best, index);
    }
    size_t changes = 0;
    for (size_t i = 0; i < count; i++) changes += b->assigned[begin + i] != index[i];
    memcpy(b->assigned + begin, index, count * sizeof *index);
    b->changes[block] = changes;
    return FX_OK;
}

// ---- Centers ------------------------------------------------------------------------------------

typedef struct mover {
    float moved;
    uint32_t center;
} mover;

static int by_move(const void *a, const void *b) {
    const mover *x = a, *y = b;
    if (x->moved != y->moved) return x->moved < y->moved ? -1 : 1;
    return x->center < y->center ? -1 : x->center > y->center;
}

// Groups centers by how far they moved; all bounds are infinite.
static fx_status start(fx_bounds *b, fx_error *error) {
    size_t blocks = (b->samples->rows + BLOCK - 1) / BLOCK;
    mover *movers;
    FX__TRY(fx__allocate(b->clusters, sizeof *movers, &movers, error));
    for (size_t c = 0; c < b->clusters; c++) movers[c] = (mover){b->moved[c], (uint32_t)c};
    qsort(movers, b->clusters, sizeof *movers, by_move);
    for (size_t c = 0; c < b->clusters; c++) b->order[c] = movers[c].center;
    free(movers);
    for (size_t i = 0; i < blocks * b->count * BLOCK; i++) b->upper[i] = INFINITY;
    b->started = true;
    return FX_OK;
}

static float at_least(double value) {
    return nextafterf((float)value, INFINITY);
}

// Takes the centers, and tells by how much the bounds grow.
static fx_status move(fx_bounds *b, const fx_matrix *centers, fx_error *error) {
    size_t d = centers->columns;
    fx_matrix last = b->before;
    b->before = b->now;
    b->now = last;
    fx__shift_centers(centers->data, b->clusters, d, b->mean, b->now.data, b->norms);
    for (size_t c = 0; c < b->clusters; c++)
        b->moved[c] =
            at_least(sqrt(fx__residual(b->now.data + c * d, b->before.data + c * d, d, false)));
    if (!b->started) FX__TRY(start(b, error));

    for (size_t bound = 0; bound < b->count; bound++) b->drift[bound] = b->gain[bound] = -INFINITY;
    for (size_t place = 0; place < b->clusters; place++) {
        size_t c = b->order[place], group = place / GROUP, bound = group / b->span;
        const float *center = b->now.data + c * d;
        float *packed = b->packed + group * d * GROUP + place % GROUP;
        for (size_t k = 0; k < d; k++) packed[k * GROUP] = center[k];
        double square = fx__dot(center, center, d);
        float gain = b->mean ? at_least((b->squares[c] - square) / 2) : 0;
        b->longest = fmax(b->longest, sqrt(square));
        b->squares[c] = square;
        b->offsets[place] = b->mean ? b->norms[c] : 0;
        b->drift[bound] = fmaxf(b->drift[bound], b->moved[c]);
        b->gain[bound] = fmaxf(b->gain[bound], gain);
    }
    // d products and a few operations, each within 2^-24 of its result, before and now.
    double rounding = ((double)d + 8) * 0x1p-23 * b->longest;
    b->rounding = at_least(rounding);
    for (size_t bound = 0; bound < b->count; bound++)
        b->gain[bound] = at_least(b->gain[bound] + rounding * b->longest);
    return FX_OK;
}

fx_status fx__bounds_assign(fx_bounds *b, const fx_matrix *centers, uint32_t *assigned,
                            size_t *changes, fx_error *error) {
    size_t blocks = (b->samples->rows + BLOCK - 1) / BLOCK;
    FX__TRY(move(b, centers, error));
    b->assigned = assigned;
    FX__TRY(fx__parallel_for(blocks, assign_block, b, error));
    *changes = 0;
    for (size_t block = 0; block < blocks; block++) *changes += b->changes[block];
    return FX_OK;
}

// ---- Life ---------------------------------------------------------------------------------------

static void measure_samples(fx_bounds *b) {
    size_t d = b->samples->columns;
    double mean = 0;
    for (size_t k = 0; b->mean && k < d; k++) mean += b->mean[k] * b->mean[k];
    mean = sqrt(mean);
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < b->samples->rows; i++) {
        const float *x = b->samples->data + i * d;
        b->reach[i] = at_least(sqrt(fx__squared_length(x, b->mean, d)));
        b->length[i] = at_least(sqrt(fx__dot(x, x, d)) + mean);
    }
}

static fx_status allocate(fx_bounds *b, fx_error *error) {
    size_t n = b->samples->rows, d = b->samples->columns, clusters = b->clusters, bounds;
    size_t blocks = (n + BLOCK - 1) / BLOCK, places = b->groups * GROUP;
    FX__TRY(fx__allocate(clusters, sizeof *b->order, &b->order, error));
    FX__TRY(fx_matrix_create(clusters, d, &b->before, error));
    FX__TRY(fx_matrix_create(clusters, d, &b->now, error));
    FX__TRY(fx__allocate(clusters, sizeof *b->norms, &b->norms, error));
    FX__TRY(fx__allocate(clusters, sizeof *b->moved, &b->moved, error));
    FX__TRY(fx__allocate(clusters, sizeof *b->squares, &b->squares, error));
    FX__TRY(fx__allocate(places, d * sizeof *b->packed, &b->packed, error));
    FX__TRY(fx__allocate(places, sizeof *b->offsets, &b->offsets, error));
    FX__TRY(fx__allocate(n, sizeof *b->reach, &b->reach, error));
    FX__TRY(fx__allocate(n, sizeof *b->length, &b->length, error));
    if (!fx__size_mul(blocks * BLOCK, b->count, &bounds))
        return fx_error_set(error, FX_ERROR_MEMORY, "k-means of %zu samples is too large", n);
    FX__TRY(fx__allocate(bounds, sizeof *b->upper, &b->upper, error));
    FX__TRY(fx__allocate(b->count, sizeof *b->drift, &b->drift, error));
    FX__TRY(fx__allocate(b->count, sizeof *b->gain, &b->gain, error));
    return fx__allocate(blocks, sizeof *b->changes, &b->changes, error);
}

fx_status fx__bounds_create(const fx_matrix *samples, const double *mean, const fx_matrix *seeds,
                            fx_bounds **out, fx_error *error) {
    size_t d = samples->columns;
    fx_bounds *b;
    *out = NULL;
    FX__TRY(fx__allocate(1, sizeof *b, &b, error));
    b->samples = samples;
    b->mean = mean;
    b->clusters = seeds->rows;
    b->groups = (b->clusters + GROUP - 1) / GROUP;
    b->span = (b->groups + d - 1) / d;
    b->count = (b->groups + b->span - 1) / b->span;
    fx_status status = allocate(b, error);
    if (status != FX_OK) {
        fx__bounds_destroy(b);
        return status;
    }
    measure_samples(b);
    fx__shift_centers(seeds->data, b->clusters, d, mean, b->now.data, b->norms);
    for (size_t c = 0; c < b->clusters; c++)
        b->squares[c] = fx__dot(b->now.data + c * d, b->now.data + c * d, d);
    for (size_t place = 0; place < b->groups * GROUP; place++) b->offsets[place] = INFINITY;
    if (!mean) memset(b->offsets, 0, b->groups * GROUP * sizeof *b->offsets);
    *out = b;
    return FX_OK;
}

void fx__bounds_destroy(fx_bounds *b) {
    if (!b) return;
    fx_matrix_destroy(&b->before);
    fx_matrix_destroy(&b->now);
    free(b->order);
    free(b->norms);
    free(b->moved);
    free(b->squares);
    free(b->packed);
    free(b->offsets);
    free(b->reach);
    free(b->length);
    free(b->upper);
    free(b->drift);
    free(b->gain);
    free(b->changes);
    free(b);
}
