// Vocabularies of visual words: learning, files.
//
// Learning: random patches of the training images, their local descriptors, whitened, clustered.
//
// Patch s of n comes from image ⌊(s + u) · count / n⌋ with u uniform in [0, 1): a draw that is even
// over the images and ascending, so that every image is read once and none is kept. Its place is
// uniform over the image; patches may coincide.
//
// Auto values: words 800 from 20,000 training images on, else 200; local sift where all images are
// more than 64 pixels wide and high and the patch is auto, else patch; patch 6 pixels, 16 for sift;
// samples 250 a word; stride 1 where the images sampled have up to 64 · 64 pixels on average, else
// patch / 2.
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "features/local_descriptors.h"
#include "features/visual_words_state.h"
#include "features/vocabulary.h"
#include "featx/kmeans.h"
#include "featx/rng.h"
#include "src/base/gemm.h"
#include "src/base/memory.h"
#include "src/base/parallel.h"
#include "src/base/params.h"

enum {
    MANY_IMAGES = 20000,
    WORDS_MANY = 800,
    WORDS_FEW = 200,
    SAMPLES_PER_WORD = 250,
    SMALL_SIDE = 64,
    IMAGES = 16, // of a piece of work
    ROWS = 4096, // whitened at a time
    SIFT_CELLS = 4,
};

// ---- Keys ---------------------------------------------------------------------------------------

static const char *const local_names[] = {"auto", "patch", "sift", NULL};
static const char *const encoding_names[] = {"hard", "triangle", "threshold", NULL};
static const char *const norm_names[] = {"none", "l1", "l2", "sqrt", NULL};

#define AT(field) offsetof(fx_bovw_params, field)
static const fx_param keys[] = {
    {.key = "words",
     .kind = FX_PARAM_INT,
     .offset = AT(words),
     .min = 2,
     .max = 65536,
     .has_auto = true,
     .help = "size of the vocabulary; auto: 800 from 20,000 training images on, else 200"},
    {.key = "local",
     .kind = FX_PARAM_CHOICE,
     .offset = AT(local),
     .choices = local_names,
     .help =
         "local descriptor: contrast-normalized pixels or dense SIFT; auto: sift where all images "
         "are more than 64 pixels wide and high and bovw.patch is auto, else patch"},
    {.key = "patch",
     .kind = FX_PARAM_INT,
     .offset = AT(patch),
     .min = 2,
     .max = 64,
     .has_auto = true,
     .help = "side of a patch, pixels (sift: a multiple of 4); auto: 6, sift 16"},
    {.key = "stride",
     .kind = FX_PARAM_INT,
     .offset = AT(stride),
     .min = 1,
     .max = 64,
     .has_auto = true,
     .help = "pixels between patches; auto: 1 for images up to 64 × 64, else patch / 2"},
    {.key = "encoding",
     .kind = FX_PARAM_CHOICE,
     .offset = AT(encoding),
     .choices = encoding_names,
     .help = "nearest word, distance below the mean, or products beyond a threshold, both signs"},
    {.key = "threshold",
     .kind = FX_PARAM_FLOAT,
     .offset = AT(threshold),
     .min = 0,
     .max = 1000,
     .help = "of encoding threshold"},
    {.key = "grid",
     .kind = FX_PARAM_INT,
     .offset = AT(grid),
     .min = 1,
     .max = 64,
     .help = "codes are summed over grid × grid cells of the image"},
    {.key = "norm",
     .kind = FX_PARAM_CHOICE,
     .offset = AT(norm),
     .choices = norm_names,
     .help = "of the whole descriptor; sqrt: square roots of l1"},
    {.key = "whiten",
     .kind = FX_PARAM_BOOL,
     .offset = AT(whiten),
     .help = "ZCA whitening of local descriptors"},
    {.key = "whiten_epsilon",
     .kind = FX_PARAM_FLOAT,
     .offset = AT(whiten_epsilon),
     .min = 1e-6,
     .max = 1000,
     .help = "added to the eigenvalues of the covariance"},
    {.key = "contrast",
     .kind = FX_PARAM_FLOAT,
     .offset = AT(contrast),
     .min = 0,
     .max = 65025,
     .help = "added to the variance of a patch of pixels, which are 0 … 255"},
    {.key = "spherical",
     .kind = FX_PARAM_BOOL,
     .offset = AT(spherical),
     .help = "k-means with words of length 1, matched by the absolute product"},
    {.key = "samples",
     .kind = FX_PARAM_INT,
     .offset = AT(samples),
     .min = 2,
     .max = 100000000,
     .has_auto = true,
     .help = "patches that the words are learned from; auto: 250 a word"},
    {.key = "rounds",
     .kind = FX_PARAM_INT,
     .offset = AT(rounds),
     .min = 0,
     .max = 10000,
     .help = "of k-means, at the most"},
};
#undef AT

