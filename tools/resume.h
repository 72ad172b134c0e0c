// What an interrupted extraction was about, so that a later one goes on with nothing else.
//
// OUT.resume is text: a line for the program, one for the number of images, one for each image
// (size in bytes, time of its last change, label, name), one for the descriptor's parameters, one
// for what it learned. Images that are no files of their own (of CIFAR, IDX, shapes) have no size
// and time.
#ifndef FEATX_TOOLS_RESUME_H
#define FEATX_TOOLS_RESUME_H

#include <stdbool.h>

#include "tools/row_writer.h"

FX_MUST_CHECK fx_status resume_write(const row_writer *writer, fx_error *error);

// True where writer->manifest exists and says the same as resume_write() would. False where it does
// not exist. FX_ERROR_DATA names what differs.
FX_MUST_CHECK fx_status resume_check(const row_writer *writer, bool *out, fx_error *error);

// Describes the first and the last of the pieces done once more and compares them with the file: it
// shows changes that the manifest does not. FX_ERROR_DATA.
FX_MUST_CHECK fx_status resume_check_rows(row_writer *writer, fx_error *error);
#endif
