// L8: a codebook of patches, and images as counts of its words.
//
// By hand, with k-means: gray patches of 6 × 6 pixels, brought to mean 0 and deviation 1 (flat ones
// are left out), clustered into 64 words; an image is the counts of its patches' nearest words. The
// descriptor `bovw` does the same with whitening and better encodings.
#include <math.h>
#include <stdlib.h>

#include "tools/lecture/lecture.h"

enum { PATCH = 6, LENGTH = PATCH * PATCH, WORDS = 64, SAMPLES = 20000, STRIDE = 2, SIDE = 32 };
enum { PLACES = (SIDE - PATCH) / STRIDE + 1, ZEBRA = 4, LEOPARD = 5, CLASSES = 10 };

// Patch at (x, y) of a gray image, and the mean and deviation taken from it; false where it is
// flat.
static bool cut_patch(const fx_image *gray, int x, int y, float *out, double level[2]) {
    double mean = 0, squares = 0;
    for (int i = 0; i < LENGTH; i++) {
        const int row = y + i / PATCH, column = x + i % PATCH;
        out[i] = gray->pixels[row * gray->width + column];
        mean += (double)out[i] / LENGTH;
    }
    for (int i = 0; i < LENGTH; i++) {
        out[i] -= (float)mean;
        squares += (double)out[i] * (double)out[i];
    }
    double deviation = sqrt(squares / LENGTH);
    for (int i = 0; i < LENGTH; i++) out[i] /= (float)fmax(deviation, 1);
    level[0] = mean;
    level[1] = deviation;
    return deviation >= 12; // of 255: noise alone has less
}

static fx_status gray_image(const fx_image_source *images, size_t index, fx_image *color,
                            fx_image *gray, fx_error *error) {
    TRY(images->get(images->self, index, color, error));
    return fx_image_convert(color, 1, gray, error);
}

// words[WORDS, LENGTH] from random patches of random training images.
static fx_status learn_words(const lecture *lecture, fx_matrix *words, fx_error *error) {
    const fx_image_source *images = &lecture->shapes->train.images;
    fx_matrix samples;
    fx_image color = {0}, gray = {0};
    TRY(fx_matrix_create(SAMPLES, LENGTH, &samples, error));
    const fx_kmeans_params params = {.clusters = WORDS, .rounds = 15, .seed = lecture->seed};
    fx_status status = FX_OK;
    fx_rng rng = fx_rng_at(lecture->seed, FX_RNG_USER, 8, 0);
    for (size_t found = 0; found < SAMPLES;) {
        uint32_t index = fx_rng_below(&rng, (uint32_t)images->count);
        TRY_GOTO(gray_image(images, index, &color, &gray, error));
        for (int k = 0; k < 10 && found < SAMPLES; k++) {
            int x = (int)fx_rng_below(&rng, SIDE - PATCH + 1);
            int y = (int)fx_rng_below(&rng, SIDE - PATCH + 1);
            double level[2];
            found += cut_patch(&gray, x, y, samples.data + found * LENGTH, level);
        }
    }
    TRY_GOTO(fx_matrix_create(WORDS, LENGTH, words, error));
    TRY_GOTO(fx_kmeans(&samples, &params, lecture->progress, words, NULL, NULL, error));
done:
    fx_matrix_destroy(&samples);
    fx_image_destroy(&color);
    fx_image_destroy(&gray);
    return status;
}

// The nearest word, and the squared distance to it.
static int nearest_word(const fx_matrix *words, const float *patch, float *distance) {
    int best = 0;
    float least = INFINITY;
    for (int w = 0; w < WORDS; w++) {
        const float *word = words->data + w * LENGTH;
        float sum = 0;
        for (int i = 0; i < LENGTH; i++) sum += (patch[i] - word[i]) * (patch[i] - word[i]);
        if (sum < least) {
            least = sum;
            best = w;
        }
    }
    *distance = least;
    return best;
}

// How far the words stand for patches.
typedef struct fit {
    size_t patches;        // that are not flat
    double length, missed; // sums of squares, of the patches and of what their words leave of them
} fit;

// counts[WORDS] of the words of an image.
static void count_words(const fx_matrix *words, const fx_image *gray, float *counts, fit *fit) {
    for (int place = 0; place < PLACES * PLACES; place++) {
        float patch[LENGTH], distance;
        double level[2];
        if (!cut_patch(gray, place % PLACES * STRIDE, place / PLACES * STRIDE, patch, level))
            continue;
        counts[nearest_word(words, patch, &distance)]++;
        fit->patches++;
        fit->missed += (double)distance;
        for (int i = 0; i < LENGTH; i++) fit->length += (double)patch[i] * (double)patch[i];
    }
}

