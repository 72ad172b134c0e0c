// The key table of augmentation.
#ifndef FEATX_IMAGE_AUGMENTATION_SECTION_H
#define FEATX_IMAGE_AUGMENTATION_SECTION_H

#include "featx/augmentation.h"
#include "featx/params.h"

extern const fx_section fx__augmentation_section; // "augment"; offsets into fx_augmentation_params
#endif
