// Encoding as a whole: codes, grids, levels, scales, tiles, norms.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/local_descriptors.h"
#include "features/vocabulary.h"
#include "src/base/memory.h"
#include "tests/support/words.h"

// ---- Encoding, patch by patch in double ---------------------------------------------------------

// Posterior probabilities of a mixture.
static void posteriors(const fx_vocabulary *v, const double *x, double *q) {
    size_t words = v->words.rows, d = v->length;
    double largest = -INFINITY, sum = 0;
    for (size_t w = 0; w < words; w++) {
        q[w] = log(v->priors[w]);
        for (size_t k = 0; k < d; k++) {
            double variance = v->variances.data[w * d + k], z = x[k] - v->words.data[w * d + k];
            q[w] -= 0.5 * (log(variance) + z * z / variance);
        }
        largest = fmax(largest, q[w]);
    }
    for (size_t w = 0; w < words; w++) sum += q[w] = exp(q[w] - largest);
    for (size_t w = 0; w < words; w++) q[w] /= sum;
}

// The code of one descriptor, whitened, into out[of a cell], zeros before.
static void encode_one(const fx_vocabulary *v, const double *x, double *out) {
    size_t words = v->words.rows, d = v->length, best = 0;
    double *z = malloc(words * sizeof *z), *distance = malloc(words * sizeof *distance);
    double *match = malloc(words * sizeof *match), mean = 0;
    for (size_t w = 0; w < words; w++) {
        z[w] = distance[w] = 0;
        for (size_t k = 0; k < d; k++) {
            double word = v->words.data[w * d + k];
            z[w] += word * x[k];
            distance[w] += (x[k] - word) * (x[k] - word);
        }
        distance[w] = sqrt(distance[w]);
        mean += distance[w] / (double)words;
        match[w] = v->params.spherical ? fabs(z[w]) : -distance[w];
        if (match[w] > match[best]) best = w;
    }
    size_t count = (size_t)lround(v->params.nearest * (double)words);
    if (v->params.encoding == FX_BOVW_FISHER) posteriors(v, x, z);
    for (size_t w = 0; w < words; w++) {
        size_t nearer = 0;
        for (size_t other = 0; other < words; other++) nearer += match[other] > match[w];
        switch ((fx_bovw_encoding)v->params.encoding) {
        case FX_BOVW_HARD:
            out[w] = w == best;
            break;
        case FX_BOVW_TFIDF:
            out[w] = w == best ? v->idf[w] : 0;
            break;
        case FX_BOVW_NEAREST:
            out[w] = nearer < (count > 0 ? count : 1);
            break;
        case FX_BOVW_TRIANGLE:
            out[w] = fmax(0, mean - distance[w]);
            break;
        case FX_BOVW_THRESHOLD:
            out[w] = fmax(0, z[w] - v->params.threshold);
            out[words + w] = fmax(0, -z[w] - v->params.threshold);
            break;
        case FX_BOVW_VLAD:
            for (size_t k = 0; k < d; k++)
                out[w * d + k] = w == best ? x[k] - v->words.data[w * d + k] : 0;
            break;
        case FX_BOVW_FISHER:
            for (size_t k = 0; k < d; k++) {
                double apart =
                    (x[k] - v->words.data[w * d + k]) / sqrt(v->variances.data[w * d + k]);
                out[w * d + k] = z[w] * apart / sqrt(v->priors[w]);
                out[(words + w) * d + k] = z[w] * (apart * apart - 1) / sqrt(2 * v->priors[w]);
            }
            break;
        }
    }
    free(z);
    free(distance);
    free(match);
}

