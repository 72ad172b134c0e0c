// Encoding of an image by visual words.
//
// Patches lie `stride` pixels apart, centered: what the last whole step leaves over is split
// between both borders. Cell (i, j) of the grid takes the positions p of n a side with
// ⌊p · grid / n⌋ = j (i down): the cells divide the positions evenly. With fewer positions than
// cells some stay 0.
//
// With several scales the same happens with smaller and smaller copies of the image, and the cells
// sum over all of them. Only such a copy is allocated here.
//
// Local descriptors are gathered in tiles of up to a few hundred rows, cell by cell, from
// rectangles of neighboring patches; a full tile goes to the encoder. So scratch does not grow with
// the image.
#include "featx/visual_words.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "features/encoder.h"
#include "features/local_descriptors.h"
#include "features/nearest.h"
#include "features/pooling.h"
#include "features/vocabulary.h"
#include "src/base/gemm.h"
#include "src/base/kernel.h"
#include "src/base/memory.h"

enum {
    LEAST_ROWS = 16,
    TILE_FLOATS = 1 << 18, // of descriptors
};

static const fx_encoder *const encoders[] = {
    [FX_BOVW_HARD] = &fx__encoder_hard,           [FX_BOVW_TRIANGLE] = &fx__encoder_triangle,
    [FX_BOVW_THRESHOLD] = &fx__encoder_threshold, [FX_BOVW_NEAREST] = &fx__encoder_nearest,
    [FX_BOVW_TFIDF] = &fx__encoder_tfidf,         [FX_BOVW_VLAD] = &fx__encoder_vlad,
    [FX_BOVW_FISHER] = &fx__encoder_fisher};

const fx_encoder *fx__encoder(int encoding) {
    return encoders[encoding];
}

// Gathers local descriptors in a tile and hands it to the encoder when it is full.
typedef struct gatherer {
    const fx_vocabulary *vocabulary;
    const fx_encoder *encoder;
    fx_code_tile tile;
    size_t capacity;           // rows of the tile
    int side;                  // positions of a rectangle
    float *rows;               // [capacity, d] and slack
    float *whitened;           // [capacity, d] where the encoder wants that
    fx_code_segment *segments; // [capacity]
    size_t finest;             // the first cell of the finest level
    size_t *patches;           // [cells of all levels] gathered
    float *local;              // scratch of local descriptors
} gatherer;

// Rows of a tile, so many that descriptors and products stay in the cache.
static size_t tile_rows(const fx_vocabulary *v, const fx_encoder *encoder) {
    size_t rows = fx__least(FX__TILE, TILE_FLOATS / v->length);
    if (encoder->most_rows) rows = fx__least(rows, encoder->most_rows(v));
    return rows > LEAST_ROWS ? rows : LEAST_ROWS;
}

// Lays everything out in scratch; returns the bytes that it needs.
static size_t prepare(const fx_vocabulary *v, void *scratch, gatherer *g) {
    const fx_encoder *encoder = fx__encoder(v->params.encoding);
    size_t d = v->length, rows = tile_rows(v, encoder), at = 0;
    bool whitened = v->params.whiten && encoder->whitened;
    *g = (gatherer){.vocabulary = v, .encoder = encoder, .capacity = rows};
    g->side = fx__local_side(&v->params);
    while ((size_t)g->side * (size_t)g->side > rows) g->side--;
    g->rows = fx__take(scratch, &at, (rows * d + FX__PATCHES_SLACK) * sizeof(float));
    g->whitened = whitened ? fx__take(scratch, &at, rows * d * sizeof(float)) : NULL;
    g->segments = fx__take(scratch, &at, rows * sizeof(fx_code_segment));
    g->patches = fx__take(scratch, &at, fx__pool_cells(&v->params) * sizeof *g->patches);
    g->local = fx__take(scratch, &at, fx__local_scratch(&v->params, v->channels) * sizeof(float));
    g->tile = (fx_code_tile){.vocabulary = v, .segments = g->segments};
    g->tile.scratch = fx__take(scratch, &at, encoder->scratch(v, rows));
    return at;
}

size_t fx_bovw_scratch(const fx_vocabulary *vocabulary) {
    gatherer g;
    return prepare(vocabulary, NULL, &g);
}

size_t fx_bovw_length(const fx_vocabulary *vocabulary) {
    return fx__pool_cells(&vocabulary->params) *
           fx__encoder(vocabulary->params.encoding)->length(vocabulary);
}

FX__KERNEL static void subtract(const float *restrict mean, size_t rows, size_t d,
                                float *restrict x) {
    for (size_t row = 0; row < rows; row++, x += d)
        for (size_t k = 0; k < d; k++) x[k] -= mean[k];
}

// Encodes the rows of the tile and empties it.
static void flush(gatherer *g) {
    const fx_vocabulary *v = g->vocabulary;
    fx_code_tile *tile = &g->tile;
    size_t d = v->length;
    if (tile->count == 0) return;
    tile->rows = g->rows;
    if (v->params.whiten) subtract(v->whitening.mean, tile->count, d, g->rows);
    if (v->params.whiten && g->encoder->whitened) {
        fx__gemm_serial(false, false, tile->count, d, d, 1, g->rows, d, v->whitening.matrix, d, 0,
                        g->whitened, d);
        tile->rows = g->whitened;
    }
    g->encoder->encode(tile);
    tile->count = tile->segment_count = 0;
}

