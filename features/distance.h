// The plain reference of distances.
#ifndef FEATX_FEATURES_DISTANCE_H
#define FEATX_FEATURES_DISTANCE_H

#include "featx/distance.h"

double fx__distance_reference(fx_distance distance, const float *a, const float *b, size_t length);
#endif
