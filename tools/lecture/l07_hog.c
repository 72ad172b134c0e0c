// L7: gradients, gathered into histograms of orientation.
//
// An edge of known direction is drawn; its HoG has one histogram a cell, whose votes are centered
// on 10°, 30°, … 170°. The mean direction of the votes (that of the doubled angles, since 0° and
// 180° are the same) is held against the direction that was drawn.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/lecture/lecture.h"

enum { SIDE = 64, DIRECTIONS = 36, ZOOM = 3, SHAPES = 32 };

static const double DEGREE = 3.14159265358979 / 180;

// Cells without blocks: one histogram each, as counted.
static fx_hog_params cells_only(int pixels_per_cell) {
    fx_hog_params params = fx_hog_defaults(); // 9 orientations, unsigned
    params.pixels_per_cell = pixels_per_cell;
    params.cells_per_block = 1;
    params.block_norm = FX_HOG_NORM_NONE;
    return params;
}

// A soft edge through the middle; brightness rises in the direction of `degrees`, measured from the
// x axis towards y, which goes down.
static fx_status draw_edge(double degrees, fx_image *out, fx_error *error) {
    TRY(fx_image_reserve(out, SIDE, SIDE, 1, error));
    double across = cos(degrees * DEGREE), down = sin(degrees * DEGREE), center = (SIDE - 1) / 2.0;
    for (int i = 0; i < SIDE * SIDE; i++) {
        const int column = i % SIDE, row = i / SIDE;
        double distance = across * (column - center) + down * (row - center);
        out->pixels[i] = (uint8_t)lrint(128 + 100 * fmax(-0.5, fmin(0.5, distance / 2)));
    }
    return FX_OK;
}

static fx_status cells_of(const fx_hog_params *params, const fx_image *image, sheet *sheet,
                          float **cells, size_t *count, fx_error *error) {
    size_t length = fx_hog_length(params, image->width, image->height);
    void *scratch;
    *count = length / (size_t)params->orientations;
    TRY(sheet_array(sheet, length, sizeof **cells, cells, error));
    TRY(sheet_array(sheet, fx_hog_scratch(params, image->width, image->height), 1, &scratch,
                    error));
    return fx_hog_extract(params, image, *cells, scratch, error);
}

// Direction of the gradient in the image, from all votes: degrees in 0 … 180.
static double mean_direction(const float *cells, size_t count, int orientations) {
    double sine = 0, cosine = 0, width = 180.0 / orientations;
    for (size_t i = 0; i < count * (size_t)orientations; i++) {
        double angle = ((double)(i % (size_t)orientations) + 0.5) * width * DEGREE;
        sine += (double)cells[i] * sin(2 * angle);
        cosine += (double)cells[i] * cos(2 * angle);
    }
    double degrees = atan2(sine, cosine) / 2 / DEGREE;
    return degrees < 0 ? degrees + 180 : degrees;
}

// The image, darkened, and in each cell a stroke for each orientation, along the edge (across the
// gradient), as bright as the votes are many.
static fx_status draw_glyphs(const fx_image *image, const fx_hog_params *params, const float *cells,
                             fx_image *out, fx_error *error) {
    const int cell = params->pixels_per_cell, bins = params->orientations;
    const int across = image->width / cell;
    double most = 1e-9;
    for (int i = 0; i < across * (image->height / cell) * bins; i++)
        most = fmax(most, (double)cells[i]);
    TRY(fx_image_reserve(out, image->width * ZOOM, image->height * ZOOM, 3, error));
    for (int y = 0; y < out->height; y++)
        for (int x = 0; x < out->width; x++) {
            const float *votes = cells + ((y / ZOOM / cell) * across + x / ZOOM / cell) * bins;
            double u = (x % (cell * ZOOM)) + 0.5 - cell * ZOOM / 2.0;
            double v = (y % (cell * ZOOM)) + 0.5 - cell * ZOOM / 2.0, stroke = 0;
            for (int k = 0; k < bins && hypot(u, v) < 0.46 * cell * ZOOM; k++) {
                double angle = (k + 0.5) * 180.0 / bins * DEGREE;
                double off = fabs(u * cos(angle) + v * sin(angle)); // along the gradient
                stroke = fmax(stroke, fmax(0, 1 - fmax(0, off - 0.6)) * (double)votes[k] / most);
            }
            const uint8_t *p =
                image->pixels + ((y / ZOOM) * image->width + x / ZOOM) * image->channels;
            for (int c = 0; c < 3; c++) {
                static const int yellow[3] = {255, 220, 60};
                double under = 0.45 * p[image->channels == 3 ? c : 0];
                out->pixels[(y * out->width + x) * 3 + c] =
                    (uint8_t)lrint(under + stroke * (yellow[c] - under));
            }
        }
    return FX_OK;
}

