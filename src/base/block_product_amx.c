// Products by the processor's tiles (AMX), to the accuracy of float32.
//
// A tile instruction multiplies 16 × 32 by 32 × 16 numbers of bfloat16, exactly, and adds up in
// float32: in a cycle sixteen times as much as AVX-512 does of float32. A float32 is the sum of
// three bfloat16 (8 + 8 + 8 bits). Of the nine products of these parts the six largest are added;
// the others are at most half of the last bit. 32 of k are summed before they are added to the
// element, so that less is rounded away than in a chain of float32 sums. Numbers below 1e-33 and
// products below 1e-30 lose bits, as tiles know no denormal ones; numbers from 3.396e38 on, which
// round to infinity, give NaN.
//
// Factors are split on the way into scratch: a panel of 32 columns of B, and the rows of A that it
// meets, 16 rows or columns by 32 of k in a tile. Which two of k stand side by side there is free,
// as long as it is the same for both: they are those at k and k + 16, as that needs no shuffling.
//
// Beside another program on the same core, tile instructions one after the other take two to three
// times as long, those that stand apart less: what is between them costs nothing where they run
// alone (tools/bench/limits.md).
#include <assert.h>

#include "src/base/block_product_kernels.h"
#include "src/base/kernel.h"
#include "src/base/memory.h"

#if FX__WIDE && defined(__linux__)
#include <cpuid.h>
#include <immintrin.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <threads.h>
#include <unistd.h>

enum {
    SIDE = 16,            // rows of a tile
    STEP = 32,            // of k in a tile
    PARTS = 3,            // of a number
    TILE = SIDE * STEP,   // numbers of one part
    SPLIT = PARTS * TILE, // and of all
    BLOCK = 2 * SIDE,     // rows and columns of C in registers
    DEPTH = 256,          // of k at a time, where the product is written
};

#define TARGET __attribute__((target("avx512f,avx512bw,amx-tile,amx-bf16")))
#define INLINE TARGET static inline __attribute__((always_inline))

typedef uint16_t bfloat16;

// Splitting
// ------------------------------------------------------------------------------------------------

// Rounded to bfloat16.
INLINE __m512 rounded(__m512 x) {
    const __m512i half = _mm512_set1_epi32(0x8000), mask = _mm512_set1_epi32(-0x10000);
    return _mm512_castsi512_ps(
        _mm512_and_si512(_mm512_add_epi32(_mm512_castps_si512(x), half), mask));
}

// The upper halves of two vectors, side by side.
INLINE void put(__m512 low, __m512 high, bfloat16 *to) {
    const __m512i shifted = _mm512_srli_epi32(_mm512_castps_si512(low), 16);
    _mm512_store_si512(to, _mm512_mask_blend_epi16(0xAAAAAAAA, shifted, _mm512_castps_si512(high)));
}

// At most `count` of 16 numbers, then zeros.
INLINE __m512 first_of(ptrdiff_t count, const float *from) {
    const unsigned lanes = count >= SIDE ? SIDE : count > 0 ? (unsigned)count : 0;
    return _mm512_maskz_loadu_ps((__mmask16)((1u << lanes) - 1), from);
}

// Row `from` of `tiles` tiles, `pitch` apart: 16 numbers and those `gap` after them, where there
// are `near` and `far` left; for the next tile `advance` later. What stands `next` after them is
// asked for.
TARGET static void split_row(const float *from, size_t gap, size_t next, ptrdiff_t near,
                             ptrdiff_t far, size_t advance, size_t tiles, size_t pitch,
                             bfloat16 *to) {
    for (size_t tile = 0; tile < tiles; tile++) {
        __builtin_prefetch(from + next, 0, 2);
        __builtin_prefetch(from + gap + next, 0, 2);
        __m512 low = first_of(near, from), high = first_of(far, from + gap);
        for (size_t part = 0; part < PARTS; part++) {
            const bool last = part + 1 == PARTS; // what is left has eight bits, unless denormal
            const __m512 l = last ? low : rounded(low), h = last ? high : rounded(high);
            put(l, h, to + part * TILE);
            low -= l;
            high -= h;
        }
        from += advance;
        near -= (ptrdiff_t)advance;
        far -= (ptrdiff_t)advance;
        to += pitch;
    }
}

