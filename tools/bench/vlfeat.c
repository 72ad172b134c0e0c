// VLFeat's side of ./dev bench. Images are floats already, and objects are used again: what VLFeat
// asks of a caller is not counted against it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vl/dsift.h>
#include <vl/hog.h>

#include "tools/bench/data.h"
#include "tools/bench/harness.h"

typedef struct vlfeat {
    int width, height, channels;
    size_t count;
    float *images; // [count, channels, height, width]
    VlHog **hog;   // [threads]
    VlDsiftFilter **sift;
    float **out;
} vlfeat;

// `count` images that stand one below the other in a file.
static vlfeat *open_images(const char *folder, const char *name, int height, int threads) {
    vlfeat *v = bench_allocate(1, sizeof *v);
    fx_image image = bench_image(folder, name);
    v->width = image.width;
    v->height = height > 0 ? height : image.height;
    v->channels = image.channels;
    v->count = (size_t)(image.height / v->height);
    size_t area = (size_t)v->width * (size_t)v->height, channels = (size_t)v->channels;
    v->images = bench_allocate(v->count * channels * area, sizeof(float));
    for (size_t i = 0; i < v->count; i++)
        for (size_t c = 0; c < channels; c++)
            for (size_t p = 0; p < area; p++)
                v->images[(i * channels + c) * area + p] =
                    image.pixels[(i * area + p) * channels + c];
    fx_image_destroy(&image);
    v->hog = bench_allocate((size_t)threads, sizeof(VlHog *));
    v->sift = bench_allocate((size_t)threads, sizeof(VlDsiftFilter *));
    v->out = bench_allocate((size_t)threads, sizeof(float *));
    return v;
}

static void *open_hog(vlfeat *v, int threads) {
    size_t cells = (size_t)(v->width / 8 + 1) * (size_t)(v->height / 8 + 1);
    for (int i = 0; i < threads; i++) {
        v->hog[i] = vl_hog_new(VlHogVariantDalalTriggs, 9, VL_FALSE);
        v->out[i] = bench_allocate(cells * vl_hog_get_dimension(v->hog[i]), sizeof(float));
    }
    return v;
}

static void *open_hog_small(const char *folder, int threads) {
    return open_hog(open_images(folder, "small.ppm", BENCH_SIDE, threads), threads);
}

static void *open_hog_large(const char *folder, int threads) {
    return open_hog(open_images(folder, "large.ppm", 0, threads), threads);
}

static double run_hog(void *state, int thread) {
    vlfeat *v = state;
    size_t area = (size_t)v->width * (size_t)v->height, channels = (size_t)v->channels;
    for (size_t i = 0; i < v->count; i++) {
        vl_hog_put_image(v->hog[thread], v->images + i * channels * area, (vl_size)v->width,
                         (vl_size)v->height, channels, 8);
        vl_hog_extract(v->hog[thread], v->out[thread]);
    }
    return v->count > 1 ? (double)v->count : (double)area;
}

static void *open_sift(const char *folder, int threads) {
    vlfeat *v = open_images(folder, "large.pgm", 0, threads);
    for (int i = 0; i < threads; i++) {
        v->sift[i] = vl_dsift_new_basic(v->width, v->height, 4, 4);
        vl_dsift_set_flat_window(v->sift[i], VL_TRUE); // its fast path
    }
    return v;
}

static double run_sift(void *state, int thread) {
    vlfeat *v = state;
    vl_dsift_process(v->sift[thread], v->images);
    return vl_dsift_get_keypoint_num(v->sift[thread]);
}

static const bench_case cases[] = {
    {"hog-32", "images", false, open_hog_small, run_hog, NULL},
    {"hog-1024", "pixels", false, open_hog_large, run_hog, NULL},
    {"sift-1024", "descriptors", false, open_sift, run_sift, NULL},
};

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "version") == 0)
        return printf("VLFeat %s\n", vl_get_version_string()) < 0;
    return bench_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
