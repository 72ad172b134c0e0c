// Whole files in, whole files out.
//
// Reading: opened without waiting (a pipe without a writer would block) and refused unless regular.
// Writing: to DIR/.featx-PID-N.tmp, then flush, fsync, rename; DIR/NAME is whole at every moment.
// The temporary file is made by open() with O_EXCL, so that it gets the mode that the umask allows;
// an existing file passes on its mode. NAME.partial is for one process at a time: an advisory lock
// is held until it has been renamed.
#include "src/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/memory.h"

static const char *kind_name(mode_t mode) {
    return S_ISREG(mode)    ? "a regular file"
           : S_ISDIR(mode)  ? "a folder"
           : S_ISFIFO(mode) ? "a pipe"
           : S_ISCHR(mode)  ? "a device"
           : S_ISBLK(mode)  ? "a device"
           : S_ISSOCK(mode) ? "a socket"
                            : "of an unknown kind";
}

fx_status fx__file_open(const char *path, FILE **out, uint64_t *size, fx_error *error) {
    *out = NULL;
    // Before open(), which fails on a socket and may have effects on a device; and after it, since
    // the file may have been exchanged in between.
    struct stat info;
    if (stat(path, &info) != 0)
        return fx_error_set(error, FX_ERROR_IO, "%s: %s", path, strerror(errno));
    int descriptor = -1;
    if (S_ISREG(info.st_mode)) {
        descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (descriptor < 0 || fstat(descriptor, &info) != 0) {
            fx_error_set(error, FX_ERROR_IO, "%s: cannot open: %s", path, strerror(errno));
            if (descriptor >= 0) close(descriptor);
            return FX_ERROR_IO;
        }
    }
    if (!S_ISREG(info.st_mode)) {
        if (descriptor >= 0) close(descriptor);
        return fx_error_set(error, FX_ERROR_IO, "%s: is %s, expected a regular file", path,
                            kind_name(info.st_mode));
    }
    *out = fdopen(descriptor, "rb");
    if (!*out) {
        close(descriptor);
        return fx_error_set(error, FX_ERROR_MEMORY, "%s: out of memory", path);
    }
    if (size) *size = (uint64_t)info.st_size;
    return FX_OK;
}

fx_status fx__file_read(const char *path, size_t limit, char **out, size_t *count,
                        fx_error *error) {
    *out = NULL;
    *count = 0;
    FILE *file;
    uint64_t size;
    FX__TRY(fx__file_open(path, &file, &size, error));
    fx_status status = FX_OK;
    char *bytes = NULL;
    size_t capacity = 0, filled = 0;
    // The size is a hint: files of /proc say 0, and a file may grow while it is read. One byte is
    // for the terminator, one lets the read that fills the buffer see the end.
    uint64_t wanted = size < limit ? size : limit;
    FX__TRY_GOTO(fx__grow(&bytes, &capacity, (size_t)wanted + 2, 1, error));
    for (;;) {
        filled += fread(bytes + filled, 1, capacity - 1 - filled, file);
        if (ferror(file)) {
            status = fx_error_set(error, FX_ERROR_IO, "%s: cannot read: %s", path, strerror(errno));
            goto done;
        }
        if (filled > limit || size > limit) {
            status = fx_error_set(error, FX_ERROR_DATA, "%s: %llu bytes, expected at most %zu",
                                  path, (unsigned long long)(size > filled ? size : filled), limit);
            goto done;
        }
        if (filled < capacity - 1) break; // end of file
        FX__TRY_GOTO(fx__grow(&bytes, &capacity, capacity + 1, 1, error));
    }
    bytes[filled] = '\0';
    *out = bytes;
    *count = filled;
    bytes = NULL;
done:
    free(bytes);
    fclose(file);
    return status;
}

// Where a path that does not exist leads through dangling symbolic links. Free with free().
static fx_status follow_links(const char *path, char **out, fx_error *error) {
    char *current;
    FX__TRY(fx__duplicate(path, &current, error));
    for (int hops = 0; hops < 40; hops++) {
        char target[PATH_MAX];
        ssize_t length = readlink(current, target, sizeof target - 1);
        if (length < 0) {
            *out = current;
            return FX_OK;
        }
        target[length] = '\0';
        const char *slash = strrchr(current, '/');
        size_t folder = slash && target[0] != '/' ? (size_t)(slash - current) + 1 : 0;
        char *next = NULL;
        fx_status status = fx__allocate(folder + (size_t)length + 1, 1, &next, error);
        if (status != FX_OK) {
            free(current);
            return status;
        }
        memcpy(next, current, folder);
        memcpy(next + folder, target, (size_t)length + 1);
        free(current);
        current = next;
    }
    free(current);
    return fx_error_set(error, FX_ERROR_IO, "%s: too many symbolic links", path);
}

