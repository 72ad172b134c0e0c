// What each descriptor shows its network, class by class: the pixels, colors, edges and visual
// words that speak for a class and against it (src/report/effects.h says how that is measured).
//
// raw: the values as an image, middle gray is 0. color: summed over the cells, as bars. hog: the
// values of each cell and orientation, summed over the blocks that hold the cell, as glyphs, for
// and against apart, beside the test image of the class that the arm was surest of. bovw: summed
// over the cells; the words themselves, un-whitened.
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/feature.h"
#include "features/hog_cells.h"
#include "features/plain_words.h"
#include "src/base/memory.h"
#include "src/report/draw.h"
#include "src/report/effects.h"
#include "src/report/feature_pictures.h"
#include "src/report/parts.h"

enum {
    CLASSES_MAX = 20, // shown of an arm
    GAP = 4,
    GROUND = 96,
    HOG_SIDE = 128, // of a picture of glyphs, about
    GLYPH_MIN = 5,
    WORDS = 8, // for a class, and as many against
    WORD_SIDE = 28,
    RAW_SIDE = 64,
    SMALL = 96 // pixels that the style sheet gives what is not large
};

// What the pictures of one part of one arm are made of.
typedef struct {
    const fx_page *page;
    size_t arm;
    fx_row_part part;
    const fx_descriptor *descriptor;
    const fx_effects *effects;
    fx_plain_words words; // of bovw
    float *sums;          // [numbers of a cell, or of all HoG cells], scratch
} view;

static const float *values_of(const view *v, size_t class) {
    return v->effects->values + class * v->effects->length + v->part.begin;
}

// Pixels around middle gray, where black and white are three times their root mean square.
static void put_pixels(const float *values, size_t pixels, int channels, uint8_t *out) {
    size_t count = pixels * (size_t)channels;
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (double)values[i] * (double)values[i];
    double step = sum > 0 ? 127 / (3 * sqrt(sum / (double)count)) : 0;
    for (size_t i = 0; i < count; i++)
        out[i] = (uint8_t)lrint(fmin(255, fmax(0, 128 + step * (double)values[i])));
}

static fx_status draw_raw(const view *v, size_t class, fx_image *out, fx_error *error) {
    const fx_row_part *part = &v->part;
    FX__TRY(fx_image_reserve(out, part->width, part->height, part->channels, error));
    put_pixels(values_of(v, class), (size_t)part->width * (size_t)part->height, part->channels,
               out->pixels);
    return FX_OK;
}

// --- colors ---

static fx_status draw_color(const view *v, size_t class, fx_image *out, fx_error *error) {
    fx_color_params cell = v->descriptor->params.color;
    cell.grid = cell.levels = 1;
    size_t bins = fx_color_length(&cell);
    const float *values = values_of(v, class);
    memset(v->sums, 0, bins * sizeof *v->sums);
    for (size_t i = 0; i < v->part.length; i++) v->sums[i % bins] += values[i];
    return fx__picture_speaking_colors(&cell, v->sums, out, error);
}

// --- gradients ---

// Sums the values of each cell and orientation.
static void sum_cells(const fx_hog_params *p, const fx__hog_grid *grid, const float *values,
                      float *cells) {
    size_t bins = (size_t)p->orientations, per_block = (size_t)p->cells_per_block;
    size_t across = (size_t)grid->cells_x, count = across * (size_t)grid->cells_y;
    memset(cells, 0, count * bins * sizeof *cells);
    if (p->variant == FX_HOG_BLOCKS) {
        size_t blocks = (size_t)grid->blocks_x * (size_t)grid->blocks_y,
               stride = (size_t)p->block_stride;
        for (size_t b = 0; b < blocks; b++) {
            size_t bx = b % (size_t)grid->blocks_x, by = b / (size_t)grid->blocks_x;
            for (size_t c = 0; c < per_block * per_block; c++) {
                size_t cx = c % per_block, cy = c / per_block;
                const float *from = values + bx * grid->block_x + by * grid->block_y +
                                    cx * grid->cell_x + cy * grid->cell_y;
                float *to = cells + ((by * stride + cy) * across + bx * stride + cx) * bins;
                for (size_t o = 0; o < bins; o++) to[o] += from[o];
            }
        }
        return;
    }
    size_t numbers = p->variant == FX_HOG_CELLS ? 4 * bins : 3 * bins + 4;
    size_t turns = p->variant == FX_HOG_CELLS ? 4 : 3; // signed bins are two half turns
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < turns * bins; k++)
            cells[i * bins + k % bins] += values[i * numbers + k];
}

