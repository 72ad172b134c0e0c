// Local descriptors on a dense grid: patches (patches.c) and SIFT.
//
// SIFT of a patch of 4c × 4c pixels: 4 × 4 cells of c pixels, 8 orientations of 45° each.
//   gray:     as fx_image_convert makes it
//   gradient: (g(x+1) - g(x-1)) / 2, one-sided at the border of the image
//   votes:    the gradient's magnitude, shared linearly between the two nearest orientations; bin b
//             is centered at 45°·b, measured from +x toward +y (down)
//   cells:    Σ votes · (1 - |Δx|/c)⁺ · (1 - |Δy|/c)⁺ around the pixel ⌊c/2⌋ + c·k of the patch,
//             k = 0 … 3: bilinear interpolation. Votes of pixels outside the image are those of the
//             nearest border pixel
//   norm:     v / |v|, clipped at 0.2, v / |v| again. A patch without gradients gives zeros
//   order:    [cell y, cell x, orientation]
// Departures from Lowe: the window is flat (no Gaussian), there is no dominant orientation, cells
// are centered on whole pixels.
//
// Votes of a rectangle of patches are made once, one plane an orientation; the double sum is done
// by columns and then by rows.
#include "features/local_descriptors.h"

#include <math.h>
#include <string.h>

#include "features/nearest.h"
#include "src/base/kernel.h"

enum {
    ORIENTATIONS = 8,
    CELLS = 4, // a side
    SIFT_LENGTH = CELLS * CELLS * ORIENTATIONS,
    SPAN = 96, // pixels that a rectangle of more than one patch spans at most
    SIDE = 16, // positions
};

size_t fx__local_length(const fx_bovw_params *params, int channels) {
    if (params->local == FX_BOVW_SIFT) return SIFT_LENGTH;
    return (size_t)params->patch * (size_t)params->patch * (size_t)channels;
}

int fx__local_side(const fx_bovw_params *params) {
    if (params->patch >= SPAN) return 1;
    int side = (SPAN - params->patch) / params->stride + 1;
    return side < SIDE ? side : SIDE;
}

static size_t padded(size_t count) {
    return (count + 15) / 16 * 16;
}

// What SIFT of a rectangle of patches needs: votes from c - 1 pixels before the center of the first
// cell to c - 1 after that of the last.
typedef struct window {
    int x, y, width, height; // pixels of the image; may reach beyond it
    size_t line;             // floats from one line of a plane to the next
} window;

static window sift_window(const fx_positions *positions, int cell) {
    int before = cell - 1 - cell / 2, side = 5 * cell - 1;
    window w = {.x = positions->x - before,
                .y = positions->y - before,
                .width = (positions->columns - 1) * positions->stride + side,
                .height = (positions->rows - 1) * positions->stride + side};
    w.line = padded((size_t)w.width + 2); // gray has a pixel more on both sides
    return w;
}

// Votes [height, 8, line]; gray [height + 2, line], reused for the sums by columns and by rows,
// [8, line] each; gradients, two lines.
static size_t sift_scratch(const window *w) {
    size_t gray = (size_t)w->height + 2, sums = 2 * (size_t)ORIENTATIONS;
    return w->line * ((size_t)w->height * (size_t)ORIENTATIONS + (gray > sums ? gray : sums) + 2);
}

size_t fx__local_scratch(const fx_bovw_params *params, int channels) {
    int side = fx__local_side(params);
    if (params->local == FX_BOVW_PATCH)
        return fx__patches_scratch((side - 1) * params->stride + params->patch, channels);
    fx_positions largest = {.columns = side, .rows = side, .stride = params->stride};
    window w = sift_window(&largest, params->patch / CELLS);
    return sift_scratch(&w);
}

static int clamp(int value, int low, int high) {
    return value < low ? low : value > high ? high : value;
}

// Gray of pixels begin … end-1 of line y.
static void gray_line(const fx_image *image, int y, int begin, int end, float *out) {
    size_t channels = (size_t)image->channels;
    const uint8_t *p =
        image->pixels + ((size_t)y * (size_t)image->width + (size_t)begin) * channels;
    for (int x = begin; x < end; x++, p += channels) {
        int luma = channels == 1 ? p[0] : (299 * p[0] + 587 * p[1] + 114 * p[2] + 500) / 1000;
        *out++ = (float)luma;
    }
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

// Gradients become their angle in units of 45°, 0 … 8, and their magnitude.
//
// The angle is atan(r) / 45°, mirrored into its octant, with r ≤ 1 the smaller by the larger side.
// The polynomial is the minimax fit of it that is exact at 0 and 1, off by 4e-7.
FX__KERNEL static void to_polar(float *restrict dx, float *restrict dy, size_t count) {
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
        float magnitude = sqrtf(dx[x] * dx[x] + dy[x] * dy[x]);
        dx[x] = angle;
        dy[x] = magnitude;
    }
}

// Votes of `count` pixels for one orientation.
FX__KERNEL static void vote(const float *restrict angle, const float *restrict magnitude,
                            size_t count, float orientation, float *restrict plane) {
    for (size_t x = 0; x < count; x++) {
        float apart = fabsf(angle[x] - orientation);
        apart = apart > 4 ? 8 - apart : apart;
        float share = 1 - apart;
        plane[x] = share > 0 ? share * magnitude[x] : 0;
    }
}