const fx_section fx__bovw_section = {
    .name = "bovw", .params = keys, .count = sizeof keys / sizeof *keys};

fx_bovw_params fx_bovw_defaults(void) {
    return (fx_bovw_params){.local = FX_BOVW_LOCAL_AUTO,
                            .encoding = FX_BOVW_THRESHOLD,
                            .threshold = 0.25f,
                            .grid = 4,
                            .norm = FX_BOVW_NORM_NONE,
                            .whiten = true,
                            .whiten_epsilon = 0.01f,
                            .contrast = 10,
                            .spherical = true,
                            .rounds = 15};
}

fx_status fx__bovw_check(const fx_bovw_params *params, fx_error *error) {
    FX__TRY(fx__params_check(&fx__bovw_section, params, error));
    if (params->local == FX_BOVW_SIFT && params->patch % SIFT_CELLS != 0)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "bovw.patch: found %d, expected a multiple of %d for bovw.local sift",
                            params->patch, SIFT_CELLS);
    return FX_OK;
}

fx_status fx__bovw_check_size(int patch, const fx_image *image, fx_error *error) {
    if (patch <= image->width && patch <= image->height) return FX_OK;
    return fx_error_set(error, FX_ERROR_DATA,
                        "the image is %d × %d pixels, smaller than a patch of %d × %d (bovw.patch)",
                        image->width, image->height, patch, patch);
}

// All but the stride, which needs the images.
static fx_status resolve(fx_bovw_params *params, const fx_image_source *images, fx_error *error) {
    if (params->words == 0) params->words = images->count >= MANY_IMAGES ? WORDS_MANY : WORDS_FEW;
    if (params->local == FX_BOVW_LOCAL_AUTO) {
        fx_image_survey survey;
        FX__TRY(fx_image_source_survey(images, &survey, error));
        bool large = survey.min_width > SMALL_SIDE && survey.min_height > SMALL_SIDE;
        params->local = large && params->patch == 0 ? FX_BOVW_SIFT : FX_BOVW_PATCH;
    }
    if (params->patch == 0) params->patch = params->local == FX_BOVW_SIFT ? 16 : 6;
    if (params->samples == 0) params->samples = SAMPLES_PER_WORD * params->words;
    return FX_OK;
}

// ---- Learning -----------------------------------------------------------------------------------

typedef struct sampler_scratch {
    fx_image image, converted;
    float *local; // scratch, then one descriptor
} sampler_scratch;

typedef struct sampler {
    const fx_image_source *images;
    const fx_bovw_params *params; // stride 1
    int channels;
    uint64_t seed;
    uint32_t *image_of; // [samples] ascending
    fx_matrix samples;
    uint64_t *pixels, *visited; // [pieces] sums over the images read
    sampler_scratch *scratch;   // [threads]
} sampler;