static void add_rectangle(gatherer *g, const fx_image *image, const fx_positions *positions,
                          size_t cell) {
    fx_code_tile *tile = &g->tile;
    size_t rows = (size_t)positions->rows * (size_t)positions->columns;
    if (tile->count + rows > g->capacity) flush(g);
    fx__local_extract(&g->vocabulary->params, image, positions, g->local,
                      g->rows + tile->count * g->vocabulary->length);
    tile->count += rows;
    g->patches[g->finest + cell] += rows;
    if (tile->segment_count > 0 && g->segments[tile->segment_count - 1].cell == cell)
        g->segments[tile->segment_count - 1].rows += rows;
    else
        g->segments[tile->segment_count++] = (fx_code_segment){cell, rows};
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
static void add_cell(gatherer *g, const fx_image *image, range down, range across, size_t cell) {
    const fx_bovw_params *p = &g->vocabulary->params;
    int left = (image->width - p->patch) % p->stride / 2;
    int top = (image->height - p->patch) % p->stride / 2;
    int rows = pieces(down, g->side), columns = pieces(across, g->side);
    for (int i = 0; i < rows; i++) {
        range y = share(down, i, rows);
        for (int j = 0; j < columns; j++) {
            range x = share(across, j, columns);
            fx_positions positions = {.x = left + x.begin * p->stride,
                                      .y = top + y.begin * p->stride,
                                      .columns = x.end - x.begin,
                                      .rows = y.end - y.begin,
                                      .stride = p->stride};
            add_rectangle(g, image, &positions, cell);
        }
    }
}

static void add_image(gatherer *g, const fx_image *image) {
    const fx_bovw_params *p = &g->vocabulary->params;
    range down = {0, (image->height - p->patch) / p->stride + 1};
    range across = {0, (image->width - p->patch) / p->stride + 1};
    int side = p->grid << (p->levels - 1);
    for (int i = 0; i < side; i++)
        for (int j = 0; j < side; j++)
            add_cell(g, image, share(down, i, side), share(across, j, side),
                     (size_t)i * (size_t)side + (size_t)j);
}

bool fx__bovw_scaled_size(const fx_bovw_params *params, const fx_image *image, int scale,
                          fx_size *out) {
    double factor = pow((double)params->scale_factor, scale);
    out->width = (int)lround(image->width / factor);
    out->height = (int)lround(image->height / factor);
    return out->width >= params->patch && out->height >= params->patch;
}

static fx_status add_scales(gatherer *g, const fx_image *image, fx_error *error) {
    const fx_bovw_params *p = &g->vocabulary->params;
    fx_image smaller = {0};
    fx_size size;
    add_image(g, image);
    fx_status status = FX_OK;
    for (int scale = 1; scale < p->scales && status == FX_OK; scale++) {
        if (!fx__bovw_scaled_size(p, image, scale, &size)) break;
        status = fx_image_resize(image, size.width, size.height, &smaller, error);
        if (status == FX_OK) add_image(g, &smaller);
    }
    fx_image_destroy(&smaller);
    return status;
}

static void normalize(const fx_vocabulary *v, size_t cells, size_t length, float *out) {
    static const fx_pool_norm norms[] = {[FX_BOVW_NORM_L1] = FX_POOL_L1,
                                         [FX_BOVW_NORM_L2] = FX_POOL_L2,
                                         [FX_BOVW_NORM_SQRT] = FX_POOL_L1_SQRT};
    const fx_encoder *encoder = fx__encoder(v->params.encoding);
    const fx_bovw_params *p = &v->params;
    size_t parts = encoder->parts ? cells * encoder->parts(v) : 1, all = cells * length;
    for (size_t i = 0; p->intra && i < parts; i++)
        fx__pool_normalize(FX_POOL_L2, true, out + i * (all / parts), all / parts);
    if (p->norm == FX_BOVW_NORM_NONE) return;
    size_t units = p->norm_cells ? cells : 1;
    for (size_t i = 0; i < units; i++)
        fx__pool_normalize(norms[p->norm], encoder->negative, out + i * (all / units), all / units);
}

fx_status fx_bovw_extract(const fx_vocabulary *vocabulary, const fx_image *image, float *out,
                          void *scratch, fx_error *error) {
    const fx_bovw_params *p = &vocabulary->params;
    if (image->channels != vocabulary->channels)
        return fx_error_set(error, FX_ERROR_DATA,
                            "the image has %d channel%s, the vocabulary was learned from %d",
                            image->channels, image->channels == 1 ? "" : "s", vocabulary->channels);
    FX__TRY(fx__bovw_check_size(p->patch, image, error));

    gatherer g;
    prepare(vocabulary, scratch, &g);
    size_t cells = fx__pool_cells(p), length = g.encoder->length(vocabulary);
    g.finest = cells - fx__pool_finest(p);
    g.tile.cells = out + g.finest * length;
    memset(g.patches, 0, cells * sizeof *g.patches);
    memset(out, 0, cells * length * sizeof *out);
    FX__TRY(add_scales(&g, image, error));
    flush(&g);
    fx__pool_pyramid(p, length, g.patches, out);
    normalize(vocabulary, cells, length, out);
    return FX_OK;
}
