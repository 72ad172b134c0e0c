// shapes: the built-in data set, drawn from a seed; each image is a function of (seed, split,
// index).
//
// Ten classes in five pairs, 32 × 32 RGB, so that each claim of the lecture has a pair that shows
// it:
//
//     cherry   peach     a disk of one hue: saturated and dark, or pale and bright. Only the color
//                        differs: chroma, outline and contrast to the background are distributed
//                        alike
//     square   triangle  one palette, one area, one texture: only the outline differs
//     zebra    leopard   one palette with as much dark as light, one outline, anywhere: stripes of
//                        any direction, or spots
//     horse    fish      seen from the left and from the right: two modes each, any color
//     cup      boat      the same
//
// Everywhere: shift, scale, small rotations, a background with a gradient that is as often brighter
// as darker than the figure, clutter in all colors, light of varying strength and tint, and pixel
// noise.
//
// A figure is a union of parts, each a signed distance function (negative inside, in pixels), so a
// pixel is covered by clamp(1/2 - distance): antialiased with one evaluation a pixel.
#include <math.h>

#include "datasets/dataset_state.h"
#include "featx/rng.h"
#include "src/base/memory.h"

enum { SIDE = 32, CHANNELS = 3, PIXELS = SIDE * SIDE * CHANNELS };
enum { CLASSES = 10, TRAIN_COUNT = 6000, TEST_COUNT = 1000 };
enum { CHERRY, PEACH, SQUARE, TRIANGLE, ZEBRA, LEOPARD, HORSE, FISH, CUP, BOAT };

static const char *const NAMES[CLASSES] = {"cherry",  "peach", "square", "triangle", "zebra",
                                           "leopard", "horse", "fish",   "cup",      "boat"};

typedef struct point {
    double x, y;
} point;

typedef enum part_kind {
    PART_END,
    PART_CONE,     // from a to b, radius from r to s, round ends
    PART_BOX,      // center a, half sides r and s
    PART_RING,     // center a, radius r, half width s
    PART_TRIANGLE, // a, b, c, clockwise on the screen
} part_kind;

typedef struct part {
    part_kind kind;
    point a, b, c;
    double r, s;
} part;

enum { PARTS = 10 };

// In a frame of about -1 … 1, x to the right, y down. Square and triangle have the same area.
static const part FIGURES[CLASSES][PARTS] = {
    [CHERRY] = {{PART_CONE, {0, 0}, {0, 0}, {0, 0}, 0.8, 0.8}},
    [PEACH] = {{PART_CONE, {0, 0}, {0, 0}, {0, 0}, 0.8, 0.8}},
    [SQUARE] = {{PART_BOX, {0, 0}, {0, 0}, {0, 0}, 0.61, 0.61}},
    [TRIANGLE] = {{PART_TRIANGLE, {0, -1.065}, {0.927, 0.541}, {-0.927, 0.541}, 0, 0}},
    [ZEBRA] = {{PART_CONE, {-0.3, 0}, {0.3, 0}, {0, 0}, 0.75, 0.75}},
    [LEOPARD] = {{PART_CONE, {-0.3, 0}, {0.3, 0}, {0, 0}, 0.75, 0.75}},
    [HORSE] = {{PART_CONE, {-0.5, 0}, {0.4, 0}, {0, 0}, 0.27, 0.27},
               {PART_CONE, {0.45, -0.05}, {0.72, -0.6}, {0, 0}, 0.2, 0.13},
               {PART_CONE, {0.72, -0.6}, {1, -0.4}, {0, 0}, 0.14, 0.09},
               {PART_CONE, {-0.6, 0.1}, {-0.66, 0.85}, {0, 0}, 0.1, 0.07},
               {PART_CONE, {-0.42, 0.1}, {-0.36, 0.85}, {0, 0}, 0.1, 0.07},
               {PART_CONE, {0.32, 0.1}, {0.28, 0.85}, {0, 0}, 0.1, 0.07},
               {PART_CONE, {0.5, 0.1}, {0.58, 0.85}, {0, 0}, 0.1, 0.07},
               {PART_CONE, {-0.72, -0.1}, {-0.95, 0.4}, {0, 0}, 0.08, 0.06}},
    [FISH] = {{PART_CONE, {-0.2, 0}, {0.3, 0}, {0, 0}, 0.38, 0.38},
              {PART_CONE, {0.3, 0}, {0.85, 0.05}, {0, 0}, 0.36, 0.1},
              {PART_TRIANGLE, {-0.35, 0}, {-1, 0.5}, {-1, -0.5}, 0, 0},
              {PART_TRIANGLE, {0.3, -0.3}, {-0.4, -0.3}, {-0.2, -0.7}, 0, 0}},
    [CUP] = {{PART_BOX, {-0.2, 0.05}, {0, 0}, {0, 0}, 0.55, 0.6},
             {PART_RING, {0.45, 0}, {0, 0}, {0, 0}, 0.34, 0.1}},
    [BOAT] = {{PART_CONE, {-0.6, 0.6}, {0.6, 0.6}, {0, 0}, 0.2, 0.25},
              {PART_CONE, {-0.15, 0.5}, {-0.15, -0.9}, {0, 0}, 0.06, 0.06},
              {PART_TRIANGLE, {0, -0.85}, {0.75, 0.25}, {0, 0.25}, 0, 0},
              {PART_TRIANGLE, {-0.3, -0.5}, {-0.3, 0.25}, {-0.75, 0.25}, 0, 0}},
};