// The first sample whose image is at least `image`.
static size_t first_sample(const sampler *s, size_t image) {
    size_t low = 0, high = s->samples.rows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->image_of[middle] < image)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static fx_status read_image(const sampler *s, size_t index, sampler_scratch *scratch,
                            const fx_image **out, fx_error *error) {
    FX__TRY(s->images->get(s->images->self, index, &scratch->image, error));
    *out = &scratch->image;
    if (scratch->image.channels != s->channels) {
        FX__TRY(fx_image_convert(&scratch->image, s->channels, &scratch->converted, error));
        *out = &scratch->converted;
    }
    fx_status status = fx__bovw_check_size(s->params->patch, *out, error);
    if (status == FX_OK) return FX_OK;
    char name[300];
    s->images->name(s->images->self, index, name, sizeof name);
    return fx__error_prefix(error, status, "%s", name);
}

static fx_status sample_piece(void *context, size_t piece, int thread, fx_error *error) {
    sampler *s = context;
    sampler_scratch *scratch = &s->scratch[thread];
    const fx_image *image = NULL;
    size_t end = first_sample(s, (piece + 1) * IMAGES), length = s->samples.columns;
    float *descriptor = scratch->local + fx__local_scratch(s->params, s->channels);
    for (size_t i = first_sample(s, piece * IMAGES); i < end; i++) {
        if (!image || s->image_of[i] != s->image_of[i - 1]) {
            FX__TRY(read_image(s, s->image_of[i], scratch, &image, error));
            s->pixels[piece] += (uint64_t)image->width * (uint64_t)image->height;
            s->visited[piece]++;
        }
        fx_rng rng = fx_rng_at(s->seed, FX_RNG_PATCHES, 1, i);
        int x = (int)fx_rng_below(&rng, (uint32_t)(image->width - s->params->patch + 1));
        int y = (int)fx_rng_below(&rng, (uint32_t)(image->height - s->params->patch + 1));
        fx_positions position = {.x = x, .y = y, .columns = 1, .rows = 1, .stride = 1};
        fx__local_extract(s->params, image, &position, scratch->local, descriptor);
        memcpy(s->samples.data + i * length, descriptor, length * sizeof *descriptor);
    }
    return FX_OK;
}

