// How many threads the library uses. No result depends on it.
#ifndef FEATX_THREADS_H
#define FEATX_THREADS_H

#ifdef __cplusplus
extern "C" {
#endif

// Sets the number of OpenMP threads of parallel work started from the calling thread. 0: all cores
// that this process may use.
void fx_threads_set(int threads);

// Threads that parallel work started here would use, ≥ 1.
int fx_threads_get(void);

#ifdef __cplusplus
}
#endif
#endif
