// The built-in data set: a function of its seed, balanced, and with the statistics that its classes
// promise. What trained models make of it stands in tests/property/test_shapes_claims.c.
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "featx/dataset.h"
#include "featx/threads.h"

enum { SIDE = 32, BYTES = 3 * SIDE * SIDE, CLASSES = 10 };
enum { CHERRY, PEACH, SQUARE, TRIANGLE, ZEBRA, LEOPARD, HORSE, FISH, CUP, BOAT };

static fx_error error;

static fx_dataset create(uint64_t seed) {
    fx_dataset data;
    cr_assert_eq(fx_shapes_create(seed, &data, &error), FX_OK, "%s", error.message);
    return data;
}

// Pixels of image `index`, into out[BYTES].
static void pixels_of(const fx_split *split, size_t index, uint8_t *out) {
    fx_image image = {0};
    cr_assert_eq(split->images.get(split->images.self, index, &image, &error), FX_OK);
    cr_assert(image.width == SIDE && image.height == SIDE && image.channels == 3);
    memcpy(out, image.pixels, BYTES);
    fx_image_destroy(&image);
}

Test(shapes, sizes_names_and_balance) {
    fx_dataset data = create(1);
    static const char *const names[CLASSES] = {"cherry",  "peach", "square", "triangle", "zebra",
                                               "leopard", "horse", "fish",   "cup",      "boat"};
    cr_assert_str_eq(data.name, "shapes");
    cr_assert_eq(data.classes, CLASSES);
    for (int c = 0; c < CLASSES; c++) cr_assert_str_eq(data.class_names[c], names[c]);
    cr_assert_eq(data.train.images.count, 6000);
    cr_assert_eq(data.test.images.count, 1000);
    cr_assert_eq(data.validation.images.count, 0);
    int train[CLASSES] = {0}, test[CLASSES] = {0};
    for (size_t i = 0; i < 6000; i++) train[data.train.labels[i]]++;
    for (size_t i = 0; i < 1000; i++) test[data.test.labels[i]]++;
    for (int c = 0; c < CLASSES; c++) cr_assert(train[c] == 600 && test[c] == 100);
    char name[64];
    data.test.images.name(data.test.images.self, 17, name, sizeof name);
    cr_assert_str_eq(name, "shapes/test[17]");
    fx_dataset_destroy(&data);
}

static uint64_t digest(const fx_dataset *data) { // FNV-1a over all pixels
    uint64_t hash = 14695981039346656037U;
    uint8_t pixels[BYTES];
    for (int s = 0; s < 2; s++) {
        const fx_split *split = s ? &data->test : &data->train;
        for (size_t i = 0; i < split->images.count; i++) {
            pixels_of(split, i, pixels);
            for (int p = 0; p < BYTES; p++) hash = (hash ^ pixels[p]) * 1099511628211U;
        }
    }
    return hash;
}

Test(shapes, is_a_function_of_the_seed_for_any_number_of_threads) {
    fx_dataset data = create(5);
    uint64_t first = digest(&data);
    fx_dataset_destroy(&data);
    const int threads[] = {1, 5};
    for (int t = 0; t < 2; t++) {
        fx_threads_set(threads[t]);
        data = create(5);
        cr_assert_eq(digest(&data), first);
        fx_dataset_destroy(&data);
    }
    data = create(6);
    cr_assert_neq(digest(&data), first);
    fx_dataset_destroy(&data);
    fx_dataset_options options = {.seed = 5};
    cr_assert_eq(fx_dataset_load("shapes", &options, &data, &error), FX_OK);
    cr_assert_eq(digest(&data), first);
    fx_dataset_destroy(&data);
}

// No image of the test set is one of the training set: the two are drawn under different keys.
Test(shapes, splits_share_no_image) {
    fx_dataset data = create(1);
    uint8_t train[BYTES], test[BYTES];
    for (size_t i = 0; i < 1000; i++) {
        pixels_of(&data.train, i, train);
        pixels_of(&data.test, i, test);
        cr_assert(memcmp(train, test, BYTES) != 0);
    }
    fx_dataset_destroy(&data);
}

