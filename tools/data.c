// Data sets by name.
#include "tools/data.h"

#include <string.h>
#include <time.h>

#include "src/base/memory.h"

double seconds_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

bool data_is_rows(const char *name) {
    size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".npy") == 0;
}

fx_status data_open(const options *options, const char *name, uint64_t seed, data *out,
                    fx_error *error) {
    *out = (data){.data = {.name = name}};
    if (data_is_rows(name)) {
        out->data.npy = name;
        return FX_OK;
    }
    double began = seconds_now();
    fx_dataset_options how = environment_dataset_options(options->environment, seed);
    FX__TRY(fx_dataset_load(name, &how, &out->dataset, error));
    out->data.images = &out->dataset;
    fx_status status = FX_OK;
    if (options->on_error == FX_ON_ERROR_SKIP) {
        status = dataset_watch_open(&out->dataset, &out->watch, &out->view, error);
        out->data.images = &out->view;
    }
    if (status != FX_OK) data_close(out);
    out->seconds = seconds_now() - began;
    return status;
}

void data_close(data *data) {
    dataset_watch_close(&data->watch);
    fx_dataset_destroy(&data->dataset);
}
