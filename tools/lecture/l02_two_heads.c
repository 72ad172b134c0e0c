// L2: one template a class has to stand for all of its modes.
//
// The classifier sees contrast images (what stands out from the border, whatever its color): on raw
// pixels a figure that is as often darker as brighter than what is behind it has no linear template
// at all.
#include <math.h>
#include <stdlib.h>

#include "tools/lecture/lecture.h"

enum { TRAIN = 6000, TEST = 1000, SIDE = 32, PIXELS = SIDE * SIDE, HORSE = 6, CLASSES = 10 };

// How much an image is like its own mirror image: 1 where it is the same.
static double symmetry(const float *image) {
    float mirrored[PIXELS];
    mirror_image(image, SIDE, mirrored);
    return correlation(image, mirrored, PIXELS);
}

// The pattern that the classifier answers to: weights, undone of the standardization.
static void read_template(fx_mlp *mlp, int class, float *out) {
    size_t rows, columns;
    const float *weights = fx_mlp_weights(mlp, 0, &rows, &columns);
    const float *scale = fx_mlp_input_scale(mlp);
    for (size_t i = 0; i < rows; i++)
        out[i] = scale[i] > 0 ? weights[i * columns + (size_t) class] / scale[i] : 0;
}

static fx_status draw(const lecture *lecture, sheet *sheet, int class, const float *template,
                      float *const modes[2], fx_error *error) {
    fx_image picture = {0};
    fx_status status;
    TRY_GOTO(gray_picture(template, SIDE, &picture, error));
    sheet_tiles_begin(sheet, lecture->shapes->class_names[class]);
    sheet_tile(sheet, &picture, 3, "linear template");
    for (int k = 0; k < 2; k++) {
        TRY_GOTO(gray_picture(modes[k], SIDE, &picture, error));
        sheet_tile(sheet, &picture, 3, k ? "the other mode" : "one mode");
    }
    for (size_t i = (size_t) class; i < 40; i += CLASSES) { // labels go round
        const fx_image_source *images = &lecture->shapes->train.images;
        TRY_GOTO(images->get(images->self, i, &picture, error));
        sheet_tile(sheet, &picture, 3, "an image");
    }
    sheet_tiles_end(sheet);
done:
    fx_image_destroy(&picture);
    return status;
}

static fx_status run(const lecture *lecture, sheet *sheet, fx_error *error) {
    fx_matrix x = {0};
    fx_mlp *mlp = NULL;
    fx_status status;
    const int *labels = lecture->shapes->train.labels;
    float *template, *modes[2], mirrored[PIXELS];
    TRY_GOTO(sheet_array(sheet, PIXELS, sizeof *template, &template, error));
    for (int k = 0; k < 2; k++)
        TRY_GOTO(sheet_array(sheet, PIXELS, sizeof(float), &modes[k], error));
    TRY_GOTO(contrast_images(&lecture->shapes->train, TRAIN, &x, error));

    const fx_mlp_params params = network(FX_IDENTITY, 0, 0, 0);
    const fx_samples samples = fx_samples_of_matrix(&x, labels);
    fx_training_params training = fx_training_defaults();
    training.epochs = 15;
    training.optimizer = FX_SGD;
    training.learning_rate = 0.002F;
    training.weight_decay = 0.1F; // keeps what is noise out of the templates
    TRY_GOTO(fx_mlp_create(&params, PIXELS, CLASSES, lecture->seed, &mlp, error));
    TRY_GOTO(
        fx_train(mlp, &training, &samples, NULL, lecture->seed, lecture->progress, NULL, error));

    double heads = 0, sides = 0, mirrors = 0;
    for (int class = HORSE; class < CLASSES; class ++) {
        read_template(mlp, class, template);
        TRY_GOTO(find_modes(&x, labels, class, lecture->seed, modes, error));
        TRY_GOTO(draw(lecture, sheet, class, template, modes, error));
        if (class != HORSE) continue;
        mirror_image(modes[1], SIDE, mirrored);
        heads = symmetry(template);
        sides = fmax(symmetry(modes[0]), symmetry(modes[1]));
        mirrors = correlation(modes[0], mirrored, PIXELS);
    }
    sheet_at_least(sheet, "one mode of the horse against the other, mirrored: correlation",
                   plain(mirrors), 0.8);
    sheet_at_most(sheet, "a mode against its own mirror image: correlation, the larger of two",
                  plain(sides), 0.5);
    sheet_at_least(sheet,
                   "the linear template of the horse against its own mirror image: "
                   "correlation",
                   plain(heads), 0.65);
done:
    fx_mlp_destroy(mlp);
    fx_matrix_destroy(&x);
    return status;
}

const claim l02 = {
    "L2",
    "l02_two_heads.c",
    "Where a linear classifier fails, visually",
    "A linear classifier has one template a class, so one image has to stand for all modes of a "
    "class: the horse template grows two heads, because some horses look left and some right.",
    "A linear classifier on contrast images of <em>shapes</em>. The modes of a class are found "
    "by k-means; then each is held against its mirror image. A horse that looks one way is not "
    "symmetric; a template that has a head on both sides is. Middle gray is zero.",
    run,
};
