// Cell histograms: the part of HoG that touches every pixel.
//
// For each pixel of the whole cells, of the channel with the largest gradient (of equals the
// first),
//
//   dx = p(x+1, y) - p(x-1, y)    dy = p(x, y+1) - p(x, y-1)
//   m = √(dx² + dy²)              θ = atan2(dy, dx) modulo 180° (signed: 360°)
//
// where beyond the border stands the nearest pixel (preset skimage: the mirrored one, so that the
// gradient across the border is zero). Without interpolation m goes into bin ⌊θ / width⌋ of the
// pixel's own cell. With it m is shared linearly between the two nearest bin centers, around the
// circle, and the 2 × 2 nearest cell centers; what would fall to cells outside of the grid is
// dropped, as in VLFeat. Every cell is divided by its pixels_per_cell² pixels, as in scikit-image.
//
// Method. A band is the rows between two rows of cell centers (without interpolation: a row of
// cells): all its votes go to the same two rows of cells, with weights that are the row's. They are
// gathered in a histogram for each column of the image, where neighboring pixels cannot meet, so
// that one unaligned addition of four numbers takes a pixel's votes; at the end of the band the
// columns are summed into cells. Wide images are worked on in strips whose column histograms stay
// in the nearest cache, and within a band as many rows at once as make long loops of short rows.
// Angles come from a polynomial (below) that is exact at multiples of 45°.
#include "features/hog_cells.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "src/base/kernel.h"

enum {
    STRIP_MIN = 16,      // columns
    STRIP_MAX = 256,     // columns
    STRIP_FLOATS = 4096, // of the column histograms of a strip
    BLOCK = 640,         // pixels of the rows worked on at once, at least one row
    LANES = 16,          // pixels that the widest vector takes
};

// Eight lanes whatever the instruction set, so that sums have one order.
typedef float float8 __attribute__((vector_size(32)));

#define INLINE static inline __attribute__((always_inline))

// What stays the same for all rows of an image, and where things lie in the scratch.
typedef struct plan {
    int width, height, channels;
    int size, bins, cells_x, cells_y;
    bool interpolation, signed_gradients, reflect;
    int slots;       // floats of a column's histogram: (bin, upper or lower cell) pairs, or bins
    int strip;       // columns, at most
    int stride;      // of a row: the strip's columns and one on both sides
    int block;       // rows worked on at once, at most
    size_t plane;    // floats of a channel in `rows`
    float *rows;     // [channels, 1 + block + 1, stride] as floats, with the rows above and below
    float *dx, *dy;  // [block, stride], as all that follow
    int32_t *slot;   // offset of a pixel's first vote in its column
    float *votes;    // [pixels, 2] for the lower bin and the next; without interpolation [pixels]
    float *columns;  // [strip, slots]
    float *fraction; // [size] of a vote that goes to the next cell, by the pixel's phase
    float *above;    // [strip cells, slots] the band before
    float *band;     // [strip cells, slots] this band
} plan;

static int slots_of(const fx_hog_params *params) {
    // Interpolated: bins -1 … orientations, each for the upper and the lower cell; the first and
    // the last are folded into their places on the circle at the end of a band.
    int slots = params->interpolation ? 2 * (params->orientations + 2) : params->orientations;
    return (slots + 7) / 8 * 8;
}

static int strip_of(int slots) {
    int strip = STRIP_FLOATS / slots / 16 * 16;
    return strip < STRIP_MIN ? STRIP_MIN : strip > STRIP_MAX ? STRIP_MAX : strip;
}

// Places `count` floats at *used of the scratch, in multiples of 16.
static float *place(float *scratch, size_t *used, size_t count) {
    float *at = scratch ? scratch + *used : NULL;
    *used += (count + 15) / 16 * 16;
    return at;
}

