// Checked, aligned allocation.
#include "src/base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    ALIGNMENT = 64,
    HUGE_PAGE = 1 << 21,
    HUGE_FROM = HUGE_PAGE / 2, // bytes from which on at most half is lost to whole huge pages
};

fx_status fx__allocate(size_t count, size_t size, void *out_pointer, fx_error *error) {
    void **out = out_pointer;
    size_t bytes;
    *out = NULL;
    if (!fx__size_mul(count, size, &bytes) || bytes > SIZE_MAX - HUGE_PAGE)
        return fx_error_set(error, FX_ERROR_MEMORY, "%zu × %zu bytes cannot be addressed", count,
                            size);
    // A block of a large matrix has each of its rows in another small page: huge ones keep the
    // translation of addresses out of the way of matrix products.
    const bool huge = bytes >= HUGE_FROM;
    const size_t unit = huge ? HUGE_PAGE : ALIGNMENT;
    bytes = bytes ? (bytes + unit - 1) / unit * unit : unit;
    *out = aligned_alloc(unit, bytes);
    if (!*out) return fx_error_set(error, FX_ERROR_MEMORY, "out of memory: %zu bytes", bytes);
#ifdef MADV_HUGEPAGE
    if (huge) (void)madvise(*out, bytes, MADV_HUGEPAGE); // a wish
#endif
    memset(*out, 0, bytes);
    return FX_OK;
}

fx_status fx__duplicate(const char *text, char **out, fx_error *error) {
    *out = strdup(text);
    if (!*out)
        return fx_error_set(error, FX_ERROR_MEMORY, "out of memory: %zu bytes", strlen(text) + 1);
    return FX_OK;
}

fx_status fx__grow(void *pointer, size_t *capacity, size_t needed, size_t size, fx_error *error) {
    if (needed <= *capacity) return FX_OK;
    size_t grown = *capacity < 8 ? 8 : *capacity;
    while (grown < needed) {
        if (grown > SIZE_MAX / 2) {
            grown = needed;
            break;
        }
        grown *= 2;
    }
    size_t bytes;
    void **data = pointer;
    void *moved = fx__size_mul(grown, size, &bytes) ? realloc(*data, bytes) : NULL;
    if (!moved)
        return fx_error_set(error, FX_ERROR_MEMORY, "out of memory: %zu × %zu bytes", grown, size);
    *data = moved;
    *capacity = grown;
    return FX_OK;
}
