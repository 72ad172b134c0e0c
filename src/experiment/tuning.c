// Successive halving over random trials.
//
// Trial t draws dimension i by the generator of (seed, FX_RNG_SEARCH, i, t): a value of its list,
// low + u (high - low), or low (high / low)^u, to 4 digits, rounded where the key takes integers.
// Rung r of R trains the trials that are left for E / factor^(R - 1 - r) epochs, each from the
// beginning, its schedule as long: exactly what `classify train` does with these settings. Of n
// trials the ceil(n / factor) with the best validation accuracy (then the lower validation loss,
// then the lower number) go on. E is train.epochs, or what auto means for the training samples. The
// test split is not read.
//
// Sources: Bergstra & Bengio, "Random search for hyper-parameter optimization", JMLR 2012; Jamieson
// & Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS
// 2016.
#include "src/experiment/tuning.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/base/params.h"
#include "src/experiment/descriptor_file.h"
#include "src/experiment/finished.h"
#include "src/experiment/metrics.h"
#include "src/experiment/scoring.h"

enum { STATE_BYTES_MAX = 64 << 20 };

typedef struct tuner {
    fx_tuning *tuning;
    const fx_model_data *data;
    const fx_model_options *options;
    const char *folder;
    char identity[65];
    int trial, rung; // under way
} tuner;

static fx_trial_score *score_of(const fx_tuning *tuning, int trial, int rung) {
    return &tuning->scores[(size_t)trial * (size_t)tuning->space->rungs + (size_t)rung];
}

// --- drawing ---

static fx_status draw(const fx_space *space, size_t d, int trial, char **out, fx_error *error) {
    const fx_dimension *dimension = &space->dimensions[d];
    fx_rng rng = fx_rng_at(space->fixed.seed, FX_RNG_SEARCH, (uint32_t)d, (uint64_t)trial);
    if (dimension->count > 0)
        return fx__duplicate(dimension->values[fx_rng_below(&rng, (uint32_t)dimension->count)], out,
                             error);
    const double u = fx_rng_uniform(&rng), low = dimension->low, high = dimension->high;
    double value = dimension->logarithmic ? low * pow(high / low, u) : low + u * (high - low);
    char text[32];
    if (dimension->whole)
        snprintf(text, sizeof text, "%.0f", fmin(fmax(round(value), ceil(low)), floor(high)));
    else
        snprintf(text, sizeof text, "%.4g", value);
    return fx__duplicate(text, out, error);
}

static fx_status draw_all(fx_tuning *tuning, fx_error *error) {
    const fx_space *space = tuning->space;
    const size_t trials = (size_t)space->trials;
    FX__TRY(fx__allocate(trials, sizeof(char **), &tuning->values, error));
    for (size_t t = 0; t < trials; ++t) {
        FX__TRY(fx__allocate(space->count, sizeof(char *), &tuning->values[t], error));
        for (size_t d = 0; d < space->count; ++d)
            FX__TRY(draw(space, d, (int)t, &tuning->values[t][d], error));
    }
    FX__TRY(fx__allocate(trials * (size_t)space->rungs, sizeof *tuning->scores, &tuning->scores,
                         error));
    for (size_t i = 0; i < trials * (size_t)space->rungs; ++i)
        tuning->scores[i] = (fx_trial_score){NAN, NAN, 0};
    return FX_OK;
}

static fx_status trial_params(const fx_tuning *tuning, int trial, int rung, fx_model_params *out,
                              fx_error *error) {
    size_t count;
    const fx_section *sections = fx_model_sections(&count);
    *out = tuning->space->fixed;
    for (size_t d = 0; d < tuning->space->count; ++d)
        FX__TRY(fx_params_set(sections, count, out, tuning->space->dimensions[d].key,
                              tuning->values[trial][d], error));
    out->train.epochs = tuning->epochs[rung];
    out->train.refit = false;
    return FX_OK;
}

// --- files ---

static fx_status add_field(fx_text *text, const char *value, fx_error *error) {
    bool plain = strcspn(value, ",\"\n") == strlen(value);
    return fx__text_printf(text, error, plain ? ",%s" : ",\"%s\"", value);
}

static int last_rung(const fx_tuning *tuning, int trial) {
    int rung = tuning->space->rungs - 1;
    while (rung > 0 && isnan(score_of(tuning, trial, rung)->accuracy)) --rung;
    return rung;
}