static size_t make_plan(const fx_hog_params *params, float *scratch, plan *p) {
    size_t used = 0;
    p->size = params->pixels_per_cell;
    p->bins = params->orientations;
    p->interpolation = params->interpolation;
    p->signed_gradients = params->signed_gradients;
    p->reflect = params->preset == FX_HOG_PRESET_SKIMAGE;
    p->slots = slots_of(params);
    p->strip = strip_of(p->slots);
    size_t strip = (size_t)p->strip, cells = strip / (size_t)p->size + 3;
    size_t pixels = BLOCK + strip + 2 + LANES; // block rows, rounded up
    p->plane = pixels + 2 * (strip + 2) + 2;
    p->rows = place(scratch, &used, 3 * p->plane);
    p->dx = place(scratch, &used, pixels);
    p->dy = place(scratch, &used, pixels);
    p->slot = (int32_t *)(void *)place(scratch, &used, pixels);
    p->votes = place(scratch, &used, 2 * pixels + 2); // read four at a time
    p->columns = place(scratch, &used, strip * (size_t)p->slots);
    p->fraction = place(scratch, &used, (size_t)p->size);
    p->above = place(scratch, &used, cells * (size_t)p->slots);
    p->band = place(scratch, &used, cells * (size_t)p->slots);
    return used;
}

size_t fx__hog_cells_scratch(const fx_hog_params *params) {
    plan p;
    return make_plan(params, NULL, &p);
}

// Rows
// --------------------------------------------------------------------------------------------

INLINE void split_rgb(const uint8_t *restrict in, int n, float *restrict r, float *restrict g,
                      float *restrict b) {
    for (ptrdiff_t i = 0; i < n; i++) {
        r[i] = in[3 * i];
        g[i] = in[3 * i + 1];
        b[i] = in[3 * i + 2];
    }
}

// Row y of the image, columns x0-1 … x0+n, into row `at` of the planes. Rows beyond the border are
// those that stand for them.
INLINE void read_row(const plan *p, const uint8_t *pixels, int x0, int n, int y, int at) {
    int last = p->height - 1, mirror = p->reflect;
    if (y < 0) y = mirror && last > 0 ? 1 : 0;
    if (y > last) y = mirror && last > 0 ? last - 1 : last;
    int left = x0 > 0, right = x0 + n < p->width; // neighbors that the image has
    float *row = p->rows + (size_t)at * (size_t)p->stride;
    const uint8_t *in =
        pixels + ((size_t)y * (size_t)p->width + (size_t)(x0 - left)) * (size_t)p->channels;
    if (p->channels == 1)
        for (int i = 0; i < n + left + right; i++) row[i + 1 - left] = in[i];
    else
        split_rgb(in, n + left + right, row + 1 - left, row + 1 - left + p->plane,
                  row + 1 - left + 2 * p->plane);
    mirror = mirror && p->width > 1;
    for (int c = 0; c < p->channels; c++, row += p->plane) {
        if (!left) row[0] = row[1 + mirror];
        if (!right) row[n + 1] = row[n - mirror];
    }
}

// The last two rows of a block of `count` are the first two of the next.
INLINE void keep_rows(const plan *p, int count) {
    size_t stride = (size_t)p->stride;
    for (int c = 0; c < p->channels; c++) {
        float *rows = p->rows + (size_t)c * p->plane;
        memmove(rows, rows + (size_t)count * stride, sizeof *rows * 2 * stride);
    }
}

// Gradients of `count` pixels, over the ends of rows: what stands between two rows is not used.
INLINE void gradient_gray(const float *restrict rows, ptrdiff_t stride, ptrdiff_t count,
                          float *restrict dx, float *restrict dy) {
    const float *row = rows + stride + 1;
    for (ptrdiff_t i = 0; i < count; i++) {
        dx[i] = row[i + 1] - row[i - 1];
        dy[i] = row[i + stride] - row[i - stride];
    }
}

