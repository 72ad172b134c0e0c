// classify search: a ladder of trials that can be stopped, and the YAML it ends in.
#include "tests/cli/cli.h"

#include <time.h>

TestSuite(cli_tune, .init = cli_begin, .fini = cli_end);

static const char space[] = "features: color\n"
                            "seed: 3\n"
                            "search: {trials: 9, factor: 3, rungs: 2}\n"
                            "train: {epochs: 6, batch_size: 8}\n"
                            "space:\n"
                            "  train.learning_rate: {log: [1e-5, 1e-1]}\n"
                            "  mlp.dropout: {uniform: [0, 0.6]}\n"
                            "  mlp.hidden: [[8], [16, 8]]\n"
                            "  train.momentum: [0.5]\n";

// Cell `column` of the line, whose quoted cells may hold commas.
static double number_at(const char *line, int column) {
    bool quoted = false;
    for (; column > 0 && *line && *line != '\n'; line++) {
        quoted ^= *line == '"';
        column -= *line == ',' && !quoted;
    }
    return strtod(line, NULL);
}

Test(cli_tune, a_row_a_trial_and_the_best_yaml) {
    write_folder("data", 30, true); // alike: some trials are better by luck, but never all
    write_text("space.yaml", space);
    cli_result result = run("classify search space.yaml data -o out --quiet", NULL);
    expect_success(result);
    static char best[8192], csv[8192];
    cli_read("out/best.yaml", best, sizeof best);
    cr_expect_str_eq(result.out, best);
    cli_read("out/trials.csv", csv, sizeof csv);
    cr_expect_eq(count_lines(csv), 1u + 9u);
    cr_expect_eq(strncmp(csv,
                         "trial,epochs,validation_accuracy,validation_loss,seconds,"
                         "train.learning_rate,mlp.dropout,mlp.hidden,train.momentum\n",
                         115),
                 0, "%s", csv);
    int whole = 0, trial = 0;
    double accuracy = 0, found = 0;
    sscanf(best, "# Trial %d of 9: validation accuracy %lf", &trial, &found);
    for (const char *line = strchr(csv, '\n') + 1; *line; line = strchr(line, '\n') + 1) {
        bool climbed = number_at(line, 1) == 6;
        cr_expect(climbed || number_at(line, 1) == 2, "%.60s", line);
        whole += climbed;
        if (climbed) accuracy = number_at(line, 2) > accuracy ? number_at(line, 2) : accuracy;
        if ((int)number_at(line, 0) == trial) cr_expect(climbed);
        double rate = number_at(line, 5), dropout = number_at(line, 6);
        cr_expect(rate >= 1e-5 && rate <= 1e-1 && dropout >= 0 && dropout <= 0.6);
    }
    cr_expect_eq(whole, 3);
    cr_expect(found > accuracy - 1e-4 && found < accuracy + 1e-4, "%g, expected %g", found,
              accuracy); // 4 digits are printed
    // What it says of these settings is what training with them finds.
    result = run("classify train data --config out/best.yaml --json --quiet", NULL);
    expect_success(result);
    const char *trained = strstr(result.out, "\"validation_accuracy\": ");
    cr_assert(trained);
    double again = strtod(trained + strlen("\"validation_accuracy\": "), NULL);
    cr_expect(again > accuracy - 1e-5 && again < accuracy + 1e-5, "%g, expected %g", again,
              accuracy); // 6 digits are in the table
}

