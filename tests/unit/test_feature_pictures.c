// Pictures of descriptors, by pixel: the direction of glyphs, the heights and colors of bars, the
// places of words.
#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "features/color_space.h"
#include "features/word_map.h"
#include "src/report/feature_pictures.h"
#include "tests/support/pixels.h"

enum { BRIGHT = 150, DARK = 40 }; // of strokes, and of the image below them

// The brightest pixel within `reach` of (x, y).
static int brightest(const fx_image *image, int x, int y, int reach) {
    int most = 0;
    for (int v = y - reach; v <= y + reach; v++)
        for (int u = x - reach; u <= x + reach; u++) {
            int value = pixels_at(image, u, v)[0];
            most = value > most ? value : most;
        }
    return most;
}

// A step across the line through the middle of the image whose normal is (nx, ny), and the stroke
// that every preset draws in the cell there: along the edge bright, across it dark.
static void check_edge(double nx, double ny, int preset) {
    fx_image image = pixels_blank(72, 72, 1), picture = {0};
    for (int y = 0; y < 72; y++)
        for (int x = 0; x < 72; x++)
            pixels_at(&image, x, y)[0] = nx * (x - 35.5) + ny * (y - 35.5) > 0 ? 100 : 0;
    fx_hog_params p = fx_hog_defaults();
    fx_error error = {0};
    fx_hog_apply_preset(&p, (fx_hog_preset)preset);
    cr_assert_eq(fx__picture_hog(&p, &image, &picture, &error), FX_OK, "%s", error.message);
    cr_assert(picture.width == 144 && picture.height == 144 && picture.channels == 3);
    double length = sqrt(nx * nx + ny * ny);
    for (int side = -1; side <= 1; side += 2) {
        int across_x = 72 + (int)lrint(side * 5 * nx / length);
        int across_y = 72 + (int)lrint(side * 5 * ny / length);
        int along_x = 72 - (int)lrint(side * 5 * ny / length);
        int along_y = 72 + (int)lrint(side * 5 * nx / length);
        cr_expect(brightest(&picture, along_x, along_y, 1) >= BRIGHT,
                  "(%g, %g), preset %d: no stroke along the edge", nx, ny, preset);
        cr_expect(brightest(&picture, across_x, across_y, 1) <= DARK,
                  "(%g, %g), preset %d: a stroke across the edge", nx, ny, preset);
    }
    fx_image_destroy(&image);
    fx_image_destroy(&picture);
}

Test(feature_pictures, strokes_lie_along_edges) {
    static const double normals[][2] = {{1, 0}, {-1, 0}, {0, 1}, {1, 1}, {1, -1}, {-1, 1}};
    for (size_t i = 0; i < sizeof normals / sizeof *normals; i++)
        for (int preset = FX_HOG_PRESET_DALAL_TRIGGS; preset <= FX_HOG_PRESET_VLFEAT_UOCTTI;
             preset++)
            check_edge(normals[i][0], normals[i][1], preset);
}

// An image without edges has no strokes: it is the darkened image.
Test(feature_pictures, no_edge_no_stroke) {
    fx_image image = pixels_blank(16, 16, 1), picture = {0};
    memset(image.pixels, 100, (size_t)16 * 16);
    fx_hog_params p = fx_hog_defaults();
    cr_assert_eq(fx__picture_hog(&p, &image, &picture, NULL), FX_OK);
    for (int i = 0; i < 32 * 32 * 3; i++) cr_assert_eq(picture.pixels[i], 30);
    fx_image_destroy(&image);
    fx_image_destroy(&picture);
}

// Pixels of a column of the first panel that have the color.
static int height_of(const fx_image *picture, int x, const uint8_t rgb[3]) {
    int height = 0;
    for (int y = FX__BARS_IMAGE; y < FX__BARS_IMAGE + FX__BARS_HEIGHT; y++)
        height += memcmp(pixels_at(picture, x, y), rgb, 3) == 0;
    return height;
}

// Three quarters red, one quarter blue, in 8 joint bins: bars 96 pixels wide, 254 high and a third.
Test(feature_pictures, bars) {
    fx_image image = pixels_blank(8, 8, 3), picture = {0};
    for (int i = 0; i < 64; i++) image.pixels[3 * i + (i < 48 ? 0 : 2)] = 250;
    fx_color_params p = fx_color_defaults();
    p.space = FX_COLOR_RGB;
    p.bins = (fx_int_list){.count = 1, .values = {2}};
    p.norm = FX_COLOR_NORM_L1;
    cr_assert_eq(fx__picture_color(&p, &image, &picture, NULL), FX_OK);
    cr_assert(picture.width == FX__BARS_WIDTH &&
              picture.height == FX__BARS_IMAGE + FX__BARS_HEIGHT);
    static const uint8_t red[3] = {191, 64, 64}, blue[3] = {64, 64, 191};
    static const uint8_t ground[3] = {FX__BARS_GROUND, FX__BARS_GROUND, FX__BARS_GROUND};
    for (int bar = 0; bar < 8; bar++) {
        int x = 96 * bar + 48;
        cr_expect_eq(height_of(&picture, x, red), bar == 4 ? 254 : 0, "bar %d", bar);
        cr_expect_eq(height_of(&picture, x, blue), bar == 1 ? 85 : 0, "bar %d", bar);
        cr_expect_eq(height_of(&picture, x, ground), bar == 4 ? 2 : bar == 1 ? 171 : 256);
    }
    fx_image_destroy(&image);
    fx_image_destroy(&picture);
}

