// HoG as its formulas read: what the tests hold the fast kernels against. See hog_votes.c,
// hog_cells.c and hog_blocks.c.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "features/hog_blocks.h"
#include "features/hog_votes.h"

static const double PI = 3.14159265358979323846;

static int clamp(int value, int low, int high) {
    return value < low ? low : value > high ? high : value;
}

// Pixels and votes
// ----------------------------------------------------------------------------------

static double pixel(const fx_hog_params *p, const fx_image *image, int x, int y, int channel) {
    int w = image->width - 1, h = image->height - 1;
    bool mirror = p->border == FX_HOG_BORDER_MIRROR;
    if (mirror && (x < 0 || x > w)) x = x < 0 ? -x : 2 * w - x;
    if (mirror && (y < 0 || y > h)) y = y < 0 ? -y : 2 * h - y;
    x = clamp(x, 0, w);
    y = clamp(y, 0, h);
    const uint8_t *at =
        image->pixels + ((size_t)y * (size_t)image->width + (size_t)x) * (size_t)image->channels;
    int value = at[channel];
    if (p->gradient == FX_HOG_GRADIENT_GRAY && image->channels == 3)
        value = (299 * at[0] + 587 * at[1] + 114 * at[2] + 500) / 1000;
    // Roots are taken in single precision, as they are of the library: gradients of equal length
    // in two channels must be so for both.
    return p->gamma == FX_HOG_GAMMA_SQRT ? (double)sqrtf((float)value) : (double)value;
}

// A vote: its magnitude and its place t among the bins.
static double vote_of(const fx_hog_params *p, const fx_image *image, int x, int y, double *t) {
    if (p->border == FX_HOG_BORDER_NONE &&
        (x == 0 || y == 0 || x == image->width - 1 || y == image->height - 1)) {
        *t = 0;
        return 0;
    }
    bool is_signed;
    int bins = fx__hog_bins(p, &is_signed);
    int channels = p->gradient == FX_HOG_GRADIENT_GRAY ? 1 : image->channels;
    double dx = 0, dy = 0, period = is_signed ? 2 * PI : PI;
    float most = 0;
    for (int c = 0; c < channels; c++) {
        double gx = pixel(p, image, x + 1, y, c) - pixel(p, image, x - 1, y, c);
        double gy = pixel(p, image, x, y + 1, c) - pixel(p, image, x, y - 1, c);
        float fx = (float)gx, fy = (float)gy, square = fx * fx + fy * fy;
        if (square > most) dx = gx, dy = gy, most = square;
    }
    double angle = atan2(dy, dx);
    if (angle < 0) angle += period;
    *t = angle / period * bins;
    // A quotient such as 3 may come out as 2.9999999999999996.
    if (fabs(2 * *t - round(2 * *t)) < 1e-12) *t = round(2 * *t) / 2;
    return sqrt(dx * dx + dy * dy);
}

// Adds a vote to histogram[bins].
static void add_vote(const fx_hog_params *p, double t, double vote, double *histogram) {
    bool is_signed, centered = p->first_bin == FX_HOG_FIRST_BIN_CENTERED;
    int bins = fx__hog_bins(p, &is_signed);
    if (p->interpolation == FX_HOG_INTERPOLATION_BOTH ||
        p->interpolation == FX_HOG_INTERPOLATION_ORIENTATION) {
        double center = centered ? t : t - 0.5;
        int before = (int)floor(center);
        histogram[(before + bins) % bins] += vote * (1 - (center - before));
        histogram[(before + 1) % bins] += vote * (center - before);
    } else {
        histogram[(int)(centered ? ceil(t - 0.5) : floor(t)) % bins] += vote;
    }
}

