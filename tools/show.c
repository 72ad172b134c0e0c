// featx show: what a descriptor sees of an image.
#include <stdio.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/report/feature_pictures.h"
#include "tools/inputs.h"
#include "tools/output.h"
#include "tools/settings.h"
#include "tools/tool.h"

static fx_status check_usage(const options *options, const settings *settings, fx_error *error) {
    FX__TRY(settings_expect_features(options, settings, error));
    FX__TRY(options_expect_arguments(options, 1, 1, "IMAGE: one image file or -", error));
    if (settings->model.descriptor.features.count != 1)
        return fx_error_set(error, FX_ERROR_USAGE, "show: found %d descriptors, expected one",
                            settings->model.descriptor.features.count);
    size_t length = options->output ? strlen(options->output) : 0;
    if (length < 5 || strcmp(options->output + length - 4, ".png") != 0)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "show: nothing to write, expected -o PICTURE.png");
    if (settings_use(settings, FX_FEATURE_BOVW) && !options->vocabulary)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "show: bovw needs --vocabulary FILE, made by featx vocabulary");
    if (settings->model.descriptor.raw.whiten != FX_RAW_WHITEN_NONE)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "raw.whiten: found it in use, expected none: one image teaches no "
                            "whitening");
    return FX_OK;
}

// The image as the descriptor gets it: with its channels, and for raw and hog at image.size.
static fx_status fit(const fx_descriptor_params *params, fx_image *image, fx_error *error) {
    fx_image other = {0};
    fx_status status = FX_OK;
    int channels = params->image.gray == FX_GRAY_YES ? 1 : 3;
    int feature = params->features.values[0];
    fx_size size = params->image.size;
    if (image->channels != channels) {
        FX__TRY_GOTO(fx_image_convert(image, channels, &other, error));
        fx_image_destroy(image);
        *image = other;
        other = (fx_image){0};
    }
    if (size.width > 0 && (feature == FX_FEATURE_RAW || feature == FX_FEATURE_HOG)) {
        FX__TRY_GOTO(fx_image_resize(image, size.width, size.height, &other, error));
        fx_image_destroy(image);
        *image = other;
        other = (fx_image){0};
    }
done:
    fx_image_destroy(&other);
    return status;
}

static fx_status draw(const fx_descriptor_params *params, const char *vocabulary_path,
                      const fx_image *image, fx_image *out, fx_error *error) {
    fx_vocabulary *vocabulary;
    fx_status status;
    switch ((fx_feature)params->features.values[0]) {
    case FX_FEATURE_HOG:
        return fx__picture_hog(&params->hog, image, out, error);
    case FX_FEATURE_COLOR:
        return fx__picture_color(&params->color, image, out, error);
    case FX_FEATURE_BOVW:
        FX__TRY(fx_vocabulary_load(vocabulary_path, &vocabulary, error));
        status = fx__picture_words(vocabulary, image, out, error);
        fx_vocabulary_destroy(vocabulary);
        return status;
    default:
        return fx__picture_raw(image, out, error);
    }
}

fx_status run_show(const options *options, fx_error *error) {
    settings settings;
    FX__TRY(settings_open(options, &settings, error));
    fx_status status;
    inputs inputs = {0};
    fx_descriptor *descriptor = NULL;
    fx_image image = {0}, picture = {0};
    char name[4096];
    FX__TRY_GOTO(check_usage(options, &settings, error));
    FX__TRY_GOTO(check_output(options->output, error));
    FX__TRY_GOTO(inputs_open(options, options->arguments, 1, INPUTS_FILES, 0, &inputs, error));
    if (inputs.count != 1) {
        status = fx_error_set(error, FX_ERROR_USAGE, "show: found %zu images in '%s', expected one",
                              inputs.count, options->arguments[0]);
        goto done;
    }
    // Puts values in the place of auto, as for this image.
    FX__TRY_GOTO(fx_descriptor_prepare(&settings.model.descriptor, &inputs.images,
                                       options->vocabulary, settings.model.seed, NULL, &descriptor,
                                       error));
    const fx_descriptor_params *params = fx_descriptor_get_params(descriptor);
    inputs.images.name(inputs.images.self, 0, name, sizeof name);
    FX__TRY_GOTO(inputs.images.get(inputs.images.self, 0, &image, error));
    FX__TRY_GOTO(fit(params, &image, error));
    status = draw(params, options->vocabulary, &image, &picture, error);
    if (status != FX_OK) {
        status = fx__error_prefix(error, status, "%s", name);
        goto done;
    }
    FX__TRY_GOTO(fx_image_save_png(options->output, &picture, error));
    if (options->json)
        printf("{\"features\": \"%s\", \"width\": %d, \"height\": %d}\n",
               fx_feature_name((fx_feature)params->features.values[0]), picture.width,
               picture.height);
done:
    fx_image_destroy(&image);
    fx_image_destroy(&picture);
    fx_descriptor_destroy(descriptor);
    inputs_close(&inputs);
    settings_close(&settings);
    return status;
}
