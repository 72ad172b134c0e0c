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
// are to both sides of t, linearly. Places count from the center of bin 0.
//
// Method. Rows are split into planes of floats, or of integers where those are faster
// (hog_words.c); loops then run over as many rows at once as make them long. Angles come from
// polynomials that are exact at multiples of 45°, so that gradients on the edge of two bins (of
// 8-bit pixels only those can be) have one rule.
#include "features/hog_votes.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "features/hog_columns.h"
#include "features/hog_gradient.h"
#include "features/hog_words.h"
#include "src/base/kernel.h"

enum {
    BLOCK = 1024,                // pixels of the rows worked on at once
    LANES = FX__HOG_LANES,       // rows of floats are whole groups, with one before them;
    WORDS = FX__HOG_WORDS_GROUP, // so are rows of integers
    CHUNK = 8,                   // pixels split at once
    // Floats of a channel: the narrowest rows are one group and another before it; two rows come on
    // top, and the room behind the last. Integers take half the bytes, and at most twice as many.
    PLANE = 2 * BLOCK + 2 * (LANES + FX__HOG_ROW_MAX) + LANES,
};

#define INLINE static inline __attribute__((always_inline))

static size_t whole_groups(size_t n, size_t group) {
    return (n + group - 1) / group * group;
}

int fx__hog_bins(const fx_hog_params *params, bool *is_signed) {
    bool both = params->variant == FX_HOG_UOCTTI;
    *is_signed = params->signed_gradients || both;
    return both ? 2 * params->orientations : params->orientations;
}

void fx__hog_votes_create(const fx_hog_params *params, float *scratch, size_t *used,
                          fx__hog_votes *votes) {
    votes->to_gray = params->gradient == FX_HOG_GRADIENT_GRAY;
    votes->roots = params->gamma == FX_HOG_GAMMA_SQRT;
    votes->mirror = params->border == FX_HOG_BORDER_MIRROR;
    votes->frame = params->border == FX_HOG_BORDER_NONE;
    votes->bins = fx__hog_bins(params, &votes->is_signed);
    votes->two = params->interpolation == FX_HOG_INTERPOLATION_BOTH ||
                 params->interpolation == FX_HOG_INTERPOLATION_ORIENTATION;
    votes->centered = params->first_bin == FX_HOG_FIRST_BIN_CENTERED;
    votes->rows = fx__hog_place(scratch, used, 3 * PLANE);
    // Votes of integers are written to the end of a group of their own.
    votes->magnitude = fx__hog_place(scratch, used, BLOCK + WORDS - LANES);
    votes->place = fx__hog_place(scratch, used, BLOCK + WORDS - LANES);
}

int fx__hog_votes_begin(fx__hog_votes *votes, int n) {
    const fx_image *image = votes->image;
    bool words =
        image->channels == 3 && !votes->to_gray && !votes->roots && fx__hog_words_are_fast();
    votes->words = words ? (int16_t *)(void *)votes->rows : NULL;
    votes->stride = whole_groups((size_t)n, LANES);
    votes->plane = words ? WORDS + whole_groups((size_t)n, WORDS) : LANES + votes->stride;
    votes->pitch = votes->plane * (size_t)image->channels;
    return (int)(BLOCK / votes->stride);
}

static int planes_of(const fx__hog_votes *v) {
    return v->to_gray ? 1 : v->image->channels;
}

// The first pixel of row `at` of a plane of floats.
INLINE float *row_at(const fx__hog_votes *v, int at) {
    return v->rows + (size_t)at * v->pitch + LANES;
}

// Rows
// --------------------------------------------------------------------------------------------

typedef int32_t ints8 __attribute__((vector_size(32)));
typedef uint8_t bytes32 __attribute__((vector_size(32)));
typedef float floats8 __attribute__((vector_size(32)));

