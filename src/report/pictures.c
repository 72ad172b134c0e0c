// Pictures within the page, and the first-layer templates of arms on raw pixels.
//
// A unit of the first layer sums w · x', x' = (x − mean) · scale, scale = 1 / deviation. What is
// shown is w / scale = w · deviation: were the pixels uncorrelated, the covariance of each with
// what the unit sums, so the pattern that the unit answers to (Haufe et al., NeuroImage 87, 2014).
// The weights in pixels, w · scale, would show little but border pixels that hardly ever change.
// Middle gray is 0, black and white are three times the root mean square of the template.
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/image/image_file.h"
#include "src/report/parts.h"
#include "src/report/summary.h"

enum {
    UNITS_MAX = 100,
    COLUMNS = 10,
    GAP = 1,
    GAP_SHADE = 32,
    TILE_MIN = 48,
    SHEET_PIXELS = 1 << 20
};

void fx__put_picture(fx_page *page, const fx_image *image, int zoom, const char *alt) {
    fx_text png = {0};
    if (page->status == FX_OK) page->status = fx__image_encode_png(image, &png, page->error);
    fx__put(page,
            "<img class=\"picture\" width=\"%d\" height=\"%d\" alt=\"%s\" "
            "src=\"data:image/png;base64,",
            image->width * zoom, image->height * zoom, alt);
    if (page->status == FX_OK)
        page->status = fx__text_base64(page->out, png.data, png.length, page->error);
    fx__put(page, "\">");
    fx__text_destroy(&png);
}

// --- templates ---

typedef struct {
    int width, height, channels;
    const float *weights; // [inputs, units]
    const float *scale;   // [inputs]
    size_t inputs, units;
    size_t layers;
} layer;

// The first layer of an arm whose inputs are an image of one known size.
static bool first_layer(const fx_page *page, size_t arm, layer *out) {
    const fx_descriptor_params *params =
        &fx_model_get_params(page->comparison->models[arm])->descriptor;
    if (params->features.count != 1 || params->features.values[0] != FX_FEATURE_RAW) return false;
    // The accessors lend for writing; nothing is written here.
    fx_mlp *mlp = (fx_mlp *)fx_model_mlp(page->comparison->models[arm]);
    *out = (layer){.width = params->image.size.width,
                   .height = params->image.size.height,
                   .channels = params->image.gray == FX_GRAY_YES ? 1 : 3,
                   .scale = fx_mlp_input_scale(mlp),
                   .layers = fx_mlp_layers(mlp)};
    out->weights = fx_mlp_weights(mlp, 0, &out->inputs, &out->units);
    return out->width > 0 && out->height > 0 &&
           (size_t)out->width * (size_t)out->height * (size_t)out->channels == out->inputs;
}

static double template_value(const layer *l, size_t unit, size_t input) {
    double scale = l->scale[input]; // 0: a pixel that never changed
    return scale > 0 ? (double)l->weights[input * l->units + unit] / scale : 0;
}

static double template_rms(const layer *l, size_t unit) {
    double sum = 0;
    for (size_t i = 0; i < l->inputs; i++) {
        double value = template_value(l, unit, i);
        sum += value * value;
    }
    return sqrt(sum / (double)l->inputs);
}

// Draws a unit's template at (left, top).
static void draw_template(const layer *l, size_t unit, int left, int top, fx_image *image) {
    size_t channels = (size_t)l->channels;
    double rms = template_rms(l, unit), step = rms > 0 ? 127 / (3 * rms) : 0;
    for (size_t i = 0; i < l->inputs; i++) {
        size_t x = (size_t)left + i / channels % (size_t)l->width;
        size_t y = (size_t)top + i / channels / (size_t)l->width;
        double value = fmin(255, fmax(0, 128 + step * template_value(l, unit, i)));
        image->pixels[(y * (size_t)image->width + x) * channels + i % channels] =
            (uint8_t)lrint(value);
    }
}

