// Claims on networks that are trained on shapes fail when the experiment is sabotaged. That they
// hold otherwise is for tests/cli/test_lecture.sh to say, which runs them all.
#include "tests/support/sabotage.h"

static fx_dataset shapes;

static void open_shapes(void) {
    fx_error error = {0};
    cr_assert_eq(fx_shapes_create(1, &shapes, &error), FX_OK, "%s", error.message);
}

static void close_shapes(void) {
    fx_dataset_destroy(&shapes);
}

TestSuite(lecture_networks, .init = open_shapes, .fini = close_shapes, .timeout = 900);

Test(lecture_networks, fail_without_activation) {
    claims_fail(NO_ACTIVATION, &shapes, "L10", "L12", "L13", "L14", "L15");
}

Test(lecture_networks, fail_with_activation_added) {
    claims_fail(ADDED_ACTIVATION, &shapes, "L13");
}

Test(lecture_networks, fail_with_one_activation_for_all) {
    claims_fail(ONLY_SIGMOIDS, &shapes, "L14");
}

Test(lecture_networks, fail_with_shuffled_labels) {
    claims_fail(SHUFFLED_LABELS, &shapes, "L2", "L10", "L11", "L12", "L13");
}
