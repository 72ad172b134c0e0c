// Blocks: what makes a cell independent of contrast.
//
// Variant blocks. Block (by, bx) is the cells_per_block² cells from (by, bx)·block_stride on, v =
// all its numbers, ε as hog.epsilon says (featx/hog.h):
//
//   L1       v / (‖v‖₁ + ε)           L2       v / √(‖v‖₂² + ε²)  or  v / (‖v‖₂ + ε)
//   L1-sqrt  √(v / (‖v‖₁ + ε))        L2-Hys   L2, then min(v, 0.2), then L2
//
// Cells are means over their pixels, so the ε of libraries that sum stands divided by the pixels of
// a cell. A block without any gradient stays zero.
//
// Variants cells and uoctti (Felzenszwalb et al. 2010, section 6, as VLFeat has it). With h the
// unsigned histogram of a cell and N = ‖h‖² there, each of the four 2 × 2 blocks around a cell has
// the factor f = 1 / √(ΣN + ε²); beyond the border stands the nearest cell. Variant cells: min(f·h,
// 0.2) for each of the four. Variant uoctti, h being signed and h' unsigned: ½ Σ_f min(f·h, 0.2),
// ½ Σ_f min(f·h', 0.2), and for each f Σ_bins min(f·h', 0.2) / √18.
//
// Method. Blocks are worked on in batches: sums first, then all roots and quotients at once, so
// that none waits for those of its own block.
#include "features/hog_blocks.h"

#include <math.h>
#include <string.h>

#include "src/base/kernel.h"

enum { BATCH = 32 }; // blocks

#define INLINE static inline __attribute__((always_inline))

typedef float float4 __attribute__((vector_size(16)));
typedef float float8 __attribute__((vector_size(32)));
typedef float float16 __attribute__((vector_size(64)));

// Σ v or Σ v² of `count` numbers, in sixteen partial sums whatever the instruction set, of which
// four are left.
INLINE void sum_of(const float *v, size_t count, bool squares, float *quad) {
    float16 sums = {0}, x;
    float4 rest = {0}, y;
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        memcpy(&x, v + i, sizeof x);
        sums += squares ? x * x : x;
    }
    for (; i + 4 <= count; i += 4) {
        memcpy(&y, v + i, sizeof y);
        rest += squares ? y * y : y;
    }
    for (size_t k = 0; i + k < count; k++) rest[k] += squares ? v[i + k] * v[i + k] : v[i + k];
    float8 half = __builtin_shufflevector(sums, sums, 0, 1, 2, 3, 4, 5, 6, 7) +
                  __builtin_shufflevector(sums, sums, 8, 9, 10, 11, 12, 13, 14, 15);
    rest += __builtin_shufflevector(half, half, 0, 1, 2, 3) +
            __builtin_shufflevector(half, half, 4, 5, 6, 7);
    memcpy(quad, &rest, sizeof rest);
}

// ε of the first norm and, for L2-Hys, of the second.
static float epsilon_of(const fx_hog_params *params, size_t count, bool second) {
    float pixels = (float)params->pixels_per_cell * (float)params->pixels_per_cell;
    if (params->epsilon == FX_HOG_EPSILON_OPENCV)
        return second ? 1e-3f : 0.1f * (float)count / pixels;
    return params->epsilon == FX_HOG_EPSILON_SKIMAGE || second ? 1e-5f : 2.55f / pixels;
}

INLINE void invert(float *sums, size_t count, bool l2, bool outside, float epsilon) {
    float square = epsilon * epsilon;
    if (!l2)
        for (size_t i = 0; i < count; i++) sums[i] = 1.0f / (sums[i] + epsilon);
    else if (outside)
        for (size_t i = 0; i < count; i++) sums[i] = 1.0f / (sqrtf(sums[i]) + epsilon);
    else
        for (size_t i = 0; i < count; i++) sums[i] = 1.0f / sqrtf(sums[i] + square);
}

// What is done to a number of a block.
typedef enum step { MULTIPLY, MULTIPLY_CLIP, MULTIPLY_ROOT } step;

INLINE float stepped(step what, float value, float scale) {
    value *= scale;
    if (what == MULTIPLY_ROOT) return sqrtf(value);
    return what == MULTIPLY || value < 0.2f ? value : 0.2f;
}

