// What each descriptor sees of an image, as a picture. The image has the size at which it is
// described.
#ifndef FEATX_REPORT_FEATURE_PICTURES_H
#define FEATX_REPORT_FEATURE_PICTURES_H

#include "featx/color_histogram.h"
#include "featx/hog.h"
#include "featx/visual_words.h"

// raw: the pixels, enlarged to at least 256 a side where that is a whole factor.
FX_MUST_CHECK fx_status fx__picture_raw(const fx_image *image, fx_image *out, fx_error *error);

// hog: over the darkened image a stroke for each bin of each cell's own histogram, along the edge
// (across the gradient), of brightness 255 √(bin / largest of the image). Cells are
// at least FX__GLYPH pixels. FX_ERROR_DATA: smaller than one cell.
enum { FX__GLYPH = 16 };
FX_MUST_CHECK fx_status fx__picture_hog(const fx_hog_params *params, const fx_image *image,
                                        fx_image *out, fx_error *error);

// Cells of histograms of orientations as glyphs.
typedef struct fx_glyphs {
    int columns, rows, orientations;
    bool whole_turn; // orientations over 360°, else 180°
    bool centered;   // the first one on 0°, else it begins there
} fx_glyphs;

// Strokes of bins[rows, columns, orientations] along the edges, `cell` pixels a cell, of brightness
// 255 √(bin / largest); none where a bin is not positive.
void fx__draw_glyphs(const fx_glyphs *glyphs, const float *bins, double largest, int left, int top,
                     int cell, fx_image *out);

// color: below the image, for each level of the pyramid a panel of FX__BARS_WIDTH × FX__BARS_HEIGHT
// pixels, cut into the level's cells; in each a bar for each bin, in the color of the bin's center
// and as high as its number (the level's largest: all of the cell but 2 pixels). Where there are
// more bins than half the cell's width in pixels, those with the largest numbers.
enum { FX__BARS_WIDTH = 768, FX__BARS_HEIGHT = 256, FX__BARS_IMAGE = 256, FX__BARS_GROUND = 48 };
FX_MUST_CHECK fx_status fx__picture_color(const fx_color_params *params, const fx_image *image,
                                          fx_image *out, fx_error *error);

// The FX__SPEAKING bins of a cell with the largest positive values, in falling order, as bars that
// rise from the middle, then those with the largest negative ones as bars that hang from it; each
// in the color of the bin's center, framed. values[bins of a cell].
enum { FX__SPEAKING = 8, FX__SPEAKING_WIDTH = 12, FX__SPEAKING_HEIGHT = 64 };
FX_MUST_CHECK fx_status fx__picture_speaking_colors(const fx_color_params *params,
                                                    const float *values, fx_image *out,
                                                    fx_error *error);

// bovw: on the darkened image a mark at each patch whose nearest word is one of the FX__WORDS most
// frequent here, in the word's color; beside it, word after word, its color, the mean of the
// patches that it is the nearest word of, and a bar as long as there are many.
enum { FX__WORDS = 8, FX__WORDS_IMAGE = 512, FX__WORDS_ROW = 64 };
extern const uint8_t fx__word_colors[FX__WORDS][3];
FX_MUST_CHECK fx_status fx__picture_words(const fx_vocabulary *vocabulary, const fx_image *image,
                                          fx_image *out, fx_error *error);
#endif
