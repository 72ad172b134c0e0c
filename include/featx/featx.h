// All of featx.
#ifndef FEATX_FEATX_H
#define FEATX_FEATX_H

#include "featx/augmentation.h"
#include "featx/color_histogram.h"
#include "featx/dataset.h"
#include "featx/descriptor.h"
#include "featx/distance.h"
#include "featx/disturbance.h"
#include "featx/error.h"
#include "featx/experiment.h"
#include "featx/gmm.h"
#include "featx/hog.h"
#include "featx/image.h"
#include "featx/image_source.h"
#include "featx/kmeans.h"
#include "featx/matrix.h"
#include "featx/mlp.h"
#include "featx/model.h"
#include "featx/params.h"
#include "featx/progress.h"
#include "featx/raw_pixels.h"
#include "featx/report.h"
#include "featx/rng.h"
#include "featx/search.h"
#include "featx/threads.h"
#include "featx/training.h"
#include "featx/version.h"
#include "featx/visual_words.h"

#endif
