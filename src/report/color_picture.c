// Color histograms as bars in their own colors.
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/color_histogram.h"
#include "src/base/memory.h"
#include "src/report/draw.h"
#include "src/report/feature_pictures.h"

enum { LEAST_BAR = 2 };

typedef struct panel {
    const fx_color_axes *axes;
    bool joint;
    const float *numbers; // [bins] of one cell
    float *sorted;        // [bins], scratch
    size_t bins;
    double largest; // of the level
    int left, top, width, height;
} panel;

// The bins of each channel that number `index` of a cell belongs to.
static void bins_of(const panel *p, size_t index, int bin[3]) {
    int rest = (int)index;
    for (int c = 2; c >= 0; c--) {
        bin[c] = rest % p->axes->bins[c];
        rest /= p->axes->bins[c];
    }
    if (p->joint || p->axes->channels == 1) return;
    int channel = 0;
    for (rest = (int)index; rest >= p->axes->bins[channel]; channel++)
        rest -= p->axes->bins[channel];
    for (int c = 0; c < 3; c++) bin[c] = c == channel ? rest : -1;
}

static int by_falling_number(const void *left, const void *right) {
    float a = *(const float *)left, b = *(const float *)right;
    return a < b ? 1 : a > b ? -1 : 0;
}

static void draw_panel(const panel *p, fx_image *out) {
    size_t most = (size_t)(p->width / LEAST_BAR), bars = p->bins < most ? p->bins : most;
    if (bars == 0) bars = 1;
    memcpy(p->sorted, p->numbers, sizeof *p->sorted * p->bins);
    qsort(p->sorted, p->bins, sizeof *p->sorted, by_falling_number);
    double least = (double)p->sorted[bars - 1];
    size_t bar = 0;
    for (size_t i = 0; i < p->bins && bar < bars; i++) {
        double number = (double)p->numbers[i];
        if (number < least) continue;
        int bin[3];
        uint8_t rgb[3];
        bins_of(p, i, bin);
        fx__color_center(p->axes, bin, rgb);
        int left = (int)((size_t)p->width * bar / bars);
        int right = (int)((size_t)p->width * (bar + 1) / bars);
        int height = p->largest > 0 ? (int)lrint(number / p->largest * (p->height - 2)) : 0;
        int gap = right - left > 4 ? 1 : 0;
        fx__draw_rectangle(out, p->left + left, p->top + p->height - height, right - left - gap,
                           height, rgb);
        bar++;
    }
}

// The image within FX__BARS_IMAGE pixels, at the top.
static fx_status draw_thumbnail(const fx_image *image, fx_image *out, fx_error *error) {
    double scale =
        fmin((double)FX__BARS_WIDTH / image->width, (double)FX__BARS_IMAGE / image->height);
    fx_image small = {0};
    int width = (int)fmax(1, image->width * scale), height = (int)fmax(1, image->height * scale);
    fx_status status = fx_image_resize(image, width, height, &small, error);
    if (status == FX_OK) fx__draw_image(out, (FX__BARS_WIDTH - width) / 2, 0, &small, 1, 1);
    fx_image_destroy(&small);
    return status;
}