// Classes of a linear classifier: each template with its name.
static void put_class_templates(fx_page *page, const layer *l, int zoom) {
    fx__put(page, "<ul class=\"tiles\">\n");
    for (size_t unit = 0; unit < l->units && page->status == FX_OK; unit++) {
        fx_image image = {0};
        page->status = fx_image_reserve(&image, l->width, l->height, l->channels, page->error);
        if (page->status == FX_OK) draw_template(l, unit, 0, 0, &image);
        fx__put(page, "<li>");
        fx__put_picture(page, &image, zoom, "");
        fx__put(page, "<br>");
        fx__put_name(page, page->comparison->class_names[unit]);
        fx__put(page, "</li>\n");
        fx_image_destroy(&image);
    }
    fx__put(page, "</ul>\n");
}

typedef struct {
    double rms;
    size_t unit;
} ranked;

static int by_falling_rms(const void *left, const void *right) {
    const ranked *a = left, *b = right;
    if (a->rms != b->rms) return a->rms > b->rms ? -1 : 1;
    return a->unit < b->unit ? -1 : 1;
}

// How many units a sheet shows: fewer where they are large.
static size_t sheet_units(const layer *l) {
    size_t most = SHEET_PIXELS / ((size_t)l->width * (size_t)l->height);
    if (most > UNITS_MAX) most = UNITS_MAX;
    if (most < COLUMNS) most = COLUMNS;
    return l->units < most ? l->units : most;
}

static fx_status draw_sheet(const layer *l, fx_image *sheet, fx_error *error) {
    ranked *units;
    FX__TRY(fx__allocate(l->units, sizeof *units, &units, error));
    for (size_t i = 0; i < l->units; i++) units[i] = (ranked){template_rms(l, i), i};
    qsort(units, l->units, sizeof *units, by_falling_rms);
    int count = (int)sheet_units(l);
    assert(count > 0); // a layer has units
    int columns = count < COLUMNS ? count : COLUMNS, rows = (count + columns - 1) / columns;
    int across = l->width + GAP, down = l->height + GAP;
    fx_status status =
        fx_image_reserve(sheet, columns * across - GAP, rows * down - GAP, l->channels, error);
    if (status == FX_OK) {
        size_t bytes = (size_t)sheet->width * (size_t)sheet->height * (size_t)sheet->channels;
        memset(sheet->pixels, GAP_SHADE, bytes);
        for (int i = 0; i < count; i++)
            draw_template(l, units[i].unit, i % columns * across, i / columns * down, sheet);
    }
    free(units);
    return status;
}

static void put_hidden_templates(fx_page *page, const layer *l, int zoom) {
    fx_image sheet = {0};
    if (page->status == FX_OK) page->status = draw_sheet(l, &sheet, page->error);
    fx__put_picture(page, &sheet, zoom, "Templates of the first hidden layer, side by side");
    fx_image_destroy(&sheet);
    if (l->units > sheet_units(l))
        fx__put(page, "<figcaption>The %zu of %zu units with the largest weights.</figcaption>\n",
                sheet_units(l), l->units);
}

void fx__put_templates(fx_page *page) {
    bool first = true;
    for (size_t i = 0; i < page->comparison->arm_count; i++) {
        size_t arm = page->order[i];
        layer l;
        if (!first_layer(page, arm, &l)) continue;
        if (first)
            fx__put(page,
                    "<h2>What the first layer looks for</h2>\n<p class=\"note\">The "
                    "first layer of arms on raw pixels%s, each unit as an image: its weights times "
                    "how much each pixel varies. Middle gray is none; each template has a contrast "
                    "of its own.</p>\n",
                    page->comparison->seed_count > 1 ? " (first seed)" : "");
        first = false;
        int larger = l.width > l.height ? l.width : l.height;
        int zoom = larger < TILE_MIN ? (TILE_MIN + larger - 1) / larger : 1;
        fx__put(page, "<figure><h3>");
        fx__put_arm(page, arm);
        fx__put(page, "</h3>\n");
        if (l.layers == 1 && l.units == (size_t)page->comparison->classes)
            put_class_templates(page, &l, zoom);
        else
            put_hidden_templates(page, &l, zoom);
        fx__put(page, "</figure>\n");
    }
}
