// What several claims share: points, images, training and prediction in one call.
#include <math.h>
#include <stdlib.h>

#include "tools/lecture/lecture.h"

enum { IMAGE_SIDE = 32, IMAGE_PIXELS = IMAGE_SIDE * IMAGE_SIDE };

fx_status describe(const lecture *lecture, fx_feature feature, const fx_image_source *images,
                   size_t count, fx_matrix *rows, fx_error *error) {
    fx_descriptor_params params = fx_descriptor_defaults();
    params.features = (fx_int_list){.count = 1, .values = {(int)feature}};
    fx_descriptor *descriptor;
    size_t length;
    TRY(fx_descriptor_prepare(&params, &lecture->shapes->train.images, NULL, lecture->seed,
                              lecture->progress, &descriptor, error));
    fx_status status;
    TRY_GOTO(fx_descriptor_length(descriptor, IMAGE_SIDE, IMAGE_SIDE, &length, error));
    TRY_GOTO(fx_matrix_create(count, length, rows, error));
    TRY_GOTO(fx_descriptor_extract_range(descriptor, images, 0, count, length, rows->data,
                                         FX_ON_ERROR_FAIL, NULL, lecture->progress, error));
done:
    fx_descriptor_destroy(descriptor);
    return status;
}

fx_status predict(const fx_mlp *mlp, const fx_matrix *x, int *predictions, fx_error *error) {
    size_t outputs = fx_mlp_outputs(mlp);
    fx_matrix scores;
    TRY(fx_matrix_create(x->rows, outputs, &scores, error));
    fx_status status = fx_mlp_predict(mlp, x->data, x->rows, scores.data, error);
    for (size_t i = 0; i < x->rows && status == FX_OK; i++) {
        const float *row = scores.data + i * outputs;
        predictions[i] = 0;
        for (size_t k = 1; k < outputs; k++)
            if (row[k] > row[predictions[i]]) predictions[i] = (int)k;
    }
    fx_matrix_destroy(&scores);
    return status;
}

fx_mlp_params network(fx_activation activation, int first, int second, int third) {
    fx_mlp_params params = fx_mlp_defaults();
    const int widths[] = {first, second, third};
    params.activation = (int)activation;
    params.hidden.count = 0;
    while (params.hidden.count < 3 && widths[params.hidden.count] > 0) {
        params.hidden.values[params.hidden.count] = widths[params.hidden.count];
        params.hidden.count++;
    }
    params.dropout = params.input_dropout = 0;
    params.batch_norm = false;
    return params;
}

// --- points ---

fx_status ring_points(uint64_t seed, uint32_t set, size_t n, sheet *sheet, fx_matrix *x,
                      int **labels, fx_error *error) {
    *x = (fx_matrix){.rows = n, .columns = 2};
    TRY(sheet_array(sheet, 2 * n, sizeof *x->data, &x->data, error));
    TRY(sheet_array(sheet, n, sizeof **labels, labels, error));
    for (size_t i = 0; i < n; i++) {
        fx_rng rng = fx_rng_at(seed, FX_RNG_USER, set, i);
        int outside = i % 2 == 1;
        // Uniform over the area of the disk, or of the ring.
        double inner = outside ? 1.6 : 0, outer = outside ? 2.4 : 1;
        double share = fx_rng_uniform(&rng), angle = 2 * acos(-1) * fx_rng_uniform(&rng);
        double radius = sqrt(inner * inner + share * (outer * outer - inner * inner));
        x->data[2 * i] = (float)(radius * cos(angle));
        x->data[2 * i + 1] = (float)(radius * sin(angle));
        (*labels)[i] = outside;
    }
    return FX_OK;
}

fx_status class_points(const fx_matrix *x, const int *labels, int class, const char *name,
                       sheet *sheet, series *out, fx_error *error) {
    double *at[2];
    for (int k = 0; k < 2; k++) TRY(sheet_array(sheet, x->rows, sizeof(double), &at[k], error));
    *out = (series){.name = name,
                    .mark = class == 0 ? DOTS : CROSSES,
                    .color = class == 0 ? 2 : 1,
                    .x = at[0],
                    .y = at[1]};
    for (size_t i = 0; i < x->rows; i++)
        if (labels[i] == class) {
            at[0][out->count] = x->data[i * x->columns];
            at[1][out->count++] = x->data[i * x->columns + 1];
        }
    return FX_OK;
}

