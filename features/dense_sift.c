// Dense SIFT, and blocks of HoG cells, of patches of n × n cells of c pixels with O orientations.
//
//   gray:     as fx_image_convert makes it
//   gradient: (g(x+1) - g(x-1)) / 2, one-sided at the border of the image
//   votes:    the gradient's magnitude, shared linearly between the two nearest orientations; bin b
//             is centered at b · 360°/O (half: modulo 180°, b · 180°/O), measured from +x toward +y
//             (down)
//   cells:    Σ votes · (1 - |Δx|/c)⁺ · (1 - |Δy|/c)⁺ · G around the pixel ⌊c/2⌋ + c·k of the
//   patch,
//             k = 0 … n - 1: bilinear interpolation. Votes of pixels outside the image are those of
//             the nearest border pixel
//   window G: none: 1. gaussian: exp(-r²/2σ²), r from the middle of the cells' centers, σ =
//             window_size · c. flat: the mean of that along both axes over the 2c - 1 pixels of the
//             cell, so one number a cell
//   norm:     v / |v|, clipped at 0.2, v / |v| again. A patch without gradients gives zeros
//   order:    [cell y, cell x, orientation]
//
// Sources: Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 60(2), 2004,
// section 6; the windows are those of VLFeat's vl_dsift; L2-Hys of blocks: Dalal & Triggs, CVPR
// 2005. Departures from Lowe: no dominant orientation, cells are centered on whole pixels. From
// Dalal & Triggs: votes from beyond the block, gradients of gray.
//
// Votes of a rectangle of patches are made once, [y, x, orientation], with orientations filled up
// to whole vectors of 8: both sums (over columns, then along a row) take a pixel as one vector, and
// a sum along a row is made only where a cell lies. Without a Gaussian all cells have one weight
// function, so a cell that several patches share is summed once.
#include "features/dense_sift.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "src/base/kernel.h"

enum {
    LANES = 8,
    SIDE = 16,  // patches of a rectangle
    CELLS = 8,  // a side, at most
    TAPS = 128, // n · (2c - 1), at most
    MOST_VECTORS = (36 + LANES - 1) / LANES,
    UNROLLED = 4,
};

// Eight lanes whatever the instruction set, so that sums have one order.
typedef float float8 __attribute__((vector_size(32)));

#define INLINE static inline __attribute__((always_inline))

static size_t padded(size_t count) {
    return (count + 15) / 16 * 16;
}

static int clamp(int value, int low, int high) {
    return value < low ? low : value > high ? high : value;
}

// What a rectangle of patches needs: votes from c - 1 pixels before the center of the first cell to
// c - 1 after that of the last.
typedef struct plan {
    int x, y, width, height; // pixels of the image; may reach beyond it
    size_t vectors;          // of a pixel
    size_t line;             // floats from one line of gray to the next
    float8 *votes;           // [height, width, vectors]
    float8 *sums;            // [width, vectors] of a row of cells
    float *gray;             // [height + 2, line]
    float *dx, *dy;          // [line], as all that follow
    float *low, *high;       // share of the lower and the upper bin
    int32_t *bin, *next;
} plan;

static float *take(float *memory, size_t *at, size_t floats) {
    float *taken = memory ? memory + *at : NULL;
    *at += padded(floats);
    return taken;
}

// Lays everything out; returns the floats that it needs.
static size_t prepare(const fx_dense_sift *s, const fx_positions *positions, float *scratch,
                      plan *p) {
    int before = s->cell - 1 - s->cell / 2, side = (s->cells + 1) * s->cell - 1;
    size_t at = 0;
    *p = (plan){.x = positions->x - before,
                .y = positions->y - before,
                .width = (positions->columns - 1) * positions->stride + side,
                .height = (positions->rows - 1) * positions->stride + side,
                .vectors = ((size_t)s->orientations + LANES - 1) / LANES};
    size_t width = (size_t)p->width, height = (size_t)p->height;
    p->line = padded(width + 2); // gray has a pixel more on both sides
    p->votes = (float8 *)(void *)take(scratch, &at, height * width * p->vectors * LANES);
    p->sums = (float8 *)(void *)take(scratch, &at, width * p->vectors * LANES);
    p->gray = take(scratch, &at, (height + 2) * p->line);
    p->dx = take(scratch, &at, p->line);
    p->dy = take(scratch, &at, p->line);
    p->low = take(scratch, &at, p->line);
    p->high = take(scratch, &at, p->line);
    p->bin = (int32_t *)(void *)take(scratch, &at, p->line);
    p->next = (int32_t *)(void *)take(scratch, &at, p->line);
    return at;
}

