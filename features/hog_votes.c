// Votes: from pixels to bins.
//
// For each pixel, of the channel with the largest gradient (of equals the first) or of the luma,
//
//   dx = p(x+1, y) - p(x-1, y)    dy = p(x, y+1) - p(x, y-1)
//   m = √(dx² + dy²)              θ = atan2(dy, dx) modulo 180° (signed: 360°)
//
// p being the pixel or (gamma sqrt) its square root, and beyond the border the nearest or the
// mirrored pixel. In units of bins, t = θ / width, bin b covers [b, b + 1) (first_bin begins) or
// [b - ½, b + ½] (centered). m goes into the bin of t or, interpolated, to the bins whose centers
// are to both sides of t, linearly.
//
// Method. Rows are split into planes of floats; loops then run over as many rows at once as make
// them long. Angles come from a polynomial that is exact at multiples of 45°, so that gradients on
// the edge of two bins (of 8-bit pixels only those can be) have one rule.
#include "features/hog_votes.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "src/base/kernel.h"

enum {
    BLOCK = 640, // pixels of the rows worked on at once, at least one row
    LANES = 16,  // pixels that the widest vector takes
    CHUNK = 16,  // bytes split at once
    ROW_MAX = (FX__HOG_ROW_MAX + 2 + CHUNK - 1) / CHUNK * CHUNK,
    AHEAD = 4, // rows that are fetched before they are needed
};

#define INLINE static inline __attribute__((always_inline))

int fx__hog_bins(const fx_hog_params *params, bool *is_signed) {
    bool both = params->variant == FX_HOG_UOCTTI;
    *is_signed = params->signed_gradients || both;
    return both ? 2 * params->orientations : params->orientations;
}

void fx__hog_votes_create(const fx_hog_params *params, int width, int halves, float *scratch,
                          size_t *used, fx__hog_votes *votes) {
    votes->shift = halves - 1;
    size_t pixels = BLOCK + (size_t)width + 2 + LANES; // of block rows, rounded up
    votes->to_gray = params->gradient == FX_HOG_GRADIENT_GRAY;
    votes->roots = params->gamma == FX_HOG_GAMMA_SQRT;
    votes->mirror = params->border == FX_HOG_BORDER_MIRROR;
    votes->bins = fx__hog_bins(params, &votes->is_signed);
    votes->two = params->interpolation == FX_HOG_INTERPOLATION_BOTH ||
                 params->interpolation == FX_HOG_INTERPOLATION_ORIENTATION;
    votes->centered = params->first_bin == FX_HOG_FIRST_BIN_CENTERED;
    votes->plane = pixels + 2 * ((size_t)width + 2) + CHUNK;
    votes->rows = fx__hog_place(scratch, used, 3 * votes->plane);
    votes->dx = fx__hog_place(scratch, used, pixels);
    votes->dy = fx__hog_place(scratch, used, pixels);
    votes->slot = (int32_t *)(void *)fx__hog_place(scratch, used, pixels);
    votes->votes = fx__hog_place(scratch, used, 2 * pixels);
}

int fx__hog_votes_begin(fx__hog_votes *votes, int n) {
    votes->stride = n + 2;
    return votes->stride < BLOCK ? BLOCK / votes->stride : 1;
}

static int planes_of(const fx__hog_votes *v) {
    return v->to_gray ? 1 : v->image->channels;
}

// Rows
// --------------------------------------------------------------------------------------------

