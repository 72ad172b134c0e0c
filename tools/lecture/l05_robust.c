// L5: what shifting and rotating an image does to each descriptor.
//
// Distances between an image and its changed self are divided by the mean distance between
// different images under the same descriptor: 0 is not noticed, 1 is another image.
#include <math.h>
#include <stdlib.h>

#include "tools/lecture/lecture.h"

enum { IMAGES = 200, SIDE = 32, STEPS = 5 };

static const double shifts[STEPS] = {0, 1, 2, 4, 8};     // pixels to the right and down
static const double angles[STEPS] = {0, 15, 30, 45, 90}; // degrees

// out(x, y) = in, turned about the center by `degrees` and shifted by `shift`: bilinear, border
// pixels repeated.
static fx_status move(const fx_image *in, double shift, double degrees, fx_image *out,
                      fx_error *error) {
    TRY(fx_image_reserve(out, SIDE, SIDE, 3, error));
    const double center = (SIDE - 1) / 2.0, turn = degrees * acos(-1) / 180;
    for (int i = 0; i < SIDE * SIDE; i++) {
        const int column = i % SIDE, row = i / SIDE;
        double x = column - shift - center, y = row - shift - center;
        double u = center + cos(turn) * x + sin(turn) * y,
               v = center - sin(turn) * x + cos(turn) * y;
        u = fmin(SIDE - 1, fmax(0, u));
        v = fmin(SIDE - 1, fmax(0, v));
        int left = (int)fmin(SIDE - 2, u + 1e-9), top = (int)fmin(SIDE - 2, v + 1e-9);
        double a = u - left, b = v - top;
        const uint8_t *p = in->pixels + (top * SIDE + left) * 3;
        for (int c = 0; c < 3; c++)
            out->pixels[i * 3 + c] =
                (uint8_t)lrint((1 - b) * ((1 - a) * p[c] + a * p[3 + c]) +
                               b * ((1 - a) * p[3 * SIDE + c] + a * p[3 * SIDE + 3 + c]));
    }
    return FX_OK;
}

// Mean changes of one descriptor: by[0][s] under shifts[s], by[1][s] under angles[s].
static fx_status measure(const lecture *lecture, fx_feature feature, double by[2][STEPS],
                         fx_error *error) {
    const fx_model_params params = small_model(lecture, feature);
    const fx_image_source *images = &lecture->shapes->test.images;
    fx_descriptor *descriptor = NULL;
    fx_descriptor_scratch *scratch = NULL;
    fx_image image = {0}, moved = {0};
    float *rows = NULL;
    size_t n = 0;
    double apart = 0;
    fx_status status;
    TRY_GOTO(fx_descriptor_prepare(&params.descriptor, &lecture->shapes->train.images, NULL,
                                   lecture->seed, lecture->progress, &descriptor, error));
    TRY_GOTO(fx_descriptor_scratch_create(descriptor, &scratch, error));
    TRY_GOTO(fx_descriptor_length(descriptor, SIDE, SIDE, &n, error));
    rows = malloc(3 * n * sizeof *rows); // this image, the one before, this one changed
    if (!rows) {
        status = fx_error_set(error, FX_ERROR_MEMORY, "out of memory");
        goto done;
    }
    for (size_t i = 0; i < IMAGES; i++) {
        float *row = rows + i % 2 * n, *before = rows + (i + 1) % 2 * n, *changed = rows + 2 * n;
        TRY_GOTO(images->get(images->self, i, &image, error));
        TRY_GOTO(fx_descriptor_extract(descriptor, scratch, &image, row, error));
        if (i > 0) apart += distance(row, before, n) / (IMAGES - 1);
        for (int turned = 0; turned < 2; turned++)
            for (int s = 0; s < STEPS; s++) {
                TRY_GOTO(
                    move(&image, turned ? 0 : shifts[s], turned ? angles[s] : 0, &moved, error));
                TRY_GOTO(fx_descriptor_extract(descriptor, scratch, &moved, changed, error));
                by[turned][s] += distance(row, changed, n) / IMAGES;
            }
    }
    for (int s = 0; s < STEPS; s++) {
        by[0][s] /= apart;
        by[1][s] /= apart;
    }
done:
    free(rows);
    fx_image_destroy(&image);
    fx_image_destroy(&moved);
    fx_descriptor_scratch_destroy(scratch);
    fx_descriptor_destroy(descriptor);
    return status;
}

