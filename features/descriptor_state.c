// A prepared descriptor as JSON, as a hash and as tensors.
//
// JSON: {"features": […], "image": {…}, a section for each feature in use, "input_size": [width,
// height] where every image is first resized to that}. Tensors: "descriptor.raw.mean" [n] and
// "descriptor.raw.whitening" [n, n] where raw is whitened, and those of the vocabulary.
#include "features/descriptor_state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/feature.h"
#include "features/visual_words_state.h"
#include "src/base/memory.h"
#include "src/base/params.h"

static const char MEAN[] = "descriptor.raw.mean", MATRIX[] = "descriptor.raw.whitening";

static fx_status write_section(const fx_descriptor *descriptor, const char *name, fx_text *out,
                               fx_error *error) {
    size_t count;
    const fx_section *sections = fx_descriptor_sections(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(sections[i].name, name) != 0) continue;
        FX__TRY(fx__text_printf(out, error, ", \"%s\": ", name));
        FX__TRY(fx__params_json(&sections[i], &descriptor->params, out, error));
    }
    return FX_OK;
}

fx_status fx__descriptor_json(const fx_descriptor *descriptor, fx_text *out, fx_error *error) {
    FX__TRY(fx__text_printf(out, error, "{\"features\": ["));
    for (int i = 0; i < descriptor->params.features.count; i++)
        FX__TRY(fx__text_printf(out, error, "%s\"%s\"", i ? ", " : "",
                                fx__features[descriptor->params.features.values[i]].name));
    FX__TRY(fx__text_printf(out, error, "]"));
    FX__TRY(write_section(descriptor, "image", out, error));
    for (int i = 0; i < FX_FEATURE_COUNT; i++)
        if (fx__descriptor_uses(&descriptor->params, (fx_feature)i))
            FX__TRY(write_section(descriptor, fx__features[i].name, out, error));
    if (descriptor->input.width > 0)
        FX__TRY(fx__text_printf(out, error, ", \"input_size\": [%d, %d]", descriptor->input.width,
                                descriptor->input.height));
    return fx__text_printf(out, error, "}");
}

fx_status fx__descriptor_to_tensors(const fx_descriptor *descriptor, fx_tensors *tensors,
                                    fx_error *error) {
    fx_text json = {0};
    fx_status status = fx__descriptor_json(descriptor, &json, error);
    if (status == FX_OK) status = fx__tensors_add_text(tensors, "descriptor", json.data, error);
    fx__text_destroy(&json);
    if (status != FX_OK) return status;
    const fx_whitening *w = &descriptor->whitening;
    if (w->length > 0) {
        size_t shape[2] = {w->length, w->length};
        FX__TRY(fx__tensors_add(tensors, MEAN, 1, shape, w->mean, error));
        FX__TRY(fx__tensors_add(tensors, MATRIX, 2, shape, w->matrix, error));
    }
    if (descriptor->vocabulary)
        FX__TRY(fx__vocabulary_to_tensors(descriptor->vocabulary, tensors, error));
    return FX_OK;
}

fx_status fx__descriptor_sha256(const fx_descriptor *descriptor, char out[65], fx_error *error) {
    fx_tensors *tensors;
    FX__TRY(fx__tensors_create(&tensors, error));
    fx_status status = fx__descriptor_to_tensors(descriptor, tensors, error);
    if (status == FX_OK) status = fx__tensors_sha256(tensors, out, error);
    fx__tensors_destroy(tensors);
    return status;
}

// Reading
// -------------------------------------------------------------------------------------------

static bool is_input_size(const char *key) {
    return strcmp(key, "input_size") == 0;
}

static fx_status read_params(const char *json, fx_descriptor *d, fx_error *error) {
    size_t count;
    const fx_section *sections = fx_descriptor_sections(&count);
    fx_yaml *root;
    FX__TRY(fx__yaml_parse(json, strlen(json), "descriptor", &root, error));
    d->params = fx_descriptor_defaults();
    fx_status status;
    FX__TRY_GOTO(
        fx__params_apply(sections, count, &d->params, root, "descriptor", is_input_size, error));
    const fx_yaml *input = fx__yaml_get(root, "input_size");
    if (input) {
        long long side[2] = {0};
        for (size_t i = 0; i < 2; i++)
            if (input->kind != FX_YAML_SEQUENCE || input->count != 2 || !input->items[i].text ||
                !fx__parse_int(input->items[i].text, 1, 1 << 28, &side[i])) {
                status = fx_error_set(error, FX_ERROR_FORMAT,
                                      "descriptor: expected \"input_size\": [width, height]");
                goto done;
            }
        d->input = (fx_size){(int)side[0], (int)side[1]};
    }
    FX__TRY_GOTO(fx__descriptor_check(&d->params, error));
    if (d->params.image.gray == FX_GRAY_AUTO || d->params.image.size.width == 0)
        status = fx_error_set(error, FX_ERROR_FORMAT,
                              "descriptor: found image.size or image.gray auto, expected a value");
    d->channels = d->params.image.gray == FX_GRAY_YES ? 1 : 3;
done:
    fx__yaml_destroy(root);
    return status;
}

