// The color that a bin stands for: its center, back to sRGB, with what the screen cannot show
// clipped. A channel that a marginal histogram does not know gets the value that shows the other
// best: no color beside lightness, full saturation beside hue.
#include <math.h>

#include "features/color_space.h"

static uint8_t byte_of(double value) {
    return (uint8_t)lrint(fmin(255, fmax(0, value)));
}

static void from_hsv(double hue, double saturation, double value, double rgb[3]) {
    for (int c = 0; c < 3; c++) {
        // How far the channel is below the value: 0 … 1, by the hue's sixth.
        double k = fmod(5 - 2 * c + hue / 60, 6);
        rgb[c] = 255 * value * (1 - saturation * fmax(0, fmin(fmin(k, 4 - k), 1)));
    }
}

static double cube_of(double f) {
    return f > 6.0 / 29 ? f * f * f : (116 * f - 16) * 27 / 24389;
}

static double gamma_of(double linear) {
    return 255 * (linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1 / 2.4) - 0.055);
}

static void from_lab(double l, double a, double b, double rgb[3]) {
    double y = (l + 16) / 116;
    double t[3] = {cube_of(y + a / 500) * 0.950456, cube_of(y), cube_of(y - b / 200) * 1.088754};
    rgb[0] = gamma_of(3.240479 * t[0] - 1.537150 * t[1] - 0.498535 * t[2]);
    rgb[1] = gamma_of(-0.969256 * t[0] + 1.875992 * t[1] + 0.041556 * t[2]);
    rgb[2] = gamma_of(0.055648 * t[0] - 0.204043 * t[1] + 1.057311 * t[2]);
}

void fx__color_center(const fx_color_axes *axes, const int bin[3], uint8_t out[3]) {
    static const double neutral[][3] = {
        [FX_COLOR_GRAY] = {0},
        [FX_COLOR_RGB] = {0},
        [FX_COLOR_RG] = {100 / 3.0, 100 / 3.0},
        [FX_COLOR_OPPONENT] = {0, 0, 382.5},
        [FX_COLOR_HSV] = {0, 100, 100},
        [FX_COLOR_LAB] = {65, 0, 0},
    };
    double v[3], rgb[3] = {0}, sum;
    for (int c = 0; c < 3; c++) {
        double width = (double)(axes->high[c] - axes->low[c]) / axes->bins[c];
        v[c] = bin[c] < 0 ? neutral[axes->space][c] : axes->low[c] + (bin[c] + 0.5) * width;
    }
    switch (axes->space) {
    case FX_COLOR_GRAY:
        rgb[0] = rgb[1] = rgb[2] = v[0];
        break;
    case FX_COLOR_RGB:
        rgb[0] = v[0], rgb[1] = v[1], rgb[2] = v[2];
        break;
    case FX_COLOR_RG:
        rgb[0] = v[0], rgb[1] = v[1], rgb[2] = fmax(0, 100 - v[0] - v[1]);
        sum = fmax(rgb[0], fmax(rgb[1], rgb[2])); // as bright as can be
        for (int c = 0; c < 3; c++) rgb[c] *= 255 / sum;
        break;
    case FX_COLOR_OPPONENT:
        rgb[2] = (v[2] - v[1]) / 3;
        sum = v[2] - rgb[2];
        rgb[0] = (sum + v[0]) / 2;
        rgb[1] = (sum - v[0]) / 2;
        break;
    case FX_COLOR_HSV:
        from_hsv(v[0], bin[0] < 0 && bin[1] < 0 ? 0 : v[1] / 100, v[2] / 100, rgb);
        break;
    case FX_COLOR_LAB:
        from_lab(v[0], v[1], v[2], rgb);
        break;
    }
    for (int c = 0; c < 3; c++) out[c] = byte_of(rgb[c]);
}