// Adds the codes of all patches of one scale to all levels; patches[cells] counts them.
static void reference(const fx_vocabulary *v, const fx_image *image, size_t cell, double *expected,
                      double *patches) {
    const fx_bovw_params *p = &v->params;
    size_t d = v->length;
    double *x = malloc(2 * d * sizeof *x), *code = malloc(cell * sizeof *code);
    float *local, *row;
    cr_assert_eq(fx__allocate(fx__local_scratch(p, v->channels), 4, &local, &error), FX_OK);
    cr_assert_eq(fx__allocate(d + FX__PATCHES_SLACK, 4, &row, &error), FX_OK);
    int rows = (image->height - p->patch) / p->stride + 1;
    int columns = (image->width - p->patch) / p->stride + 1;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            fx_positions one = {.x = (image->width - p->patch) % p->stride / 2 + j * p->stride,
                                .y = (image->height - p->patch) % p->stride / 2 + i * p->stride,
                                .columns = 1,
                                .rows = 1,
                                .stride = p->stride};
            fx__local_extract(p, image, &one, local, row);
            for (size_t k = 0; k < d; k++) x[k] = row[k];
            if (p->whiten) {
                for (size_t k = 0; k < d; k++) {
                    x[d + k] = 0;
                    for (size_t l = 0; l < d; l++)
                        x[d + k] += ((double)row[l] - v->whitening.mean[l]) *
                                    v->whitening.matrix[l * d + k];
                }
                memcpy(x, x + d, d * sizeof *x);
            }
            memset(code, 0, cell * sizeof *code);
            encode_one(v, x, code);
            size_t first = 0;
            for (int side = p->grid; side < p->grid << p->levels; side *= 2) {
                size_t place = first + (size_t)(i * side / rows * side + j * side / columns);
                double *out = expected + place * cell;
                for (size_t k = 0; k < cell; k++)
                    out[k] = p->pool == FX_BOVW_POOL_MAX ? fmax(out[k], code[k]) : out[k] + code[k];
                patches[place]++;
                first += (size_t)(side * side);
            }
        }
    free(x);
    free(code);
    free(local);
    free(row);
}

static void check_against_reference(const fx_vocabulary *v, const fx_image *image) {
    const fx_bovw_params *p = &v->params;
    size_t length = fx_bovw_length(v), cells = 0;
    for (int side = p->grid; side < p->grid << p->levels; side *= 2) cells += (size_t)(side * side);
    cr_assert(length > 0 && cells > 0);
    double *expected = calloc(length, sizeof *expected), *patches = calloc(cells, sizeof *patches);
    for (int scale = 0; scale < p->scales; scale++) {
        double factor = pow(p->scale_factor, scale);
        int width = (int)lround(image->width / factor),
            height = (int)lround(image->height / factor);
        if (width < p->patch || height < p->patch) break;
        fx_image smaller = {0};
        cr_assert_eq(fx_image_resize(image, width, height, &smaller, &error), FX_OK);
        reference(v, &smaller, length / cells, expected, patches);
        fx_image_destroy(&smaller);
    }
    for (size_t i = 0; i < length && p->pool == FX_BOVW_POOL_MEAN; i++)
        expected[i] /= fmax(1, patches[i / (length / cells)]);

    float *found = extract(v, image);
    // Where two words tie to rounding a code moves to the other one: of all levels, scales, images
    // here not more than one.
    bool moves = p->encoding != FX_BOVW_TRIANGLE && p->encoding != FX_BOVW_THRESHOLD &&
                 p->encoding != FX_BOVW_FISHER;
    size_t off = 0, may = p->encoding == FX_BOVW_VLAD ? 2 * v->length : 2;
    // A sum of squares of up to 100 that cancels.
    double norm = 0, cancels = p->encoding == FX_BOVW_FISHER;
    for (size_t i = 0; i < length; i++) norm += cancels * expected[i] * expected[i];
    norm = sqrt(norm);
    for (size_t i = 0; i < length; i++) {
        // Sums of up to some thousand codes of about 1.
        bool close = fabs(found[i] - expected[i]) <= 1e-4 * (1 + fabs(expected[i])) + 1e-6 * norm;
        cr_assert(close || moves, "%zu: %g, expected %g", i, found[i], expected[i]);
        off += !close;
    }
    cr_assert(off <= may * (size_t)p->levels, "encoding %d: %zu codes of %zu are off", p->encoding,
              off, length);
    free(found);
    free(expected);
    free(patches);
}

Test(encoding, plain_reference) {
    for (int encoding = FX_BOVW_HARD; encoding <= FX_BOVW_FISHER; encoding++)
        for (int variant = 0; variant < 4; variant++) {
            fx_bovw_params params = small_params();
            params.encoding = encoding;
            params.spherical = variant % 2;
            params.whiten = variant != 2;
            params.local = variant == 1 ? FX_BOVW_SIFT : FX_BOVW_PATCH;
            params.patch = variant == 1 ? 8 : 5;
            params.stride = variant == 3 ? 3 : 1 + variant;
            params.grid = 1 + variant;
            fx_vocabulary *v = learn(&params);
            fx_image image = make_image(1, 47, 61, 3); // several rectangles a cell
            check_against_reference(v, &image);
            free(image.pixels);
            fx_vocabulary_destroy(v);
        }
}

