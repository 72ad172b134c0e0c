// HoG glyphs, and raw pixels.
#include <math.h>
#include <stdlib.h>

#include "src/base/memory.h"
#include "src/report/draw.h"
#include "src/report/feature_pictures.h"

enum { RAW_SIDE = 256 };

static const double PI = 3.14159265358979323846;

fx_status fx__picture_raw(const fx_image *image, fx_image *out, fx_error *error) {
    int larger = image->width > image->height ? image->width : image->height;
    int zoom = larger < RAW_SIDE ? (RAW_SIDE + larger - 1) / larger : 1;
    FX__TRY(fx__draw_begin(image->width * zoom, image->height * zoom, 0, out, error));
    fx__draw_image(out, 0, 0, image, zoom, 1);
    return FX_OK;
}

// One histogram a cell, neither overlapped nor normalized.
static fx_hog_params cells_alone(const fx_hog_params *params) {
    fx_hog_params cells = *params;
    if (params->variant != FX_HOG_BLOCKS) cells.signed_gradients = false;
    cells.variant = FX_HOG_BLOCKS;
    cells.cells_per_block = cells.block_stride = 1;
    cells.block_norm = FX_HOG_NORM_NONE;
    cells.block_window = 0;
    cells.order = FX_HOG_ORDER_ROWS;
    return cells;
}

static void draw_glyph(const fx_glyphs *glyphs, const float *bins, double largest, double x,
                       double y, double cell, fx_image *out) {
    double turn = glyphs->whole_turn ? 2 * PI : PI, reach = 0.45 * cell;
    for (int o = 0; o < glyphs->orientations; o++) {
        double center = glyphs->centered ? o : o + 0.5;
        double gradient = turn * center / glyphs->orientations;
        double dx = -sin(gradient) * reach, dy = cos(gradient) * reach;
        long shade = bins[o] > 0 ? lrint(255 * sqrt(fmin(1, (double)bins[o] / largest))) : 0;
        if (shade > 0) fx__draw_line(out, x - dx, y - dy, x + dx, y + dy, (uint8_t)shade);
    }
}

void fx__draw_glyphs(const fx_glyphs *glyphs, const float *bins, double largest, int left, int top,
                     int cell, fx_image *out) {
    for (int row = 0; row < glyphs->rows && largest > 0; row++)
        for (int column = 0; column < glyphs->columns; column++) {
            draw_glyph(glyphs, bins, largest, left + (column + 0.5) * cell,
                       top + (row + 0.5) * cell, cell, out);
            bins += glyphs->orientations;
        }
}

fx_status fx__picture_hog(const fx_hog_params *params, const fx_image *image, fx_image *out,
                          fx_error *error) {
    fx_hog_params p = cells_alone(params);
    fx_status status;
    float *bins = NULL;
    void *scratch = NULL;
    int size = p.pixels_per_cell, half = p.partial_cells ? size / 2 : 0;
    int columns = (image->width + half) / size, rows = (image->height + half) / size;
    int zoom = size < FX__GLYPH ? (FX__GLYPH + size - 1) / size : 1;
    size_t length = fx_hog_length(&p, image->width, image->height);
    FX__TRY_GOTO(fx__allocate(length, sizeof *bins, &bins, error));
    FX__TRY_GOTO(fx__allocate(fx_hog_scratch(&p, image->width, image->height), 1, &scratch, error));
    FX__TRY_GOTO(fx_hog_extract(&p, image, bins, scratch, error));
    FX__TRY_GOTO(fx__draw_begin(image->width * zoom, image->height * zoom, 0, out, error));
    fx__draw_image(out, 0, 0, image, zoom, 0.3);
    double largest = 0;
    for (size_t i = 0; i < length; i++) largest = fmax(largest, (double)bins[i]);
    fx_glyphs glyphs = {.columns = columns,
                        .rows = rows,
                        .orientations = p.orientations,
                        .whole_turn = p.signed_gradients,
                        .centered = p.first_bin == FX_HOG_FIRST_BIN_CENTERED};
    fx__draw_glyphs(&glyphs, bins, largest, 0, 0, size * zoom, out);
done:
    free(bins);
    free(scratch);
    return status;
}
