// Encoding of an image by visual words.
//
// Patches lie `stride` pixels apart, centered: what the last whole step leaves over is split
// between both borders. Cell (i, j) of the grid takes the positions p of n a side with
// ⌊p · grid / n⌋ = j (i down): the cells divide the positions evenly. With fewer positions than
// cells some stay 0.
//
// Local descriptors are gathered in tiles of up to a few hundred rows, cell by cell, from
// rectangles of neighboring patches. A tile x is centered and multiplied with the projection
// (whitening and words in one matrix), one tile of words at a time, and the products are encoded
// and summed while they are in the cache. So scratch does not grow with the image.
#include "featx/visual_words.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "features/local_descriptors.h"
#include "features/nearest.h"
#include "features/pooling.h"
#include "features/vocabulary.h"
#include "src/base/gemm.h"
#include "src/base/kernel.h"

enum {
    LEAST_ROWS = 16,
    TILE_FLOATS = 1 << 18,     // of descriptors
    TRIANGLE_FLOATS = 1 << 17, // of products of whole rows of words
};

// Rows of the tile that belong to one cell.
typedef struct segment {
    size_t cell, rows;
} segment;

typedef struct encoder {
    const fx_vocabulary *vocabulary;
    float *out;
    size_t capacity, used; // rows of the tile
    size_t segment_count;
    size_t width;      // words of a tile of products
    int side;          // positions of a rectangle
    float *rows;       // [capacity, d] and slack
    float *products;   // [capacity, width], of `hard` [width, capacity]
    float *whitened;   // [capacity, d], of `triangle`
    float *values;     // [capacity]: best match, squared length
    uint32_t *index;   // [capacity]: best word
    segment *segments; // [capacity]
    float *local;      // scratch of local descriptors
} encoder;

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

// Rows of a tile, so many that descriptors and products stay in the cache.
static size_t tile_rows(const fx_vocabulary *v) {
    size_t rows = least(FX__TILE, TILE_FLOATS / v->length);
    if (v->params.encoding == FX_BOVW_TRIANGLE) rows = least(rows, TRIANGLE_FLOATS / v->words.rows);
    return rows > LEAST_ROWS ? rows : LEAST_ROWS;
}

// Takes `bytes` from the scratch at *at, or only counts them where `scratch` is NULL.
static void *take(void *scratch, size_t *at, size_t bytes) {
    void *taken = scratch ? (char *)scratch + *at : NULL;
    *at += (bytes + 63) / 64 * 64;
    return taken;
}

// Lays an encoder out in scratch; returns the bytes that it needs.
static size_t prepare(const fx_vocabulary *v, void *scratch, encoder *e) {
    bool triangle = v->params.encoding == FX_BOVW_TRIANGLE;
    size_t words = v->words.rows, d = v->length, rows = tile_rows(v), at = 0;
    *e = (encoder){.vocabulary = v, .capacity = rows};
    e->width = triangle ? words : fx__tile_width(words);
    e->side = fx__local_side(&v->params);
    while ((size_t)e->side * (size_t)e->side > rows) e->side--;
    e->rows = take(scratch, &at, (rows * d + FX__PATCHES_SLACK) * sizeof(float));
    e->products = take(scratch, &at, rows * e->width * sizeof(float));
    e->whitened = take(scratch, &at, triangle ? rows * d * sizeof(float) : 0);
    e->values = take(scratch, &at, rows * sizeof(float));
    e->index = take(scratch, &at, rows * sizeof(uint32_t));
    e->segments = take(scratch, &at, rows * sizeof(segment));
    e->local = take(scratch, &at, fx__local_scratch(&v->params, v->channels) * sizeof(float));
    return at;
}

size_t fx_bovw_scratch(const fx_vocabulary *vocabulary) {
    encoder e;
    return prepare(vocabulary, NULL, &e);
}

static size_t cell_length(const fx_vocabulary *v) {
    return v->words.rows * (v->params.encoding == FX_BOVW_THRESHOLD ? 2 : 1);
}

size_t fx_bovw_length(const fx_vocabulary *vocabulary) {
    size_t grid = (size_t)vocabulary->params.grid;
    return grid * grid * cell_length(vocabulary);
}

FX__KERNEL static void subtract(const float *restrict mean, size_t rows, size_t d,
                                float *restrict x) {
    for (size_t row = 0; row < rows; row++, x += d)
        for (size_t k = 0; k < d; k++) x[k] -= mean[k];
}

static void encode_threshold(encoder *e) {
    const fx_vocabulary *v = e->vocabulary;
    size_t words = v->words.rows, d = v->length;
    for (size_t w = 0; w < words; w += e->width) {
        size_t width = least(words - w, e->width);
        fx__gemm_serial(false, false, e->used, width, d, 1, e->rows, d, v->projection.data + w,
                        words, 0, e->products, e->width);
        const float *products = e->products;
        for (size_t s = 0; s < e->segment_count; s++) {
            float *positive = e->out + e->segments[s].cell * 2 * words + w;
            fx__pool_threshold(products, e->segments[s].rows, width, e->width, v->params.threshold,
                               positive, positive + words);
            products += e->segments[s].rows * e->width;
        }
    }
}

static void encode_hard(encoder *e) {
    const fx_vocabulary *v = e->vocabulary;
    size_t words = v->words.rows, d = v->length;
    for (size_t row = 0; row < e->used; row++) {
        e->values[row] = -INFINITY;
        e->index[row] = 0;
    }
    for (size_t w = 0; w < words; w += e->width) {
        size_t width = least(words - w, e->width);
        fx__gemm_serial(true, true, width, e->used, d, 1, v->projection.data + w, words, e->rows, d,
                        0, e->products, e->capacity);
        fx__nearest_update(e->products, width, e->used, e->capacity,
                           v->params.spherical ? NULL : v->half_norms + w, (uint32_t)w, e->values,
                           e->index);
    }
    const uint32_t *index = e->index;
    for (size_t s = 0; s < e->segment_count; s++)
        for (size_t row = 0; row < e->segments[s].rows; row++)
            e->out[e->segments[s].cell * words + *index++] += 1;
}