// A bin's center lies in the bin, but where the screen cannot show it.
Test(feature_pictures, centers_lie_in_their_bins) {
    for (int space = FX_COLOR_GRAY; space <= FX_COLOR_LAB; space++) {
        fx_color_axes axes = fx__color_axes((fx_color_space)space);
        int found = 0, bins = axes.bins[0] * axes.bins[1] * axes.bins[2];
        for (int i = 0; i < bins; i++) {
            int bin[3] = {i / axes.bins[2] / axes.bins[1], i / axes.bins[2] % axes.bins[1],
                          i % axes.bins[2]};
            uint8_t rgb[3];
            uint32_t position[3] = {0};
            fx__color_center(&axes, bin, rgb);
            fx__color_positions_reference(&axes, 1, rgb, position);
            bool same = true;
            for (int c = 0; c < axes.channels && c < 3; c++) same &= (int)position[c] == bin[c];
            found += same;
        }
        // Of gray, RGB and HSV all; of opponent colors and Lab most bins are of no color at all,
        // and half of rg has r + g > 1.
        static const double least[] = {1, 1, 0.5, 0.1, 1, 0.15};
        cr_expect(found >= least[space] * bins, "space %d: %d of %d", space, found, bins);
    }
}

// Stripes on the left, checks on the right, two words: each has its half.
Test(feature_pictures, words_and_where_they_fire) {
    fx_image image = pixels_blank(64, 32, 1), picture = {0};
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 64; x++)
            pixels_at(&image, x, y)[0] = x < 32 ? (y / 4 % 2 ? 200 : 0) : (x / 4 % 2 ? 200 : 0);
    fx_image_source source = pixels_source(&image, 1);
    fx_bovw_params p = fx_bovw_defaults();
    p.words = 2;
    p.local = FX_BOVW_SIFT;
    p.patch = 16;
    p.stride = 4;
    p.samples = 200;
    p.whiten = false;
    p.encoding = FX_BOVW_HARD;
    p.spherical = false;
    fx_error error = {0};
    fx_vocabulary *vocabulary;
    cr_assert_eq(fx_vocabulary_learn(&p, &source, 1, 1, NULL, &vocabulary, &error), FX_OK, "%s",
                 error.message);
    fx_word_map map;
    cr_assert_eq(fx__word_map_make(vocabulary, &image, 64, &map, &error), FX_OK);
    cr_assert(map.columns == 13 && map.rows == 5 && map.step == 4 && map.x == 0 && map.y == 0);
    for (int i = 0; i < 5 * 13; i++) {
        if (i % 13 <= 4) cr_expect_eq(map.words[i], map.words[0], "patch %d", i);
        if (i % 13 >= 8) cr_expect_eq(map.words[i], 1 - map.words[0], "patch %d", i);
    }
    // The mark of the first and of the last patch, eight times as large, in the word's color.
    cr_assert_eq(fx__picture_words(vocabulary, &image, &picture, &error), FX_OK);
    const uint8_t *left = pixels_at(&picture, 64, 64), *right = pixels_at(&picture, 56 * 8, 24 * 8);
    bool left_is_first = memcmp(left, fx__word_colors[0], 3) == 0;
    cr_expect_arr_eq(left, fx__word_colors[left_is_first ? 0 : 1], 3);
    cr_expect_arr_eq(right, fx__word_colors[left_is_first ? 1 : 0], 3);
    // The legend's bar of the most frequent word is the longest, its color beside it.
    cr_expect_arr_eq(pixels_at(&picture, 64 * 8 + 8 + 4, 10), fx__word_colors[0], 3);
    int end = 64 * 8 + 8 + 24 + 64 + 159;
    cr_expect_arr_eq(pixels_at(&picture, end, 28), fx__word_colors[0], 3);
    cr_expect(memcmp(pixels_at(&picture, end, 28 + FX__WORDS_ROW), fx__word_colors[1], 3) != 0);
    fx__word_map_destroy(&map);
    fx_vocabulary_destroy(vocabulary);
    fx_image_destroy(&image);
    fx_image_destroy(&picture);
}

Test(feature_pictures, raw_pixels_are_enlarged) {
    fx_image image = pixels_random(16, 8, 3, 1), picture = {0};
    cr_assert_eq(fx__picture_raw(&image, &picture, NULL), FX_OK);
    cr_assert(picture.width == 256 && picture.height == 128);
    for (int y = 0; y < 128; y++)
        for (int x = 0; x < 256; x++)
            cr_assert_arr_eq(pixels_at(&picture, x, y), pixels_at(&image, x / 16, y / 16), 3);
    fx_image_destroy(&image);
    fx_image_destroy(&picture);
}
