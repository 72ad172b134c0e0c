// Raw pixels: each value, in order.
#include <criterion/criterion.h>
#include <stdlib.h>

#include "featx/raw_pixels.h"
#include "tests/support/pixels.h"

Test(raw, every_value_correctly_rounded) {
    fx_image image = pixels_blank(256, 1, 1);
    float out[256];
    for (int v = 0; v < 256; v++) image.pixels[v] = (uint8_t)v;
    fx_raw_pixels_extract(&image, out);
    for (int v = 0; v < 256; v++) cr_assert(out[v] == (float)((double)v / 255));
    cr_assert(out[0] == 0 && out[255] == 1);
    fx_image_destroy(&image);
}

Test(raw, order_at_every_size) {
    for (int width = 1; width <= 33; width++)
        for (int channels = 1; channels <= 3; channels += 2) {
            int height = 1 + width % 5;
            fx_image image = pixels_random(width, height, channels, (uint64_t)width);
            size_t length = fx_raw_pixels_length(width, height, channels);
            cr_assert_eq(length, image.capacity);
            float *out = malloc(sizeof *out * length);
            fx_raw_pixels_extract(&image, out);
            for (size_t i = 0; i < length; i++)
                cr_assert(out[i] == (float)image.pixels[i] / 255.0f);
            free(out);
            fx_image_destroy(&image);
        }
}
