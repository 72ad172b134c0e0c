// featx extract: descriptors of images, streamed into a file.
//
// The first image fixes the length of a row. Interrupted work is left for --resume (row_writer.h);
// failed work leaves nothing.
#include <stdio.h>
#include <string.h>

#include "features/descriptor_state.h"
#include "src/base/memory.h"
#include "tools/data.h"
#include "tools/extract_rows.h"
#include "tools/inputs.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/row_writer.h"
#include "tools/settings.h"
#include "tools/tool.h"

// The length that the first image gives, or of all the first that gives one.
static fx_status first_length(const fx_descriptor *descriptor, const inputs *inputs, bool decode,
                              bool all, size_t *out, fx_error *error) {
    const fx_image_source *images = &inputs->images;
    fx_image image = {0};
    fx_status status = FX_OK;
    for (size_t i = 0; i < (all ? inputs->count : 1); i++) {
        status = (decode ? images->get : images->probe)(images->self, i, &image, error);
        if (status == FX_OK) {
            status = fx_descriptor_length(descriptor, image.width, image.height, out, error);
            if (status == FX_OK) break;
            char name[512];
            images->name(images->self, i, name, sizeof name);
            status = fx__error_prefix(error, status, "%s", name);
        }
    }
    fx_image_destroy(&image);
    return status;
}

// The length of the first row. Where bad images are skipped, the header of one that cannot be
// decoded does not decide for all others.
static fx_status find_length(const fx_descriptor *descriptor, const inputs *inputs, bool skip,
                             size_t *out, fx_error *error) {
    if (skip && first_length(descriptor, inputs, true, true, out, error) == FX_OK) return FX_OK;
    return first_length(descriptor, inputs, false, skip, out, error);
}

static fx_status print_summary(const options *options, const fx_descriptor *descriptor,
                               const row_writer *writer, size_t skipped, double seconds,
                               fx_error *error) {
    const fx_int_list *features = &fx_descriptor_get_params(descriptor)->features;
    if (options->json) {
        fx_text text = {0};
        char sha256[65];
        fx_status status = FX_OK;
        FX__TRY_GOTO(fx__text_printf(&text, error, "{\"output\": "));
        if (options->output)
            FX__TRY_GOTO(fx__text_json_string(&text, options->output, error));
        else
            FX__TRY_GOTO(fx__text_printf(&text, error, "null"));
        FX__TRY_GOTO(fx__descriptor_sha256(descriptor, sha256, error));
        FX__TRY_GOTO(fx__text_printf(&text, error,
                                     ", \"count\": %zu, \"length\": %zu, \"skipped\": %zu, "
                                     "\"resumed\": %zu, \"classes\": %d, \"descriptor\": ",
                                     writer->count, writer->length, skipped, writer->resumed,
                                     writer->inputs->classes));
        FX__TRY_GOTO(fx__descriptor_json(descriptor, &text, error));
        FX__TRY_GOTO(fx__text_printf(
            &text, error, ", \"descriptor_sha256\": \"%s\", \"seconds\": %.3f}", sha256, seconds));
        status = print_json(&text, error);
    done:
        fx__text_destroy(&text);
        return status;
    }
    char counts[2][32];
    printf("%s %s of %s numbers (", format_count(writer->count, counts[0]),
           writer->count == 1 ? "row" : "rows", format_count(writer->length, counts[1]));
    for (int i = 0; i < features->count; i++)
        printf("%s%s", i ? ", " : "", fx_feature_name((fx_feature)features->values[i]));
    printf(")");
    if (skipped > 0) printf(", %zu skipped", skipped);
    if (writer->resumed > 0) printf(", %zu from before", writer->resumed);
    if (writer->inputs->ignored > 0) printf(", %zu other files ignored", writer->inputs->ignored);
    printf(", in %.1f s", seconds);
    if (options->output) {
        printf(": ");
        print_escaped(stdout, options->output);
        printf("\n");
    } else {
        printf("; nothing written, -o OUT.npy is missing\n");
    }
    return FX_OK;
}