size_t fx__dense_sift_scratch(const fx_dense_sift *sift, int columns, int rows, int stride) {
    fx_positions largest = {.columns = columns, .rows = rows, .stride = stride};
    plan p;
    return prepare(sift, &largest, NULL, &p);
}

// ---- Votes --------------------------------------------------------------------------------------

FX__KERNEL static void gray_of_gray(const uint8_t *restrict p, size_t count, float *restrict out) {
    for (size_t x = 0; x < count; x++) out[x] = (float)p[x];
}

FX__KERNEL static void gray_of_color(const uint8_t *restrict p, size_t count, float *restrict out) {
    for (size_t x = 0; x < count; x++) {
        int luma = (299 * p[3 * x] + 587 * p[3 * x + 1] + 114 * p[3 * x + 2] + 500) / 1000;
        out[x] = (float)luma;
    }
}

// Gray of pixels begin … end-1 of line y.
static void gray_line(const fx_image *image, int y, int begin, int end, float *out) {
    size_t first = (size_t)y * (size_t)image->width + (size_t)begin, count = (size_t)(end - begin);
    if (image->channels == 1)
        gray_of_gray(image->pixels + first, count, out);
    else
        gray_of_color(image->pixels + 3 * first, count, out);
}

// Gradients of `count` pixels of a line, of which here[-1] and here[count] are gray values too.
FX__KERNEL static void gradient(const float *restrict above, const float *restrict here,
                                const float *restrict below, size_t count, float scale_y,
                                float *restrict dx, float *restrict dy) {
    for (size_t x = 0; x < count; x++) {
        dx[x] = (here[x + 1] - here[(ptrdiff_t)x - 1]) * 0.5f;
        dy[x] = (below[x] - above[x]) * scale_y;
    }
}

// Votes of gradients: the lower and the next bin and their shares of the magnitude. `turn` is 8 or,
// of half, 4 eighths of a turn; `bins` of them are `scale` · turn.
//
// The angle is atan(r) / 45°, mirrored into its octant, with r ≤ 1 the smaller by the larger side.
// The polynomial is the minimax fit of it that is exact at 0 and 1, off by 4e-7.
FX__KERNEL static void shares(const float *restrict dx, const float *restrict dy, size_t count,
                              float turn, float scale, int32_t bins, float *restrict low,
                              float *restrict high, int32_t *restrict bin, int32_t *restrict next) {
    for (size_t x = 0; x < count; x++) {
        float ax = fabsf(dx[x]), ay = fabsf(dy[x]);
        float larger = ax > ay ? ax : ay, smaller = ax > ay ? ay : ax;
        float r = smaller / (larger > 0 ? larger : 1), s = r * r;
        float angle = 0.00848296f;
        angle = angle * s - 0.04221986f;
        angle = angle * s + 0.10073708f;
        angle = angle * s - 0.16814588f;
        angle = angle * s + 0.25211161f;
        angle = angle * s - 0.42420021f;
        angle = angle * s + 1.2732343f;
        angle *= r;
        angle = ay > ax ? 2 - angle : angle;
        angle = dx[x] < 0 ? 4 - angle : angle;
        angle = dy[x] < 0 ? 8 - angle : angle;
        angle = (angle > turn ? angle - turn : angle) * scale;
        float magnitude = sqrtf(dx[x] * dx[x] + dy[x] * dy[x]);
        int32_t lower = (int32_t)angle;
        float from = (float)lower;
        low[x] = (1 - (angle - from)) * magnitude;
        high[x] = (1 - (from + 1 - angle)) * magnitude;
        lower = lower >= bins ? lower - bins : lower;
        bin[x] = lower;
        next[x] = lower + 1 < bins ? lower + 1 : 0;
    }
}

static void scatter(const plan *p, size_t count, float8 *votes) {
    size_t lanes = p->vectors * LANES;
    float *pixel = (float *)votes;
    memset(pixel, 0, count * lanes * sizeof *pixel);
    for (size_t x = 0; x < count; x++, pixel += lanes) {
        pixel[p->bin[x]] = p->low[x];
        pixel[p->next[x]] = p->high[x];
    }
}