// Of pairs of bfloat16, 16 × 16.
TARGET static void transpose(bfloat16 *tile) {
    __m512i r[SIDE], t[SIDE];
    FX__UNROLL for (size_t i = 0; i < SIDE; i++) r[i] = _mm512_load_si512(tile + i * STEP);
    FX__UNROLL for (size_t i = 0; i < SIDE; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    FX__UNROLL for (size_t i = 0; i < SIDE; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]); // a column of four rows in each quarter
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    FX__UNROLL for (size_t i = 0; i < 4; i++) { // columns i, i + 4, i + 8 and i + 12
        __m512i upper_even = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
        __m512i upper_odd = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xDD);
        __m512i lower_even = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
        __m512i lower_odd = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xDD);
        bfloat16 *to = tile + i * STEP;
        _mm512_store_si512(to, _mm512_shuffle_i32x4(upper_even, lower_even, 0x88));
        _mm512_store_si512(to + 4 * STEP, _mm512_shuffle_i32x4(upper_odd, lower_odd, 0x88));
        _mm512_store_si512(to + 8 * STEP, _mm512_shuffle_i32x4(upper_even, lower_even, 0xDD));
        _mm512_store_si512(to + 12 * STEP, _mm512_shuffle_i32x4(upper_odd, lower_odd, 0xDD));
    }
}

// A factor: its number at (i, p), i a row of A or a column of B, stands at data[i · ld + p] if k is
// `along` its rows, else at data[p · ld + i]. Tiles have i down their rows (A), or k (B).
typedef struct factor {
    const float *data;
    size_t ld;
    bool along, turned; // `turned`: tiles are split as transposes
} factor;

static size_t tiles_of(size_t length, size_t side) {
    return (length + side - 1) / side;
}

// i … i + count - 1 by p … p + depth - 1, as to[strip of i][step of k][part][16][32], in whole
// blocks; zero beyond.
static void split(const factor *f, size_t i, size_t count, size_t p, size_t depth, bfloat16 *to) {
    const size_t strips = 2 * tiles_of(count, BLOCK), steps = tiles_of(depth, STEP);
    const ptrdiff_t n = (ptrdiff_t)count, k = (ptrdiff_t)depth;
    if (f->along) {
        for (size_t row = 0; row < strips * SIDE; row++) {
            const ptrdiff_t left = row < count ? k : 0;
            split_row(f->data + (i + row) * f->ld + p, SIDE, BLOCK * f->ld, left, left - SIDE, STEP,
                      steps, SPLIT, to + row / SIDE * steps * SPLIT + row % SIDE * STEP);
        }
    } else {
        for (size_t pair = 0; pair < steps * SIDE; pair++) {
            const size_t step = pair / SIDE, q = step * STEP + pair % SIDE;
            split_row(f->data + (p + q) * f->ld + i, SIDE * f->ld, BLOCK, q < depth ? n : 0,
                      q + SIDE < depth ? n : 0, SIDE, strips, steps * SPLIT,
                      to + step * SPLIT + pair % SIDE * STEP);
        }
    }
    for (size_t tile = 0; f->turned && tile < strips * steps * PARTS; tile++)
        transpose(to + tile * TILE);
}

// Multiplying
// ------------------------------------------------------------------------------------------------

// The compiler does not know that tile instructions read and write memory.
#define MEMORY() __asm__ volatile("" ::: "memory")

// Keeps tile instructions apart, as said above. More than eight make no difference; the few of a
// block of C are not worth it.
#define APART() __asm__ volatile(".rept 12\n\tnop\n\t.endr")

#define LOAD(tile, from)                                                                           \
    _tile_loadd(tile, from, 2 * STEP);                                                             \
    APART();
#define ADD_PRODUCT(sum, a, b)                                                                     \
    _tile_dpbf16ps(sum, a, b);                                                                     \
    APART();

// A part of two strips of A, and of B.
#define LOAD_A(part)                                                                               \
    LOAD(4, a + (part)*TILE)                                                                       \
    LOAD(5, a + steps * SPLIT + (part)*TILE)
#define LOAD_B(part)                                                                               \
    LOAD(6, b + (part)*TILE)                                                                       \
    LOAD(7, b + steps * SPLIT + (part)*TILE)
#define MULTIPLY()                                                                                 \
    ADD_PRODUCT(0, 4, 6)                                                                           \
    ADD_PRODUCT(1, 4, 7)                                                                           \
    ADD_PRODUCT(2, 5, 6)                                                                           \
    ADD_PRODUCT(3, 5, 7)