// Adds the votes of the pixels x0 … x0+width-1, y0 … y0+height-1 to a grid of cells whose first
// corner is (x0, y0). sigma: of the window, 0 for none.
static void add_votes(const fx_hog_params *p, const fx_image *image, int x0, int y0, int width,
                      int height, double sigma, int cells_x, int cells_y, double *cells) {
    double size = p->pixels_per_cell;
    bool is_signed, space = p->interpolation == FX_HOG_INTERPOLATION_BOTH ||
                            p->interpolation == FX_HOG_INTERPOLATION_SPACE;
    int bins = fx__hog_bins(p, &is_signed);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            double t, vote = vote_of(p, image, x0 + x, y0 + y, &t) / (size * size);
            if (sigma > 0) {
                double i = x - width / 2.0, j = y - height / 2.0;
                vote *= exp(-(i * i + j * j) / (2 * sigma * sigma));
            }
            double u = space ? (x + 0.5) / size - 0.5 : floor(x / size);
            double v = space ? (y + 0.5) / size - 0.5 : floor(y / size);
            for (int k = 0; k < 4; k++) { // the corners
                int cx = (int)floor(u) + (k & 1), cy = (int)floor(v) + (k >> 1);
                double weight = (1 - fabs(u - cx)) * (1 - fabs(v - cy));
                if (weight <= 0 || cx < 0 || cy < 0 || cx >= cells_x || cy >= cells_y) continue;
                add_vote(p, t, weight * vote,
                         cells + ((size_t)cy * (size_t)cells_x + (size_t)cx) * (size_t)bins);
            }
        }
}

void fx__hog_cells_reference(const fx_hog_params *p, const fx_image *image, double *cells) {
    fx__hog_grid g = fx__hog_grid_of(p, image->width, image->height);
    int size = p->pixels_per_cell;
    memset(cells, 0, sizeof *cells * (size_t)g.cells_x * (size_t)g.cells_y * (size_t)g.bins);
    add_votes(p, image, 0, 0, p->partial_cells ? image->width : g.cells_x * size,
              p->partial_cells ? image->height : g.cells_y * size, 0, g.cells_x, g.cells_y, cells);
}

// Blocks
// --------------------------------------------------------------------------------------------

static double epsilon_of(const fx_hog_params *p, size_t count, bool second) {
    double pixels = (double)p->pixels_per_cell * p->pixels_per_cell;
    switch (p->epsilon) {
    case FX_HOG_EPSILON_OPENCV:
        return second ? 1e-3 : 0.1 * (double)count / pixels;
    case FX_HOG_EPSILON_VLFEAT:
        return second ? 1e-5 : 0.01 * 255 / pixels;
    default:
        return 1e-5;
    }
}

static double l2_of(const fx_hog_params *p, double square, double epsilon) {
    return p->epsilon == FX_HOG_EPSILON_OPENCV ? sqrt(square) + epsilon
                                               : sqrt(square + epsilon * epsilon);
}

void fx__hog_normalize_reference(const fx_hog_params *p, double *block, size_t count) {
    int norm = p->block_norm;
    if (norm == FX_HOG_NORM_NONE) return;
    for (int round = 0; round < (norm == FX_HOG_NORM_L2_HYS ? 2 : 1); round++) {
        double sum = 0, epsilon = epsilon_of(p, count, round > 0);
        bool l1 = norm == FX_HOG_NORM_L1 || norm == FX_HOG_NORM_L1_SQRT;
        for (size_t i = 0; i < count; i++) sum += l1 ? block[i] : block[i] * block[i];
        double scale = 1 / (l1 ? sum + epsilon : l2_of(p, sum, epsilon));
        for (size_t i = 0; i < count; i++) {
            block[i] *= scale;
            if (norm == FX_HOG_NORM_L1_SQRT) block[i] = sqrt(block[i]);
            if (norm == FX_HOG_NORM_L2_HYS && round == 0) block[i] = fmin(block[i], 0.2);
        }
    }
}