fx_status fx__picture_color(const fx_color_params *params, const fx_image *image, fx_image *out,
                            fx_error *error) {
    fx_color_axes axes;
    fx_status status;
    float *numbers = NULL;
    panel p = {.axes = &axes, .joint = params->joint};
    void *scratch = NULL;
    size_t length = fx_color_length(params), cells = 0, side = (size_t)params->grid;
    FX__TRY(fx__color_axes_of(params, &axes, error));
    for (int level = 0; level < params->levels; level++) cells += (side << level) * (side << level);
    assert(cells > 0); // the parameters were checked
    p.bins = length / cells;
    FX__TRY_GOTO(fx__allocate(length, sizeof *numbers, &numbers, error));
    FX__TRY_GOTO(fx__allocate(p.bins, sizeof *p.sorted, &p.sorted, error));
    FX__TRY_GOTO(fx__allocate(fx_color_scratch(params), 1, &scratch, error));
    FX__TRY_GOTO(fx_color_extract(params, image, numbers, scratch, error));
    FX__TRY_GOTO(fx__draw_begin(FX__BARS_WIDTH, FX__BARS_IMAGE + params->levels * FX__BARS_HEIGHT,
                                FX__BARS_GROUND, out, error));
    FX__TRY_GOTO(draw_thumbnail(image, out, error));
    p.numbers = numbers;
    for (int level = 0; level < params->levels; level++) {
        int n = params->grid << level;
        p.largest = 0;
        for (size_t i = 0; i < p.bins * (size_t)(n * n); i++)
            p.largest = fmax(p.largest, (double)p.numbers[i]);
        for (int i = 0; i < n * n; i++, p.numbers += p.bins) {
            p.left = i % n * FX__BARS_WIDTH / n;
            p.width = (i % n + 1) * FX__BARS_WIDTH / n - p.left;
            int above = FX__BARS_IMAGE + level * FX__BARS_HEIGHT;
            p.top = above + i / n * FX__BARS_HEIGHT / n;
            p.height = above + (i / n + 1) * FX__BARS_HEIGHT / n - p.top;
            draw_panel(&p, out);
        }
    }
done:
    free(numbers);
    free(p.sorted);
    free(scratch);
    return status;
}

// --- colors that speak ---

// Draws a bar: `share` of the largest value, upward where it is positive.
static void draw_speaking(const panel *p, size_t index, double share, int column, fx_image *out) {
    static const uint8_t frame[3] = {200, 200, 200};
    int middle = FX__SPEAKING_HEIGHT / 2, bin[3];
    int height = (int)lrint(fabs(share) * (middle - 2));
    if (height < 3) height = 3; // a frame and its color
    uint8_t rgb[3];
    bins_of(p, index, bin);
    fx__color_center(p->axes, bin, rgb);
    int left = column * FX__SPEAKING_WIDTH + 1, top = share > 0 ? middle - height : middle;
    fx__draw_rectangle(out, left, top, FX__SPEAKING_WIDTH - 2, height, frame);
    fx__draw_rectangle(out, left + 1, top + 1, FX__SPEAKING_WIDTH - 4, height - 2, rgb);
}

fx_status fx__picture_speaking_colors(const fx_color_params *params, const float *values,
                                      fx_image *out, fx_error *error) {
    fx_color_axes axes;
    panel p = {.axes = &axes, .joint = params->joint, .bins = 0};
    fx_color_params cell = *params;
    cell.grid = cell.levels = 1;
    p.bins = fx_color_length(&cell);
    FX__TRY(fx__color_axes_of(params, &axes, error));
    FX__TRY(fx__draw_begin(2 * FX__SPEAKING * FX__SPEAKING_WIDTH, FX__SPEAKING_HEIGHT,
                           FX__BARS_GROUND, out, error));
    size_t chosen[2][FX__SPEAKING] = {{0}}; // for and against: the largest values first
    int count[2] = {0, 0};
    double largest = 0;
    for (size_t i = 0; i < p.bins; i++) {
        double value = (double)values[i], size = fabs(value);
        int against = value < 0, at = count[against];
        if (value == 0) continue;
        largest = fmax(largest, size);
        for (; at > 0 && fabs((double)values[chosen[against][at - 1]]) < size; at--)
            if (at < FX__SPEAKING) chosen[against][at] = chosen[against][at - 1];
        if (at < FX__SPEAKING) chosen[against][at] = i;
        if (count[against] < FX__SPEAKING) count[against]++;
    }
    for (int against = 0; against < 2; against++)
        for (int k = 0; k < count[against]; k++)
            draw_speaking(&p, chosen[against][k], (double)values[chosen[against][k]] / largest,
                          against ? 2 * FX__SPEAKING - 1 - k : k, out);
    return FX_OK;
}
