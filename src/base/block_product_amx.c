// Products by the processor's tiles (AMX), as exact as in float32 where numbers are of one size.
//
// A tile instruction multiplies 16 × 64 by 64 × 16 bytes and adds up in int32, exactly: in a cycle
// 32 times as much as AVX-512 does of float32. For it the numbers of a row of A and of a column of
// B, 512 of k at a time, become integers of 24 bits times a power of two, as small as the greatest
// of them allows, each of three digits of eight bits. Of the nine products of digits eight are
// added up, those of one place together; the ninth, of the last digits of both, is left out.
//
// So a number is off by up to 1.01 · 2^-23 of the greatest in its row or column, and a product by
// 1.02 · 2^-30 of that of the greatest, where a chain of float32 sums is off by 2^-24 of each of
// its sums: less is lost where numbers are of one size, more where they are far smaller than the
// greatest (limits.md has both as they come in training). A row or column with a number that is
// not finite gives NaN: infinity and NaN have digits of zero, and 0 · 2^∞ is NaN.
//
// Which four of k stand side by side in a tile is free, as long as it is the same for both factors:
// they are k, k + 16, k + 32 and k + 48, as that needs no shuffling.
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
#include <sys/syscall.h>
#include <threads.h>
#include <unistd.h>

enum {
    SIDE = 16,                 // rows of a tile
    STEP = 64,                 // of k in a tile, four side by side
    QUARTER = STEP / 4,        // between those
    DIGITS = 3,                // of a number, the largest first
    PLACES = 4,                // of products of digits
    TILE = SIDE * STEP,        // digits of one place
    NUMBERS = DIGITS * TILE,   // and of all
    BLOCK = FX__PACKED_UNIT,   // rows and columns of C at a time: two tiles
    DEPTH = FX__PRODUCT_DEPTH, // of k at a time
};
static_assert(FX__PRODUCT_SCRATCH % SIDE == 0, "scratch of the next thread would not be aligned");

#define TARGET __attribute__((target("avx512f,avx512bw,amx-tile,amx-int8")))
#define INLINE TARGET static inline __attribute__((always_inline))

// Packing
// ------------------------------------------------------------------------------------------------

// At most `count` of 16 numbers, then zeros.
INLINE __m512 first_of(ptrdiff_t count, const float *from) {
    const unsigned lanes = count >= SIDE ? SIDE : count > 0 ? (unsigned)count : 0;
    return _mm512_maskz_loadu_ps((__mmask16)((1u << lanes) - 1), from);
}

// The bits of the greater magnitude, of which those of NaN are the greatest.
INLINE __m512i greater(__m512i greatest, __m512 x) {
    const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
    return _mm512_max_epu32(greatest, _mm512_and_si512(_mm512_castps_si512(x), magnitude));
}

// The e for which the digits of x / 2^e fit, the first being its integer part: x < 126.99 · 2^e, as
// digits go from -128 to 127, and from 127.498 on the first would have to be 128. Infinity and NaN
// stay what they are.
INLINE __m512 exponent_of(__m512i greatest) {
    const __m512 least = _mm512_set1_ps(-160); // below all that float32 has, for rows of zeros
    const __m512 x = _mm512_castsi512_ps(greatest), above = _mm512_set1_ps(64 / 126.99f);
    const __m512 e = _mm512_getexp_ps(_mm512_mul_ps(x, above));
    return _mm512_max_ps(least, _mm512_sub_ps(e, _mm512_set1_ps(5)));
}

// The digits of 16 numbers, the first in the third byte of a lane.
INLINE __m512i digits_of(__m512 x, __m512 exponent) {
    const __m512 shift = _mm512_sub_ps(_mm512_set1_ps(16), exponent);
    const __m512i bias = _mm512_set1_epi32(0x8080); // the second and third may be negative
    const __m512i integer = _mm512_cvtps_epi32(_mm512_scalef_ps(x, shift));
    return _mm512_xor_si512(_mm512_add_epi32(integer, bias), bias);
}