// R, G and B apart. Eight pixels at once are one integer each, as long as there are 32 bytes to
// read for their 24; up to CHUNK - 1 floats more than n are written.
INLINE void split_rgb(const uint8_t *restrict in, size_t bytes_left, ptrdiff_t n, float *restrict r,
                      float *restrict g, float *restrict b) {
    ptrdiff_t i = 0, most = bytes_left < 32 ? 0 : (ptrdiff_t)(bytes_left - 32) / 3 + 1;
    for (; i < n && i < most; i += CHUNK) {
        ints8 words;
        bytes32 bytes;
        memcpy(&words, in + 3 * i, sizeof words);
        words = __builtin_shufflevector(words, words, 0, 1, 2, 3, 3, 4, 5, 6);
        memcpy(&bytes, &words, sizeof bytes);
        bytes =
            __builtin_shufflevector(bytes, bytes, 0, 1, 2, 0, 3, 4, 5, 0, 6, 7, 8, 0, 9, 10, 11, 0,
                                    16, 17, 18, 16, 19, 20, 21, 16, 22, 23, 24, 16, 25, 26, 27, 16);
        memcpy(&words, &bytes, sizeof words);
        floats8 red = __builtin_convertvector(words & 255, floats8);
        floats8 green = __builtin_convertvector(words >> 8 & 255, floats8);
        floats8 blue = __builtin_convertvector(words >> 16 & 255, floats8);
        memcpy(r + i, &red, sizeof red);
        memcpy(g + i, &green, sizeof green);
        memcpy(b + i, &blue, sizeof blue);
    }
    for (; i < n; i++) {
        r[i] = in[3 * i];
        g[i] = in[3 * i + 1];
        b[i] = in[3 * i + 2];
    }
}

// As fx_image_convert: all sums are exact, and no quotient rounds up to an integer.
INLINE void to_luma(float *restrict r, const float *restrict g, const float *restrict b, int n) {
    for (int i = 0; i < n; i++)
        r[i] = (float)(int32_t)((299.0f * r[i] + 587.0f * g[i] + 114.0f * b[i] + 500.0f) / 1000.0f);
}

INLINE void to_roots(float *row, int n) {
    for (int i = 0; i < n; i++) row[i] = sqrtf(row[i]);
}

INLINE fx__hog_span span_of(const fx__hog_votes *v, int x0, int n) {
    const fx_image *image = v->image;
    size_t channels = (size_t)image->channels, pitch = (size_t)image->width * channels;
    return (fx__hog_span){.in = image->pixels + (size_t)x0 * channels,
                          .end = image->pixels + (size_t)image->height * pitch,
                          .pitch = pitch,
                          .n = n,
                          .last = image->height - 1,
                          .left = x0 > 0,
                          .right = x0 + n < image->width,
                          .mirror = v->mirror && image->width > 1,
                          .mirror_y = v->mirror && image->height > 1};
}

// Row y with its neighbors into row `at` of the planes.
INLINE void read_row(const fx__hog_votes *v, const fx__hog_span *s, int y, int at) {
    int planes = planes_of(v), channels = v->image->channels, count = s->n + s->right;
    const uint8_t *in = fx__hog_span_row(s, y);
    float *row = row_at(v, at);
    if (channels == 1)
        for (int i = 0; i < count; i++) row[i] = in[i];
    else
        split_rgb(in, (size_t)(s->end - in), count, row, row + v->plane, row + 2 * v->plane);
    for (int c = 0; s->left && c < channels; c++)
        row[(size_t)c * v->plane - 1] = (in - channels)[c];
    if (v->to_gray && channels == 3)
        to_luma(row - s->left, row - s->left + v->plane, row - s->left + 2 * v->plane,
                count + s->left);
    for (int c = 0; c < planes; c++, row += v->plane) {
        if (v->roots) to_roots(row - s->left, count + s->left);
        if (!s->left) row[-1] = row[s->mirror];
        if (!s->right) row[s->n] = row[s->n - 1 - s->mirror];
        for (size_t i = (size_t)s->n + 1; i <= v->stride; i++) row[i] = 0; // numbers, not NaN
    }
}

// Rows y + from … y + to, into rows from + 1 … of the planes.
INLINE void read_rows(const fx__hog_votes *v, int x0, int n, int y, int from, int to) {
    const fx__hog_span s = span_of(v, x0, n);
    if (v->words)
        fx__hog_words_read(v, &s, y + from, to + 1 - from, from + 1);
    else
        for (int k = from; k <= to; k++) read_row(v, &s, y + k, k + 1);
}

// Votes
// -------------------------------------------------------------------------------------------

// (4/π)·atan(q)/q = 1 + (1 - v)·R(v), v = q² in [0, 1]: least maximum of q·(1 - v)·|error|, 4e-8
// rad. Made for exact ends: q = 0 gives 0 and q = 1 gives 1. With every rounding an angle is within
// 3.2e-7 rad. Of the gradients that 8-bit pixels can have, that puts each into its bin of 9, and of
// the other numbers that a test tries; of some (24, 27) a few that lie as near to an edge go wrong.
static const float ATAN[7] = {2.732386547e-01f,  -1.511284021e-01f, 1.028156805e-01f,
                              -7.414928237e-02f, 4.828046296e-02f,  -2.242406848e-02f,
                              5.061408579e-03f};

