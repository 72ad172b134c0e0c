// Colors of pixels as positions on the axes of a histogram.
//
// A channel but those of Lab is a fraction f = n / d of small integers, its value v = base + span
// f, where base … base + span is the whole range:
//
//   gray      Y = ⌊(299 R + 587 G + 114 B + 500) / 1000⌋ / 255, as fx_image_convert has it
//   RGB       R / 255, G / 255, B / 255
//   rg        R / (R+G+B), G / (R+G+B); 1/3 where R+G+B = 0
//   opponent  (R - G + 255) / 510, (R + G - 2B + 510) / 1020, (R+G+B) / 765
//   HSV       M = max(R, G, B), m = min, δ = M - m
//             H: (G-B)/6δ (+ 1 where negative) where M = R, else (B-R)/6δ + 2/6 where M = G, else
//             (R-G)/6δ + 4/6; 0 where δ = 0
//             S: δ/M, 0 where M = 0        V: M/255
//
// so that its position is the quotient of two integers,
//
//   x = (v - low) / (high - low) · bins = (span bins n + (base - low) bins d) / ((high - low) d)
//
// Both kernels divide in floating point, exactly. Over whole ranges x = n bins / d in float32:
// numerators stay below 2^24 and quotients below 2^8, so a quotient that is no integer is at least
// 1/1530 away from one and the rounding error is at most 2^-17. Otherwise in float64: numerators
// stay below 2^41, and a quotient, below 2^30, is at least 2^-22 away from an integer that it is
// not, with an error of at most 2^-24. (scikit-image's rgb2hsv() of 8-bit images followed by a
// histogram puts some colors that lie precisely on an edge, about 0.1 % of all, into the bin
// below.)
//
// Lab: CIE 15, of linear sRGB (IEC 61966-2-1) relative to white, which keeps grays at a = b = 0
// exactly:
//
//   X = G + x_R (R - G) + x_B (B - G), Y and Z likewise
//   L = 116 f(Y) - 16, a = 500 (f(X) - f(Y)), b = 200 (f(Y) - f(Z))
//   f(t) = ∛t where t > ε = 216/24389, else (κ t + 16) / 116, κ = 24389/27
//
// in float32, the root by two steps of Halley's method.
#include "features/color_space.h"

#include <math.h>
#include <string.h>
#include <threads.h>

#include "src/base/kernel.h"

const char *const fx__color_spaces[] = {"gray", "rgb", "rg", "opponent", "hsv", "lab", NULL};

fx_color_axes fx__color_axes(fx_color_space space) {
    static const fx_color_axes axes[] = {
        [FX_COLOR_GRAY] = {FX_COLOR_GRAY, 1, {32, 1, 1}, {0}, {255, 1, 1}, true},
        [FX_COLOR_RGB] = {FX_COLOR_RGB, 3, {8, 8, 8}, {0}, {255, 255, 255}, true},
        [FX_COLOR_RG] = {FX_COLOR_RG, 2, {16, 16, 1}, {0}, {100, 100, 1}, true},
        [FX_COLOR_OPPONENT] =
            {FX_COLOR_OPPONENT, 3, {8, 8, 8}, {-255, -510, 0}, {255, 510, 765}, true},
        [FX_COLOR_HSV] = {FX_COLOR_HSV, 3, {8, 4, 4}, {0}, {360, 100, 100}, true},
        [FX_COLOR_LAB] = {FX_COLOR_LAB, 3, {4, 8, 8}, {0, -128, -128}, {100, 127, 127}, true},
    };
    return axes[space];
}

#define INLINE static inline __attribute__((always_inline))

// Fractions
// ---------------------------------------------------------------------------------------

typedef struct fractions {
    int n0, n1, n2, d0, d1, d2; // 0 ≤ n ≤ d, d > 0
} fractions;

INLINE fractions fractions_of(fx_color_space space, int r, int g, int b) {
    int sum = r + g + b;
    int max = r > g ? r : g, min = r < g ? r : g;
    max = b > max ? b : max;
    min = b < min ? b : min;
    int delta = max - min;
    int red = g - b, green = b - r + 2 * delta, blue = r - g + 4 * delta;
    red = red < 0 ? red + 6 * delta : red;
    int hue = max == r ? red : max == g ? green : blue; // 0 where delta is
    switch (space) {
    case FX_COLOR_RGB:
        return (fractions){r, g, b, 255, 255, 255};
    case FX_COLOR_RG:
        return (fractions){sum ? r : 1, sum ? g : 1, 0, sum ? sum : 3, sum ? sum : 3, 1};
    case FX_COLOR_OPPONENT:
        return (fractions){r - g + 255, r + g - 2 * b + 510, sum, 510, 1020, 765};
    case FX_COLOR_HSV:
        return (fractions){hue, delta, max, delta ? 6 * delta : 1, max ? max : 1, 255};
    default: // 24 bits of numerator: the division is exact
        return (fractions){
            (int)((float)(299 * r + 587 * g + 114 * b + 500) / 1e3f), 0, 0, 255, 1, 1};
    }
}

