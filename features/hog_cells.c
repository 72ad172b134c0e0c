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
// in the nearest cache. Angles come from a polynomial (below) that is exact at multiples of 45°.
#include "features/hog_cells.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "src/base/kernel.h"

enum {
    MARGIN = 16,         // floats before a plane: one is used, the others keep it aligned
    STRIP_MIN = 16,      // columns
    STRIP_MAX = 256,     // columns
    STRIP_FLOATS = 6144, // of the column histograms of a strip
    SLOTS_MAX = 2 * 66 + 4,
};

typedef float float4 __attribute__((vector_size(16)));

#define INLINE static inline __attribute__((always_inline))

INLINE float4 load4(const float *p) {
    float4 v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void store4(float *p, float4 v) {
    memcpy(p, &v, sizeof v);
}

// What stays the same for all rows of an image, and where things lie in the scratch.
typedef struct plan {
    int width, height, channels;
    int size, bins, cells_x, cells_y;
    bool interpolation, signed_gradients, reflect;
    int slots;       // floats of a column's histogram: (bin, upper or lower cell) pairs, or bins
    int strip;       // columns
    size_t plane;    // floats of a plane of a row
    float *rows;     // [3, channels, plane]: rows y-1, y, y+1, as floats, at index y % 3
    float *dx, *dy;  // [strip]
    int32_t *slot;   // [strip] offset of a pixel's first vote in `columns`
    float *low;      // [strip] votes for the lower bin
    float *high;     // [strip] votes for the next bin
    float *columns;  // [strip, slots]
    float *fraction; // [size] of a vote that goes to the next cell, by the pixel's phase
    float *above;    // [strip cells, slots] the band before
    float *band;     // [strip cells, slots] this band
} plan;

static int slots_of(const fx_hog_params *params) {
    // Interpolated: bins -1 … orientations, each for the upper and the lower cell; the first and
    // the last are folded into their places on the circle at the end of a band.
    int slots = params->interpolation ? 2 * (params->orientations + 2) : params->orientations;
    return (slots + 3) / 4 * 4;
}

static int strip_of(const fx_hog_params *params) {
    int strip = STRIP_FLOATS / slots_of(params) / 16 * 16;
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
    p->strip = strip_of(params);
    size_t strip = (size_t)p->strip, cells = strip / (size_t)p->size + 3;
    p->plane = strip + 2 * MARGIN;
    p->rows = place(scratch, &used, 3 * 3 * p->plane);
    p->dx = place(scratch, &used, strip);
    p->dy = place(scratch, &used, strip);
    p->slot = (int32_t *)(void *)place(scratch, &used, strip);
    p->low = place(scratch, &used, strip);
    p->high = place(scratch, &used, strip);
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

// Row y of the image, columns x0-1 … x0+n, as one plane of floats a channel.
INLINE void read_row(const plan *p, const uint8_t *pixels, int x0, int n, int y) {
    float *plane = p->rows + (size_t)(y % 3 * p->channels) * p->plane + MARGIN;
    const uint8_t *row = pixels + (size_t)y * (size_t)p->width * (size_t)p->channels;
    int begin = x0 > 0 ? -1 : 0, end = x0 + n < p->width ? n + 1 : n;
    if (p->channels == 1) {
        for (int i = begin; i < end; i++) plane[i] = row[x0 + i];
    } else {
        float *restrict r = plane, *restrict g = plane + p->plane, *restrict b = g + p->plane;
        const uint8_t *restrict in = row + 3 * (ptrdiff_t)x0;
        for (ptrdiff_t i = begin; i < end; i++) {
            r[i] = in[3 * i];
            g[i] = in[3 * i + 1];
            b[i] = in[3 * i + 2];
        }
    }
    int mirror = p->reflect && p->width > 1;
    for (int c = 0; c < p->channels; c++, plane += p->plane) {
        if (begin == 0) plane[-1] = plane[mirror];
        if (end == n) plane[n] = plane[n - 1 - mirror];
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
    float q = smaller / (larger > 1.0f ? larger : 1.0f), v = q * q;
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

INLINE void gradient_gray(const float *restrict above, const float *restrict row,
                          const float *restrict below, int n, float *restrict dx,
                          float *restrict dy) {
    for (ptrdiff_t i = 0; i < n; i++) {
        dx[i] = row[i + 1] - row[i - 1];
        dy[i] = below[i] - above[i];
    }
}

INLINE void gradient_rgb(const float *restrict above, const float *restrict row,
                         const float *restrict below, size_t plane, int n, float *restrict dx,
                         float *restrict dy) {
    const float *a1 = above + plane, *r1 = row + plane, *b1 = below + plane;
    const float *a2 = a1 + plane, *r2 = r1 + plane, *b2 = b1 + plane;
    for (ptrdiff_t i = 0; i < n; i++) {
        float x0 = row[i + 1] - row[i - 1], y0 = below[i] - above[i];
        float x1 = r1[i + 1] - r1[i - 1], y1 = b1[i] - a1[i];
        float x2 = r2[i + 1] - r2[i - 1], y2 = b2[i] - a2[i];
        float square = x0 * x0 + y0 * y0, other = x1 * x1 + y1 * y1;
        x0 = other > square ? x1 : x0;
        y0 = other > square ? y1 : y0;
        square = other > square ? other : square;
        other = x2 * x2 + y2 * y2;
        dx[i] = other > square ? x2 : x0;
        dy[i] = other > square ? y2 : y0;
    }
}

// The gradients of row y.
INLINE void gradient_row(const plan *p, int y, int n) {
    int mirror = p->reflect && p->height > 1;
    int up = y > 0 ? y - 1 : mirror, down = y + 1 < p->height ? y + 1 : p->height - 1 - mirror;
    size_t row = (size_t)p->channels * p->plane;
    const float *above = p->rows + (size_t)(up % 3) * row + MARGIN;
    const float *below = p->rows + (size_t)(down % 3) * row + MARGIN;
    const float *here = p->rows + (size_t)(y % 3) * row + MARGIN;
    if (p->channels == 1)
        gradient_gray(above, here, below, n, p->dx, p->dy);
    else
        gradient_rgb(above, here, below, p->plane, n, p->dx, p->dy);
}

// The votes of a row: where they go in `columns`, and how much.
INLINE void vote_row(const float *restrict dx, const float *restrict dy, int n, int bins,
                     int32_t slots, bool interpolation, bool signed_gradients,
                     int32_t *restrict slot, float *restrict low, float *restrict high) {
    float bins_per_unit = (float)bins / (signed_gradients ? 8.0f : 4.0f);
    for (int32_t i = 0; i < n; i++) {
        float magnitude = sqrtf(dx[i] * dx[i] + dy[i] * dy[i]);
        float t = angle_of(dx[i], dy[i], signed_gradients) * bins_per_unit;
        if (interpolation) {
            t += 0.5f; // bin b has its center at b + 0.5, and stands in slot b + 1
            int32_t bin = (int32_t)t;
            float next = magnitude * (t - (float)bin);
            slot[i] = i * slots + 2 * bin;
            low[i] = magnitude - next;
            high[i] = next;
        } else {
            slot[i] = i * slots + (int32_t)t;
            low[i] = magnitude;
        }
    }
}

// The kinds of votes, compiled apart.
INLINE void vote_row_of(const plan *p, int n) {
    if (p->interpolation && p->signed_gradients)
        vote_row(p->dx, p->dy, n, p->bins, p->slots, true, true, p->slot, p->low, p->high);
    else if (p->interpolation)
        vote_row(p->dx, p->dy, n, p->bins, p->slots, true, false, p->slot, p->low, p->high);
    else if (p->signed_gradients)
        vote_row(p->dx, p->dy, n, p->bins, p->slots, false, true, p->slot, p->low, p->high);
    else
        vote_row(p->dx, p->dy, n, p->bins, p->slots, false, false, p->slot, p->low, p->high);
}

// Adds the row's votes to the histograms of their columns; `lower` is the share of the lower cell.
INLINE void gather_row(const plan *p, int n, float lower) {
    const int32_t *restrict slot = p->slot;
    const float *restrict low = p->low, *restrict high = p->high;
    float *restrict columns = p->columns;
    if (!p->interpolation) {
        for (int i = 0; i < n; i++) columns[slot[i]] += low[i];
        return;
    }
    float upper = 1.0f - lower;
    float4 share = {upper, lower, upper, lower};
    for (int i = 0; i < n; i++) {
        float *at = columns + slot[i];
        float4 vote = {low[i], low[i], high[i], high[i]};
        store4(at, load4(at) + share * vote);
    }
}

// Cells
// -------------------------------------------------------------------------------------------

// left += Σ (1 - fraction)·column and right += Σ fraction·column over n columns.
INLINE void add_columns(const float *restrict columns, int n, int slots,
                        const float *restrict fraction, float *restrict left,
                        float *restrict right) {
    for (int k = 0; k < slots; k += 4) {
        float4 l = load4(left + k), r = load4(right + k);
        const float *at = columns + k;
        for (int i = 0; i < n; i++, at += slots) {
            float4 v = load4(at);
            l += v * (1.0f - fraction[i]);
            r += v * fraction[i];
        }
        store4(left + k, l);
        store4(right + k, r);
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
    int count = cell_before(p, x0 + n - 1, &phase) - first + 2;
    size_t columns_bytes = sizeof(float) * (size_t)n * (size_t)p->slots;
    size_t band_bytes = sizeof(float) * (size_t)count * (size_t)p->slots;
    int rows = p->cells_y * p->size;
    for (int y = 0; y < 2 && y < p->height; y++) read_row(p, pixels, x0, n, y);
    memset(p->above, 0, band_bytes);
    for (int y = 0; y < rows;) {
        int row, cy = cell_before(p, y, &row);
        int end = y + p->size - row < rows ? y + p->size - row : rows;
        memset(p->columns, 0, columns_bytes);
        for (; y < end; y++, row++) {
            if (y > 0 && y + 1 < p->height) read_row(p, pixels, x0, n, y + 1);
            gradient_row(p, y, n);
            vote_row_of(p, n);
            gather_row(p, n, p->fraction[row]);
        }
        memset(p->band, 0, band_bytes);
        sum_band(p, x0, n, first);
        if (cy >= 0) add_cells(p, cy, first, count, cells);
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
