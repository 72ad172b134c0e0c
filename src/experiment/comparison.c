// Runs an experiment: every arm with every seed, and every pair of arms compared.
//
// Pairs are compared on the test images that all arms could read. The exact McNemar test takes the
// first seed alone, because predictions of several seeds on one image are not independent; the
// difference and its bootstrap interval take the mean over the seeds of each image's outcome:
// d(i) = Σ_s right_a(i, s) - right_b(i, s), an integer, so that resampled sums are exact.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "featx/experiment.h"
#include "featx/threads.h"
#include "src/base/file.h"
#include "src/base/gemm.h"
#include "src/base/memory.h"
#include "src/experiment/finished.h"
#include "src/experiment/metrics.h"
#include "src/experiment/scoring.h"
#include "src/experiment/studies.h"

// Progress of one training, whose stages are announced as those of its arm and seed.
typedef struct arm_progress {
    const fx_progress *outer;
    const fx_experiment *experiment;
    size_t arm, seed;
} arm_progress;

static bool report_arm(void *self, const char *stage, size_t done, size_t total, const char *note) {
    const arm_progress *own = self;
    const fx_experiment *experiment = own->experiment;
    char seed[32] = "", text[256];
    if (experiment->seeds.count > 1)
        snprintf(seed, sizeof seed, ", seed %d", experiment->seeds.values[own->seed]);
    snprintf(text, sizeof text, "arm %zu/%zu %s%s: %s", own->arm + 1, experiment->arm_count,
             experiment->arms[own->arm].name, seed, stage);
    return fx_progress_report(own->outer, text, done, total, note);
}

// --- checkpoints ---

static const char finished_ending[] = ".finished", checkpoint_ending[] = ".checkpoint";

enum { NAME_DIGITS = 32 };

// The path in the folder of a training, without an ending.
static fx_status training_path(const fx_experiment *experiment, const fx_dataset *dataset,
                               const fx_model_options *options, const fx_model_params *params,
                               char **out, fx_error *error) {
    fx_text extra = {0}, path = {0};
    char identity[65];
    fx_status status;
    FX__TRY_GOTO(fx__text_printf(&extra, error, "%s, %d, %d, %zu, %zu, %s", experiment->dataset,
                                 experiment->seed, (int)options->on_error,
                                 dataset->validation.images.count, dataset->test.images.count,
                                 options->vocabulary ? options->vocabulary : ""));
    FX__TRY_GOTO(fx__training_identity(params, extra.data, dataset->class_names, dataset->classes,
                                       dataset->train.labels, dataset->train.images.count, identity,
                                       error));
    status = fx__text_printf(&path, error, "%s/%.*s", options->checkpoint, NAME_DIGITS, identity);
    *out = path.data;
done:
    fx__text_destroy(&extra);
    return status;
}

static fx_status with_ending(const char *path, const char *ending, char **out, fx_error *error) {
    fx_text text = {0};
    FX__TRY(fx__text_printf(&text, error, "%s%s", path, ending));
    *out = text.data;
    return FX_OK;
}

static bool is_ours(const char *name) {
    if (strspn(name, "0123456789abcdef") != NAME_DIGITS) return false;
    const char *ending = name + NAME_DIGITS; // one for each network and refit follows the second
    return strcmp(ending, finished_ending) == 0 ||
           strncmp(ending, checkpoint_ending, sizeof checkpoint_ending - 1) == 0;
}

void fx_experiment_remove_checkpoints(const char *folder) {
    DIR *entries = opendir(folder);
    if (!entries) return;
    for (struct dirent *entry; (entry = readdir(entries));)
        if (is_ours(entry->d_name)) unlinkat(dirfd(entries), entry->d_name, 0);
    closedir(entries);
    rmdir(folder);
}

// --- arms ---

fx_status fx__train_or_find(const fx_experiment *experiment, const fx_dataset *dataset,
                            const fx_model_options *options, const fx_model_params *params,
                            fx_model **model, fx_result *result, fx_error *error) {
    const fx_model_data data = {.name = experiment->dataset, .images = dataset};
    if (!options->checkpoint) return fx_model_train(params, &data, options, model, result, error);
    char *path = NULL, *finished = NULL, *checkpoint = NULL;
    fx_model_options own = *options;
    fx_status status;
    FX__TRY_GOTO(training_path(experiment, dataset, options, params, &path, error));
    FX__TRY_GOTO(with_ending(path, finished_ending, &finished, error));
    FX__TRY_GOTO(with_ending(path, checkpoint_ending, &checkpoint, error));
    own.checkpoint = checkpoint;
    FX__TRY_GOTO(fx__finished_load(finished, model, result, error));
    if (*model) goto done;
    FX__TRY_GOTO(fx_model_train(params, &data, &own, model, result, error));
    status = fx__finished_save(finished, *model, result, error);
    if (status == FX_OK) fx_model_remove_checkpoint(checkpoint);
done:
    free(path);
    free(finished);
    free(checkpoint);
    return status;
}

