// Images through a descriptor into a row writer.
#ifndef FEATX_TOOLS_EXTRACT_ROWS_H
#define FEATX_TOOLS_EXTRACT_ROWS_H

#include "tools/row_writer.h"

// Images that are described by one thread at a time and written together: a function of the work,
// not of the threads. `whitened` rows come out of products over whole pieces.
size_t extract_piece(size_t images, size_t length, bool whitened);

// Describes and writes the inputs from writer->next on. FX_ERROR_DATA where no row came out at all.
FX_MUST_CHECK fx_status extract_rows(inputs *inputs, fx_on_error on_error, row_writer *writer,
                                     fx_error *error);
#endif