// Positions
// ---------------------------------------------------------------------------------------

// min(⌊n · bins / d⌋, bins - 1). For bytes, d = 255, ⌊x / 255⌋ = ⌊32897 x / 2^23⌋ for x < 2^16.
INLINE uint32_t whole_bin(int n, int d, int bins, bool byte) {
    int bin =
        byte ? (int)((uint32_t)(n * bins) * 32897u >> 23) : (int)((float)(n * bins) / (float)d);
    return (uint32_t)(bin < bins - 1 ? bin : bins - 1);
}

// The same of bytes alone, in 16 bits: ⌊x / 255⌋ = ⌊(x + ⌊x / 256⌋ + 1) / 256⌋ for x < 65279; 256
// bins are those of 255 and one more.
INLINE void byte_bins(const uint8_t *restrict n, size_t count, int bins, uint32_t *restrict out) {
    uint16_t factor = (uint16_t)(bins < 256 ? bins : 255), last = (uint16_t)(bins - 1);
    for (size_t i = 0; i < count; i++) {
        uint16_t x = (uint16_t)(n[i] * factor);
        uint16_t bin = (uint16_t)((uint16_t)(x + (x >> 8) + 1) >> 8);
        out[i] = bin < last ? bin : last;
    }
}

INLINE void whole_bins(fx_color_space space, const fx_color_planes *restrict p, size_t count,
                       const int bins[3], uint32_t *restrict out0, uint32_t *restrict out1,
                       uint32_t *restrict out2) {
    int n0 = bins[0], n1 = bins[1], n2 = bins[2];
    if (space == FX_COLOR_RGB) {
        byte_bins(p->r, count, n0, out0);
        byte_bins(p->g, count, n1, out1);
        byte_bins(p->b, count, n2, out2);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        fractions f = fractions_of(space, p->r[i], p->g[i], p->b[i]);
        out0[i] = whole_bin(f.n0, f.d0, n0, space == FX_COLOR_GRAY);
        if (space != FX_COLOR_GRAY) out1[i] = whole_bin(f.n1, f.d1, n1, false);
        if (space == FX_COLOR_OPPONENT || space == FX_COLOR_HSV)
            out2[i] = whole_bin(f.n2, f.d2, n2, space == FX_COLOR_HSV);
    }
}

// x · steps = (a n + b d) / (c d) of one channel, or (v - low) / c of Lab.
typedef struct scale {
    double a, b, c, top; // top: bins · steps
    int last;            // largest position
    float low, high, factor;
} scale;

static scale scale_of(const fx_color_axes *axes, int channel, int steps) {
    fx_color_axes whole = fx__color_axes(axes->space);
    int low = axes->low[channel], high = axes->high[channel];
    int top = axes->bins[channel] * steps;
    return (scale){.a = (double)(whole.high[channel] - whole.low[channel]) * top,
                   .b = (double)(whole.low[channel] - low) * top,
                   .c = high - low,
                   .top = top,
                   .last = steps == 1 ? top - 1 : top,
                   .low = (float)low,
                   .high = (float)high,
                   .factor = (float)top / (float)(high - low)};
}

INLINE uint32_t position_of(const scale *s, int n, int d) {
    double numerator = s->a * n + s->b * d, denominator = s->c * d;
    int at = (int)(numerator / denominator);
    at = at < s->last ? at : s->last;
    bool inside = (numerator >= 0) & (numerator <= s->top * denominator);
    return (uint32_t)(inside ? at : FX__COLOR_OUTSIDE);
}

INLINE void positions(fx_color_space space, const fx_color_planes *restrict p, size_t count,
                      const scale scales[3], uint32_t *restrict out0, uint32_t *restrict out1,
                      uint32_t *restrict out2) {
    scale s0 = scales[0], s1 = scales[1], s2 = scales[2];
    for (size_t i = 0; i < count; i++) {
        fractions f = fractions_of(space, p->r[i], p->g[i], p->b[i]);
        out0[i] = position_of(&s0, f.n0, f.d0);
        if (space != FX_COLOR_GRAY) out1[i] = position_of(&s1, f.n1, f.d1);
        if (space != FX_COLOR_GRAY && space != FX_COLOR_RG) out2[i] = position_of(&s2, f.n2, f.d2);
    }
}