// Fills *samples [params->samples, d] and resolves an auto stride.
static fx_status draw_samples(fx_bovw_params *params, const fx_image_source *images, int channels,
                              uint64_t seed, const fx_progress *progress, fx_matrix *samples,
                              fx_error *error) {
    fx_bovw_params single = *params;
    single.stride = 1;
    size_t n = (size_t)params->samples, pieces = (images->count + IMAGES - 1) / IMAGES;
    size_t threads = (size_t)fx__threads(), length = fx__local_length(params, channels);
    size_t local = fx__local_scratch(&single, channels) + length + FX__PATCHES_SLACK;
    sampler s = {.images = images, .params = &single, .channels = channels, .seed = seed};
    fx_status status;
    FX__TRY_GOTO(fx_matrix_create(n, length, &s.samples, error));
    FX__TRY_GOTO(fx__allocate(n, sizeof *s.image_of, &s.image_of, error));
    FX__TRY_GOTO(fx__allocate(pieces, sizeof *s.pixels, &s.pixels, error));
    FX__TRY_GOTO(fx__allocate(pieces, sizeof *s.visited, &s.visited, error));
    FX__TRY_GOTO(fx__allocate(threads, sizeof *s.scratch, &s.scratch, error));
    for (size_t t = 0; t < threads; t++)
        FX__TRY_GOTO(fx__allocate(local, sizeof(float), &s.scratch[t].local, error));
    for (size_t i = 0; i < n; i++) {
        fx_rng rng = fx_rng_at(seed, FX_RNG_PATCHES, 0, i);
        double place = ((double)i + fx_rng_uniform(&rng)) * (double)images->count / (double)n;
        s.image_of[i] = (uint32_t)((size_t)place < images->count ? place : images->count - 1);
    }
    FX__TRY_GOTO(fx__parallel_for_progress(pieces, sample_piece, &s, progress, "patches",
                                           images->count, error));
    if (params->stride == 0) {
        uint64_t pixels = 0, visited = 0;
        for (size_t piece = 0; piece < pieces; piece++) {
            pixels += s.pixels[piece];
            visited += s.visited[piece];
        }
        params->stride = pixels <= visited * SMALL_SIDE * SMALL_SIDE ? 1 : params->patch / 2;
    }
    *samples = s.samples;
    s.samples = (fx_matrix){0};
done:
    for (size_t t = 0; s.scratch && t < threads; t++) {
        fx_image_destroy(&s.scratch[t].image);
        fx_image_destroy(&s.scratch[t].converted);
        free(s.scratch[t].local);
    }
    free(s.scratch);
    free(s.image_of);
    free(s.pixels);
    free(s.visited);
    fx_matrix_destroy(&s.samples);
    return status;
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
    FX__TRY_GOTO(draw_samples(&v->params, images, channels, seed, progress, &samples, error));
    if (v->params.whiten) {
        FX__TRY_GOTO(fx__whitening_learn(&samples, v->params.whiten_epsilon, &v->whitening, error));
        FX__TRY_GOTO(whiten_in_place(&v->whitening, &samples, error));
    }
    fx_kmeans_params kmeans = {.clusters = v->params.words,
                               .rounds = v->params.rounds,
                               .spherical = v->params.spherical,
                               .seed = seed};
    status = fx_kmeans(&samples, &kmeans, progress, &v->words, NULL, NULL, error);
    if (status == FX_ERROR_DATA) fx__error_prefix(error, status, "bovw.words");
    if (status != FX_OK) goto done;
    FX__TRY_GOTO(fx__vocabulary_complete(v, error));
    *out = v;
    v = NULL;
done:
    fx_matrix_destroy(&samples);
    fx_vocabulary_destroy(v);
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
    if (v->params.whiten && v->params.encoding != FX_BOVW_TRIANGLE)
        fx__gemm(false, true, d, words, d, 1, v->whitening.matrix, d, v->words.data, d, 0,
                 v->projection.data, words);
    return FX_OK;
}

void fx_vocabulary_destroy(fx_vocabulary *vocabulary) {
    if (!vocabulary) return;
    fx_matrix_destroy(&vocabulary->words);
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

// ---- Files --------------------------------------------------------------------------------------

static fx_status params_to_text(const fx_bovw_params *params, fx_tensors *tensors,
                                fx_error *error) {
    fx_text json = {0};
    fx_status status;
    FX__TRY_GOTO(fx__text_printf(&json, error, "{\"%s\": ", fx__bovw_section.name));
    FX__TRY_GOTO(fx__params_json(&fx__bovw_section, params, &json, error));
    FX__TRY_GOTO(fx__text_printf(&json, error, "}"));
    FX__TRY_GOTO(fx__tensors_add_text(tensors, "bovw", json.data, error));
done:
    fx__text_destroy(&json);
    return status;
}

fx_status fx__vocabulary_to_tensors(const fx_vocabulary *vocabulary, fx_tensors *tensors,
                                    fx_error *error) {
    size_t d = vocabulary->length, words[] = {vocabulary->words.rows, d}, matrix[] = {d, d};
    FX__TRY(params_to_text(&vocabulary->params, tensors, error));
    FX__TRY(fx__tensors_add_text(tensors, "bovw.channels", vocabulary->channels == 1 ? "1" : "3",
                                 error));
    FX__TRY(fx__tensors_add(tensors, "bovw.words", 2, words, vocabulary->words.data, error));
    if (!vocabulary->params.whiten) return FX_OK;
    FX__TRY(fx__tensors_add(tensors, "bovw.mean", 1, &d, vocabulary->whitening.mean, error));
    return fx__tensors_add(tensors, "bovw.whitening", 2, matrix, vocabulary->whitening.matrix,
                           error);
}

static fx_status params_from_text(const char *text, fx_bovw_params *params, fx_error *error) {
    *params = fx_bovw_defaults();
    fx_yaml *root;
    FX__TRY(fx__yaml_parse(text, strlen(text), "metadata 'bovw'", &root, error));
    fx_status status =
        fx__params_apply(&fx__bovw_section, 1, params, root, "metadata 'bovw'", NULL, error);
    fx__yaml_destroy(root);
    FX__TRY(status);
    FX__TRY(fx__bovw_check(params, error));
    if (params->words == 0 || params->local == FX_BOVW_LOCAL_AUTO || params->patch == 0 ||
        params->stride == 0)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "metadata 'bovw': found auto, expected the values that it took");
    return FX_OK;
}