// The test image of a class that the arm was right about and surest of, or the first of the class;
// false where there is none.
static bool example_of(const view *v, size_t class, size_t *image) {
    const fx_comparison *comparison = v->page->comparison;
    const fx_result *result = &comparison->results[v->arm * comparison->seed_count];
    bool found = false, right = false;
    float most = 0;
    for (size_t i = 0; i < result->test_samples; i++) {
        if (result->test_labels[i] != (int)class) continue;
        bool is_right = result->test_predictions[i] == (int)class;
        if (found && (!is_right || (right && result->test_confidence[i] <= most))) continue;
        found = true;
        right = is_right;
        most = result->test_confidence[i];
        *image = result->test_indices[i];
    }
    return found;
}

// The example under its own glyphs, in a square as the other two.
static fx_status draw_example(const view *v, size_t class, int width, int height, fx_image *out,
                              fx_error *error) {
    const fx_image_source *images = &v->page->comparison->dataset->test.images;
    fx_image image = {0}, converted = {0}, sized = {0}, picture = {0}, fitted = {0};
    size_t index = 0;
    fx_status status = FX_OK;
    if (!example_of(v, class, &index)) return FX_OK;
    FX__TRY_GOTO(images->get(images->self, index, &image, error));
    FX__TRY_GOTO(fx_image_convert(&image, v->part.channels, &converted, error));
    FX__TRY_GOTO(fx_image_resize(&converted, v->part.width, v->part.height, &sized, error));
    FX__TRY_GOTO(fx__picture_hog(&v->descriptor->params.hog, &sized, &picture, error));
    FX__TRY_GOTO(fx_image_resize(&picture, width, height, &fitted, error));
    fx__draw_image(out, 0, 0, &fitted, 1, 1);
done:
    fx_image_destroy(&image);
    fx_image_destroy(&converted);
    fx_image_destroy(&sized);
    fx_image_destroy(&picture);
    fx_image_destroy(&fitted);
    return status;
}

static fx_status draw_hog(const view *v, size_t class, fx_image *out, fx_error *error) {
    const fx_hog_params *p = &v->descriptor->params.hog;
    fx__hog_grid grid = fx__hog_grid_of(p, v->part.width, v->part.height);
    // The cells of the example's own picture (fx__picture_hog), but where there are many.
    int longer = grid.cells_x > grid.cells_y ? grid.cells_x : grid.cells_y;
    int cell = p->pixels_per_cell;
    if (cell < FX__GLYPH) cell *= (FX__GLYPH + cell - 1) / cell;
    if (cell * longer > HOG_SIDE)
        cell = HOG_SIDE / longer > GLYPH_MIN ? HOG_SIDE / longer : GLYPH_MIN;
    int width = grid.cells_x * cell, height = grid.cells_y * cell;
    fx_glyphs glyphs = {.columns = grid.cells_x,
                        .rows = grid.cells_y,
                        .orientations = p->orientations,
                        .whole_turn = p->variant == FX_HOG_BLOCKS && p->signed_gradients,
                        .centered = p->first_bin == FX_HOG_FIRST_BIN_CENTERED};
    size_t count = (size_t)grid.cells_x * (size_t)grid.cells_y * (size_t)p->orientations;
    FX__TRY(fx__draw_begin(3 * width + 2 * GAP, height, 0, out, error));
    FX__TRY(draw_example(v, class, width, height, out, error));
    sum_cells(p, &grid, values_of(v, class), v->sums);
    double largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs((double)v->sums[i]));
    for (int against = 0; against < 2; against++) {
        static const uint8_t between[3] = {128, 128, 128};
        int left = (against + 1) * (width + GAP);
        fx__draw_rectangle(out, left - GAP, 0, GAP, height, between);
        fx__draw_glyphs(&glyphs, v->sums, largest, left, 0, cell, out);
        for (size_t i = 0; i < count; i++) v->sums[i] = -v->sums[i];
    }
    return FX_OK;
}

// --- words ---

typedef struct {
    double value;
    size_t code; // word, or beyond the words its opposite
} spoken;

static int by_falling_value(const void *left, const void *right) {
    const spoken *a = left, *b = right;
    if (a->value != b->value) return a->value > b->value ? -1 : 1;
    return a->code < b->code ? -1 : 1;
}

static bool is_of_vectors(const fx_descriptor *descriptor) {
    int encoding = fx_vocabulary_params(descriptor->vocabulary)->encoding;
    return encoding == FX_BOVW_VLAD || encoding == FX_BOVW_FISHER;
}

static size_t codes_of(const view *v) {
    const fx_bovw_params *p = fx_vocabulary_params(v->descriptor->vocabulary);
    return v->words.words.rows * (p->encoding == FX_BOVW_THRESHOLD ? 2 : 1);
}

