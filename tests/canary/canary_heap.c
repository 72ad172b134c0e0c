// A canary: it writes behind a heap block on purpose (see canary_leak.c).
#include <criterion/criterion.h>
#include <stdlib.h>

static char *volatile block;

Test(canary, heap) {
    block = malloc(16);
    cr_assert_not_null(block);
    block[16] = 1;
    free(block);
}
