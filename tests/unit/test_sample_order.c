// The order of samples: complete, a function of seed and epoch, and local where it must be.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "featx/rng.h"
#include "src/nn/sample_order.h"

enum { MOST = 5000 };

static void make(size_t count, size_t block, size_t window, uint64_t seed, uint32_t epoch,
                 uint32_t *order) {
    fx_samples samples = {.count = count, .block = block, .window = window};
    cr_assert_eq(fx__sample_order(&samples, seed, epoch, order, NULL), FX_OK);
}

Test(sample_order, samples_that_fit_are_shuffled_as_a_whole) {
    static uint32_t order[MOST], expected[MOST];
    const size_t windows[] = {0, 1000, 4000};
    for (size_t i = 0; i < 1000; i++) expected[i] = (uint32_t)i;
    fx_rng rng = fx_rng_at(3, FX_RNG_SHUFFLE, 7, 0);
    fx_rng_shuffle(&rng, expected, 1000);
    for (size_t w = 0; w < 3; w++) {
        make(1000, 16, windows[w], 3, 7, order);
        cr_assert_arr_eq(order, expected, 1000 * sizeof *order);
    }
}

Test(sample_order, windows_hold_whole_blocks_drawn_from_everywhere) {
    static uint32_t order[MOST];
    static unsigned seen[MOST];
    const size_t counts[] = {101, 640, 4999}, blocks[] = {1, 7, 16, 64}, windows[] = {5, 64, 100};
    for (size_t c = 0; c < 3; c++)
        for (size_t b = 0; b < 4; b++)
            for (size_t w = 0; w < 3; w++) {
                const size_t n = counts[c], block = blocks[b];
                const size_t together = windows[w] > block ? windows[w] / block : 1;
                make(n, block, windows[w], 1, 1, order);
                memset(seen, 0, sizeof seen);
                for (size_t i = 0; i < n; i++) {
                    cr_assert_lt(order[i], n);
                    seen[order[i]]++;
                }
                for (size_t i = 0; i < n; i++) cr_assert_eq(seen[i], 1, "sample %zu", i);
                // The short block may stand anywhere, so windows are found by counting blocks: one
                // ends where every block that was begun is complete and `together` are done.
                static size_t left[MOST];
                memset(left, 0, sizeof left);
                size_t open = 0, begun = 0;
                for (size_t i = 0; i < n; i++) {
                    size_t own = order[i] / block;
                    if (left[own] == 0) {
                        left[own] = (own + 1) * block <= n ? block : n - own * block;
                        open++;
                        begun++;
                        cr_assert_leq(open, together, "n %zu, block %zu, window %zu", n, block,
                                      windows[w]);
                    }
                    if (--left[own] == 0) {
                        open--;
                        left[own] = SIZE_MAX; // must not be begun again
                    }
                    if (begun == together && open == 0) begun = 0;
                    cr_assert_leq(begun, together);
                }
            }
}

Test(sample_order, windows_mix_a_sorted_file) {
    // 4096 samples, sorted by 4 classes of 1024; windows of 512 in blocks of 16: 32 blocks, of
    // which 8 ± 2.4 are of one class.
    static uint32_t order[MOST];
    make(4096, 16, 512, 1, 1, order);
    for (size_t begin = 0; begin < 4096; begin += 512) {
        size_t classes[4] = {0};
        for (size_t i = begin; i < begin + 512; i++) classes[order[i] / 1024]++;
        for (int c = 0; c < 4; c++) // 16 samples at least: off by 3 deviations
            cr_assert_geq(classes[c], 16, "window %zu: %zu of class %d", begin / 512, classes[c],
                          c);
        size_t neighbours = 0; // within a window, blocks are mixed sample by sample
        for (size_t i = begin + 1; i < begin + 512; i++) neighbours += order[i] == order[i - 1] + 1;
        cr_assert_leq(neighbours, 20, "%zu of 511 follow their neighbour", neighbours);
    }
}

Test(sample_order, seeds_and_epochs_differ_and_repeat) {
    static uint32_t a[MOST], b[MOST];
    make(1000, 16, 100, 1, 1, a);
    make(1000, 16, 100, 1, 1, b);
    cr_assert_arr_eq(a, b, 1000 * sizeof *a);
    make(1000, 16, 100, 1, 2, b);
    cr_assert_neq(memcmp(a, b, 1000 * sizeof *a), 0);
    make(1000, 16, 100, 2, 1, b);
    cr_assert_neq(memcmp(a, b, 1000 * sizeof *a), 0);
}