// The image with each patch replaced by its word, in the patch's own brightness and contrast; where
// patches overlap, their mean.
static fx_status say_in_words(const fx_matrix *words, const fx_image *gray, fx_image *out,
                              fx_error *error) {
    double sum[SIDE * SIDE] = {0}, count[SIDE * SIDE] = {0};
    TRY(fx_image_reserve(out, SIDE, SIDE, 1, error));
    for (int place = 0; place < PLACES * PLACES; place++) {
        const int x = place % PLACES * STRIDE, y = place / PLACES * STRIDE;
        float patch[LENGTH], distance;
        double level[2];
        bool flat = !cut_patch(gray, x, y, patch, level);
        const float *word = words->data + nearest_word(words, patch, &distance) * LENGTH;
        for (int i = 0; i < LENGTH; i++) {
            const int pixel = (y + i / PATCH) * SIDE + x + i % PATCH;
            sum[pixel] += level[0] + (flat ? 0 : level[1] * (double)word[i]);
            count[pixel]++;
        }
    }
    for (int i = 0; i < SIDE * SIDE; i++)
        out->pixels[i] = (uint8_t)lrint(fmin(255, fmax(0, sum[i] / count[i])));
    return FX_OK;
}

// Rows of counts for the zebras (label 0) and leopards (1) of a split.
static fx_status describe_split(const fx_split *split, const fx_matrix *words, sheet *sheet,
                                fx_matrix *rows, int **labels, fit *fit, fx_error *error) {
    size_t n = split->images.count / CLASSES * 2, row = 0;
    fx_image color = {0}, gray = {0};
    fx_status status = FX_OK;
    TRY(sheet_array(sheet, n, sizeof **labels, labels, error));
    TRY(fx_matrix_create(n, WORDS, rows, error));
    for (size_t i = 0; i < split->images.count && row < n; i++) {
        if (split->labels[i] != ZEBRA && split->labels[i] != LEOPARD) continue;
        TRY_GOTO(gray_image(&split->images, i, &color, &gray, error));
        count_words(words, &gray, rows->data + row * WORDS, fit);
        (*labels)[row++] = split->labels[i] == LEOPARD;
    }
done:
    fx_image_destroy(&color);
    fx_image_destroy(&gray);
    return status;
}

typedef struct told {
    double difference;
    int word;
} told;

static int by_difference(const void *left, const void *right) {
    double a = ((const told *)left)->difference, b = ((const told *)right)->difference;
    return (a > b) - (a < b);
}

// A zebra and a leopard in their words, and how often each word occurs in them.
static fx_status draw_images(const lecture *lecture, const fx_matrix *words,
                             const told order[WORDS], sheet *sheet, fx_error *error) {
    const fx_image_source *images = &lecture->shapes->test.images;
    fx_image color = {0}, gray = {0}, said = {0};
    double place[WORDS], sorted[2][WORDS];
    fx_status status = FX_OK;
    sheet_tiles_begin(sheet, "A zebra and a leopard: as they are, and each patch as its word");
    for (size_t i = ZEBRA; i <= LEOPARD; i++) {
        float counts[WORDS] = {0};
        fit fit = {0};
        TRY_GOTO(gray_image(images, i, &color, &gray, error));
        TRY_GOTO(say_in_words(words, &gray, &said, error));
        sheet_tile(sheet, &color, 3, lecture->shapes->class_names[i]);
        sheet_tile(sheet, &said, 3, "in its words");
        count_words(words, &gray, counts, &fit);
        for (int w = 0; w < WORDS; w++) {
            place[w] = w + 1;
            sorted[i - ZEBRA][w] = (double)counts[order[w].word];
        }
    }
    sheet_tiles_end(sheet);
    const series counts[] = {
        {"this zebra", LINE_DOTS, 2, WORDS, place, sorted[0], NULL, NULL},
        {"this leopard", DASHED_RINGS, 1, WORDS, place, sorted[1], NULL, NULL},
    };
    sheet_chart(sheet,
                &(chart){.title = "How these two images are described",
                         .x_label = "word, in the order of the picture",
                         .y_label = "patches",
                         .x = {0, WORDS + 1},
                         .count = COUNT(counts),
                         .series = counts},
                "Counts of 64 words in one zebra and in one leopard");
done:
    fx_image_destroy(&color);
    fx_image_destroy(&gray);
    fx_image_destroy(&said);
    return status;
}

