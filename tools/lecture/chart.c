// Charts and pictures of a sheet. Charts become gnuplot scripts; titles, labels and names in them
// are words of ours, and checked to be nothing that gnuplot would act on.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "src/base/memory.h"
#include "tools/lecture/sheet.h"

// Pixels: of a chart without a legend, of a line of the legend, of upright names, of a picture that
// is large.
enum { WIDTH = 400, HEIGHT = 275, SIDE = 390, LINE_HEIGHT = 18, UPRIGHT = 50, LARGE = 180 };

static const char *const styles[] = {
    [LINE] = "lines lw 2",
    [THIN] = "lines lw 0.7",
    [DASHED] = "lines lw 2 dt (8,4)",
    [DOTTED] = "lines lw 2 dt (2,3)",
    [LINE_DOTS] = "linespoints lw 1.5 pt 7 ps 0.6",
    [DASHED_RINGS] = "linespoints lw 1.5 dt (8,4) pt 6 ps 0.7",
    [DOTTED_SQUARES] = "linespoints lw 1.5 dt (2,3) pt 4 ps 0.7",
    [DOTS] = "points pt 7 ps 0.35",
    [RINGS] = "points pt 6 ps 0.6",
    [CROSSES] = "points pt 2 ps 0.5 lw 2",
    [BARS] = "boxes fs solid 0.55",
    [SEGMENTS] = "vectors nohead lw 2",
};

static const char *checked(const char *words) {
    assert(!strpbrk(words, "'\"`\\\n"));
    return words;
}

static fx_status put_data(const series *s, size_t index, fx_text *script, fx_error *error) {
    FX__TRY(fx__text_printf(script, error, "$d%zu << EOD\n", index));
    size_t step = s->mark == SEGMENTS ? 2 : 1;
    for (size_t i = 0; i + step <= s->count; i += step) {
        if (!isfinite(s->x[i]) || !isfinite(s->y[i]))
            FX__TRY(fx__text_append(script, "\n", 1, error));
        else if (step == 2)
            FX__TRY(fx__text_printf(script, error, "%.7g %.7g %.7g %.7g\n", s->x[i], s->y[i],
                                    s->x[i + 1] - s->x[i], s->y[i + 1] - s->y[i]));
        else
            FX__TRY(fx__text_printf(script, error, "%.7g %.7g %.7g %.7g\n", s->x[i], s->y[i],
                                    s->low ? s->low[i] : s->y[i], s->high ? s->high[i] : s->y[i]));
    }
    return fx__text_printf(script, error, "EOD\n");
}

static fx_status put_axis(const chart *c, char axis, fx_text *script, fx_error *error) {
    const double *range = axis == 'x' ? c->x : c->y;
    FX__TRY(fx__text_printf(script, error, "set %clabel '%s'\n", axis,
                            checked(axis == 'x' ? c->x_label : c->y_label)));
    if (axis == 'x' ? c->log_x : c->log_y)
        return fx__plot_log_axis(axis, range[0], range[1], script, error);
    if (range[0] < range[1])
        return fx__text_printf(script, error, "set %crange [%.9g:%.9g]\n", axis, range[0],
                               range[1]);
    return FX_OK;
}

static fx_status put_names(const chart *c, fx_text *script, fx_error *error) {
    if (!c->x_names) return FX_OK;
    FX__TRY(
        fx__text_printf(script, error, "set xtics %s(", c->upright ? "rotate by 45 right " : ""));
    for (size_t i = 0; c->x_names[i]; i++)
        FX__TRY(
            fx__text_printf(script, error, "%s'%s' %zu", i ? ", " : "", checked(c->x_names[i]), i));
    return fx__text_printf(script, error, ")\n");
}

static fx_status write_script(const chart *c, fx_text *script, fx_error *error) {
    int named = 0;
    for (size_t i = 0; i < c->count; i++) named += c->series[i].name != NULL;
    FX__TRY(fx__plot_begin(
        script, c->equal ? SIDE : WIDTH,
        (c->equal ? SIDE : HEIGHT) + named * LINE_HEIGHT + (c->upright ? UPRIGHT : 0), error));
    for (size_t i = 0; i < c->count; i++) FX__TRY(put_data(&c->series[i], i, script, error));
    FX__TRY(put_axis(c, 'x', script, error));
    FX__TRY(put_axis(c, 'y', script, error));
    FX__TRY(put_names(c, script, error));
    FX__TRY(fx__text_printf(script, error,
                            "%sset key below left Left reverse maxcols 1 samplen 2 height 0.6\n"
                            "set xlabel offset 0,0.6\n"
                            "set boxwidth 0.8 relative\n",
                            c->equal ? "set size ratio -1\n" : ""));
    for (size_t i = 0; i < c->count; i++) {
        const series *s = &c->series[i];
        int color = s->color ? s->color : (int)i % 6 + 1;
        FX__TRY(fx__text_printf(script, error, "%s$d%zu using %s with %s lc rgb '#01010%d' ",
                                i ? ", " : "plot ", i, s->mark == SEGMENTS ? "1:2:3:4" : "1:2",
                                styles[s->mark], color));
        if (s->name)
            FX__TRY(fx__text_printf(script, error, "title '%s'", checked(s->name)));
        else
            FX__TRY(fx__text_printf(script, error, "notitle"));
        if (s->low)
            FX__TRY(fx__text_printf(script, error,
                                    ", $d%zu using 1:3:(0):($4-$3) with vectors heads size "
                                    "graph 0.012,90 lw 1.5 lc rgb '#01010%d' notitle",
                                    i, s->mark == BARS ? 6 : color));
    }
    return fx__text_printf(script, error, "\n");
}

void sheet_chart(sheet *sheet, const chart *chart, const char *alt) {
    fx_page *page = &sheet->page;
    if (!sheet->drawing || page->status != FX_OK) return;
    fx_text script = {0};
    page->status = write_script(chart, &script, page->error);
    fx__put(page, "<figure><h4>%s</h4>\n", chart->title);
    fx__put_plot(page, &script, alt);
    fx__put(page, "</figure>\n");
    fx__text_destroy(&script);
}

void sheet_picture(sheet *sheet, const fx_image *image, int zoom, const char *title,
                   const char *alt) {
    if (!sheet->drawing) return;
    fx__put(&sheet->page, "<figure><h4>%s</h4>\n", title);
    fx__put_picture(&sheet->page, image, zoom, alt);
    fx__put(&sheet->page, "</figure>\n");
}

void sheet_tiles_begin(sheet *sheet, const char *title) {
    if (!sheet->drawing) return;
    fx__put(&sheet->page, "<figure class=\"wide\"><h4>%s</h4>\n<ul class=\"tiles\">\n", title);
}

void sheet_tile(sheet *sheet, const fx_image *image, int zoom, const char *label) {
    if (!sheet->drawing) return;
    bool large = image->width * zoom >= LARGE;
    fx__put(&sheet->page, large ? "<li class=\"large\">" : "<li>");
    fx__put_picture(&sheet->page, image, zoom, label[0] ? "" : "no label");
    fx__put(&sheet->page, "<br>");
    fx__put_text(&sheet->page, label);
    fx__put(&sheet->page, "</li>\n");
}

void sheet_tiles_end(sheet *sheet) {
    if (sheet->drawing) fx__put_markup(&sheet->page, "</ul></figure>\n");
}

void sheet_markup(sheet *sheet, const char *markup) {
    if (sheet->drawing) fx__put_markup(&sheet->page, markup);
}
