// A word w of whitened descriptors y = (x - mean) · W stands for x = mean + w · W⁻¹. W is
// symmetric: W = V · diag(λ) · Vᵀ, W⁻¹ = V · diag(1 / λ) · Vᵀ.
#include "features/plain_words.h"

#include <stdlib.h>
#include <string.h>

#include "features/vocabulary.h"
#include "src/base/eigen.h"
#include "src/base/gemm.h"
#include "src/base/memory.h"

// inverse[d, d] of the whitening's matrix.
static fx_status invert(const fx_whitening *whitening, float *inverse, fx_error *error) {
    size_t d = whitening->length;
    double *vectors = NULL, *values = NULL;
    fx_status status;
    FX__TRY_GOTO(fx__allocate(d, d * sizeof *vectors, &vectors, error));
    FX__TRY_GOTO(fx__allocate(d, sizeof *values, &values, error));
    for (size_t i = 0; i < d * d; i++) vectors[i] = (double)whitening->matrix[i];
    FX__TRY_GOTO(fx__eigen_symmetric(d, vectors, values, error));
    if (!(values[0] > 0)) {
        status = fx_error_set(error, FX_ERROR_NUMERIC, "a whitening with an eigenvalue of %g",
                              values[0]);
        goto done;
    }
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++) {
            double sum = 0;
            for (size_t k = 0; k < d; k++)
                sum += vectors[k * d + i] * vectors[k * d + j] / values[k];
            inverse[i * d + j] = (float)sum;
        }
done:
    free(vectors);
    free(values);
    return status;
}

fx_status fx__plain_words_create(const fx_vocabulary *v, fx_plain_words *out, fx_error *error) {
    const fx_bovw_params *p = &v->params;
    size_t d = v->length;
    bool gradients = fx__bovw_is_gradients(p);
    *out = (fx_plain_words){.gradients = gradients,
                            .whole_turn = p->local == FX_BOVW_SIFT,
                            .side = gradients ? p->cells : p->patch,
                            .channels = gradients                  ? p->orientations
                                        : p->local == FX_BOVW_GRAY ? 1
                                                                   : v->channels};
    float *inverse = NULL;
    fx_status status;
    FX__TRY_GOTO(fx_matrix_create(v->words.rows, d, &out->words, error));
    if (!p->whiten) {
        memcpy(out->words.data, v->words.data, v->words.rows * d * sizeof(float));
    } else {
        FX__TRY_GOTO(fx__allocate(d, d * sizeof *inverse, &inverse, error));
        FX__TRY_GOTO(invert(&v->whitening, inverse, error));
        fx__gemm(false, false, v->words.rows, d, d, 1, v->words.data, d, inverse, d, 0,
                 out->words.data, d);
    }
done:
    free(inverse);
    if (status != FX_OK) fx__plain_words_destroy(out);
    return status;
}

void fx__plain_words_destroy(fx_plain_words *plain) {
    fx_matrix_destroy(&plain->words);
    *plain = (fx_plain_words){0};
}
