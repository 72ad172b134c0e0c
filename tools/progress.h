// What the tools say on standard error while they work, and how they are stopped.
#ifndef FEATX_TOOLS_PROGRESS_H
#define FEATX_TOOLS_PROGRESS_H

#include <stdbool.h>

#include "featx/progress.h"

// SIGINT, SIGTERM and SIGHUP ask the work to stop: reports return false from then on. A second one
// kills.
void progress_catch_interrupts(void);
bool progress_interrupted(void);
int progress_signal(void); // that asked, or 0

// A bar with rate and remaining time where standard error is a terminal; elsewhere a line every few
// seconds; nothing when quiet. There is one terminal, hence one state in progress.c.
void progress_begin(bool quiet);
const fx_progress *progress_get(void);
void progress_end(void); // ends the line of a bar

// "WHO: MESSAGE", escaped, a line on standard error between bars, even when quiet. From any thread.
void progress_message(const char *who, const char *message);
#endif