static fx_status csv_row(const fx_tuning *tuning, int trial, fx_text *text, fx_error *error) {
    const int rung = last_rung(tuning, trial);
    const fx_trial_score *score = score_of(tuning, trial, rung);
    const bool done = !isnan(score->accuracy);
    double seconds = 0;
    for (int r = 0; r <= rung; ++r) seconds += score_of(tuning, trial, r)->seconds;
    FX__TRY(fx__text_printf(text, error, "%d,%d", trial + 1, done ? tuning->epochs[rung] : 0));
    FX__TRY(done ? fx__text_printf(text, error, ",%.6g,%.6g,%.3f", score->accuracy, score->loss,
                                   seconds)
                 : fx__text_printf(text, error, ",,,"));
    for (size_t d = 0; d < tuning->space->count; ++d)
        FX__TRY(add_field(text, tuning->values[trial][d], error));
    return fx__text_printf(text, error, "\n");
}

static fx_status write_csv(const tuner *t, fx_error *error) {
    const fx_tuning *tuning = t->tuning;
    fx_text text = {0}, path = {0};
    fx_status status;
    FX__TRY_GOTO(
        fx__text_printf(&text, error, "trial,epochs,validation_accuracy,validation_loss,seconds"));
    for (size_t d = 0; d < tuning->space->count; ++d)
        FX__TRY_GOTO(fx__text_printf(&text, error, ",%s", tuning->space->dimensions[d].key));
    FX__TRY_GOTO(fx__text_printf(&text, error, "\n"));
    for (int trial = 0; trial < tuning->space->trials; ++trial)
        FX__TRY_GOTO(csv_row(tuning, trial, &text, error));
    FX__TRY_GOTO(fx__text_printf(&path, error, "%s/trials.csv", t->folder));
    status = fx__file_write(path.data, text.data, text.length, error);
done:
    fx__text_destroy(&text);
    fx__text_destroy(&path);
    return status;
}

static fx_status write_state(const tuner *t, fx_error *error) {
    const fx_tuning *tuning = t->tuning;
    fx_text text = {0}, path = {0};
    fx_status status;
    FX__TRY_GOTO(
        fx__text_printf(&text, error, "{\"identity\": \"%s\", \"scores\": [", t->identity));
    for (int i = 0; i < tuning->space->trials * tuning->space->rungs; ++i) {
        const fx_trial_score *score = &tuning->scores[i];
        FX__TRY_GOTO(fx__text_printf(&text, error, i ? ",\n[" : "\n["));
        FX__TRY_GOTO(fx__text_json_number(&text, score->accuracy, error));
        FX__TRY_GOTO(fx__text_printf(&text, error, ", "));
        FX__TRY_GOTO(fx__text_json_number(&text, score->loss, error));
        FX__TRY_GOTO(fx__text_printf(&text, error, ", %.6f]", score->seconds));
    }
    FX__TRY_GOTO(fx__text_printf(&text, error, "]}\n"));
    FX__TRY_GOTO(fx__text_printf(&path, error, "%s/search.json", t->folder));
    status = fx__file_write(path.data, text.data, text.length, error);
done:
    fx__text_destroy(&text);
    fx__text_destroy(&path);
    return status;
}

