// This library's side of ./dev bench. What a case measures stands in bench.py.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "features/local_descriptors.h"
#include "featx/featx.h"
#include "src/base/block_product.h"
#include "src/base/gemm.h"
#include "src/base/memory.h"
#include "tools/bench/data.h"
#include "tools/bench/harness.h"
#include "tools/bench/ours_training.h"
#include "tools/restart.h"

static void check(fx_status status, const fx_error *error) {
    if (status != FX_OK) bench_die("%s", error->message);
}

// An image into numbers, each thread with scratch and output of its own
// ------------------------------------------------------------------------

typedef struct thread_state {
    void *scratch;
    float *out;
} thread_state;

typedef struct features {
    fx_image_source small;
    fx_image image;
    fx_hog_params hog;
    fx_color_params color;
    fx_bovw_params words;
    thread_state *threads;
} features;

static features *open_features(const char *folder, const char *image) {
    features *f = bench_allocate(1, sizeof *f);
    if (image)
        f->image = bench_image(folder, image);
    else
        f->small = bench_small(folder);
    return f;
}

static void *open_threads(features *f, int threads, size_t scratch, size_t length) {
    f->threads = bench_allocate((size_t)threads, sizeof *f->threads);
    for (int i = 0; i < threads; i++) {
        f->threads[i].scratch = bench_allocate(scratch + 64, 1);
        f->threads[i].out = bench_allocate(length, sizeof(float));
    }
    return f;
}

static double hog_image(features *f, const fx_image *image, int thread) {
    thread_state *t = &f->threads[thread];
    fx_error error;
    check(fx_hog_extract(&f->hog, image, t->out, t->scratch, &error), &error);
    return (double)image->width * image->height;
}

static void *open_hog(features *f, int threads, int width, int height) {
    f->hog = fx_hog_defaults();
    f->hog.pixels_per_cell = 8;
    return open_threads(f, threads, fx_hog_scratch(&f->hog, width, height),
                        fx_hog_length(&f->hog, width, height));
}

static void *open_hog_small(const char *folder, int threads) {
    return open_hog(open_features(folder, NULL), threads, BENCH_SIDE, BENCH_SIDE);
}

static double run_hog_small(void *state, int thread) {
    features *f = state;
    for (size_t i = 0; i < f->small.count; i++) {
        fx_image image = bench_small_at(&f->small, i);
        hog_image(f, &image, thread);
    }
    return (double)f->small.count;
}

static void *open_hog_large(const char *folder, int threads) {
    return open_hog(open_features(folder, "large.ppm"), threads, BENCH_WIDTH, BENCH_HEIGHT);
}

static double run_hog_large(void *state, int thread) {
    features *f = state;
    return hog_image(f, &f->image, thread);
}

static void *open_color(const char *folder, int threads) {
    features *f = open_features(folder, "large.ppm");
    f->color = fx_color_defaults();
    f->color.space = FX_COLOR_RGB;
    f->color.bins = (fx_int_list){.count = 3, .values = {8, 8, 8}};
    f->color.norm = FX_COLOR_NORM_NONE;
    return open_threads(f, threads, fx_color_scratch(&f->color), fx_color_length(&f->color));
}

static double run_color(void *state, int thread) {
    features *f = state;
    thread_state *t = &f->threads[thread];
    fx_error error;
    check(fx_color_extract(&f->color, &f->image, t->out, t->scratch, &error), &error);
    return (double)f->image.width * f->image.height;
}

static void *open_sift(const char *folder, int threads) {
    features *f = open_features(folder, "large.pgm");
    f->words = fx_bovw_defaults();
    f->words.local = FX_BOVW_SIFT;
    f->words.patch = 16;
    f->words.cells = 4;
    f->words.orientations = 8;
    f->words.window = FX_BOVW_WINDOW_FLAT; // of VLFeat, which weighs cells
    f->words.stride = 4;
    size_t most = (BENCH_WIDTH / 4) * (BENCH_HEIGHT / 4);
    return open_threads(f, threads, fx__local_scratch(&f->words, 1) * sizeof(float),
                        most * fx__local_length(&f->words, 1) + FX__PATCHES_SLACK);
}

// All patches, a rectangle at a time, as visual words go over an image.
static double run_sift(void *state, int thread) {
    features *f = state;
    thread_state *t = &f->threads[thread];
    int side = fx__local_side(&f->words), patch = f->words.patch, stride = f->words.stride;
    int columns = (f->image.width - patch) / stride + 1;
    int rows = (f->image.height - patch) / stride + 1;
    float *out = t->out;
    for (int i = 0; i < rows; i += side)
        for (int j = 0; j < columns; j += side) {
            fx_positions positions = {.x = j * stride, .y = i * stride, .stride = stride};
            positions.columns = columns - j < side ? columns - j : side;
            positions.rows = rows - i < side ? rows - i : side;
            fx__local_extract(&f->words, &f->image, &positions, t->scratch, out);
            out +=
                (size_t)positions.rows * (size_t)positions.columns * fx__local_length(&f->words, 1);
        }
    return (double)rows * columns;
}

// Visual words
// -------------------------------------------------------------------------------------------