// Where the line between two corners of a cell is cut, as a fraction.
static double cut(double a, double b) {
    return a / (a - b);
}

fx_status zero_line(const double *values, size_t side, double low, double high, sheet *sheet,
                    series *out, fx_error *error) {
    size_t most = 4 * (side - 1) * (side - 1), found = 0;
    double *x, *y, step = (high - low) / (double)(side - 1);
    TRY(sheet_array(sheet, most, sizeof *x, &x, error));
    TRY(sheet_array(sheet, most, sizeof *y, &y, error));
    for (size_t row = 0; row + 1 < side; row++)
        for (size_t column = 0; column + 1 < side; column++) {
            const double *v = values + row * side + column;
            const double corner[4] = {v[0], v[1], v[side + 1], v[side]}; // around the cell
            static const double at[5][2] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 0}};
            size_t ends = 0;
            for (int k = 0; k < 4; k++) {
                double a = corner[k], b = corner[(k + 1) % 4];
                if ((a < 0) == (b < 0)) continue;
                double t = cut(a, b);
                x[found + ends] =
                    low + step * ((double)column + at[k][0] + t * (at[k + 1][0] - at[k][0]));
                y[found + ends] =
                    low + step * ((double)row + at[k][1] + t * (at[k + 1][1] - at[k][1]));
                ends++;
            }
            found += ends;
        }
    *out = (series){.mark = SEGMENTS, .color = 4, .count = found, .x = x, .y = y};
    return FX_OK;
}

// --- images ---

static int by_value(const void *left, const void *right) {
    return *(const uint8_t *)left - *(const uint8_t *)right;
}

// Median of each channel over the border.
static void border_color(const fx_image *image, uint8_t out[3]) {
    for (int c = 0; c < 3; c++) {
        uint8_t values[4 * IMAGE_SIDE];
        size_t n = 0;
        for (int i = 0; i < IMAGE_SIDE; i++) {
            const int last = IMAGE_SIDE - 1;
            const int places[4] = {i, last * IMAGE_SIDE + i, i * IMAGE_SIDE, i * IMAGE_SIDE + last};
            for (int k = 0; k < 4; k++) values[n++] = image->pixels[places[k] * 3 + c];
        }
        qsort(values, n, 1, by_value);
        out[c] = values[n / 2];
    }
}

fx_status contrast_images(const fx_split *split, size_t count, fx_matrix *out, fx_error *error) {
    fx_image image = {0};
    TRY(fx_matrix_create(count, IMAGE_PIXELS, out, error));
    fx_status status = FX_OK;
    for (size_t i = 0; i < count; i++) {
        TRY_GOTO(split->images.get(split->images.self, i, &image, error));
        uint8_t border[3];
        border_color(&image, border);
        float *row = out->data + i * IMAGE_PIXELS;
        double squares = 0;
        for (size_t p = 0; p < IMAGE_PIXELS; p++) {
            double square = 0;
            for (size_t c = 0; c < 3; c++) {
                double difference = image.pixels[p * 3 + c] - border[c];
                square += difference * difference;
            }
            row[p] = (float)sqrt(square);
            squares += square;
        }
        for (size_t p = 0; p < IMAGE_PIXELS && squares > 0; p++) row[p] /= (float)sqrt(squares);
    }
done:
    fx_image_destroy(&image);
    return status;
}

fx_status gray_picture(const float *values, int side, fx_image *out, fx_error *error) {
    TRY(fx_image_reserve(out, side, side, 1, error));
    double squares = 0;
    int pixels = side * side;
    for (int i = 0; i < pixels; i++) squares += (double)values[i] * (double)values[i];
    double step = squares > 0 ? 127 / (3 * sqrt(squares / pixels)) : 0;
    for (int i = 0; i < pixels; i++)
        out->pixels[i] = (uint8_t)lrint(fmin(255, fmax(0, 128 + step * (double)values[i])));
    return FX_OK;
}

double correlation(const float *a, const float *b, size_t n) {
    double mean_a = 0, mean_b = 0, aa = 0, bb = 0, ab = 0;
    for (size_t i = 0; i < n; i++) {
        mean_a += (double)a[i] / (double)n;
        mean_b += (double)b[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        double u = (double)a[i] - mean_a, v = (double)b[i] - mean_b;
        aa += u * u;
        bb += v * v;
        ab += u * v;
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}
