// The nearest word of each patch, a patch at a time: max over words of <w, x> - |w|² / 2, spherical
// of |<w, x>|, x whitened. What hard encoding counts, here with its place.
#include "features/word_map.h"

#include <math.h>
#include <stdlib.h>

#include "features/local_descriptors.h"
#include "features/nearest.h"
#include "features/vocabulary.h"
#include "src/base/memory.h"

static uint32_t nearest_word(const fx_vocabulary *v, const float *x) {
    uint32_t best = 0;
    double most = -INFINITY;
    for (size_t w = 0; w < v->words.rows; w++) {
        double match = fx__dot(v->words.data + w * v->length, x, v->length);
        match = v->params.spherical ? fabs(match) : match - (double)v->half_norms[w];
        if (match > most) {
            most = match;
            best = (uint32_t)w;
        }
    }
    return best;
}

// Multiples of the stride that leave at most `side` of them over `room` pixels.
static int step_for(int room, int stride, int side) {
    int positions = room / stride + 1;
    return stride * ((positions + side - 1) / side);
}

fx_status fx__word_map_make(const fx_vocabulary *v, const fx_image *image, int side,
                            fx_word_map *out, fx_error *error) {
    const fx_bovw_params *p = &v->params;
    *out = (fx_word_map){.patch = p->patch};
    if (image->channels != v->channels)
        return fx_error_set(error, FX_ERROR_DATA,
                            "the image has %d channel%s, the vocabulary was learned from %d",
                            image->channels, image->channels == 1 ? "" : "s", v->channels);
    FX__TRY(fx__bovw_check_size(p->patch, image, error));
    int wide = image->width - p->patch, high = image->height - p->patch;
    int across = step_for(wide, p->stride, side), down = step_for(high, p->stride, side);
    out->step = across > down ? across : down;
    out->columns = wide / out->step + 1;
    out->rows = high / out->step + 1;
    out->x = wide % out->step / 2;
    out->y = high % out->step / 2;

    fx_status status;
    float *row = NULL, *whitened = NULL, *scratch = NULL;
    size_t d = v->length, count = (size_t)out->columns * (size_t)out->rows;
    FX__TRY_GOTO(fx__allocate(count, sizeof *out->words, &out->words, error));
    FX__TRY_GOTO(fx__allocate(d + FX__PATCHES_SLACK, sizeof *row, &row, error));
    FX__TRY_GOTO(fx__allocate(d, sizeof *whitened, &whitened, error));
    FX__TRY_GOTO(fx__allocate(fx__local_scratch(p, v->channels), sizeof *scratch, &scratch, error));
    for (size_t i = 0; i < count; i++) {
        fx_positions one = {.x = out->x + (int)(i % (size_t)out->columns) * out->step,
                            .y = out->y + (int)(i / (size_t)out->columns) * out->step,
                            .columns = 1,
                            .rows = 1,
                            .stride = p->stride};
        fx__local_extract(p, image, &one, scratch, row);
        if (p->whiten) fx__whitening_apply(&v->whitening, row, 1, whitened);
        out->words[i] = nearest_word(v, p->whiten ? whitened : row);
    }
done:
    free(row);
    free(whitened);
    free(scratch);
    if (status != FX_OK) fx__word_map_destroy(out);
    return status;
}

void fx__word_map_destroy(fx_word_map *map) {
    free(map->words);
    map->words = NULL;
}
