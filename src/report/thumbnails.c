// Picking: every arm's most confident mistakes first; then, round by round, one image for each cell
// of each arm's confusion matrix, one that already has a place in the sheet where there is one,
// else the one that the arm was surest of, until the sheet is full. So arms share images, and the
// page stays small.
#include "src/report/thumbnails.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/image/image_file.h"

enum {
    SHEET_PIXELS = 800 * 32 * 32,
    SHEET_COLUMNS = 25,
    SIDE_MIN = 16,
    SIDE_MAX = 48,
    BACKGROUND = 128
};

typedef struct {
    float confidence;
    uint32_t sample;
} mistake;

// The mistakes of an arm, the surest first.
typedef struct {
    mistake *list;
    size_t count;
} mistakes;

static int by_falling_confidence(const void *left, const void *right) {
    const mistake *a = left, *b = right;
    if (a->confidence != b->confidence) return a->confidence > b->confidence ? -1 : 1;
    return a->sample < b->sample ? -1 : 1;
}

static const fx_result *first_result(const fx_comparison *comparison, size_t arm) {
    return &comparison->results[arm * comparison->seed_count];
}

static fx_status find_mistakes(const fx_result *result, mistakes *out, fx_error *error) {
    FX__TRY(fx__allocate(result->test_samples, sizeof *out->list, &out->list, error));
    for (size_t i = 0; i < result->test_samples; i++)
        if (result->test_labels[i] != result->test_predictions[i])
            out->list[out->count++] = (mistake){result->test_confidence[i], (uint32_t)i};
    qsort(out->list, out->count, sizeof *out->list, by_falling_confidence);
    return FX_OK;
}

// Gives an image its place; false where the sheet is full.
static bool place(fx_thumbnails *out, uint32_t image) {
    if (out->slots[image]) return true;
    if (out->count >= (size_t)SHEET_PIXELS / (size_t)(out->side * out->side)) return false;
    out->images[out->count++] = image;
    out->slots[image] = (uint32_t)out->count;
    return true;
}

// Picks for each cell that has `round` images one more.
static void pick_round(const fx_result *result, const mistakes *mistakes, bool placed, size_t round,
                       size_t arm, fx_thumbnails *out) {
    size_t classes = (size_t)result->classes;
    for (size_t m = 0; m < mistakes->count; m++) {
        uint32_t sample = mistakes->list[m].sample, image = result->test_indices[sample];
        uint32_t *cell =
            out->cells + ((arm * classes + (size_t)result->test_labels[sample]) * classes +
                          (size_t)result->test_predictions[sample]) *
                             FX_CELL_IMAGES;
        if (cell[round] || (round > 0 && !cell[round - 1]) || (placed && !out->slots[image]))
            continue;
        bool taken = false;
        for (size_t i = 0; i < round; i++) taken = taken || cell[i] == sample + 1;
        if (!taken && place(out, image)) cell[round] = sample + 1;
    }
}

static fx_status pick(const fx_comparison *comparison, fx_thumbnails *out, fx_error *error) {
    size_t arms = comparison->arm_count, classes = (size_t)comparison->classes;
    size_t images = comparison->dataset->test.images.count;
    mistakes *wrong;
    fx_status status;
    FX__TRY(fx__allocate(arms, sizeof *wrong, &wrong, error));
    FX__TRY_GOTO(fx__allocate(arms, FX_WORST_IMAGES * sizeof *out->worst, &out->worst, error));
    FX__TRY_GOTO(fx__allocate(images, sizeof *out->slots, &out->slots, error));
    FX__TRY_GOTO(fx__allocate(images, sizeof *out->images, &out->images, error));
    if (classes <= FX_CELL_CLASSES)
        FX__TRY_GOTO(fx__allocate(arms * classes * classes, FX_CELL_IMAGES * sizeof *out->cells,
                                  &out->cells, error));
    for (size_t arm = 0; arm < arms; arm++) {
        const fx_result *result = first_result(comparison, arm);
        FX__TRY_GOTO(find_mistakes(result, &wrong[arm], error));
        for (size_t i = 0; i < FX_WORST_IMAGES && i < wrong[arm].count; i++) {
            uint32_t sample = wrong[arm].list[i].sample;
            if (place(out, result->test_indices[sample]))
                out->worst[arm * FX_WORST_IMAGES + i] = sample + 1;
        }
    }
    for (size_t round = 0; out->cells && round < FX_CELL_IMAGES; round++)
        for (size_t arm = 0; arm < arms; arm++)
            for (int placed = 1; placed >= 0; placed--)
                pick_round(first_result(comparison, arm), &wrong[arm], placed, round, arm, out);
done:
    for (size_t arm = 0; arm < arms; arm++) free(wrong[arm].list);
    free(wrong);
    return status;
}