static double clamp(double x, double low, double high) {
    return x < low ? low : x > high ? high : x;
}

static const double TWO_PI = 6.283185307179586;

static double between(fx_rng *rng, double low, double high) {
    return low + (high - low) * fx_rng_uniform(rng);
}

static double half_plane(point p, point a, point b) {
    double dx = b.x - a.x, dy = b.y - a.y;
    return (dy * (p.x - a.x) - dx * (p.y - a.y)) / hypot(dx, dy);
}

static double part_distance(const part *part, point p) {
    double x = p.x - part->a.x, y = p.y - part->a.y;
    switch (part->kind) {
    case PART_CONE: {
        double dx = part->b.x - part->a.x, dy = part->b.y - part->a.y, length = dx * dx + dy * dy;
        double t = length > 0 ? clamp((x * dx + y * dy) / length, 0, 1) : 0;
        return hypot(x - t * dx, y - t * dy) - (part->r + t * (part->s - part->r));
    }
    case PART_BOX: {
        double ox = fabs(x) - part->r, oy = fabs(y) - part->s;
        return hypot(fmax(ox, 0), fmax(oy, 0)) + fmin(fmax(ox, oy), 0);
    }
    case PART_RING:
        return fabs(hypot(x, y) - part->r) - part->s;
    case PART_TRIANGLE:
        return fmax(half_plane(p, part->a, part->b),
                    fmax(half_plane(p, part->b, part->c), half_plane(p, part->c, part->a)));
    default:
        return HUGE_VAL;
    }
}

static double figure_distance(const part *parts, point p) {
    double nearest = HUGE_VAL;
    for (int i = 0; i < PARTS && parts[i].kind != PART_END; i++)
        nearest = fmin(nearest, part_distance(&parts[i], p));
    return nearest;
}

typedef struct color {
    double rgb[3]; // 0 … 1
} color;

// Hue in degrees; saturation and value in 0 … 1.
static color from_hsv(double hue, double saturation, double value) {
    color out;
    if (hue < 0) hue += 360;
    for (int c = 0; c < 3; c++) {
        double k = fmod(c == 0 ? 5 + hue / 60 : c == 1 ? 3 + hue / 60 : 1 + hue / 60, 6);
        out.rgb[c] = value - value * saturation * clamp(fmin(k, 4 - k), 0, 1);
    }
    return out;
}

// Draws are statements of their own: the order in which arguments are evaluated is the compiler's.
static color any_of(fx_rng *rng, double hue_from, double hue_to, double saturation_from,
                    double saturation_to, double value_from, double value_to) {
    double hue = between(rng, hue_from, hue_to);
    double saturation = between(rng, saturation_from, saturation_to);
    return from_hsv(hue, saturation, between(rng, value_from, value_to));
}

static color any_color(fx_rng *rng) {
    return any_of(rng, 0, 360, 0.1, 0.9, 0.2, 0.95);
}

static color mix(color a, color b, double t) {
    for (int c = 0; c < 3; c++) a.rgb[c] += t * (b.rgb[c] - a.rgb[c]);
    return a;
}

// Where a figure stands: p' = rotate(flip(p - center)) / scale.
typedef struct placement {
    point center;
    double scale, cosine, sine; // scale: pixels a unit
    bool flipped;
} placement;

static point to_figure(const placement *at, double x, double y) {
    double dx = (x - at->center.x) / at->scale, dy = (y - at->center.y) / at->scale;
    point p = {at->cosine * dx + at->sine * dy, at->cosine * dy - at->sine * dx};
    if (at->flipped) p.x = -p.x;
    return p;
}

