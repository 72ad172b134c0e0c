// classify predict: classes of images, with probabilities, or scores where the model's loss gives
// none.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/experiment/metrics.h"
#include "tools/inputs.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/tool.h"

enum { CHUNK_IMAGES = 256, NAME_BYTES = 4096, TOP_DEFAULT = 5 };

typedef struct printer {
    const fx_model *model;
    const char *what; // "probability" or "score"
    int top, classes;
    bool csv, json;
    fx_text text; // of JSON, which is printed when all went well
    size_t count;
    int *order; // [classes]
} printer;

// order[0 … top-1]: the classes with the largest scores; ties go to the first class.
static void select_top(const float *scores, int classes, int top, int *order) {
    for (int c = 0; c < classes; c++) order[c] = c;
    for (int k = 0; k < top; k++) {
        int best = k;
        for (int c = k + 1; c < classes; c++)
            if (scores[order[c]] > scores[order[best]] ||
                (scores[order[c]] == scores[order[best]] && order[c] < order[best]))
                best = c;
        int swap = order[k];
        order[k] = order[best];
        order[best] = swap;
    }
}

static void print_header(const printer *printer) {
    if (!printer->csv) return;
    printf("path,class,%s", printer->what);
    for (int k = 2; k <= printer->top; k++) printf(",class_%d,%s_%d", k, printer->what, k);
    printf("\n");
}

static void print_row(const printer *printer, const char *path, const float *scores) {
    if (printer->csv)
        print_csv_field(stdout, path);
    else
        print_escaped(stdout, path);
    for (int k = 0; k < printer->top; k++) {
        int class_index = printer->order[k];
        const char *name = fx_model_class_name(printer->model, class_index);
        double score = (double)scores[class_index];
        if (printer->csv) {
            printf(",");
            print_csv_field(stdout, name);
            printf(",%.7g", score);
        } else {
            printf(k ? ", " : ": ");
            print_escaped(stdout, name);
            printf(" %.4f", score);
        }
    }
    printf("\n");
}

static fx_status add_json(printer *printer, const char *path, const float *scores,
                          fx_error *error) {
    fx_text *text = &printer->text;
    int first = printer->order[0];
    FX__TRY(fx__text_printf(text, error, "%s\n {\"path\": ", printer->count ? "," : ""));
    FX__TRY(fx__text_json_string(text, path, error));
    FX__TRY(fx__text_printf(text, error, ", \"class\": "));
    FX__TRY(fx__text_json_string(text, fx_model_class_name(printer->model, first), error));
    FX__TRY(fx__text_printf(text, error, ", \"%s\": ", printer->what));
    FX__TRY(fx__text_json_number(text, (double)scores[first], error));
    FX__TRY(fx__text_printf(text, error, ", \"top\": ["));
    for (int k = 0; k < printer->top; k++) {
        FX__TRY(fx__text_printf(text, error, k ? ", [" : "["));
        const char *name = fx_model_class_name(printer->model, printer->order[k]);
        FX__TRY(fx__text_json_string(text, name, error));
        FX__TRY(fx__text_printf(text, error, ", "));
        FX__TRY(fx__text_json_number(text, (double)scores[printer->order[k]], error));
        FX__TRY(fx__text_printf(text, error, "]"));
    }
    return fx__text_printf(text, error, "]}");
}

static fx_status predict_all(const options *options, inputs *inputs, printer *printer,
                             fx_error *error) {
    size_t classes = (size_t)printer->classes;
    fx_status status = FX_OK;
    float *scores = NULL;
    bool valid[CHUNK_IMAGES];
    FX__TRY_GOTO(fx__allocate(CHUNK_IMAGES, classes * sizeof *scores, &scores, error));
    for (size_t begin = 0; begin < inputs->count; begin += CHUNK_IMAGES) {
        size_t n = inputs->count - begin < CHUNK_IMAGES ? inputs->count - begin : CHUNK_IMAGES;
        FX__TRY_GOTO(fx_model_predict(printer->model, &inputs->images, begin, n, options->on_error,
                                      valid, scores, error));
        for (size_t i = 0; i < n; i++) {
            const float *row = scores + i * classes;
            char path[NAME_BYTES];
            fx_error reason;
            if (options->on_error == FX_ON_ERROR_SKIP && !valid[i]) {
                // Only the row is lost: asked for alone, the image says why.
                if (fx_model_predict(printer->model, &inputs->images, begin + i, 1,
                                     FX_ON_ERROR_FAIL, NULL, scores + i * classes,
                                     &reason) != FX_OK)
                    inputs_report(inputs, begin + i, &reason);
                continue;
            }
            inputs->images.name(inputs->images.self, begin + i, path, sizeof path);
            select_top(row, printer->classes, printer->top, printer->order);
            if (printer->json)
                FX__TRY_GOTO(add_json(printer, path, row, error));
            else
                print_row(printer, path, row);
            printer->count++;
        }
        if (!fx_progress_report(progress_get(), "predict", begin + n, inputs->count, NULL)) {
            status = fx_error_set(error, FX_ERROR_INTERRUPTED, "interrupted");
            goto done;
        }
    }
    if (printer->count == 0)
        status =
            fx_error_set(error, FX_ERROR_DATA, "none of %zu images can be read", inputs->count);
done:
    free(scores);
    return status;
}

fx_status run_predict(const options *options, fx_error *error) {
    FX__TRY(options_expect_arguments(options, 2, SIZE_MAX,
                                     "MODEL INPUT...: image files, folders or -", error));
    if (options->csv && options->json)
        return fx_error_set(error, FX_ERROR_USAGE, "--csv and --json: expected one of them");
    fx_status status = FX_OK;
    fx_model *model = NULL;
    inputs inputs = {0};
    printer printer = {.csv = options->csv, .json = options->json};
    FX__TRY_GOTO(fx_model_load(options->arguments[0], &model, error));
    FX__TRY_GOTO(inputs_open(options, options->arguments + 1, options->argument_count - 1,
                             INPUTS_FILES, 0, &inputs, error));
    bool probabilities = fx_model_has_probabilities(model);
    printer.model = model;
    printer.what = probabilities ? "probability" : "score";
    printer.classes = fx_model_classes(model);
    printer.top = options->top ? options->top : options->csv ? 1 : TOP_DEFAULT;
    if (printer.top > printer.classes) printer.top = printer.classes;
    FX__TRY_GOTO(
        fx__allocate((size_t)printer.classes, sizeof *printer.order, &printer.order, error));
    if (!probabilities && !options->json && !options->csv)
        printf("# scores, not probabilities: the model's loss gives none\n");
    if (options->json) FX__TRY_GOTO(fx__text_printf(&printer.text, error, "{\"predictions\": ["));
    print_header(&printer);
    FX__TRY_GOTO(predict_all(options, &inputs, &printer, error));
    if (options->json) {
        FX__TRY_GOTO(fx__text_printf(&printer.text, error, "]}"));
        status = print_json(&printer.text, error);
    }
done:
    fx__text_destroy(&printer.text);
    free(printer.order);
    inputs_close(&inputs);
    fx_model_destroy(model);
    return status;
}
