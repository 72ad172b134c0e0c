// Writes vlfeat.h: dense SIFT, VLAD and Fisher vectors by VLFeat.
//
//   cc -I../../.. make_vlfeat_golden.c -lvl -o make && ./make > vlfeat.h
//
// All input is integer noise that the tests make by the same functions. A frame of vl_dsift is
// named by the center of its first cell, a patch of ours by its corner, ⌊cell / 2⌋ before.
#include <stdio.h>
#include <stdlib.h>
#include <vl/dsift.h>
#include <vl/fisher.h>
#include <vl/generic.h>
#include <vl/vlad.h>

#include "tests/support/noise.h"
#include "tests/support/stairs.h"

enum { WIDTH = 53, HEIGHT = 47, WORDS = 5, D = 16, ROWS = 60 };

static void show(const char *name, const float *values, size_t count) {
    printf("\nstatic const float %s[%zu] = {", name, count);
    for (size_t i = 0; i < count; i++) printf("%s%.9g,", i % 6 ? " " : "\n    ", values[i]);
    printf("\n};\n");
}

// Three patches: the first, one inside, the last.
static void sift(const char *name, const uint8_t *pixels, int cells, int cell, int orientations,
                 int flat, double window) {
    float image[WIDTH * HEIGHT], three[3 * 8 * 64];
    for (int i = 0; i < WIDTH * HEIGHT; i++) image[i] = pixels[i];
    VlDsiftFilter *filter = vl_dsift_new(WIDTH, HEIGHT);
    VlDsiftDescriptorGeometry geometry = {orientations, cells, cells, cell, cell};
    vl_dsift_set_geometry(filter, &geometry);
    vl_dsift_set_steps(filter, 1, 1);
    int half = cell / 2, after = cell - 1 - half;
    vl_dsift_set_bounds(filter, half, half, WIDTH - 1 - after, HEIGHT - 1 - after);
    vl_dsift_set_flat_window(filter, flat);
    vl_dsift_set_window_size(filter, window);
    vl_dsift_process(filter, image);
    int columns = WIDTH - cells * cell + 1, rows = HEIGHT - cells * cell + 1;
    int length = vl_dsift_get_descriptor_size(filter);
    if (vl_dsift_get_keypoint_num(filter) != rows * columns) abort();
    const int of[3] = {0, rows / 2 * columns + columns / 3, rows * columns - 1};
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < length; k++)
            three[i * length + k] = vl_dsift_get_descriptors(filter)[of[i] * length + k];
    show(name, three, (size_t)(3 * length));
    vl_dsift_delete(filter);
}

int main(void) {
    static uint8_t pixels[WIDTH * HEIGHT];
    printf("// Made by make_vlfeat_golden.c with VLFeat %s.\n", vl_get_version_string());
    for (int noisy = 0; noisy < 2; noisy++) {
        const char *names[2][3] = {
            {"vlfeat_stairs_flat", "vlfeat_stairs_gaussian", "vlfeat_stairs_small"},
            {"vlfeat_noise_flat", "vlfeat_noise_gaussian", "vlfeat_noise_small"}};
        if (noisy)
            noise_image(31, HEIGHT, WIDTH, 1, pixels);
        else
            stairs_image(31, HEIGHT, WIDTH, pixels);
        sift(names[noisy][0], pixels, 4, 4, 8, 1, 2);
        sift(names[noisy][1], pixels, 4, 5, 8, 0, 2);
        sift(names[noisy][2], pixels, 3, 6, 4, 0, 1.2);
    }

    float words[WORDS * D], variances[WORDS * D], priors[WORDS], x[ROWS * D], code[2 * WORDS * D];
    static float assignments[ROWS * WORDS];
    for (uint32_t i = 0; i < WORDS * D; i++) words[i] = (float)noise_unit(32, i);
    for (uint32_t i = 0; i < WORDS * D; i++) variances[i] = 0.3f + (float)noise_unit(33, i) / 2;
    for (uint32_t i = 0; i < WORDS; i++) priors[i] = (float)(i + 1) / 15;
    for (uint32_t i = 0; i < ROWS * D; i++) x[i] = 2 * (float)noise_unit(34, i);
    for (int row = 0; row < ROWS; row++) {
        int best = 0;
        double least = 1e9;
        for (int w = 0; w < WORDS; w++) {
            double squared = 0;
            for (int k = 0; k < D; k++)
                squared +=
                    (x[row * D + k] - words[w * D + k]) * (x[row * D + k] - words[w * D + k]);
            if (squared < least) best = w;
            if (squared < least) least = squared;
        }
        assignments[row * WORDS + best] = 1;
    }
    const struct {
        const char *name;
        int flags;
    } vlads[] = {{"vlfeat_vlad", VL_VLAD_FLAG_UNNORMALIZED},
                 {"vlfeat_vlad_sqrt", VL_VLAD_FLAG_SQUARE_ROOT},
                 {"vlfeat_vlad_intra", VL_VLAD_FLAG_NORMALIZE_COMPONENTS}};
    for (int i = 0; i < 3; i++) {
        vl_vlad_encode(code, VL_TYPE_FLOAT, words, D, WORDS, x, ROWS, assignments, vlads[i].flags);
        show(vlads[i].name, code, WORDS * D);
    }
    vl_fisher_encode(code, VL_TYPE_FLOAT, words, D, WORDS, variances, priors, x, ROWS, 0);
    show("vlfeat_fisher", code, 2 * WORDS * D);
    vl_fisher_encode(code, VL_TYPE_FLOAT, words, D, WORDS, variances, priors, x, ROWS,
                     VL_FISHER_FLAG_IMPROVED);
    show("vlfeat_fisher_improved", code, 2 * WORDS * D);
    return 0;
}