static placement place(fx_rng *rng, double scale, double shift, double degrees) {
    double angle = between(rng, -degrees, degrees) * TWO_PI / 360;
    placement at = {.scale = scale, .cosine = cos(angle), .sine = sin(angle)};
    at.center.x = SIDE / 2.0 + between(rng, -shift, shift);
    at.center.y = SIDE / 2.0 + between(rng, -shift, shift);
    at.flipped = fx_rng_below(rng, 2) == 1;
    return at;
}

static double coverage(double distance_in_pixels) {
    return clamp(0.5 - distance_in_pixels, 0, 1);
}

static double luminance(color c) {
    return 0.299 * c.rgb[0] + 0.587 * c.rgb[1] + 0.114 * c.rgb[2];
}

// Any hue and chroma, at this luminance.
static color with_luminance(fx_rng *rng, double wanted) {
    color out = any_color(rng);
    double shift = wanted - luminance(out);
    for (int c = 0; c < 3; c++) out.rgb[c] = clamp(out.rgb[c] + shift, 0, 1);
    return out;
}

// A luminance that is as likely above as below that of the figure.
static double contrasting(fx_rng *rng, double figure) {
    double contrast = between(rng, 0.08, 0.35);
    bool brighter = fx_rng_below(rng, 2) == 1;
    return clamp(brighter ? figure + contrast : figure - contrast, 0.03, 0.97);
}

static void draw_background(fx_rng *rng, double figure, color *canvas) {
    double wanted = contrasting(rng, figure);
    color from = with_luminance(rng, wanted), to = with_luminance(rng, wanted);
    double angle = between(rng, 0, TWO_PI);
    double dx = cos(angle) / SIDE, dy = sin(angle) / SIDE;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            canvas[y * SIDE + x] =
                mix(from, to, clamp(0.5 + dx * (x - SIDE / 2.0) + dy * (y - SIDE / 2.0), 0, 1));
}

// Short thick lines and dots.
static void draw_clutter(fx_rng *rng, double figure, int count, color *canvas) {
    for (int i = 0; i < count; i++) {
        color paint = with_luminance(rng, contrasting(rng, figure));
        double angle = between(rng, 0, TWO_PI), length = between(rng, 0, 7);
        part line = {.kind = PART_CONE};
        line.r = line.s = between(rng, 0.8, 2.2);
        line.a.x = between(rng, 0, SIDE);
        line.a.y = between(rng, 0, SIDE);
        line.b = (point){line.a.x + length * cos(angle), line.a.y + length * sin(angle)};
        double reach = line.r + 1;
        int left = (int)fmax(fmin(line.a.x, line.b.x) - reach, 0);
        int top = (int)fmax(fmin(line.a.y, line.b.y) - reach, 0);
        int right = (int)fmin(fmax(line.a.x, line.b.x) + reach, SIDE - 1);
        int bottom = (int)fmin(fmax(line.a.y, line.b.y) + reach, SIDE - 1);
        for (int y = top; y <= bottom; y++)
            for (int x = left; x <= right; x++)
                canvas[y * SIDE + x] =
                    mix(canvas[y * SIDE + x], paint,
                        coverage(part_distance(&line, (point){x + 0.5, y + 0.5})));
    }
}

// Two tones in equal parts: stripes of any direction, or spots on a square grid.
typedef struct texture {
    bool spots;
    double period, cosine, sine, phase_u, phase_v; // period: pixels
} texture;

static texture any_texture(fx_rng *rng, int class) {
    texture out = {.spots = class == LEOPARD};
    double angle = between(rng, 0, TWO_PI);
    out.cosine = cos(angle);
    out.sine = sin(angle);
    out.period = between(rng, 3.5, 5);
    out.phase_u = between(rng, 0, TWO_PI);
    out.phase_v = between(rng, 0, TWO_PI);
    return out;
}

// 0 … 1. The gains give both kinds as many pixels between the tones.
static double texture_tone(const texture *t, double x, double y) {
    double u = (t->cosine * x + t->sine * y) * TWO_PI / t->period + t->phase_u;
    double v = (t->cosine * y - t->sine * x) * TWO_PI / t->period + t->phase_v;
    return clamp(0.5 + (t->spots ? 3.1 * sin(u) * sin(v) : 1.2 * sin(u)), 0, 1);
}

static bool is_textured(int class) {
    return class == ZEBRA || class == LEOPARD;
}

