// Cell histograms: where the votes of hog_votes.c go.
//
// Without interpolation in space a vote goes to the pixel's own cell. With it, it is shared
// linearly among the 2 × 2 nearest cell centers; what would fall to cells outside of the grid is
// dropped, as in VLFeat and OpenCV. Every cell is divided by its pixels_per_cell² pixels, as in
// scikit-image.
//
// With a window (OpenCV) each block is a grid of its own: its pixels vote for its cells only,
// weighted by exp(-(i² + j²) / 2σ²), i and j being counted from the pixel to the lower right of the
// block's middle, cells_per_block · pixels_per_cell / 2 from its first; as in OpenCV, so that the
// window is not quite symmetric.
//
// Method. A band is the rows between two rows of cell centers (without interpolation: a row of
// cells): all its votes go to the same two rows of cells, with weights that are the row's. They are
// gathered in a histogram for each column of the image, where neighboring pixels cannot meet, so
// that one unaligned addition of four numbers takes a pixel's votes; at the end of the band the
// columns are summed into cells. Wide images are worked on in strips whose column histograms stay
// in the nearest cache.
#include "features/hog_cells.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "features/hog_votes.h"
#include "src/base/kernel.h"

enum {
    STRIP_MIN = 16, // columns
    STRIP_MAX = FX__HOG_ROW_MAX,
    STRIP_FLOATS = 4096, // of the column histograms of a strip
    UNROLL = 4,          // pixels
};

// Eight lanes whatever the instruction set, so that sums have one order.
typedef float float8 __attribute__((vector_size(32)));
typedef float float4 __attribute__((vector_size(16)));
typedef float float2 __attribute__((vector_size(8)));

#define INLINE static inline __attribute__((always_inline))

// What stays the same for all rows of an image, and where things lie in the scratch.
typedef struct plan {
    fx__hog_votes votes;
    int size, bins, cells_x, cells_y;
    int halves;     // 2: (upper, lower) cell of a vote, side by side; 1: no interpolation in space
    int lead;       // slot of bin 0
    int slots;      // floats of a column's histogram
    int strip;      // columns, at most
    bool frame;     // hog.border none: the image's outermost pixels do not vote
    float scale;    // 1 / pixels of a cell
    float *columns; // [strip, slots]
    float *near, *far; // of a vote, what goes to the cell before and to the next, by phase (with a
                       // window: by the pixel's place in the block)
    float *above;      // [strip cells, slots] the band before
    float *band;       // [strip cells, slots] this band
} plan;

static int strip_of(int slots) {
    int strip = STRIP_FLOATS / slots / 16 * 16;
    return strip < STRIP_MIN ? STRIP_MIN : strip > STRIP_MAX ? STRIP_MAX : strip;
}

static size_t make_plan(const fx_hog_params *params, float *scratch, plan *p) {
    size_t used = 0;
    bool is_signed, two = params->interpolation == FX_HOG_INTERPOLATION_BOTH ||
                          params->interpolation == FX_HOG_INTERPOLATION_ORIENTATION;
    p->size = params->pixels_per_cell;
    p->bins = fx__hog_bins(params, &is_signed);
    p->halves = params->interpolation == FX_HOG_INTERPOLATION_BOTH ||
                        params->interpolation == FX_HOG_INTERPOLATION_SPACE
                    ? 2
                    : 1;
    p->lead = two;
    p->slots = (p->halves * fx__hog_slots(p->bins, two) + 7) / 8 * 8;
    p->strip = strip_of(p->slots);
    p->frame = params->border == FX_HOG_BORDER_NONE;
    p->scale = 1.0f / ((float)p->size * (float)p->size);
    size_t strip = (size_t)p->strip, cells = strip / (size_t)p->size + 3;
    size_t weights = (size_t)p->size;
    if (params->block_window > 0) weights *= (size_t)params->cells_per_block;
    fx__hog_votes_create(params, p->strip, p->halves, scratch, &used, &p->votes);
    p->columns = fx__hog_place(scratch, &used, strip * (size_t)p->slots);
    p->near = fx__hog_place(scratch, &used, weights);
    p->far = fx__hog_place(scratch, &used, weights);
    p->above = fx__hog_place(scratch, &used, cells * (size_t)p->slots);
    p->band = fx__hog_place(scratch, &used, cells * (size_t)p->slots);
    return used;
}

size_t fx__hog_cells_scratch(const fx_hog_params *params) {
    plan p;
    return make_plan(params, NULL, &p);
}

// Columns
// -----------------------------------------------------------------------------------------

