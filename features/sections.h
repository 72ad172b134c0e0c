// The key tables of the descriptors whose modules stand in this folder, besides `bovw`
// (visual_words_state.h). Their offsets are 0: the table of the whole copies and sets them.
#ifndef FEATX_FEATURES_SECTIONS_H
#define FEATX_FEATURES_SECTIONS_H

#include "featx/params.h"

extern const fx_section fx__color_section; // into an fx_color_params
extern const fx_section fx__hog_section;   // into an fx_hog_params
#endif