// By sixteens and fours: blocks are short, and the compiler's own loops are not.
INLINE void apply(step what, float *restrict v, size_t count, float scale) {
    size_t i = 0;
    for (; i + 16 <= count; i += 16)
        for (size_t k = 0; k < 16; k++) v[i + k] = stepped(what, v[i + k], scale);
    for (; i + 4 <= count; i += 4)
        for (size_t k = 0; k < 4; k++) v[i + k] = stepped(what, v[i + k], scale);
    for (; i < count; i++) v[i] = stepped(what, v[i], scale);
}

// Scales from the partial sums of blocks: all roots and quotients at once.
INLINE void make_scales(const fx_hog_params *params, float (*quads)[4], size_t blocks, size_t count,
                        bool second, float *scales) {
    bool l2 = params->block_norm >= FX_HOG_NORM_L2;
    for (size_t b = 0; b < blocks; b++)
        scales[b] = (quads[b][0] + quads[b][2]) + (quads[b][1] + quads[b][3]);
    invert(scales, blocks, l2, params->epsilon == FX_HOG_EPSILON_OPENCV,
           epsilon_of(params, count, second));
}

// At most BATCH blocks of `count` numbers, in place.
INLINE void normalize(const fx_hog_params *params, float *first, size_t blocks, size_t count) {
    float quads[BATCH][4], scale[BATCH];
    fx_hog_norm norm = (fx_hog_norm)params->block_norm;
    if (norm == FX_HOG_NORM_NONE) return;
    for (size_t b = 0; b < blocks; b++)
        sum_of(first + b * count, count, norm >= FX_HOG_NORM_L2, quads[b]);
    make_scales(params, quads, blocks, count, false, scale);
    if (norm == FX_HOG_NORM_L1_SQRT)
        for (size_t b = 0; b < blocks; b++)
            apply(MULTIPLY_ROOT, first + b * count, count, scale[b]);
    else if (norm != FX_HOG_NORM_L2_HYS)
        for (size_t b = 0; b < blocks; b++) apply(MULTIPLY, first + b * count, count, scale[b]);
    if (norm != FX_HOG_NORM_L2_HYS) return;
    for (size_t b = 0; b < blocks; b++) {
        apply(MULTIPLY_CLIP, first + b * count, count, scale[b]);
        sum_of(first + b * count, count, true, quads[b]);
    }
    make_scales(params, quads, blocks, count, true, scale);
    for (size_t b = 0; b < blocks; b++) apply(MULTIPLY, first + b * count, count, scale[b]);
}

void fx__hog_normalize(const fx_hog_params *params, float *block, size_t count) {
    normalize(params, block, 1, count);
}

// The side × side cells from `cells` on, in rows `pitch` apart, into their places in a block.
INLINE void copy_block(size_t side, size_t bins, bool columns, const float *cells, size_t pitch,
                       float *block) {
    for (size_t cy = 0; cy < side; cy++, cells += pitch)
        if (!columns)
            memcpy(block + cy * side * bins, cells, sizeof *block * side * bins);
        else
            for (size_t cx = 0; cx < side; cx++)
                memcpy(block + (cx * side + cy) * bins, cells + cx * bins, sizeof *block * bins);
}

// `count` blocks, at most BATCH; `first` and the next ones, in the order of the output.
INLINE void make_blocks(const fx_hog_params *params, const fx__hog_grid *g, size_t first,
                        size_t count, size_t side, size_t bins, bool columns, const float *cells,
                        float *out) {
    size_t pitch = (size_t)g->cells_x * bins, length = side * side * bins;
    size_t right = (size_t)params->block_stride * bins, down = (size_t)params->block_stride * pitch;
    size_t line = (size_t)(columns ? g->blocks_y : g->blocks_x), at = first % line;
    out += first * length;
    if (cells) cells += first / line * (columns ? right : down);
    for (size_t k = 0; cells && k < count; k++, at++) {
        if (at == line) {
            cells += columns ? right : down;
            at = 0;
        }
        copy_block(side, bins, columns, cells + at * (columns ? down : right), pitch,
                   out + k * length);
    }
    normalize(params, out, count, length);
}