// at += two votes, each for the cells above and below.
INLINE void add_four(float *restrict at, const float *restrict votes, float4 share) {
    float2 vote;
    float4 sum;
    memcpy(&vote, votes, sizeof vote);
    memcpy(&sum, at, sizeof sum);
    sum += share * __builtin_shufflevector(vote, vote, 0, 0, 1, 1);
    memcpy(at, &sum, sizeof sum);
}

// Adds the votes of row `at` of the block, pixels begin … end-1, to the histograms of their
// columns, with the shares of the cells above and below.
INLINE void gather_row(const plan *p, int at, int begin, int end, float upper, float lower) {
    size_t row = (size_t)at * (size_t)p->votes.stride;
    const int32_t *restrict slot = p->votes.slot + row;
    const float *restrict votes = p->votes.votes + row;
    ptrdiff_t slots = p->slots;
    float *restrict column = p->columns + begin * slots;
    if (p->lead == 0 && p->halves == 1) {
        for (int i = begin; i < end; i++, column += slots) column[slot[i]] += upper * votes[i];
    } else if (p->lead == 0) {
        float2 share = {upper, lower};
        for (int i = begin; i < end; i++, column += slots) {
            float2 sum;
            memcpy(&sum, column + slot[i], sizeof sum);
            sum += share * votes[i];
            memcpy(column + slot[i], &sum, sizeof sum);
        }
    } else if (p->halves == 1) {
        votes += row;
        for (int i = begin; i < end; i++, column += slots) {
            float2 sum, vote;
            memcpy(&vote, votes + 2 * i, sizeof vote);
            memcpy(&sum, column + slot[i], sizeof sum);
            sum += upper * vote;
            memcpy(column + slot[i], &sum, sizeof sum);
        }
    } else {
        votes += row;
        float4 share = {upper, lower, upper, lower};
        int i = begin;
        for (; i + UNROLL <= end; i += UNROLL, column += UNROLL * slots)
            for (int k = 0; k < UNROLL; k++)
                add_four(column + k * slots + slot[i + k], votes + 2 * (i + k), share);
        for (; i < end; i++, column += slots) add_four(column + slot[i], votes + 2 * i, share);
    }
}

// left += Σ near·column and right += Σ far·column over n columns, of 8 · eights slots.
INLINE void add_eights(const float *restrict columns, int n, ptrdiff_t slots, int eights,
                       const float *restrict near, const float *restrict far, float *restrict left,
                       float *restrict right) {
    float8 l[3], r[3];
    for (int k = 0; k < eights; k++) {
        memcpy(&l[k], left + 8 * k, sizeof l[k]);
        memcpy(&r[k], right + 8 * k, sizeof r[k]);
    }
    for (int i = 0; i < n; i++, columns += slots)
        for (int k = 0; k < eights; k++) {
            float8 v;
            memcpy(&v, columns + 8 * k, sizeof v);
            l[k] += v * near[i];
            r[k] += v * far[i];
        }
    for (int k = 0; k < eights; k++) {
        memcpy(left + 8 * k, &l[k], sizeof l[k]);
        memcpy(right + 8 * k, &r[k], sizeof r[k]);
    }
}

INLINE void add_columns(const float *restrict columns, int n, int slots, const float *restrict near,
                        const float *restrict far, float *restrict left, float *restrict right) {
    int k = 0; // three at a time, so that no sum waits for itself
    for (; k + 24 <= slots; k += 24)
        add_eights(columns + k, n, slots, 3, near, far, left + k, right + k);
    for (; k < slots; k += 8) add_eights(columns + k, n, slots, 1, near, far, left + k, right + k);
}

// The cell whose center is the last at or before the center of pixel x, and the pixel's place among
// those up to the next center. Without interpolation: the pixel's cell, and its place there.
INLINE int cell_before(const plan *p, int x, int *phase) {
    int first = p->halves == 2 ? p->size / 2 : 0; // of cell 0
    int cell = x < first ? -1 : (x - first) / p->size;
    *phase = x - first - cell * p->size;
    return cell;
}

// Pixels of a run from x on that share a cell_before, at most `most`.
INLINE int run_of(const plan *p, int phase, int most) {
    return p->size - phase < most ? p->size - phase : most;
}

// Puts the ends of the circle into their places.
INLINE void fold(const plan *p, float *h) {
    int last = p->halves * p->bins, beyond = last + p->halves;
    for (int half = 0; half < p->halves; half++) {
        if (p->lead) {
            h[last + half] += h[half];
            h[p->halves + half] += h[beyond + half];
        } else {
            h[half] += h[last + half];
        }
    }
}