static fx_status show(const fx_image *image, int pixels_per_cell, const char *label, sheet *sheet,
                      fx_error *error) {
    const fx_hog_params params = cells_only(pixels_per_cell);
    fx_image picture = {0};
    float *cells;
    size_t count;
    TRY(cells_of(&params, image, sheet, &cells, &count, error));
    fx_status status = draw_glyphs(image, &params, cells, &picture, error);
    if (status == FX_OK) sheet_tile(sheet, &picture, 1, label);
    fx_image_destroy(&picture);
    return status;
}

static fx_status draw(const lecture *lecture, fx_image *image, sheet *sheet, fx_error *error) {
    const fx_image_source *images = &lecture->shapes->test.images;
    sheet_tiles_begin(sheet,
                      "Edges, and the strokes that HoG sees along them (gradient direction)");
    for (int degrees = 0; degrees < 180; degrees += 45) {
        char label[32];
        snprintf(label, sizeof label, "%d°", degrees);
        TRY(draw_edge(degrees, image, error));
        TRY(show(image, 8, label, sheet, error));
    }
    sheet_tiles_end(sheet);
    sheet_tiles_begin(sheet, "Pictures of shapes with their strokes");
    for (size_t i = 2; i < 10; i += 2) {
        fx_image small = {0};
        fx_status status = images->get(images->self, i, &small, error);
        if (status == FX_OK) status = fx_image_resize(&small, SIDE, SIDE, image, error);
        fx_image_destroy(&small);
        TRY(status);
        TRY(show(image, 8, lecture->shapes->class_names[lecture->shapes->test.labels[i]], sheet,
                 error));
    }
    sheet_tiles_end(sheet);
    return FX_OK;
}

static fx_status measure(sheet *sheet, fx_image *image, double *drawn, double *found,
                         fx_error *error) {
    const fx_hog_params params = cells_only(8);
    for (int i = 0; i < DIRECTIONS; i++) {
        float *cells;
        size_t count;
        drawn[i] = 180.0 * i / DIRECTIONS;
        TRY(draw_edge(drawn[i], image, error));
        TRY(cells_of(&params, image, sheet, &cells, &count, error));
        found[i] = mean_direction(cells, count, params.orientations);
    }
    return FX_OK;
}

static fx_status run(const lecture *lecture, sheet *sheet, fx_error *error) {
    double drawn[DIRECTIONS], found[DIRECTIONS], worst = 0;
    fx_image image = {0};
    fx_status status = measure(sheet, &image, drawn, found, error);
    if (status == FX_OK) status = draw(lecture, &image, sheet, error);
    fx_image_destroy(&image);
    TRY(status);
    for (int i = 0; i < DIRECTIONS; i++) {
        double off = fabs(found[i] - drawn[i]);
        worst = fmax(worst, fmin(off, 180 - off));
        if (found[i] > 179.5) found[i] -= 180; // 0 and 180 are the same: drawn as 0
    }
    const series lines[] = {
        {"as drawn", LINE, 6, DIRECTIONS, drawn, drawn, NULL, NULL},
        {"as HoG says", RINGS, 2, DIRECTIONS, drawn, found, NULL, NULL},
    };
    sheet_chart(sheet,
                &(chart){.title = "Directions",
                         .x_label = "direction of the gradient, degrees",
                         .y_label = "mean direction of the votes, degrees",
                         .x = {-5, 185},
                         .y = {-5, 185},
                         .equal = true,
                         .count = COUNT(lines),
                         .series = lines},
                "The direction that HoG reports against the one drawn, for 36 directions");
    // Half a bin is 10°; votes are shared between bins so that the mean is far better than that.
    sheet_at_most(sheet, "largest error of the direction, over 36 edges", in_unit(worst, DEGREES),
                  3);
    return FX_OK;
}

const claim l07 = {
    "L7",
    "l07_hog.c",
    "HoG",
    "The gradient at each pixel, gathered into histograms of orientation. The gradient at a "
    "pixel tells the direction of the edge there.",
    "Edges in 36 known directions, every 5°. From the histograms alone, of 9 bins of 20°, the "
    "direction is read back. The strokes stand along the edge, across its gradient.",
    run,
};
