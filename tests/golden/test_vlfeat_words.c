// Dense SIFT, VLAD and Fisher vectors against VLFeat.
//
// VLFeat's angles are those of a cubic polynomial, off by up to 0.006 radians, so its SIFT is off
// by up to half a percent of a vector's length. What agrees to 1e-4 all the same: images whose
// gradients point to multiples of 45°, where the polynomial is exact; and on any image our plain
// reference with that polynomial in place of the arctangent.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/encoder.h"
#include "features/pooling.h"
#include "features/vocabulary.h"
#include "src/base/memory.h"
#include "tests/golden/words/vlfeat.h"
#include "tests/support/noise.h"
#include "tests/support/plain_sift.h"
#include "tests/support/stairs.h"

enum { WIDTH = 53, HEIGHT = 47, WORDS = 5, D = 16, ROWS = 60, MOST = 128 };

static fx_error error;
static uint8_t stairs[WIDTH * HEIGHT], noisy[WIDTH * HEIGHT];

static const fx_dense_sift flat = {4, 4, 8, false, FX_BOVW_WINDOW_FLAT, 2};
static const fx_dense_sift gaussian = {4, 5, 8, false, FX_BOVW_WINDOW_GAUSSIAN, 2};
static const fx_dense_sift small = {3, 6, 4, false, FX_BOVW_WINDOW_GAUSSIAN, 1.2f};

static fx_image image_of(uint8_t *pixels) {
    stairs_image(31, HEIGHT, WIDTH, stairs);
    noise_image(31, HEIGHT, WIDTH, 1, noisy);
    return (fx_image){.width = WIDTH, .height = HEIGHT, .channels = 1, .pixels = pixels};
}

static void ours(const fx_dense_sift *s, const fx_image *image, int x, int y, double *out) {
    fx_positions one = {.x = x, .y = y, .columns = 1, .rows = 1, .stride = 1};
    size_t length = (size_t)(s->cells * s->cells * s->orientations);
    float *scratch, v[MOST];
    cr_assert_eq(fx__allocate(fx__dense_sift_scratch(s, 1, 1, 1), 4, &scratch, &error), FX_OK);
    fx__dense_sift_extract(s, image, &one, scratch, v);
    for (size_t k = 0; k < length; k++) out[k] = v[k];
    free(scratch);
}

static double apart(const double *found, const float *expected, size_t length) {
    double sum = 0, norm = 0;
    for (size_t k = 0; k < length; k++) {
        sum += (found[k] - expected[k]) * (found[k] - expected[k]);
        norm += (double)expected[k] * expected[k];
    }
    return sqrt(sum / norm);
}

// The same three patches as the generator's.
static void check_sift(const char *name, const fx_dense_sift *s, uint8_t *pixels,
                       const float *expected, bool by_reference, double tolerance) {
    fx_image image = image_of(pixels);
    int columns = WIDTH - s->cells * s->cell + 1, rows = HEIGHT - s->cells * s->cell + 1;
    const int x[3] = {0, columns / 3, columns - 1}, y[3] = {0, rows / 2, rows - 1};
    size_t length = (size_t)(s->cells * s->cells * s->orientations);
    for (size_t i = 0; i < 3; i++) {
        double found[MOST];
        if (by_reference)
            plain_sift(s, &image, x[i], y[i], plain_vlfeat_angle, found);
        else
            ours(s, &image, x[i], y[i], found);
        double off = apart(found, expected + i * length, length);
        cr_expect(off <= tolerance, "%s, patch %zu: off by %g", name, i, off);
    }
}

Test(vlfeat, sift_where_its_angles_are_exact) {
    check_sift("flat", &flat, stairs, vlfeat_stairs_flat, false, 1e-4);
    check_sift("gaussian", &gaussian, stairs, vlfeat_stairs_gaussian, false, 1e-4);
    check_sift("small", &small, stairs, vlfeat_stairs_small, false, 1e-4);
}

Test(vlfeat, sift_by_its_angles) {
    check_sift("flat", &flat, noisy, vlfeat_noise_flat, true, 1e-4);
    check_sift("gaussian", &gaussian, noisy, vlfeat_noise_gaussian, true, 1e-4);
    check_sift("small", &small, noisy, vlfeat_noise_small, true, 1e-4);
}