// Columns x0 … x0+n-1 of rows up to `last`, of which the votes of from … to-1 are at hand.
typedef struct strip {
    int x0, n, last, from, to;
    int block; // rows that are voted at once
} strip;

INLINE strip begin_strip(plan *p, int x0, int n, int first, int last) {
    return (strip){x0, n, last, first, first, fx__hog_votes_begin(&p->votes, n)};
}

// Gathers the rows y … y+rows-1, which follow those before; y + k has the shares near[k], far[k].
INLINE void gather_band(const plan *p, strip *s, int y, int rows, const float *near,
                        const float *far) {
    const fx_image *image = p->votes.image;
    int begin = p->frame && s->x0 == 0, end = s->n - (p->frame && s->x0 + s->n == image->width);
    memset(p->columns, 0, sizeof *p->columns * (size_t)s->n * (size_t)p->slots);
    for (int k = 0; k < rows; k++) {
        int row = y + k;
        if (row == s->to) {
            int count = s->last + 1 - row < s->block ? s->last + 1 - row : s->block;
            fx__hog_votes_rows(&p->votes, s->x0, s->n, row, count, s->from == s->to);
            s->from = row;
            s->to = row + count;
        }
        if (p->frame && (row == 0 || row == image->height - 1)) continue;
        gather_row(p, row - s->from, begin, end, near[k], far[k]);
    }
}

// Cells
// -------------------------------------------------------------------------------------------

// Sums the columns x0 … x0+n-1 of a band into band[cell - first + …, slots].
INLINE void sum_band(const plan *p, int x0, int n, int first, int count) {
    for (int i = 0, run; i < n; i += run) {
        int phase, cell = cell_before(p, x0 + i, &phase);
        run = run_of(p, phase, n - i);
        float *left = p->band + (size_t)(cell - first) * (size_t)p->slots;
        add_columns(p->columns + (size_t)i * (size_t)p->slots, run, p->slots, p->near + phase,
                    p->far + phase, left, left + p->slots);
    }
    for (int k = 0; k < count; k++) fold(p, p->band + (size_t)k * (size_t)p->slots);
}

// Adds a finished row of cells: the lower half of the band above and the upper half of this one.
INLINE void add_cells(const plan *p, int cy, int first, int count, float *cells) {
    int bins = p->bins;
    for (int k = 0; k < count; k++) {
        int cx = first + k;
        if (cx < 0 || cx >= p->cells_x) continue;
        float *restrict out = cells + ((size_t)cy * (size_t)p->cells_x + (size_t)cx) * (size_t)bins;
        const float *restrict band = p->band + (size_t)k * (size_t)p->slots + p->halves * p->lead;
        const float *restrict above = p->above + (size_t)k * (size_t)p->slots + 2 * p->lead + 1;
        if (p->halves == 2)
            for (int o = 0; o < bins; o++) out[o] += p->scale * (above[2 * o] + band[2 * o]);
        else
            for (int o = 0; o < bins; o++) out[o] += p->scale * band[o];
    }
}

// Columns x0 … x0+n-1 of the first `rows` rows of the image.
static FX__KERNEL void work_strip(plan *p, int x0, int n, int rows, float *cells) {
    int phase, first = cell_before(p, x0, &phase);
    int count = cell_before(p, x0 + n - 1, &phase) - first + 2;
    size_t bytes = sizeof(float) * (size_t)count * (size_t)p->slots;
    strip s = begin_strip(p, x0, n, 0, rows - 1);
    int cy = -1;
    memset(p->above, 0, bytes);
    for (int y = 0, run; y < rows; y += run) {
        cy = cell_before(p, y, &phase);
        run = run_of(p, phase, rows - y);
        gather_band(p, &s, y, run, p->near + phase, p->far + phase);
        memset(p->band, 0, bytes);
        sum_band(p, x0, n, first, count);
        if (cy >= 0 && cy < p->cells_y) add_cells(p, cy, first, count, cells);
        float *done = p->above;
        p->above = p->band;
        p->band = done;
    }
    if (p->halves == 2 && cy + 1 < p->cells_y) { // a last cell whose center is below the image
        memset(p->band, 0, bytes);
        add_cells(p, cy + 1, first, count, cells);
    }
}