// Colors of the figure: one, or the light and the dark tone of a texture.
static void choose_paints(fx_rng *rng, int class, color paints[2]) {
    if (class == CHERRY)
        paints[0] = any_of(rng, -5, 20, 0.8, 1, 0.38, 0.58);
    else if (class == PEACH)
        paints[0] = any_of(rng, -5, 20, 0.42, 0.62, 0.68, 0.9);
    else if (class == SQUARE || class == TRIANGLE)
        paints[0] = any_of(rng, 190, 260, 0.4, 0.9, 0.4, 0.9);
    else if (is_textured(class))
        paints[0] = any_of(rng, 20, 60, 0, 0.4, 0.7, 0.95);
    else
        paints[0] = any_color(rng);
    paints[1] = is_textured(class) ? any_of(rng, 0, 60, 0, 0.5, 0.1, 0.35) : paints[0];
}

static void draw_figure(fx_rng *rng, int class, const color paints[2], color *canvas) {
    double scale = between(rng, 9, 12);
    placement at = is_textured(class) ? place(rng, scale, 7, 90) : place(rng, scale, 3, 12);
    texture pattern = any_texture(rng, class);
    double shade_x = between(rng, -0.3, 0.3), shade_y = between(rng, -0.3, 0.3);
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            point p = to_figure(&at, x + 0.5, y + 0.5);
            double alpha = coverage(figure_distance(FIGURES[class], p) * at.scale);
            if (alpha == 0) continue;
            color here = paints[0];
            if (is_textured(class)) here = mix(paints[0], paints[1], texture_tone(&pattern, x, y));
            double shade = 1 + shade_x * p.x + shade_y * p.y;
            for (int c = 0; c < 3; c++) here.rgb[c] *= shade;
            canvas[y * SIDE + x] = mix(canvas[y * SIDE + x], here, alpha);
        }
    }
}

// Mean 0, deviation 1: the sum of four random bytes, whose variance is 4 (256² - 1) / 12.
static double cheap_normal(fx_rng *rng) {
    uint32_t bits = fx_rng_uint32(rng);
    int sum = (int)((bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24));
    return (sum - 510) / 147.8005412;
}

static void develop(fx_rng *rng, const color *canvas, uint8_t *out) {
    double light[3], gain = between(rng, 0.75, 1.15), noise = between(rng, 0.03, 0.08);
    for (int c = 0; c < 3; c++) light[c] = gain * between(rng, 0.93, 1.07);
    for (int i = 0; i < SIDE * SIDE; i++)
        for (int c = 0; c < 3; c++) {
            double value = canvas[i].rgb[c] * light[c] + noise * cheap_normal(rng);
            out[i * 3 + c] = (uint8_t)(255 * clamp(value, 0, 1) + 0.5);
        }
}

static void draw_image(uint64_t seed, uint32_t split, size_t index, int class, uint8_t *out) {
    color canvas[SIDE * SIDE];
    fx_rng rng = fx_rng_at(seed, FX_RNG_SHAPES, split, index);
    color paints[2];
    choose_paints(&rng, class, paints);
    double figure = luminance(mix(paints[0], paints[1], 0.5));
    draw_background(&rng, figure, canvas);
    draw_clutter(&rng, figure, 4 + (int)fx_rng_below(&rng, 5), canvas);
    draw_figure(&rng, class, paints, canvas);
    draw_clutter(&rng, figure, (int)fx_rng_below(&rng, 3), canvas);
    develop(&rng, canvas, out);
}

static fx_status draw_split(uint64_t seed, uint32_t number, size_t count, fx_split_storage *split,
                            fx_error *error) {
    split->width = split->height = SIDE;
    split->channels = CHANNELS;
    FX__TRY(fx__allocate(count, PIXELS, &split->pixels, error));
    FX__TRY(fx__allocate(count, sizeof *split->labels, &split->labels, error));
    FX__TRY(fx__split_add_part(split, number == 0 ? "shapes/train" : "shapes/test", 0, error));
    split->count = count;
#pragma omp parallel for schedule(dynamic, 64)
    for (size_t i = 0; i < count; i++) {
        split->labels[i] = (int)(i % CLASSES);
        draw_image(seed, number, i, split->labels[i], split->pixels + i * PIXELS);
    }
    return FX_OK;
}

fx_status fx_shapes_create(uint64_t seed, fx_dataset *out, fx_error *error) {
    *out = (fx_dataset){0};
    fx_dataset_storage *storage;
    FX__TRY(fx__storage_create("shapes", &storage, error));
    fx_status status;
    for (int c = 0; c < CLASSES; c++) FX__TRY_GOTO(fx__storage_add_class(storage, NAMES[c], error));
    FX__TRY_GOTO(draw_split(seed, 0, TRAIN_COUNT, &storage->splits[FX_TRAIN], error));
    FX__TRY_GOTO(draw_split(seed, 1, TEST_COUNT, &storage->splits[FX_TEST], error));
    fx__storage_publish(storage, out);
    return FX_OK;
done:
    fx__storage_destroy(storage);
    return status;
}
