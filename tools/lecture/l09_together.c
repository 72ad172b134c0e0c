// L9: descriptors concatenated beat each alone; only the classifier learns.
#include <stdlib.h>

#include "tools/lecture/lecture.h"

enum { ARMS = 4, ALL = 3 };

static fx_status run(const lecture *lecture, sheet *sheet, fx_error *error) {
    char names[ARMS][8] = {"color", "HoG", "words", "all"}, dataset[] = "shapes";
    fx_arm arms[ARMS];
    for (int a = 0; a < ARMS; a++)
        arms[a] = (fx_arm){names[a], small_model(lecture, (fx_feature)(FX_FEATURE_COLOR + a % 3))};
    arms[ALL].params.descriptor.features =
        (fx_int_list){.count = 3, .values = {FX_FEATURE_COLOR, FX_FEATURE_HOG, FX_FEATURE_BOVW}};
    const fx_experiment experiment = {.dataset = dataset,
                                      .seed = (int)lecture->seed,
                                      .seeds = {.count = 1, .values = {(int)lecture->seed}},
                                      .arm_count = ARMS,
                                      .arms = arms};
    const fx_model_options options = {.progress = lecture->progress};
    fx_comparison comparison;
    TRY(fx_experiment_run(&experiment, lecture->shapes, &options, &comparison, error));

    double place[ARMS], height[ARMS], low[ARMS], high[ARMS];
    for (int a = 0; a < ARMS; a++) {
        const fx_result *result = &comparison.results[a];
        place[a] = a;
        height[a] = 100 * result->test_accuracy;
        low[a] = 100 * result->test_accuracy_ci95[0];
        high[a] = 100 * result->test_accuracy_ci95[1];
        sheet_shows(sheet,
                    a == ALL ? "test accuracy, all three concatenated"
                    : a == 0 ? "test accuracy, color"
                    : a == 1 ? "test accuracy, HoG"
                             : "test accuracy, visual words",
                    (quantity){result->test_accuracy, low[a] / 100, high[a] / 100, PERCENT});
    }
    for (size_t i = 0; i < comparison.pair_count; i++) {
        const fx_pair *pair = &comparison.pairs[i]; // a < b
        if (pair->b != ALL) continue;
        static const char *const over[] = {"all three over color alone", "all three over HoG alone",
                                           "all three over visual words alone"};
        sheet_at_least(sheet, over[pair->a],
                       (quantity){-pair->difference, -pair->ci95[1], -pair->ci95[0], POINTS}, 0.02);
    }
    static const char *const ticks[] = {"color", "HoG", "words", "all three", NULL};
    const series bars = {NULL, BARS, 2, ARMS, place, height, low, high};
    sheet_chart(sheet,
                &(chart){.title = "Test accuracy, with 95 % intervals",
                         .x_label = "descriptor",
                         .y_label = "test accuracy, %",
                         .x = {-0.6, 3.6},
                         .y = {0, 100},
                         .x_names = ticks,
                         .count = 1,
                         .series = &bars},
                "Bars of test accuracy of three descriptors and of all three concatenated");
    fx_comparison_destroy(&comparison);
    return FX_OK;
}

const claim l09 = {
    "L9",
    "l09_together.c",
    "What used to win",
    "Several descriptors computed by hand-written code, concatenated into one long vector, and a "
    "classifier trained on that: only the classifier learns.",
    "The same classifier (one hidden layer of 128 units, 15 epochs) on each descriptor of "
    "<em>shapes</em> and on all three; 6,000 images to train, 1,000 to test. Gains are on the "
    "same test images, their intervals by bootstrap.",
    run,
};