typedef struct encoding {
    fx_image_source images;
    fx_descriptor *descriptor;
    size_t length;
    float *out;
} encoding;

static void *open_encode(const char *folder, int threads) {
    (void)threads;
    encoding *e = bench_allocate(1, sizeof *e);
    fx_error error;
    e->images = bench_small(folder);
    e->images.count = 256;
    fx_descriptor_params params = fx_descriptor_defaults();
    params.features = (fx_int_list){.count = 1, .values = {FX_FEATURE_BOVW}};
    char *words = bench_path(folder, "words.safetensors");
    check(fx_descriptor_prepare(&params, &e->images, words, 1, NULL, &e->descriptor, &error),
          &error);
    check(fx_descriptor_length(e->descriptor, BENCH_SIDE, BENCH_SIDE, &e->length, &error), &error);
    free(words);
    e->out = bench_allocate(e->images.count * e->length, sizeof *e->out);
    return e;
}

static double run_encode(void *state, int thread) {
    (void)thread;
    encoding *e = state;
    fx_error error;
    check(fx_descriptor_extract_range(e->descriptor, &e->images, 0, e->images.count, e->length,
                                      e->out, FX_ON_ERROR_FAIL, NULL, NULL, &error),
          &error);
    return (double)e->images.count;
}

typedef struct clustering {
    fx_matrix samples, centers;
    char note[64];
} clustering;

static void *open_kmeans(const char *folder, int threads) {
    (void)threads;
    clustering *k = bench_allocate(1, sizeof *k);
    fx_error error;
    k->samples = bench_matrix(folder, "samples.npy");
    check(fx_matrix_create(BENCH_WORDS, k->samples.columns, &k->centers, &error), &error);
    return k;
}

static double run_kmeans(void *state, int thread) {
    (void)thread;
    clustering *k = state;
    fx_kmeans_params params = {.clusters = BENCH_WORDS, .rounds = 10, .seed = 1};
    double inertia;
    fx_error error;
    check(fx_kmeans(&k->samples, &params, NULL, &k->centers, NULL, &inertia, &error), &error);
    snprintf(k->note, sizeof k->note, "inertia %.6g", inertia);
    return 1;
}

static const char *kmeans_note(void *state) {
    return ((clustering *)state)->note;
}

// Decoding of all JPEGs of the folder
// ------------------------------------------------------------------------

enum { JPEGS = 10000 }; // 00000.jpg …, which programs.py wrote

static void *open_decode(const char *folder, int threads) {
    (void)threads;
    return bench_path(folder, "jpegs");
}

static double run_decode(void *state, int thread) {
    (void)thread;
    const char *folder = state;
#pragma omp parallel
    {
        fx_image image = {0};
        fx_error error;
        char name[16];
#pragma omp for schedule(dynamic, 16)
        for (int i = 0; i < JPEGS; i++) {
            snprintf(name, sizeof name, "%05d.jpg", i);
            char *path = bench_path(folder, name);
            check(fx_image_load(path, &image, &error), &error);
            free(path);
        }
        fx_image_destroy(&image);
    }
    return JPEGS;
}

// The matrix-product rate
// ---------------------------------------------------------------------------------

enum { PRODUCT = 2048 };

static void *open_gemm(const char *folder, int threads) {
    (void)folder;
    float *data;
    size_t count = (size_t)threads * 3 * PRODUCT * PRODUCT;
    if (fx__allocate(count, sizeof *data, &data, NULL) != FX_OK) bench_die("out of memory");
    for (size_t i = 0; i < count; i++) data[i] = (float)(i % 17) * 0.125F;
    return data;
}

static double run_gemm(void *state, int thread) {
    const size_t n = PRODUCT;
    float *a = (float *)state + (size_t)thread * 3 * n * n;
    fx__gemm_serial(false, false, n, n, n, 1, a, n, a + n * n, n, 0, a + 2 * n * n, n);
    return 2.0 * PRODUCT * PRODUCT * PRODUCT;
}

static const bench_case cases[] = {
    {"gemm", "FLOP", false, open_gemm, run_gemm, NULL},
    {"hog-32", "images", false, open_hog_small, run_hog_small, NULL},
    {"hog-1024", "pixels", false, open_hog_large, run_hog_large, NULL},
    {"color-1024", "pixels", false, open_color, run_color, NULL},
    {"sift-1024", "descriptors", false, open_sift, run_sift, NULL},
    {"encode", "images", true, open_encode, run_encode, NULL},
    {"kmeans", "runs", true, open_kmeans, run_kmeans, kmeans_note},
    {"decode", "images", true, open_decode, run_decode, NULL},
    {"train-3072", "samples", true, bench_open_train_3072, bench_run_train, NULL},
    {"train-1000", "samples", true, bench_open_train_1000, bench_run_train, NULL},
    {"train-324", "samples", true, bench_open_train_324, bench_run_train, NULL},
};

int main(int argc, char **argv) {
    restart_tuned(argv); // as the programs do
    if (argc == 4 && strcmp(argv[1], "prepare") == 0) {
        bench_prepare(argv[2], argv[3]);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "version") == 0) {
        printf("featx %s, %s\n", fx_version(), fx__product_version());
        return 0;
    }
    return bench_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
