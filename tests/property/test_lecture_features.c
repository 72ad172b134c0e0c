// Claims on descriptors of shapes fail when the experiment is sabotaged. That they hold otherwise
// is for tests/cli/test_lecture.sh to say, which runs them all.
#include "tests/support/sabotage.h"

static fx_dataset shapes;

static void open_shapes(void) {
    fx_error error = {0};
    cr_assert_eq(fx_shapes_create(1, &shapes, &error), FX_OK, "%s", error.message);
}

static void close_shapes(void) {
    fx_dataset_destroy(&shapes);
}

TestSuite(lecture_features, .init = open_shapes, .fini = close_shapes, .timeout = 900);

Test(lecture_features, fail_with_another_histogram) {
    claims_fail(OTHER_HISTOGRAM, &shapes, "L4", "L5", "L6");
}

Test(lecture_features, fail_with_turned_gradients) {
    claims_fail(TURNED_GRADIENTS, &shapes, "L7");
}

Test(lecture_features, fail_with_unlearned_words) {
    claims_fail(UNLEARNED_WORDS, &shapes, "L8");
}

Test(lecture_features, fail_with_shuffled_labels) {
    claims_fail(SHUFFLED_LABELS, &shapes, "L6", "L8", "L9");
}
