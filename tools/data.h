// DATASET: what models train and test on.
#ifndef FEATX_TOOLS_DATA_H
#define FEATX_TOOLS_DATA_H

#include "featx/model.h"
#include "tools/options.h"
#include "tools/watch.h"

// Must not be moved once opened.
typedef struct data {
    fx_model_data data; // for fx_model_train and fx_model_evaluate
    fx_dataset dataset, view;
    dataset_watch watch;
    double seconds; // that loading took
} data;

// A data set's name, a folder, or X.npy.
FX_MUST_CHECK fx_status data_open(const options *options, const char *name, uint64_t seed,
                                  data *out, fx_error *error);
void data_close(data *data);
bool data_is_rows(const char *name); // ends in .npy

double seconds_now(void); // of a clock that only goes forward
#endif
