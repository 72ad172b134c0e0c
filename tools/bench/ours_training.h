// Training of three networks, an epoch a run.
#ifndef FEATX_BENCH_OURS_TRAINING_H
#define FEATX_BENCH_OURS_TRAINING_H

void *bench_open_train_3072(const char *folder, int threads); // 3072–1024–512–10, SGD, momentum
void *bench_open_train_1000(const char *folder, int threads); // 1000–100–10, sigmoid
void *bench_open_train_324(const char *folder, int threads);  // 324–512–10, AdamW
double bench_run_train(void *state, int thread);              // samples
#endif