// The words, and the mean counts of the two classes.
static fx_status draw(const lecture *lecture, const fx_matrix *words, const fx_matrix *rows,
                      const int *labels, sheet *sheet, fx_error *error) {
    double mean[2][WORDS] = {0}, sorted[2][WORDS], place[WORDS];
    told order[WORDS];
    for (size_t i = 0; i < rows->rows; i++)
        for (int w = 0; w < WORDS; w++)
            mean[labels[i]][w] +=
                2 * (double)rows->data[i * WORDS + (size_t)w] / (double)rows->rows;
    // From the words of zebras to those of leopards.
    for (int w = 0; w < WORDS; w++) order[w] = (told){mean[1][w] - mean[0][w], w};
    qsort(order, WORDS, sizeof *order, by_difference);
    for (int i = 0; i < WORDS; i++)
        for (int k = 0; k < 2; k++) {
            place[i] = i + 1;
            sorted[k][i] = mean[k][order[i].word];
        }
    fx_image picture = {0}, sheet_of_words = {0};
    fx_status status;
    enum { ACROSS = 8, CELL = PATCH + 1 };
    TRY_GOTO(
        fx_image_reserve(&sheet_of_words, ACROSS * CELL - 1, WORDS / ACROSS * CELL - 1, 1, error));
    for (int i = 0; i < sheet_of_words.width * sheet_of_words.height; i++)
        sheet_of_words.pixels[i] = 32;
    for (int w = 0; w < WORDS; w++) {
        TRY_GOTO(gray_picture(words->data + order[w].word * LENGTH, PATCH, &picture, error));
        for (int i = 0; i < LENGTH; i++)
            sheet_of_words.pixels[(w / ACROSS * CELL + i / PATCH) * sheet_of_words.width +
                                  w % ACROSS * CELL + i % PATCH] = picture.pixels[i];
    }
    sheet_picture(sheet, &sheet_of_words, 5,
                  "The 64 visual words: first those of zebras, last those of leopards",
                  "64 small patches: edges, lines, corners and spots of every direction");
    const series bars[] = {
        {"zebras", LINE_DOTS, 2, WORDS, place, sorted[0], NULL, NULL},
        {"leopards", DASHED_RINGS, 1, WORDS, place, sorted[1], NULL, NULL},
    };
    sheet_chart(sheet,
                &(chart){.title = "How often each word occurs, mean of all images",
                         .x_label = "word, in the order of the picture",
                         .y_label = "patches an image, mean",
                         .x = {0, WORDS + 1},
                         .count = COUNT(bars),
                         .series = bars},
                "Mean counts of 64 words in zebras and in leopards");
    TRY_GOTO(draw_images(lecture, words, order, sheet, error));
done:
    fx_image_destroy(&picture);
    fx_image_destroy(&sheet_of_words);
    return status;
}

static fx_status run(const lecture *lecture, sheet *sheet, fx_error *error) {
    fx_matrix words = {0}, train = {0}, test = {0};
    int *train_labels, *test_labels, *predictions;
    fit train_fit = {0}, test_fit = {0};
    fx_mlp *mlp = NULL;
    fx_status status;
    TRY_GOTO(learn_words(lecture, &words, error));
    TRY_GOTO(describe_split(&lecture->shapes->train, &words, sheet, &train, &train_labels,
                            &train_fit, error));
    TRY_GOTO(describe_split(&lecture->shapes->test, &words, sheet, &test, &test_labels, &test_fit,
                            error));
    const fx_mlp_params linear = network(FX_IDENTITY, 0, 0, 0);
    const fx_samples samples = fx_samples_of_matrix(&train, train_labels);
    fx_training_params training = fx_training_defaults();
    training.epochs = 40;
    TRY_GOTO(fx_mlp_create(&linear, WORDS, 2, lecture->seed, &mlp, error));
    TRY_GOTO(
        fx_train(mlp, &training, &samples, NULL, lecture->seed, lecture->progress, NULL, error));
    TRY_GOTO(sheet_array(sheet, test.rows, sizeof *predictions, &predictions, error));
    TRY_GOTO(predict(mlp, &test, predictions, error));
    TRY_GOTO(draw(lecture, &words, &train, train_labels, sheet, error));

    sheet_shows(sheet, "patches of a test image that are not flat, of 196, mean",
                plain(floor((double)test_fit.patches / (double)test.rows + 0.5)));
    sheet_at_least(sheet, "share of the spread of test patches that their words account for",
                   in_unit(1 - test_fit.missed / test_fit.length, PERCENT), 0.2);
    sheet_at_least(sheet, "test accuracy, zebra or leopard, linear classifier on counts of words",
                   accuracy(test_labels, predictions, test.rows), 0.85);
done:
    fx_mlp_destroy(mlp);
    fx_matrix_destroy(&words);
    fx_matrix_destroy(&train);
    fx_matrix_destroy(&test);
    return status;
}

const claim l08 = {
    "L8",
    "l08_words.c",
    "Bag of visual words",
    "Random patches of the training images are clustered into a codebook of visual words; an "
    "image is described by how often each word occurs in it.",
    "64 words from 20,000 random patches of <em>shapes</em>. Zebras and leopards are then "
    "described by counts of words alone, and told apart: they have the same colors and the same "
    "outline, and stand anywhere, so nothing but texture helps.",
    run,
};
