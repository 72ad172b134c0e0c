// The lecture, executed: what a claim is, and what it writes its findings to.
//
// A claim is one short file that runs an experiment with the public API, and writes numbers and
// pictures to a sheet. Its verdict is decided by those numbers that have a limit: it holds where
// all of them are met, a number with an interval only where the whole interval is on the right
// side.
#ifndef FEATX_TOOLS_LECTURE_H
#define FEATX_TOOLS_LECTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "featx/featx.h"

// Ends the function, or goes to its `done:`, with the status of a call that failed.
#define TRY(call)                                                                                  \
    do {                                                                                           \
        fx_status try_status_ = (call);                                                            \
        if (try_status_ != FX_OK) return try_status_;                                              \
    } while (0)
#define TRY_GOTO(call)                                                                             \
    do {                                                                                           \
        status = (call);                                                                           \
        if (status != FX_OK) goto done;                                                            \
    } while (0)

#define COUNT(array) (sizeof(array) / sizeof *(array))

// What all claims are given.
typedef struct lecture {
    uint64_t seed;
    const fx_dataset *shapes;
    const fx_progress *progress;
} lecture;

typedef struct sheet sheet;

typedef struct claim {
    const char *id;         // "L1"
    const char *file;       // of its source, without the folder
    const char *title;      // a few words
    const char *says;       // the claim, a sentence or two
    const char *experiment; // what is run
    fx_status (*run)(const lecture *lecture, sheet *sheet, fx_error *error);
} claim;

extern const claim *const lecture_claims[]; // [lecture_claim_count], in their order
extern const size_t lecture_claim_count;

// --- memory ---

// Zeroed memory that lives as long as the sheet, for the arrays of a claim.
FX_MUST_CHECK fx_status sheet_array(sheet *sheet, size_t count, size_t size, void *out,
                                    fx_error *error);

// --- numbers ---

typedef enum unit { PLAIN, PERCENT, POINTS, DEGREES, MICROSECONDS, UNIT_COUNT } unit;

// A measured number with its 95 % interval, or without one (low = high = value). PERCENT and POINTS
// are fractions, shown × 100.
typedef struct quantity {
    double value, low, high;
    unit unit;
} quantity;

quantity plain(double value);
quantity in_unit(double value, unit unit);
quantity share(size_t count, size_t of); // PERCENT, with the interval of Wilson
// Accuracy of predictions[n].
quantity accuracy(const int *labels, const int *predictions, size_t n);
// Accuracy of `a` minus that of `b` on the same n samples: POINTS, with the normal interval of a
// paired difference.
quantity accuracy_gain(const int *labels, const int *a, const int *b, size_t n);

// A row of the table of numbers. `what` is copied.
void sheet_shows(sheet *sheet, const char *what, quantity found);
void sheet_at_least(sheet *sheet, const char *what, quantity found, double bound);
void sheet_at_most(sheet *sheet, const char *what, quantity found, double bound);

// --- pictures ---

typedef enum mark {
    LINE,
    THIN,
    DASHED,
    DOTTED,
    LINE_DOTS, // a line through measured points
    DASHED_RINGS,
    DOTTED_SQUARES,
    DOTS,
    RINGS,
    CROSSES,
    BARS,
    SEGMENTS // points 0–1, 2–3, … joined
} mark;

typedef struct series {
    const char *name; // in the legend; NULL: not there
    mark mark;
    int color; // 1 … 6; 0: by its place among the series
    size_t count;
    const double *x, *y;      // [count]; a NaN breaks a line
    const double *low, *high; // [count] of error bars, or NULL
} series;

typedef struct chart {
    const char *title;
    const char *x_label, *y_label; // with units
    double x[2], y[2];             // ranges; {0, 0}: what the series need
    bool log_x, log_y;             // with both ends of the range given
    bool equal;                    // one scale for both axes
    const char *const *x_names;    // of x = 0, 1, …, NULL-terminated, in the place of numbers
    bool upright;                  // x_names stand upright
    size_t count;
    const series *series; // [count]
} chart;

