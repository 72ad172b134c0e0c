// Vocabularies of visual words, learned: random patches of the training images, their local
// descriptors, whitened, clustered.
//
// Auto values: words 800 from 20,000 training images on, else 200 (vlad, fisher: 64); local sift
// where all images are more than 64 pixels wide and high and the patch is auto, else patch; patch 6
// pixels, 16 for sift; samples 250 a word (vlad, fisher: 1000); stride 1 where the images have up
// to 64 · 64 pixels on average, else patch / 2.
#include "features/vocabulary.h"

#include <stdlib.h>
#include <string.h>

#include "features/encoder.h"
#include "features/local_descriptors.h"
#include "features/patch_samples.h"
#include "features/visual_words_state.h"
#include "features/word_rarity.h"
#include "featx/gmm.h"
#include "featx/kmeans.h"
#include "src/base/gemm.h"
#include "src/base/memory.h"

enum {
    MANY_IMAGES = 20000,
    WORDS_MANY = 800,
    WORDS_FEW = 200,
    WORDS_OF_VECTORS = 64,
    SAMPLES_PER_WORD = 250,
    SAMPLES_PER_VECTOR = 1000,
    SMALL_SIDE = 64,
    ROWS = 4096, // whitened at a time
};

// All but the stride, which needs the images.
static fx_status resolve(fx_bovw_params *params, const fx_image_source *images, fx_error *error) {
    bool of_vectors = fx__bovw_is_of_vectors(params);
    if (params->words == 0 && of_vectors) params->words = WORDS_OF_VECTORS;
    if (params->words == 0) params->words = images->count >= MANY_IMAGES ? WORDS_MANY : WORDS_FEW;
    if (params->local == FX_BOVW_LOCAL_AUTO) {
        fx_image_survey survey;
        FX__TRY(fx_image_source_survey(images, &survey, error));
        bool large = survey.min_width > SMALL_SIDE && survey.min_height > SMALL_SIDE;
        params->local = large && params->patch == 0 ? FX_BOVW_SIFT : FX_BOVW_PATCH;
    }
    fx__bovw_resolve_local(params);
    if (params->samples == 0)
        params->samples = (of_vectors ? SAMPLES_PER_VECTOR : SAMPLES_PER_WORD) * params->words;
    if (of_vectors) params->spherical = false;
    return fx__bovw_check(params, error);
}

static fx_status whiten_in_place(const fx_whitening *whitening, fx_matrix *samples,
                                 fx_error *error) {
    size_t d = samples->columns, block = samples->rows < ROWS ? samples->rows : ROWS;
    fx_matrix whitened;
    FX__TRY(fx_matrix_create(block, d, &whitened, error));
    for (size_t begin = 0; begin < samples->rows; begin += block) {
        size_t count = samples->rows - begin < block ? samples->rows - begin : block;
        fx__whitening_apply(whitening, samples->data + begin * d, count, whitened.data);
        memcpy(samples->data + begin * d, whitened.data, count * d * sizeof(float));
    }
    fx_matrix_destroy(&whitened);
    return FX_OK;
}

// Of components, as a share of that of all samples: usual in speech recognition (HTK's vFloors). A
// component of a few like samples would rule Fisher vectors otherwise.
static const float MIN_VARIANCE = 0.01f;

static fx_status find_words(fx_vocabulary *v, const fx_matrix *samples, uint64_t seed,
                            const fx_progress *progress, fx_error *error) {
    const fx_bovw_params *p = &v->params;
    fx_status status;
    if (p->encoding == FX_BOVW_FISHER) {
        fx_gmm_params gmm = fx_gmm_defaults(p->words);
        gmm.rounds = p->rounds;
        gmm.min_variance = MIN_VARIANCE;
        gmm.seed = seed;
        fx_gmm mixture;
        status = fx_gmm_learn(samples, &gmm, progress, &mixture, NULL, error);
        v->words = mixture.means;
        v->variances = mixture.variances;
        v->priors = mixture.priors;
    } else {
        fx_kmeans_params kmeans = {.clusters = p->words,
                                   .rounds = p->rounds,
                                   .batch = p->batch,
                                   .spherical = p->spherical,
                                   .seed = seed};
        status = fx_kmeans(samples, &kmeans, progress, &v->words, NULL, NULL, error);
    }
    if (status == FX_ERROR_DATA) fx__error_prefix(error, status, "bovw.words");
    return status;
}