// √(1 + v) = 1 + v·R(v), v in [0, 1]: least maximum of the relative error, 2e-8, with every
// rounding 9e-8; exact at v = 0. (A root and a quotient a pixel would take all of the time.)
static const float ROOT[7] = {4.999979138e-01f,  -1.249403059e-01f, 6.191398203e-02f,
                              -3.626107052e-02f, 1.975139044e-02f,  -7.723411545e-03f,
                              1.475079218e-03f};

// Magnitude, and angle of (dx, dy) in units of 45°: [0, 4), signed [0, 8). The closest to a full
// turn that pixels come, (255, -1), is 0.005 below it (of roots 0.002), so rounding cannot reach
// it.
INLINE float vote_of(float dx, float dy, bool is_signed, float *magnitude) {
    float ax = fabsf(dx), ay = fabsf(dy);
    float larger = ax > ay ? ax : ay, smaller = ax > ay ? ay : ax;
    float q = smaller / (larger + FLT_MIN), v = q * q; // of nothing 0; else nothing is added
    float r = ATAN[6], s = ROOT[6];
    for (int k = 5; k >= 0; k--) {
        r = r * v + ATAN[k];
        s = s * v + ROOT[k];
    }
    *magnitude = larger + larger * (v * s);
    float angle = q + q * ((1.0f - v) * r);
    angle = ay > ax ? 2.0f - angle : angle;
    if (!is_signed) return dx * dy < 0.0f ? 4.0f - angle : angle;
    angle = dx < 0.0f ? 4.0f - angle : angle;
    return dy < 0.0f ? 8.0f - angle : angle;
}

// Magnitudes and places from dx and dy. Each combination of the last three is compiled apart.
INLINE void vote(const fx__hog_votes *v, int rows, bool two, bool centered, bool is_signed) {
    float bins = (float)v->bins, bins_per_unit = bins / (is_signed ? 8.0f : 4.0f);
    float *restrict magnitude = v->magnitude, *restrict place = v->place;
    for (size_t i = 0; i < (size_t)rows * v->stride; i += LANES)
        for (size_t k = i; k < i + LANES; k++) {
            float t = vote_of(magnitude[k], place[k], is_signed, &magnitude[k]) * bins_per_unit;
            if (two && !centered) {
                t -= 0.5f;
                t = t < 0 ? t + bins : t;
            } else if (!two) { // centered: t rounded, a half down
                t = centered ? bins - (float)(int32_t)(bins + 0.5f - t) : (float)(int32_t)t;
            }
            place[k] = t;
        }
}

INLINE void vote_floats(const fx__hog_votes *v, int rows) {
    const fx__hog_rows all = {(size_t)rows, v->stride, v->plane, v->pitch};
    // dx and dy, where their votes will stand
    fx__hog_gradient_floats(&all, planes_of(v) == 3, row_at(v, 1), v->magnitude, v->place);
    switch (v->two << 2 | v->centered << 1 | v->is_signed) {
    case 0:
        vote(v, rows, false, false, false);
        break;
    case 1:
        vote(v, rows, false, false, true);
        break;
    case 2:
        vote(v, rows, false, true, false);
        break;
    case 3:
        vote(v, rows, false, true, true);
        break;
    case 4:
        vote(v, rows, true, false, false);
        break;
    case 5:
        vote(v, rows, true, false, true);
        break;
    case 6:
        vote(v, rows, true, true, false);
        break;
    default:
        vote(v, rows, true, true, true);
        break;
    }
}

// The image's outermost pixels do not vote.
INLINE void clear_frame(const fx__hog_votes *v, int x0, int n, int y, int rows) {
    const fx_image *image = v->image;
    for (int k = 0; k < rows; k++) {
        float *row = v->magnitude + (size_t)k * v->stride;
        if (y + k == 0 || y + k == image->height - 1) memset(row, 0, sizeof *row * (size_t)n);
        if (x0 == 0) row[0] = 0;
        if (x0 + n == image->width) row[n - 1] = 0;
    }
}

FX__KERNEL void fx__hog_votes_rows(const fx__hog_votes *v, int x0, int n, int y, int rows,
                                   bool fresh) {
    read_rows(v, x0, n, y, fresh ? -1 : 1, rows);
    if (v->words)
        fx__hog_words_vote(v, rows);
    else
        vote_floats(v, rows);
    if (v->frame) clear_frame(v, x0, n, y, rows);
    // The last two rows are the first two of the next call, the neighbor behind the second
    // included.
    size_t size = v->words ? sizeof *v->words : sizeof *v->rows;
    memmove(v->rows, (char *)v->rows + size * (size_t)rows * v->pitch, size * (2 * v->pitch + 1));
}
