// Training as fx_train does it: shuffled batches, loss, optimizer. Inputs are normal numbers.
#include "tools/bench/ours_training.h"

#include "featx/featx.h"
#include "tools/bench/harness.h"

typedef struct training {
    fx_training_params params;
    fx_matrix inputs;
    int *labels;
    fx_mlp *mlp;
} training;

static void check(fx_status status, const fx_error *error) {
    if (status != FX_OK) bench_die("%s", error->message);
}

static training *open_training(size_t samples, size_t inputs, fx_int_list hidden, int activation,
                               int batch) {
    enum { CLASSES = 10 };
    training *t = bench_allocate(1, sizeof *t);
    fx_error error;
    check(fx_matrix_create(samples, inputs, &t->inputs, &error), &error);
    t->labels = bench_allocate(samples, sizeof *t->labels);
    for (size_t i = 0; i < samples; i++) {
        fx_rng rng = fx_rng_at(1, FX_RNG_USER, 0, i);
        for (size_t j = 0; j < inputs; j++)
            t->inputs.data[i * inputs + j] = (float)fx_rng_normal(&rng);
        t->labels[i] = (int)fx_rng_below(&rng, CLASSES);
    }
    fx_mlp_params mlp = fx_mlp_defaults();
    mlp.hidden = hidden;
    mlp.activation = activation;
    mlp.dropout = mlp.input_dropout = 0;
    mlp.batch_norm = false;
    check(fx_mlp_create(&mlp, inputs, CLASSES, 1, &t->mlp, &error), &error);
    t->params = fx_training_defaults();
    t->params.epochs = 1;
    t->params.batch_size = batch;
    t->params.optimizer = FX_SGD;
    t->params.learning_rate = 0.001F;
    t->params.schedule = FX_SCHEDULE_CONSTANT;
    t->params.weight_decay = 0;
    t->params.early_stopping = 0;
    t->params.standardize = false;
    return t;
}

void *bench_open_train_3072(const char *folder, int threads) {
    (void)folder;
    (void)threads;
    fx_int_list hidden = {.count = 2, .values = {1024, 512}};
    return open_training(16384, 3072, hidden, FX_RELU, 256);
}

void *bench_open_train_1000(const char *folder, int threads) {
    (void)folder;
    (void)threads;
    fx_int_list hidden = {.count = 1, .values = {100}};
    return open_training(32768, 1000, hidden, FX_SIGMOID, 64);
}

void *bench_open_train_324(const char *folder, int threads) {
    (void)folder;
    (void)threads;
    fx_int_list hidden = {.count = 1, .values = {512}};
    training *t = open_training(32768, 324, hidden, FX_RELU, 256);
    t->params.optimizer = FX_ADAMW;
    t->params.weight_decay = 0.01F;
    return t;
}

double bench_run_train(void *state, int thread) {
    (void)thread;
    training *t = state;
    fx_samples samples = fx_samples_of_matrix(&t->inputs, t->labels);
    fx_error error;
    check(fx_train(t->mlp, &t->params, &samples, NULL, 1, NULL, NULL, &error), &error);
    return (double)t->inputs.rows;
}
