// Vocabularies and encoding as a whole: learning, files, grids, tiles, errors, threads.
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "features/local_descriptors.h"
#include "features/visual_words_state.h"
#include "features/vocabulary.h"
#include "featx/threads.h"
#include "src/base/memory.h"
#include "tests/support/noise.h"

static fx_error error;

// ---- A source of noise images: number i is 20 + i % 3 wide and `height` high; image 7 is gray. --

typedef struct noise_source {
    int height, small; // image `small` is 5 × 4
    int width;         // of the narrowest; 0: 20
} noise_source;

static fx_status get(const void *self, size_t index, fx_image *out, fx_error *e) {
    const noise_source *s = self;
    int width = (s->width ? s->width : 20) + (int)(index % 3), height = s->height,
        channels = index == 7 ? 1 : 3;
    if ((int)index == s->small) {
        width = 5;
        height = 4;
    }
    FX__TRY(fx_image_reserve(out, width, height, channels, e));
    noise_image((uint32_t)index + 50, height, width, channels, out->pixels);
    return FX_OK;
}

static fx_status probe(const void *self, size_t index, fx_image *out, fx_error *e) {
    fx_image image = {0};
    fx_status status = get(self, index, &image, e);
    out->width = image.width;
    out->height = image.height;
    out->channels = image.channels;
    fx_image_destroy(&image);
    return status;
}

static void name(const void *self, size_t index, char *out, size_t size) {
    (void)self;
    snprintf(out, size, "noise[%zu]", index);
}

static const noise_source normal = {18, -1, 0};

static fx_image_source make_source(const noise_source *self, size_t count) {
    return (fx_image_source){
        .self = self, .count = count, .get = get, .probe = probe, .name = name};
}

static fx_bovw_params small_params(void) {
    fx_bovw_params params = fx_bovw_defaults();
    params.words = 20;
    params.samples = 2000;
    params.rounds = 3;
    params.grid = 2;
    return params;
}

static fx_vocabulary *learn(const fx_bovw_params *params) {
    fx_image_source source = make_source(&normal, 40);
    fx_vocabulary *vocabulary;
    fx_status status = fx_vocabulary_learn(params, &source, 3, 5, NULL, &vocabulary, &error);
    cr_assert_eq(status, FX_OK, "%s", error.message);
    return vocabulary;
}

static fx_image make_image(uint32_t seed, int height, int width, int channels) {
    fx_image image = {.width = width, .height = height, .channels = channels};
    image.pixels = malloc((size_t)height * (size_t)width * (size_t)channels);
    noise_image(seed, height, width, channels, image.pixels);
    return image;
}

static float *extract(const fx_vocabulary *vocabulary, const fx_image *image) {
    void *scratch;
    float *out;
    cr_assert_eq(fx__allocate(fx_bovw_scratch(vocabulary), 1, &scratch, &error), FX_OK);
    cr_assert_eq(fx__allocate(fx_bovw_length(vocabulary), sizeof *out, &out, &error), FX_OK);
    // Neither depends on what was there before.
    memset(scratch, 0x7F, fx_bovw_scratch(vocabulary));
    memset(out, 0x7F, fx_bovw_length(vocabulary) * sizeof *out);
    fx_status status = fx_bovw_extract(vocabulary, image, out, scratch, &error);
    cr_assert_eq(status, FX_OK, "%s", error.message);
    free(scratch);
    return out;
}

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

// ---- Learning -----------------------------------------------------------------------------------

Test(vocabulary, same_bytes_for_any_number_of_threads) {
    for (int encoding = FX_BOVW_THRESHOLD; encoding <= FX_BOVW_FISHER; encoding++) {
        fx_bovw_params params = small_params();
        params.local = FX_BOVW_PATCH + encoding % 4;
        params.encoding = encoding;
        params.patch = 8;
        params.scales = 1 + encoding % 2;
        char first[65], sha[65];
        for (int threads = 1; threads <= 7; threads += threads < 3 ? 1 : 4) {
            fx_threads_set(threads);
            fx_vocabulary *v = learn(&params);
            fx_tensors *tensors;
            cr_assert_eq(fx__tensors_create(&tensors, &error), FX_OK);
            cr_assert_eq(fx__vocabulary_to_tensors(v, tensors, &error), FX_OK);
            cr_assert_eq(fx__tensors_sha256(tensors, sha, &error), FX_OK);
            if (threads == 1) memcpy(first, sha, sizeof sha);
            cr_assert_str_eq(sha, first, "%d threads", threads);
            fx__tensors_destroy(tensors);
            fx_vocabulary_destroy(v);
        }
    }
}

