// L4: search by color.
//
// Forests are found by their green among drawn scenes, and then by histograms that are near that of
// one forest; and cherries among the shapes, where colors differ less. Distances of histograms:
// Hellinger, which is the Euclidean one of their square roots.
#include <math.h>
#include <stdlib.h>

#include "tools/lecture/lecture.h"

enum { COUNT_OF_SCENES = 500, COUNT_OF_SHAPES = 1000, FOREST = 0, CHERRY = 0 };
enum { NEAREST = 10, QUERY = 10, SHOWN = 20 };
enum { HUES = 8, SATURATIONS = 4, VALUES = 4, BINS = HUES * SATURATIONS * VALUES };

// The pictures searched: scenes, or the test images of shapes.
typedef struct album {
    const lecture *lecture;
    bool scenes;
    size_t count;
    float *histograms; // [count, BINS]: fractions of the pixels
} album;

typedef struct found {
    double score;
    size_t image;
} found;

static int by_score(const void *left, const void *right) {
    const found *a = left, *b = right;
    if (a->score != b->score) return a->score < b->score ? -1 : 1;
    return a->image < b->image ? -1 : 1;
}

static fx_status get(const album *a, size_t index, fx_image *out, fx_error *error) {
    if (a->scenes) return scene(a->lecture->seed, index, out, error);
    const fx_image_source *images = &a->lecture->shapes->test.images;
    return images->get(images->self, index, out, error);
}

static int kind_of(const album *a, size_t index) {
    return a->scenes ? scene_kind(index) : a->lecture->shapes->test.labels[index];
}

static fx_status fill(album *a, sheet *sheet, fx_error *error) {
    fx_color_params params = fx_color_defaults(); // HSV, 8 × 4 × 4, one histogram an image
    params.norm = FX_COLOR_NORM_L1;
    fx_image image = {0};
    fx_status status = FX_OK;
    TRY(sheet_array(sheet, a->count * BINS, sizeof *a->histograms, &a->histograms, error));
    void *scratch = malloc(fx_color_scratch(&params));
    if (!scratch) return fx_error_set(error, FX_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < a->count; i++) {
        TRY_GOTO(get(a, i, &image, error));
        TRY_GOTO(fx_color_extract(&params, &image, a->histograms + i * BINS, scratch, error));
    }
done:
    free(scratch);
    fx_image_destroy(&image);
    return status;
}

// What is green: hues from 45° to 135°, neither gray nor black.
static double green(const float *histogram) {
    double sum = 0;
    for (int h = 1; h <= 2; h++)
        for (int s = 1; s < SATURATIONS; s++)
            for (int v = 1; v < VALUES; v++)
                sum += (double)histogram[(h * SATURATIONS + s) * VALUES + v];
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

// The images nearest to image `query`, itself last.
static void search(const album *a, size_t query, found *list) {
    for (size_t i = 0; i < a->count; i++)
        list[i] =
            (found){i == query ? INFINITY
                               : hellinger(a->histograms + i * BINS, a->histograms + query * BINS),
                    i};
    qsort(list, a->count, sizeof *list, by_score);
}

// Of the images nearest to one of a kind, the share that is of that kind, over all of the kind.
static double share_of_nearest(const album *a, int kind, found *list) {
    size_t hits = 0, queries = 0;
    for (size_t query = 0; query < a->count; query++) {
        if (kind_of(a, query) != kind) continue;
        queries++;
        search(a, query, list);
        for (size_t i = 0; i < NEAREST; i++) hits += kind_of(a, list[i].image) == kind;
    }
    return (double)hits / (double)(queries * NEAREST);
}

static fx_status show(const album *a, sheet *sheet, const found *list, size_t count,
                      const char *title, fx_error *error) {
    fx_image image = {0};
    fx_status status = FX_OK;
    sheet_tiles_begin(sheet, title);
    for (size_t i = 0; i < count; i++) {
        TRY_GOTO(get(a, list[i].image, &image, error));
        sheet_tile(sheet, &image, 2,
                   a->scenes ? scene_names[kind_of(a, list[i].image)]
                             : a->lecture->shapes->class_names[kind_of(a, list[i].image)]);
    }
    sheet_tiles_end(sheet);
done:
    fx_image_destroy(&image);
    return status;
}

static fx_status run(const lecture *lecture, sheet *sheet, fx_error *error) {
    album scenes = {.lecture = lecture, .scenes = true, .count = COUNT_OF_SCENES};
    album shapes = {.lecture = lecture, .count = COUNT_OF_SHAPES};
    const size_t forests = COUNT_OF_SCENES / SCENE_KINDS;
    found *list, every[SCENE_KINDS];
    size_t hits = 0;
    TRY(sheet_array(sheet, COUNT_OF_SHAPES, sizeof *list, &list, error));
    TRY(fill(&scenes, sheet, error));
    TRY(fill(&shapes, sheet, error));

    for (size_t i = 0; i < SCENE_KINDS; i++) every[i].image = i;
    TRY(show(&scenes, sheet, every, SCENE_KINDS, "One scene of each kind", error));
    for (size_t i = 0; i < scenes.count; i++)
        list[i] = (found){-green(scenes.histograms + i * BINS), i};
    qsort(list, scenes.count, sizeof *list, by_score);
    for (size_t i = 0; i < forests; i++) hits += kind_of(&scenes, list[i].image) == FOREST;
    TRY(show(&scenes, sheet, list, SHOWN, "Highest in green: the first 20", error));
    search(&scenes, QUERY, list);
    list[scenes.count - 1].image = QUERY;
    TRY(show(&scenes, sheet, &list[scenes.count - 1], 1, "A forest to search with", error));
    TRY(show(&scenes, sheet, list, NEAREST, "The nearest histograms", error));

    sheet_shows(sheet, "forests among all 500 scenes",
                in_unit((double)forests / COUNT_OF_SCENES, PERCENT));
    sheet_at_least(sheet, "forests among the 100 scenes that are highest in green",
                   share(hits, forests), 0.3);
    // Neighbors of one picture are not independent, so no interval is claimed.
    sheet_at_least(sheet, "forests among the 10 nearest to a forest, over all forests",
                   in_unit(share_of_nearest(&scenes, FOREST, list), PERCENT), 0.5);
    sheet_at_least(sheet, "cherries among the 10 nearest to a cherry of shapes, where 10 % are",
                   in_unit(share_of_nearest(&shapes, CHERRY, list), PERCENT), 0.3);
    return FX_OK;
}

const claim l04 = {
    "L4",
    "l04_forest.c",
    "Color histogram",
    "It counts how often each color occurs. Used to classify, search and compare images by "
    "overall tone: to find pictures of a forest, look for histograms that are high in green. It "
    "ignores where a color is.",
    "500 drawn scenes, meadows among them, which are green too, and forests in autumn, which are "
    "not. They are ranked by how much of each is green; then each forest asks for the ten scenes "
    "with the nearest histograms, and each cherry of <em>shapes</em> for ten of the 1,000 test "
    "images.",
    run,
};