// Fills votes[height, 8, line] of the window.
static void make_votes(const fx_image *image, const window *w, float *scratch, float *votes) {
    int left = clamp(w->x, 0, image->width), right = clamp(w->x + w->width, 0, image->width);
    int top = clamp(w->y, 0, image->height), bottom = clamp(w->y + w->height, 0, image->height);
    size_t count = (size_t)(right - left), before = (size_t)(left - w->x);
    size_t plane_line = ORIENTATIONS * w->line;
    float *gray = scratch, *dx = gray + ((size_t)w->height + 2) * w->line, *dy = dx + w->line;

    int gray_left = clamp(left - 1, 0, left), gray_right = clamp(right + 1, right, image->width);
    int gray_top = clamp(top - 1, 0, top), gray_bottom = clamp(bottom + 1, bottom, image->height);
    for (int y = gray_top; y < gray_bottom; y++)
        gray_line(image, y, gray_left, gray_right,
                  gray + (size_t)(y - gray_top) * w->line + (gray_left < left ? 0 : 1));

    for (int y = top; y < bottom; y++) {
        int y0 = clamp(y - 1, 0, y), y1 = clamp(y + 1, y, image->height - 1);
        const float *above = gray + (size_t)(y0 - gray_top) * w->line + 1;
        const float *here = gray + (size_t)(y - gray_top) * w->line + 1;
        const float *below = gray + (size_t)(y1 - gray_top) * w->line + 1;
        gradient(above, here, below, count, y1 - y0 == 2 ? 0.5f : 1.0f, dx, dy);
        if (left == 0) dx[0] = here[1] - here[0];
        if (right == image->width) dx[count - 1] = here[count - 1] - here[(ptrdiff_t)count - 2];
        to_polar(dx, dy, count);
        float *planes = votes + (size_t)(y - w->y) * plane_line;
        for (size_t bin = 0; bin < ORIENTATIONS; bin++) {
            float *plane = planes + bin * w->line;
            vote(dx, dy, count, (float)bin, plane + before);
            for (size_t x = 0; x < before; x++) plane[x] = plane[before];
            for (size_t x = before + count; x < w->line; x++) plane[x] = plane[before + count - 1];
        }
    }
    for (int y = 0; y < w->height; y++) {
        int nearest = clamp(w->y + y, top, bottom - 1) - w->y;
        if (nearest != y)
            memcpy(votes + (size_t)y * plane_line, votes + (size_t)nearest * plane_line,
                   plane_line * sizeof *votes);
    }
}

// out[i] = Σ (1 - |t| / c) · in[i + t · step] over |t| < c.
FX__KERNEL static void triangle_sum(const float *restrict in, ptrdiff_t step, int cell,
                                    size_t count, float *restrict out) {
    for (size_t i = 0; i < count; i++) out[i] = in[i];
    for (int t = 1; t < cell; t++) {
        float weight = (float)(cell - t) / (float)cell;
        const float *before = in - t * step, *after = in + t * step;
        for (size_t i = 0; i < count; i++) out[i] += weight * (before[i] + after[i]);
    }
}

FX__KERNEL static void scale_and_clip(float scale, float limit, float *restrict v) {
    for (int i = 0; i < SIFT_LENGTH; i++) {
        float scaled = v[i] * scale;
        v[i] = scaled < limit ? scaled : limit;
    }
}

static void normalize(float *v) {
    double squares = fx__dot(v, v, SIFT_LENGTH);
    if (!(squares > 0)) return;
    scale_and_clip((float)(1 / sqrt(squares)), 0.2f, v);
    scale_and_clip((float)(1 / sqrt(fx__dot(v, v, SIFT_LENGTH))), 1, v);
}

static void sift_extract(const fx_image *image, const fx_positions *positions, int cell,
                         float *scratch, float *out) {
    window w = sift_window(positions, cell);
    float *votes = scratch, *rest = votes + (size_t)w.height * ORIENTATIONS * w.line;
    make_votes(image, &w, rest, votes);

    size_t stride = (size_t)positions->stride, reach = (size_t)cell - 1, c = (size_t)cell;
    size_t count = ORIENTATIONS * w.line, columns = (size_t)positions->columns;
    float *by_columns = rest, *sums = rest + count;
    for (size_t row = 0; row < (size_t)positions->rows; row++) {
        float *descriptors = out + row * columns * SIFT_LENGTH;
        for (size_t ky = 0; ky < CELLS; ky++) {
            triangle_sum(votes + (row * stride + reach + ky * c) * count, (ptrdiff_t)count, cell,
                         count, by_columns);
            triangle_sum(by_columns + reach, 1, cell, count - 2 * reach, sums + reach);
            for (size_t column = 0; column < columns; column++) {
                float *v = descriptors + column * SIFT_LENGTH + ky * CELLS * ORIENTATIONS;
                for (size_t kx = 0; kx < CELLS; kx++)
                    for (size_t bin = 0; bin < ORIENTATIONS; bin++)
                        *v++ = sums[bin * w.line + column * stride + reach + kx * c];
            }
        }
        for (size_t column = 0; column < columns; column++)
            normalize(descriptors + column * SIFT_LENGTH);
    }
}

void fx__local_extract(const fx_bovw_params *params, const fx_image *image,
                       const fx_positions *positions, float *scratch, float *out) {
    if (params->local == FX_BOVW_SIFT)
        sift_extract(image, positions, params->patch / CELLS, scratch, out);
    else
        fx__patches_extract(image, positions, params->patch, params->contrast, scratch, out);
}
