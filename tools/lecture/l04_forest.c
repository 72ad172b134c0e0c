// L4: search by color.
//
// The lecture finds forests by their green; here cherries are found by their dark, saturated red,
// and then by histograms that are near that of one picture. Distances of histograms: Hellinger,
// which is the Euclidean one of their square roots.
#include <math.h>
#include <stdlib.h>

#include "tools/lecture/lecture.h"

enum { TEST = 1000, CHERRY = 0, TOP = 50, NEAREST = 10, SHOWN = 10, QUERY = 40 };
enum { HUES = 8, SATURATIONS = 4, VALUES = 4, BINS = HUES * SATURATIONS * VALUES };

typedef struct found {
    double score;
    size_t image;
} found;

static int by_score(const void *left, const void *right) {
    const found *a = left, *b = right;
    if (a->score != b->score) return a->score < b->score ? -1 : 1;
    return a->image < b->image ? -1 : 1;
}

// histograms[TEST, BINS] of the test images: fractions of the pixels.
static fx_status histograms_of(const fx_image_source *images, float *out, fx_error *error) {
    fx_color_params params = fx_color_defaults(); // HSV, 8 × 4 × 4, one histogram an image
    params.norm = FX_COLOR_NORM_L1;
    fx_image image = {0};
    fx_status status = FX_OK;
    void *scratch = malloc(fx_color_scratch(&params));
    if (!scratch) return fx_error_set(error, FX_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < TEST; i++) {
        TRY_GOTO(images->get(images->self, i, &image, error));
        TRY_GOTO(fx_color_extract(&params, &image, out + i * BINS, scratch, error));
    }
done:
    free(scratch);
    fx_image_destroy(&image);
    return status;
}

// What is red (the first and the last of the hues), saturated, and neither black nor bright.
static double red(const float *histogram) {
    double sum = 0;
    for (int h = 0; h < HUES; h += HUES - 1)
        for (int v = 1; v <= 2; v++)
            sum += (double)histogram[(h * SATURATIONS + SATURATIONS - 1) * VALUES + v];
    return sum;
}

static double hellinger(const float *a, const float *b) {
    double sum = 0;
    for (int i = 0; i < BINS; i++) {
        double difference = sqrt((double)a[i]) - sqrt((double)b[i]);
        sum += difference * difference;
    }
    return sqrt(sum);
}

// The images nearest to image `query`, itself left out.
static void search(const float *histograms, size_t query, found *list) {
    for (size_t i = 0; i < TEST; i++)
        list[i] = (found){
            i == query ? INFINITY : hellinger(histograms + i * BINS, histograms + query * BINS), i};
    qsort(list, TEST, sizeof *list, by_score);
}

static fx_status show(const lecture *lecture, sheet *sheet, const found *list, size_t count,
                      const char *title, fx_error *error) {
    fx_image image = {0};
    fx_status status = FX_OK;
    const fx_split *test = &lecture->shapes->test;
    sheet_tiles_begin(sheet, title);
    for (size_t i = 0; i < count; i++) {
        TRY_GOTO(test->images.get(test->images.self, list[i].image, &image, error));
        sheet_tile(sheet, &image, 2, lecture->shapes->class_names[test->labels[list[i].image]]);
    }
    sheet_tiles_end(sheet);
done:
    fx_image_destroy(&image);
    return status;
}

static fx_status run(const lecture *lecture, sheet *sheet, fx_error *error) {
    const int *labels = lecture->shapes->test.labels;
    float *histograms;
    found *list;
    TRY(sheet_array(sheet, (size_t)TEST * BINS, sizeof *histograms, &histograms, error));
    TRY(sheet_array(sheet, TEST, sizeof *list, &list, error));
    TRY(histograms_of(&lecture->shapes->test.images, histograms, error));

    for (size_t i = 0; i < TEST; i++) list[i] = (found){-red(histograms + i * BINS), i};
    qsort(list, TEST, sizeof *list, by_score);
    size_t cherries = 0, hits = 0, queries = 0;
    for (size_t i = 0; i < TOP; i++) cherries += labels[list[i].image] == CHERRY;
    TRY(show(lecture, sheet, list, 2 * SHOWN, "Highest in dark, saturated red: the first 20",
             error));

    for (size_t query = 0; query < TEST; query++) {
        if (labels[query] != CHERRY) continue;
        queries++;
        search(histograms, query, list);
        for (size_t i = 0; i < NEAREST; i++) hits += labels[list[i].image] == CHERRY;
        if (query != QUERY) continue;
        const found asked = {0, QUERY};
        TRY(show(lecture, sheet, &asked, 1, "A picture to search with", error));
        TRY(show(lecture, sheet, list, SHOWN, "The nearest histograms", error));
    }
    sheet_shows(sheet, "cherries among all test images", share(TEST / 10, TEST));
    sheet_at_least(sheet, "cherries among the 50 images that are highest in dark, saturated red",
                   share(cherries, TOP), 0.3);
    // Neighbors of one picture are not independent, so no interval is claimed.
    sheet_at_least(sheet, "cherries among the 10 nearest to a cherry, over all cherries",
                   in_unit((double)hits / (double)(queries * NEAREST), PERCENT), 0.3);
    return FX_OK;
}

const claim l04 = {
    "L4",
    "l04_forest.c",
    "Color histogram",
    "It counts how often each color occurs. Used to classify, search and compare images by "
    "overall tone: to find pictures of a forest, look for histograms that are high in green. It "
    "ignores where a color is.",
    "<em>shapes</em> has cherries in the place of forests. The 1,000 test images are ranked by "
    "how much of each is dark, saturated red; then each cherry asks for the ten images with the "
    "nearest histograms.",
    run,
};