static fx_status draw_word(const view *v, size_t code, int left, int top, fx_image *out,
                           fx_error *error) {
    const fx_plain_words *words = &v->words;
    size_t count = words->words.rows, d = words->words.columns;
    assert(count > 0 && words->side > 0); // a vocabulary has words
    const float *word = words->words.data + code % count * d;
    float *plain, sign = code < count ? 1 : -1;
    FX__TRY(fx__allocate(d, sizeof *plain, &plain, error));
    for (size_t i = 0; i < d; i++) plain[i] = sign * word[i];
    fx_status status = FX_OK;
    if (words->gradients) {
        fx_glyphs glyphs = {words->side, words->side, words->channels, words->whole_turn, true};
        double largest = 0;
        for (size_t i = 0; i < d; i++) largest = fmax(largest, (double)plain[i]);
        int cell = 2 * WORD_SIDE / words->side;
        fx__draw_rectangle(out, left, top, 2 * WORD_SIDE, 2 * WORD_SIDE, (const uint8_t[3]){0});
        fx__draw_glyphs(&glyphs, plain, largest, left, top, cell, out);
    } else {
        fx_image patch = {0};
        status = fx_image_reserve(&patch, words->side, words->side, words->channels, error);
        if (status == FX_OK) {
            size_t side = (size_t)words->side;
            put_pixels(plain, side * side, words->channels, patch.pixels);
            int zoom = WORD_SIDE / words->side > 0 ? WORD_SIDE / words->side : 1;
            fx__draw_image(out, left, top, &patch, zoom, 1);
        }
        fx_image_destroy(&patch);
    }
    free(plain);
    return status;
}

// Pixels that a word takes.
static int word_side(const fx_plain_words *words) {
    if (words->gradients) return 2 * WORD_SIDE;
    return words->side * (WORD_SIDE / words->side > 0 ? WORD_SIDE / words->side : 1);
}

static fx_status draw_words(const view *v, size_t class, fx_image *out, fx_error *error) {
    const float *values = values_of(v, class);
    size_t codes = codes_of(v), shown = codes / 2 < WORDS ? codes / 2 : WORDS;
    int side = word_side(&v->words);
    spoken *all;
    FX__TRY(fx__allocate(codes, sizeof *all, &all, error));
    for (size_t i = 0; i < codes; i++) all[i].code = i;
    for (size_t i = 0; i < v->part.length; i += codes) // cell after cell
        for (size_t k = 0; k < codes; k++) all[k].value += (double)values[i + k];
    qsort(all, codes, sizeof *all, by_falling_value);
    fx_status status =
        fx__draw_begin((int)shown * (side + GAP / 2) - GAP / 2, 2 * side + GAP, GROUND, out, error);
    for (size_t i = 0; i < 2 * shown && status == FX_OK; i++) {
        bool against = i >= shown;
        const spoken *word = against ? &all[codes - 1 - (i - shown)] : &all[i];
        if (against ? word->value < 0 : word->value > 0)
            status = draw_word(v, word->code, (int)(i % shown) * (side + GAP / 2),
                               against ? side + GAP : 0, out, error);
    }
    free(all);
    return status;
}

// --- the page ---

// What stands above the pictures of a part, what draws one, and what it is to those who cannot see
// it.
static const struct {
    const char *note, *alt;
    fx_status (*draw)(const view *v, size_t class, fx_image *out, fx_error *error);
} kinds[FX_FEATURE_COUNT] = {
    [FX_FEATURE_RAW] = {"Pixels: bright where brighter speaks for the class, dark where darker "
                        "does.",
                        "Pixels that speak for the class and against it", draw_raw},
    [FX_FEATURE_COLOR] = {"Colors: the bars that rise are those whose share speaks for the class "
                          "most, those that hang speak against it.",
                          "Colors that speak for the class and against it", draw_color},
    [FX_FEATURE_HOG] = {"Edges: left, the test image of the class that the arm was surest of, with "
                        "its own strokes along the edges; middle, the edges that speak for the "
                        "class; right, those against it.",
                        "An example, edges that speak for the class and against it", draw_hog},
    [FX_FEATURE_BOVW] = {"Visual words: above, those that speak for the class most; below, "
                         "against it. ",
                         "Visual words that speak for the class and against it", draw_words},
};

static size_t scratch_length(const view *v) {
    if (v->part.feature != FX_FEATURE_HOG) return v->part.length;
    const fx_hog_params *p = &v->descriptor->params.hog;
    fx__hog_grid grid = fx__hog_grid_of(p, v->part.width, v->part.height);
    return (size_t)grid.cells_x * (size_t)grid.cells_y * (size_t)p->orientations;
}