static void make_blocks(const fx_hog_params *p, const fx_image *image, const fx__hog_grid *g,
                        const double *cells, double *out) {
    int side = p->cells_per_block, size = p->pixels_per_cell, stride = p->block_stride;
    size_t bins = (size_t)g->bins;
    bool columns = p->order == FX_HOG_ORDER_COLUMNS;
    double block[64 * 64];
    for (int outer = 0; outer < (columns ? g->blocks_x : g->blocks_y); outer++)
        for (int inner = 0; inner < (columns ? g->blocks_y : g->blocks_x); inner++) {
            int bx = columns ? outer : inner, by = columns ? inner : outer;
            assert(g->block <= sizeof block / sizeof *block);
            memset(block, 0, sizeof block);
            if (p->block_window > 0)
                add_votes(p, image, bx * stride * size, by * stride * size, side * size,
                          side * size, (double)p->block_window * side * size, side, side, block);
            else
                for (int cy = 0; cy < side; cy++)
                    memcpy(block + (size_t)(cy * side) * bins,
                           cells + ((size_t)(by * stride + cy) * (size_t)g->cells_x +
                                    (size_t)(bx * stride)) *
                                       bins,
                           sizeof *block * bins * (size_t)side);
            fx__hog_normalize_reference(p, block, g->block);
            for (int i = 0; i < side * side; i++, out += bins) {
                int from = columns ? i % side * side + i / side : i;
                memcpy(out, block + (size_t)from * bins, sizeof *out * bins);
            }
        }
}

// Unsigned bin o of a cell.
static double unsigned_bin(const fx_hog_params *p, const double *cell, int o) {
    return p->variant == FX_HOG_UOCTTI ? cell[o] + cell[o + p->orientations] : cell[o];
}

// The factor of the 2 × 2 cells whose lower right is (x, y); beyond the grid the nearest ones.
static double factor_of(const fx_hog_params *p, const fx__hog_grid *g, const double *cells, int x,
                        int y) {
    double square = 0;
    for (int k = 0; k < 4; k++) {
        int cx = clamp(x - k % 2, 0, g->cells_x - 1), cy = clamp(y - k / 2, 0, g->cells_y - 1);
        const double *cell =
            cells + ((size_t)cy * (size_t)g->cells_x + (size_t)cx) * (size_t)g->bins;
        for (int o = 0; o < p->orientations; o++)
            square += unsigned_bin(p, cell, o) * unsigned_bin(p, cell, o);
    }
    return 1 / l2_of(p, square, epsilon_of(p, 4 * (size_t)p->orientations, false));
}

static void make_cells(const fx_hog_params *p, const fx__hog_grid *g, const double *cells,
                       double *out) {
    int bins = p->orientations;
    for (int y = 0; y < g->cells_y; y++)
        for (int x = 0; x < g->cells_x; x++, cells += g->bins) {
            const double *first =
                cells - ((size_t)y * (size_t)g->cells_x + (size_t)x) * (size_t)g->bins;
            double *texture = out + 3 * bins;
            if (p->variant == FX_HOG_UOCTTI) memset(out, 0, sizeof *out * ((size_t)bins * 3 + 4));
            for (int k = 0; k < 4; k++) {
                double factor = factor_of(p, g, first, x + k % 2, y + k / 2);
                for (int o = 0; o < bins; o++) {
                    double value = fmin(factor * unsigned_bin(p, cells, o), 0.2);
                    if (p->variant == FX_HOG_CELLS) {
                        *out++ = value;
                        continue;
                    }
                    out[o] += 0.5 * fmin(factor * cells[o], 0.2);
                    out[bins + o] += 0.5 * fmin(factor * cells[bins + o], 0.2);
                    out[2 * bins + o] += 0.5 * value;
                    texture[k] += value / sqrt(18);
                }
            }
            if (p->variant == FX_HOG_UOCTTI) out += 3 * bins + 4;
        }
}

void fx__hog_reference(const fx_hog_params *p, const fx_image *image, double *cells, double *out) {
    fx__hog_grid g = fx__hog_grid_of(p, image->width, image->height);
    fx__hog_cells_reference(p, image, cells);
    if (p->variant == FX_HOG_BLOCKS)
        make_blocks(p, image, &g, cells, out);
    else
        make_cells(p, &g, cells, out);
}
