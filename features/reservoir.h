// A uniform sample without replacement of the items of many groups, in memory that does not grow
// with their number.
//
// Each item has a random key, and the `size` smallest keys are the sample: that is the same set
// whatever the order in which groups are offered. Only keys that may be among them are made: those
// of a group's n items in ascending order are sums of e_j / (n - j), j = 0, 1, …, with e_j
// exponential (Rényi), so a group costs as many keys as it gives, and one more.
//
// Sources: Fan, Muller & Rezucha, "Development of sampling plans by using sequential (item by item)
// selection techniques and digital computers", JASA 57, 1962 (keys); Rényi, "On the theory of order
// statistics", 1953.
#ifndef FEATX_FEATURES_RESERVOIR_H
#define FEATX_FEATURES_RESERVOIR_H

#include <stdint.h>

#include "featx/error.h"
#include "featx/rng.h"

typedef struct fx_reservoir_item {
    double key;
    uint32_t group;
} fx_reservoir_item;

typedef struct fx_reservoir {
    size_t size, count;       // wanted; held
    fx_reservoir_item *items; // [size]; once full a heap, the largest key first
} fx_reservoir;

FX_MUST_CHECK fx_status fx__reservoir_create(size_t size, fx_reservoir *out, fx_error *error);
// Offers the `items` items of a group, each once. One thread at a time.
void fx__reservoir_offer(fx_reservoir *reservoir, uint32_t group, uint64_t items, fx_rng *rng);
// Leaves the sample in items[count], by ascending groups; count < size where all were offered.
void fx__reservoir_finish(fx_reservoir *reservoir);
void fx__reservoir_destroy(fx_reservoir *reservoir);
#endif
