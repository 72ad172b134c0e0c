// Thumbnails side by side: a row for each image that was searched by, itself first, then what was
// found.
#ifndef FEATX_REPORT_CONTACT_SHEET_H
#define FEATX_REPORT_CONTACT_SHEET_H

#include <stdbool.h>
#include <stddef.h>

#include "featx/image.h"

enum {
    FX__SHEET_TILE = 128, // pixels a side: thumbnails fit into it, centered
    FX__SHEET_GAP = 8,    // around each
};

typedef struct fx_sheet fx_sheet;

// `columns` tiles a row.
FX_MUST_CHECK fx_status fx__sheet_create(size_t columns, fx_sheet **out, fx_error *error);
void fx__sheet_destroy(fx_sheet *sheet);

// A new row, where `first`, or one more tile in the last. The image is shrunk to fit, never
// enlarged; NULL leaves a blank. `name` and `note` stand below it on a page.
FX_MUST_CHECK fx_status fx__sheet_add(fx_sheet *sheet, bool first, const fx_image *image,
                                      const char *name, const char *note, fx_error *error);

// One picture, the first tile of each row on a lighter ground. FX_ERROR_DATA: more than an image
// may have.
FX_MUST_CHECK fx_status fx__sheet_save_png(const fx_sheet *sheet, const char *path,
                                           fx_error *error);
// A self-contained page with names and notes. Both "-" for standard output.
FX_MUST_CHECK fx_status fx__sheet_save_html(const fx_sheet *sheet, const char *title,
                                            const char *path, fx_error *error);
#endif