// A copy of a tensor, all finite.
static fx_status copy_tensor(const fx_tensors *tensors, const char *name, int dimensions,
                             const size_t *shape, float **out, fx_error *error) {
    const float *data;
    FX__TRY(fx__tensors_get(tensors, name, dimensions, shape, &data, error));
    size_t count = shape[0] * (dimensions > 1 ? shape[1] : 1); // as many as the file holds
    for (size_t i = 0; i < count; i++)
        if (!isfinite(data[i]))
            return fx_error_set(error, FX_ERROR_FORMAT, "tensor '%s': element %zu is not finite",
                                name, i);
    FX__TRY(fx__allocate(count, sizeof *data, out, error));
    memcpy(*out, data, count * sizeof *data);
    return FX_OK;
}

fx_status fx__vocabulary_from_tensors(const fx_tensors *tensors, fx_vocabulary **out,
                                      fx_error *error) {
    *out = NULL;
    const char *text = fx__tensors_text(tensors, "bovw");
    const char *channels = fx__tensors_text(tensors, "bovw.channels");
    if (!text || !channels || (strcmp(channels, "1") != 0 && strcmp(channels, "3") != 0))
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "not a vocabulary: expected metadata 'bovw' and 'bovw.channels'");
    fx_status status;
    fx_vocabulary *v = NULL;
    FX__TRY_GOTO(fx__allocate(1, sizeof *v, &v, error));
    status = params_from_text(text, &v->params, error);
    if (status == FX_ERROR_USAGE) status = fx__error_prefix(error, FX_ERROR_FORMAT, "vocabulary");
    if (status != FX_OK) goto done;
    v->channels = channels[0] - '0';
    v->length = fx__local_length(&v->params, v->channels);
    size_t d = v->length, words[] = {(size_t)v->params.words, d}, matrix[] = {d, d};
    FX__TRY_GOTO(copy_tensor(tensors, "bovw.words", 2, words, &v->words.data, error));
    v->words.rows = words[0];
    v->words.columns = d;
    if (v->params.whiten) {
        v->whitening.length = d;
        FX__TRY_GOTO(copy_tensor(tensors, "bovw.mean", 1, &d, &v->whitening.mean, error));
        FX__TRY_GOTO(
            copy_tensor(tensors, "bovw.whitening", 2, matrix, &v->whitening.matrix, error));
    }
    FX__TRY_GOTO(fx__vocabulary_complete(v, error));
    *out = v;
    v = NULL;
done:
    fx_vocabulary_destroy(v);
    return status;
}

fx_status fx_vocabulary_save(const fx_vocabulary *vocabulary, const char *path, fx_error *error) {
    fx_tensors *tensors;
    FX__TRY(fx__tensors_create(&tensors, error));
    fx_status status = fx__vocabulary_to_tensors(vocabulary, tensors, error);
    if (status == FX_OK) status = fx__tensors_save(tensors, path, error);
    fx__tensors_destroy(tensors);
    return status;
}

fx_status fx_vocabulary_load(const char *path, fx_vocabulary **out, fx_error *error) {
    *out = NULL;
    fx_tensors *tensors;
    FX__TRY(fx__tensors_load(path, &tensors, error));
    fx_status status = fx__vocabulary_from_tensors(tensors, out, error);
    fx__tensors_destroy(tensors);
    return status == FX_OK ? FX_OK : fx__error_prefix(error, status, "%s", path);
}
