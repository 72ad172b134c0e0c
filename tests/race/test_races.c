// Training by three threads, for clang's thread sanitizer, which reports where two threads use a
// number and nothing orders them: networks divided among threads in each way, with what else adds
// stages to a step. Products are plain loops here, so that it sees what they use; factors packed
// for all threads, as tiles take them, are not among it. With an argument, a race that it must see.
#include <stdio.h>
#include <string.h>

#include "featx/rng.h"
#include "featx/threads.h"
#include "featx/training.h"
#include "src/base/gemm.h"

enum { SAMPLES = 130, INPUTS = 210, CLASSES = 20 }; // batches of 64, 64 and 2

// In place of fx__gemm_serial(), by the linker.
void __wrap_fx__gemm_serial(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k,
                            float alpha, const float *a, size_t lda, const float *b, size_t ldb,
                            float beta, float *c, size_t ldc);
void __wrap_fx__gemm_serial(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k,
                            float alpha, const float *a, size_t lda, const float *b, size_t ldb,
                            float beta, float *c, size_t ldc) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            float sum = 0;
            for (size_t p = 0; p < k; p++)
                sum += a[transpose_a ? p * lda + i : i * lda + p] *
                       b[transpose_b ? j * ldb + p : p * ldb + j];
            c[i * ldc + j] = alpha * sum + (beta != 0 ? beta * c[i * ldc + j] : 0);
        }
}

static fx_status fill(const void *self, uint32_t epoch, const uint32_t *indices, size_t n, float *x,
                      fx_error *error) {
    (void)epoch;
    (void)error;
    const fx_matrix *matrix = self;
    for (size_t i = 0; i < n; i++)
        memcpy(x + i * INPUTS, matrix->data + indices[i] * INPUTS, INPUTS * sizeof *x);
    return FX_OK;
}

static fx_status train(fx_int_list hidden, int variant, fx_samples samples, fx_error *error) {
    fx_mlp_params mlp = fx_mlp_defaults();
    fx_training_params training = fx_training_defaults();
    training.epochs = 1;
    training.batch_size = 64;
    mlp.hidden = hidden;
    mlp.batch_norm = variant == 1 || variant == 4;
    mlp.dropout = mlp.input_dropout = variant >= 2 ? 0.3f : 0;
    mlp.activation = variant == 3 || variant == 4 ? FX_MAXOUT : FX_TANH;
    if (variant == 5) {
        training.gradient_clip = 0.1f;
        training.max_norm = 0.5f;
        training.average = 0.9f;
        samples.fill = fill; // by a thread of its own, while the network trains
        samples.costly = true;
    }
    fx_mlp *made;
    fx_status status = fx_mlp_create(&mlp, INPUTS, CLASSES, 1, &made, error);
    if (status != FX_OK) return status;
    status = fx_train(made, &training, &samples, NULL, 3, NULL, NULL, error);
    fx_mlp_destroy(made);
    return status;
}

int main(int argc, char **argv) {
    (void)argv;
    enum { VARIANTS = 6 };
    const fx_int_list networks[] = {
        {0, {0}},               // scores alone
        {1, {100}},             // divided by its inputs
        {2, {100, 30}},         //
        {3, {100, 90, 20}},     //
        {2, {200, 130}},        // by its units
        {3, {300, 60, 40}},     //
        {4, {150, 30, 25, 22}}, // small layers
        {2, {1100, 300}},       // the second too large to belong to threads
        {3, {300, 200, 100}},   // δ of more than two layers
        {3, {60, 600, 600}},    //
    };
    fx_matrix x;
    fx_error error;
    int labels[SAMPLES];
    if (fx_matrix_create(SAMPLES, INPUTS, &x, &error) != FX_OK) return 2;
    fx_rng rng = fx_rng_at(1, FX_RNG_USER, 0, 0);
    for (size_t i = 0; i < SAMPLES; i++) {
        labels[i] = (int)fx_rng_below(&rng, CLASSES);
        for (size_t j = 0; j < INPUTS; j++) x.data[i * INPUTS + j] = (float)fx_rng_uniform(&rng);
    }
    if (argc > 1) {
#pragma omp parallel num_threads(3)
        for (size_t j = 0; j < INPUTS; j++) x.data[j] += 1;
        fx_matrix_destroy(&x);
        return 0; // the sanitizer makes 66 of it
    }
    fx_threads_set(3);
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        for (int variant = 0; variant < VARIANTS; variant++) {
            const fx_samples samples = fx_samples_of_matrix(&x, labels);
            if (train(networks[i], variant, samples, &error) == FX_OK) continue;
            fprintf(stderr, "network %zu, variant %d: %s\n", i, variant, error.message);
            return 2;
        }
    fx_matrix_destroy(&x);
    return 0;
}