// Digits of four vectors, lane by lane side by side, to a row of the tile of each place.
INLINE void put_digits(__m512i x0, __m512i x1, __m512i x2, __m512i x3, uint8_t *to) {
    const __mmask32 upper = 0xAAAAAAAA;
    const __mmask64 odd = 0xAAAAAAAAAAAAAAAA;
    const __m512i low01 = _mm512_mask_blend_epi16(upper, x0, _mm512_slli_epi32(x1, 16));
    const __m512i low23 = _mm512_mask_blend_epi16(upper, x2, _mm512_slli_epi32(x3, 16));
    const __m512i high01 = _mm512_mask_blend_epi16(upper, _mm512_srli_epi32(x0, 16), x1);
    const __m512i high23 = _mm512_mask_blend_epi16(upper, _mm512_srli_epi32(x2, 16), x3);
    const __m512i first = _mm512_mask_blend_epi8(odd, high01, _mm512_slli_epi16(high23, 8));
    const __m512i second = _mm512_mask_blend_epi8(odd, _mm512_srli_epi16(low01, 8), low23);
    const __m512i third = _mm512_mask_blend_epi8(odd, low01, _mm512_slli_epi16(low23, 8));
    _mm512_store_si512(to, first);
    _mm512_store_si512(to + TILE, second);
    _mm512_store_si512(to + 2 * TILE, third);
}

// Of lanes of four digits, 16 × 16.
TARGET static void transpose(uint8_t *tile) {
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
        uint8_t *to = tile + i * STEP;
        _mm512_store_si512(to, _mm512_shuffle_i32x4(upper_even, lower_even, 0x88));
        _mm512_store_si512(to + 4 * STEP, _mm512_shuffle_i32x4(upper_odd, lower_odd, 0x88));
        _mm512_store_si512(to + 8 * STEP, _mm512_shuffle_i32x4(upper_even, lower_even, 0xDD));
        _mm512_store_si512(to + 12 * STEP, _mm512_shuffle_i32x4(upper_odd, lower_odd, 0xDD));
    }
}

// 32 rows of A or columns of B: digits[strip of 16][step of k][place][16][64], exponents[32].
static float *exponents_of(const uint8_t *block, size_t steps) {
    return (float *)(block + 2 * steps * NUMBERS);
}

static size_t block_size(size_t steps) {
    return 2 * steps * NUMBERS + BLOCK * sizeof(float);
}

// `count` of 32 rows that begin `ld` apart, of `depth` numbers. The next 32 are asked for.
TARGET static void pack_along(const float *from, size_t ld, size_t count, size_t depth,
                              size_t steps, uint8_t *block) {
    float *exponents = exponents_of(block, steps);
    for (size_t row = 0; row < BLOCK; row++) {
        const float *numbers = from + (row < count ? row * ld : 0);
        const size_t length = row < count ? depth : 0;
        __m512i greatest = _mm512_setzero_si512();
        for (size_t q = 0; q < length; q += SIDE) {
            __builtin_prefetch(numbers + BLOCK * ld + q, 0, 2);
            greatest = greater(greatest, first_of((ptrdiff_t)(length - q), numbers + q));
        }
        const int most = (int)_mm512_reduce_max_epu32(greatest);
        exponents[row] = _mm512_cvtss_f32(exponent_of(_mm512_set1_epi32(most)));
    }
    for (size_t row = 0; row < BLOCK; row++) {
        const float *numbers = from + (row < count ? row * ld : 0);
        const ptrdiff_t length = row < count ? (ptrdiff_t)depth : 0;
        const __m512 exponent = _mm512_set1_ps(exponents[row]);
        uint8_t *to = block + row / SIDE * steps * NUMBERS + row % SIDE * STEP;
        for (size_t step = 0; step < steps; step++, to += NUMBERS) {
            __m512i x[4];
            FX__UNROLL for (size_t i = 0; i < 4; i++) {
                const size_t q = step * STEP + i * QUARTER;
                x[i] = digits_of(first_of(length - (ptrdiff_t)q, numbers + q), exponent);
            }
            put_digits(x[0], x[1], x[2], x[3], to);
        }
    }
}