static fx_status read_whitening(const fx_tensors *tensors, fx_descriptor *d, fx_error *error) {
    fx_size size = d->params.image.size;
    size_t n = fx_raw_pixels_length(size.width, size.height, d->channels), shape[2] = {n, n};
    const float *mean, *matrix;
    FX__TRY(fx__tensors_get(tensors, MEAN, 1, shape, &mean, error));
    FX__TRY(fx__tensors_get(tensors, MATRIX, 2, shape, &matrix, error));
    for (size_t i = 0; i < n + n * n; i++)
        if (!isfinite(i < n ? mean[i] : matrix[i - n]))
            return fx_error_set(error, FX_ERROR_FORMAT, "%s: found a number that is not finite",
                                i < n ? MEAN : MATRIX);
    d->whitening.length = n;
    FX__TRY(fx__allocate(n, sizeof *mean, &d->whitening.mean, error));
    FX__TRY(fx__allocate(n * n, sizeof *matrix, &d->whitening.matrix, error));
    memcpy(d->whitening.mean, mean, sizeof *mean * n);
    memcpy(d->whitening.matrix, matrix, sizeof *matrix * n * n);
    return FX_OK;
}

static fx_status read_descriptor(const fx_tensors *tensors, fx_descriptor *d, fx_error *error) {
    const char *json = fx__tensors_text(tensors, "descriptor");
    if (!json)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "found no metadata \"descriptor\", expected "
                            "the descriptor's parameters");
    FX__TRY(read_params(json, d, error));
    if (fx__descriptor_uses(&d->params, FX_FEATURE_RAW) &&
        d->params.raw.whiten == FX_RAW_WHITEN_ZCA)
        FX__TRY(read_whitening(tensors, d, error));
    if (fx__descriptor_uses(&d->params, FX_FEATURE_BOVW)) {
        FX__TRY(fx__vocabulary_from_tensors(tensors, &d->vocabulary, error));
        if (fx_vocabulary_channels(d->vocabulary) != d->channels)
            return fx_error_set(error, FX_ERROR_FORMAT,
                                "found visual words of %d channels, expected %d",
                                fx_vocabulary_channels(d->vocabulary), d->channels);
        d->params.bovw = *fx_vocabulary_params(d->vocabulary);
    }
    return FX_OK;
}

// A bad key or value in a file is the file's fault, not the user's.
static fx_status blame_file(fx_status status, fx_error *error) {
    if (status != FX_ERROR_USAGE) return status;
    if (error) error->code = FX_ERROR_FORMAT;
    return FX_ERROR_FORMAT;
}

fx_status fx__descriptor_from_json(const char *json, const char *vocabulary_path,
                                   fx_descriptor **out, fx_error *error) {
    fx_descriptor *d;
    *out = NULL;
    FX__TRY(fx__allocate(1, sizeof *d, &d, error));
    fx_status status = blame_file(read_params(json, d, error), error);
    if (status != FX_OK) goto done;
    bool words = fx__descriptor_uses(&d->params, FX_FEATURE_BOVW);
    if (fx__descriptor_uses(&d->params, FX_FEATURE_RAW) &&
        d->params.raw.whiten != FX_RAW_WHITEN_NONE)
        status = fx_error_set(error, FX_ERROR_DATA,
                              "descriptor: found raw.whiten, whose learned numbers are kept in "
                              "models alone");
    else if (words != (vocabulary_path != NULL))
        status = fx_error_set(error, FX_ERROR_USAGE,
                              words ? "bovw is among the features, expected a vocabulary"
                                    : "a vocabulary was given, but bovw is none of the features");
    else if (words)
        status = fx_vocabulary_load(vocabulary_path, &d->vocabulary, error);
    if (status == FX_OK && words) d->params.bovw = *fx_vocabulary_params(d->vocabulary);
done:
    if (status == FX_OK)
        *out = d;
    else
        fx_descriptor_destroy(d);
    return status;
}

fx_status fx__descriptor_from_tensors(const fx_tensors *tensors, fx_descriptor **out,
                                      fx_error *error) {
    fx_descriptor *d;
    *out = NULL;
    FX__TRY(fx__allocate(1, sizeof *d, &d, error));
    fx_status status = read_descriptor(tensors, d, error);
    if (status == FX_OK) {
        *out = d;
        return FX_OK;
    }
    fx_descriptor_destroy(d);
    return blame_file(status, error);
}
