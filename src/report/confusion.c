// Confusion matrices: a table where its numbers can be read, whose cells open the images confused;
// a picture where the classes are many; and in both cases the pairs that are confused most,
// precision and recall of each class, and the mistakes that the arm was surest of.
//
// Opening needs no script: a cell links to its images, which the style sheet hides unless they are
// the target.
#include <stdlib.h>

#include "src/base/memory.h"
#include "src/report/parts.h"
#include "src/report/summary.h"
#include "src/report/thumbnails.h"

enum { TABLE_CLASSES = FX_CELL_CLASSES, WORST = 6, PICTURE_SIDE = 480 };

// Sum over the seeds: counts[classes, classes], and the sums of its rows.
typedef struct {
    size_t arm, classes;
    uint64_t *counts, *rows;
} confusion;

static double share(const confusion *c, size_t i) {
    uint64_t row = c->rows[i / c->classes];
    return row ? (double)c->counts[i] / (double)row : 0;
}

static fx_status confusion_create(const fx_page *page, size_t arm, confusion *out) {
    fx_arm_summary summary = fx__arm_summary(page->comparison, arm);
    size_t classes = (size_t)page->comparison->classes;
    *out = (confusion){.arm = arm, .classes = classes};
    FX__TRY(fx__allocate(classes * classes, sizeof *out->counts, &out->counts, page->error));
    FX__TRY(fx__allocate(classes, sizeof *out->rows, &out->rows, page->error));
    for (size_t s = 0; s < summary.seeds; s++)
        for (size_t i = 0; i < classes * classes; i++) {
            out->counts[i] += summary.results[s].confusion[i];
            out->rows[i / classes] += summary.results[s].confusion[i];
        }
    return FX_OK;
}

// The images of a cell, or NULL where none were picked.
static const uint32_t *cell_images(const fx_page *page, const confusion *c, size_t cell) {
    if (!page->thumbnails || !page->thumbnails->cells) return NULL;
    const uint32_t *images =
        page->thumbnails->cells + (c->arm * c->classes * c->classes + cell) * FX_CELL_IMAGES;
    return images[0] ? images : NULL;
}

static void put_cell(fx_page *page, const confusion *c, size_t cell) {
    if (c->counts[cell] == 0)
        fx__put(page, "<td class=\"z\">");
    else
        fx__put(page, "<td class=\"%c\" style=\"--v:%.2f\">",
                cell % c->classes == cell / c->classes ? 'y' : 'x', share(c, cell));
    bool opens = cell_images(page, c, cell);
    if (opens) fx__put(page, "<a href=\"#c%zu-%zu\">", c->arm, cell);
    fx__put_count(page, c->counts[cell]);
    fx__put(page, opens ? "</a></td>" : "</td>");
}

// What the cells open.
static void put_confused_images(fx_page *page, const confusion *c) {
    char *const *names = page->comparison->class_names;
    for (size_t cell = 0; cell < c->classes * c->classes; cell++) {
        const uint32_t *images = cell_images(page, c, cell);
        if (!images) continue;
        fx__put(page, "<div class=\"confused\" id=\"c%zu-%zu\"><p>", c->arm, cell);
        fx__put_name(page, names[cell / c->classes]);
        fx__put(page, " taken for ");
        fx__put_name(page, names[cell % c->classes]);
        fx__put(page,
                ", and how sure of it (<a href=\"#c%zu\">close</a>)</p>\n<ul class=\"tiles\">\n",
                c->arm);
        for (int i = 0; i < FX_CELL_IMAGES && images[i]; i++)
            fx__put_thumbnail(page, c->arm, images[i], false);
        fx__put(page, "</ul></div>\n");
    }
}

static void put_table(fx_page *page, const confusion *c) {
    char *const *names = page->comparison->class_names;
    fx__put_scroll_begin(page, "Confusion matrix");
    fx__put(page, "<table class=\"confusion\">\n<thead><tr><td></td>");
    for (size_t i = 0; i < c->classes; i++) {
        fx__put(page, "<th scope=\"col\">");
        fx__put_name(page, names[i]);
        fx__put(page, "</th>");
    }
    fx__put(page, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < c->classes * c->classes; i++) {
        size_t row = i / c->classes, column = i % c->classes;
        if (column == 0) {
            fx__put(page, "<tr><th scope=\"row\">");
            fx__put_name(page, names[row]);
            fx__put(page, "</th>");
        }
        put_cell(page, c, i);
        if (column + 1 == c->classes) fx__put(page, "</tr>\n");
    }
    fx__put(page, "</tbody></table>\n");
    fx__put_scroll_end(page);
    put_confused_images(page, c);
}

// White to blue on the diagonal, white to orange elsewhere, by the share of the row.
static void put_matrix(fx_page *page, const confusion *c) {
    static const int right[3] = {31, 95, 191}, wrong[3] = {214, 84, 0};
    fx_image image = {0};
    int scale = PICTURE_SIDE / (int)c->classes > 0 ? PICTURE_SIDE / (int)c->classes : 1;
    int side = scale * (int)c->classes;
    if (page->status == FX_OK) page->status = fx_image_reserve(&image, side, side, 3, page->error);
    if (page->status == FX_OK)
        for (int y = 0; y < side; y++)
            for (int x = 0; x < side; x++) {
                size_t row = (size_t)(y / scale), column = (size_t)(x / scale);
                double v = share(c, row * c->classes + column);
                const int *color = row == column ? right : wrong;
                for (int k = 0; k < 3; k++)
                    image.pixels[(y * side + x) * 3 + k] =
                        (uint8_t)(255 - v * (255 - color[k]) + 0.5);
            }
    fx__put_picture(page, &image, 1,
                    "Confusion matrix as a picture: rows are true classes, columns "
                    "predicted ones, darker is more");
    fx_image_destroy(&image);
}

