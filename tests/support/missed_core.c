// Prints what OPENBLAS_CORETYPE should be for this processor, or nothing: the programs start anew
// with it, tests cannot.
#include <stdio.h>

#include "src/base/gemm.h"

int main(void) {
    const char *core = fx__gemm_missed_core();
    if (core) puts(core);
    return 0;
}