// Sixteen pixels: R, G and B apart.
INLINE void split_16(const uint8_t *restrict in, uint8_t *restrict r, uint8_t *restrict g,
                     uint8_t *restrict b) {
    typedef uint8_t bytes16 __attribute__((vector_size(16)));
    bytes16 x, y, z;
    memcpy(&x, in, 16);
    memcpy(&y, in + 16, 16);
    memcpy(&z, in + 32, 16);
    bytes16 p =
        __builtin_shufflevector(x, y, 0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 0, 0, 0, 0, 0);
    bytes16 q =
        __builtin_shufflevector(x, y, 1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 0, 0, 0, 0, 0);
    bytes16 s =
        __builtin_shufflevector(x, y, 2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 0, 0, 0, 0, 0, 0);
    p = __builtin_shufflevector(p, z, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17, 20, 23, 26, 29);
    q = __builtin_shufflevector(q, z, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 18, 21, 24, 27, 30);
    s = __builtin_shufflevector(s, z, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 19, 22, 25, 28, 31);
    memcpy(r, &p, 16);
    memcpy(g, &q, 16);
    memcpy(b, &s, 16);
}

// In whole chunks: up to CHUNK - 1 floats more than n are written.
INLINE void to_floats(const uint8_t *restrict in, int n, float *restrict out) {
    for (ptrdiff_t i = 0; i < n; i += CHUNK)
        for (ptrdiff_t k = 0; k < CHUNK; k++) out[i + k] = in[i + k];
}

INLINE void split_rgb(const uint8_t *restrict in, int n, float *restrict r, float *restrict g,
                      float *restrict b) {
    uint8_t bytes[3][ROW_MAX];
    int i = 0;
    for (; i + 16 <= n; i += 16) split_16(in + 3 * i, bytes[0] + i, bytes[1] + i, bytes[2] + i);
    for (; i < n; i++)
        for (int c = 0; c < 3; c++) bytes[c][i] = in[3 * i + c];
    to_floats(bytes[0], n, r);
    to_floats(bytes[1], n, g);
    to_floats(bytes[2], n, b);
}

// As fx_image_convert: all sums are exact, and no quotient rounds up to an integer.
INLINE void to_luma(float *restrict r, const float *restrict g, const float *restrict b, int n) {
    for (int i = 0; i < n; i++)
        r[i] = (float)(int32_t)((299.0f * r[i] + 587.0f * g[i] + 114.0f * b[i] + 500.0f) / 1000.0f);
}

INLINE void to_roots(float *row, int n) {
    for (int i = 0; i < n; i++) row[i] = sqrtf(row[i]);
}

// Row y of the image, columns x0-1 … x0+n, into row `at` of the planes. Rows beyond the border are
// those that stand for them.
INLINE void read_row(const fx__hog_votes *v, int x0, int n, int y, int at) {
    const fx_image *image = v->image;
    int last = image->height - 1, planes = planes_of(v);
    if (y < 0) y = v->mirror && last > 0 ? 1 : 0;
    if (y > last) y = v->mirror && last > 0 ? last - 1 : last;
    int left = x0 > 0, right = x0 + n < image->width; // neighbors that the image has
    int count = n + left + right;
    float *row = v->rows + (size_t)at * (size_t)v->stride, *first = row + 1 - left;
    const uint8_t *in = image->pixels + ((size_t)y * (size_t)image->width + (size_t)(x0 - left)) *
                                            (size_t)image->channels;
    size_t pitch = (size_t)image->width * (size_t)image->channels;
    if (last - y >= AHEAD)
        for (int b = 0; b < count * image->channels; b += 64)
            __builtin_prefetch(in + AHEAD * pitch + b);
    // What is written beyond a row is the beginning of the next, which comes later, or room.
    if (image->channels == 1)
        for (int i = 0; i < count; i++) first[i] = in[i];
    else
        split_rgb(in, count, first, first + v->plane, first + 2 * v->plane);
    if (v->to_gray && image->channels == 3)
        to_luma(first, first + v->plane, first + 2 * v->plane, count);
    int mirror = v->mirror && image->width > 1;
    for (int c = 0; c < planes; c++, row += v->plane, first += v->plane) {
        if (v->roots) to_roots(first, count);
        if (!left) row[0] = row[1 + mirror];
        if (!right) row[n + 1] = row[n - mirror];
    }
}

