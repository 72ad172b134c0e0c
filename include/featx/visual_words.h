// Bag of visual words: local patches, whitened, coded by a learned vocabulary, pooled on a grid.
//
// Sources: Csurka et al., "Visual categorization with bags of keypoints", 2004; Coates, Lee & Ng,
// "An analysis of single-layer networks in unsupervised feature learning", AISTATS 2011 (contrast
// normalization, whitening, triangle); Coates & Ng, "The importance of encoding versus training
// with sparse coding and vector quantization", ICML 2011 (threshold, both signs).
#ifndef FEATX_VISUAL_WORDS_H
#define FEATX_VISUAL_WORDS_H

#include "featx/image_source.h"
#include "featx/params.h"
#include "featx/progress.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fx_bovw_local {
    FX_BOVW_LOCAL_AUTO, // sift where all images are more than 64 pixels wide and high and patch is
                        // auto, else patch
    FX_BOVW_PATCH,      // patch × patch pixels of all channels, contrast-normalized
    FX_BOVW_SIFT,       // dense SIFT: cells × cells histograms of orientations of 360°
    FX_BOVW_GRAY,       // patch × patch pixels of the gray image, contrast-normalized
    FX_BOVW_HOG,        // a block of cells × cells HoG cells: orientations of 180°, L2-Hys
} fx_bovw_local;

// What weighs the pixels of sift and hog (VLFeat's vl_dsift has the last two).
typedef enum fx_bovw_window {
    FX_BOVW_WINDOW_NONE,     // nothing
    FX_BOVW_WINDOW_FLAT,     // each cell by the mean of the Gaussian over it
    FX_BOVW_WINDOW_GAUSSIAN, // each pixel by a Gaussian around the middle of the patch
} fx_bovw_window;

typedef enum fx_bovw_encoding {
    FX_BOVW_HARD,      // 1 for the nearest word (spherical: the largest |<word, x>|)
    FX_BOVW_TRIANGLE,  // max(0, mean distance - distance to the word)
    FX_BOVW_THRESHOLD, // max(0, z - threshold) and max(0, -z - threshold), z = <word, x>
    FX_BOVW_NEAREST,   // 1 for the nearest share of the words (spherical: as hard)
    FX_BOVW_TFIDF,     // hard, times log(images / images that the word occurs in)
    FX_BOVW_VLAD,      // residuals x - word of the nearest word
    FX_BOVW_FISHER,    // gradients of a Gaussian mixture's log-likelihood
} fx_bovw_encoding;

typedef enum fx_bovw_pool { FX_BOVW_POOL_SUM, FX_BOVW_POOL_MEAN, FX_BOVW_POOL_MAX } fx_bovw_pool;

typedef enum fx_bovw_norm {
    FX_BOVW_NORM_NONE,
    FX_BOVW_NORM_L1,
    FX_BOVW_NORM_L2,
    FX_BOVW_NORM_SQRT // signed square roots of L1, which is the same as those followed by L2
} fx_bovw_norm;

typedef struct fx_bovw_params {
    int words; // size of the vocabulary; 2 … 65536; 0 is auto: 800 from 20,000 images on, else 200;
               // of vlad and fisher 64
    int local;         // fx_bovw_local
    int patch;         // pixels; 2 … 64
    int cells;         // a side, of sift (0 is auto: 4) and hog (2)
    int orientations;  // of sift (0 is auto: 8) and hog (9)
    int window;        // fx_bovw_window, of sift and hog
    float window_size; // deviation of its Gaussian, in cells
    int stride; // pixels between patches; 0 is auto: 1 for images of up to 64 × 64 pixels (the
                // mean over all), else patch / 2
    int scales; // how often the image is described, each time smaller by scale_factor; 1 … 16
    float scale_factor;
    int encoding;    // fx_bovw_encoding
    float threshold; // of `threshold`
    float nearest;   // of `nearest`: share of the words
    int grid;        // grid × grid cells
    int levels;      // of a spatial pyramid: grids of grid, 2 grid, 4 grid … ≤ 64 cells a side
    int pool;        // fx_bovw_pool
    bool intra;      // L2 of each word's part, of vlad and fisher
    int norm;        // fx_bovw_norm, over the whole descriptor
    bool norm_cells; // over each cell instead
    bool whiten;     // ZCA
    float whiten_epsilon; // added to the covariance's eigenvalues, after contrast normalization
    float contrast; // added to a patch's variance on the 0 … 255 scale, of `patch` and `gray`
    bool spherical; // k-means on unit vectors, by the largest absolute product; vlad and fisher: no
    int samples;    // patches that the vocabulary is learned from, a uniform sample of all: memory
                    // is that of these; all patches where there are fewer. 0 is auto: 250 a word,
                    // 1000 of vlad and fisher
    int batch;      // of mini-batch k-means, samples a round; 0: all. Not of fisher
    int rounds;     // of k-means, and of the mixture's EM
} fx_bovw_params;

fx_bovw_params fx_bovw_defaults(void);

// A learned vocabulary with its whitening. Immutable once learned: any number of threads may read.
typedef struct fx_vocabulary fx_vocabulary;

// Learns from random patches of the images. FX_ERROR_DATA: a patch is larger than an image (which
// one, its size), fewer distinct patches than words. Same bytes for any number of threads.
FX_MUST_CHECK fx_status fx_vocabulary_learn(const fx_bovw_params *params,
                                            const fx_image_source *images, int channels,
                                            uint64_t seed, const fx_progress *progress,
                                            fx_vocabulary **out, fx_error *error);
// Vocabulary files are safetensors and hold the parameters. Messages start with the path.
FX_MUST_CHECK fx_status fx_vocabulary_load(const char *path, fx_vocabulary **out, fx_error *error);
FX_MUST_CHECK fx_status fx_vocabulary_save(const fx_vocabulary *vocabulary, const char *path,
                                           fx_error *error);
void fx_vocabulary_destroy(fx_vocabulary *vocabulary);

// The parameters that it was learned with (auto values resolved), the channels it expects.
const fx_bovw_params *fx_vocabulary_params(const fx_vocabulary *vocabulary);
int fx_vocabulary_channels(const fx_vocabulary *vocabulary);

// The cells of all levels times the numbers of a cell: words,
// twice that for threshold, words · d for vlad, 2 · words · d for fisher, d those of a local
// descriptor.
size_t fx_bovw_length(const fx_vocabulary *vocabulary);
// Bytes of scratch for fx_bovw_extract, for any image.
size_t fx_bovw_scratch(const fx_vocabulary *vocabulary);

// out[levels, side, side, numbers of a cell], the coarsest level first: codes pooled over the
// patches of each cell. Patches lie `stride` apart; what the last whole step leaves over is split
// between both borders, ⌊half⌋ before the first. Of n places a side, place p belongs to cell
// ⌊p · side / n⌋, so where there are fewer places than cells some stay 0. Sums are float32: a count
// stops at 2^24 patches of one word in one cell. FX_ERROR_DATA where the
// patch is larger than the image, or its channels differ.
FX_MUST_CHECK fx_status fx_bovw_extract(const fx_vocabulary *vocabulary, const fx_image *image,
                                        float *out, void *scratch, fx_error *error);

#ifdef __cplusplus
}
#endif
#endif
