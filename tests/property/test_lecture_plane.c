// Claims in the plane and on single units: they hold, and fail when the experiment is sabotaged.
#include "tests/support/sabotage.h"

static const fx_dataset none; // these claims draw their own points

Test(lecture_plane, hold, .timeout = 300) {
    claims_hold(NO_SABOTAGE, &none, "L1", "L3", "L16", "L17", "L18");
}

Test(lecture_plane, fail_without_activation, .timeout = 300) {
    claims_fail(NO_ACTIVATION, &none, "L1", "L16", "L17", "L18");
    claims_hold(NO_ACTIVATION, &none, "L3"); // a linear classifier has none to lose
}

Test(lecture_plane, fail_with_shuffled_labels, .timeout = 300) {
    claims_fail(SHUFFLED_LABELS, &none, "L1", "L3", "L17");
}
