// Sets environment variables and executes the program itself.
#include "tools/restart.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "src/base/gemm.h"

// Each variable is set in the second start, so there is no third.
void restart_tuned(char **argv) {
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    bool spins = !getenv("GOMP_SPINCOUNT") && !getenv("OMP_WAIT_POLICY");
    const char *core = getenv("OPENBLAS_CORETYPE") ? NULL : fx__gemm_missed_core();
    if (length <= 0 || (!spins && !core)) return;
    path[length] = '\0';
    // OpenBLAS is only ever called one thread a product: its own threads need not be started again.
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    if ((!spins || setenv("GOMP_SPINCOUNT", "1000", 1) == 0) &&
        (!core || setenv("OPENBLAS_CORETYPE", core, 1) == 0))
        execv(path, argv);
}
