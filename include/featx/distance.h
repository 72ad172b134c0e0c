// Distances between rows of descriptors, and the nearest of many rows.
//
// Sources: Swain & Ballard, "Color indexing", IJCV 7(1), 1991 (intersection); Puzicha, Buhmann,
// Rubner & Tomasi, "Empirical evaluation of dissimilarity measures for color and texture", ICCV
// 1999 (chi-square); Bhattacharyya, 1943, as in Comaniciu, Ramesh & Meer, PAMI 25(5), 2003
// (Hellinger).
#ifndef FEATX_DISTANCE_H
#define FEATX_DISTANCE_H

#include <stddef.h>

#include "featx/error.h"

#ifdef __cplusplus
extern "C" {
#endif

// 0 for equal rows, exactly.
typedef enum fx_distance {
    FX_DISTANCE_L1,           // Σ |a - b|
    FX_DISTANCE_L2,           // √Σ (a - b)²
    FX_DISTANCE_CHI_SQUARE,   // Σ (a - b)² / (|a| + |b|), 0 where both are 0
    FX_DISTANCE_INTERSECTION, // 1 - Σ min(a, b) / max(Σ a, Σ b), of numbers ≥ 0
    FX_DISTANCE_HELLINGER,    // √(1 - Σ √(a b) / √(Σ a Σ b)), of numbers ≥ 0
    FX_DISTANCE_COSINE,       // 1 - Σ a b / √(Σ a² Σ b²)
    FX_DISTANCE_CORRELATION,  // cosine of a - mean(a) and b - mean(b)
    FX_DISTANCE_COUNT
} fx_distance;

// "L1", "L2", "chi-square", "intersection", "hellinger", "cosine", "correlation".
const char *fx_distance_name(fx_distance distance);
// FX_ERROR_USAGE names those that there are.
FX_MUST_CHECK fx_status fx_distance_parse(const char *name, fx_distance *out, fx_error *error);

// Between a[length] and b[length], in float64. Where a denominator is 0: 0 if it is 0 for the same
// reason in both rows (both are zero, or constant), else 1. Not a number where a row is.
double fx_distance_between(fx_distance distance, const float *a, const float *b, size_t length);

typedef struct fx_match {
    size_t row;
    double distance; // infinite where a row is not a number
} fx_match;

// The min(k, count) nearest of rows[count, length] to query[length] into out[k], by rising distance
// and, of equal ones, rising row; *found says how many. Parallel over rows, same bytes for any
// number of threads. FX_ERROR_MEMORY.
FX_MUST_CHECK fx_status fx_nearest_rows(const float *rows, size_t count, size_t length,
                                        const float *query, fx_distance distance, size_t k,
                                        fx_match *out, size_t *found, fx_error *error);

#ifdef __cplusplus
}
#endif
#endif
