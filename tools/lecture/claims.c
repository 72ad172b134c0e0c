// The claims, in the order of the lecture.
#include "tools/lecture/lecture.h"

#define CLAIMS(X)                                                                                  \
    X(l01)                                                                                         \
    X(l02)                                                                                         \
    X(l03)                                                                                         \
    X(l04)                                                                                         \
    X(l05)                                                                                         \
    X(l06)                                                                                         \
    X(l07)                                                                                         \
    X(l08)                                                                                         \
    X(l09)                                                                                         \
    X(l10)                                                                                         \
    X(l11)                                                                                         \
    X(l12)                                                                                         \
    X(l13)                                                                                         \
    X(l14)                                                                                         \
    X(l15)                                                                                         \
    X(l16)                                                                                         \
    X(l17)                                                                                         \
    X(l18)

#define DECLARE(name) extern const claim name;
CLAIMS(DECLARE)

#define ADDRESS(name) &(name),
const claim *const lecture_claims[] = {CLAIMS(ADDRESS)};
const size_t lecture_claim_count = COUNT(lecture_claims);
