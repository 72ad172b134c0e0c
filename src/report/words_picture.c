// Visual words: where in the image they fire, and what they look like there. A word may live in
// whitened space or be of gradients, so it is shown by the patches that it stands for.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "features/word_map.h"
#include "src/base/memory.h"
#include "src/report/draw.h"
#include "src/report/feature_pictures.h"

enum { SIDE = 64, BAR = 160, GAP = 8, GROUND = 24, PATCH_MAX = 64 };

// Told apart by most eyes (Okabe & Ito), black aside.
const uint8_t fx__word_colors[FX__WORDS][3] = {{230, 159, 0},   {86, 180, 233}, {0, 158, 115},
                                               {240, 228, 66},  {0, 114, 178},  {213, 94, 0},
                                               {204, 121, 167}, {255, 255, 255}};

typedef struct ranked {
    uint32_t word, count;
} ranked;

static int by_falling_count(const void *left, const void *right) {
    const ranked *a = left, *b = right;
    if (a->count != b->count) return a->count < b->count ? 1 : -1;
    return a->word > b->word ? 1 : -1;
}

static fx_status rank(const fx_word_map *map, size_t words, ranked **out, fx_error *error) {
    FX__TRY(fx__allocate(words, sizeof **out, out, error));
    for (size_t w = 0; w < words; w++) (*out)[w].word = (uint32_t)w;
    for (int i = 0; i < map->rows * map->columns; i++) (*out)[map->words[i]].count++;
    qsort(*out, words, sizeof **out, by_falling_count);
    return FX_OK;
}

// The mean of a word's patches.
static fx_status mean_patch(const fx_word_map *map, const fx_image *image, ranked word,
                            fx_image *out, fx_error *error) {
    size_t side = (size_t)map->patch, channels = (size_t)image->channels, row = side * channels;
    uint64_t *sums;
    FX__TRY(fx__allocate(side * row, sizeof *sums, &sums, error));
    for (int i = 0; i < map->rows * map->columns; i++) {
        if (map->words[i] != word.word) continue;
        int left = map->x + i % map->columns * map->step;
        int top = map->y + i / map->columns * map->step;
        size_t x = (size_t)left, y = (size_t)top;
        for (size_t k = 0; k < side * row; k++)
            sums[k] +=
                image->pixels[((y + k / row) * (size_t)image->width + x) * channels + k % row];
    }
    fx_status status = fx_image_reserve(out, map->patch, map->patch, image->channels, error);
    for (size_t k = 0; k < side * row && status == FX_OK; k++)
        out->pixels[k] = (uint8_t)(sums[k] / word.count);
    free(sums);
    return status;
}

// Color, mean patch and count of one word, at (left, top).
static fx_status draw_entry(const fx_word_map *map, const fx_image *image, ranked word,
                            uint32_t most, int left, int top, const uint8_t color[3], fx_image *out,
                            fx_error *error) {
    fx_image patch = {0};
    FX__TRY(mean_patch(map, image, word, &patch, error));
    assert(map->patch > 0 && most > 0);
    int side = FX__WORDS_ROW - GAP, zoom = side / map->patch > 0 ? side / map->patch : 1;
    fx__draw_rectangle(out, left, top, GAP, side, color);
    fx__draw_image(out, left + 2 * GAP, top, &patch, zoom, 1);
    int length = (int)((uint64_t)BAR * word.count / most);
    fx__draw_rectangle(out, left + 3 * GAP + PATCH_MAX, top + side / 4, length > 0 ? length : 1,
                       side / 2, color);
    fx_image_destroy(&patch);
    return FX_OK;
}

static void draw_marks(const fx_word_map *map, const ranked *words, int zoom, fx_image *out) {
    int size = map->step * zoom * 2 / 3;
    size = size < 2 ? 2 : size;
    for (int i = 0; i < map->rows * map->columns; i++)
        for (int k = 0; k < FX__WORDS; k++) {
            if (words[k].count == 0 || words[k].word != map->words[i]) continue;
            int x = (2 * (map->x + i % map->columns * map->step) + map->patch) * zoom / 2;
            int y = (2 * (map->y + i / map->columns * map->step) + map->patch) * zoom / 2;
            fx__draw_rectangle(out, x - size / 2, y - size / 2, size, size, fx__word_colors[k]);
        }
}

fx_status fx__picture_words(const fx_vocabulary *vocabulary, const fx_image *image, fx_image *out,
                            fx_error *error) {
    fx_word_map map;
    ranked *all = NULL, words[FX__WORDS] = {0};
    size_t count = (size_t)fx_vocabulary_params(vocabulary)->words;
    FX__TRY(fx__word_map_make(vocabulary, image, SIDE, &map, error));
    fx_status status;
    int larger = image->width > image->height ? image->width : image->height;
    int zoom = larger < FX__WORDS_IMAGE ? (FX__WORDS_IMAGE + larger - 1) / larger : 1;
    int left = image->width * zoom + GAP, height = image->height * zoom;
    int legend = FX__WORDS * FX__WORDS_ROW;
    FX__TRY_GOTO(rank(&map, count, &all, error));
    memcpy(words, all, (count < FX__WORDS ? count : FX__WORDS) * sizeof *words);
    FX__TRY_GOTO(fx__draw_begin(left + 4 * GAP + PATCH_MAX + BAR, height > legend ? height : legend,
                                GROUND, out, error));
    fx__draw_image(out, 0, 0, image, zoom, 0.5);
    draw_marks(&map, words, zoom, out);
    for (int k = 0; k < FX__WORDS; k++)
        if (words[k].count > 0)
            FX__TRY_GOTO(draw_entry(&map, image, words[k], words[0].count, left, k * FX__WORDS_ROW,
                                    fx__word_colors[k], out, error));
done:
    free(all);
    fx__word_map_destroy(&map);
    return status;
}
