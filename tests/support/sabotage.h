// Claims of the lecture, run with parts of the library replaced below them: the linker hands calls
// of these functions to the ones here (--wrap), which pass them on unless a sabotage is on.
#ifndef FEATX_TESTS_SABOTAGE_H
#define FEATX_TESTS_SABOTAGE_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lecture/sheet.h"

typedef enum sabotage {
    NO_SABOTAGE,
    NO_ACTIVATION,    // every hidden layer is linear
    ADDED_ACTIVATION, // hidden layers that should be linear are not
    SHUFFLED_LABELS,  // training sees labels of other samples
    ONLY_SIGMOIDS,    // every activation is a sigmoid
    OTHER_HISTOGRAM,  // some of the pixels, where they are
    TURNED_GRADIENTS, // the orientations of HoG in another order
    UNLEARNED_WORDS,  // centers of clusters are noise
} sabotage;

static sabotage sabotaged;

// Gives the samples the labels of other ones, where that is the sabotage. Free what it returns.
static inline int *shuffled_labels(fx_samples *samples) {
    if (sabotaged != SHUFFLED_LABELS || !samples->labels) return NULL;
    int *labels = malloc(samples->count * sizeof *labels);
    cr_assert_not_null(labels);
    memcpy(labels, samples->labels, samples->count * sizeof *labels);
    fx_rng rng = fx_rng_at(99, FX_RNG_USER, 0, 0);
    for (size_t i = samples->count; i > 1; i--) {
        size_t k = fx_rng_below(&rng, (uint32_t)i);
        int label = labels[k];
        labels[k] = labels[i - 1];
        labels[i - 1] = label;
    }
    samples->labels = labels;
    return labels;
}

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names
fx_status __real_fx_mlp_create(const fx_mlp_params *params, size_t inputs, size_t outputs,
                               uint64_t seed, fx_mlp **out, fx_error *error);
fx_status __wrap_fx_mlp_create(const fx_mlp_params *params, size_t inputs, size_t outputs,
                               uint64_t seed, fx_mlp **out, fx_error *error);
fx_status __wrap_fx_mlp_create(const fx_mlp_params *params, size_t inputs, size_t outputs,
                               uint64_t seed, fx_mlp **out, fx_error *error) {
    fx_mlp_params other = *params;
    if (sabotaged == NO_ACTIVATION) other.activation = FX_IDENTITY;
    if (sabotaged == ONLY_SIGMOIDS) other.activation = FX_SIGMOID;
    if (sabotaged == ADDED_ACTIVATION && other.activation == FX_IDENTITY)
        other.activation = FX_RELU;
    return __real_fx_mlp_create(&other, inputs, outputs, seed, out, error);
}

fx_status __real_fx_train(fx_mlp *mlp, const fx_training_params *params, const fx_samples *training,
                          const fx_samples *validation, uint64_t seed, const fx_progress *progress,
                          fx_history *history, fx_error *error);
fx_status __wrap_fx_train(fx_mlp *mlp, const fx_training_params *params, const fx_samples *training,
                          const fx_samples *validation, uint64_t seed, const fx_progress *progress,
                          fx_history *history, fx_error *error);
fx_status __wrap_fx_train(fx_mlp *mlp, const fx_training_params *params, const fx_samples *training,
                          const fx_samples *validation, uint64_t seed, const fx_progress *progress,
                          fx_history *history, fx_error *error) {
    fx_samples other = *training;
    int *labels = shuffled_labels(&other);
    fx_status status =
        __real_fx_train(mlp, params, &other, validation, seed, progress, history, error);
    free(labels);
    return status;
}

fx_status __real_fx_train_resumable(fx_mlp *mlp, const fx_training_params *params,
                                    const fx_samples *training, const fx_samples *validation,
                                    uint64_t seed, const fx_checkpoint *checkpoint,
                                    const fx_progress *progress, fx_history *history,
                                    fx_error *error);
fx_status __wrap_fx_train_resumable(fx_mlp *mlp, const fx_training_params *params,
                                    const fx_samples *training, const fx_samples *validation,
                                    uint64_t seed, const fx_checkpoint *checkpoint,
                                    const fx_progress *progress, fx_history *history,
                                    fx_error *error);
fx_status __wrap_fx_train_resumable(fx_mlp *mlp, const fx_training_params *params,
                                    const fx_samples *training, const fx_samples *validation,
                                    uint64_t seed, const fx_checkpoint *checkpoint,
                                    const fx_progress *progress, fx_history *history,
                                    fx_error *error) {
    fx_samples other = *training;
    int *labels = shuffled_labels(&other);
    fx_status status = __real_fx_train_resumable(mlp, params, &other, validation, seed, checkpoint,
                                                 progress, history, error);
    free(labels);
    return status;
}

