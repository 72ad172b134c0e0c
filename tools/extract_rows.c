// Decoding, extraction and writing at once.
//
// The images are cut into pieces. A thread takes the next piece, decodes and describes it into a
// slot of a ring, and whoever completes the piece that is due writes it and those that wait behind
// it, while the others go on. So all cores decode until the last piece, no thread does nothing but
// write, and memory is that of the ring. A thread waits only where it is a whole ring ahead of the
// writing; the piece that is due is then in the hands of a thread that does not wait.
#include "tools/extract_rows.h"

#include <pthread.h>
#include <stdlib.h>

#include "src/base/memory.h"
#include "src/base/parallel.h"
#include "tools/progress.h"

enum { PIECE_MAX = 64, PIECES = 64 }; // images; pieces wanted at least
static const size_t piece_bytes = (size_t)16 << 20;

size_t extract_piece(size_t images, size_t length, bool whitened) {
    size_t row_bytes = length * sizeof(float);
    size_t most = row_bytes ? piece_bytes / row_bytes : PIECE_MAX;
    size_t piece = whitened ? PIECE_MAX : images / PIECES;
    if (most < PIECE_MAX && piece > most) piece = most;
    return piece < 1 ? 1 : piece > PIECE_MAX ? PIECE_MAX : piece;
}

typedef struct slot {
    float *rows; // [piece, length]
    bool valid[PIECE_MAX];
    bool ready;
} slot;

typedef struct ring {
    inputs *inputs;
    row_writer *writer;
    fx_on_error on_error;
    size_t first, piece; // input of piece 0
    slot *slots;
    size_t slot_count;
    pthread_mutex_t lock;
    pthread_cond_t moved; // `written` or `failed` changed
    size_t written;       // pieces
    size_t failed;        // the lowest piece that failed, of extraction or writing
    bool writing;         // a thread is at it
    fx_error error;
} ring;

static void fail(ring *r, size_t piece, fx_status status, const fx_error *error) {
    if (piece >= r->failed) return;
    r->failed = piece;
    r->error = *error;
    r->error.code = status;
    pthread_cond_broadcast(&r->moved);
}

static void range_of(const ring *r, size_t piece, size_t *begin, size_t *end) {
    *begin = r->first + piece * r->piece;
    *end = *begin + r->piece < r->inputs->count ? *begin + r->piece : r->inputs->count;
}

// Says why the images of a piece that have no row have none.
static void report_skipped(const ring *r, size_t piece, slot *slot) {
    size_t begin, end;
    range_of(r, piece, &begin, &end);
    for (size_t i = begin; i < end; i++) {
        fx_error reason;
        if (!slot->valid[i - begin] &&
            fx_descriptor_extract_range(r->writer->descriptor, &r->inputs->images, i, i + 1,
                                        r->writer->length, slot->rows, FX_ON_ERROR_FAIL, NULL, NULL,
                                        &reason) != FX_OK)
            inputs_report(r->inputs, i, &reason);
    }
}

static fx_status write_piece(ring *r, size_t piece, fx_error *error) {
    slot *slot = &r->slots[piece % r->slot_count];
    size_t begin, end;
    range_of(r, piece, &begin, &end);
    bool skip = r->on_error == FX_ON_ERROR_SKIP;
    FX__TRY(row_writer_append(r->writer, slot->rows, begin, end - begin, skip ? slot->valid : NULL,
                              error));
    if (skip) report_skipped(r, piece, slot);
    return FX_OK;
}

// Writes what is due, unless another thread is at it. The caller holds the lock.
static void write_due(ring *r) {
    while (!r->writing && r->written < r->failed && r->slots[r->written % r->slot_count].ready) {
        size_t piece = r->written;
        fx_error error;
        r->writing = true;
        pthread_mutex_unlock(&r->lock);
        fx_status status = write_piece(r, piece, &error);
        pthread_mutex_lock(&r->lock);
        r->writing = false;
        if (status != FX_OK) {
            fail(r, piece, status, &error);
            return;
        }
        r->slots[piece % r->slot_count].ready = false;
        r->written++;
        pthread_cond_broadcast(&r->moved);
    }
}

static fx_status do_piece(void *context, size_t piece, int thread, fx_error *error) {
    (void)thread;
    ring *r = context;
    pthread_mutex_lock(&r->lock);
    while (piece - r->written >= r->slot_count && r->failed > piece)
        pthread_cond_wait(&r->moved, &r->lock);
    fx_status status = r->failed > piece ? FX_OK : r->error.code;
    pthread_mutex_unlock(&r->lock);
    if (status != FX_OK) return fx_error_set(error, status, "%s", r->error.message);

    slot *slot = &r->slots[piece % r->slot_count];
    size_t begin, end;
    range_of(r, piece, &begin, &end);
    status = fx_descriptor_extract_range(r->writer->descriptor, &r->inputs->images, begin, end,
                                         r->writer->length, slot->rows, r->on_error, slot->valid,
                                         NULL, error);
    pthread_mutex_lock(&r->lock);
    if (status != FX_OK) {
        fail(r, piece, status, error);
    } else {
        slot->ready = true;
        write_due(r);
        if (r->failed != SIZE_MAX) status = fx_error_set(error, r->error.code, "stopped");
    }
    pthread_mutex_unlock(&r->lock);
    return status;
}

// Progress of what is left, told as progress of the whole.
typedef struct shifted {
    size_t before, total;
} shifted;

static bool report_shifted(void *self, const char *stage, size_t done, size_t total,
                           const char *note) {
    const shifted *shift = self;
    (void)total;
    return fx_progress_report(progress_get(), stage, shift->before + done, shift->total, note);
}

fx_status extract_rows(inputs *inputs, fx_on_error on_error, row_writer *writer, fx_error *error) {
    size_t threads = (size_t)fx__threads(), left = inputs->count - writer->next;
    ring r = {.inputs = inputs,
              .writer = writer,
              .on_error = on_error,
              .first = writer->next,
              .piece = writer->piece,
              .slot_count = threads + threads / 2 + 2,
              .lock = PTHREAD_MUTEX_INITIALIZER,
              .moved = PTHREAD_COND_INITIALIZER,
              .failed = SIZE_MAX};
    size_t pieces = (left + r.piece - 1) / r.piece;
    if (r.slot_count > pieces) r.slot_count = pieces;
    fx_status status = FX_OK;
    FX__TRY_GOTO(fx__allocate(r.slot_count, sizeof *r.slots, &r.slots, error));
    for (size_t i = 0; i < r.slot_count; i++)
        FX__TRY_GOTO(
            fx__allocate(r.piece, writer->length * sizeof(float), &r.slots[i].rows, error));
    shifted shift = {writer->next, inputs->count};
    fx_progress progress = {&shift, report_shifted};
    status = fx__parallel_for_progress(pieces, do_piece, &r, &progress, "extract", left, error);
    if (r.failed != SIZE_MAX) {
        if (error) *error = r.error;
        status = r.error.code;
    }
    if (status == FX_OK && writer->count == 0)
        status = fx_error_set(error, FX_ERROR_DATA, "none of %zu images can be described",
                              inputs->count);
done:
    for (size_t i = 0; r.slots && i < r.slot_count; i++) free(r.slots[i].rows);
    free(r.slots);
    return status;
}
