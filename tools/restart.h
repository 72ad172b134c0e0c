// A second start, with settings that libraries read before main only.
#ifndef FEATX_TOOLS_RESTART_H
#define FEATX_TOOLS_RESTART_H

// Starts the program anew where the user has not set these, and they matter:
// - a bound on how long a waiting thread spins: gcc's OpenMP spins for milliseconds at every
//   barrier, so that on a machine that has anything else to do training was measured 15 times
//   slower;
// - the kernel of matrix products, where OpenBLAS does not know the processor.
// Returns where neither does, or the second start fails: then the work is slower at worst.
void restart_tuned(char **argv);
#endif
