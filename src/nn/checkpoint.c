// Checkpoints: safetensors with every array of the training under its name, and metadata
//
//   format    "featx-checkpoint"
//   identity  of what is trained on what, in the caller's words
//   state     {"steps", "epoch", "batch", "sums": [epoch record]}
//   history   {"best", "early_stopped", "epochs": [[epoch record], …], "layers",
//              "diagnostics": [numbers of fx_layer_diagnostics, layer by layer, epoch by epoch]}
//
// An epoch record is [learning rate, training loss, training accuracy, validation loss, validation
// accuracy, seconds]; NaN is null; numbers have the 17 digits that bring back the same double.
#include "src/nn/checkpoint.h"

#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/base/tensors.h"
#include "src/base/text.h"

enum { NUMBERS = 6, DIAGNOSTICS = 5 }; // of an epoch record, of a layer

_Static_assert(sizeof(fx_epoch) == 8 * (NUMBERS + 1), "a field of fx_epoch is not written here");
_Static_assert(sizeof(fx_layer_diagnostics) == 8 * DIAGNOSTICS, "a list of numbers");

static const char format_name[] = "featx-checkpoint";

static void numbers_of(fx_epoch *epoch, double *out[NUMBERS]) {
    double *numbers[NUMBERS] = {&epoch->learning_rate,       &epoch->train_loss,
                                &epoch->train_accuracy,      &epoch->validation_loss,
                                &epoch->validation_accuracy, &epoch->seconds};
    memcpy(out, numbers, sizeof numbers);
}

// Writing
// ------------------------------------------------------------------------------------------------

// Of the epochs that are done, and of the one under way.
static size_t diagnostic_count(const fx_history *history) {
    return ((size_t)history->count + 1) * (size_t)history->layers * DIAGNOSTICS;
}

static fx_status add_number(fx_text *text, double value, fx_error *error) {
    return isfinite(value) ? fx__text_printf(text, error, "%.17g", value)
                           : fx__text_printf(text, error, "null");
}

static fx_status add_record(fx_text *text, fx_epoch epoch, fx_error *error) {
    double *numbers[NUMBERS];
    numbers_of(&epoch, numbers);
    for (int i = 0; i < NUMBERS; i++) {
        FX__TRY(fx__text_printf(text, error, i ? ", " : "["));
        FX__TRY(add_number(text, *numbers[i], error));
    }
    return fx__text_printf(text, error, "]");
}

fx_status fx__history_json(const fx_history *history, fx_text *text, fx_error *error) {
    FX__TRY(fx__text_printf(text, error, "{\"best\": %d, \"early_stopped\": %s, \"epochs\": [",
                            history->best, history->early_stopped ? "true" : "false"));
    for (int i = 0; i < history->count; i++) {
        if (i) FX__TRY(fx__text_printf(text, error, ", "));
        FX__TRY(add_record(text, history->epochs[i], error));
    }
    FX__TRY(fx__text_printf(text, error, "], \"layers\": %d, \"diagnostics\": [", history->layers));
    const double *numbers = (const double *)history->diagnostics;
    for (size_t i = 0; i < diagnostic_count(history); i++) {
        if (i) FX__TRY(fx__text_printf(text, error, ", "));
        FX__TRY(add_number(text, numbers[i], error));
    }
    return fx__text_printf(text, error, "]}");
}

static fx_status add_texts(fx_tensors *tensors, const char *identity,
                           const fx__checkpoint_state *state, fx_error *error) {
    FX__TRY(fx__tensors_add_text(tensors, "format", format_name, error));
    FX__TRY(fx__tensors_add_text(tensors, "identity", identity, error));
    fx_text text = {0}, history = {0};
    fx_status status;
    FX__TRY_GOTO(fx__text_printf(&text, error,
                                 "{\"steps\": %" PRIu64 ", \"epoch\": %d, \"batch\": %zu, "
                                 "\"sums\": ",
                                 state->steps, state->epoch, state->batch));
    FX__TRY_GOTO(add_record(&text, state->sums, error));
    FX__TRY_GOTO(fx__text_printf(&text, error, "}"));
    FX__TRY_GOTO(fx__tensors_add_text(tensors, "state", text.data, error));
    FX__TRY_GOTO(fx__history_json(state->history, &history, error));
    status = fx__tensors_add_text(tensors, "history", history.data, error);
done:
    fx__text_destroy(&text);
    fx__text_destroy(&history);
    return status;
}

fx_status fx__checkpoint_save(const fx_checkpoint *checkpoint, const fx__checkpoint_state *state,
                              fx_error *error) {
    fx_tensors *tensors;
    FX__TRY(fx__tensors_create(&tensors, error));
    fx_status status;
    FX__TRY_GOTO(add_texts(tensors, checkpoint->identity, state, error));
    for (size_t i = 0; i < state->array_count; i++) {
        const fx__checkpoint_array *array = &state->arrays[i];
        FX__TRY_GOTO(fx__tensors_add(tensors, array->name, 1, &array->count, array->data, error));
    }
    status = fx__tensors_save(tensors, checkpoint->path, error);
done:
    fx__tensors_destroy(tensors);
    return status;
}

// Reading
// ------------------------------------------------------------------------------------------------

static bool read_number(const json_t *value, double *out) {
    *out = json_is_null(value) ? NAN : json_number_value(value);
    return json_is_number(value) || json_is_null(value);
}

static bool read_record(const json_t *list, int number, fx_epoch *out) {
    double *numbers[NUMBERS];
    *out = (fx_epoch){.epoch = number};
    numbers_of(out, numbers);
    if (json_array_size(list) != NUMBERS) return false;
    for (size_t i = 0; i < NUMBERS; i++) {
        if (!read_number(json_array_get(list, i), numbers[i])) return false;
    }
    return true;
}

