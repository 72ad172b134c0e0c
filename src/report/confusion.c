// Confusion matrices: a table where its numbers can be read, a picture where the classes are many,
// and in both cases the pairs that are confused most.
#include <stdlib.h>

#include "src/base/memory.h"
#include "src/report/parts.h"
#include "src/report/summary.h"

enum { TABLE_CLASSES = 30, WORST = 6, PICTURE_SIDE = 480 };

// Sum over the seeds: counts[classes, classes], and the sums of its rows.
typedef struct {
    size_t classes;
    uint64_t *counts, *rows;
} confusion;

static double share(const confusion *c, size_t i) {
    uint64_t row = c->rows[i / c->classes];
    return row ? (double)c->counts[i] / (double)row : 0;
}

static fx_status confusion_create(const fx_page *page, size_t arm, confusion *out) {
    fx_arm_summary summary = fx__arm_summary(page->comparison, arm);
    size_t classes = (size_t)page->comparison->classes;
    *out = (confusion){.classes = classes};
    FX__TRY(fx__allocate(classes * classes, sizeof *out->counts, &out->counts, page->error));
    FX__TRY(fx__allocate(classes, sizeof *out->rows, &out->rows, page->error));
    for (size_t s = 0; s < summary.seeds; s++)
        for (size_t i = 0; i < classes * classes; i++) {
            out->counts[i] += summary.results[s].confusion[i];
            out->rows[i / classes] += summary.results[s].confusion[i];
        }
    return FX_OK;
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
        if (c->counts[i] == 0)
            fx__put(page, "<td class=\"z\">");
        else
            fx__put(page, "<td class=\"%c\" style=\"--v:%.2f\">", row == column ? 'y' : 'x',
                    share(c, i));
        fx__put_count(page, c->counts[i]);
        fx__put(page, column + 1 == c->classes ? "</td></tr>\n" : "</td>");
    }
    fx__put(page, "</tbody></table>\n");
    fx__put_scroll_end(page);
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

void fx__put_confusions(fx_page *page) {
    enum { OPEN_MAX = 12 }; // arms; the matrices of more are folded
    bool folded = page->comparison->arm_count > OPEN_MAX;
    fx__put(page,
            "<h2>What is taken for what</h2>\n<p class=\"note\">Confusion matrices of the "
            "test images%s. Rows: the true class; columns: the predicted one. Shaded by the "
            "share of the row: right in blue, wrong in orange.</p>\n<div class=\"%s\">\n",
            page->comparison->seed_count > 1 ? ", summed over the seeds" : "",
            folded ? "" : "matrices");
    for (size_t i = 0; i < page->comparison->arm_count && page->status == FX_OK; i++) {
        confusion c;
        page->status = confusion_create(page, page->order[i], &c);
        if (page->status == FX_OK) {
            fx__put(page, folded ? "<details><summary>" : "<section><h3>");
            fx__put_arm(page, page->order[i]);
            fx__put(page, folded ? "</summary>\n" : "</h3>\n");
            if (c.classes <= TABLE_CLASSES)
                put_table(page, &c);
            else
                put_matrix(page, &c);
            put_worst(page, &c);
            fx__put(page, folded ? "</details>\n" : "</section>\n");
        }
        free(c.counts);
        free(c.rows);
    }
    fx__put(page, "</div>\n");
}
