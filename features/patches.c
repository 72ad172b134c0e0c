// Patches of pixels: x = (p - μ) / √(σ² + contrast) with μ and σ² the mean and variance of all
// patch · patch · channels values p of the patch.
//
// Neighboring patches share pixels, so the pixels of a rectangle of patches are converted to float
// once, and the sums of p and p² of a row of patches are differences of running sums of column
// sums. These are integers: μ and σ² do not depend on which rectangle a patch was taken in.
//
// Departure from the paper: σ² divides by the number of values, not by one less.
#include "features/patches.h"

#include <math.h>
#include <stdint.h>

#include "src/base/kernel.h"

enum { LANES = 16 };

static size_t padded(size_t count) {
    return (count + LANES - 1) / LANES * LANES;
}

// Scratch: pixels[span, padded(span · channels)] as float, then two lines of running sums.
size_t fx__patches_scratch(int span, int channels) {
    size_t line = padded((size_t)span * (size_t)channels) + LANES;
    return (size_t)span * line + 2 * line;
}

// One line of bytes as floats.
FX__KERNEL static void convert(const uint8_t *restrict in, size_t count, float *restrict out) {
    for (size_t i = 0; i < count; i++) out[i] = in[i];
}

// sum[i] = Σ p and square[i] = Σ p² over `rows` lines at byte i.
FX__KERNEL static void column_sums(const uint8_t *restrict in, size_t line, int rows, size_t count,
                                   uint32_t *restrict sum, uint32_t *restrict square) {
    for (size_t i = 0; i < count; i++) sum[i] = square[i] = 0;
    for (int y = 0; y < rows; y++, in += line) {
        for (size_t i = 0; i < count; i++) {
            uint32_t p = in[i];
            sum[i] += p;
            square[i] += p * p;
        }
    }
}

// sum[i] = Σ_{j<i} of what it was, modulo 2³²: differences of a patch's width stay below that.
static void running_sums(uint32_t *sum, size_t count) {
    uint32_t total = 0;
    for (size_t i = 0; i <= count; i++) {
        uint32_t value = sum[i];
        sum[i] = total;
        total += value;
    }
}

// `rows` runs of `run` floats, scaled. Whole vectors are written: what lies beyond a run is
// overwritten by the next run, patch, or left in the slack.
FX__KERNEL static void normalize(const float *restrict in, size_t line, int rows, size_t run,
                                 float mean, float scale, float *restrict out) {
    for (int y = 0; y < rows; y++, in += line, out += run)
        for (size_t i = 0; i < run; i += LANES)
            for (size_t lane = 0; lane < LANES; lane++)
                out[i + lane] = (in[i + lane] - mean) * scale;
}

void fx__patches_extract(const fx_image *image, const fx_positions *positions, int patch,
                         float contrast, float *scratch, float *out) {
    size_t channels = (size_t)image->channels, run = (size_t)patch * channels;
    size_t step = (size_t)positions->stride * channels;
    size_t span = (size_t)(positions->columns - 1) * step + run;
    int height = (positions->rows - 1) * positions->stride + patch;
    size_t line = padded(span) + LANES, bytes = (size_t)image->width * channels;
    size_t count = run * (size_t)patch;
    float *pixels = scratch;
    uint32_t *sum = (uint32_t *)(scratch + (size_t)height * line), *square = sum + line;
    const uint8_t *corner =
        image->pixels + (size_t)positions->y * bytes + (size_t)positions->x * channels;

    for (int y = 0; y < height; y++)
        convert(corner + (size_t)y * bytes, span, pixels + (size_t)y * line);
    for (int row = 0; row < positions->rows; row++) {
        size_t y = (size_t)row * (size_t)positions->stride;
        column_sums(corner + y * bytes, bytes, patch, span, sum, square);
        running_sums(sum, span);
        running_sums(square, span);
        for (int column = 0; column < positions->columns; column++, out += count) {
            size_t x = (size_t)column * step;
            uint64_t s = sum[x + run] - sum[x], q = square[x + run] - square[x];
            float mean = (float)((double)s / (double)count);
            double variance =
                (double)(q * count - s * s) / ((double)count * (double)count) + contrast;
            float scale = variance > 0 ? (float)(1 / sqrt(variance)) : 0;
            normalize(pixels + y * line + x, line, patch, run, mean, scale, out);
        }
    }
}