static fx_status run_arm(const fx_experiment *experiment, const fx_dataset *dataset,
                         const fx_model_options *options, size_t arm, size_t seed,
                         fx_comparison *out, fx_error *error) {
    arm_progress own = {options->progress, experiment, arm, seed};
    fx_progress progress = {&own, report_arm};
    fx_model_options arm_options = *options;
    arm_options.progress = options->progress ? &progress : NULL;
    fx_model_params params = experiment->arms[arm].params;
    params.seed = (uint64_t)experiment->seeds.values[seed];
    fx_model *model = NULL;
    fx_status status = fx__train_or_find(experiment, dataset, &arm_options, &params, &model,
                                         &out->results[arm * out->seed_count + seed], error);
    if (status != FX_OK) {
        fx_model_destroy(model);
        return fx__error_prefix(error, status, "arm '%s'", experiment->arms[arm].name);
    }
    if (seed == 0)
        out->models[arm] = model;
    else
        fx_model_destroy(model);
    return FX_OK;
}

// --- pairs ---

// Which test predictions are right, of the images that every training tested.
typedef struct outcomes {
    size_t arms, seeds, images;
    unsigned char *right; // [arms, seeds, images]
} outcomes;

static fx_status gather_outcomes(const fx_comparison *comparison, outcomes *out, fx_error *error) {
    *out = (outcomes){.arms = comparison->arm_count, .seeds = comparison->seed_count};
    size_t trainings = out->arms * out->seeds, end = 0;
    for (size_t t = 0; t < trainings; ++t) {
        const fx_result *result = &comparison->results[t];
        size_t n = result->test_samples;
        if (n && result->test_indices[n - 1] >= end) end = (size_t)result->test_indices[n - 1] + 1;
    }
    uint32_t *place = NULL; // how many trainings tested an image, then its place among the common
    fx_status status;
    FX__TRY_GOTO(fx__allocate(end, sizeof *place, &place, error));
    for (size_t t = 0; t < trainings; ++t)
        for (size_t i = 0; i < comparison->results[t].test_samples; ++i)
            ++place[comparison->results[t].test_indices[i]];
    for (size_t i = 0; i < end; ++i)
        place[i] = place[i] == trainings ? (uint32_t)out->images++ : UINT32_MAX;
    FX__TRY_GOTO(fx__allocate(trainings * out->images, 1, &out->right, error));
    for (size_t t = 0; t < trainings; ++t) {
        const fx_result *result = &comparison->results[t];
        for (size_t i = 0; i < result->test_samples; ++i) {
            uint32_t at = place[result->test_indices[i]];
            if (at != UINT32_MAX)
                out->right[t * out->images + at] =
                    result->test_labels[i] == result->test_predictions[i];
        }
    }
done:
    free(place);
    return status;
}

// Fills a pair but for its interval, and the image-wise differences d[images].
static void compare_pair(const outcomes *all, fx_pair *pair, int32_t *d) {
    uint64_t first_a = 0, first_b = 0;
    for (size_t s = 0; s < all->seeds; ++s) {
        const unsigned char *a = all->right + (pair->a * all->seeds + s) * all->images;
        const unsigned char *b = all->right + (pair->b * all->seeds + s) * all->images;
        for (size_t i = 0; i < all->images; ++i) {
            pair->only_a += a[i] && !b[i];
            pair->only_b += b[i] && !a[i];
            d[i] += a[i] - b[i];
        }
        if (s == 0) {
            first_a = pair->only_a;
            first_b = pair->only_b;
        }
    }
    pair->p = fx__mcnemar_exact(first_a, first_b);
    pair->difference =
        ((double)pair->only_a - (double)pair->only_b) / ((double)all->seeds * (double)all->images);
}

static fx_status compare_pairs(fx_comparison *comparison, fx_error *error) {
    size_t arms = comparison->arm_count;
    comparison->pair_count = arms * (arms - 1) / 2;
    outcomes all = {0};
    int32_t *d = NULL; // [pair_count, images]
    double(*intervals)[2] = NULL, *p = NULL;
    fx_status status;
    FX__TRY_GOTO(
        fx__allocate(comparison->pair_count, sizeof *comparison->pairs, &comparison->pairs, error));
    FX__TRY_GOTO(gather_outcomes(comparison, &all, error));
    FX__TRY_GOTO(fx__allocate(comparison->pair_count, (all.images + 1) * sizeof *d, &d, error));
    FX__TRY_GOTO(fx__allocate(comparison->pair_count, sizeof *intervals, &intervals, error));
    FX__TRY_GOTO(fx__allocate(comparison->pair_count, sizeof *p, &p, error));
    size_t count = 0;
    for (size_t a = 0; a < arms; ++a)
        for (size_t b = a + 1; b < arms; ++b, ++count) {
            comparison->pairs[count] = (fx_pair){.a = a, .b = b};
            compare_pair(&all, &comparison->pairs[count], d + count * all.images);
            p[count] = comparison->pairs[count].p;
        }
    fx__holm(p, count);
    FX__TRY_GOTO(fx__bootstrap_means(
        d, count, all.images, (uint64_t)comparison->experiment->seeds.values[0], intervals, error));
    for (size_t i = 0; i < count; ++i) {
        comparison->pairs[i].p = p[i];
        for (int end = 0; end < 2; ++end)
            comparison->pairs[i].ci95[end] = intervals[i][end] / (double)all.seeds;
    }
done:
    free(p);
    free(intervals);
    free(d);
    free(all.right);
    return status;
}

