// How accuracy falls as test images are disturbed.
//
// All arms see the same images, disturbed in the same way: what is drawn is keyed by the
// experiment's seed, the disturbance, its level and the image.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "src/base/memory.h"
#include "src/experiment/model_state.h"
#include "src/experiment/prediction.h"
#include "src/experiment/studies.h"

// Of 32 pixels the shifts are 1, 2 and 4; the last shuffling moves every pixel.
static const double strengths[FX_DISTURBANCES][FX_ROBUSTNESS_LEVELS] = {
    [FX_DISTURB_SHIFT] = {0, 3.125, 6.25, 12.5}, [FX_DISTURB_ROTATION] = {0, 5, 15, 45},
    [FX_DISTURB_NOISE] = {0, 8, 16, 32},         [FX_DISTURB_BLUR] = {0, 2, 4, 8},
    [FX_DISTURB_BRIGHTNESS] = {0, 16, 32, 64},   [FX_DISTURB_SHUFFLING] = {0, 10, 30, 100},
};

double fx_robustness_strength(fx_disturbance disturbance, int level) {
    return strengths[disturbance][level];
}

// Test images as they are disturbed.
typedef struct disturbed {
    fx_image_source base;
    fx_disturbance kind;
    int level;
    uint64_t seed;
} disturbed;

static fx_status disturbed_get(const void *self, size_t index, fx_image *out, fx_error *error) {
    const disturbed *own = self;
    fx_image plain = {0};
    fx_rng rng =
        fx_rng_at(own->seed, FX_RNG_DISTURB,
                  (uint32_t)own->kind * FX_ROBUSTNESS_LEVELS + (uint32_t)own->level, index);
    fx_status status = own->base.get(own->base.self, index, &plain, error);
    if (status == FX_OK)
        status = fx_disturb(own->kind, strengths[own->kind][own->level], &rng, &plain, out, error);
    fx_image_destroy(&plain);
    return status;
}

static fx_status disturbed_probe(const void *self, size_t index, fx_image *out, fx_error *error) {
    const disturbed *own = self;
    return own->base.probe(own->base.self, index, out, error);
}

static void disturbed_name(const void *self, size_t index, char *out, size_t size) {
    const disturbed *own = self;
    own->base.name(own->base.self, index, out, size);
}

// The model's accuracy on the images, those that cannot be read left out.
static fx_status accuracy_on(const fx_model *model, const fx_image_source *images,
                             const int *labels, fx_on_error on_error, double *out,
                             fx_error *error) {
    size_t n = images->count, classes = (size_t)fx_model_classes(model), right = 0, valid_count = 0;
    bool *valid = NULL;
    float *scores = NULL;
    int *predictions = NULL;
    fx_status status;
    FX__TRY_GOTO(fx__allocate(n, sizeof *valid, &valid, error));
    FX__TRY_GOTO(fx__allocate(n, classes * sizeof *scores, &scores, error));
    FX__TRY_GOTO(fx__allocate(n, sizeof *predictions, &predictions, error));
    FX__TRY_GOTO(fx_model_predict(model, images, 0, n, on_error, valid, scores, error));
    fx__predicted_classes(scores, n, (int)classes, predictions);
    for (size_t i = 0; i < n; ++i) {
        bool counts = on_error != FX_ON_ERROR_SKIP || valid[i];
        valid_count += counts;
        right += counts && predictions[i] == labels[i];
    }
    *out = valid_count ? (double)right / (double)valid_count : NAN;
done:
    free(valid);
    free(scores);
    free(predictions);
    return status;
}

static fx_status study_arm(const fx_model_options *options, size_t arm,
                           const fx_image_source *images, const int *labels, fx_comparison *out,
                           fx_error *error) {
    const fx_experiment *experiment = out->experiment;
    char stage[256];
    snprintf(stage, sizeof stage, "robustness %zu/%zu %s", arm + 1, out->arm_count,
             experiment->arms[arm].name);
    double *accuracy =
        out->robustness.accuracy + arm * FX_DISTURBANCES * (size_t)FX_ROBUSTNESS_LEVELS;
    for (int kind = 0; kind < FX_DISTURBANCES; ++kind)
        for (int level = 0; level < FX_ROBUSTNESS_LEVELS; ++level) {
            int cell = kind * FX_ROBUSTNESS_LEVELS + level;
            if (level == 0 && kind > 0) {
                accuracy[cell] = accuracy[0];
                continue;
            }
            disturbed state = {*images, (fx_disturbance)kind, level,
                               (uint64_t)experiment->seeds.values[0]};
            fx_image_source source = {&state, images->count, disturbed_get, disturbed_probe,
                                      disturbed_name};
            FX__TRY(accuracy_on(out->models[arm], &source, labels, options->on_error,
                                &accuracy[cell], error));
            if (!fx_progress_report(options->progress, stage, (size_t)cell + 1,
                                    (size_t)FX_DISTURBANCES * FX_ROBUSTNESS_LEVELS, NULL))
                return fx_error_set(error, FX_ERROR_INTERRUPTED, "stopped on request");
        }
    return FX_OK;
}

fx_status fx__study_robustness(const fx_model_options *options, fx_comparison *out,
                               fx_error *error) {
    const fx_split *test = &out->dataset->test;
    size_t count = test->images.count, wanted = (size_t)out->experiment->robustness;
    if (wanted == 0 || count == 0) return FX_OK;
    double fraction = wanted < count ? (double)wanted / (double)count : 1;
    uint32_t *chosen = NULL, *rest = NULL;
    size_t n = 0, rest_count;
    int *labels = NULL;
    fx_status status;
    FX__TRY_GOTO(fx_stratified_split(test->labels, count, out->classes, fraction,
                                     (uint64_t)out->experiment->seeds.values[0], &chosen, &n, &rest,
                                     &rest_count, error));
    FX__TRY_GOTO(fx__allocate(n, sizeof *labels, &labels, error));
    for (size_t i = 0; i < n; ++i) labels[i] = test->labels[chosen[i]];
    FX__TRY_GOTO(fx__allocate(out->arm_count * FX_DISTURBANCES,
                              FX_ROBUSTNESS_LEVELS * sizeof *out->robustness.accuracy,
                              &out->robustness.accuracy, error));
    out->robustness.images = n;
    fx_image_subset subset;
    fx_image_source images = fx_image_source_subset(&test->images, chosen, n, &subset);
    for (size_t arm = 0; arm < out->arm_count; ++arm)
        FX__TRY_GOTO(study_arm(options, arm, &images, labels, out, error));
done:
    free(labels);
    free(chosen);
    free(rest);
    return status;
}