// Lab
// ---------------------------------------------------------------------------------------------

#define EPSILON (216.0 / 24389)
#define KAPPA   (24389.0 / 27)
// Weights of linear R and B in X and Z, divided by the rows' sums, and in Y.
#define X_R (0.412453 / 0.950456)
#define X_B (0.180423 / 0.950456)
#define Y_R 0.212671
#define Y_B 0.072169
#define Z_R (0.019334 / 1.088754)
#define Z_B (0.950227 / 1.088754)

static float linear_table[256];
static once_flag linear_made = ONCE_FLAG_INIT;

static double linear_of(int byte) {
    double c = byte / 255.0;
    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static void make_linear(void) {
    for (int i = 0; i < 256; i++) linear_table[i] = (float)linear_of(i);
}

INLINE float lab_f(float t) {
    uint32_t bits;
    memcpy(&bits, &t, sizeof bits);
    bits = bits / 3 + 0x2a508000; // ∛ within 4 %
    float y;
    memcpy(&y, &bits, sizeof y);
    for (int step = 0; step < 2; step++) {
        float cube = y * y * y;
        y = y * (cube + 2 * t) / (2 * cube + t);
    }
    return t > (float)EPSILON ? y : ((float)KAPPA * t + 16) / 116;
}

INLINE void lab_of(const fx_color_planes *restrict p, const float *restrict table, size_t count,
                   float *restrict out0, float *restrict out1, float *restrict out2) {
    for (size_t i = 0; i < count; i++) {
        float g = table[p->g[i]], rg = table[p->r[i]] - g, bg = table[p->b[i]] - g;
        float x = lab_f(g + (float)X_R * rg + (float)X_B * bg);
        float y = lab_f(g + (float)Y_R * rg + (float)Y_B * bg);
        float z = lab_f(g + (float)Z_R * rg + (float)Z_B * bg);
        float l = 116 * y - 16;
        out0[i] = l > 100 ? 100 : l < 0 ? 0 : l; // rounding must not leave the range
        out1[i] = 500 * (x - y);
        out2[i] = 200 * (y - z);
    }
}

FX__KERNEL static void lab_kernel(const fx_color_planes *planes, size_t count,
                                  float out[3][FX__COLOR_BLOCK]) {
    lab_of(planes, linear_table, count, out[0], out[1], out[2]);
}

void fx__color_lab(const fx_color_planes *planes, size_t count, float out[3][FX__COLOR_BLOCK]) {
    call_once(&linear_made, make_linear);
    lab_kernel(planes, count, out);
}

FX__KERNEL static void lab_positions(const scale *s, const float *restrict value, size_t count,
                                     uint32_t *restrict out) {
    float low = s->low, high = s->high, factor = s->factor;
    int last = s->last;
    for (size_t i = 0; i < count; i++) {
        int at = (int)((value[i] - low) * factor);
        at = at < last ? at : last;
        bool inside = (value[i] >= low) & (value[i] <= high);
        out[i] = (uint32_t)(inside ? at : FX__COLOR_OUTSIDE);
    }
}

void fx__color_lab_reference(const uint8_t rgb[3], double out[3]) {
    double r = linear_of(rgb[0]), g = linear_of(rgb[1]), b = linear_of(rgb[2]);
    double t[3] = {g + X_R * (r - g) + X_B * (b - g), g + Y_R * (r - g) + Y_B * (b - g),
                   g + Z_R * (r - g) + Z_B * (b - g)};
    for (int i = 0; i < 3; i++) t[i] = t[i] > EPSILON ? cbrt(t[i]) : (KAPPA * t[i] + 16) / 116;
    out[0] = 116 * t[1] - 16;
    out[1] = 500 * (t[0] - t[1]);
    out[2] = 200 * (t[1] - t[2]);
}

// Blocks
// ------------------------------------------------------------------------------------------

INLINE void split(const uint8_t *restrict pixels, size_t count, uint8_t *restrict r,
                  uint8_t *restrict g, uint8_t *restrict b) {
    for (size_t i = 0; i < count; i++) {
        r[i] = pixels[3 * i];
        g[i] = pixels[3 * i + 1];
        b[i] = pixels[3 * i + 2];
    }
}

FX__KERNEL static void split_planes(const uint8_t *pixels, int channels, size_t count,
                                    fx_color_planes *p) {
    if (channels == 3) {
        split(pixels, count, p->r, p->g, p->b);
    } else {
        memcpy(p->r, pixels, count);
        memcpy(p->g, pixels, count);
        memcpy(p->b, pixels, count);
    }
}

#define EACH_SPACE(X)                                                                              \
    X(FX_COLOR_GRAY) X(FX_COLOR_RGB) X(FX_COLOR_RG) X(FX_COLOR_OPPONENT) X(FX_COLOR_HSV)

FX__KERNEL static void whole_kernel(const fx_color_axes *axes, const fx_color_planes *p,
                                    size_t count, uint32_t out[3][FX__COLOR_BLOCK]) {
    switch (axes->space) {
#define CASE(SPACE)                                                                                \
    case SPACE:                                                                                    \
        whole_bins(SPACE, p, count, axes->bins, out[0], out[1], out[2]);                           \
        break;
        EACH_SPACE(CASE)
#undef CASE
    case FX_COLOR_LAB:
        break;
    }
}

FX__KERNEL static void positions_kernel(fx_color_space space, const fx_color_planes *p,
                                        size_t count, const scale scales[3],
                                        uint32_t out[3][FX__COLOR_BLOCK]) {
    switch (space) {
#define CASE(SPACE)                                                                                \
    case SPACE:                                                                                    \
        positions(SPACE, p, count, scales, out[0], out[1], out[2]);                                \
        break;
        EACH_SPACE(CASE)
#undef CASE
    case FX_COLOR_LAB:
        break;
    }
}

void fx__color_positions(const fx_color_axes *axes, int steps, const uint8_t *pixels, int channels,
                         size_t count, uint32_t out[3][FX__COLOR_BLOCK]) {
    fx_color_planes planes;
    split_planes(pixels, channels, count, &planes);
    if (axes->whole && steps == 1 && axes->space != FX_COLOR_LAB) {
        whole_kernel(axes, &planes, count, out);
        return;
    }
    scale scales[3];
    for (int c = 0; c < 3; c++) scales[c] = scale_of(axes, c, steps);
    if (axes->space != FX_COLOR_LAB) {
        positions_kernel(axes->space, &planes, count, scales, out);
        return;
    }
    float values[3][FX__COLOR_BLOCK];
    fx__color_lab(&planes, count, values);
    for (int c = 0; c < 3; c++) lab_positions(&scales[c], values[c], count, out[c]);
}

void fx__color_positions_reference(const fx_color_axes *axes, int steps, const uint8_t rgb[3],
                                   uint32_t position[3]) {
    fx_color_axes whole = fx__color_axes(axes->space);
    int r = rgb[0], g = rgb[1], b = rgb[2];
    int max = r > g ? r : g, min = r < g ? r : g;
    if (b > max) max = b;
    if (b < min) min = b;
    int delta = max - min, n[3] = {0}, d[3] = {255, 255, 255};
    double value[3];
    switch (axes->space) {
    case FX_COLOR_GRAY:
        n[0] = (299 * r + 587 * g + 114 * b + 500) / 1000;
        break;
    case FX_COLOR_RGB:
        n[0] = r, n[1] = g, n[2] = b;
        break;
    case FX_COLOR_RG:
        n[0] = r, n[1] = g;
        d[0] = d[1] = r + g + b;
        if (d[0] == 0) n[0] = n[1] = 1, d[0] = d[1] = 3;
        break;
    case FX_COLOR_OPPONENT:
        n[0] = r - g + 255, n[1] = r + g - 2 * b + 510, n[2] = r + g + b;
        d[0] = 510, d[1] = 1020, d[2] = 765;
        break;
    case FX_COLOR_HSV:
        if (delta > 0) {
            n[0] = max == r ? g - b : max == g ? b - r + 2 * delta : r - g + 4 * delta;
            if (n[0] < 0) n[0] += 6 * delta;
            d[0] = 6 * delta;
            n[1] = delta;
            d[1] = max;
        }
        n[2] = max;
        break;
    case FX_COLOR_LAB:
        fx__color_lab_reference(rgb, value);
        break;
    }
    for (int c = 0; c < 3 && c < axes->channels; c++) {
        int64_t top = (int64_t)axes->bins[c] * steps, low = axes->low[c], high = axes->high[c];
        int64_t numerator =
            (whole.high[c] - whole.low[c]) * top * n[c] + (whole.low[c] - low) * top * d[c];
        int64_t denominator = (high - low) * d[c], at = numerator / denominator;
        bool inside = numerator >= 0 && numerator <= top * denominator;
        if (axes->space == FX_COLOR_LAB) {
            double x = (value[c] - (double)low) / (double)(high - low) * (double)top;
            at = (int64_t)x;
            inside = x >= 0 && x <= (double)top;
        }
        if (steps == 1 && at == top) at--;
        position[c] = inside ? (uint32_t)at : FX__COLOR_OUTSIDE;
    }
}