// --- whole ---

// Networks that two seeds have in common would be counted twice.
static fx_status check_seeds(const fx_experiment *experiment, fx_error *error) {
    const fx_int_list *seeds = &experiment->seeds;
    int most = 1;
    for (size_t arm = 0; arm < experiment->arm_count; ++arm)
        if (experiment->arms[arm].params.train.ensemble > most)
            most = experiment->arms[arm].params.train.ensemble;
    for (int i = 0; i < seeds->count; ++i)
        for (int j = 0; j < i; ++j)
            if (llabs((long long)seeds->values[i] - seeds->values[j]) < most)
                return fx_error_set(error, FX_ERROR_USAGE,
                                    "seeds: %d and %d have networks of an ensemble of %d in "
                                    "common, expected seeds at least %d apart",
                                    seeds->values[j], seeds->values[i], most, most);
    return FX_OK;
}

static fx_status run(const fx_experiment *experiment, const fx_dataset *dataset,
                     const fx_model_options *options, fx_comparison *out, fx_error *error) {
    size_t trainings;
    if (experiment->arm_count == 0 || experiment->seeds.count == 0 ||
        !fx__size_mul(experiment->arm_count, (size_t)experiment->seeds.count, &trainings))
        return fx_error_set(error, FX_ERROR_USAGE, "an experiment needs arms and seeds");
    FX__TRY(check_seeds(experiment, error));
    if (options->checkpoint) {
        if (!options->resume) fx_experiment_remove_checkpoints(options->checkpoint);
        FX__TRY(fx__folder_create(options->checkpoint, error));
    }
    out->arm_count = experiment->arm_count;
    out->seed_count = (size_t)experiment->seeds.count;
    FX__TRY(fx__allocate(trainings, sizeof *out->results, &out->results, error));
    FX__TRY(fx__allocate(out->arm_count, sizeof(fx_model *), &out->models, error));
    FX__TRY(
        fx__allocate((size_t)dataset->classes, sizeof *out->class_names, &out->class_names, error));
    for (; out->classes < dataset->classes; ++out->classes)
        FX__TRY(fx__duplicate(dataset->class_names[out->classes], &out->class_names[out->classes],
                              error));
    for (size_t arm = 0; arm < out->arm_count; ++arm)
        for (size_t seed = 0; seed < out->seed_count; ++seed)
            FX__TRY(run_arm(experiment, dataset, options, arm, seed, out, error));
    FX__TRY(compare_pairs(out, error));
    FX__TRY(fx__study_robustness(options, out, error));
    FX__TRY(fx__study_efficiency(options, out, error));
    out->gemm_rate = fx__gemm_rate(fx_threads_get());
    return FX_OK;
}

fx_status fx_experiment_run(const fx_experiment *experiment, const fx_dataset *dataset,
                            const fx_model_options *options, fx_comparison *out, fx_error *error) {
    static const fx_model_options defaults = {0};
    double start = fx__clock();
    *out = (fx_comparison){.experiment = experiment, .dataset = dataset};
    fx_status status = run(experiment, dataset, options ? options : &defaults, out, error);
    out->seconds = fx__clock() - start;
    if (status != FX_OK) fx_comparison_destroy(out);
    return status;
}

void fx_comparison_destroy(fx_comparison *comparison) {
    if (!comparison) return;
    for (size_t i = 0; comparison->results && i < comparison->arm_count * comparison->seed_count;
         ++i)
        fx_result_destroy(&comparison->results[i]);
    for (size_t i = 0; comparison->models && i < comparison->arm_count; ++i)
        fx_model_destroy(comparison->models[i]);
    for (int c = 0; c < comparison->classes; ++c) free(comparison->class_names[c]);
    free(comparison->results);
    free(comparison->models);
    free(comparison->class_names);
    free(comparison->pairs);
    free(comparison->robustness.accuracy);
    free(comparison->efficiency.images);
    free(comparison->efficiency.accuracy);
    *comparison = (fx_comparison){0};
}