static void repeat(float8 *votes, size_t vectors, const float8 *pixel, size_t count) {
    for (size_t x = 0; x < count; x++) memcpy(votes + x * vectors, pixel, vectors * sizeof *votes);
}

// Fills the votes of the rectangle.
static void make_votes(const fx_dense_sift *s, const fx_image *image, const plan *p) {
    int left = clamp(p->x, 0, image->width), right = clamp(p->x + p->width, 0, image->width);
    int top = clamp(p->y, 0, image->height), bottom = clamp(p->y + p->height, 0, image->height);
    size_t count = (size_t)(right - left), before = (size_t)(left - p->x);
    size_t after = (size_t)p->width - before - count, line = (size_t)p->width * p->vectors;
    float turn = s->half ? 4 : 8, scale = (float)s->orientations / turn;

    int gray_left = clamp(left - 1, 0, left), gray_right = clamp(right + 1, right, image->width);
    int gray_top = clamp(top - 1, 0, top), gray_bottom = clamp(bottom + 1, bottom, image->height);
    for (int y = gray_top; y < gray_bottom; y++)
        gray_line(image, y, gray_left, gray_right,
                  p->gray + (size_t)(y - gray_top) * p->line + (gray_left < left ? 0 : 1));

    for (int y = top; y < bottom; y++) {
        int y0 = clamp(y - 1, 0, y), y1 = clamp(y + 1, y, image->height - 1);
        const float *above = p->gray + (size_t)(y0 - gray_top) * p->line + 1;
        const float *here = p->gray + (size_t)(y - gray_top) * p->line + 1;
        const float *below = p->gray + (size_t)(y1 - gray_top) * p->line + 1;
        gradient(above, here, below, count, y1 - y0 == 2 ? 0.5f : 1.0f, p->dx, p->dy);
        if (left == 0) p->dx[0] = here[1] - here[0];
        if (right == image->width) p->dx[count - 1] = here[count - 1] - here[(ptrdiff_t)count - 2];
        shares(p->dx, p->dy, count, turn, scale, s->orientations, p->low, p->high, p->bin, p->next);
        float8 *first = p->votes + (size_t)(y - p->y) * line;
        float8 *inside = first + before * p->vectors, *beyond = inside + count * p->vectors;
        scatter(p, count, inside);
        repeat(first, p->vectors, inside, before);
        repeat(beyond, p->vectors, beyond - p->vectors, after);
    }
    for (int y = 0; y < p->height; y++) {
        int nearest = clamp(p->y + y, top, bottom - 1) - p->y;
        if (nearest != y)
            memcpy(p->votes + (size_t)y * line, p->votes + (size_t)nearest * line,
                   line * sizeof *p->votes);
    }
}

// ---- Cells --------------------------------------------------------------------------------------

// out[i] = Σ weights[|t|] · in[i + t · step] over |t| < taps.
FX__KERNEL static void even_sum(const float8 *restrict in, ptrdiff_t step, int taps,
                                const float *restrict weights, size_t count, float8 *restrict out) {
    size_t i = 0;
    for (; i + UNROLLED <= count; i += UNROLLED) {
        const float8 *before = in + i, *after = in + i;
        float8 sum[UNROLLED];
        for (int u = 0; u < UNROLLED; u++) sum[u] = before[u];
        for (int t = 1; t < taps; t++) {
            before -= step;
            after += step;
            for (int u = 0; u < UNROLLED; u++) sum[u] += weights[t] * (before[u] + after[u]);
        }
        for (int u = 0; u < UNROLLED; u++) out[i + (size_t)u] = sum[u];
    }
    for (; i < count; i++) {
        float8 sum = in[i];
        for (int t = 1; t < taps; t++)
            sum += weights[t] * (in[(ptrdiff_t)i - t * step] + in[(ptrdiff_t)i + t * step]);
        out[i] = sum;
    }
}