// Draws an image into its place, fitted and centered.
static fx_status draw(const fx_image *image, size_t slot, fx_thumbnails *out, fx_error *error) {
    int longer = image->width > image->height ? image->width : image->height, side = out->side;
    int width = image->width, height = image->height;
    if (longer > side) {
        width = (int)fmax(1, round((double)width * side / longer));
        height = (int)fmax(1, round((double)height * side / longer));
    }
    fx_image color = {0}, fitted = {0};
    fx_status status;
    FX__TRY_GOTO(fx_image_convert(image, 3, &color, error));
    FX__TRY_GOTO(fx_image_resize(&color, width, height, &fitted, error));
    size_t left = slot % SHEET_COLUMNS * (size_t)side + (size_t)(side - width) / 2;
    size_t top = slot / SHEET_COLUMNS * (size_t)side + (size_t)(side - height) / 2;
    for (size_t y = 0; y < (size_t)height; y++)
        memcpy(out->sheet.pixels + ((top + y) * (size_t)out->sheet.width + left) * 3,
               fitted.pixels + y * (size_t)width * 3, (size_t)width * 3);
done:
    fx_image_destroy(&color);
    fx_image_destroy(&fitted);
    return status;
}

static fx_status draw_sheet(const fx_image_source *images, fx_thumbnails *out, fx_error *error) {
    if (out->count == 0) return FX_OK;
    int rows = (int)((out->count + SHEET_COLUMNS - 1) / SHEET_COLUMNS);
    FX__TRY(fx_image_reserve(&out->sheet, SHEET_COLUMNS * out->side, rows * out->side, 3, error));
    memset(out->sheet.pixels, BACKGROUND, (size_t)out->sheet.width * (size_t)out->sheet.height * 3);
    fx_image image = {0};
    fx_status status = FX_OK;
    for (size_t slot = 0; slot < out->count && status == FX_OK; slot++) {
        status = images->get(images->self, out->images[slot], &image, error);
        if (status == FX_OK) status = draw(&image, slot, out, error);
    }
    fx_image_destroy(&image);
    return status;
}

fx_status fx__thumbnails_create(const fx_comparison *comparison, fx_thumbnails *out,
                                fx_error *error) {
    const fx_image_source *images = &comparison->dataset->test.images;
    *out = (fx_thumbnails){.side = SIDE_MAX};
    fx_status status;
    fx_image size;
    FX__TRY_GOTO(images->probe(images->self, 0, &size, error));
    int longer = size.width > size.height ? size.width : size.height;
    if (longer < SIDE_MAX) out->side = longer > SIDE_MIN ? longer : SIDE_MIN;
    FX__TRY_GOTO(pick(comparison, out, error));
    FX__TRY_GOTO(draw_sheet(images, out, error));
done:
    if (status != FX_OK) fx__thumbnails_destroy(out);
    return status;
}

void fx__thumbnails_destroy(fx_thumbnails *thumbnails) {
    free(thumbnails->worst);
    free(thumbnails->cells);
    free(thumbnails->slots);
    free(thumbnails->images);
    fx_image_destroy(&thumbnails->sheet);
    *thumbnails = (fx_thumbnails){0};
}

// --- markup ---

fx_status fx__thumbnails_style(const fx_thumbnails *thumbnails, fx_text *out, fx_error *error) {
    if (thumbnails->count == 0) return FX_OK;
    fx_text png = {0};
    fx_status status;
    FX__TRY_GOTO(fx__image_encode_png(&thumbnails->sheet, &png, error));
    FX__TRY_GOTO(fx__text_printf(out, error,
                                 ".thumbnail{background-size:%drem auto;background-image:url("
                                 "\"data:image/png;base64,",
                                 4 * SHEET_COLUMNS));
    FX__TRY_GOTO(fx__text_base64(out, png.data, png.length, error));
    FX__TRY_GOTO(fx__text_printf(out, error, "\")}\n"));
done:
    fx__text_destroy(&png);
    return status;
}

void fx__put_thumbnail(fx_page *page, size_t arm, uint32_t sample, bool with_classes) {
    const fx_result *result = first_result(page->comparison, arm);
    size_t at = sample - 1;
    uint32_t image = result->test_indices[at];
    size_t slot = page->thumbnails->slots[image] - 1;
    fx__put(page,
            "<li><span class=\"thumbnail\" role=\"img\" aria-label=\"test image %u\" "
            "style=\"--x:%zu;--y:%zu\"></span>",
            image, slot % SHEET_COLUMNS, slot / SHEET_COLUMNS);
    if (with_classes) {
        fx__put_name(page, page->comparison->class_names[result->test_labels[at]]);
        fx__put(page, " as ");
        fx__put_name(page, page->comparison->class_names[result->test_predictions[at]]);
        fx__put(page, "<br>");
    }
    double confidence = (double)result->test_confidence[at];
    if (fx_model_has_probabilities(page->comparison->models[arm]))
        fx__put(page, confidence > 0.9995 ? "&gt;&nbsp;99.9&nbsp;%%" : "%.*f&nbsp;%%",
                confidence > 0.99 ? 1 : 0, 100 * confidence);
    else
        fx__put(page, "score %.2f", confidence);
    fx__put(page, "</li>\n");
}
