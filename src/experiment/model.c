// A model's parts and what it answers: image → descriptor → standardization → network → class.
//
// Standardization is the network's own first step, so the rows that a descriptor makes are what the
// network takes.
#include "featx/model.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/experiment/model_state.h"
#include "src/experiment/prediction.h"
#include "src/image/augmentation_section.h"
#include "src/nn/mlp_state.h"

// --- parameters ---

fx_model_params fx_model_defaults(void) {
    return (fx_model_params){.seed = 1,
                             .descriptor = fx_descriptor_defaults(),
                             .augment = fx_augmentation_defaults(),
                             .mlp = fx_mlp_defaults(),
                             .train = fx_training_defaults()};
}

enum { SECTIONS_MAX = 16 };
static fx_section sections[SECTIONS_MAX];
static size_t section_count;
static pthread_once_t sections_once = PTHREAD_ONCE_INIT;

static void add_section(const fx_section *section, size_t offset) {
    sections[section_count] = *section;
    sections[section_count++].offset += offset;
}

// The tables of the parts, with offsets into the whole: not known to the compiler, so set up at the
// first call.
static void collect_sections(void) {
    size_t count;
    const fx_section *descriptor = fx_descriptor_sections(&count);
    for (size_t i = 0; i < count; ++i)
        add_section(&descriptor[i], offsetof(fx_model_params, descriptor));
    add_section(&fx__mlp_section, offsetof(fx_model_params, mlp));
    add_section(&fx__training_section, offsetof(fx_model_params, train));
    add_section(&fx__augmentation_section, offsetof(fx_model_params, augment));
}

const fx_section *fx_model_sections(size_t *count) {
    pthread_once(&sections_once, collect_sections);
    *count = section_count;
    return sections;
}

const fx_section *fx__model_section(const char *name) {
    size_t count;
    const fx_section *all = fx_model_sections(&count);
    for (size_t i = 0; i < count; ++i)
        if (strcmp(all[i].name, name) == 0) return &all[i];
    return NULL;
}

// --- parts ---

fx_status fx__model_create(const fx_model_params *params, const char *const *class_names,
                           int classes, fx_model **out, fx_error *error) {
    *out = NULL;
    fx_model *model;
    FX__TRY(fx__allocate(1, sizeof *model, &model, error));
    model->params = *params;
    fx_status status;
    FX__TRY_GOTO(
        fx__allocate((size_t)classes, sizeof *model->class_names, &model->class_names, error));
    for (; model->classes < classes; ++model->classes)
        FX__TRY_GOTO(
            fx__duplicate(class_names[model->classes], &model->class_names[model->classes], error));
    *out = model;
    return FX_OK;
done:
    fx_model_destroy(model);
    return status;
}

void fx_model_destroy(fx_model *model) {
    if (!model) return;
    for (int c = 0; c < model->classes; ++c) free(model->class_names[c]);
    free(model->class_names);
    free(model->specification);
    fx_descriptor_destroy(model->descriptor);
    for (int i = 0; i < FX_ENSEMBLE_MAX; ++i) fx_mlp_destroy(model->networks[i]);
    free(model);
}

int fx_model_classes(const fx_model *model) {
    return model->classes;
}

const char *fx_model_class_name(const fx_model *model, int index) {
    return model->class_names[index];
}

const fx_descriptor *fx_model_descriptor(const fx_model *model) {
    return model->descriptor;
}

const fx_mlp *fx_model_mlp(const fx_model *model) {
    return model->networks[0];
}

int fx_model_networks(const fx_model *model) {
    return model->params.train.ensemble;
}

const fx_mlp *fx_model_network(const fx_model *model, int index) {
    return model->networks[index];
}

const fx_model_params *fx_model_get_params(const fx_model *model) {
    return &model->params;
}

bool fx_model_has_probabilities(const fx_model *model) {
    return model->params.mlp.loss == FX_CROSS_ENTROPY;
}

// --- prediction ---

fx_status fx_model_predict(const fx_model *model, const fx_image_source *images, size_t begin,
                           size_t n, fx_on_error on_error, bool *valid, float *scores,
                           fx_error *error) {
    if (!model->descriptor)
        return fx_error_set(error, FX_ERROR_DATA,
                            "the model was trained on rows of a descriptor file and cannot see "
                            "images: train on the images themselves");
    fx_rows rows = {.count = images->count,
                    .length = fx_mlp_inputs(fx_model_mlp(model)),
                    .images = images,
                    .descriptor = model->descriptor};
    size_t chunk = fx__rows_chunk(rows.length);
    size_t classes = (size_t)model->classes;
    float *x;
    FX__TRY(fx__allocate(n < chunk ? n : chunk, rows.length * sizeof *x, &x, error));
    fx_status status = FX_OK;
    for (size_t done = 0; done < n && status == FX_OK; done += chunk) {
        size_t count = n - done < chunk ? n - done : chunk;
        status = fx__predict_rows(model, &rows, begin + done, count, on_error,
                                  valid ? valid + done : NULL, x, scores + done * classes, error);
    }
    free(x);
    return status;
}
