// Vocabularies in and out of safetensors: see visual_words_state.h for what they hold.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/local_descriptors.h"
#include "features/visual_words_state.h"
#include "features/vocabulary.h"
#include "src/base/memory.h"
#include "src/base/params.h"

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
    if (vocabulary->priors) {
        FX__TRY(fx__tensors_add(tensors, "bovw.variances", 2, words, vocabulary->variances.data,
                                error));
        FX__TRY(fx__tensors_add(tensors, "bovw.priors", 1, words, vocabulary->priors, error));
    }
    if (vocabulary->idf)
        FX__TRY(fx__tensors_add(tensors, "bovw.idf", 1, words, vocabulary->idf, error));
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
    if (params->local != FX_BOVW_LOCAL_AUTO && params->patch != 0) fx__bovw_resolve_local(params);
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

static fx_status check_mixture(const float *variances, size_t count, const float *priors,
                               size_t components, fx_error *error) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        if (!(variances[i] > 0))
            return fx_error_set(error, FX_ERROR_FORMAT,
                                "tensor 'bovw.variances': found %g, expected more than 0",
                                (double)variances[i]);
    for (size_t k = 0; k < components; k++) {
        if (!(priors[k] >= 0))
            return fx_error_set(error, FX_ERROR_FORMAT,
                                "tensor 'bovw.priors': found %g, expected at least 0",
                                (double)priors[k]);
        sum += priors[k];
    }
    if (!(fabs(sum - 1) <= 1e-3)) // of 65,536 rounded numbers
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "tensor 'bovw.priors': found a sum of %g, expected 1", sum);
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
    if (v->params.encoding == FX_BOVW_FISHER) {
        FX__TRY_GOTO(copy_tensor(tensors, "bovw.variances", 2, words, &v->variances.data, error));
        FX__TRY_GOTO(copy_tensor(tensors, "bovw.priors", 1, words, &v->priors, error));
        FX__TRY_GOTO(check_mixture(v->variances.data, words[0] * d, v->priors, words[0], error));
        v->variances.rows = words[0];
        v->variances.columns = d;
    }
    if (v->params.encoding == FX_BOVW_TFIDF)
        FX__TRY_GOTO(copy_tensor(tensors, "bovw.idf", 1, words, &v->idf, error));
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