fx_status __real_fx_color_extract(const fx_color_params *params, const fx_image *image, float *out,
                                  void *scratch, fx_error *error);
fx_status __wrap_fx_color_extract(const fx_color_params *params, const fx_image *image, float *out,
                                  void *scratch, fx_error *error);
fx_status __wrap_fx_color_extract(const fx_color_params *params, const fx_image *image, float *out,
                                  void *scratch, fx_error *error) {
    fx_status status = __real_fx_color_extract(params, image, out, scratch, error);
    if (status != FX_OK || sabotaged != OTHER_HISTOGRAM) return status;
    size_t length = fx_color_length(params), channels = (size_t)image->channels;
    size_t pixels = (size_t)image->width * (size_t)image->height;
    float sum = 1e-6F;
    for (size_t i = 0; i < length; i++) {
        size_t pixel = i * pixels / length;
        sum += out[i] = image->pixels[pixel * channels];
    }
    for (size_t i = 0; i < length; i++) out[i] /= sum;
    return FX_OK;
}

fx_status __real_fx_hog_extract(const fx_hog_params *params, const fx_image *image, float *out,
                                void *scratch, fx_error *error);
fx_status __wrap_fx_hog_extract(const fx_hog_params *params, const fx_image *image, float *out,
                                void *scratch, fx_error *error);
fx_status __wrap_fx_hog_extract(const fx_hog_params *params, const fx_image *image, float *out,
                                void *scratch, fx_error *error) {
    fx_status status = __real_fx_hog_extract(params, image, out, scratch, error);
    if (status != FX_OK || sabotaged != TURNED_GRADIENTS) return status;
    size_t bins = (size_t)params->orientations;
    for (size_t i = 0; i < fx_hog_length(params, image->width, image->height); i += bins) {
        float last = out[i + bins - 1];
        memmove(out + i + 1, out + i, (bins - 1) * sizeof *out);
        out[i] = last;
    }
    return status;
}

fx_status __real_fx_kmeans(const fx_matrix *samples, const fx_kmeans_params *params,
                           const fx_progress *progress, fx_matrix *centers, uint32_t *assignments,
                           double *inertia, fx_error *error);
fx_status __wrap_fx_kmeans(const fx_matrix *samples, const fx_kmeans_params *params,
                           const fx_progress *progress, fx_matrix *centers, uint32_t *assignments,
                           double *inertia, fx_error *error);
fx_status __wrap_fx_kmeans(const fx_matrix *samples, const fx_kmeans_params *params,
                           const fx_progress *progress, fx_matrix *centers, uint32_t *assignments,
                           double *inertia, fx_error *error) {
    fx_status status =
        __real_fx_kmeans(samples, params, progress, centers, assignments, inertia, error);
    fx_rng rng = fx_rng_at(98, FX_RNG_USER, 0, 0);
    for (size_t i = 0; sabotaged == UNLEARNED_WORDS && i < centers->rows * centers->columns; i++)
        centers->data[i] = (float)fx_rng_normal(&rng);
    return status;
}
// NOLINTEND(bugprone-reserved-identifier)

static inline const claim *find_claim(const char *id) {
    for (size_t i = 0; i < lecture_claim_count; i++)
        if (strcmp(lecture_claims[i]->id, id) == 0) return lecture_claims[i];
    cr_assert_fail("no claim %s", id);
    return NULL;
}

// Runs the claims (ids, NULL-terminated) under the sabotage; each must hold, or must not.
static inline void claims_must(bool hold, sabotage how, const fx_dataset *shapes,
                               const char *const *ids) {
    sabotaged = how;
    for (; *ids; ids++) {
        const lecture lecture = {.seed = 1, .shapes = shapes};
        sheet sheet;
        fx_error error = {0};
        int plots = 0;
        fx_status status = sheet_run(find_claim(*ids), &lecture, NULL, &plots, &sheet, &error);
        // A sabotaged training may also diverge.
        cr_assert(status == FX_OK || (!hold && status == FX_ERROR_NUMERIC), "%s: %s", *ids,
                  error.message);
        cr_expect_eq(status == FX_OK && sheet_holds(&sheet), hold, "%s %s", *ids,
                     hold ? "did not hold" : "held");
        for (size_t i = 0; hold && i < sheet.row_count; i++)
            cr_expect(sheet.rows[i].met, "%s: %s is %g", *ids, sheet.rows[i].what,
                      sheet.rows[i].found.value);
        sheet_destroy(&sheet);
    }
}
#define claims_hold(how, shapes, ...)                                                              \
    claims_must(true, how, shapes, (const char *const[]){__VA_ARGS__, NULL})
#define claims_fail(how, shapes, ...)                                                              \
    claims_must(false, how, shapes, (const char *const[]){__VA_ARGS__, NULL})
#endif