static fx_status check_usage(const options *options, const settings *settings, row_format format,
                             fx_error *error) {
    FX__TRY(settings_expect_features(options, settings, error));
    FX__TRY(options_expect_arguments(options, 1, SIZE_MAX,
                                     "INPUT...: image files, folders, a data set or -", error));
    if (settings_use(settings, FX_FEATURE_BOVW) && !options->vocabulary)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "bovw needs --vocabulary FILE; type: `featx vocabulary INPUT... -o "
                            "words.safetensors`, then `featx --features bovw --vocabulary "
                            "words.safetensors INPUT... -o OUT.npy`");
    if (options->json && options->output && strcmp(options->output, "-") == 0)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "--json and -o - both want standard output: give one of them");
    if (options->resume && options->output &&
        (strcmp(options->output, "-") == 0 || format != ROWS_NPY))
        return fx_error_set(
            error, FX_ERROR_USAGE, "--resume goes on with rows in a .npy file: found %s%s",
            format != ROWS_NPY ? "--format " : "-o ", format != ROWS_NPY ? options->format : "-");
    if (options->output && strcmp(options->output, "-") != 0 && format == ROWS_NPY &&
        !data_is_rows(options->output))
        return fx_error_set(error, FX_ERROR_USAGE,
                            "-o: found '%s', expected a name that ends in .npy (or --format csv)",
                            options->output);
    return FX_OK;
}

// A data set whose images all have one size is described at that size, which `classify` finds as
// well, so that its models accept the rows: the same numbers as `native` under the precise name.
static fx_status settle_size(const inputs *inputs, fx_image_params *params, fx_error *error) {
    if (params->size.width >= 0 || inputs->classes == 0) return FX_OK;
    fx_image_survey survey;
    FX__TRY(fx_image_source_survey(&inputs->images, &survey, error));
    if (survey.same_size) params->size = (fx_size){survey.width, survey.height};
    return FX_OK;
}

// An interrupted extraction, for another to go on with.
static fx_status leave(row_writer *writer, fx_error *error) {
    size_t count = writer->count, all = writer->inputs ? writer->inputs->count : 0;
    bool kept;
    FX__TRY(row_writer_keep(writer, &kept, error));
    if (!kept) return fx_error_set(error, FX_ERROR_INTERRUPTED, "interrupted");
    char counts[2][32];
    return fx_error_set(error, FX_ERROR_INTERRUPTED,
                        "interrupted with %s rows of %s images; the same command with --resume "
                        "goes on",
                        format_count(count, counts[0]), format_count(all, counts[1]));
}

fx_status run_extract(const options *options, fx_error *error) {
    double began = seconds_now();
    settings settings;
    FX__TRY(settings_open(options, &settings, error));
    fx_status status = FX_OK;
    inputs inputs = {0};
    fx_descriptor *descriptor = NULL;
    row_writer writer = {0};
    row_format format;
    FX__TRY_GOTO(row_format_parse(options->format, &format, error));
    FX__TRY_GOTO(check_usage(options, &settings, format, error));
    if (options->output) FX__TRY_GOTO(check_output(options->output, error));
    FX__TRY_GOTO(inputs_open(options, options->arguments, options->argument_count, INPUTS_DATASETS,
                             settings.model.seed, &inputs, error));
    size_t given = inputs.count;
    bool skip = options->on_error == FX_ON_ERROR_SKIP;
    bool learns = settings_use(&settings, FX_FEATURE_RAW) &&
                  settings.model.descriptor.raw.whiten != FX_RAW_WHITEN_NONE;
    bool hint_is_final = options->output && strcmp(options->output, "-") == 0;
    if (skip) FX__TRY_GOTO(inputs_drop_bad(&inputs, learns || hint_is_final, NULL, NULL, error));
    FX__TRY_GOTO(settle_size(&inputs, &settings.model.descriptor.image, error));
    fx_image_source training = inputs_training(&inputs);
    FX__TRY_GOTO(fx_descriptor_prepare(&settings.model.descriptor, &training, options->vocabulary,
                                       settings.model.seed, progress_get(), &descriptor, error));
    writer.path = options->output;
    writer.format = format;
    writer.inputs = &inputs;
    writer.descriptor = descriptor;
    FX__TRY_GOTO(find_length(descriptor, &inputs, skip, &writer.length, error));
    writer.piece = extract_piece(inputs.count, writer.length, learns);
    FX__TRY_GOTO(row_writer_open(&writer, options->resume, error));
    FX__TRY_GOTO(extract_rows(&inputs, options->on_error, &writer, error));
    FX__TRY_GOTO(row_writer_commit(&writer, error));
    progress_end();
    if (!hint_is_final)
        status = print_summary(options, descriptor, &writer, given - writer.count,
                               seconds_now() - began, error);
done:
    if (status != FX_OK && progress_interrupted()) status = leave(&writer, error);
    row_writer_abort(&writer);
    fx_descriptor_destroy(descriptor);
    inputs_close(&inputs);
    settings_close(&settings);
    return status;
}
