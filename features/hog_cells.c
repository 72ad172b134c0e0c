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
// summed down each column of the image, by bins and halves (hog_columns.c), and then the columns
// into cells. Wide images are worked on in strips whose sums stay in the nearest cache.
#include "features/hog_cells.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "features/hog_columns.h"
#include "features/hog_row.h"
#include "features/hog_votes.h"

enum { STRIP = FX__HOG_ROW_MAX }; // columns worked on at once

#define INLINE static inline __attribute__((always_inline))

// What stays the same for all rows of an image, and where things lie in the scratch.
typedef struct plan {
    fx__hog_votes votes;
    fx__hog_row row;      // with a window its weights are by the pixel's place in the block
    int cells_x, cells_y; // of the image; with a window cells_y of a block
    int halves;           // 2: cells above and below share a vote; 1: no interpolation in space
    int block;            // rows of the present columns that are worked on at once
    float *columns[2];    // [slots, STRIP] of the upper cell and of the lower one
} plan;

static size_t make_plan(const fx_hog_params *params, float *scratch, plan *p) {
    size_t used = 0, size = (size_t)params->pixels_per_cell, weights = size;
    bool is_signed;
    const int bins = fx__hog_bins(params, &is_signed);
    p->halves = params->interpolation == FX_HOG_INTERPOLATION_BOTH ||
                        params->interpolation == FX_HOG_INTERPOLATION_SPACE
                    ? 2
                    : 1;
    if (params->block_window > 0) weights *= (size_t)params->cells_per_block;
    fx__hog_votes_create(params, scratch, &used, &p->votes);
    for (int half = 0; half < 2; half++)
        p->columns[half] = fx__hog_place(scratch, &used, fx__hog_slots(bins) * STRIP);
    p->row = (fx__hog_row){
        .bins = bins, .size = params->pixels_per_cell, .scale = 1.0f / ((float)size * (float)size)};
    p->row.near = fx__hog_place(scratch, &used, weights);
    p->row.far = fx__hog_place(scratch, &used, weights);
    p->row.scratch = fx__hog_place(scratch, &used, fx__hog_row_scratch(bins, p->row.size));
    return used;
}

// Slots that no sum has must be numbers, too.
static void clear_columns(const plan *p) {
    size_t sums = (size_t)p->row.bins + 1, rest = fx__hog_slots(p->row.bins) - sums;
    for (int half = 0; half < 2; half++)
        memset(p->columns[half] + sums * STRIP, 0, sizeof(float) * rest * STRIP);
}

size_t fx__hog_cells_scratch(const fx_hog_params *params) {
    plan p;
    return make_plan(params, NULL, &p);
}

// Columns
// -----------------------------------------------------------------------------------------

// The cell whose center is the last at or before the center of pixel x, and the pixel's place among
// those up to the next center. Without interpolation: the pixel's cell, and its place there.
INLINE int cell_before(const plan *p, int x, int *phase) {
    int first = p->halves == 2 ? p->row.size / 2 : 0; // of cell 0
    int cell = x < first ? -1 : (x - first) / p->row.size;
    *phase = x - first - cell * p->row.size;
    return cell;
}

// Pixels of a run from x on that share a cell_before, at most `most`.
INLINE int run_of(const plan *p, int phase, int most) {
    return p->row.size - phase < most ? p->row.size - phase : most;
}

// Sums the rows y … y+rows-1 of columns x0 … x0+n-1; row y + k has the weights at + k. They are for
// the cells cy and, interpolated, cy + 1, as far as there are those. Bands of these columns follow
// each other; the first is `fresh`.
INLINE void sum_rows(plan *p, int x0, int n, int y, int rows, int cy, int at, bool fresh) {
    const float *near = p->row.near + at, *far = p->row.far + at;
    bool upper = cy >= 0, lower = p->halves == 2 && cy + 1 < p->cells_y;
    for (int k = 0, count; k < rows; k += count) {
        count = rows - k < p->block ? rows - k : p->block;
        fx__hog_votes_rows(&p->votes, x0, n, y + k, count, fresh && k == 0);
        fx__hog_sum_columns(&(fx__hog_band){
            .magnitude = p->votes.magnitude,
            .place = p->votes.place,
            .stride = p->votes.stride,
            .rows = count,
            .columns = n,
            .bins = p->row.bins,
            .halves = upper + lower,
            .share = {upper ? near + k : far + k, far + k},
            .sums = {upper ? p->columns[0] : p->columns[1], p->columns[1]},
            .pitch = STRIP,
            .begin = k > 0                    ? FX__HOG_MORE
                     : fresh || p->halves < 2 ? FX__HOG_FRESH
                                              : FX__HOG_NEXT,
        });
    }
}

// Cells
// -------------------------------------------------------------------------------------------

