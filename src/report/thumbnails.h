// Test images that the arms got wrong, small, each once in one picture.
#ifndef FEATX_REPORT_THUMBNAILS_H
#define FEATX_REPORT_THUMBNAILS_H

#include "src/report/page.h"

enum {
    FX_CELL_CLASSES = 30, // with more classes no images are picked for single cells
    FX_CELL_IMAGES = 6,   // at most, of a cell of a confusion matrix
    FX_WORST_IMAGES = 8   // of an arm
};

// Of the first seed's results. A sample is a place in fx_result's test arrays, plus 1; 0: none.
typedef struct fx_thumbnails {
    uint32_t *worst;  // [arms, FX_WORST_IMAGES], by falling confidence
    uint32_t *cells;  // [arms, classes, classes, FX_CELL_IMAGES], or NULL
    uint32_t *slots;  // [test images]: place in the sheet plus 1, or 0
    uint32_t *images; // [count]: which test image has a place
    size_t count;
    int side; // of an image in the sheet, pixels
    fx_image sheet;
} fx_thumbnails;

// Picks and draws. What test images cannot be read is an error.
FX_MUST_CHECK fx_status fx__thumbnails_create(const fx_comparison *comparison, fx_thumbnails *out,
                                              fx_error *error);
void fx__thumbnails_destroy(fx_thumbnails *thumbnails);

// The rule that brings the sheet into a style sheet.
FX_MUST_CHECK fx_status fx__thumbnails_style(const fx_thumbnails *thumbnails, fx_text *out,
                                             fx_error *error);
// A list item: the image of a sample of an arm, its true class where `with_classes` (its predicted
// one too), and how sure the model was.
void fx__put_thumbnail(fx_page *page, size_t arm, uint32_t sample, bool with_classes);
#endif
