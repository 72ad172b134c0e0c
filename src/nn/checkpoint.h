// The state of a training between two steps, on disk.
#ifndef FEATX_NN_CHECKPOINT_H
#define FEATX_NN_CHECKPOINT_H

#include "featx/training.h"
#include "src/base/text.h"

enum { FX__CHECKPOINT_ARRAYS = 16 };

typedef struct fx__checkpoint_array {
    const char *name;
    float *data; // [count]
    size_t count;
    bool constant; // not restored: must be the same already
} fx__checkpoint_array;

typedef struct fx__checkpoint_state {
    fx__checkpoint_array arrays[FX__CHECKPOINT_ARRAYS]; // [array_count]
    size_t array_count;
    uint64_t steps;      // that the optimizer took
    int epoch;           // 1-based, the one under way; one more than there are where all is done
    size_t batch;        // batches of it that are done
    fx_epoch sums;       // over those
    fx_history *history; // of the epochs before it; room for `room` of them
    int room;
} fx__checkpoint_state;

// Writes the file whole.
FX_MUST_CHECK fx_status fx__checkpoint_save(const fx_checkpoint *checkpoint,
                                            const fx__checkpoint_state *state, fx_error *error);
// Fills *state, its arrays and its history from the file. *found is false, and nothing else is
// changed, where there is none. FX_ERROR_FORMAT: not a checkpoint. FX_ERROR_DATA: one of another
// training.
FX_MUST_CHECK fx_status fx__checkpoint_load(const fx_checkpoint *checkpoint,
                                            fx__checkpoint_state *state, bool *found,
                                            fx_error *error);

// A history as JSON, to the last digit, and back (to be destroyed). FX_ERROR_FORMAT.
FX_MUST_CHECK fx_status fx__history_json(const fx_history *history, fx_text *out, fx_error *error);
FX_MUST_CHECK fx_status fx__history_parse(const char *json, fx_history *out, fx_error *error);
#endif
