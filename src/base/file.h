// Whole files in, whole files out.
#ifndef FEATX_BASE_FILE_H
#define FEATX_BASE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "featx/error.h"

// Opens a regular file for reading; anything else (folder, pipe, device, socket) is refused by name
// without waiting on it. FX_ERROR_IO.
FX_MUST_CHECK fx_status fx__file_open(const char *path, FILE **out, uint64_t *size,
                                      fx_error *error);

// Reads a whole regular file of at most `limit` bytes; out is terminated by a NUL beyond count.
FX_MUST_CHECK fx_status fx__file_read(const char *path, size_t limit, char **out, size_t *count,
                                      fx_error *error);

// A file being written under a temporary name beside its own, made whole by fx__writer_commit
// (flush, sync, rename). A symbolic link is followed. What exists and is not a regular file (a
// device, a pipe) is written directly. "-" is standard output.
typedef struct fx_writer {
    FILE *file;
    char *path;      // final
    char *temporary; // NULL where written directly
    bool partial;    // opened by fx__writer_open_partial
} fx_writer;

FX_MUST_CHECK fx_status fx__writer_open(const char *path, fx_writer *out, fx_error *error);
FX_MUST_CHECK fx_status fx__writer_write(fx_writer *writer, const void *bytes, size_t count,
                                         fx_error *error);
FX_MUST_CHECK fx_status fx__writer_commit(fx_writer *writer, fx_error *error);
void fx__writer_abort(fx_writer *writer); // removes what was begun; safe after commit

// The same under a temporary name that a later process finds again, PATH.partial, with what an
// earlier one left there: open for reading too, at its beginning, locked until it is closed.
// FX_ERROR_IO where another process has it open. No regular file: written directly.
FX_MUST_CHECK fx_status fx__writer_open_partial(const char *path, fx_writer *out, fx_error *error);
// Cuts to `size` bytes and goes on writing there.
FX_MUST_CHECK fx_status fx__writer_cut(fx_writer *writer, uint64_t size, fx_error *error);
// Closes and leaves PATH.partial for a later process. FX_ERROR_IO where not all of it got there.
FX_MUST_CHECK fx_status fx__writer_keep(fx_writer *writer, fx_error *error);

// Open, write, commit.
FX_MUST_CHECK fx_status fx__file_write(const char *path, const void *bytes, size_t count,
                                       fx_error *error);

// Creates a folder and its parents; existing ones are fine.
FX_MUST_CHECK fx_status fx__folder_create(const char *path, fx_error *error);
bool fx__is_folder(const char *path);
bool fx__is_file(const char *path); // regular, links followed
#endif