// `count` of 32 columns, of `depth` numbers that stand `ld` apart. The next 32 are asked for.
TARGET static void pack_across(const float *from, size_t ld, size_t count, size_t depth,
                               size_t steps, uint8_t *block) {
    const ptrdiff_t near = (ptrdiff_t)count, far = near - SIDE;
    __m512i greatest[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
    for (size_t q = 0; q < depth; q++) {
        const float *row = from + q * ld;
        __builtin_prefetch(row + BLOCK, 0, 2);
        __builtin_prefetch(row + BLOCK + SIDE, 0, 2);
        greatest[0] = greater(greatest[0], first_of(near, row));
        greatest[1] = greater(greatest[1], first_of(far, row + SIDE));
    }
    const __m512 exponent[2] = {exponent_of(greatest[0]), exponent_of(greatest[1])};
    _mm512_store_ps(exponents_of(block, steps), exponent[0]);
    _mm512_store_ps(exponents_of(block, steps) + SIDE, exponent[1]);
    for (size_t line = 0; line < steps * SIDE; line++) {
        const size_t step = line / SIDE, first = step * STEP + line % SIDE;
        uint8_t *to = block + step * NUMBERS + line % SIDE * STEP;
        __m512i x[4], y[4];
        FX__UNROLL for (size_t i = 0; i < 4; i++) {
            const size_t q = first + i * QUARTER;
            const float *row = from + (q < depth ? q * ld : 0);
            x[i] = digits_of(first_of(q < depth ? near : 0, row), exponent[0]);
            y[i] = digits_of(first_of(q < depth ? far : 0, row + SIDE), exponent[1]);
        }
        put_digits(x[0], x[1], x[2], x[3], to);
        put_digits(y[0], y[1], y[2], y[3], to + steps * NUMBERS);
    }
}

// A factor: its number at (i, p), i a row of A or a column of B, stands at data[i · ld + p] if k is
// `along` its rows, else at data[p · ld + i]. Tiles have i down their rows (A), or k (B).
typedef struct layout {
    const float *data;
    size_t ld;
    bool along, turned; // `turned`: tiles are packed as transposes
} layout;

static layout layout_of(const fx__product *p, fx__factor factor) {
    return factor == FX__FACTOR_A ? (layout){p->a, p->lda, !p->transpose_a, p->transpose_a}
                                  : (layout){p->b, p->ldb, p->transpose_b, p->transpose_b};
}

// i … end - 1 by p … p + depth - 1, in whole blocks; zero beyond.
static void pack(const layout *f, size_t i, size_t end, size_t p, size_t depth, uint8_t *to) {
    const size_t steps = fx__pieces(depth, STEP);
    for (; i < end; i += BLOCK, to += block_size(steps)) {
        const size_t count = fx__least(BLOCK, end - i);
        if (f->along)
            pack_along(f->data + i * f->ld + p, f->ld, count, depth, steps, to);
        else
            pack_across(f->data + p * f->ld + i, f->ld, count, depth, steps, to);
        for (size_t tile = 0; f->turned && tile < 2 * steps * DIGITS; tile++)
            transpose(to + tile * TILE);
    }
}

// Where row or column i of `count` that are packed begins, from p of k on.
static size_t place_of(size_t count, size_t k, size_t p, size_t i) {
    const size_t blocks = fx__pieces(count, BLOCK),
                 steps = fx__pieces(fx__least(DEPTH, k - p), STEP);
    return p / DEPTH * blocks * block_size(DEPTH / STEP) + i / BLOCK * block_size(steps);
}

size_t fx__tiles_packed_size(const fx__product *product, size_t count) {
    const size_t k = product->k, last = (k - 1) / DEPTH * DEPTH;
    return place_of(count, k, last, fx__pieces(count, BLOCK) * BLOCK) / sizeof(float);
}

void fx__tiles_pack(const fx__product *product, fx__factor factor, size_t count, size_t begin,
                    size_t end, float *to) {
    const layout f = layout_of(product, factor);
    const size_t k = product->k;
    for (size_t p = 0; p < k; p += DEPTH)
        pack(&f, begin, end, p, fx__least(DEPTH, k - p),
             (uint8_t *)to + place_of(count, k, p, begin));
}

// The blocks of a factor from p of k on, or NULL.
static const uint8_t *packed(const fx__packed *factor, size_t k, size_t p) {
    if (!factor->data || factor->begin % BLOCK != 0) return NULL;
    return (const uint8_t *)factor->data + place_of(factor->count, k, p, factor->begin);
}

// Multiplying
// ------------------------------------------------------------------------------------------------

// The compiler does not know that tile instructions read and write memory.
#define MEMORY() __asm__ volatile("" ::: "memory")

// Keeps tile instructions apart, as said above.
#define APART() __asm__ volatile(".rept 6\n\tnop\n\t.endr")

#define LOAD(tile, from)                                                                           \
    _tile_loadd(tile, from, STEP);                                                                 \
    APART();
#define ADD_PRODUCT(sum, a, b)                                                                     \
    _tile_dpbssd(sum, a, b);                                                                       \
    APART();

// 16 × 16 of the product, of which the sums of each place are known: the rows that are left to be
// put where they belong.
typedef struct rest {
    const int32_t *sums; // [place][16, 16], the row that is next
    const float *of_a;   // its exponent
    __m512 of_b;         // those of the columns
    float *c;
    size_t ldc, rows;
    __mmask16 columns;
    bool more; // is added to what is there
} rest;

INLINE void put_rows(rest *r, size_t rows) {
    const __m512 digit = _mm512_set1_ps(0x1p-8f);
    for (; rows > 0 && r->rows > 0; rows--) {
        __m512 sum = _mm512_cvtepi32_ps(_mm512_load_si512(r->sums + (PLACES - 1) * SIDE * SIDE));
        FX__UNROLL for (size_t place = PLACES - 1; place-- > 0;) sum = _mm512_fmadd_ps(
            sum, digit, _mm512_cvtepi32_ps(_mm512_load_si512(r->sums + place * SIDE * SIDE)));
        sum = _mm512_scalef_ps(sum, _mm512_add_ps(_mm512_set1_ps(*r->of_a), r->of_b));
        if (r->more) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(r->columns, r->c));
        _mm512_mask_storeu_ps(r->c, r->columns, sum);
        r->sums += SIDE;
        r->of_a++;
        r->c += r->ldc;
        r->rows--;
    }
}