static void put_part_note(fx_page *page, const view *v) {
    fx__put(page, "<p class=\"note\">%s", kinds[v->part.feature].note);
    if (v->part.feature == FX_FEATURE_BOVW) {
        if (v->words.gradients)
            fx__put(page, "Each as its cells of gradients, strokes along the edges.");
        else
            fx__put(page,
                    "Each as the patch of %d × %d pixels that it stands for, with a contrast "
                    "of its own.",
                    v->words.side, v->words.side);
    }
    if (v->effects->classes > CLASSES_MAX)
        fx__put(page, " The first %d of %zu classes.", CLASSES_MAX, v->effects->classes);
    fx__put(page, "</p>\n");
}

static void put_part(fx_page *page, view *v) {
    bool words = v->part.feature == FX_FEATURE_BOVW;
    if (words && is_of_vectors(v->descriptor)) {
        fx__put(page,
                "<p class=\"note\">Visual words: not shown, for this encoding has a vector of "
                "numbers for each word.</p>\n");
        return;
    }
    if (words && page->status == FX_OK)
        page->status = fx__plain_words_create(v->descriptor->vocabulary, &v->words, page->error);
    if (page->status == FX_OK)
        page->status = fx__allocate(scratch_length(v), sizeof *v->sums, &v->sums, page->error);
    put_part_note(page, v);
    fx__put(page, "<ul class=\"tiles\">\n");
    for (size_t c = 0; c < v->effects->classes && c < CLASSES_MAX && page->status == FX_OK; c++) {
        fx_image image = {0};
        page->status = kinds[v->part.feature].draw(v, c, &image, page->error);
        int larger = image.width > image.height ? image.width : image.height;
        int zoom = larger > 0 && larger < RAW_SIDE ? (RAW_SIDE + larger - 1) / larger : 1;
        fx__put(page, image.width * zoom > SMALL ? "<li class=\"large\">" : "<li>");
        if (page->status == FX_OK) fx__put_picture(page, &image, zoom, kinds[v->part.feature].alt);
        fx__put(page, "<br>");
        fx__put_name(page, page->comparison->class_names[c]);
        fx__put(page, "</li>\n");
        fx_image_destroy(&image);
    }
    fx__put(page, "</ul>\n");
    fx__plain_words_destroy(&v->words);
    free(v->sums);
    v->sums = NULL;
}

static void put_intro(fx_page *page, size_t images) {
    fx__put(page,
            "<h2>What speaks for each class</h2>\n<p class=\"note\">How much the usual change of a "
            "number of the descriptor (its standard deviation) raises the score of a class against "
            "the other classes: the gradient of the score, averaged over %zu test images%s. Each "
            "picture has a contrast of its own.</p>\n",
            images, page->comparison->seed_count > 1 ? ", of the first seed’s network" : "");
}

static bool is_shown(const fx_page *page, size_t arm, size_t parts) {
    const fx_model *model = page->comparison->models[arm];
    const fx_result *result = &page->comparison->results[arm * page->comparison->seed_count];
    const fx_int_list *features = &fx_model_get_params(model)->descriptor.features;
    // The templates of a linear classifier on pixels say it already.
    bool templates = features->count == 1 && features->values[0] == FX_FEATURE_RAW &&
                     fx_mlp_layers(fx_model_mlp(model)) == 1;
    return parts > 0 && !templates && result->test_samples > 0 &&
           fx_mlp_outputs(fx_model_mlp(model)) == (size_t)page->comparison->classes;
}

void fx__put_seen(fx_page *page) {
    bool first = true;
    for (size_t i = 0; i < page->comparison->arm_count && page->status == FX_OK; i++) {
        size_t arm = page->order[i];
        fx_row_part parts[FX_FEATURE_COUNT];
        size_t count = fx__row_parts(page->comparison, arm, parts);
        if (!is_shown(page, arm, count)) continue;
        fx_effects effects;
        page->status = fx__effects_create(page->comparison, arm, &effects, page->error);
        if (page->status != FX_OK) return;
        if (first) put_intro(page, effects.images);
        first = false;
        fx__put(page, "<figure class=\"parts\"><h3>");
        fx__put_arm(page, arm);
        fx__put(page, "</h3>\n");
        view v = {.page = page,
                  .arm = arm,
                  .descriptor = fx_model_descriptor(page->comparison->models[arm]),
                  .effects = &effects};
        for (size_t k = 0; k < count; k++) {
            v.part = parts[k];
            put_part(page, &v);
        }
        fx__put(page, "</figure>\n");
        fx__effects_destroy(&effects);
    }
}
