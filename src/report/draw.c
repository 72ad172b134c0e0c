// Drawing into RGB images.
#include "src/report/draw.h"

#include <math.h>
#include <string.h>

#include "src/base/memory.h"

fx_status fx__draw_begin(int width, int height, uint8_t shade, fx_image *out, fx_error *error) {
    FX__TRY(fx_image_reserve(out, width, height, 3, error));
    memset(out->pixels, shade, (size_t)width * (size_t)height * 3);
    return FX_OK;
}

static uint8_t *pixel_at(fx_image *image, int x, int y) {
    if (x < 0 || y < 0 || x >= image->width || y >= image->height) return NULL;
    return image->pixels + ((size_t)y * (size_t)image->width + (size_t)x) * 3;
}

void fx__draw_rectangle(fx_image *image, int left, int top, int width, int height,
                        const uint8_t rgb[3]) {
    for (int y = top; y < top + height; y++)
        for (int x = left; x < left + width; x++) {
            uint8_t *pixel = pixel_at(image, x, y);
            if (pixel) memcpy(pixel, rgb, 3);
        }
}

void fx__draw_line(fx_image *image, double x0, double y0, double x1, double y1, uint8_t shade) {
    int steps = (int)ceil(fmax(fabs(x1 - x0), fabs(y1 - y0)));
    for (int i = 0; i <= steps; i++) {
        double t = steps > 0 ? (double)i / steps : 0;
        uint8_t *pixel =
            pixel_at(image, (int)floor(x0 + t * (x1 - x0)), (int)floor(y0 + t * (y1 - y0)));
        for (int c = 0; c < 3 && pixel; c++)
            if (pixel[c] < shade) pixel[c] = shade;
    }
}

void fx__draw_image(fx_image *image, int left, int top, const fx_image *other, int zoom,
                    double light) {
    for (int y = 0; y < other->height; y++)
        for (int x = 0; x < other->width; x++) {
            const uint8_t *from = other->pixels + ((size_t)y * (size_t)other->width + (size_t)x) *
                                                      (size_t)other->channels;
            uint8_t rgb[3];
            for (int c = 0; c < 3; c++)
                rgb[c] = (uint8_t)lrint(light * from[other->channels == 3 ? c : 0]);
            fx__draw_rectangle(image, left + x * zoom, top + y * zoom, zoom, zoom, rgb);
        }
}
