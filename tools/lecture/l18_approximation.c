// L18: one hidden layer, wide enough, approximates any continuous function.
//
// Built by hand, as the proof goes: two steep sigmoids make a bump, s(k (x − a)) − s(k (x − b)),
// which is 1 between a and b; N/2 bumps side by side, each as high as the function in its middle,
// make a staircase. Its largest error falls as 1/N. Two ReLU units and a step between them make a
// hat instead, hats make straight pieces through the function's own points, and the error falls as
// 1/N². No training: these are weights that exist.
#include <math.h>
#include <stdio.h>

#include "tools/lecture/lecture.h"

enum { FIRST = 1, LAST = 8, SAMPLES = 2000 }; // 2 … 256 units

static double target(double x) {
    return sin(2 * acos(-1) * x) + 0.5 * sin(6 * acos(-1) * x + 1) + 0.4 * fabs(x - 0.6);
}

// Hidden unit j: activation(slope · x + offset), with `weight` in the output.
static void set_unit(fx_mlp *mlp, size_t j, double slope, double offset, double weight) {
    size_t rows, columns;
    fx_mlp_weights(mlp, 0, &rows, &columns)[j] = (float)slope;
    fx_mlp_biases(mlp, 0)[j] = (float)offset;
    fx_mlp_weights(mlp, 1, &rows, &columns)[j] = (float)weight;
}

static void set_bumps(fx_mlp *mlp, int units) {
    int bumps = units / 2;
    double steep = 4000;
    for (int i = 0; i < bumps; i++) {
        // The outermost edges stand outside of the interval, where nobody looks.
        double left = i == 0 ? -1 : (double)i / bumps;
        double right = i + 1 == bumps ? 2 : (i + 1.0) / bumps;
        double height = target((i + 0.5) / bumps);
        set_unit(mlp, 2 * (size_t)i, steep, -steep * left, height);
        set_unit(mlp, 2 * (size_t)i + 1, steep, -steep * right, -height);
    }
}

// Straight pieces through units + 1 points: the slope changes at each by the weight of one unit.
static void set_hats(fx_mlp *mlp, int units) {
    double slope = 0;
    fx_mlp_biases(mlp, 1)[0] = (float)target(0);
    for (int i = 0; i < units; i++) {
        double left = (double)i / units, right = (i + 1.0) / units;
        double wanted = (target(right) - target(left)) * units;
        set_unit(mlp, (size_t)i, 1, -left, wanted - slope);
        slope = wanted;
    }
}

// What the network makes of x[SAMPLES], and how far that is from the target at the worst.
static fx_status evaluate(const fx_mlp *mlp, const double *x, double *y, double *worst,
                          fx_error *error) {
    float in[SAMPLES], out[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) in[i] = (float)x[i];
    TRY(fx_mlp_predict(mlp, in, SAMPLES, out, error));
    *worst = 0;
    for (int i = 0; i < SAMPLES; i++) {
        y[i] = (double)out[i];
        *worst = fmax(*worst, fabs(y[i] - target(x[i])));
    }
    return FX_OK;
}

// Slope of the line through (log units, log error) from 2^first units on: least squares.
static double slope(const double *units, const double *errors, int first) {
    double n = 0, u = 0, v = 0, uu = 0, uv = 0;
    for (int p = first; p <= LAST; p++) {
        double a = log(units[p]), b = log(errors[p]);
        n += 1;
        u += a;
        v += b;
        uu += a * a;
        uv += a * b;
    }
    return (n * uv - u * v) / (n * uu - u * u);
}

static fx_status run(const lecture *lecture, sheet *sheet, fx_error *error) {
    static const char *const names[2] = {"bumps of two sigmoids", "hats of ReLU units"};
    double *x, *wanted, *made[2][LAST + 1], units[LAST + 1], errors[2][LAST + 1];
    TRY(sheet_array(sheet, SAMPLES, sizeof *x, &x, error));
    TRY(sheet_array(sheet, SAMPLES, sizeof *wanted, &wanted, error));
    for (int i = 0; i < SAMPLES; i++) {
        x[i] = (i + 0.5) / SAMPLES;
        wanted[i] = target(x[i]);
    }
    for (int hats = 0; hats < 2; hats++)
        for (int p = FIRST; p <= LAST; p++) {
            fx_mlp_params params = network(hats ? FX_RELU : FX_SIGMOID, 1 << p, 0, 0);
            fx_mlp *mlp;
            units[p] = 1 << p;
            TRY(sheet_array(sheet, SAMPLES, sizeof(double), &made[hats][p], error));
            TRY(fx_mlp_create(&params, 1, 1, lecture->seed, &mlp, error));
            (hats ? set_hats : set_bumps)(mlp, 1 << p);
            fx_status status = evaluate(mlp, x, made[hats][p], &errors[hats][p], error);
            fx_mlp_destroy(mlp);
            TRY(status);
        }

    for (int p = 3; p <= 7; p += 2) {
        char title[64];
        snprintf(title, sizeof title, "%d units", 1 << p);
        const series lines[] = {
            {"the function", LINE, 6, SAMPLES, x, wanted, NULL, NULL},
            {names[0], DASHED, 1, SAMPLES, x, made[0][p], NULL, NULL},
            {names[1], DOTTED, 2, SAMPLES, x, made[1][p], NULL, NULL},
        };
        sheet_chart(sheet,
                    &(chart){.title = title,
                             .x_label = "x",
                             .y_label = "f(x)",
                             .x = {0, 1},
                             .y = {-1.6, 2.2},
                             .count = COUNT(lines),
                             .series = lines},
                    "A curve, a staircase of bumps and a polygon of hats that approximate it");
    }
    const series falls[] = {
        {names[0], LINE_DOTS, 1, LAST, units + FIRST, errors[0] + FIRST, NULL, NULL},
        {names[1], DASHED_RINGS, 2, LAST, units + FIRST, errors[1] + FIRST, NULL, NULL},
    };
    sheet_chart(sheet,
                &(chart){.title = "Error against width",
                         .x_label = "hidden units",
                         .y_label = "largest error on 0 … 1",
                         .x = {1.6, 320},
                         .y = {1e-4, 4},
                         .log_x = true,
                         .log_y = true,
                         .count = COUNT(falls),
                         .series = falls},
                "The largest error against the number of units, both axes logarithmic");

    sheet_at_most(sheet, "largest error with 256 units: bumps", plain(errors[0][LAST]), 0.1);
    sheet_at_most(sheet, "largest error with 256 units: hats", plain(errors[1][LAST]), 0.01);
    // The theory: −1 and −2, once the pieces are finer than the function's waves.
    sheet_at_most(sheet, "slope of the error from 16 units on, log by log: bumps",
                  plain(slope(units, errors[0], 4)), -0.8);
    sheet_at_most(sheet, "slope of the error from 16 units on, log by log: hats",
                  plain(slope(units, errors[1], 4)), -1.6);
    return FX_OK;
}

const claim l18 = {
    "L18",
    "l18_approximation.c",
    "Universal approximation",
    "One hidden layer, wide enough, can approximate any continuous function: pairs of units make "
    "bumps, and bumps add up.",
    "A wavy function with a kink, approximated by networks of 2 to 256 hidden units whose "
    "weights are set by hand: steep sigmoids in pairs, and, for comparison, ReLU units. What is "
    "measured is the largest error anywhere.",
    run,
};
