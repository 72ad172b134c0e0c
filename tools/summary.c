// Summaries.
#include "tools/summary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/experiment/metrics.h"
#include "tools/output.h"

enum { PAIRS = 3 };

static void print_accuracy(const fx_result *result) {
    if (result->test_samples == 0) {
        printf("accuracy   test unknown, of no images");
        return;
    }
    printf("accuracy   test %.4f (95 %%: %.4f … %.4f)", result->test_accuracy,
           result->test_accuracy_ci95[0], result->test_accuracy_ci95[1]);
}

// The entries off the diagonal that are largest.
static void print_confused(const fx_result *result, const fx_model *model) {
    size_t classes = (size_t)result->classes, best[PAIRS];
    size_t found = 0;
    for (size_t i = 0; result->confusion && i < classes * classes; i++) {
        if (i / classes == i % classes || result->confusion[i] == 0) continue;
        size_t at = found < PAIRS ? found++ : PAIRS;
        for (; at > 0 && result->confusion[best[at - 1]] < result->confusion[i]; at--)
            if (at < PAIRS) best[at] = best[at - 1];
        if (at < PAIRS) best[at] = i;
    }
    for (size_t p = 0; p < found; p++) {
        uint64_t row = 0;
        size_t truth = best[p] / classes, predicted = best[p] % classes;
        for (size_t c = 0; c < classes; c++) row += result->confusion[truth * classes + c];
        printf(p ? ", " : "confused   ");
        print_escaped(stdout, fx_model_class_name(model, (int)truth));
        printf(" as ");
        print_escaped(stdout, fx_model_class_name(model, (int)predicted));
        printf(" (%.0f %%)", 100.0 * (double)result->confusion[best[p]] / (double)row);
    }
    if (found > 0) printf("\n");
}

static void print_features(const fx_result *result, const fx_model *model) {
    const fx_descriptor *descriptor = fx_model_descriptor(model);
    char count[32];
    printf("features   ");
    if (descriptor) {
        const fx_descriptor_params *params = fx_descriptor_get_params(descriptor);
        for (int i = 0; i < params->features.count; i++)
            printf("%s%s", i ? ", " : "", fx_feature_name((fx_feature)params->features.values[i]));
        fx_size size = params->image.size;
        printf(": %s numbers of", format_count(result->descriptor_length, count));
        if (size.width > 0)
            printf(" %d×%d", size.width, size.height);
        else
            printf(" %s-sized", size.width < 0 ? "natively" : "any");
        printf(" %s images\n", params->image.gray == FX_GRAY_YES ? "gray" : "color");
    } else {
        printf("rows of %s numbers\n", format_count(result->descriptor_length, count));
    }
}

static void print_network(const fx_result *result, const fx_model *model) {
    const fx_mlp_params *mlp = &fx_model_get_params(model)->mlp;
    char count[32];
    const int networks = fx_model_networks(model);
    if (networks > 1)
        printf("networks   %d × ", networks);
    else
        printf("network    ");
    printf("%zu", result->descriptor_length);
    for (int i = 0; i < mlp->hidden.count; i++) printf("-%d", mlp->hidden.values[i]);
    printf("-%d, %s parameters", result->classes, format_count(result->parameters, count));
    const fx_history *history = &result->history;
    if (history->count > 0) {
        printf("; %d epoch%s%s", history->count, history->count == 1 ? "" : "s",
               history->early_stopped ? " (stopped early)" : "");
        if (history->best > 0) printf(", the weights of epoch %d", history->best);
        if (networks > 1) printf(" (of the first)");
    }
    printf("\n");
}

// Whether the keys of a section said anything in this training.
static bool section_used(const fx_section *section, const fx_model *model) {
    const fx_descriptor *descriptor = fx_model_descriptor(model);
    if (strcmp(section->name, "train") == 0 || strcmp(section->name, "mlp") == 0) return true;
    if (!descriptor) return false;
    if (strcmp(section->name, "image") == 0) return true;
    const fx_int_list *features = &fx_descriptor_get_params(descriptor)->features;
    for (int i = 0; i < features->count; i++)
        if (strcmp(section->name, fx_feature_name((fx_feature)features->values[i])) == 0)
            return true;
    return false;
}

// Scalar keys of the training as they were resolved.
static void print_resolved(const fx_model *model) {
    const fx_model_params *params = fx_model_get_params(model);
    printf("settings   seed %llu", (unsigned long long)params->seed);
    size_t count;
    const fx_section *sections = fx_model_sections(&count);
    for (size_t s = 0; s < count; s++)
        for (size_t p = 0; p < sections[s].count && section_used(&sections[s], model); p++) {
            const fx_param *param = &sections[s].params[p];
            if (!param->has_auto) continue;
            char value[200];
            fx_param_format(param, (const char *)params + sections[s].offset, value, sizeof value);
            if (value[0] != 'a') printf(", %s.%s %s", sections[s].name, param->key, value);
        }
    printf("\n");
}

static void print_seconds(const fx_seconds *seconds) {
    printf("time       %.1f s", seconds->total);
    const struct {
        const char *name;
        double value;
    } parts[] = {{"load", seconds->load},
                 {"fit", seconds->fit},
                 {"extract", seconds->extract},
                 {"train", seconds->train},
                 {"test", seconds->test}};
    const char *separator = ": ";
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].value < 0.005) continue;
        printf("%s%s %.2f", separator, parts[i].name, parts[i].value);
        separator = ", ";
    }
    printf("\n");
}

void print_training(const fx_result *result, const fx_model *model, const char *dataset,
                    const char *written) {
    char train[32], validation[32], test[32], bytes[32];
    printf("data       ");
    print_escaped(stdout, dataset);
    printf(": %s train, %s validation, %s test", format_count(result->train_samples, train),
           format_count(result->validation_samples, validation),
           format_count(result->test_samples, test));
    if (result->skipped > 0) printf(", %zu bad images skipped", result->skipped);
    printf("\n");
    print_features(result, model);
    print_network(result, model);
    print_resolved(model);
    print_accuracy(result);
    printf(", train %.4f", result->train_accuracy);
    if (isfinite(result->validation_accuracy))
        printf(", validation %.4f", result->validation_accuracy);
    printf("\n");
    print_confused(result, model);
    print_seconds(&result->seconds);
    printf("model      %s, sha256 %s", format_bytes(result->model_bytes, bytes),
           result->model_sha256);
    if (written) {
        printf("\nwritten    ");
        print_escaped(stdout, written);
        printf("\n");
    } else {
        printf("; not written, -o MODEL is missing\n");
    }
}

void print_evaluation(const fx_result *result, const fx_model *model, const char *dataset) {
    char test[32];
    printf("data       ");
    print_escaped(stdout, dataset);
    printf(": %s test", format_count(result->test_samples, test));
    if (result->skipped > 0) printf(", %zu bad images skipped", result->skipped);
    printf("\n");
    print_accuracy(result);
    printf("\n");
    print_confused(result, model);
    print_seconds(&result->seconds);
}
