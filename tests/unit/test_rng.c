// Philox4x32-10 against the known answers published with Random123 (kat_vectors), and properties of
// what is built on it.
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "featx/rng.h"

static void check_block(const uint32_t counter[4], const uint32_t key[2],
                        const uint32_t expected[4]) {
    uint32_t output[4];
    fx_philox4x32_10(counter, key, output);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(output[i], expected[i], "word %d: %08x, expected %08x", i, output[i],
                     expected[i]);
}

Test(rng, known_answers) {
    check_block((uint32_t[]){0, 0, 0, 0}, (uint32_t[]){0, 0},
                (uint32_t[]){0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    check_block((uint32_t[]){~0u, ~0u, ~0u, ~0u}, (uint32_t[]){~0u, ~0u},
                (uint32_t[]){0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    check_block((uint32_t[]){0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                (uint32_t[]){0xa4093822, 0x299f31d0},
                (uint32_t[]){0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

Test(rng, draws_continue_in_the_next_block) {
    fx_rng rng = fx_rng_at(7, FX_RNG_USER, 3, 5);
    uint32_t counter[4], block[4];
    memcpy(counter, rng.counter, sizeof counter);
    for (uint32_t b = 0; b < 3; b++) {
        counter[0] = b;
        fx_philox4x32_10(counter, rng.key, block);
        for (int i = 0; i < 4; i++) cr_assert_eq(fx_rng_uint32(&rng), block[i]);
    }
}

Test(rng, every_part_of_the_key_matters) {
    fx_rng keys[] = {
        fx_rng_at(1, FX_RNG_WEIGHTS, 1, 1),
        fx_rng_at(2, FX_RNG_WEIGHTS, 1, 1),
        fx_rng_at(1 + ((uint64_t)1 << 32), FX_RNG_WEIGHTS, 1, 1),
        fx_rng_at(1, FX_RNG_DROPOUT, 1, 1),
        fx_rng_at(1, FX_RNG_WEIGHTS, 2, 1),
        fx_rng_at(1, FX_RNG_WEIGHTS, 1, 2),
        fx_rng_at(1, FX_RNG_WEIGHTS, 1, 1 + ((uint64_t)1 << 32)),
        fx_rng_at(1, FX_RNG_WEIGHTS, 1, 1 + ((uint64_t)1 << 55)),
    };
    enum { N = sizeof keys / sizeof *keys };
    uint32_t first[N];
    for (int i = 0; i < N; i++) first[i] = fx_rng_uint32(&keys[i]);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++) cr_assert_neq(first[i], first[j], "keys %d and %d", i, j);
}

// Bounds at six deviations of the estimate: a right generator fails one run in a billion, and this
// one draws the same numbers every time.
Test(rng, moments) {
    enum { N = 200000 };
    fx_rng rng = fx_rng_at(1, FX_RNG_USER, 0, 0);
    double sum = 0, squares = 0, normal = 0, normal_squares = 0;
    for (int i = 0; i < N; i++) {
        double u = fx_rng_uniform(&rng), z = fx_rng_normal(&rng);
        cr_assert(u >= 0 && u < 1);
        sum += u;
        squares += u * u;
        normal += z;
        normal_squares += z * z;
    }
    cr_assert(fabs(sum / N - 0.5) <= 6 * sqrt(1.0 / 12 / N));
    cr_assert(fabs(squares / N - 1.0 / 3) <= 6 * sqrt(4.0 / 45 / N));
    cr_assert(fabs(normal / N) <= 6 * sqrt(1.0 / N));
    cr_assert(fabs(normal_squares / N - 1) <= 6 * sqrt(2.0 / N));
}

Test(rng, below_is_uniform) {
    enum { N = 120000, SIDES = 6 };
    fx_rng rng = fx_rng_at(1, FX_RNG_USER, 0, 1);
    int counts[SIDES] = {0};
    for (int i = 0; i < N; i++) counts[fx_rng_below(&rng, SIDES)]++;
    for (int i = 0; i < SIDES; i++)
        cr_assert(fabs(counts[i] - (double)N / SIDES) <= 6 * sqrt((double)N / SIDES));
    cr_assert_eq(fx_rng_below(&rng, 1), 0);
}

Test(rng, shuffle_permutes) {
    enum { N = 1000 };
    uint32_t values[N];
    int seen[N] = {0}, moved = 0;
    for (uint32_t i = 0; i < N; i++) values[i] = i;
    fx_rng rng = fx_rng_at(1, FX_RNG_SHUFFLE, 0, 0);
    fx_rng_shuffle(&rng, values, N);
    for (uint32_t i = 0; i < N; i++) {
        seen[values[i]]++;
        moved += values[i] != i;
    }
    for (int i = 0; i < N; i++) cr_assert_eq(seen[i], 1);
    cr_assert_gt(moved, N - 10);
}