INLINE void gradient_rgb(const float *restrict rows, ptrdiff_t stride, size_t plane,
                         ptrdiff_t count, float *restrict dx, float *restrict dy) {
    const float *r = rows + stride + 1, *g = r + plane, *b = g + plane;
    for (ptrdiff_t i = 0; i < count; i++) {
        float x0 = r[i + 1] - r[i - 1], y0 = r[i + stride] - r[i - stride];
        float x1 = g[i + 1] - g[i - 1], y1 = g[i + stride] - g[i - stride];
        float x2 = b[i + 1] - b[i - 1], y2 = b[i + stride] - b[i - stride];
        float square = x0 * x0 + y0 * y0, other = x1 * x1 + y1 * y1;
        x0 = other > square ? x1 : x0;
        y0 = other > square ? y1 : y0;
        square = other > square ? other : square;
        other = x2 * x2 + y2 * y2;
        dx[i] = other > square ? x2 : x0;
        dy[i] = other > square ? y2 : y0;
    }
}

// (4/π)·atan(q)/q = 1 + (1 - v)·R(v), v = q² in [0, 1]: least maximum of q·(1 - v)·|error|, 4e-8
// rad. Made for exact ends: q = 0 gives 0 and q = 1 gives 1. With every rounding an angle is within
// 2e-7 rad, and for the gradients that 8-bit pixels can have, and up to 30 bins, that is always the
// right bin (a test tries them all).
static const float ATAN[7] = {2.732386547e-01f,  -1.511284021e-01f, 1.028156805e-01f,
                              -7.414928237e-02f, 4.828046296e-02f,  -2.242406848e-02f,
                              5.061408579e-03f};

// Angle of (dx, dy) in units of 45°: [0, 4), signed [0, 8). The closest to a full turn that pixels
// come, (255, -1), is 0.005 below it, so rounding cannot reach it.
INLINE float angle_of(float dx, float dy, bool signed_gradients) {
    float ax = fabsf(dx), ay = fabsf(dy);
    float larger = ax > ay ? ax : ay, smaller = ax > ay ? ay : ax;
    float q = smaller / (larger + FLT_MIN), v = q * q; // of nothing 0; else nothing is added
    float r = ATAN[6];
    r = r * v + ATAN[5];
    r = r * v + ATAN[4];
    r = r * v + ATAN[3];
    r = r * v + ATAN[2];
    r = r * v + ATAN[1];
    r = r * v + ATAN[0];
    float angle = q + q * ((1.0f - v) * r);
    angle = ay > ax ? 2.0f - angle : angle;
    if (!signed_gradients) return dx * dy < 0.0f ? 4.0f - angle : angle;
    angle = dx < 0.0f ? 4.0f - angle : angle;
    return dy < 0.0f ? 8.0f - angle : angle;
}

// The votes of `count` pixels: where they go in their columns, and how much.
INLINE void vote(const float *restrict dx, const float *restrict dy, ptrdiff_t count, int bins,
                 bool interpolation, bool signed_gradients, int32_t *restrict slot,
                 float *restrict votes) {
    float bins_per_unit = (float)bins / (signed_gradients ? 8.0f : 4.0f);
    for (ptrdiff_t i = 0; i < count; i++) {
        float magnitude = sqrtf(dx[i] * dx[i] + dy[i] * dy[i]);
        float t = angle_of(dx[i], dy[i], signed_gradients) * bins_per_unit;
        if (interpolation) {
            t += 0.5f; // bin b has its center at b + 0.5, and stands in slot b + 1
            int32_t bin = (int32_t)t;
            float next = magnitude * (t - (float)bin);
            slot[i] = 2 * bin;
            votes[2 * i] = magnitude - next;
            votes[2 * i + 1] = next;
        } else {
            slot[i] = (int32_t)t;
            votes[i] = magnitude;
        }
    }
}

