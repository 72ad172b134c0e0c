// The two modes of a class of contrast images.
#include <stdlib.h>

#include "tools/lecture/lecture.h"

enum { SIDE = 32, PIXELS = SIDE * SIDE };

void mirror_image(const float *image, int side, float *out) {
    for (int i = 0; i < side * side; i++) out[i] = image[i / side * side + (side - 1 - i % side)];
}

// Rows of `class`, each minus its mirror image; mean[PIXELS] of all rows.
static fx_status odd_parts(const fx_matrix *x, const int *labels, int class, double *mean,
                           fx_matrix *odd, fx_error *error) {
    size_t n = 0;
    for (size_t i = 0; i < x->rows; i++) n += labels[i] == class;
    TRY(fx_matrix_create(n, PIXELS, odd, error));
    n = 0;
    for (size_t i = 0; i < x->rows; i++) {
        const float *image = x->data + i * PIXELS;
        for (int p = 0; p < PIXELS; p++) mean[p] += (double)image[p] / (double)x->rows;
        if (labels[i] != class) continue;
        float *row = odd->data + n++ * PIXELS;
        mirror_image(image, SIDE, row);
        for (int p = 0; p < PIXELS; p++) row[p] = image[p] - row[p];
    }
    return FX_OK;
}

fx_status find_modes(const fx_matrix *x, const int *labels, int class, uint64_t seed,
                     float *const modes[2], fx_error *error) {
    fx_matrix odd = {0}, centers = {0};
    double mean[PIXELS] = {0}, sums[2][PIXELS] = {0}, members[2] = {0};
    uint32_t *cluster = NULL;
    const fx_kmeans_params params = {.clusters = 2, .rounds = 50, .seed = seed};
    fx_status status;
    TRY_GOTO(odd_parts(x, labels, class, mean, &odd, error));
    TRY_GOTO(fx_matrix_create(2, PIXELS, &centers, error));
    cluster = malloc(odd.rows * sizeof *cluster);
    if (!cluster) {
        status = fx_error_set(error, FX_ERROR_MEMORY, "out of memory");
        goto done;
    }
    TRY_GOTO(fx_kmeans(&odd, &params, NULL, &centers, cluster, NULL, error));
    for (size_t i = 0, n = 0; i < x->rows; i++) {
        if (labels[i] != class) continue;
        uint32_t k = cluster[n++];
        members[k]++;
        for (size_t p = 0; p < PIXELS; p++) sums[k][p] += (double)x->data[i * PIXELS + p];
    }
    for (int k = 0; k < 2; k++)
        for (int p = 0; p < PIXELS; p++) modes[k][p] = (float)(sums[k][p] / members[k] - mean[p]);
done:
    free(cluster);
    fx_matrix_destroy(&odd);
    fx_matrix_destroy(&centers);
    return status;
}