static double number_or_nan(const json_t *value) {
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static fx_status parse_state(const tuner *t, const json_t *root, const char *path,
                             fx_error *error) {
    const char *identity = json_string_value(json_object_get(root, "identity"));
    const json_t *scores = json_object_get(root, "scores");
    const size_t count = (size_t)t->tuning->space->trials * (size_t)t->tuning->space->rungs;
    if (!identity || !json_is_array(scores))
        return fx_error_set(error, FX_ERROR_FORMAT, "%s: not the state of a search", path);
    if (strcmp(identity, t->identity) != 0 || json_array_size(scores) != count)
        return fx_error_set(error, FX_ERROR_DATA,
                            "%s: of a search over another space, data or seed, or by another "
                            "processor or BLAS; without --resume it begins anew",
                            path);
    for (size_t i = 0; i < count; ++i) {
        const json_t *score = json_array_get(scores, i);
        t->tuning->scores[i] = (fx_trial_score){number_or_nan(json_array_get(score, 0)),
                                                number_or_nan(json_array_get(score, 1)),
                                                json_number_value(json_array_get(score, 2))};
    }
    return FX_OK;
}

static fx_status read_state(const tuner *t, fx_error *error) {
    fx_text path = {0};
    char *bytes = NULL;
    size_t count;
    json_t *root = NULL;
    fx_status status;
    FX__TRY_GOTO(fx__text_printf(&path, error, "%s/search.json", t->folder));
    if (!fx__is_file(path.data)) goto done;
    FX__TRY_GOTO(fx__file_read(path.data, STATE_BYTES_MAX, &bytes, &count, error));
    root = json_loadb(bytes, count, JSON_REJECT_DUPLICATES, NULL);
    status = parse_state(t, root, path.data, error);
done:
    json_decref(root);
    free(bytes);
    fx__text_destroy(&path);
    return status;
}

// --- trials ---

static bool report_trial(void *self, const char *stage, size_t done, size_t total,
                         const char *note) {
    const tuner *t = self;
    char text[128];
    snprintf(text, sizeof text, "rung %d/%d, trial %d: %s", t->rung + 1, t->tuning->space->rungs,
             t->trial + 1, stage);
    return fx_progress_report(t->options->progress, text, done, total, note);
}

static fx_status run_trial(tuner *t, int trial, int rung, fx_error *error) {
    fx_trial_score *score = score_of(t->tuning, trial, rung);
    if (!isnan(score->accuracy)) return FX_OK; // of the run before
    t->trial = trial;
    t->rung = rung;
    const fx_progress progress = {t, report_trial};
    fx_model_options options = *t->options;
    options.progress = t->options->progress ? &progress : NULL;
    options.validation_only = true;
    fx_model_params params;
    FX__TRY(trial_params(t->tuning, trial, rung, &params, error));
    fx_model *model;
    fx_result result;
    const double start = fx__clock();
    fx_status status = fx_model_train(&params, t->data, &options, &model, &result, error);
    if (status == FX_ERROR_NUMERIC) { // settings under which training fails are the worst
        *score = (fx_trial_score){0, INFINITY, fx__clock() - start};
    } else if (status != FX_OK) {
        return status;
    } else {
        const fx_epoch *best = &result.history.epochs[result.history.best - 1];
        *score = (fx_trial_score){result.validation_accuracy, best->validation_loss,
                                  fx__clock() - start};
        fx_result_destroy(&result);
        fx_model_destroy(model);
    }
    if (isnan(score->accuracy))
        return fx_error_set(error, FX_ERROR_USAGE,
                            "train.validation: found 0, expected samples to choose by");
    if (!t->folder) return FX_OK;
    FX__TRY(write_state(t, error));
    return write_csv(t, error);
}

typedef struct ranked {
    int trial;
    fx_trial_score score;
} ranked;

static int compare_ranked(const void *left, const void *right) {
    const ranked *a = left, *b = right;
    if (a->score.accuracy != b->score.accuracy)
        return a->score.accuracy > b->score.accuracy ? -1 : 1;
    // A loss that was not finite is null in the file.
    const double la = isnan(a->score.loss) ? INFINITY : a->score.loss;
    const double lb = isnan(b->score.loss) ? INFINITY : b->score.loss;
    if (la != lb) return la < lb ? -1 : 1;
    return a->trial - b->trial;
}

static fx_status climb(tuner *t, fx_error *error) {
    const fx_space *space = t->tuning->space;
    int left = space->trials;
    ranked *ranking;
    FX__TRY(fx__allocate((size_t)left, sizeof *ranking, &ranking, error));
    for (int i = 0; i < left; ++i) ranking[i].trial = i;
    fx_status status = FX_OK;
    for (int rung = 0; rung < space->rungs && status == FX_OK; ++rung) {
        if (rung > 0) left = (left + space->factor - 1) / space->factor;
        for (int i = 0; i < left && status == FX_OK; ++i) {
            status = run_trial(t, ranking[i].trial, rung, error);
            ranking[i].score = *score_of(t->tuning, ranking[i].trial, rung);
        }
        qsort(ranking, (size_t)left, sizeof *ranking, compare_ranked);
    }
    t->tuning->best = ranking[0].trial;
    free(ranking);
    if (status != FX_OK) return status;
    return trial_params(t->tuning, t->tuning->best, space->rungs - 1, &t->tuning->params, error);
}

// --- whole ---

static fx_status count_samples(const fx_model_data *data, size_t *out, fx_error *error) {
    if (data->images) {
        *out = data->images->train.images.count;
        return FX_OK;
    }
    char *json;
    fx_descriptor_file file = {0};
    FX__TRY(fx__descriptor_file_sibling(data->npy, ".json", &json, error));
    fx_status status = fx__descriptor_file_read_json(json, &file, error);
    *out = file.has_splits ? file.splits.train.end - file.splits.train.begin : file.count;
    fx__descriptor_file_destroy(&file);
    free(json);
    return status;
}

static fx_status identify(tuner *t, fx_error *error) {
    const fx_space *space = t->tuning->space;
    fx_text extra = {0};
    fx_status status;
    FX__TRY_GOTO(fx__text_printf(&extra, error, "%s, %d, %d, %d", t->data->name, space->trials,
                                 space->factor, space->rungs));
    for (int trial = 0; trial < space->trials; ++trial)
        for (size_t d = 0; d < space->count; ++d)
            FX__TRY_GOTO(fx__text_printf(&extra, error, "\n%s=%s", space->dimensions[d].key,
                                         t->tuning->values[trial][d]));
    status = fx__training_identity(&space->fixed, extra.data, NULL, 0, NULL, 0, t->identity, error);
done:
    fx__text_destroy(&extra);
    return status;
}

static fx_status run(tuner *t, fx_error *error) {
    fx_tuning *tuning = t->tuning;
    const fx_space *space = tuning->space;
    size_t samples;
    FX__TRY(count_samples(t->data, &samples, error));
    double epochs = fx_training_resolve(&space->fixed.train, samples).epochs;
    for (int rung = space->rungs - 1; rung >= 0; --rung, epochs /= space->factor)
        tuning->epochs[rung] = epochs < 1 ? 1 : (int)(epochs + 0.5);
    FX__TRY(draw_all(tuning, error));
    FX__TRY(identify(t, error));
    if (t->folder) FX__TRY(fx__folder_create(t->folder, error));
    if (t->folder && t->options->resume) FX__TRY(read_state(t, error));
    return climb(t, error);
}

fx_status fx__tune(const fx_space *space, const fx_model_data *data,
                   const fx_model_options *options, const char *folder, fx_tuning *out,
                   fx_error *error) {
    *out = (fx_tuning){.space = space};
    tuner t = {.tuning = out, .data = data, .options = options, .folder = folder};
    fx_status status = run(&t, error);
    if (status != FX_OK) fx__tuning_destroy(out);
    return status;
}

void fx__tuning_destroy(fx_tuning *tuning) {
    for (int t = 0; tuning->values && t < tuning->space->trials; ++t) {
        for (size_t d = 0; tuning->values[t] && d < tuning->space->count; ++d)
            free(tuning->values[t][d]);
        free((void *)tuning->values[t]);
    }
    free((void *)tuning->values);
    free(tuning->scores);
    *tuning = (fx_tuning){0};
}

// --- the answer ---

// All keys of a section that has one which is not the default: a preset sets the others.
static fx_status section_yaml(const fx_section *section, const fx_model_params *params,
                              fx_text *out, fx_error *error) {
    const fx_model_params defaults = fx_model_defaults();
    char value[512], usual[512];
    bool differs = section->name[0] == '\0';
    for (size_t p = 0; p < section->count && !differs; ++p) {
        fx_param_format(&section->params[p], (const char *)params + section->offset, value,
                        sizeof value);
        fx_param_format(&section->params[p], (const char *)&defaults + section->offset, usual,
                        sizeof usual);
        differs = strcmp(value, usual) != 0;
    }
    if (!differs) return FX_OK;
    if (section->name[0]) FX__TRY(fx__text_printf(out, error, "%s:\n", section->name));
    for (size_t p = 0; p < section->count; ++p) {
        fx_param_format(&section->params[p], (const char *)params + section->offset, value,
                        sizeof value);
        FX__TRY(fx__text_printf(out, error, "%s%s: %s\n", section->name[0] ? "  " : "",
                                section->params[p].key, value));
    }
    return FX_OK;
}

fx_status fx__tuning_yaml(const fx_tuning *tuning, const char *dataset, bool rows, fx_text *out,
                          fx_error *error) {
    const fx_trial_score *score = score_of(tuning, tuning->best, tuning->space->rungs - 1);
    FX__TRY(fx__text_printf(out, error,
                            "# Trial %d of %d: validation accuracy %.4f after at most %d epochs.\n"
                            "dataset: ",
                            tuning->best + 1, tuning->space->trials, score->accuracy,
                            tuning->epochs[tuning->space->rungs - 1]));
    FX__TRY(fx__text_json_string(out, dataset, error));
    FX__TRY(fx__text_printf(out, error, "\nseed: %llu\n", (unsigned long long)tuning->params.seed));
    size_t count;
    const fx_section *sections = fx_model_sections(&count);
    for (size_t s = 0; s < count; ++s) {
        const char *name = sections[s].name;
        if (rows && strcmp(name, "mlp") != 0 && strcmp(name, "train") != 0) continue;
        FX__TRY(section_yaml(&sections[s], &tuning->params, out, error));
    }
    return FX_OK;
}