static void put_worst(fx_page *page, const confusion *c) {
    size_t worst[WORST + 1], found = 0;
    for (size_t i = 0; i < c->classes * c->classes; i++) {
        if (i / c->classes == i % c->classes || c->counts[i] == 0) continue;
        size_t at = found;
        for (; at > 0 && c->counts[worst[at - 1]] < c->counts[i]; at--) worst[at] = worst[at - 1];
        worst[at] = i;
        if (found < WORST) found++;
    }
    char *const *names = page->comparison->class_names;
    for (size_t i = 0; i < found; i++) {
        fx__put(page, i ? ", " : "<p class=\"note\">Confused most: ");
        fx__put_name(page, names[worst[i] / c->classes]);
        fx__put(page, " as ");
        fx__put_name(page, names[worst[i] % c->classes]);
        fx__put(page, " (%.0f&nbsp;%%)", 100 * share(c, worst[i]));
    }
    if (found > 0) fx__put(page, ".</p>\n");
}

// Precision: of the images taken for the class, the share that is of it; recall: of the images of
// the class, the share found; F1: their harmonic mean.
static void put_class_table(fx_page *page, const confusion *c) {
    fx__put(page, "<details><summary>Precision, recall and F1 of each class</summary>\n");
    fx__put_scroll_begin(page, "Precision, recall and F1 of each class");
    fx__put(page, "<table>\n<thead><tr><th scope=\"col\">class</th>"
                  "<th scope=\"col\" class=\"n\">precision</th>"
                  "<th scope=\"col\" class=\"n\">recall</th>"
                  "<th scope=\"col\" class=\"n\">F1</th></tr></thead>\n<tbody>\n");
    for (size_t k = 0; k < c->classes; k++) {
        uint64_t column = 0, right = c->counts[k * c->classes + k];
        for (size_t row = 0; row < c->classes; row++) column += c->counts[row * c->classes + k];
        const double shares[] = {(double)right / (double)column, (double)right / (double)c->rows[k],
                                 2 * (double)right / (double)(column + c->rows[k])};
        fx__put(page, "<tr><th scope=\"row\">");
        fx__put_name(page, page->comparison->class_names[k]);
        fx__put(page, "</th>");
        for (int i = 0; i < 3; i++) {
            fx__put(page, "<td class=\"n\">");
            fx__put_percent(page, shares[i]); // a dash where nothing was taken for the class
            fx__put(page, "</td>");
        }
        fx__put(page, "</tr>\n");
    }
    fx__put(page, "</tbody></table>\n");
    fx__put_scroll_end(page);
    fx__put(page, "</details>\n");
}

void fx__put_worst_mistakes(fx_page *page) {
    if (!page->thumbnails || page->thumbnails->count == 0) return;
    fx__put(page,
            "<h2>Sure and wrong</h2>\n<p class=\"note\">The test images that each arm got wrong "
            "with the most confidence%s: the true class, what it was taken for, and how sure the "
            "model was.</p>\n<div class=\"matrices\">\n",
            page->comparison->seed_count > 1 ? " (first seed)" : "");
    for (size_t i = 0; i < page->comparison->arm_count; i++) {
        const uint32_t *worst = page->thumbnails->worst + page->order[i] * FX_WORST_IMAGES;
        if (!worst[0]) continue;
        fx__put(page, "<section><h3>");
        fx__put_arm(page, page->order[i]);
        fx__put(page, "</h3>\n<ul class=\"tiles\">\n");
        for (int k = 0; k < FX_WORST_IMAGES && worst[k]; k++)
            fx__put_thumbnail(page, page->order[i], worst[k], true);
        fx__put(page, "</ul></section>\n");
    }
    fx__put(page, "</div>\n");
}

void fx__put_confusions(fx_page *page) {
    enum { OPEN_MAX = 12 }; // arms; the matrices of more are folded
    bool folded = page->comparison->arm_count > OPEN_MAX;
    bool opens = page->thumbnails && page->thumbnails->cells && page->thumbnails->count > 0;
    fx__put(page,
            "<h2>What is taken for what</h2>\n<p class=\"note\">Confusion matrices of the "
            "test images%s. Rows: the true class; columns: the predicted one. Shaded by the "
            "share of the row: right in blue, wrong in orange.%s</p>\n<div class=\"%s\">\n",
            page->comparison->seed_count > 1 ? ", summed over the seeds" : "",
            !opens                             ? ""
            : page->comparison->seed_count > 1 ? " An underlined number opens some of its images "
                                                 "(first seed)."
                                               : " An underlined number opens some of its images.",
            folded ? "" : "matrices");
    for (size_t i = 0; i < page->comparison->arm_count && page->status == FX_OK; i++) {
        confusion c;
        page->status = confusion_create(page, page->order[i], &c);
        if (page->status == FX_OK) {
            fx__put(page, folded ? "<details id=\"c%zu\"><summary>" : "<section id=\"c%zu\"><h3>",
                    c.arm);
            fx__put_arm(page, page->order[i]);
            fx__put(page, folded ? "</summary>\n" : "</h3>\n");
            if (c.classes <= TABLE_CLASSES)
                put_table(page, &c);
            else
                put_matrix(page, &c);
            put_worst(page, &c);
            put_class_table(page, &c);
            fx__put(page, folded ? "</details>\n" : "</section>\n");
        }
        free(c.counts);
        free(c.rows);
    }
    fx__put(page, "</div>\n");
}
