// A canary: it overflows a signed integer on purpose (see canary_leak.c).
#include <criterion/criterion.h>
#include <limits.h>

static volatile int value = INT_MAX;

Test(canary, overflow) {
    value = value + 1;
}
