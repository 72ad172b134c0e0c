// The four descriptors, small, for claims that hold them against each other.
#include <math.h>

#include "tools/lecture/lecture.h"

fx_model_params small_model(const lecture *lecture, fx_feature feature) {
    fx_model_params params = fx_model_defaults();
    params.seed = lecture->seed;
    params.descriptor.features = (fx_int_list){.count = 1, .values = {(int)feature}};
    params.descriptor.bovw.words = 100;
    params.descriptor.bovw.grid = 2;
    params.descriptor.bovw.stride = 2;
    params.descriptor.bovw.samples = 30000;
    params.descriptor.bovw.rounds = 8;
    params.mlp.hidden = (fx_int_list){.count = 1, .values = {128}};
    params.train.epochs = 15;
    params.train.early_stopping = 0;
    return params;
}

double distance(const float *a, const float *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double difference = (double)a[i] - (double)b[i];
        sum += difference * difference;
    }
    return sqrt(sum);
}
