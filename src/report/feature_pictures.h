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

// color: below the image, for each level of the pyramid a panel of FX__BARS_WIDTH × FX__BARS_HEIGHT
// pixels, cut into the level's cells; in each a bar for each bin, in the color of the bin's center
// and as high as its number (the level's largest: all of the cell but 2 pixels). Where there are
// more bins than half the cell's width in pixels, those with the largest numbers.
enum { FX__BARS_WIDTH = 768, FX__BARS_HEIGHT = 256, FX__BARS_IMAGE = 256, FX__BARS_GROUND = 48 };
FX_MUST_CHECK fx_status fx__picture_color(const fx_color_params *params, const fx_image *image,
                                          fx_image *out, fx_error *error);

// bovw: on the darkened image a mark at each patch whose nearest word is one of the FX__WORDS most
// frequent here, in the word's color; beside it, word after word, its color, the mean of the
// patches that it is the nearest word of, and a bar as long as there are many.
enum { FX__WORDS = 8, FX__WORDS_IMAGE = 512, FX__WORDS_ROW = 64 };
extern const uint8_t fx__word_colors[FX__WORDS][3];
FX_MUST_CHECK fx_status fx__picture_words(const fx_vocabulary *vocabulary, const fx_image *image,
                                          fx_image *out, fx_error *error);
#endif