// Creates writer->temporary beside writer->path; the descriptor, or -1 with errno.
static int create_temporary(fx_writer *writer) {
    static atomic_uint counter;
    const char *slash = strrchr(writer->path, '/');
    int folder = slash ? (int)(slash - writer->path) + 1 : 0;
    size_t size = (size_t)folder + 64;
    writer->temporary = malloc(size);
    if (!writer->temporary) return -1;
    for (;;) {
        snprintf(writer->temporary, size, "%.*s.featx-%ld-%u.tmp", folder, writer->path,
                 (long)getpid(), atomic_fetch_add(&counter, 1));
        int descriptor = open(writer->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0 || errno != EEXIST) return descriptor;
    }
}

// Opens and locks PATH.partial; the descriptor, or -1 with errno (EWOULDBLOCK: locked by another).
static int open_partial(fx_writer *writer) {
    size_t size = strlen(writer->path) + sizeof ".partial";
    writer->temporary = malloc(size);
    if (!writer->temporary) return -1;
    snprintf(writer->temporary, size, "%s.partial", writer->path);
    for (;;) {
        int descriptor =
            open(writer->temporary, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
        if (descriptor < 0) return -1;
        struct stat opened, named;
        int reason = 0;
        if (flock(descriptor, LOCK_EX | LOCK_NB) != 0 || fstat(descriptor, &opened) != 0)
            reason = errno;
        else if (!S_ISREG(opened.st_mode))
            reason = EINVAL;
        else if (stat(writer->temporary, &named) == 0 && named.st_ino == opened.st_ino &&
                 named.st_dev == opened.st_dev)
            return descriptor;
        close(descriptor); // on success: the one before us was done, and renamed it meanwhile
        if (reason != 0) {
            errno = reason;
            return -1;
        }
    }
}

static fx_status open_writer(const char *path, bool partial, fx_writer *out, fx_error *error) {
    *out = (fx_writer){0};
    if (strcmp(path, "-") == 0) {
        out->file = stdout;
        return fx__duplicate("standard output", &out->path, error);
    }
    fx_status status = FX_OK;
    struct stat info;
    bool exists = stat(path, &info) == 0;
    int descriptor = -1;
    if (!exists && errno != ENOENT) {
        status = fx_error_set(error, FX_ERROR_IO, "%s: %s", path, strerror(errno));
    } else if (exists && S_ISDIR(info.st_mode)) {
        status = fx_error_set(error, FX_ERROR_IO, "%s: is a folder, expected a file", path);
    } else if (exists && !S_ISREG(info.st_mode)) {
        FX__TRY_GOTO(fx__duplicate(path, &out->path, error));
        descriptor = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    } else if (exists && access(path, W_OK) != 0) {
        // A rename would not mind that the file is write-protected.
        status = fx_error_set(error, FX_ERROR_IO, "%s: cannot write: %s", path, strerror(errno));
    } else {
        if (exists) {
            out->path = realpath(path, NULL);
        } else {
            FX__TRY_GOTO(follow_links(path, &out->path, error));
        }
        out->partial = partial;
        if (out->path) descriptor = partial ? open_partial(out) : create_temporary(out);
        // The mode and owner of what is replaced; who may not set them gets their own.
        if (descriptor >= 0 && exists) {
            if (fchown(descriptor, info.st_uid, info.st_gid) != 0) errno = 0;
            if (fchmod(descriptor, info.st_mode & 0777) != 0) errno = 0;
        }
    }
    if (status == FX_OK && descriptor < 0 && partial && errno == EWOULDBLOCK)
        status =
            fx_error_set(error, FX_ERROR_IO, "%s: another process is writing it just now", path);
    else if (status == FX_OK && descriptor < 0)
        status = fx_error_set(error, FX_ERROR_IO, "%s: cannot create: %s", path, strerror(errno));
    if (status == FX_OK) {
        out->file = fdopen(descriptor, out->temporary ? "r+b" : "wb");
        if (!out->file) {
            close(descriptor);
            status = fx_error_set(error, FX_ERROR_MEMORY, "%s: out of memory", path);
        }
    }
done:
    if (status != FX_OK) {
        if (descriptor < 0) { // never created: nothing to remove
            free(out->temporary);
            out->temporary = NULL;
        }
        fx__writer_abort(out);
    }
    return status;
}

fx_status fx__writer_open(const char *path, fx_writer *out, fx_error *error) {
    return open_writer(path, false, out, error);
}

fx_status fx__writer_open_partial(const char *path, fx_writer *out, fx_error *error) {
    return open_writer(path, true, out, error);
}

fx_status fx__writer_cut(fx_writer *writer, uint64_t size, fx_error *error) {
    if (fflush(writer->file) == 0 && ftruncate(fileno(writer->file), (off_t)size) == 0 &&
        fseeko(writer->file, (off_t)size, SEEK_SET) == 0)
        return FX_OK;
    return fx_error_set(error, FX_ERROR_IO, "%s: cannot cut: %s", writer->path, strerror(errno));
}

fx_status fx__writer_keep(fx_writer *writer, fx_error *error) {
    fx_status status = FX_OK;
    if (writer->partial && writer->file) {
        bool failed = ferror(writer->file) != 0;
        failed |= fclose(writer->file) != 0;
        if (failed)
            status = fx_error_set(error, FX_ERROR_IO, "%s: cannot write: %s", writer->temporary,
                                  strerror(errno));
        writer->file = NULL;
        free(writer->temporary);
        writer->temporary = NULL;
    }
    fx__writer_abort(writer);
    return status;
}

fx_status fx__writer_write(fx_writer *writer, const void *bytes, size_t count, fx_error *error) {
    if (count == 0 || fwrite(bytes, 1, count, writer->file) == count) return FX_OK;
    return fx_error_set(error, FX_ERROR_IO, "%s: cannot write: %s", writer->path, strerror(errno));
}

fx_status fx__writer_commit(fx_writer *writer, fx_error *error) {
    bool failed = fflush(writer->file) != 0 || ferror(writer->file);
    if (!failed && writer->temporary)
        // Some file systems have no sync; that is no reason to lose the file.
        failed = fsync(fileno(writer->file)) != 0 && errno != EINVAL && errno != ENOTSUP;
    int lock = writer->partial && !failed ? dup(fileno(writer->file)) : -1;
    if (!failed && writer->file != stdout) {
        failed = fclose(writer->file) != 0;
        writer->file = NULL;
    }
    if (!failed && writer->temporary) {
        failed = rename(writer->temporary, writer->path) != 0;
        if (!failed) {
            free(writer->temporary);
            writer->temporary = NULL;
        }
    }
    if (failed)
        fx_error_set(error, FX_ERROR_IO, "%s: cannot write: %s", writer->path, strerror(errno));
    if (lock >= 0) close(lock);
    fx__writer_abort(writer);
    return failed ? FX_ERROR_IO : FX_OK;
}

void fx__writer_abort(fx_writer *writer) {
    if (!writer) return;
    if (writer->file && writer->file != stdout) fclose(writer->file);
    if (writer->temporary) unlink(writer->temporary);
    free(writer->temporary);
    free(writer->path);
    *writer = (fx_writer){0};
}

fx_status fx__file_write(const char *path, const void *bytes, size_t count, fx_error *error) {
    fx_writer writer;
    FX__TRY(fx__writer_open(path, &writer, error));
    fx_status status = fx__writer_write(&writer, bytes, count, error);
    if (status == FX_OK) return fx__writer_commit(&writer, error);
    fx__writer_abort(&writer);
    return status;
}

fx_status fx__folder_create(const char *path, fx_error *error) {
    char *prefix;
    FX__TRY(fx__duplicate(path, &prefix, error));
    fx_status status = FX_OK;
    size_t length = strlen(prefix);
    for (size_t end = 1; end <= length && status == FX_OK; end++) {
        if (prefix[end] != '/' && prefix[end] != '\0') continue;
        char separator = prefix[end];
        prefix[end] = '\0';
        // Only a failure that leaves no folder counts: others may create the same one.
        if (mkdir(prefix, 0777) != 0) {
            int reason = errno;
            if (!fx__is_folder(prefix))
                status = fx_error_set(error, FX_ERROR_IO, "%s: cannot create folder: %s", prefix,
                                      reason == EEXIST ? "a file of that name is there"
                                                       : strerror(reason));
        }
        prefix[end] = separator;
    }
    if (status == FX_OK && !fx__is_folder(path))
        status = fx_error_set(error, FX_ERROR_IO, "%s: cannot create folder", path);
    free(prefix);
    return status;
}

bool fx__is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool fx__is_file(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}
