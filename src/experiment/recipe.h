// datasets/recipes/shapes.yaml as text; CMake makes the source from the file.
#ifndef FEATX_EXPERIMENT_RECIPE_H
#define FEATX_EXPERIMENT_RECIPE_H

#include <stddef.h>

extern const unsigned char fx__shapes_recipe[];
extern const size_t fx__shapes_recipe_size; // bytes, without the terminating NUL
#endif
