// Drawing into RGB images. What lies outside is cut off.
#ifndef FEATX_REPORT_DRAW_H
#define FEATX_REPORT_DRAW_H

#include "featx/image.h"

// A picture of one shade.
FX_MUST_CHECK fx_status fx__draw_begin(int width, int height, uint8_t shade, fx_image *out,
                                       fx_error *error);
void fx__draw_rectangle(fx_image *image, int left, int top, int width, int height,
                        const uint8_t rgb[3]);
// One pixel wide, in gray; a pixel keeps what it has where that is brighter.
void fx__draw_line(fx_image *image, double x0, double y0, double x1, double y1, uint8_t shade);
// Another image (1 or 3 channels), each of its pixels `zoom` × `zoom` and times `light` ≤ 1.
void fx__draw_image(fx_image *image, int left, int top, const fx_image *other, int zoom,
                    double light);
#endif