Test(encoding, pools_pyramids_and_scales) {
    for (int encoding = FX_BOVW_HARD; encoding <= FX_BOVW_FISHER; encoding++)
        for (int pool = FX_BOVW_POOL_SUM; pool <= FX_BOVW_POOL_MAX; pool++) {
            fx_bovw_params params = small_params();
            params.encoding = encoding;
            params.pool = pool;
            if (fx__bovw_is_of_vectors(&params) && pool == FX_BOVW_POOL_MAX) continue;
            params.local = encoding % 2 ? FX_BOVW_GRAY : FX_BOVW_HOG;
            params.patch = 4;
            params.stride = 2;
            params.levels = 3;
            params.grid = 1 + encoding % 2;
            params.scales = 3;
            params.nearest = 0.3f;
            fx_vocabulary *v = learn(&params);
            fx_image image = make_image(6, 16, 21, 3); // of 11 × 8 pixels at the third scale
            check_against_reference(v, &image);
            free(image.pixels);
            fx_vocabulary_destroy(v);
        }
}

Test(encoding, many_words) { // more than one tile of them, and an odd rest
    fx_bovw_params params = small_params();
    params.words = 523;
    params.samples = 4000;
    params.rounds = 1;
    for (int encoding = FX_BOVW_HARD; encoding <= FX_BOVW_TFIDF; encoding++) {
        params.encoding = encoding;
        fx_vocabulary *v = learn(&params);
        fx_image image = make_image(2, 30, 33, 3);
        check_against_reference(v, &image);
        free(image.pixels);
        fx_vocabulary_destroy(v);
    }
}

Test(encoding, every_size_from_the_patch_up) {
    fx_bovw_params params = small_params();
    params.grid = 3; // fewer positions than cells at first
    fx_vocabulary *v = learn(&params);
    for (int height = 6; height <= 40; height += height < 12 ? 1 : 7)
        for (int width = 6; width <= 40; width += width < 12 ? 1 : 9) {
            fx_image image = make_image(3, height, width, 3);
            check_against_reference(v, &image);
            free(image.pixels);
        }
    fx_vocabulary_destroy(v);
}

Test(encoding, cells_add_up) {
    fx_bovw_params params = small_params();
    params.encoding = FX_BOVW_HARD;
    params.grid = 4;
    fx_vocabulary *v = learn(&params);
    fx_image image = make_image(4, 27, 32, 3);
    float *out = extract(v, &image);
    double sum = 0;
    for (size_t i = 0; i < fx_bovw_length(v); i++) sum += out[i];
    cr_assert_eq(sum, 22 * 27, "%g patches", sum);
    free(out);
    free(image.pixels);
    fx_vocabulary_destroy(v);
}

Test(encoding, norms) {
    const fx_image image = make_image(5, 20, 20, 3);
    for (int norm = FX_BOVW_NORM_L1; norm <= FX_BOVW_NORM_SQRT; norm++) {
        fx_bovw_params params = small_params();
        params.norm = norm;
        fx_vocabulary *v = learn(&params);
        float *out = extract(v, &image);
        double sum = 0;
        for (size_t i = 0; i < fx_bovw_length(v); i++)
            sum += norm == FX_BOVW_NORM_L1 ? out[i] : (double)out[i] * out[i];
        cr_assert(fabs(sum - 1) <= 1e-5, "norm %d: %g", norm, sum);
        free(out);
        fx_vocabulary_destroy(v);
    }
    free(image.pixels);
}

// With norms of cells every cell has length 1; with intra-normalization every word's part has.
Test(encoding, norms_of_parts) {
    const fx_image image = make_image(7, 24, 24, 3);
    for (int encoding = FX_BOVW_VLAD; encoding <= FX_BOVW_FISHER; encoding++)
        for (int intra = 0; intra < 2; intra++) {
            fx_bovw_params params = small_params();
            params.encoding = encoding;
            params.words = 4;
            params.intra = intra;
            params.norm = intra ? FX_BOVW_NORM_NONE : FX_BOVW_NORM_SQRT;
            params.norm_cells = true;
            fx_vocabulary *v = learn(&params);
            float *out = extract(v, &image);
            size_t unit = intra ? v->length : fx_bovw_length(v) / 4, negative = 0;
            for (size_t begin = 0; begin < fx_bovw_length(v); begin += unit) {
                double squares = 0;
                for (size_t i = begin; i < begin + unit; i++) {
                    squares += (double)out[i] * out[i];
                    negative += out[i] < 0;
                }
                bool empty = squares == 0 && intra; // a word that nothing is nearest to
                cr_assert(empty || fabs(squares - 1) <= 1e-5, "%g", squares);
            }
            cr_assert(negative > 10);
            free(out);
            fx_vocabulary_destroy(v);
        }
    free(image.pixels);
}