Test(vocabulary, the_seed_matters) {
    fx_bovw_params params = small_params();
    fx_image_source source = make_source(&normal, 40);
    fx_vocabulary *a = learn(&params), *b;
    cr_assert_eq(fx_vocabulary_learn(&params, &source, 3, 6, NULL, &b, &error), FX_OK);
    cr_assert_neq(memcmp(a->words.data, b->words.data, 20 * a->length * sizeof(float)), 0);
    fx_vocabulary_destroy(a);
    fx_vocabulary_destroy(b);
}

Test(vocabulary, auto_values) {
    fx_bovw_params params = fx_bovw_defaults();
    params.rounds = 0;
    fx_vocabulary *v = learn(&params);
    const fx_bovw_params *p = fx_vocabulary_params(v);
    cr_assert_eq(p->words, 200);
    cr_assert_eq(p->local, FX_BOVW_PATCH);
    cr_assert_eq(p->patch, 6);
    cr_assert_eq(p->samples, 50000);
    cr_assert_eq(p->stride, 1);
    cr_assert_eq(fx_vocabulary_channels(v), 3);
    cr_assert_eq(fx_bovw_length(v), 16 * 2 * 200);
    fx_vocabulary_destroy(v);
    // 20 … 22 × 300 pixels: more than 64 · 64.
    const noise_source tall = {300, -1, 0};
    fx_image_source source = make_source(&tall, 10);
    params.local = FX_BOVW_SIFT;
    params.words = 10;
    cr_assert_eq(fx_vocabulary_learn(&params, &source, 1, 1, NULL, &v, &error), FX_OK);
    p = fx_vocabulary_params(v);
    cr_assert_eq(p->patch, 16);
    cr_assert_eq(p->samples, 2500);
    cr_assert_eq(p->stride, 8);
    fx_vocabulary_destroy(v);
    // Patches up to 64 pixels a side or where a patch is given, else SIFT.
    params.local = FX_BOVW_LOCAL_AUTO;
    for (int width = 64; width <= 65; width++)
        for (params.patch = 0; params.patch <= 8; params.patch += 8) {
            const noise_source wide = {300, -1, width};
            source = make_source(&wide, 10);
            cr_assert_eq(fx_vocabulary_learn(&params, &source, 1, 1, NULL, &v, &error), FX_OK);
            cr_assert_eq(fx_vocabulary_params(v)->local,
                         width > 64 && params.patch == 0 ? FX_BOVW_SIFT : FX_BOVW_PATCH);
            fx_vocabulary_destroy(v);
        }
}

Test(vocabulary, learning_errors) {
    fx_bovw_params params = small_params();
    fx_image_source source = make_source(&normal, 40);
    fx_vocabulary *v;
    const noise_source one_small = {18, 11, 0};
    fx_image_source with_small = make_source(&one_small, 40);
    cr_assert_eq(fx_vocabulary_learn(&params, &with_small, 3, 1, NULL, &v, &error), FX_ERROR_DATA);
    cr_assert_str_eq(error.message, "noise[11]: the image is 5 × 4 pixels, smaller than a patch of "
                                    "6 × 6 (bovw.patch)");
    cr_assert_null(v);
    params.samples = 10;
    cr_assert_eq(fx_vocabulary_learn(&params, &source, 3, 1, NULL, &v, &error), FX_ERROR_DATA);
    cr_assert_str_eq(error.message, "bovw.words: 10 samples are fewer than 20 clusters");
    params.samples = 2000;
    params.words = 1;
    cr_assert_eq(fx_vocabulary_learn(&params, &source, 3, 1, NULL, &v, &error), FX_ERROR_USAGE);
    params.words = 20;
    params.local = FX_BOVW_SIFT;
    params.patch = 6;
    cr_assert_eq(fx_vocabulary_learn(&params, &source, 3, 1, NULL, &v, &error), FX_ERROR_USAGE);
    cr_assert_str_eq(error.message,
                     "bovw.patch: found 6, expected a multiple of 4 for bovw.local sift");
    source.count = 0;
    params.patch = 8;
    cr_assert_eq(fx_vocabulary_learn(&params, &source, 3, 1, NULL, &v, &error), FX_ERROR_DATA);
}

static bool stop(void *self, const char *stage, size_t done, size_t total, const char *note) {
    (void)note;
    (void)total;
    return strcmp(stage, self) != 0 || done == 0;
}

Test(vocabulary, stops_on_request) {
    fx_bovw_params params = small_params();
    fx_image_source source = make_source(&normal, 40);
    const char *stages[] = {"patches", "k-means"};
    for (int i = 0; i < 2; i++) {
        char stage[16];
        snprintf(stage, sizeof stage, "%s", stages[i]);
        fx_progress progress = {stage, stop};
        fx_vocabulary *v;
        cr_assert_eq(fx_vocabulary_learn(&params, &source, 3, 1, &progress, &v, &error),
                     FX_ERROR_INTERRUPTED, "%s", stage);
        cr_assert_null(v);
    }
}

