// What a training or a test measured, for people.
#ifndef FEATX_TOOLS_SUMMARY_H
#define FEATX_TOOLS_SUMMARY_H

#include "featx/model.h"

// Some lines on standard output: the descriptor and network with every auto value as it was
// resolved, accuracies, the pairs of classes that are confused most, times, the model's hash.
void print_training(const fx_result *result, const fx_model *model, const char *dataset,
                    const char *written);
void print_evaluation(const fx_result *result, const fx_model *model, const char *dataset);
#endif