static bool read_count(const json_t *root, const char *key, json_int_t most, json_int_t *out) {
    const json_t *value = json_object_get(root, key);
    *out = json_integer_value(value);
    return json_is_integer(value) && *out >= 0 && *out <= most;
}

static bool read_history(const json_t *root, int room, fx_history *out) {
    json_int_t best;
    const json_t *epochs = json_object_get(root, "epochs");
    const size_t count = json_array_size(epochs);
    if (!json_is_array(epochs) || count > (size_t)room ||
        !read_count(root, "best", (json_int_t)count, &best))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!read_record(json_array_get(epochs, i), (int)i + 1, &out->epochs[i])) return false;
    out->count = (int)count;
    const json_t *diagnostics = json_object_get(root, "diagnostics");
    double *numbers = (double *)out->diagnostics;
    if (json_array_size(diagnostics) != diagnostic_count(out)) return false;
    for (size_t i = 0; i < diagnostic_count(out); i++)
        if (!read_number(json_array_get(diagnostics, i), &numbers[i])) return false;
    out->best = (int)best;
    out->early_stopped = json_is_true(json_object_get(root, "early_stopped"));
    return true;
}

fx_status fx__history_parse(const char *json, fx_history *out, fx_error *error) {
    *out = (fx_history){0};
    json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    const size_t count = json_array_size(json_object_get(root, "epochs"));
    json_int_t layers = 0;
    if (read_count(root, "layers", FX_LIST_MAX + 1, &layers)) out->layers = (int)layers;
    fx_status status = fx__allocate(count, sizeof *out->epochs, &out->epochs, error);
    if (status == FX_OK)
        status = fx__allocate(count + 1, (size_t)layers * sizeof *out->diagnostics,
                              &out->diagnostics, error);
    if (status == FX_OK && (count > INT_MAX || !read_history(root, (int)count, out)))
        status = fx_error_set(error, FX_ERROR_FORMAT, "metadata 'history' is not a training's");
    json_decref(root);
    if (status != FX_OK) fx_history_destroy(out);
    return status;
}

static bool read_state(const json_t *root, const json_t *history, fx__checkpoint_state *state) {
    json_int_t steps, epoch, batch;
    if (!read_count(root, "steps", INT64_MAX, &steps) ||
        !read_count(root, "epoch", (json_int_t)state->room + 1, &epoch) ||
        !read_count(root, "batch", UINT32_MAX, &batch) || epoch < 1 ||
        !read_record(json_object_get(root, "sums"), (int)epoch, &state->sums) ||
        !read_history(history, state->room, state->history) || state->history->count != epoch - 1)
        return false;
    state->steps = (uint64_t)steps;
    state->epoch = (int)epoch;
    state->batch = (size_t)batch;
    return true;
}

static fx_status read_arrays(const fx_tensors *tensors, fx__checkpoint_state *state,
                             fx_error *error) {
    const float *data;
    // All are checked before any is changed.
    for (size_t i = 0; i < state->array_count; i++) {
        const fx__checkpoint_array *array = &state->arrays[i];
        FX__TRY(fx__tensors_get(tensors, array->name, 1, &array->count, &data, error));
        if (array->constant && memcmp(data, array->data, array->count * sizeof *data) != 0)
            return fx_error_set(error, FX_ERROR_DATA,
                                "'%s' of the training samples has changed since it was written",
                                array->name);
    }
    for (size_t i = 0; i < state->array_count; i++) {
        const fx__checkpoint_array *array = &state->arrays[i];
        FX__TRY(fx__tensors_get(tensors, array->name, 1, &array->count, &data, error));
        memcpy(array->data, data, array->count * sizeof *data);
    }
    return FX_OK;
}

static fx_status read_tensors(const fx_tensors *tensors, const char *identity,
                              fx__checkpoint_state *state, fx_error *error) {
    const char *format = fx__tensors_text(tensors, "format");
    const char *found = fx__tensors_text(tensors, "identity");
    const char *text = fx__tensors_text(tensors, "state");
    const char *history = fx__tensors_text(tensors, "history");
    if (!format || strcmp(format, format_name) != 0 || !found || !text || !history)
        return fx_error_set(error, FX_ERROR_FORMAT, "not a checkpoint: its format is '%s'",
                            format ? format : "unknown");
    if (strcmp(found, identity) != 0)
        return fx_error_set(error, FX_ERROR_DATA,
                            "the checkpoint of another training (%.12s…, expected %.12s…): other "
                            "keys, data, seed, processor or BLAS",
                            found, identity);
    FX__TRY(read_arrays(tensors, state, error));
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    json_t *epochs = json_loads(history, JSON_REJECT_DUPLICATES, NULL);
    bool good = read_state(root, epochs, state);
    json_decref(root);
    json_decref(epochs);
    if (good) return FX_OK;
    return fx_error_set(error, FX_ERROR_FORMAT, "metadata 'state' and 'history' do not fit");
}

fx_status fx__checkpoint_load(const fx_checkpoint *checkpoint, fx__checkpoint_state *state,
                              bool *found, fx_error *error) {
    *found = fx__is_file(checkpoint->path);
    if (!*found) return FX_OK;
    fx_tensors *tensors;
    FX__TRY(fx__tensors_load(checkpoint->path, &tensors, error));
    fx_status status = read_tensors(tensors, checkpoint->identity, state, error);
    fx__tensors_destroy(tensors);
    return status == FX_OK ? FX_OK : fx__error_prefix(error, status, "%s", checkpoint->path);
}