// sums[place][16, 16] of a strip of A and one of B, over `steps`: the place of a product is that of
// its two digits added up. In between, the tile before is put where it belongs.
TARGET static void multiply_strips(const uint8_t *a, const uint8_t *b, size_t steps, int32_t *sums,
                                   rest *before) {
    const size_t pace = fx__pieces(SIDE, 4 * steps); // rows, four times a step
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (size_t step = 0; step < steps; step++) {
        LOAD(4, a)
        LOAD(7, b)
        ADD_PRODUCT(0, 4, 7)
        put_rows(before, pace);
        LOAD(5, a + TILE)
        ADD_PRODUCT(1, 5, 7)
        LOAD(6, a + 2 * TILE)
        ADD_PRODUCT(2, 6, 7)
        put_rows(before, pace);
        LOAD(7, b + TILE)
        ADD_PRODUCT(1, 4, 7)
        ADD_PRODUCT(2, 5, 7)
        put_rows(before, pace);
        ADD_PRODUCT(3, 6, 7)
        LOAD(7, b + 2 * TILE)
        ADD_PRODUCT(2, 4, 7)
        put_rows(before, pace);
        ADD_PRODUCT(3, 5, 7)
        a += NUMBERS;
        b += NUMBERS;
    }
    MEMORY();
    _tile_stored(0, sums, STEP);
    _tile_stored(1, sums + SIDE * SIDE, STEP);
    _tile_stored(2, sums + 2 * SIDE * SIDE, STEP);
    _tile_stored(3, sums + 3 * SIDE * SIDE, STEP);
    MEMORY();
}

// c[rows, columns] = (`more`: +=) a block of A · one of B, over `steps`.
TARGET static void multiply_block(const uint8_t *a, const uint8_t *b, size_t steps, bool more,
                                  size_t rows, size_t columns, float *c, size_t ldc) {
    int32_t sums[2][PLACES * SIDE * SIDE] __attribute__((aligned(64)));
    rest before = {.rows = 0};
    MEMORY();
    for (size_t tile = 0; tile < 4; tile++) { // round the block
        const size_t lower = tile == 1 || tile == 2, right = tile / 2;
        const size_t i = lower * SIDE, j = right * SIDE;
        if (i >= rows || j >= columns) continue;
        const rest next = {.sums = sums[tile % 2],
                           .of_a = exponents_of(a, steps) + i,
                           .of_b = _mm512_load_ps(exponents_of(b, steps) + j),
                           .c = c + i * ldc + j,
                           .ldc = ldc,
                           .rows = fx__least(SIDE, rows - i),
                           .columns = (__mmask16)((1u << fx__least(SIDE, columns - j)) - 1),
                           .more = more};
        for (size_t row = 0; more && row < next.rows; row++)
            __builtin_prefetch(next.c + row * ldc, 1);
        multiply_strips(a + lower * steps * NUMBERS, b + right * steps * NUMBERS, steps,
                        sums[tile % 2], &before);
        before = next;
    }
    put_rows(&before, SIDE);
}

