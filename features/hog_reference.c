// HoG as its formulas read: what the tests hold the fast kernel against. See hog_cells.c and hog.c.
#include <math.h>
#include <string.h>

#include "features/hog_cells.h"

static const double PI = 3.14159265358979323846;

static int clamp(int value, int low, int high) {
    return value < low ? low : value > high ? high : value;
}

// The pixel at x, y: beyond the borders the nearest one (skimage: the mirrored one).
static double pixel(const fx_image *image, int x, int y, int channel, bool reflect) {
    int w = image->width - 1, h = image->height - 1;
    if (reflect && (x < 0 || x > w)) x = x < 0 ? -x : 2 * w - x;
    if (reflect && (y < 0 || y > h)) y = y < 0 ? -y : 2 * h - y;
    x = clamp(x, 0, w);
    y = clamp(y, 0, h);
    return image->pixels[((size_t)y * (size_t)image->width + (size_t)x) * (size_t)image->channels +
                         (size_t)channel];
}

void fx__hog_cells_reference(const fx_hog_params *params, const fx_image *image, double *cells) {
    int size = params->pixels_per_cell, bins = params->orientations;
    int cells_x = image->width / size, cells_y = image->height / size;
    bool reflect = params->preset == FX_HOG_PRESET_SKIMAGE;
    double period = params->signed_gradients ? 2 * PI : PI;
    memset(cells, 0, sizeof *cells * (size_t)cells_x * (size_t)cells_y * (size_t)bins);
    for (int y = 0; y < cells_y * size; y++)
        for (int x = 0; x < cells_x * size; x++) {
            double dx = 0, dy = 0;
            for (int c = 0; c < image->channels; c++) {
                double gx = pixel(image, x + 1, y, c, reflect) - pixel(image, x - 1, y, c, reflect);
                double gy = pixel(image, x, y + 1, c, reflect) - pixel(image, x, y - 1, c, reflect);
                if (gx * gx + gy * gy > dx * dx + dy * dy) dx = gx, dy = gy;
            }
            double angle = atan2(dy, dx);
            if (angle < 0) angle += period;
            double t = angle / period * bins - (params->interpolation ? 0.5 : 0);
            // A quotient such as 3 may come out as 2.9999999999999996.
            if (fabs(t - round(t)) < 1e-12) t = round(t);
            double u = (x + 0.5) / size - 0.5, v = (y + 0.5) / size - 0.5;
            if (!params->interpolation)
                u = floor(x / (double)size), v = floor(y / (double)size), t = floor(t);
            for (int k = 0; k < 8; k++) { // the corners: bin, column and row
                int bin = (int)floor(t) + (k & 1);
                int cx = (int)floor(u) + (k >> 1 & 1), cy = (int)floor(v) + (k >> 2);
                double weight = (1 - fabs(t - bin)) * (1 - fabs(u - cx)) * (1 - fabs(v - cy));
                if (weight <= 0 || cx < 0 || cy < 0 || cx >= cells_x || cy >= cells_y) continue;
                size_t cell = (size_t)cy * (size_t)cells_x + (size_t)cx;
                cells[cell * (size_t)bins + (size_t)((bin + bins) % bins)] +=
                    weight * sqrt(dx * dx + dy * dy) / ((double)size * size);
            }
        }
}

void fx__hog_normalize_reference(fx_hog_norm norm, double *block, size_t count) {
    const double epsilon = 1e-5;
    if (norm == FX_HOG_NORM_NONE) return;
    for (int round = 0; round < (norm == FX_HOG_NORM_L2_HYS ? 2 : 1); round++) {
        double sum = 0;
        bool l1 = norm == FX_HOG_NORM_L1 || norm == FX_HOG_NORM_L1_SQRT;
        for (size_t i = 0; i < count; i++) sum += l1 ? block[i] : block[i] * block[i];
        double scale = 1 / (l1 ? sum + epsilon : sqrt(sum + epsilon * epsilon));
        for (size_t i = 0; i < count; i++) {
            block[i] *= scale;
            if (norm == FX_HOG_NORM_L1_SQRT) block[i] = sqrt(block[i]);
            if (norm == FX_HOG_NORM_L2_HYS && round == 0) block[i] = fmin(block[i], 0.2);
        }
    }
}
