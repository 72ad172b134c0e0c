// A canary: it leaks on purpose, and a run that stays green with it is blind. Never run with the
// tests; `./dev test` runs it alone and demands a red result.
#include <criterion/criterion.h>
#include <stdlib.h>

static void *volatile held;

Test(canary, leak) {
    held = malloc(1234);
    held = NULL;
}
