// The sections "mlp" and "train" of the key tables: defaults, ranges, choices.
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "src/base/params.h"
#include "src/nn/mlp_state.h"
#include "src/nn/network.h"

fx_mlp_params fx_mlp_defaults(void) {
    return (fx_mlp_params){
        .hidden = {1, {512}},
        .activation = FX_RELU,
        .pieces = 2,
        .init = FX_INIT_AUTO,
        .init_scale = 1,
        .bias = true,
        .dropout = 0.2f,
        .input_dropout = 0.1f,
        .batch_norm = true,
        .loss = FX_CROSS_ENTROPY,
    };
}

fx_training_params fx_training_defaults(void) {
    return (fx_training_params){
        .epochs = 0,
        .batch_size = 128,
        .optimizer = FX_ADAMW,
        .learning_rate = 0,
        .momentum = 0.9f,
        .weight_decay = 0.01f,
        .schedule = FX_SCHEDULE_COSINE,
        .label_smoothing = 0.1f,
        .validation = 0.1f,
        .early_stopping = 0,
        .standardize = true,
        .window = 2048,
        .refit = false,
        .ensemble = 1,
    };
}

fx_training_params fx_training_resolve(const fx_training_params *params, size_t samples) {
    fx_training_params p = *params;
    if (p.epochs == 0) {
        double ratio = 20000.0 / (double)(samples > 0 ? samples : 1);
        double epochs = ratio <= 1 ? 20 : 20 * sqrt(ratio);
        p.epochs = epochs < 100 ? (int)(epochs + 0.5) : 100;
    }
    if (p.learning_rate == 0) p.learning_rate = p.optimizer == FX_ADAMW ? 0.003f : 0.01f;
    return p;
}

static const char *const activations[] = {"identity",   "sigmoid", "tanh",   "relu",
                                          "leaky_relu", "elu",     "maxout", NULL};
static const char *const inits[] = {"auto", "he", "xavier", "normal", NULL};
static const char *const losses[] = {"cross_entropy", "hinge", "squared_error", NULL};
static const char *const optimizers[] = {"sgd", "adamw", NULL};
static const char *const schedules[] = {"constant", "step", "cosine", "one_cycle", NULL};
static const char *const reductions[] = {"mean", "sum", NULL};
static const char *const class_weights[] = {"none", "balanced", NULL};

#define M(field) offsetof(fx_mlp_params, field)
#define T(field) offsetof(fx_training_params, field)

static const fx_param mlp_table[] = {
    {"hidden", FX_PARAM_INTS, M(hidden), 1, 65536, NULL, false,
     "widths of the hidden layers; [] is a linear classifier"},
    {"activation", FX_PARAM_CHOICE, M(activation), 0, 0, activations, false,
     "what follows each hidden layer's linear map"},
    {"pieces", FX_PARAM_INT, M(pieces), 2, 16, NULL, false, "linear maps a unit of maxout"},
    {"init", FX_PARAM_CHOICE, M(init), 0, 0, inits, false,
     "initial weights; auto: he for relu, leaky_relu, elu and maxout, else xavier; linear: 0"},
    {"init_scale", FX_PARAM_FLOAT, M(init_scale), 0, 1e6, NULL, false,
     "multiplies the deviation of the initial weights"},
    {"initial", FX_PARAM_PATH, M(initial), 0, 0, NULL, false,
     "initial weights instead: safetensors with mlp.0.weights, mlp.0.biases, …, as in a model"},
    {"bias", FX_PARAM_BOOL, M(bias), 0, 0, NULL, false, "of layers without batch normalization"},
    {"dropout", FX_PARAM_FLOAT, M(dropout), 0, 0.99, NULL, false,
     "probability of zeroing a hidden unit in training"},
    {"input_dropout", FX_PARAM_FLOAT, M(input_dropout), 0, 0.99, NULL, false,
     "probability of zeroing an input in training"},
    {"batch_norm", FX_PARAM_BOOL, M(batch_norm), 0, 0, NULL, false,
     "normalize each hidden unit over the batch, before its activation"},
    {"loss", FX_PARAM_CHOICE, M(loss), 0, 0, losses, false, "what training minimizes"},
};

