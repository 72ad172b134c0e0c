// Compiled without fused multiply-add: dx² + dy² and dy² + dx² must be equals, or of two channels
// with the same gradient, mirrored, the wrong one would win.
#include "features/hog_gradient.h"

#include "features/hog_columns.h"
#include "src/base/kernel.h"

#define INLINE static inline __attribute__((always_inline))

INLINE void one_channel(const float *row, ptrdiff_t pitch, float *restrict dx, float *restrict dy) {
    for (ptrdiff_t k = 0; k < FX__HOG_LANES; k++) {
        dx[k] = row[k + 1] - row[k - 1];
        dy[k] = row[k + pitch] - row[k - pitch];
    }
}

INLINE void three_channels(const float *r, size_t plane, ptrdiff_t pitch, float *restrict dx,
                           float *restrict dy) {
    const float *g = r + plane, *b = g + plane;
    for (ptrdiff_t k = 0; k < FX__HOG_LANES; k++) {
        float x0 = r[k + 1] - r[k - 1], y0 = r[k + pitch] - r[k - pitch];
        float x1 = g[k + 1] - g[k - 1], y1 = g[k + pitch] - g[k - pitch];
        float x2 = b[k + 1] - b[k - 1], y2 = b[k + pitch] - b[k - pitch];
        float square = x0 * x0 + y0 * y0, other = x1 * x1 + y1 * y1;
        x0 = other > square ? x1 : x0;
        y0 = other > square ? y1 : y0;
        square = other > square ? other : square;
        other = x2 * x2 + y2 * y2;
        dx[k] = other > square ? x2 : x0;
        dy[k] = other > square ? y2 : y0;
    }
}

FX__KERNEL void fx__hog_gradient_floats(const fx__hog_rows *rows, bool rgb, const float *first,
                                        float *dx, float *dy) {
    const ptrdiff_t pitch = (ptrdiff_t)rows->pitch;
    for (size_t k = 0; k < rows->count; k++, first += rows->pitch)
        for (size_t i = 0; i < rows->n;
             i += FX__HOG_LANES, dx += FX__HOG_LANES, dy += FX__HOG_LANES)
            if (rgb)
                three_channels(first + i, rows->plane, pitch, dx, dy);
            else
                one_channel(first + i, pitch, dx, dy);
}
