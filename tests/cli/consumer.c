// A program of somebody else's: it knows nothing but the installed headers and library. Valid as C
// and as C++.
#include <featx/featx.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
    fx_error error;
    fx_image image;
    memset(&image, 0, sizeof image);
    if (fx_image_reserve(&image, 32, 32, 1, &error) != FX_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    for (int i = 0; i < 32 * 32; i++) image.pixels[i] = (uint8_t)(i % 32 * 8);

    fx_hog_params hog = fx_hog_defaults();
    size_t length = fx_hog_length(&hog, image.width, image.height);
    float *descriptor = (float *)malloc(length * sizeof *descriptor);
    void *scratch = malloc(fx_hog_scratch(&hog, image.width, image.height));
    fx_status status = FX_ERROR_MEMORY;
    if (descriptor && scratch) status = fx_hog_extract(&hog, &image, descriptor, scratch, &error);
    if (status == FX_OK) printf("%s %zu\n", fx_version(), length);
    free(scratch);
    free(descriptor);
    fx_image_destroy(&image);
    return status == FX_OK && strcmp(fx_version(), FX_VERSION) == 0 ? 0 : 1;
}