Test(shapes, is_fast) {
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    fx_dataset data = create(1);
    clock_gettime(CLOCK_MONOTONIC, &to);
    fx_dataset_destroy(&data);
    double seconds = (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
    // Under 0.6 s on 2 cores that do other work as well. Tests run side by side and under
    // sanitizers: this only catches a collapse.
    cr_assert_lt(seconds, 20, "%.2f s", seconds);
}

// Distance between the mean color histograms of two classes, 8 × 8 × 8 bins of RGB: half the sum of
// absolute differences, 0 … 1.
static double histogram_distance(const fx_dataset *data, int a, int b) {
    static double bins[2][512];
    memset(bins, 0, sizeof bins);
    uint8_t pixels[BYTES];
    for (size_t i = 0; i < data->train.images.count; i++) {
        int label = data->train.labels[i];
        if (label != a && label != b) continue;
        pixels_of(&data->train, i, pixels);
        for (int p = 0; p < BYTES; p += 3)
            bins[label == b][pixels[p] / 32 * 64 + pixels[p + 1] / 32 * 8 + pixels[p + 2] / 32]++;
    }
    double sum = 0;
    for (int k = 0; k < 512; k++) sum += fabs(bins[0][k] - bins[1][k]);
    return sum / (2 * 600.0 * SIDE * SIDE);
}

// Every image has a background of its own, so even two halves of one class are 0.10 to 0.15 apart.
Test(shapes, color_histograms_of_the_pairs) {
    fx_dataset data = create(1);
    double color = histogram_distance(&data, CHERRY, PEACH);
    double shape = histogram_distance(&data, SQUARE, TRIANGLE);
    double texture = histogram_distance(&data, ZEBRA, LEOPARD);
    double profile = histogram_distance(&data, HORSE, FISH);
    // Measured for seeds 1 to 3: 0.57 to 0.58 for the first, 0.07 to 0.10 for the others.
    cr_assert_gt(color, 0.45, "%.3f", color);
    cr_assert_lt(shape, 0.14, "%.3f", shape);
    cr_assert_lt(texture, 0.14, "%.3f", texture);
    cr_assert_lt(profile, 0.14, "%.3f", profile);
    fx_dataset_destroy(&data);
}

typedef double outline_map[SIDE][SIDE];

// Where the outlines of a class are: the squared horizontal difference of the green channel, scaled
// to a mean of 1 in each image, averaged over the class.
static void map_outlines(const fx_dataset *data, int class, outline_map out) {
    uint8_t pixels[BYTES];
    outline_map one = {{0}};
    memset(out, 0, sizeof one);
    for (size_t i = 0; i < data->train.images.count; i++) {
        if (data->train.labels[i] != class) continue;
        pixels_of(&data->train, i, pixels);
        double sum = 0;
        for (int y = 0; y < SIDE; y++)
            for (int x = 1; x < SIDE - 1; x++) {
                int at = (y * SIDE + x) * 3 + 1;
                one[y][x] = pow(pixels[at + 3] - pixels[at - 3], 2);
                sum += one[y][x];
            }
        for (int y = 0; y < SIDE; y++)
            for (int x = 1; x < SIDE - 1; x++)
                out[y][x] += one[y][x] * SIDE * (SIDE - 2) / sum / 600;
    }
}

// *variance: that of the map. Returns the share of it that the map's mirror image does not have.
static double asymmetry(outline_map map, double *variance) {
    double odd = 0, all = 0;
    for (int y = 0; y < SIDE; y++)
        for (int x = 1; x < SIDE - 1; x++) {
            odd += pow((map[y][x] - map[y][SIDE - 1 - x]) / 2, 2);
            all += pow(map[y][x] - 1, 2);
        }
    *variance = all / (SIDE * (SIDE - 2));
    return odd / all;
}

// Horse, fish, cup and boat look left as often as right, so their outlines average to symmetric
// maps; and as everything moves about, to flat ones.
Test(shapes, two_modes_and_shift) {
    fx_dataset data = create(1);
    outline_map map;
    double odd = 0, flat = 0;
    for (int c = 0; c < CLASSES; c++) {
        double variance, share;
        map_outlines(&data, c, map);
        share = asymmetry(map, &variance);
        if (c >= HORSE) odd += share / 4;
        if (c != ZEBRA && c != LEOPARD) flat += variance / 8;
    }
    fx_dataset_destroy(&data);
    cr_assert_lt(odd, 0.13, "%.3f", odd);   // 0.07 to 0.08 for seeds 1 to 3; 0.18 without the flips
    cr_assert_lt(flat, 0.11, "%.3f", flat); // 0.065; 0.16 without the shifts
}