static void encode_triangle(encoder *e) {
    const fx_vocabulary *v = e->vocabulary;
    size_t words = v->words.rows, d = v->length;
    const float *x = e->rows;
    if (v->params.whiten) {
        fx__gemm_serial(false, false, e->used, d, d, 1, e->rows, d, v->whitening.matrix, d, 0,
                        e->whitened, d);
        x = e->whitened;
    }
    for (size_t row = 0; row < e->used; row++) {
        double sum = 0;
        for (size_t k = 0; k < d; k++) sum += (double)x[row * d + k] * x[row * d + k];
        e->values[row] = (float)sum;
    }
    fx__gemm_serial(false, false, e->used, words, d, 1, x, d, v->projection.data, words, 0,
                    e->products, words);
    float *products = e->products, *norms = e->values;
    for (size_t s = 0; s < e->segment_count; s++) {
        size_t rows = e->segments[s].rows;
        fx__pool_triangle(products, rows, words, words, norms, v->word_norms,
                          e->out + e->segments[s].cell * words);
        products += rows * words;
        norms += rows;
    }
}

// Encodes the rows of the tile and empties it.
static void flush(encoder *e) {
    const fx_vocabulary *v = e->vocabulary;
    if (e->used == 0) return;
    if (v->params.whiten) subtract(v->whitening.mean, e->used, v->length, e->rows);
    switch ((fx_bovw_encoding)v->params.encoding) {
    case FX_BOVW_HARD:
        encode_hard(e);
        break;
    case FX_BOVW_TRIANGLE:
        encode_triangle(e);
        break;
    case FX_BOVW_THRESHOLD:
        encode_threshold(e);
        break;
    }
    e->used = e->segment_count = 0;
}

static void add_rectangle(encoder *e, const fx_image *image, const fx_positions *positions,
                          size_t cell) {
    size_t rows = (size_t)positions->rows * (size_t)positions->columns;
    if (e->used + rows > e->capacity) flush(e);
    fx__local_extract(&e->vocabulary->params, image, positions, e->local,
                      e->rows + e->used * e->vocabulary->length);
    e->used += rows;
    if (e->segment_count > 0 && e->segments[e->segment_count - 1].cell == cell)
        e->segments[e->segment_count - 1].rows += rows;
    else
        e->segments[e->segment_count++] = (segment){cell, rows};
}

// The positions begin … end-1 that share `part` of `parts` gets.
typedef struct range {
    int begin, end;
} range;

static range share(range whole, int part, int parts) {
    int n = whole.end - whole.begin; // ≤ 2^28, parts ≤ n or ≤ 64
    return (range){whole.begin + (int)(((int64_t)n * part + parts - 1) / parts),
                   whole.begin + (int)(((int64_t)n * (part + 1) + parts - 1) / parts)};
}

static int pieces(range whole, int side) {
    return (whole.end - whole.begin + side - 1) / side;
}

// One cell, in rectangles of about equal size.
static void add_cell(encoder *e, const fx_image *image, range down, range across, size_t cell) {
    const fx_bovw_params *p = &e->vocabulary->params;
    int left = (image->width - p->patch) % p->stride / 2;
    int top = (image->height - p->patch) % p->stride / 2;
    int rows = pieces(down, e->side), columns = pieces(across, e->side);
    for (int i = 0; i < rows; i++) {
        range y = share(down, i, rows);
        for (int j = 0; j < columns; j++) {
            range x = share(across, j, columns);
            fx_positions positions = {.x = left + x.begin * p->stride,
                                      .y = top + y.begin * p->stride,
                                      .columns = x.end - x.begin,
                                      .rows = y.end - y.begin,
                                      .stride = p->stride};
            add_rectangle(e, image, &positions, cell);
        }
    }
}

fx_status fx_bovw_extract(const fx_vocabulary *vocabulary, const fx_image *image, float *out,
                          void *scratch, fx_error *error) {
    const fx_bovw_params *p = &vocabulary->params;
    if (image->channels != vocabulary->channels)
        return fx_error_set(error, FX_ERROR_DATA,
                            "the image has %d channel%s, the vocabulary was learned from %d",
                            image->channels, image->channels == 1 ? "" : "s", vocabulary->channels);
    fx_status status = fx__bovw_check_size(p->patch, image, error);
    if (status != FX_OK) return status;

    encoder e;
    prepare(vocabulary, scratch, &e);
    e.out = out;
    size_t length = fx_bovw_length(vocabulary);
    memset(out, 0, length * sizeof *out);
    range down = {0, (image->height - p->patch) / p->stride + 1};
    range across = {0, (image->width - p->patch) / p->stride + 1};
    for (int i = 0; i < p->grid; i++)
        for (int j = 0; j < p->grid; j++)
            add_cell(&e, image, share(down, i, p->grid), share(across, j, p->grid),
                     (size_t)i * (size_t)p->grid + (size_t)j);
    flush(&e);

    if (p->norm == FX_BOVW_NORM_L1) fx__pool_normalize(FX_POOL_L1, out, length);
    if (p->norm == FX_BOVW_NORM_L2) fx__pool_normalize(FX_POOL_L2, out, length);
    if (p->norm == FX_BOVW_NORM_SQRT) fx__pool_normalize(FX_POOL_L1_SQRT, out, length);
    return FX_OK;
}