// The block at row i and column j of the product, of which `rows` and `columns` are wanted.
static void put_block(const uint8_t *a, const uint8_t *b, size_t steps, bool more, size_t i,
                      size_t j, size_t rows, size_t columns, const fx__product_output *out) {
    if (out->c) {
        multiply_block(a, b, steps, more, rows, columns, out->c + i * out->ldc + j, out->ldc);
        return;
    }
    float block[BLOCK * BLOCK] __attribute__((aligned(64)));
    multiply_block(a, b, steps, false, rows, columns, block, BLOCK);
    out->take(out->context, i, j, rows, columns, block, BLOCK);
}

TARGET void fx__product_by_tiles(const fx__product *product, float *scratch,
                                 const fx__product_output *out) {
    static const struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } config = {.palette = 1,
                .row_bytes = {STEP, STEP, STEP, STEP, STEP, STEP, STEP, STEP},
                .rows = {SIDE, SIDE, SIDE, SIDE, SIDE, SIDE, SIDE, SIDE}};
    const size_t m = product->m, n = product->n, k = product->k;
    const layout a = layout_of(product, FX__FACTOR_A), b = layout_of(product, FX__FACTOR_B);
    assert(out->c || k <= DEPTH);
    _tile_loadconfig(&config);
    for (size_t p = 0; p < k; p += DEPTH) {
        const size_t depth = fx__least(DEPTH, k - p), steps = fx__pieces(depth, STEP);
        const size_t size = block_size(steps);
        const uint8_t *all_a = packed(&product->packed_a, k, p);
        const uint8_t *all_b = packed(&product->packed_b, k, p);
        uint8_t *own_b = (uint8_t *)scratch, *own_a = own_b + size;
        const size_t fit = (FX__PRODUCT_SCRATCH * sizeof *scratch / size - 1) * BLOCK;
        const size_t height = all_a ? m : fit;
        for (size_t i = 0; i < m; i += height) {
            const size_t rows = fx__least(height, m - i);
            if (!all_a) pack(&a, i, i + rows, p, depth, own_a);
            for (size_t j = 0; j < n; j += BLOCK) {
                const size_t columns = fx__least(BLOCK, n - j);
                if (!all_b) pack(&b, j, j + columns, p, depth, own_b);
                const uint8_t *of_a = all_a ? all_a : own_a;
                const uint8_t *of_b = all_b ? all_b + j / BLOCK * size : own_b;
                for (size_t q = 0; q < rows; q += BLOCK, of_a += size)
                    put_block(of_a, of_b, steps, p > 0, i + q, j, fx__least(BLOCK, rows - q),
                              columns, out);
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
    const unsigned needed = 1u << 24 | 1u << 25; // AMX-TILE, AMX-INT8
    granted = __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (edx & needed) == needed &&
              __builtin_cpu_supports("avx512bw") &&
              syscall(SYS_arch_prctl, REQUEST_STATE, TILE_DATA) == 0;
}

bool fx__product_has_tiles(void) {
    call_once(&asked, ask);
    return granted;
}
#else // there are none, and the rest is not called
bool fx__product_has_tiles(void) {
    return false;
}

void fx__product_by_tiles(const fx__product *product, float *scratch,
                          const fx__product_output *out) {
    (void)product;
    (void)scratch;
    (void)out;
}

size_t fx__tiles_packed_size(const fx__product *product, size_t count) {
    (void)product;
    (void)count;
    return 0;
}

void fx__tiles_pack(const fx__product *product, fx__factor factor, size_t count, size_t begin,
                    size_t end, float *to) {
    (void)product;
    (void)factor;
    (void)count;
    (void)begin;
    (void)end;
    (void)to;
}
#endif
