// The pictures and numbers that every implementation is measured on, as files of a folder.
#ifndef FEATX_BENCH_DATA_H
#define FEATX_BENCH_DATA_H

#include "featx/image_source.h"
#include "featx/matrix.h"

enum {
    BENCH_SIDE = 32,    // pixels of a small image
    BENCH_SMALL = 2000, // small images in small.ppm, one below the other
    BENCH_WIDTH = 1024, // large.ppm, large.pgm: a mosaic of small images
    BENCH_HEIGHT = 768,
    BENCH_SAMPLES = 400000, // samples.npy: contrast-normalized patches
    BENCH_PATCH = 6,
    BENCH_WORDS = 1600,
};

// Writes the files from the images of a data set of 32 × 32 RGB.
void bench_prepare(const char *folder, const char *dataset);

// A file of the folder, or the end.
fx_image bench_image(const char *folder, const char *name);
fx_matrix bench_matrix(const char *folder, const char *name);
// "FOLDER/NAME". Free with free().
char *bench_path(const char *folder, const char *name);

// The small images. Lives as long as the program.
fx_image_source bench_small(const char *folder);
// Image i of them, lent.
fx_image bench_small_at(const fx_image_source *small, size_t index);
#endif