// block[32, 32] = (`more`: +=) two strips of A · two of B, over `steps`.
TARGET static void multiply_block(const bfloat16 *a, const bfloat16 *b, size_t steps, bool more,
                                  float *block, size_t stride) {
    const size_t bytes = stride * sizeof *block;
    float *below = block + SIDE * stride;
    MEMORY();
    if (more) {
        _tile_loadd(0, block, bytes);
        _tile_loadd(1, block + SIDE, bytes);
        _tile_loadd(2, below, bytes);
        _tile_loadd(3, below + SIDE, bytes);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
    for (size_t step = 0; step < steps; step++) { // the smallest products first
        LOAD_A(0)
        LOAD_B(2)
        MULTIPLY()
        LOAD_B(1)
        MULTIPLY()
        LOAD_A(1)
        MULTIPLY()
        LOAD_B(0)
        MULTIPLY()
        LOAD_A(2)
        MULTIPLY()
        LOAD_A(0)
        MULTIPLY()
        a += SPLIT;
        b += SPLIT;
    }
    _tile_stored(0, block, bytes);
    _tile_stored(1, block + SIDE, bytes);
    _tile_stored(2, below, bytes);
    _tile_stored(3, below + SIDE, bytes);
    MEMORY();
}

// The block at row i and column j of the product, of which `rows` and `columns` are wanted.
static void put_block(const bfloat16 *a, const bfloat16 *b, size_t steps, bool more, size_t i,
                      size_t j, size_t rows, size_t columns, const fx__product_output *out) {
    float block[BLOCK * BLOCK] __attribute__((aligned(64)));
    if (!out->c) {
        multiply_block(a, b, steps, false, block, BLOCK);
        out->take(out->context, i, j, rows, columns, block, BLOCK);
        return;
    }
    float *to = out->c + i * out->ldc + j;
    if (rows == BLOCK && columns == BLOCK) {
        multiply_block(a, b, steps, more, to, out->ldc);
        return;
    }
    for (size_t row = 0; more && row < rows; row++)
        memcpy(block + row * BLOCK, to + row * out->ldc, columns * sizeof *to);
    multiply_block(a, b, steps, more, block, BLOCK);
    for (size_t row = 0; row < rows; row++)
        memcpy(to + row * out->ldc, block + row * BLOCK, columns * sizeof *to);
}

TARGET void fx__product_by_tiles(const fx__product *product, float *scratch,
                                 const fx__product_output *out) {
    static const struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } config = {.palette = 1,
                .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
                .rows = {SIDE, SIDE, SIDE, SIDE, SIDE, SIDE, SIDE, SIDE}};
    const size_t m = product->m, n = product->n, k = product->k;
    const factor a = {product->a, product->lda, !product->transpose_a, product->transpose_a};
    const factor b = {product->b, product->ldb, product->transpose_b, product->transpose_b};
    const size_t most = out->c ? DEPTH : k; // of k at a time
    assert(out->c || k <= FX__PRODUCT_DEPTH);
    _tile_loadconfig(&config);
    for (size_t p = 0; p < k; p += most) {
        const size_t depth = fx__least(most, k - p), steps = tiles_of(depth, STEP);
        const size_t pair = 2 * steps * SPLIT; // of strips
        bfloat16 *of_b = (bfloat16 *)scratch, *of_a = of_b + pair;
        const size_t height = (FX__PRODUCT_SCRATCH * 2 / pair - 1) * BLOCK; // that fits
        for (size_t i = 0; i < m; i += height) {
            const size_t rows = fx__least(height, m - i);
            split(&a, i, rows, p, depth, of_a);
            for (size_t j = 0; j < n; j += BLOCK) {
                const size_t columns = fx__least(BLOCK, n - j);
                split(&b, j, columns, p, depth, of_b);
                for (size_t q = 0; q < rows; q += BLOCK)
                    put_block(of_a + q / BLOCK * pair, of_b, steps, p > 0, i + q, j,
                              fx__least(BLOCK, rows - q), columns, out);
            }
        }
    }
    _tile_release();
}

static once_flag asked = ONCE_FLAG_INIT;
static bool granted;

static void ask(void) {
    enum { REQUEST_STATE = 0x1023, TILE_DATA = 18 }; // arch_prctl(2)
    unsigned eax, ebx, ecx, edx;
    const unsigned needed = 1u << 24 | 1u << 22; // AMX-TILE, AMX-BF16
    granted = __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (edx & needed) == needed &&
              __builtin_cpu_supports("avx512bw") &&
              syscall(SYS_arch_prctl, REQUEST_STATE, TILE_DATA) == 0;
}

bool fx__product_has_tiles(void) {
    call_once(&asked, ask);
    return granted;
}
#elif FX__WIDE
bool fx__product_has_tiles(void) {
    return false;
}

void fx__product_by_tiles(const fx__product *product, float *scratch,
                          const fx__product_output *out) {
    fx__product_by_vectors(product, scratch, out);
}
#endif