Test(cli_tune, stopped_and_resumed) {
    write_folder("data", 20, true);
    write_text("space.yaml", space);
    cli_result result = run("classify search space.yaml data -o whole --quiet", NULL);
    expect_success(result);
    char *begin[] = {"classify", "search", "space.yaml", "data", "-o", "out", "--quiet", NULL};
    char *resume[] = {"classify", "search",   "space.yaml", "data", "-o",
                      "out",      "--resume", "--quiet",    NULL};
    pid_t child = cli_start(NULL, NULL, begin);
    for (int waits = 0; !file_exists("out/trials.csv") && waits < 5000; waits++)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    kill(child, SIGKILL);
    cr_assert_eq(cli_wait(child), 128 + SIGKILL);
    static char before[8192], after[8192];
    cli_read("out/trials.csv", before, sizeof before);
    cr_assert_eq(cli_wait(cli_start(NULL, NULL, resume)), 0);
    expect_same_files("out/best.yaml", "whole/best.yaml");
    cli_read("out/trials.csv", after, sizeof after);
    // The first trial's time shows that it was not done again (it did not reach the second rung, or
    // its time grew).
    const char *first = strchr(before, '\n') + 1, *again = strchr(after, '\n') + 1;
    cr_expect(number_at(again, 4) >= number_at(first, 4));
    if (number_at(again, 1) == number_at(first, 1))
        cr_expect_eq(number_at(again, 4), number_at(first, 4));
    result = run("classify search space.yaml data -o out --resume --quiet --json", NULL);
    expect_success(result); // all is done
    cr_expect(strncmp(result.out, "{\"trials\": 9, \"best_trial\": ", 28) == 0, "%s", result.out);
    char other[1000];
    snprintf(other, sizeof other, "%s  train.weight_decay: [0, 0.1]\n", space);
    write_text("space.yaml", other);
    result = run("classify search space.yaml data -o out --resume --quiet", NULL);
    expect_failure(result, 1, "search.json", "another space");
}

Test(cli_tune, bad_spaces) {
    static const struct {
        const char *text, *words;
    } bad[] = {
        {"features: hog\n", "space"},
        {"features: hog\nspace: {}\n", "space"},
        {"features: hog\nspace: {train.learning_rat: [1]}\n", "train.learning_rate"},
        {"features: hog\nspace: {train.learning_rate: {log: [0, 1]}}\n", "train.learning_rate"},
        {"features: hog\nspace: {train.learning_rate: {log: [0.1, 0.01]}}\n", "lower first"},
        {"features: hog\nspace: {train.learning_rate: {normal: [0.1, 1]}}\n", "uniform"},
        {"features: hog\nspace: {mlp.activation: {uniform: [0, 1]}}\n", "mlp.activation"},
        {"features: hog\nspace: {mlp.activation: [relu, relo]}\n", "relo"},
        {"features: hog\nspace: {mlp.dropout: [0.1, 7]}\n", "mlp.dropout"},
        {"features: hog\nspace: {train.epochs: [1, 2]}\n", "train.epochs"},
        {"features: hog\nsearch: {trials: 0}\nspace: {mlp.dropout: [0]}\n", "search.trials"},
        {"features: hog\nsearch: {trails: 1}\nspace: {mlp.dropout: [0]}\n", "search.trials"},
        {"space: {mlp.dropout: [0]}\n", "features"},
        {"features: hog\ntrain: {validation: 0, epochs: 1}\nspace: {mlp.dropout: [0]}\n",
         "train.validation"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_text("space.yaml", bad[i].text);
        cli_result result = run("classify search space.yaml shapes --quiet", NULL);
        expect_failure(result, 2, bad[i].words);
    }
    cli_result result = run("classify search", NULL);
    expect_failure(result, 2, "SPACE.yaml");
}

Test(cli_tune, rows_of_a_file) {
    write_folder("data", 20, true);
    cli_result result = run("featx --features color data -o rows.npy --quiet", NULL);
    cr_assert_eq(result.status, 0);
    write_text("space.yaml", strchr(space, '\n') + 1); // without features
    result = run("classify search space.yaml rows.npy -o out --quiet", NULL);
    expect_success(result);
    result = run("classify train rows.npy --config out/best.yaml --quiet", NULL);
    expect_success(result);
    write_text("space.yaml", space);
    result = run("classify search space.yaml rows.npy --quiet", NULL);
    expect_failure(result, 2, "features");
}
