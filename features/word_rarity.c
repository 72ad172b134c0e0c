// Inverse document frequency: idf(w) = log(N / n_w), N the images looked at, n_w those of them in
// which word w is the nearest of some patch (at least 1).
//
// Source: Sivic & Zisserman, "Video Google: a text retrieval approach to object matching in
// videos", ICCV 2003, section 4.
#include "features/word_rarity.h"

#include <math.h>
#include <stdlib.h>

#include "features/vocabulary.h"
#include "src/base/memory.h"
#include "src/base/parallel.h"

enum { MOST_IMAGES = 10000 };

typedef struct reader {
    fx_image image, converted;
    void *scratch;
    float *present;      // [words] 0 or 1
    uint32_t *documents; // [words]
} reader;

typedef struct readers {
    const fx_vocabulary *presence; // as the vocabulary, but one cell with ones
    const fx_image_source *images;
    size_t count;
    reader *of_thread;
} readers;

static fx_status read_one(void *context, size_t index, int thread, fx_error *error) {
    const readers *all = context;
    reader *r = &all->of_thread[thread];
    const fx_image_source *images = all->images;
    size_t image = index * images->count / all->count;
    FX__TRY(images->get(images->self, image, &r->image, error));
    const fx_image *given = &r->image;
    if (given->channels != all->presence->channels) {
        FX__TRY(fx_image_convert(given, all->presence->channels, &r->converted, error));
        given = &r->converted;
    }
    fx_status status = fx_bovw_extract(all->presence, given, r->present, r->scratch, error);
    if (status != FX_OK) {
        char name[300];
        images->name(images->self, image, name, sizeof name);
        return fx__error_prefix(error, status, "%s", name);
    }
    for (size_t w = 0; w < all->presence->words.rows; w++) r->documents[w] += r->present[w] > 0;
    return FX_OK;
}

fx_status fx__learn_idf(fx_vocabulary *vocabulary, const fx_image_source *images,
                        const fx_progress *progress, fx_error *error) {
    fx_vocabulary presence = *vocabulary; // borrows all that it points to
    presence.params.encoding = FX_BOVW_HARD;
    presence.params.pool = FX_BOVW_POOL_MAX;
    presence.params.grid = 1;
    presence.params.levels = 1;
    presence.params.norm = FX_BOVW_NORM_NONE;
    size_t words = vocabulary->words.rows, threads = (size_t)fx__threads();
    readers all = {.presence = &presence, .images = images, .count = images->count};
    if (all.count > MOST_IMAGES) all.count = MOST_IMAGES;
    fx_status status;
    FX__TRY_GOTO(fx__allocate(threads, sizeof *all.of_thread, &all.of_thread, error));
    for (size_t t = 0; t < threads; t++) {
        reader *r = &all.of_thread[t];
        FX__TRY_GOTO(fx__allocate(fx_bovw_scratch(&presence), 1, &r->scratch, error));
        FX__TRY_GOTO(fx__allocate(words, sizeof *r->present, &r->present, error));
        FX__TRY_GOTO(fx__allocate(words, sizeof *r->documents, &r->documents, error));
    }
    FX__TRY_GOTO(fx__allocate(words, sizeof *vocabulary->idf, &vocabulary->idf, error));
    FX__TRY_GOTO(
        fx__parallel_for_progress(all.count, read_one, &all, progress, "rarity", all.count, error));
    for (size_t w = 0; w < words; w++) {
        uint32_t documents = 0; // whole numbers: any order of threads gives the same
        for (size_t t = 0; t < threads; t++) documents += all.of_thread[t].documents[w];
        vocabulary->idf[w] =
            (float)log((double)all.count / (double)(documents > 0 ? documents : 1));
    }
done:
    for (size_t t = 0; all.of_thread && t < threads; t++) {
        fx_image_destroy(&all.of_thread[t].image);
        fx_image_destroy(&all.of_thread[t].converted);
        free(all.of_thread[t].scratch);
        free(all.of_thread[t].present);
        free(all.of_thread[t].documents);
    }
    free(all.of_thread);
    return status;
}
