#include "features/reservoir.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "src/base/memory.h"

fx_status fx__reservoir_create(size_t size, fx_reservoir *out, fx_error *error) {
    *out = (fx_reservoir){.size = size};
    return fx__allocate(size, sizeof *out->items, &out->items, error);
}

void fx__reservoir_destroy(fx_reservoir *reservoir) {
    free(reservoir->items);
    *reservoir = (fx_reservoir){0};
}

static bool is_before(const fx_reservoir_item *a, const fx_reservoir_item *b) {
    return a->key != b->key ? a->key < b->key : a->group < b->group;
}

// Puts an item at a place of the heap that is free, or below.
static void sift_down(fx_reservoir *r, size_t place, fx_reservoir_item item) {
    for (size_t child; (child = 2 * place + 1) < r->count; place = child) {
        if (child + 1 < r->count && is_before(&r->items[child], &r->items[child + 1])) child++;
        if (!is_before(&item, &r->items[child])) break;
        r->items[place] = r->items[child];
    }
    r->items[place] = item;
}

void fx__reservoir_offer(fx_reservoir *r, uint32_t group, uint64_t items, fx_rng *rng) {
    fx_reservoir_item item = {.group = group};
    for (; items > 0; items--) {
        item.key -= log(1 - fx_rng_uniform(rng)) / (double)items;
        if (r->count < r->size) {
            r->items[r->count++] = item;
            if (r->count == r->size)
                for (size_t i = r->size / 2; i-- > 0;) sift_down(r, i, r->items[i]);
        } else if (is_before(&item, &r->items[0])) {
            sift_down(r, 0, item);
        } else {
            return;
        }
    }
}

static int by_group(const void *left, const void *right) {
    const fx_reservoir_item *a = left, *b = right;
    return (a->group > b->group) - (a->group < b->group);
}

void fx__reservoir_finish(fx_reservoir *r) {
    qsort(r->items, r->count, sizeof *r->items, by_group);
}