static const fx_param training_table[] = {
    {"epochs", FX_PARAM_INT, T(epochs), 1, 1e6, NULL, true,
     "passes over the training samples; auto: 20, more below 20,000 samples, at most 100"},
    {"batch_size", FX_PARAM_INT, T(batch_size), 1, 1 << 20, NULL, false, "samples a step"},
    {"optimizer", FX_PARAM_CHOICE, T(optimizer), 0, 0, optimizers, false,
     "how weights follow the gradient"},
    {"learning_rate", FX_PARAM_FLOAT, T(learning_rate), 1e-12, 1e6, NULL, true,
     "at the start; auto: 0.003 for adamw, 0.01 for sgd"},
    {"momentum", FX_PARAM_FLOAT, T(momentum), 0, 0.9999, NULL, false,
     "of sgd: share of the last step that the next one keeps"},
    {"nesterov", FX_PARAM_BOOL, T(nesterov), 0, 0, NULL, false,
     "sgd: the gradient where the momentum will lead"},
    {"weight_decay", FX_PARAM_FLOAT, T(weight_decay), 0, 1e3, NULL, false,
     "pull of the weights towards 0: a step times the rate (adamw), in the gradient (sgd)"},
    {"schedule", FX_PARAM_CHOICE, T(schedule), 0, 0, schedules, false,
     "of the learning rate; step: a tenth at 1/2 and 3/4 of the epochs; cosine: down to 0; "
     "one_cycle: up from a 25th for 3/10 of the steps, then down to 0"},
    {"warmup", FX_PARAM_FLOAT, T(warmup), 0, 1e6, NULL, false,
     "epochs in which the learning rate rises to that of the schedule"},
    {"gradient_clip", FX_PARAM_FLOAT, T(gradient_clip), 0, 1e9, NULL, false,
     "longest that the gradient may be; 0 for any length"},
    {"max_norm", FX_PARAM_FLOAT, T(max_norm), 0, 1e9, NULL, false,
     "longest that the weights into a hidden unit may be; 0 for any length"},
    {"average", FX_PARAM_FLOAT, T(average), 0, 0.999999, NULL, false,
     "decay of the moving average of the weights that is kept in their place; 0 for none"},
    {"mixup", FX_PARAM_FLOAT, T(mixup), 0, 1e3, NULL, false,
     "samples mixed in pairs, in parts drawn from Beta(mixup, mixup); 0 for none"},
    {"class_weights", FX_PARAM_CHOICE, T(class_weights), 0, 0, class_weights, false,
     "of the loss; balanced: each class as if it had as many samples as any other"},
    {"reduction", FX_PARAM_CHOICE, T(reduction), 0, 0, reductions, false,
     "of the losses of a batch, for the gradient"},
    {"label_smoothing", FX_PARAM_FLOAT, T(label_smoothing), 0, 0.99, NULL, false,
     "share of each target spread over all classes, of cross_entropy"},
    {"validation", FX_PARAM_FLOAT, T(validation), 0, 0.9, NULL, false,
     "fraction of the training samples held out; 0 for none"},
    {"early_stopping", FX_PARAM_INT, T(early_stopping), 0, 1e6, NULL, false,
     "epochs without a better validation accuracy before stopping; 0 for never"},
    {"standardize", FX_PARAM_BOOL, T(standardize), 0, 0, NULL, false,
     "bring each input to mean 0 and deviation 1, by the training samples"},
    {"window", FX_PARAM_INT, T(window), 1, 1 << 20, NULL, false,
     "MiB of a descriptor file that are shuffled together; one that has more is read in parts"},
    {"refit", FX_PARAM_BOOL, T(refit), 0, 0, NULL, false,
     "train again on all training samples for the chosen number of epochs"},
    {"ensemble", FX_PARAM_INT, T(ensemble), 1, FX_ENSEMBLE_MAX, NULL, false,
     "networks from seeds seed, seed + 1, … whose probabilities or scores are averaged"},
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

const fx_section fx__mlp_section = {"mlp", mlp_table, COUNT(mlp_table), 0, NULL};
const fx_section fx__training_section = {"train", training_table, COUNT(training_table), 0, NULL};

fx_status fx__mlp_params_check(const fx_mlp_params *params, fx_error *error) {
    return fx__params_check(&fx__mlp_section, params, error);
}

fx_status fx__training_params_check(const fx_training_params *params, fx_error *error) {
    return fx__params_check(&fx__training_section, params, error);
}
