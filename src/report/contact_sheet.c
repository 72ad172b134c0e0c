// A contact sheet as a picture or as a page.
#include "src/report/contact_sheet.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/image/image_file.h"
#include "src/report/page.h"

enum { GROUND = 24, FIRST_GROUND = 96, STEP = FX__SHEET_TILE + FX__SHEET_GAP };

typedef struct tile {
    fx_image image; // width 0: a blank
    char *name, *note;
    bool first;
} tile;

struct fx_sheet {
    size_t columns, rows, count, capacity;
    tile *tiles;
};

fx_status fx__sheet_create(size_t columns, fx_sheet **out, fx_error *error) {
    FX__TRY(fx__allocate(1, sizeof **out, out, error));
    (*out)->columns = columns;
    return FX_OK;
}

void fx__sheet_destroy(fx_sheet *sheet) {
    if (!sheet) return;
    for (size_t i = 0; i < sheet->count; i++) {
        fx_image_destroy(&sheet->tiles[i].image);
        free(sheet->tiles[i].name);
        free(sheet->tiles[i].note);
    }
    free(sheet->tiles);
    free(sheet);
}

// In color, so that pixels are copied to the sheet as they are.
static fx_status shrink(const fx_image *image, fx_image *out, fx_error *error) {
    int larger = image->width > image->height ? image->width : image->height;
    int width = image->width, height = image->height;
    if (larger > FX__SHEET_TILE) {
        width = (int)((int64_t)width * FX__SHEET_TILE / larger);
        height = (int)((int64_t)height * FX__SHEET_TILE / larger);
    }
    fx_image small = {0};
    fx_status status =
        fx_image_resize(image, width > 0 ? width : 1, height > 0 ? height : 1, &small, error);
    if (status == FX_OK) status = fx_image_convert(&small, 3, out, error);
    fx_image_destroy(&small);
    return status;
}

fx_status fx__sheet_add(fx_sheet *sheet, bool first, const fx_image *image, const char *name,
                        const char *note, fx_error *error) {
    FX__TRY(
        fx__grow(&sheet->tiles, &sheet->capacity, sheet->count + 1, sizeof *sheet->tiles, error));
    tile *added = &sheet->tiles[sheet->count++];
    *added = (tile){.first = first};
    sheet->rows += first;
    FX__TRY(fx__duplicate(name, &added->name, error));
    FX__TRY(fx__duplicate(note, &added->note, error));
    return image ? shrink(image, &added->image, error) : FX_OK;
}

static void fill(fx_image *sheet, size_t left, size_t top, size_t width, size_t height, int shade) {
    for (size_t y = top; y < top + height; y++)
        memset(sheet->pixels + (y * (size_t)sheet->width + left) * 3, shade, width * 3);
}

static void draw_tile(const tile *t, size_t column, size_t row, fx_image *sheet) {
    size_t left = FX__SHEET_GAP + column * STEP, top = FX__SHEET_GAP + row * STEP;
    if (t->first)
        fill(sheet, left - FX__SHEET_GAP / 2, top - FX__SHEET_GAP / 2, STEP, STEP, FIRST_GROUND);
    size_t width = (size_t)t->image.width, height = (size_t)t->image.height;
    left += (FX__SHEET_TILE - width) / 2;
    top += (FX__SHEET_TILE - height) / 2;
    for (size_t y = 0; y < height; y++)
        memcpy(sheet->pixels + ((top + y) * (size_t)sheet->width + left) * 3,
               t->image.pixels + y * width * 3, width * 3);
}

static fx_status draw(const fx_sheet *sheet, fx_image *out, fx_error *error) {
    size_t width = sheet->columns * STEP + FX__SHEET_GAP,
           height = sheet->rows * STEP + FX__SHEET_GAP;
    if (width * height > FX_IMAGE_MAX_PIXELS)
        return fx_error_set(error, FX_ERROR_DATA,
                            "a sheet of %zu × %zu thumbnails is too large for a PNG", sheet->rows,
                            sheet->columns);
    FX__TRY(fx_image_reserve(out, (int)width, (int)height, 3, error));
    fill(out, 0, 0, width, height, GROUND);
    size_t row = 0, column = 0;
    for (size_t i = 0; i < sheet->count; i++, column++) {
        if (sheet->tiles[i].first && i > 0) row++;
        if (sheet->tiles[i].first) column = 0;
        draw_tile(&sheet->tiles[i], column, row, out);
    }
    return FX_OK;
}

fx_status fx__sheet_save_png(const fx_sheet *sheet, const char *path, fx_error *error) {
    fx_image image = {0};
    fx_status status = draw(sheet, &image, error);
    if (status == FX_OK) status = fx_image_save_png(path, &image, error);
    fx_image_destroy(&image);
    return status;
}

fx_status fx__sheet_save_html(const fx_sheet *sheet, const char *title, const char *path,
                              fx_error *error) {
    fx_text text = {0};
    fx_page page = {.out = &text, .error = error};
    fx__page_begin(&page, title);
    fx__put(&page, "<h1>");
    fx__put_name(&page, title);
    fx__put(&page, "</h1>\n");
    for (size_t i = 0; i < sheet->count; i++) {
        const tile *t = &sheet->tiles[i];
        if (t->first) fx__put(&page, "%s<h2>", i ? "</ul>\n" : "");
        if (t->first) fx__put_name(&page, t->name);
        if (t->first) fx__put(&page, "</h2>\n<ul class=\"tiles\">\n");
        const char *base = strrchr(t->name, '/'); // the whole path would fill the tile
        fx__put(&page, "<li title=\"");
        fx__put_text(&page, t->name);
        fx__put(&page, "\">");
        if (t->image.width > 0)
            fx__put_picture(&page, &t->image, 1, t->first ? "What was searched by" : "Found");
        fx__put(&page, "<br>");
        fx__put_name(&page, t->first ? "searched by" : base ? base + 1 : t->name);
        fx__put(&page, "<br>");
        fx__put_text(&page, t->note);
        fx__put(&page, "</li>\n");
    }
    fx__put(&page, "%s", sheet->count ? "</ul>\n" : "");
    fx__page_end(&page);
    fx_status status = page.status;
    if (status == FX_OK) status = fx__file_write(path, text.data, text.length, error);
    fx__text_destroy(&text);
    return status;
}