static fx_status draw_examples(const lecture *lecture, sheet *sheet, fx_error *error) {
    const fx_image_source *images = &lecture->shapes->test.images;
    fx_image image = {0}, moved = {0};
    fx_status status;
    TRY_GOTO(images->get(images->self, 6, &image, error));
    sheet_tiles_begin(sheet, "One of the images, shifted and turned");
    sheet_tile(sheet, &image, 3, "as it is");
    TRY_GOTO(move(&image, 4, 0, &moved, error));
    sheet_tile(sheet, &moved, 3, "4 pixels");
    TRY_GOTO(move(&image, 0, 45, &moved, error));
    sheet_tile(sheet, &moved, 3, "45°");
    TRY_GOTO(move(&image, 0, 90, &moved, error));
    sheet_tile(sheet, &moved, 3, "90°");
    sheet_tiles_end(sheet);
done:
    fx_image_destroy(&image);
    fx_image_destroy(&moved);
    return status;
}

static fx_status run(const lecture *lecture, sheet *sheet, fx_error *error) {
    static const mark marks[FX_FEATURE_COUNT] = {DASHED_RINGS, LINE_DOTS, DOTTED_SQUARES,
                                                 LINE_DOTS};
    static const char *const names[FX_FEATURE_COUNT] = {"raw pixels", "color histogram", "HoG",
                                                        "visual words"};
    double by[FX_FEATURE_COUNT][2][STEPS] = {0};
    series lines[2][FX_FEATURE_COUNT];
    for (int f = 0; f < FX_FEATURE_COUNT; f++) {
        TRY(measure(lecture, (fx_feature)f, by[f], error));
        for (int turned = 0; turned < 2; turned++)
            lines[turned][f] =
                (series){names[f],      marks[f], f + 1, STEPS, turned ? angles : shifts,
                         by[f][turned], NULL,     NULL};
    }
    TRY(draw_examples(lecture, sheet, error));
    for (int turned = 0; turned < 2; turned++)
        sheet_chart(sheet,
                    &(chart){.title = turned ? "Rotation" : "Shift",
                             .x_label = turned ? "angle, degrees" : "to the right and down, pixels",
                             .y_label = "change, 1 is another image",
                             .y = {0, 1.6},
                             .count = FX_FEATURE_COUNT,
                             .series = lines[turned]},
                    "How far each of four descriptors changes");

    double(*color)[STEPS] = by[FX_FEATURE_COLOR], (*hog)[STEPS] = by[FX_FEATURE_HOG];
    sheet_at_most(sheet, "color histogram, change by a shift of 4 pixels", plain(color[0][3]), 0.3);
    sheet_shows(sheet, "HoG, the same", plain(hog[0][3]));
    sheet_shows(sheet, "raw pixels, the same", plain(by[FX_FEATURE_RAW][0][3]));
    sheet_shows(sheet, "visual words, the same", plain(by[FX_FEATURE_BOVW][0][3]));
    sheet_at_most(sheet, "color histogram, change by a rotation of 45°", plain(color[1][3]), 0.3);
    sheet_shows(sheet, "HoG, the same", plain(hog[1][3]));
    sheet_shows(sheet, "raw pixels, the same", plain(by[FX_FEATURE_RAW][1][3]));
    sheet_shows(sheet, "visual words, the same", plain(by[FX_FEATURE_BOVW][1][3]));
    sheet_at_most(sheet, "color histogram, change by a rotation of 90°, which moves every pixel",
                  plain(color[1][4]), 1e-6);
    sheet_at_most(sheet, "a shift of 4 pixels: change of color over that of HoG",
                  plain(color[0][3] / hog[0][3]), 0.5);
    return FX_OK;
}

const claim l05 = {
    "L5",
    "l05_robust.c",
    "The color histogram is robust",
    "Since it ignores position, rotating or shifting the image hardly changes it.",
    "200 test images of <em>shapes</em>, shifted and rotated (pixels of the border are repeated "
    "where the image ends). For each descriptor: the mean distance between before and after, "
    "where 1 is the mean distance between two different images.",
    run,
};