// Gradients
// ---------------------------------------------------------------------------------------

// Gradients of `count` pixels, over the ends of rows: what stands between two rows is not used.
INLINE void gradient_one(const float *restrict rows, ptrdiff_t stride, ptrdiff_t count,
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
// come, (255, -1), is 0.005 below it (of roots 0.002), so rounding cannot reach it.
INLINE float angle_of(float dx, float dy, bool is_signed) {
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
    if (!is_signed) return dx * dy < 0.0f ? 4.0f - angle : angle;
    angle = dx < 0.0f ? 4.0f - angle : angle;
    return dy < 0.0f ? 8.0f - angle : angle;
}

// The votes of `count` pixels. Each combination of the last three is compiled apart.
INLINE void vote(const fx__hog_votes *v, ptrdiff_t count, bool two, bool centered, bool is_signed) {
    const float *restrict dx = v->dx, *restrict dy = v->dy;
    int32_t *restrict slot = v->slot;
    float *restrict votes = v->votes;
    int32_t bins = v->bins, shift = v->shift;
    float bins_per_unit = (float)bins / (is_signed ? 8.0f : 4.0f);
    for (ptrdiff_t i = 0; i < count; i++) {
        float magnitude = sqrtf(dx[i] * dx[i] + dy[i] * dy[i]);
        float t = angle_of(dx[i], dy[i], is_signed) * bins_per_unit;
        if (two) {
            t += centered ? 1.0f : 0.5f; // slot s has its center at s
            int32_t before = (int32_t)t;
            float next = magnitude * (t - (float)before);
            slot[i] = before << shift;
            votes[2 * i] = magnitude - next;
            votes[2 * i + 1] = next;
        } else { // centered: t rounded, a half down
            slot[i] = (centered ? bins - (int32_t)((float)bins + 0.5f - t) : (int32_t)t) << shift;
            votes[i] = magnitude;
        }
    }
}

INLINE void vote_pixels(const fx__hog_votes *v, ptrdiff_t count) {
    switch (v->two << 2 | v->centered << 1 | v->is_signed) {
    case 0:
        vote(v, count, false, false, false);
        break;
    case 1:
        vote(v, count, false, false, true);
        break;
    case 2:
        vote(v, count, false, true, false);
        break;
    case 3:
        vote(v, count, false, true, true);
        break;
    case 4:
        vote(v, count, true, false, false);
        break;
    case 5:
        vote(v, count, true, false, true);
        break;
    case 6:
        vote(v, count, true, true, false);
        break;
    default:
        vote(v, count, true, true, true);
        break;
    }
}

FX__KERNEL void fx__hog_votes_rows(const fx__hog_votes *v, int x0, int n, int y, int rows,
                                   bool fresh) {
    for (int k = fresh ? -1 : 1; k <= rows; k++) read_row(v, x0, n, y + k, k + 1);
    // The number of pixels is rounded up, so that loops need no rest; what is read beyond the rows
    // is made zero.
    size_t stride = (size_t)v->stride;
    ptrdiff_t count = ((ptrdiff_t)rows * v->stride + LANES - 1) & -(ptrdiff_t)LANES;
    int planes = planes_of(v);
    for (int c = 0; c < planes; c++)
        memset(v->rows + (size_t)c * v->plane + (size_t)(rows + 2) * stride, 0,
               sizeof *v->rows * (LANES + 2));
    if (planes == 1)
        gradient_one(v->rows, v->stride, count, v->dx, v->dy);
    else
        gradient_rgb(v->rows, v->stride, v->plane, count, v->dx, v->dy);
    vote_pixels(v, count);
    for (int c = 0; c < planes; c++) { // the last two rows are the first two of the next call
        float *plane = v->rows + (size_t)c * v->plane;
        memmove(plane, plane + (size_t)rows * stride, sizeof *plane * 2 * stride);
    }
}