// Adds what columns x0 … x0+n-1 have for a row of cells.
static void add_row(const plan *p, const float *columns, int x0, int n, int cy, float *cells) {
    int phase, first = cell_before(p, x0, &phase);
    size_t row = (size_t)p->cells_x * (size_t)p->row.bins;
    if (cy < 0 || cy >= p->cells_y) return; // above or below the grid
    fx__hog_add_row(&p->row, columns, phase, n, first, p->cells_x, cells + (size_t)cy * row);
}

// Columns x0 … x0+n-1 of the first `rows` rows of the image.
static void work_strip(plan *p, int x0, int n, int rows, float *cells) {
    int phase, cy = -1;
    p->block = fx__hog_votes_begin(&p->votes, n);
    for (int y = 0, run; y < rows; y += run) {
        cy = cell_before(p, y, &phase);
        run = run_of(p, phase, rows - y);
        sum_rows(p, x0, n, y, run, cy, phase, y == 0);
        add_row(p, p->columns[0], x0, n, cy, cells);
    }
    if (p->halves == 2) // a last cell whose center is below the image
        add_row(p, p->columns[1], x0, n, cy + 1, cells);
}

// Weights by the pixel's place, `count` of them.
static void make_weights(plan *p, int count, bool window, float sigma) {
    for (int i = 0; i < count; i++) {
        int phase = i;
        if (window) cell_before(p, i, &phase);
        // From a center to the next there are `size` pixels; an even size puts centers between
        // pixels.
        float fraction = p->halves == 2
                             ? (float)(2 * phase + 1 - p->row.size % 2) / (float)(2 * p->row.size)
                             : 0.0f;
        float d = (float)i - 0.5f * (float)count;
        float weight = window ? expf(-d * d / (2.0f * sigma * sigma)) : 1.0f;
        p->row.near[i] = weight * (1.0f - fraction);
        p->row.far[i] = weight * fraction;
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
    make_weights(&p, p.row.size, false, 0);
    clear_columns(&p);
    memset(cells, 0, sizeof *cells * (size_t)p.cells_x * (size_t)p.cells_y * (size_t)p.row.bins);
    int columns = params->partial_cells ? image->width : p.cells_x * p.row.size;
    int rows = params->partial_cells ? image->height : p.cells_y * p.row.size;
    for (int x0 = 0; x0 < columns; x0 += STRIP)
        work_strip(&p, x0, columns - x0 < STRIP ? columns - x0 : STRIP, rows, cells);
}

// Blocks with a window
// ----------------------------------------------------------------------------

// Columns x0 … x0+n-1 of the row of blocks whose first pixel row is `top`.
static void work_window(plan *p, const fx__hog_grid *g, int side, int step, int top, int x0, int n,
                        float *row) {
    int width = side * p->row.size, phase;
    p->block = fx__hog_votes_begin(&p->votes, n);
    for (int y = 0, run; y < width; y += run) {
        int cy = cell_before(p, y, &phase);
        run = run_of(p, phase, width - y);
        sum_rows(p, x0, n, top + y, run, cy, y, y == 0);
        int bx = x0 < width ? 0 : (x0 - width) / step + 1;
        for (; cy >= 0 && bx < g->blocks_x && bx * step < x0 + n; bx++) {
            int begin = x0 - bx * step, end = begin + n;
            if (end > width) end = width;
            float *block = row + (size_t)bx * g->block_x + (size_t)cy * g->cell_y;
            for (int x = begin < 0 ? 0 : begin, count; x < end; x += count) {
                int cx = cell_before(p, x, &phase);
                const float *columns = p->columns[0] + (x - begin);
                count = run_of(p, phase, end - x);
                if (cx >= 0)
                    fx__hog_add_cell(&p->row, columns, count, p->row.near + x,
                                     block + (size_t)cx * g->cell_x);
                if (p->halves == 2 && cx + 1 < side)
                    fx__hog_add_cell(&p->row, columns, count, p->row.far + x,
                                     block + (size_t)(cx + 1) * g->cell_x);
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
    p.cells_y = params->cells_per_block;
    int side = params->cells_per_block, width = side * p.row.size,
        step = params->block_stride * p.row.size;
    make_weights(&p, width, true, params->block_window * (float)width);
    clear_columns(&p);
    memset(out, 0, sizeof *out * g.block * (size_t)g.blocks_x * (size_t)g.blocks_y);
    int columns = (g.blocks_x - 1) * step + width;
    for (int by = 0; by < g.blocks_y; by++)
        for (int x0 = 0; x0 < columns; x0 += STRIP)
            work_window(&p, &g, side, step, by * step, x0,
                        columns - x0 < STRIP ? columns - x0 : STRIP, out + (size_t)by * g.block_y);
}