fx_status fx_vocabulary_learn(const fx_bovw_params *params, const fx_image_source *images,
                              int channels, uint64_t seed, const fx_progress *progress,
                              fx_vocabulary **out, fx_error *error) {
    *out = NULL;
    FX__TRY(fx__bovw_check(params, error));
    if (images->count == 0 || images->count >= UINT32_MAX || (channels != 1 && channels != 3))
        return fx_error_set(error, FX_ERROR_DATA,
                            "a vocabulary is learned from 1 … 2³² - 2 images of 1 or 3 channels, "
                            "found %zu of %d",
                            images->count, channels);
    fx_status status;
    fx_vocabulary *v = NULL;
    fx_matrix samples = {0};
    FX__TRY_GOTO(fx__allocate(1, sizeof *v, &v, error));
    v->params = *params;
    v->channels = channels;
    FX__TRY_GOTO(resolve(&v->params, images, error));
    v->length = fx__local_length(&v->params, channels);
    FX__TRY_GOTO(fx__draw_patches(&v->params, images, channels, seed, progress, &samples, error));
    if (v->params.whiten) {
        FX__TRY_GOTO(fx__whitening_learn(&samples, v->params.whiten_epsilon, &v->whitening, error));
        FX__TRY_GOTO(whiten_in_place(&v->whitening, &samples, error));
    }
    FX__TRY_GOTO(find_words(v, &samples, seed, progress, error));
    fx_matrix_destroy(&samples);
    FX__TRY_GOTO(fx__vocabulary_complete(v, error));
    if (v->params.encoding == FX_BOVW_TFIDF)
        FX__TRY_GOTO(fx__learn_idf(v, images, progress, error));
    *out = v;
    v = NULL;
done:
    fx_matrix_destroy(&samples);
    fx_vocabulary_destroy(v);
    return status;
}

static fx_status complete_mixture(fx_vocabulary *v, fx_error *error) {
    size_t words = v->words.rows, d = v->length, count = words * d;
    double *means;
    FX__TRY(fx__allocate(2 * count + words, sizeof *means, &means, error));
    double *variances = means + count, *priors = variances + count;
    for (size_t i = 0; i < count; i++) {
        means[i] = v->words.data[i];
        variances[i] = v->variances.data[i];
    }
    for (size_t k = 0; k < words; k++) priors[k] = v->priors[k];
    fx_status status =
        fx__gmm_posterior_create(words, d, means, variances, priors, &v->posterior, error);
    free(means);
    return status;
}

fx_status fx__vocabulary_complete(fx_vocabulary *v, fx_error *error) {
    size_t words = v->words.rows, d = v->length;
    FX__TRY(fx_matrix_create(d, words, &v->projection, error));
    FX__TRY(fx__allocate(words, sizeof(float), &v->word_norms, error));
    FX__TRY(fx__allocate(words, sizeof(float), &v->half_norms, error));
    for (size_t w = 0; w < words; w++) {
        double sum = 0;
        for (size_t k = 0; k < d; k++) {
            float value = v->words.data[w * d + k];
            v->projection.data[k * words + w] = value;
            sum += (double)value * value;
        }
        v->word_norms[w] = (float)sum;
        v->half_norms[w] = (float)(sum / 2);
    }
    if (v->params.whiten && !fx__encoder(v->params.encoding)->whitened)
        fx__gemm(false, true, d, words, d, 1, v->whitening.matrix, d, v->words.data, d, 0,
                 v->projection.data, words);
    return v->priors ? complete_mixture(v, error) : FX_OK;
}

void fx_vocabulary_destroy(fx_vocabulary *vocabulary) {
    if (!vocabulary) return;
    fx_matrix_destroy(&vocabulary->words);
    fx_matrix_destroy(&vocabulary->variances);
    fx__gmm_posterior_destroy(&vocabulary->posterior);
    free(vocabulary->priors);
    free(vocabulary->idf);
    fx__whitening_destroy(&vocabulary->whitening);
    fx_matrix_destroy(&vocabulary->projection);
    free(vocabulary->word_norms);
    free(vocabulary->half_norms);
    free(vocabulary);
}

const fx_bovw_params *fx_vocabulary_params(const fx_vocabulary *vocabulary) {
    return &vocabulary->params;
}

int fx_vocabulary_channels(const fx_vocabulary *vocabulary) {
    return vocabulary->channels;
}
