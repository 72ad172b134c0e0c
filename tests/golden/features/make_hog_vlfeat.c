// Writes what VLFeat's vl_hog computes to standard output:
//
//   cc make_hog_vlfeat.c -lvl -lm && ./a.out > hog_vlfeat.h
//
// Each image once, on a fresh object. VLFeat's numbers lie in planes, [dimension, y, x]; they are
// written [y, x, dimension]. Pixels are in [0, 1), divided by 256 and not, as im2single does, by
// 255: gradients are exact then. Otherwise the choice between two channels whose gradients are of
// equal length would follow the rounding of pixels. The 0.4 % matter only to the ε of norms, 1e-4
// beside squares of 1 and more.
#include <stdio.h>
#include <stdlib.h>
#include <vl/generic.h>
#include <vl/hog.h>

// The formula of make_hog_golden.py.
static int pixel(int x, int y, int channel, int kind) {
    int v = kind == 0 ? 3 * x * x + 5 * y * y + 7 * x * y + 61 * channel + ((13 * x) ^ (29 * y))
                      : 5 * x + 3 * y + 20 * channel + x * y / 4;
    return v & 255;
}

// preset (3: Dalal-Triggs, 4: UoCTTI), width, height, channels, kind, orientations, cell, bilinear
static const int CASES[][8] = {
    {3, 32, 32, 3, 0, 9, 8, 0}, {4, 32, 32, 3, 0, 9, 8, 0},  {3, 37, 28, 1, 1, 9, 8, 0},
    {4, 37, 28, 1, 1, 9, 8, 0}, {3, 21, 26, 3, 0, 12, 5, 0}, {4, 26, 21, 3, 0, 8, 6, 0},
    {3, 6, 7, 1, 0, 4, 8, 0},   {4, 19, 12, 1, 0, 9, 3, 0},  {4, 24, 20, 3, 0, 9, 8, 1},
    {3, 28, 24, 3, 1, 7, 8, 1},
};

int main(void) {
    size_t cases = sizeof CASES / sizeof *CASES, begin = 0;
    float *numbers = NULL;
    printf("// Made by make_hog_vlfeat.c. VLFeat %s.\n// clang-format off\n",
           vl_get_version_string());
    printf("static const hog_case VLFEAT_CASES[] = {\n");
    for (size_t i = 0; i < cases; i++) {
        const int *c = CASES[i];
        int w = c[1], h = c[2], channels = c[3];
        float *image = malloc(sizeof *image * (size_t)(w * h * channels));
        for (int k = 0; k < channels; k++)
            for (int y = 0; y < h; y++)
                for (int x = 0; x < w; x++)
                    image[(k * h + y) * w + x] = (float)pixel(x, y, k, c[4]) / 256;
        VlHog *hog = vl_hog_new(c[0] == 4 ? VlHogVariantUoctti : VlHogVariantDalalTriggs,
                                (vl_size)c[5], VL_FALSE);
        vl_hog_set_use_bilinear_orientation_assignments(hog, c[7]);
        vl_hog_put_image(hog, image, (vl_size)w, (vl_size)h, (vl_size)channels, (vl_size)c[6]);
        size_t cells = vl_hog_get_width(hog) * vl_hog_get_height(hog);
        size_t dimension = vl_hog_get_dimension(hog), count = cells * dimension;
        float *planes = malloc(sizeof *planes * count);
        vl_hog_extract(hog, planes);
        numbers = realloc(numbers, sizeof *numbers * (begin + count));
        for (size_t k = 0; k < cells; k++)
            for (size_t d = 0; d < dimension; d++)
                numbers[begin + k * dimension + d] = planes[d * cells + k];
        printf("    {%d, %d, %d, %d, %d, %d, %d, 2, 1, 4, 0, 0, %d, %zu, %zu},\n", c[0], w, h,
               channels, c[4], c[5], c[6], c[7] ? 1 : 3, begin, count);
        begin += count;
        vl_hog_delete(hog);
        free(planes);
        free(image);
    }
    printf("};\nstatic const float VLFEAT_NUMBERS[] = {\n");
    for (size_t i = 0; i < begin; i++)
        printf("%s%.8g%s,%s", i % 10 ? " " : "    ", (double)numbers[i],
               numbers[i] == (float)(int)numbers[i] ? "" : "f",
               i % 10 == 9 || i + 1 == begin ? "\n" : "");
    printf("};\n");
    free(numbers);
    return 0;
}
