// L16: the neuron as a computation.
//
// A unit of a network, taken apart: dendrites bring inputs x, synapses weigh them, the cell body
// sums them with a bias, the firing rate is a nonlinear function of the sum, the axon passes it on.
#include <math.h>
#include <stdio.h>

#include "tools/lecture/lecture.h"

enum { INPUTS = 3, TRIALS = 1000 };

static const char neuron_drawing[] =
    "<figure class=\"wide\"><h4>The neuron, and what each part computes</h4>\n"
    "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"The neuron\">"
    "<svg class=\"neuron\" role=\"img\" viewBox=\"0 0 760 250\" width=\"760\" height=\"250\" "
    "aria-label=\"Three inputs, each times a weight, are summed with a bias in the cell body; the "
    "sigmoid of the sum leaves along the axon\">\n"
    "<g fill=\"none\" stroke=\"var(--s1)\" stroke-width=\"4\" stroke-linecap=\"round\">"
    "<path d=\"M110 50C200 50 230 95 290 115M110 125H285M110 200C200 200 230 155 290 135\"/></g>\n"
    "<g fill=\"var(--s4)\"><circle cx=\"170\" cy=\"57\" r=\"8\"/><circle cx=\"170\" cy=\"125\" "
    "r=\"8\"/><circle cx=\"170\" cy=\"193\" r=\"8\"/></g>\n"
    "<circle cx=\"345\" cy=\"125\" r=\"60\" fill=\"var(--soft)\" stroke=\"var(--s2)\" "
    "stroke-width=\"4\"/>\n"
    "<path d=\"M405 125H690\" stroke=\"var(--s3)\" stroke-width=\"6\" fill=\"none\"/>"
    "<path d=\"M690 113l24 12-24 12z\" fill=\"var(--s3)\"/>\n"
    "<g fill=\"currentColor\" font-size=\"15\">";

static const char neuron_words[] =
    "<g font-size=\"14\"><text x=\"20\" y=\"22\" fill=\"var(--s1)\">dendrites: inputs</text>"
    "<text x=\"90\" y=\"242\" fill=\"var(--s4)\">synapses: weights</text>"
    "<text x=\"352\" y=\"210\" text-anchor=\"middle\" fill=\"var(--s2)\">cell body: sum + bias"
    "</text><text x=\"500\" y=\"70\" fill=\"currentColor\">firing rate: sigmoid of the sum</text>"
    "<text x=\"590\" y=\"160\" fill=\"var(--s3)\">axon: "
    "output</text></g></g></svg></div></figure>\n";

// The numbers of one neuron, set beside its parts.
static void draw(const float *x, const float *weights, float bias, double sum, double output,
                 sheet *sheet) {
    static const int heights[INPUTS] = {46, 112, 214}; // beside the synapses, off the lines
    char text[400];
    sheet_markup(sheet, neuron_drawing);
    for (int i = 0; i < INPUTS; i++) {
        snprintf(text, sizeof text, "<text x=\"20\" y=\"%d\">x%d = %.2f</text>", 55 + 75 * i, i + 1,
                 (double)x[i]);
        sheet_markup(sheet, text);
        snprintf(text, sizeof text, "<text x=\"178\" y=\"%d\">w%d = %s%.2f</text>", heights[i],
                 i + 1, weights[i] < 0 ? "−" : "", fabs((double)weights[i]));
        sheet_markup(sheet, text);
    }
    snprintf(text, sizeof text,
             "<text x=\"345\" y=\"105\" text-anchor=\"middle\">b = %.2f</text>"
             "<text x=\"345\" y=\"130\" text-anchor=\"middle\">Σ w x + b</text>"
             "<text x=\"345\" y=\"155\" text-anchor=\"middle\">= %.3f</text>"
             "<text x=\"425\" y=\"112\">1 / (1 + exp(−%.3f)) = %.3f</text>",
             (double)bias, sum, sum, output);
    sheet_markup(sheet, text);
    sheet_markup(sheet, neuron_words);
}

// The same by hand, in double precision.
static double by_hand(const float *x, const float *weights, double bias, double *sum) {
    *sum = bias;
    for (int i = 0; i < INPUTS; i++) *sum += (double)weights[i] * (double)x[i];
    return 1 / (1 + exp(-*sum));
}

static fx_status run(const lecture *lecture, sheet *sheet, fx_error *error) {
    const fx_mlp_params params = network(FX_SIGMOID, 1, 0, 0);
    static const float shown[INPUTS] = {0.9F, 0.4F, 0.7F}, set[INPUTS] = {1.5F, -2.0F, 0.8F};
    double worst = 0, sum, linear = 0, *sums, *rates;
    fx_mlp *mlp;
    size_t rows, columns;
    TRY(sheet_array(sheet, TRIALS, sizeof *sums, &sums, error));
    TRY(sheet_array(sheet, TRIALS, sizeof *rates, &rates, error));
    TRY(fx_mlp_create(&params, INPUTS, 1, lecture->seed, &mlp, error));
    fx_status status = FX_OK;
    float *weights = fx_mlp_weights(mlp, 0, &rows, &columns), *bias = fx_mlp_biases(mlp, 0);
    for (int i = 0; i < INPUTS; i++) weights[i] = set[i];
    bias[0] = 0.2F;
    draw(shown, weights, bias[0], (by_hand(shown, weights, 0.2, &sum), sum),
         by_hand(shown, weights, 0.2, &sum), sheet);

    for (uint64_t t = 0; t < TRIALS; t++) {
        fx_rng rng = fx_rng_at(lecture->seed, FX_RNG_USER, 16, t);
        float x[INPUTS], output;
        for (int i = 0; i < INPUTS; i++) {
            x[i] = (float)fx_rng_normal(&rng);
            weights[i] = (float)fx_rng_normal(&rng);
        }
        bias[0] = (float)fx_rng_normal(&rng);
        TRY_GOTO(fx_mlp_hidden(mlp, 0, x, 1, &output, error));
        double expected = by_hand(x, weights, (double)bias[0], &sums[t]);
        rates[t] = (double)output;
        worst = fmax(worst, fabs(rates[t] - expected));
        linear = fmax(linear, fabs(rates[t] - sums[t]));
    }
    const series dots = {NULL, DOTS, 2, TRIALS / 4, sums, rates, NULL, NULL};
    sheet_chart(sheet,
                &(chart){.title = "The firing rate of 250 neurons drawn at random",
                         .x_label = "sum of the weighted inputs, and bias",
                         .y_label = "output",
                         .y = {0, 1},
                         .count = 1,
                         .series = &dots},
                "Outputs of units against the sums of their inputs");
    // The sigmoid of the library is good to 3 units in the last place of float.
    sheet_at_most(sheet, "largest difference between a unit and the computation, 1,000 draws",
                  plain(worst), 1e-6);
    sheet_at_least(sheet, "largest difference between output and sum: it is not linear",
                   plain(linear), 1);
done:
    fx_mlp_destroy(mlp);
    return status;
}

const claim l16 = {
    "L16",
    "l16_neuron.c",
    "The biological neuron",
    "Dendrites receive impulses (inputs), synapses weigh them (weights), the cell body sums them "
    "(sum and bias), the firing rate is a nonlinear function of the sum (activation), the axon "
    "passes it on (output). Real neurons are wired irregularly, and are far more complex; ours "
    "stand in regular layers for the sake of computation, and learn by backpropagation.",
    "One unit of the network, its parts named; and 1,000 units with random weights on random "
    "inputs, each against the same computation by hand. What the real neuron does beyond that is "
    "not tested here.",
    run,
};