// Weights by the pixel's place, `count` of them.
static void make_weights(plan *p, int count, bool window, float sigma) {
    for (int i = 0; i < count; i++) {
        int phase = i;
        if (window) cell_before(p, i, &phase);
        // From a center to the next there are `size` pixels; an even size puts centers between
        // pixels.
        float fraction =
            p->halves == 2 ? (float)(2 * phase + 1 - p->size % 2) / (float)(2 * p->size) : 0.0f;
        float d = (float)i - 0.5f * (float)count;
        float weight = window ? expf(-d * d / (2.0f * sigma * sigma)) : 1.0f;
        p->near[i] = weight * (1.0f - fraction);
        p->far[i] = weight * fraction;
    }
}

void fx__hog_cells(const fx_hog_params *params, const fx_image *image, float *cells,
                   float *scratch) {
    plan p;
    fx__hog_grid grid = fx__hog_grid_of(params, image->width, image->height);
    make_plan(params, scratch, &p);
    p.votes.image = image;
    p.cells_x = grid.cells_x;
    p.cells_y = grid.cells_y;
    make_weights(&p, p.size, false, 0);
    memset(cells, 0, sizeof *cells * (size_t)p.cells_x * (size_t)p.cells_y * (size_t)p.bins);
    int columns = params->partial_cells ? image->width : p.cells_x * p.size;
    int rows = params->partial_cells ? image->height : p.cells_y * p.size;
    for (int x0 = 0; x0 < columns; x0 += p.strip)
        work_strip(&p, x0, columns - x0 < p.strip ? columns - x0 : p.strip, rows, cells);
}

// Blocks with a window
// ----------------------------------------------------------------------------

// Adds histogram h of cells (cx, cy) and (cx, cy + 1) to a block of side × side cells.
INLINE void add_to_block(const plan *p, const fx__hog_grid *g, int side, int cx, int cy, float *h,
                         float *block) {
    fold(p, h);
    if (cx < 0 || cx >= side) return;
    for (int half = 0; half < p->halves; half++) {
        if (cy + half < 0 || cy + half >= side) continue;
        float *restrict out = block + (size_t)cx * g->cell_x + (size_t)(cy + half) * g->cell_y;
        const float *restrict in = h + p->halves * p->lead + half;
        for (int o = 0; o < p->bins; o++) out[o] += p->scale * in[o * p->halves];
    }
}

// Columns x0 … x0+n-1 of the row of blocks whose first pixel row is `top`.
static FX__KERNEL void work_window(plan *p, const fx__hog_grid *g, int side, int step, int top,
                                   int x0, int n, float *row) {
    int width = side * p->size, phase;
    size_t bytes = sizeof(float) * (size_t)p->slots;
    strip s = begin_strip(p, x0, n, top, top + width - 1);
    for (int y = 0, run; y < width; y += run) {
        int cy = cell_before(p, y, &phase);
        run = run_of(p, phase, width - y);
        gather_band(p, &s, top + y, run, p->near + y, p->far + y);
        int bx = x0 < width ? 0 : (x0 - width) / step + 1;
        for (; bx < g->blocks_x && bx * step < x0 + n; bx++) {
            int begin = x0 - bx * step, end = begin + n;
            if (end > width) end = width;
            for (int x = begin < 0 ? 0 : begin, columns; x < end; x += columns) {
                int cx = cell_before(p, x, &phase);
                columns = run_of(p, phase, end - x);
                memset(p->above, 0, bytes);
                memset(p->band, 0, bytes);
                add_columns(p->columns + (size_t)(x - begin) * (size_t)p->slots, columns, p->slots,
                            p->near + x, p->far + x, p->above, p->band);
                float *out = row + (size_t)bx * g->block_x;
                add_to_block(p, g, side, cx, cy, p->above, out);
                if (p->halves == 2) add_to_block(p, g, side, cx + 1, cy, p->band, out);
            }
        }
    }
}

void fx__hog_window_blocks(const fx_hog_params *params, const fx_image *image, float *out,
                           float *scratch) {
    plan p;
    fx__hog_grid g = fx__hog_grid_of(params, image->width, image->height);
    make_plan(params, scratch, &p);
    p.votes.image = image;
    int side = params->cells_per_block, width = side * p.size, step = params->block_stride * p.size;
    make_weights(&p, width, true, params->block_window * (float)width);
    memset(out, 0, sizeof *out * g.block * (size_t)g.blocks_x * (size_t)g.blocks_y);
    int columns = (g.blocks_x - 1) * step + width;
    for (int by = 0; by < g.blocks_y; by++)
        for (int x0 = 0; x0 < columns; x0 += p.strip)
            work_window(&p, &g, side, step, by * step, x0,
                        columns - x0 < p.strip ? columns - x0 : p.strip,
                        out + (size_t)by * g.block_y);
}
