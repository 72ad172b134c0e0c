// What happens to images in the world: known changes of a known strength, to ask what a classifier
// takes them for.
#ifndef FEATX_DISTURBANCE_H
#define FEATX_DISTURBANCE_H

#include "featx/image.h"
#include "featx/rng.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fx_disturbance {
    FX_DISTURB_SHIFT,      // by so many percent of the width, in a random direction
    FX_DISTURB_ROTATION,   // by so many degrees to a random side, about the center
    FX_DISTURB_NOISE,      // Gaussian, of so much deviation (of 255), on every number
    FX_DISTURB_BLUR,       // Gaussian, of a deviation of so many percent of the width
    FX_DISTURB_BRIGHTNESS, // so much (of 255) added or taken away, at random
    FX_DISTURB_SHUFFLING,  // so many percent of the pixels change places among themselves
    FX_DISTURBANCES
} fx_disturbance;

const char *fx_disturbance_name(fx_disturbance disturbance); // "shift"
const char *fx_disturbance_unit(fx_disturbance disturbance); // "% of the width"

// in → out (reserved here); they must differ. What lies beyond the borders is the nearest pixel. A
// function of the arguments; strength 0 copies. FX_ERROR_USAGE: a strength that is negative or not
// finite, or above 100 where it is a percentage. FX_ERROR_MEMORY.
FX_MUST_CHECK fx_status fx_disturb(fx_disturbance disturbance, double strength, fx_rng *rng,
                                   const fx_image *in, fx_image *out, fx_error *error);

#ifdef __cplusplus
}
#endif
#endif