// `alt` says what is to be seen, in a sentence. Titles, labels and names are our own words, without
// quotes.
void sheet_chart(sheet *sheet, const chart *chart, const char *alt);

// A picture with its title, `zoom` times as large.
void sheet_picture(sheet *sheet, const fx_image *image, int zoom, const char *title,
                   const char *alt);
// Small pictures in a row, each with a label.
void sheet_tiles_begin(sheet *sheet, const char *title);
void sheet_tile(sheet *sheet, const fx_image *image, int zoom, const char *label);
void sheet_tiles_end(sheet *sheet);
// Markup of one's own.
void sheet_markup(sheet *sheet, const char *markup);

// --- experiments ---

// rows [count, length] of the first `count` images of a source, under a feature that learns nothing
// (raw, color, hog), by its defaults.
FX_MUST_CHECK fx_status describe(const lecture *lecture, fx_feature feature,
                                 const fx_image_source *images, size_t count, fx_matrix *rows,
                                 fx_error *error);
// predictions[x->rows]: the class with the largest score.
FX_MUST_CHECK fx_status predict(const fx_mlp *mlp, const fx_matrix *x, int *predictions,
                                fx_error *error);
// Parameters of an MLP in one line: hidden layers of these widths (0: none further), no dropout, no
// batch normalization.
fx_mlp_params network(fx_activation activation, int first, int second, int third);

// A model of one feature that trains in seconds: few words, 128 hidden units, 15 epochs.
fx_model_params small_model(const lecture *lecture, fx_feature feature);
double distance(const float *a, const float *b, size_t n); // Euclidean

// The ring problem: class 0 is a disk around the origin, class 1 a ring around the disk. x[n, 2],
// labels[n], n even; `set` tells training from test points.
FX_MUST_CHECK fx_status ring_points(uint64_t seed, uint32_t set, size_t n, sheet *sheet,
                                    fx_matrix *x, int **labels, fx_error *error);
// Points of class 0 or 1 as a series, named and marked.
FX_MUST_CHECK fx_status class_points(const fx_matrix *x, const int *labels, int class,
                                     const char *name, sheet *sheet, series *out, fx_error *error);
// Where values[side, side] over the square low … high changes its sign: SEGMENTS.
FX_MUST_CHECK fx_status zero_line(const double *values, size_t side, double low, double high,
                                  sheet *sheet, series *out, fx_error *error);

// Picture `index` of scenes without an end, 48 × 48 in color, of the kind index % SCENE_KINDS:
// forest, meadow, coast, desert, city.
enum { SCENE_KINDS = 5 };
extern const char *const scene_names[SCENE_KINDS];
int scene_kind(size_t index);
FX_MUST_CHECK fx_status scene(uint64_t seed, size_t index, fx_image *out, fx_error *error);

// Contrast images [count, 32 · 32] of images of a split: the distance of each pixel's color from
// the median color of the border, each image brought to length 1. What stands out, whatever its
// color.
FX_MUST_CHECK fx_status contrast_images(const fx_split *split, size_t count, fx_matrix *out,
                                        fx_error *error);
// The two modes of a class in contrast images x: k-means with two clusters on what is not symmetric
// in them. Each is the mean image of a cluster minus the mean of all classes: modes[2][32 · 32].
FX_MUST_CHECK fx_status find_modes(const fx_matrix *x, const int *labels, int class, uint64_t seed,
                                   float *const modes[2], fx_error *error);
void mirror_image(const float *image, int side, float *out);
// Values [side · side] as a gray picture: middle gray is 0, black and white 3 times their root mean
// square.
FX_MUST_CHECK fx_status gray_picture(const float *values, int side, fx_image *out, fx_error *error);
// Correlation of two arrays.
double correlation(const float *a, const float *b, size_t n);
#endif
