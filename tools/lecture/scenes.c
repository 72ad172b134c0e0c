// Scenes, drawn: forests, meadows, coasts, deserts and cities. A sky over a ground in the kind's
// colors, with what stands on it: trees, tufts, waves, dunes, houses. One forest in six is in
// autumn and one meadow in six is dry; the light differs from scene to scene.
#include <math.h>

#include "tools/lecture/lecture.h"

enum { SIDE = 48, BLOBS = 90, FOREST = 0, MEADOW, COAST, DESERT, CITY };

const char *const scene_names[SCENE_KINDS] = {"forest", "meadow", "coast", "desert", "city"};

int scene_kind(size_t index) {
    return (int)(index % SCENE_KINDS);
}

static double between(fx_rng *rng, double low, double high) {
    return low + (high - low) * fx_rng_uniform(rng);
}

// An ellipse, or with `square` a rectangle, of one color, each channel up to `jitter` off.
static void blob(fx_rng *rng, double x, double y, double rx, double ry, bool square,
                 const double color[3], double jitter, double picture[SIDE][SIDE][3]) {
    double shade = between(rng, -jitter, jitter), own[3];
    for (int c = 0; c < 3; c++) own[c] = color[c] + shade + between(rng, -jitter, jitter) / 3;
    for (int row = 0; row < SIDE; row++)
        for (int column = 0; column < SIDE; column++) {
            double dx = (column - x) / rx, dy = (row - y) / ry;
            if (square ? fabs(dx) > 1 || fabs(dy) > 1 : dx * dx + dy * dy > 1) continue;
            for (int c = 0; c < 3; c++) picture[row][column][c] = own[c];
        }
}

static void draw_scene(uint64_t seed, size_t index, fx_image *out) {
    static const double grounds[SCENE_KINDS][3] = {
        {45, 90, 40}, {125, 165, 65}, {45, 100, 150}, {205, 165, 105}, {125, 122, 118}};
    static const double autumn[3] = {175, 95, 35}, dry[3] = {190, 170, 95}, trunk[3] = {65, 45, 30};
    static const double sand[3] = {215, 195, 145}, blue[3] = {125, 175, 235};
    static const double gray[3] = {195, 200, 205};
    static const double horizons[SCENE_KINDS] = {0.12, 0.5, 0.4, 0.45, 0.55};
    double picture[SIDE][SIDE][3], ground[3], sky[3];
    fx_rng rng = fx_rng_at(seed, FX_RNG_USER, 4, index);
    const int kind = scene_kind(index);
    double cloudy = fx_rng_uniform(&rng), light = between(&rng, 0.6, 1.15);
    double horizon = SIDE * (horizons[kind] + between(&rng, -0.08, 0.08));
    bool other = (kind == FOREST || kind == MEADOW) && fx_rng_below(&rng, 6) == 0;
    for (int c = 0; c < 3; c++) {
        ground[c] = !other ? grounds[kind][c] : kind == FOREST ? autumn[c] : dry[c];
        sky[c] = blue[c] + cloudy * (gray[c] - blue[c]);
    }
    for (int row = 0; row < SIDE; row++)
        for (int column = 0; column < SIDE; column++)
            for (int c = 0; c < 3; c++)
                picture[row][column][c] = row < horizon ? sky[c] : ground[c];

    if (kind == CITY)
        for (int i = 0; i < 7; i++)
            blob(&rng, between(&rng, 0, SIDE), horizon, between(&rng, 3, 6),
                 between(&rng, 4, 0.8 * horizon), true, ground, 45, picture);
    for (int i = 0; i < BLOBS; i++) { // small ones, flat where the ground is seen from the side
        double y = between(&rng, horizon, SIDE), flat = kind == FOREST ? 1.2 : 0.35;
        double radius = between(&rng, 1.5, 5);
        blob(&rng, between(&rng, 0, SIDE), fmax(y, horizon + flat * radius), radius, flat * radius,
             kind == CITY, ground, 28, picture);
    }
    if (kind == FOREST)
        for (int i = 0; i < 5; i++)
            blob(&rng, between(&rng, 0, SIDE), SIDE * 0.75, between(&rng, 0.6, 1.6), SIDE * 0.28,
                 true, trunk, 15, picture);
    if (kind == COAST)
        blob(&rng, between(&rng, 0, SIDE), SIDE, SIDE * 0.9, between(&rng, 6, 14), false, sand, 12,
             picture);
    for (int i = 0; i < SIDE * SIDE * 3; i++) {
        double value = light * picture[i / 3 / SIDE][i / 3 % SIDE][i % 3] + 8 * fx_rng_normal(&rng);
        out->pixels[i] = (uint8_t)lrint(fmin(255, fmax(0, value)));
    }
}

fx_status scene(uint64_t seed, size_t index, fx_image *out, fx_error *error) {
    TRY(fx_image_reserve(out, SIDE, SIDE, 3, error));
    draw_scene(seed, index, out);
    return FX_OK;
}