// out[i] = Σ weights[t] · in[i + t · step], t = 0 … taps - 1.
FX__KERNEL static void weighted_sum(const float8 *restrict in, ptrdiff_t step, int taps,
                                    const float *restrict weights, size_t count,
                                    float8 *restrict out) {
    size_t i = 0;
    for (; i + UNROLLED <= count; i += UNROLLED) {
        const float8 *at = in + i;
        float8 sum[UNROLLED];
        for (int u = 0; u < UNROLLED; u++) sum[u] = weights[0] * at[u];
        for (int t = 1; t < taps; t++) {
            at += step;
            for (int u = 0; u < UNROLLED; u++) sum[u] += weights[t] * at[u];
        }
        for (int u = 0; u < UNROLLED; u++) out[i + (size_t)u] = sum[u];
    }
    for (; i < count; i++) {
        float8 sum = weights[0] * in[i];
        for (int t = 1; t < taps; t++) sum += weights[t] * in[(ptrdiff_t)i + t * step];
        out[i] = sum;
    }
}

// Weight functions of the cells along one axis.
typedef struct kernels {
    float triangle[TAPS]; // [c] of |Δ|
    float cell[CELLS];    // of a whole cell
    float windowed[TAPS]; // [n, 2c - 1]: triangle times Gaussian
} kernels;

static void make_kernels(const fx_dense_sift *s, kernels *k) {
    int c = s->cell;
    double sigma = (double)s->window_size * c;
    for (int t = 0; t < c; t++) k->triangle[t] = (float)(c - t) / (float)c;
    for (int cell = 0; cell < s->cells; cell++) {
        double center = c * (cell - 0.5 * (s->cells - 1)), sum = 0;
        for (int t = 1 - c; t < c; t++) {
            double z = (center + t) / sigma, window = exp(-0.5 * z * z);
            sum += window;
            k->windowed[cell * (2 * c - 1) + t + c - 1] =
                (float)((double)(c - (t < 0 ? -t : t)) / c * window);
        }
        k->cell[cell] = s->window == FX_BOVW_WINDOW_FLAT ? (float)(sum / (2 * c - 1)) : 1;
    }
}

// Where cells of some patches are centered along one axis, and which cells of which patches.
typedef struct center {
    int offset, count; // from the first of all
    struct {
        int patch, cell;
    } uses[CELLS];
} center;

// Fills centers[≤ SIDE · CELLS] in ascending order; returns how many.
static int make_centers(const fx_dense_sift *s, int patches, int stride, center *centers) {
    int count = 0, last = (patches - 1) * stride + (s->cells - 1) * s->cell;
    for (int offset = 0; offset <= last; offset++) {
        center *c = &centers[count];
        *c = (center){.offset = offset};
        for (int cell = 0; cell < s->cells; cell++) {
            int of_patch = offset - cell * s->cell;
            if (of_patch < 0 || of_patch % stride != 0 || of_patch / stride >= patches) continue;
            c->uses[c->count].patch = of_patch / stride;
            c->uses[c->count++].cell = cell;
        }
        if (c->count > 0) count++;
    }
    return count;
}

INLINE void put(const float8 *restrict sum, float weight, size_t orientations,
                float *restrict out) {
    if (orientations == LANES) {
        float8 weighted = weight * *sum;
        memcpy(out, &weighted, sizeof weighted);
    } else {
        const float *of = (const float *)sum;
        for (size_t bin = 0; bin < orientations; bin++) out[bin] = weight * of[bin];
    }
}

// All cells have one weight function.
FX__KERNEL static void even_row(const fx_dense_sift *s, const plan *p, const kernels *k,
                                const center *y, const center *centers, int count, size_t columns,
                                float *restrict out) {
    size_t n = (size_t)s->cells, bins = (size_t)s->orientations, length = n * n * bins;
    ptrdiff_t vectors = (ptrdiff_t)p->vectors;
    for (int i = 0; i < count; i++) {
        const center *x = &centers[i];
        const float8 *at = p->sums + (x->offset + s->cell - 1) * vectors;
        float8 sum[MOST_VECTORS] = {0};
        for (ptrdiff_t v = 0; v < vectors; v++) {
            float8 of = at[v];
            for (int t = 1; t < s->cell; t++)
                of += k->triangle[t] * (at[v - t * vectors] + at[v + t * vectors]);
            sum[v] = of;
        }
        for (int a = 0; a < y->count; a++) {
            size_t cell_y = (size_t)y->uses[a].cell;
            float *row = out + (size_t)y->uses[a].patch * columns * length + cell_y * n * bins;
            for (int b = 0; b < x->count; b++) {
                size_t cell_x = (size_t)x->uses[b].cell;
                put(sum, k->cell[cell_y] * k->cell[cell_x], bins,
                    row + (size_t)x->uses[b].patch * length + cell_x * bins);
            }
        }
    }
}

