// Dense SIFT and blocks of HoG cells as their formulas say (features/dense_sift.c), in double.
#ifndef FEATX_TESTS_PLAIN_SIFT_H
#define FEATX_TESTS_PLAIN_SIFT_H

#include <math.h>
#include <string.h>

#include "features/dense_sift.h"

static inline int plain_clamp(int value, int high) {
    return value < 0 ? 0 : value > high ? high : value;
}

static inline double plain_gray(const fx_image *image, int x, int y) {
    const uint8_t *p =
        image->pixels + ((size_t)y * (size_t)image->width + (size_t)x) * (size_t)image->channels;
    int luma = image->channels == 1 ? p[0] : (299 * p[0] + 587 * p[1] + 114 * p[2] + 500) / 1000;
    return luma;
}

// VLFeat's: with r = (|x| - |y|) / (|x| + |y|) the angle in its quadrant is π/4 - 0.9675 r + 0.1821
// r³, off by up to 0.006 (vl/mathop.h says so), and exact at multiples of 45°.
static inline double plain_vlfeat_angle(double dy, double dx) {
    double ax = fabs(dx), ay = fabs(dy) + 1.1920929e-7, r = (ax - ay) / (ax + ay);
    double angle = 3.14159265358979 / 4 + (0.1821 * r * r - 0.9675) * r;
    if (dx < 0) angle = 3.14159265358979 - angle;
    return dy < 0 ? -angle : angle;
}

// Weight of a pixel `offset` from the center of cell `cell` along one axis.
static inline double plain_weight(const fx_dense_sift *s, int cell, int offset) {
    double center = s->cell * (cell - 0.5 * (s->cells - 1)),
           sigma = (double)s->window_size * s->cell;
    double triangle = 1 - (double)(offset < 0 ? -offset : offset) / s->cell;
    double mean = 0;
    for (int t = 1 - s->cell; t < s->cell; t++)
        mean += exp(-pow((center + t) / sigma, 2) / 2) / (2 * s->cell - 1);
    if (s->window == FX_BOVW_WINDOW_FLAT) return triangle * mean;
    if (s->window == FX_BOVW_WINDOW_NONE) return triangle;
    return triangle * exp(-pow((center + offset) / sigma, 2) / 2);
}

static inline void plain_normalize(double *v, int length) {
    double squares = 0;
    for (int i = 0; i < length; i++) squares += v[i] * v[i];
    for (int i = 0; i < length && squares > 0; i++) v[i] /= sqrt(squares);
}

// The patch with its corner at (x, y) into out[cells, cells, orientations].
static inline void plain_sift(const fx_dense_sift *s, const fx_image *image, int x, int y,
                              double (*angle_of)(double, double), double *out) {
    int bins = s->orientations, length = s->cells * s->cells * bins;
    int right = image->width - 1, bottom = image->height - 1;
    memset(out, 0, (size_t)length * sizeof *out);
    for (int i = 0; i < s->cells; i++)
        for (int j = 0; j < s->cells; j++)
            for (int v = 1 - s->cell; v < s->cell; v++)
                for (int u = 1 - s->cell; u < s->cell; u++) {
                    int px = plain_clamp(x + s->cell / 2 + j * s->cell + u, right);
                    int py = plain_clamp(y + s->cell / 2 + i * s->cell + v, bottom);
                    int x0 = px > 0 ? px - 1 : 0, x1 = px < right ? px + 1 : right;
                    int y0 = py > 0 ? py - 1 : 0, y1 = py < bottom ? py + 1 : bottom;
                    double dx = (plain_gray(image, x1, py) - plain_gray(image, x0, py)) / (x1 - x0);
                    double dy = (plain_gray(image, px, y1) - plain_gray(image, px, y0)) / (y1 - y0);
                    double turn = 6.283185307179586 / (s->half ? 2 : 1);
                    double bin = angle_of(dy, dx) / turn * bins;
                    bin -= floor(bin / bins) * bins;
                    int lower = (int)bin;
                    double weight = plain_weight(s, i, v) * plain_weight(s, j, u) * hypot(dx, dy);
                    double *cell = out + (i * s->cells + j) * bins;
                    cell[lower % bins] += (1 - (bin - lower)) * weight;
                    cell[(lower + 1) % bins] += (bin - lower) * weight;
                }
    plain_normalize(out, length);
    for (int i = 0; i < length; i++) out[i] = fmin(out[i], 0.2);
    plain_normalize(out, length);
}
#endif
