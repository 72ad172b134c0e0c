// featx vocabulary: learns visual words.
#include <stdio.h>
#include <string.h>

#include "features/vocabulary.h"
#include "src/base/memory.h"
#include "tools/inputs.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/settings.h"
#include "tools/tool.h"

static fx_status channels_of(const fx_image_source *images, int gray, int *out, fx_error *error) {
    fx_image_survey survey = {0};
    if (gray == FX_GRAY_AUTO) FX__TRY(fx_image_source_survey(images, &survey, error));
    *out = gray == FX_GRAY_YES || survey.all_gray ? 1 : 3;
    return FX_OK;
}

static fx_status print_summary(const options *options, const fx_vocabulary *vocabulary,
                               size_t images, fx_error *error) {
    const fx_bovw_params *params = fx_vocabulary_params(vocabulary);
    if (options->json) {
        fx_text text = {0};
        fx_status status = FX_OK;
        FX__TRY_GOTO(fx__text_printf(&text, error, "{\"output\": "));
        FX__TRY_GOTO(fx__text_json_string(&text, options->output, error));
        FX__TRY_GOTO(fx__text_printf(
            &text, error, ", \"images\": %zu, \"words\": %d, \"channels\": %d, \"length\": %zu}",
            images, params->words, fx_vocabulary_channels(vocabulary), fx_bovw_length(vocabulary)));
        status = print_json(&text, error);
    done:
        fx__text_destroy(&text);
        return status;
    }
    char counts[2][32];
    printf("%s words of %d×%d pixels from %s images: ",
           format_count((unsigned long long)params->words, counts[0]), params->patch, params->patch,
           format_count(images, counts[1]));
    print_escaped(stdout, options->output);
    printf("\n");
    return FX_OK;
}

static fx_status has_a_patch(const void *context, const fx_image *image, fx_error *error) {
    fx_bovw_params params = *(const fx_bovw_params *)context;
    fx__bovw_resolve_local(&params);
    return fx__bovw_check_size(params.patch, image, error);
}

fx_status run_vocabulary(const options *options, fx_error *error) {
    settings settings;
    FX__TRY(settings_open(options, &settings, error));
    fx_status status = FX_OK;
    inputs inputs = {0};
    fx_vocabulary *vocabulary = NULL;
    const fx_descriptor_params *params = &settings.model.descriptor;
    int channels;
    FX__TRY_GOTO(options_expect_arguments(options, 1, SIZE_MAX,
                                          "INPUT...: image files, folders or a data set", error));
    if (!options->output) {
        status = fx_error_set(error, FX_ERROR_USAGE,
                              "vocabulary: nothing to do, expected -o VOCABULARY");
        goto done;
    }
    FX__TRY_GOTO(check_output(options->output, error));
    FX__TRY_GOTO(inputs_open(options, options->arguments, options->argument_count, INPUTS_DATASETS,
                             settings.model.seed, &inputs, error));
    if (options->on_error == FX_ON_ERROR_SKIP)
        FX__TRY_GOTO(inputs_drop_bad(&inputs, true, has_a_patch, &params->bovw, error));
    fx_image_source images = inputs_training(&inputs);
    FX__TRY_GOTO(channels_of(&images, params->image.gray, &channels, error));
    FX__TRY_GOTO(fx_vocabulary_learn(&params->bovw, &images, channels, settings.model.seed,
                                     progress_get(), &vocabulary, error));
    FX__TRY_GOTO(fx_vocabulary_save(vocabulary, options->output, error));
    progress_end();
    if (strcmp(options->output, "-") != 0)
        status = print_summary(options, vocabulary, images.count, error);
done:
    fx_vocabulary_destroy(vocabulary);
    inputs_close(&inputs);
    settings_close(&settings);
    return status;
}