// Gradients and votes of `rows` rows, each kind compiled apart. The number of pixels is rounded up,
// so that loops need no rest; what is read beyond the rows is made zero.
INLINE void vote_block(const plan *p, int rows) {
    ptrdiff_t count = ((ptrdiff_t)rows * p->stride + LANES - 1) & -(ptrdiff_t)LANES;
    float *dx = p->dx, *dy = p->dy;
    for (int c = 0; c < p->channels; c++)
        memset(p->rows + (size_t)c * p->plane + (size_t)(rows + 2) * (size_t)p->stride, 0,
               sizeof *p->rows * (LANES + 2));
    if (p->channels == 1)
        gradient_gray(p->rows, p->stride, count, dx, dy);
    else
        gradient_rgb(p->rows, p->stride, p->plane, count, dx, dy);
    if (p->interpolation && p->signed_gradients)
        vote(dx, dy, count, p->bins, true, true, p->slot, p->votes);
    else if (p->interpolation)
        vote(dx, dy, count, p->bins, true, false, p->slot, p->votes);
    else if (p->signed_gradients)
        vote(dx, dy, count, p->bins, false, true, p->slot, p->votes);
    else
        vote(dx, dy, count, p->bins, false, false, p->slot, p->votes);
}

// Adds the votes of row `at` of the block to the histograms of their columns; `lower` is the share
// of the lower cell.
INLINE void gather_row(const plan *p, int at, int n, float lower) {
    typedef float float4 __attribute__((vector_size(16)));
    size_t begin = (size_t)at * (size_t)p->stride;
    const int32_t *restrict slot = p->slot + begin;
    const float *restrict votes = p->votes + begin;
    float *restrict column = p->columns;
    ptrdiff_t slots = p->slots;
    if (!p->interpolation) {
        for (int i = 0; i < n; i++, column += slots) column[slot[i]] += votes[i];
        return;
    }
    float upper = 1.0f - lower;
    float4 share = {upper, lower, upper, lower};
    votes += begin;
    for (int i = 0; i < n; i++, column += slots) {
        float4 sum, vote;
        memcpy(&vote, votes + 2 * i, sizeof vote);
        vote = (float4){vote[0], vote[0], vote[1], vote[1]};
        memcpy(&sum, column + slot[i], sizeof sum);
        sum += share * vote;
        memcpy(column + slot[i], &sum, sizeof sum);
    }
}

// Cells
// -------------------------------------------------------------------------------------------

// left += Σ (1 - fraction)·column and right += Σ fraction·column over n columns.
INLINE void add_columns(const float *restrict columns, int n, int slots,
                        const float *restrict fraction, float *restrict left,
                        float *restrict right) {
    for (int k = 0; k < slots; k += 8) {
        float8 l, r;
        memcpy(&l, left + k, sizeof l);
        memcpy(&r, right + k, sizeof r);
        const float *at = columns + k;
        for (int i = 0; i < n; i++, at += slots) {
            float8 v;
            memcpy(&v, at, sizeof v);
            l += v * (1.0f - fraction[i]);
            r += v * fraction[i];
        }
        memcpy(left + k, &l, sizeof l);
        memcpy(right + k, &r, sizeof r);
    }
}

// The cell whose center is the last at or before the center of pixel x, and the pixel's place among
// those up to the next center. Without interpolation: the pixel's cell, and its place there.
INLINE int cell_before(const plan *p, int x, int *phase) {
    int first = p->interpolation ? p->size / 2 : 0; // of cell 0
    int cell = x < first ? -1 : (x - first) / p->size;
    *phase = x - first - cell * p->size;
    return cell;
}

// Sums the columns x0 … x0+n-1 of a band into band[cell - first + …, slots].
INLINE void sum_band(const plan *p, int x0, int n, int first) {
    for (int i = 0, run; i < n; i += run) {
        int phase, cell = cell_before(p, x0 + i, &phase);
        run = p->size - phase < n - i ? p->size - phase : n - i;
        float *left = p->band + (size_t)(cell - first) * (size_t)p->slots;
        add_columns(p->columns + (size_t)i * (size_t)p->slots, run, p->slots, p->fraction + phase,
                    left, left + p->slots);
    }
}