FX__KERNEL void fx__hog_blocks(const fx_hog_params *params, const fx__hog_grid *g,
                               const float *cells, float *out) {
    size_t side = (size_t)params->cells_per_block, bins = (size_t)g->bins;
    size_t blocks = (size_t)g->blocks_x * (size_t)g->blocks_y;
    bool columns = params->order == FX_HOG_ORDER_COLUMNS;
    for (size_t first = 0, count; first < blocks; first += count) {
        count = blocks - first < BATCH ? blocks - first : BATCH;
        if (side == 2 && bins == 9 && !columns) // loops of known length
            make_blocks(params, g, first, count, 2, 9, false, cells, out);
        else
            make_blocks(params, g, first, count, side, bins, columns, cells, out);
    }
}

// Cells by their four blocks
// ----------------------------------------------------------------------

size_t fx__hog_factors(const fx__hog_grid *g) {
    return (size_t)g->cells_x * (size_t)g->cells_y +
           (size_t)(g->cells_x + 1) * (size_t)(g->cells_y + 1);
}

static int clamp(int value, int last) {
    return value < 0 ? 0 : value > last ? last : value;
}

// factors[cells_y + 1, cells_x + 1] of the blocks around the upper left corner of each cell, and
// beyond them the cells' N.
INLINE void make_factors(const fx_hog_params *params, const fx__hog_grid *g, const float *cells,
                         float *restrict factors) {
    size_t count = (size_t)g->cells_x * (size_t)g->cells_y;
    int bins = params->orientations;
    float epsilon = epsilon_of(params, 4 * (size_t)bins, false);
    bool outside = params->epsilon == FX_HOG_EPSILON_OPENCV;
    size_t corners = (size_t)(g->cells_x + 1) * (size_t)(g->cells_y + 1);
    float *restrict squares = factors + corners;
    for (size_t i = 0; i < count; i++, cells += g->bins) {
        float sum = 0;
        for (int o = 0; o < bins; o++) {
            float h = g->bins > bins ? cells[o] + cells[o + bins] : cells[o];
            sum += h * h;
        }
        squares[i] = sum;
    }
    float *to = factors;
    for (int y = 0; y <= g->cells_y; y++) {
        const float *above = squares + (size_t)clamp(y - 1, g->cells_y - 1) * (size_t)g->cells_x;
        const float *below = squares + (size_t)clamp(y, g->cells_y - 1) * (size_t)g->cells_x;
        for (int x = 0; x <= g->cells_x; x++) {
            int left = clamp(x - 1, g->cells_x - 1), right = clamp(x, g->cells_x - 1);
            *to++ = above[left] + above[right] + below[left] + below[right];
        }
    }
    invert(factors, corners, true, outside, epsilon);
}

INLINE float clipped(float value) {
    return value < 0.2f ? value : 0.2f;
}

// Half the sum of h by each of the four factors, clipped; `unsign`: of h's two halves together.
INLINE void average(const float *restrict h, bool unsign, int count, const float f[4],
                    float *restrict out) {
    for (int o = 0; o < count; o++) {
        float v = unsign ? h[o] + h[o + count] : h[o];
        out[o] =
            0.5f * (clipped(f[0] * v) + clipped(f[1] * v) + clipped(f[2] * v) + clipped(f[3] * v));
    }
}

FX__KERNEL void fx__hog_block_cells(const fx_hog_params *params, const fx__hog_grid *g,
                                    const float *cells, float *factors, float *out) {
    int bins = params->orientations;
    make_factors(params, g, cells, factors);
    for (int y = 0; y < g->cells_y; y++)
        for (int x = 0; x < g->cells_x; x++, cells += g->bins) {
            const float *up = factors + (size_t)y * (size_t)(g->cells_x + 1) + (size_t)x;
            const float *down = up + g->cells_x + 1;
            const float f[4] = {up[0], up[1], down[0], down[1]};
            if (params->variant == FX_HOG_CELLS) {
                for (int k = 0; k < 4; k++, out += bins)
                    for (int o = 0; o < bins; o++) out[o] = clipped(f[k] * cells[o]);
                continue;
            }
            average(cells, false, 2 * bins, f, out);
            average(cells, true, bins, f, out + 2 * bins);
            out += 3 * bins;
            for (int k = 0; k < 4; k++) {
                float sum = 0;
                for (int o = 0; o < bins; o++) sum += clipped(f[k] * (cells[o] + cells[o + bins]));
                *out++ = sum * 0.235702260f; // 1/√18
            }
        }
}