Test(encoding, errors) {
    fx_bovw_params params = small_params();
    fx_vocabulary *v = learn(&params);
    float *out = malloc(fx_bovw_length(v) * sizeof *out);
    void *scratch = malloc(fx_bovw_scratch(v));
    fx_image image = make_image(1, 5, 30, 3), gray = make_image(1, 30, 30, 1);
    cr_assert_eq(fx_bovw_extract(v, &image, out, scratch, &error), FX_ERROR_DATA);
    cr_assert_str_eq(error.message,
                     "the image is 30 × 5 pixels, smaller than a patch of 6 × 6 (bovw.patch)");
    cr_assert_eq(fx_bovw_extract(v, &gray, out, scratch, &error), FX_ERROR_DATA);
    cr_assert_str_eq(error.message, "the image has 1 channel, the vocabulary was learned from 3");
    free(image.pixels);
    free(gray.pixels);
    free(scratch);
    free(out);
    fx_vocabulary_destroy(v);
}

// ---- Files --------------------------------------------------------------------------------------

static void temporary(char *path, size_t size) {
    snprintf(path, size, "%s/test_words_%d.safetensors", FX_BINARY_DIR, (int)getpid());
}

Test(vocabulary, files) {
    char path[500];
    temporary(path, sizeof path);
    fx_image image = make_image(6, 25, 26, 3);
    for (int encoding = FX_BOVW_HARD; encoding <= FX_BOVW_THRESHOLD; encoding++) {
        fx_bovw_params params = small_params();
        params.encoding = encoding;
        params.whiten = encoding != FX_BOVW_HARD;
        fx_vocabulary *v = learn(&params), *loaded;
        cr_assert_eq(fx_vocabulary_save(v, path, &error), FX_OK, "%s", error.message);
        cr_assert_eq(fx_vocabulary_load(path, &loaded, &error), FX_OK, "%s", error.message);
        float *a = extract(v, &image), *b = extract(loaded, &image);
        cr_assert_arr_eq(a, b, fx_bovw_length(v) * sizeof *a);
        cr_assert_eq(memcmp(&v->params, &loaded->params, sizeof v->params), 0);
        free(a);
        free(b);
        fx_vocabulary_destroy(v);
        fx_vocabulary_destroy(loaded);
    }
    free(image.pixels);
    unlink(path);
}

Test(vocabulary, file_errors) {
    char path[500];
    temporary(path, sizeof path);
    fx_vocabulary *v;
    fx_tensors *tensors;
    cr_assert_eq(fx_vocabulary_load(path, &v, &error), FX_ERROR_IO);
    const float value[48] = {0, NAN};
    const size_t shape[] = {2, 12}, wrong[] = {2, 24};
    const char *json = "{\"bovw\": {\"words\": 2, \"local\": \"patch\", \"patch\": 2, \"stride\": "
                       "1, \"whiten\": false}}";
    const char *automatic =
        "{\"bovw\": {\"words\": 2, \"local\": \"patch\", \"patch\": 2, \"whiten\": false}}";
    const struct {
        const char *json, *channels, *part;
        const size_t *shape;
    } cases[] = {
        {NULL, NULL, "not a vocabulary", shape},
        {json, "2", "not a vocabulary", shape},
        {"{\"bovw\": {\"words\": 1}}", "3", "bovw.words", shape},
        {"{\"bovw\": {\"wurds\": 2}}", "3", "did you mean", shape},
        {"[", "3", "bovw", shape},
        {automatic, "3", "auto", shape},
        {json, "3", "bovw.words", wrong},
        {json, "3", "element 1 is not finite", shape},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_assert_eq(fx__tensors_create(&tensors, &error), FX_OK);
        if (cases[i].json)
            cr_assert_eq(fx__tensors_add_text(tensors, "bovw", cases[i].json, &error), FX_OK);
        if (cases[i].channels)
            cr_assert_eq(fx__tensors_add_text(tensors, "bovw.channels", cases[i].channels, &error),
                         FX_OK);
        cr_assert_eq(fx__tensors_add(tensors, "bovw.words", 2, cases[i].shape, value, &error),
                     FX_OK);
        cr_assert_eq(fx__tensors_save(tensors, path, &error), FX_OK);
        fx__tensors_destroy(tensors);
        cr_assert_eq(fx_vocabulary_load(path, &v, &error), FX_ERROR_FORMAT, "%zu: %s", i,
                     error.message);
        cr_assert_null(v);
        cr_assert_eq(strncmp(error.message, path, strlen(path)), 0, "%s", error.message);
        cr_assert_not_null(strstr(error.message, cases[i].part), "%zu: %s", i, error.message);
    }
    unlink(path);
}
