#include "featx/version.h"

const char *fx_version(void) {
    return FX_VERSION;
}