static void even_cells(const fx_dense_sift *s, const fx_positions *positions, const plan *p,
                       const kernels *k, float *out) {
    center down[SIDE * CELLS], across[SIDE * CELLS];
    int rows = make_centers(s, positions->rows, positions->stride, down);
    int columns = make_centers(s, positions->columns, positions->stride, across);
    size_t line = (size_t)p->width * p->vectors;
    for (int i = 0; i < rows; i++) {
        even_sum(p->votes + (size_t)(down[i].offset + s->cell - 1) * line, (ptrdiff_t)line, s->cell,
                 k->triangle, line, p->sums);
        even_row(s, p, k, &down[i], across, columns, (size_t)positions->columns, out);
    }
}

// Each cell has its own.
FX__KERNEL static void windowed_row(const fx_dense_sift *s, const plan *p, const kernels *k,
                                    size_t columns, size_t stride, float *restrict out) {
    size_t n = (size_t)s->cells, bins = (size_t)s->orientations, length = n * n * bins;
    size_t taps = 2 * (size_t)s->cell - 1, cell = (size_t)s->cell, vectors = p->vectors;
    for (size_t column = 0; column < columns; column++)
        for (size_t x = 0; x < n; x++) {
            const float8 *at = p->sums + (column * stride + x * cell) * vectors;
            const float *weights = k->windowed + x * taps;
            float8 sum[MOST_VECTORS] = {0};
            for (size_t v = 0; v < vectors; v++) {
                float8 of = weights[0] * at[v];
                for (size_t t = 1; t < taps; t++) of += weights[t] * at[v + t * vectors];
                sum[v] = of;
            }
            put(sum, 1, bins, out + column * length + x * bins);
        }
}

static void windowed_cells(const fx_dense_sift *s, const fx_positions *positions, const plan *p,
                           const kernels *k, float *out) {
    size_t n = (size_t)s->cells, bins = (size_t)s->orientations, cell = (size_t)s->cell;
    size_t columns = (size_t)positions->columns, stride = (size_t)positions->stride;
    size_t taps = 2 * cell - 1, line = (size_t)p->width * p->vectors;
    for (size_t row = 0; row < (size_t)positions->rows; row++)
        for (size_t y = 0; y < n; y++) {
            weighted_sum(p->votes + (row * stride + y * cell) * line, (ptrdiff_t)line, (int)taps,
                         k->windowed + y * taps, line, p->sums);
            windowed_row(s, p, k, columns, stride,
                         out + row * columns * n * n * bins + y * n * bins);
        }
}

// ---- Norm ---------------------------------------------------------------------------------------

// Partial sums in double, so that additions do not wait for each other.
INLINE double squares(const float *v, size_t length) {
    double lanes[LANES] = {0}, sum = 0;
    size_t i = 0;
    for (; i + LANES <= length; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            lanes[lane] += (double)v[i + lane] * v[i + lane];
    for (; i < length; i++) sum += (double)v[i] * v[i];
    for (size_t lane = 0; lane < LANES; lane++) sum += lanes[lane];
    return sum;
}

INLINE void scale_and_clip(float scale, float limit, float *v, size_t length) {
    for (size_t i = 0; i < length; i++) {
        float scaled = v[i] * scale;
        v[i] = scaled < limit ? scaled : limit;
    }
}

FX__KERNEL static void normalize(float *v, size_t count, size_t length) {
    for (; count > 0; count--, v += length) {
        double sum = squares(v, length);
        if (!(sum > 0)) continue;
        scale_and_clip((float)(1 / sqrt(sum)), 0.2f, v, length);
        scale_and_clip((float)(1 / sqrt(squares(v, length))), 1, v, length);
    }
}

void fx__dense_sift_extract(const fx_dense_sift *sift, const fx_image *image,
                            const fx_positions *positions, float *scratch, float *out) {
    plan p;
    kernels k;
    prepare(sift, positions, scratch, &p);
    make_kernels(sift, &k);
    make_votes(sift, image, &p);
    if (sift->window == FX_BOVW_WINDOW_GAUSSIAN)
        windowed_cells(sift, positions, &p, &k, out);
    else
        even_cells(sift, positions, &p, &k, out);
    normalize(out, (size_t)positions->rows * (size_t)positions->columns,
              (size_t)sift->cells * (size_t)sift->cells * (size_t)sift->orientations);
}