Test(vlfeat, sift_by_exact_angles) {
    // 0.006 radians are 0.8 % of the 45° between two bins, with any sign.
    check_sift("flat", &flat, noisy, vlfeat_noise_flat, false, 8e-3);
    check_sift("gaussian", &gaussian, noisy, vlfeat_noise_gaussian, false, 8e-3);
    check_sift("small", &small, noisy, vlfeat_noise_small, false, 8e-3);
}

// ---- Encoders -----------------------------------------------------------------------------------

static fx_vocabulary make_vocabulary(fx_bovw_encoding encoding) {
    fx_vocabulary v = {.params = fx_bovw_defaults(), .channels = 1, .length = D};
    v.params.encoding = encoding;
    v.params.whiten = v.params.spherical = false;
    cr_assert_eq(fx_matrix_create(WORDS, D, &v.words, &error), FX_OK);
    for (uint32_t i = 0; i < WORDS * D; i++) v.words.data[i] = (float)noise_unit(32, i);
    if (encoding == FX_BOVW_FISHER) {
        cr_assert_eq(fx_matrix_create(WORDS, D, &v.variances, &error), FX_OK);
        cr_assert_eq(fx__allocate(WORDS, sizeof(float), &v.priors, &error), FX_OK);
        for (uint32_t i = 0; i < WORDS * D; i++)
            v.variances.data[i] = 0.3f + (float)noise_unit(33, i) / 2;
        for (uint32_t i = 0; i < WORDS; i++) // sum 1
            v.priors[i] = (float)(i + 1) / 15;
    }
    cr_assert_eq(fx__vocabulary_complete(&v, &error), FX_OK);
    return v;
}

static void destroy(fx_vocabulary *v) {
    fx_vocabulary *copy = malloc(sizeof *copy);
    *copy = *v;
    fx_vocabulary_destroy(copy);
}

// Codes of all rows, summed in one cell.
static void encode(const fx_vocabulary *v, float *out) {
    float x[ROWS * D];
    for (uint32_t i = 0; i < ROWS * D; i++) x[i] = 2 * (float)noise_unit(34, i);
    const fx_encoder *encoder = fx__encoder(v->params.encoding);
    fx_code_segment all = {0, ROWS};
    fx_code_tile tile = {.vocabulary = v,
                         .count = ROWS,
                         .rows = x,
                         .segment_count = 1,
                         .segments = &all,
                         .cells = out};
    cr_assert_eq(fx__allocate(encoder->scratch(v, ROWS), 1, &tile.scratch, &error), FX_OK);
    memset(out, 0, encoder->length(v) * sizeof *out);
    encoder->encode(&tile);
    free(tile.scratch);
}

static void check_code(const char *name, const float *code, const float *expected, size_t length) {
    double found[2 * WORDS * D];
    for (size_t i = 0; i < length; i++) found[i] = code[i];
    double off = apart(found, expected, length);
    cr_expect(off <= 1e-4, "%s: off by %g", name, off);
}

Test(vlfeat, vlad) {
    fx_vocabulary v = make_vocabulary(FX_BOVW_VLAD);
    float code[WORDS * D];
    encode(&v, code);
    check_code("sum", code, vlfeat_vlad, WORDS * D);
    fx__pool_normalize(FX_POOL_L1_SQRT, true, code, WORDS * D);
    check_code("sqrt", code, vlfeat_vlad_sqrt, WORDS * D);
    encode(&v, code);
    for (size_t w = 0; w < WORDS; w++) fx__pool_normalize(FX_POOL_L2, true, code + w * D, D);
    fx__pool_normalize(FX_POOL_L2, true, code, WORDS * D);
    check_code("intra", code, vlfeat_vlad_intra, WORDS * D);
    destroy(&v);
}

Test(vlfeat, fisher) {
    fx_vocabulary v = make_vocabulary(FX_BOVW_FISHER);
    float code[2 * WORDS * D];
    size_t patches = ROWS;
    v.params.pool = FX_BOVW_POOL_MEAN;
    v.params.grid = 1;
    encode(&v, code);
    fx__pool_pyramid(&v.params, 2 * WORDS * D, &patches, code);
    check_code("mean", code, vlfeat_fisher, 2 * WORDS * D);
    fx__pool_normalize(FX_POOL_L1_SQRT, true, code, 2 * WORDS * D);
    check_code("improved", code, vlfeat_fisher_improved, 2 * WORDS * D);
    destroy(&v);
}