// Adds a finished row of cells: the lower half of the band above and the upper half of this one,
// with the ends of the circle in their places.
INLINE void add_cells(const plan *p, int cy, int first, int count, float *cells) {
    int bins = p->bins;
    float scale = 1.0f / ((float)p->size * (float)p->size);
    for (int k = 0; k < count; k++) {
        int cx = first + k;
        if (cx < 0 || cx >= p->cells_x) continue;
        float *restrict out = cells + ((size_t)cy * (size_t)p->cells_x + (size_t)cx) * (size_t)bins;
        float *restrict band = p->band + (size_t)k * (size_t)p->slots;
        float *restrict above = p->above + (size_t)k * (size_t)p->slots;
        if (p->interpolation) {
            above[2 * bins + 1] += above[1];
            above[3] += above[2 * bins + 3];
            band[2 * bins] += band[0];
            band[2] += band[2 * bins + 2];
            for (int o = 0; o < bins; o++) out[o] += scale * (above[2 * o + 3] + band[2 * o + 2]);
        } else {
            for (int o = 0; o < bins; o++) out[o] += scale * band[o];
        }
    }
}

// Columns x0 … x0+n-1 of the image.
static FX__KERNEL void work_strip(plan *p, const uint8_t *pixels, int x0, int n, float *cells) {
    int phase, first = cell_before(p, x0, &phase);
    int cell_count = cell_before(p, x0 + n - 1, &phase) - first + 2;
    size_t columns_bytes = sizeof(float) * (size_t)n * (size_t)p->slots;
    size_t band_bytes = sizeof(float) * (size_t)cell_count * (size_t)p->slots;
    int rows = p->cells_y * p->size;
    p->stride = n + 2;
    p->block = p->stride < BLOCK ? BLOCK / p->stride : 1;
    memset(p->above, 0, band_bytes);
    for (int y = 0; y < rows;) {
        int phase_y, cy = cell_before(p, y, &phase_y);
        int end = y + p->size - phase_y < rows ? y + p->size - phase_y : rows;
        memset(p->columns, 0, columns_bytes);
        for (int count; y < end; y += count, phase_y += count) {
            count = end - y < p->block ? end - y : p->block;
            for (int k = y > 0 ? 1 : -1; k <= count; k++) read_row(p, pixels, x0, n, y + k, k + 1);
            vote_block(p, count);
            for (int k = 0; k < count; k++) gather_row(p, k, n, p->fraction[phase_y + k]);
            keep_rows(p, count);
        }
        memset(p->band, 0, band_bytes);
        sum_band(p, x0, n, first);
        if (cy >= 0) add_cells(p, cy, first, cell_count, cells);
        float *done = p->above;
        p->above = p->band;
        p->band = done;
    }
}

void fx__hog_cells(const fx_hog_params *params, const fx_image *image, float *cells,
                   float *scratch) {
    plan p;
    make_plan(params, scratch, &p);
    p.width = image->width;
    p.height = image->height;
    p.channels = image->channels;
    p.cells_x = image->width / p.size;
    p.cells_y = image->height / p.size;
    // From a center to the next there are `size` pixels; an even size puts centers between pixels.
    for (int i = 0; i < p.size; i++)
        p.fraction[i] =
            p.interpolation ? (float)(2 * i + 1 - p.size % 2) / (float)(2 * p.size) : 0.0f;
    memset(cells, 0, sizeof *cells * (size_t)p.cells_x * (size_t)p.cells_y * (size_t)p.bins);
    int columns = p.cells_x * p.size;
    for (int x0 = 0; x0 < columns; x0 += p.strip) {
        int n = columns - x0 < p.strip ? columns - x0 : p.strip;
        work_strip(&p, image->pixels, x0, n, cells);
    }
}
