// Reading and writing whole files.
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "src/base/file.h"
#include "tests/support/folder.h"

TestSuite(file, .init = folder_enter, .fini = folder_leave, .timeout = 20);

static void assert_content(const char *path, const char *expected) {
    fx_error error = {0};
    char *bytes;
    size_t count;
    cr_assert_eq(fx__file_read(path, 1000, &bytes, &count, &error), FX_OK, "%s", error.message);
    cr_assert_eq(count, strlen(expected));
    cr_assert_str_eq(bytes, expected); // terminated
    free(bytes);
}

static void write_text(const char *path, const char *text) {
    fx_error error = {0};
    cr_assert_eq(fx__file_write(path, text, strlen(text), &error), FX_OK, "%s", error.message);
}

static void assert_refused(const char *path, const char *message) {
    fx_error error = {0};
    char *bytes;
    size_t count;
    cr_assert_eq(fx__file_read(path, 1000, &bytes, &count, &error), FX_ERROR_IO);
    cr_assert_null(bytes);
    cr_assert_str_eq(error.message, message);
}

Test(file, reads_what_was_written) {
    write_text("a", "hello");
    assert_content("a", "hello");
    write_text("a", "");
    assert_content("a", "");
    cr_assert_eq(folder_entries("."), 1);
}

Test(file, reads_up_to_the_limit_and_no_more) {
    write_text("a", "12345");
    fx_error error;
    char *bytes;
    size_t count;
    cr_assert_eq(fx__file_read("a", 5, &bytes, &count, &error), FX_OK);
    free(bytes);
    cr_assert_eq(fx__file_read("a", 4, &bytes, &count, &error), FX_ERROR_DATA);
    cr_assert_str_eq(error.message, "a: 5 bytes, expected at most 4");
}

// Files of /proc say that they are empty.
Test(file, reads_to_the_end_not_to_the_size) {
    fx_error error;
    char *bytes;
    size_t count;
    cr_assert_eq(fx__file_read("/proc/self/status", 100000, &bytes, &count, &error), FX_OK);
    cr_assert_gt(count, 100);
    free(bytes);
    cr_assert_eq(fx__file_read("/proc/self/status", 10, &bytes, &count, &error), FX_ERROR_DATA);
}

Test(file, refuses_what_is_not_a_regular_file_without_waiting) {
    cr_assert_eq(mkfifo("pipe", 0600), 0);
    cr_assert_eq(mkdir("folder", 0700), 0);
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert_eq(bind(listener, (struct sockaddr *)&name, sizeof name), 0);
    assert_refused("pipe", "pipe: is a pipe, expected a regular file");
    assert_refused("folder", "folder: is a folder, expected a regular file");
    assert_refused("socket", "socket: is a socket, expected a regular file");
    assert_refused("/dev/zero", "/dev/zero: is a device, expected a regular file");
    assert_refused("none", "none: No such file or directory");
    assert_refused("", ": No such file or directory");
    close(listener);
}

Test(file, an_aborted_write_leaves_the_old_file) {
    write_text("a", "old");
    fx_error error;
    fx_writer writer;
    cr_assert_eq(fx__writer_open("a", &writer, &error), FX_OK);
    cr_assert_eq(fx__writer_write(&writer, "new", 3, &error), FX_OK);
    fflush(writer.file);
    assert_content("a", "old");
    fx__writer_abort(&writer);
    fx__writer_abort(&writer);
    assert_content("a", "old");
    cr_assert_eq(folder_entries("."), 1);
}

Test(file, a_killed_writer_leaves_the_old_file) {
    write_text("a", "old");
    pid_t child = fork();
    if (child == 0) {
        fx_writer writer;
        if (fx__writer_open("a", &writer, NULL) != FX_OK) _exit(1);
        if (fx__writer_write(&writer, "half", 4, NULL) != FX_OK) _exit(1);
        fflush(writer.file);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    cr_assert_eq(status, 0);
    assert_content("a", "old");
    write_text("a", "new"); // what it left behind is not in the way
    assert_content("a", "new");
}

Test(file, abort_after_commit_is_safe) {
    fx_writer writer;
    cr_assert_eq(fx__writer_open("a", &writer, NULL), FX_OK);
    cr_assert_eq(fx__writer_commit(&writer, NULL), FX_OK);
    fx__writer_abort(&writer);
    assert_content("a", "");
}

Test(file, follows_symbolic_links) {
    cr_assert_eq(mkdir("there", 0700), 0);
    write_text("there/target", "old");
    cr_assert_eq(symlink("there/target", "link"), 0);
    cr_assert_eq(symlink("there/new", "dangling"), 0);
    cr_assert_eq(symlink("dangling", "twice"), 0);
    cr_assert_eq(symlink("loop", "loop"), 0);
    write_text("link", "new");
    assert_content("there/target", "new");
    write_text("twice", "made");
    assert_content("there/new", "made");
    struct stat info;
    cr_assert(lstat("link", &info) == 0 && S_ISLNK(info.st_mode));
    cr_assert(lstat("twice", &info) == 0 && S_ISLNK(info.st_mode));
    fx_error error;
    cr_assert_eq(fx__file_write("loop", "x", 1, &error), FX_ERROR_IO);
}

Test(file, writes_devices_and_pipes_directly) {
    fx_error error = {0};
    write_text("/dev/null", "gone");
    struct stat info;
    cr_assert(stat("/dev/null", &info) == 0 && S_ISCHR(info.st_mode));
    cr_assert_eq(fx__file_write("/dev/full", "x", 1, &error), FX_ERROR_IO);
    cr_assert_str_eq(error.message, "/dev/full: cannot write: No space left on device");

    cr_assert_eq(mkfifo("pipe", 0600), 0);
    pid_t child = fork();
    if (child == 0) {
        FILE *in = fopen("pipe", "r");
        char text[10] = "";
        _exit(!in || !fgets(text, sizeof text, in) || strcmp(text, "through") != 0);
    }
    write_text("pipe", "through");
    int status;
    waitpid(child, &status, 0);
    cr_assert_eq(status, 0);
    cr_assert(stat("pipe", &info) == 0 && S_ISFIFO(info.st_mode));
}

Test(file, minus_is_standard_output) {
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("out", "w", stdout)) _exit(1);
        if (fx__file_write("-", "one", 3, NULL) != FX_OK) _exit(1);
        if (fx__file_write("-", "two", 3, NULL) != FX_OK) _exit(1); // still open
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    cr_assert_eq(status, 0);
    assert_content("out", "onetwo");
    cr_assert_eq(folder_entries("."), 1);
}

Test(file, keeps_the_mode_and_obeys_the_umask) {
    struct stat info;
    umask(027);
    write_text("a", "1");
    cr_assert(stat("a", &info) == 0 && (info.st_mode & 0777) == 0640);
    cr_assert_eq(chmod("a", 0604), 0);
    write_text("a", "2");
    cr_assert(stat("a", &info) == 0 && (info.st_mode & 0777) == 0604);
}

Test(file, names_what_cannot_be_written) {
    fx_error error;
    cr_assert_eq(fx__file_write(".", "x", 1, &error), FX_ERROR_IO);
    cr_assert_str_eq(error.message, ".: is a folder, expected a file");
    cr_assert_eq(fx__file_write("no/where", "x", 1, &error), FX_ERROR_IO);
    cr_assert_str_eq(error.message, "no/where: cannot create: No such file or directory");
    write_text("a", "1");
    cr_assert_eq(fx__file_write("a/b", "x", 1, &error), FX_ERROR_IO);
    cr_assert_str_eq(error.message, "a/b: Not a directory");
    if (geteuid() == 0) return; // who may write everything
    cr_assert_eq(chmod("a", 0400), 0);
    cr_assert_eq(fx__file_write("a", "x", 1, &error), FX_ERROR_IO);
    cr_assert_str_eq(error.message, "a: cannot write: Permission denied");
}

Test(file, creates_folders) {
    fx_error error = {0};
    cr_assert_eq(fx__folder_create("a/b//c/", &error), FX_OK, "%s", error.message);
    cr_assert(fx__is_folder("a/b/c"));
    cr_assert_not(fx__is_file("a/b/c"));
    cr_assert_eq(fx__folder_create("a/b", &error), FX_OK);
    char absolute[5000];
    snprintf(absolute, sizeof absolute, "%s/x/y", folder_path);
    cr_assert_eq(fx__folder_create(absolute, &error), FX_OK);
    cr_assert(fx__is_folder("x/y"));
    write_text("file", "");
    cr_assert(fx__is_file("file"));
    cr_assert_eq(fx__folder_create("file", &error), FX_ERROR_IO);
    cr_assert_str_eq(error.message, "file: cannot create folder: a file of that name is there");
    cr_assert_eq(fx__folder_create("file/sub", &error), FX_ERROR_IO);
    cr_assert_eq(fx__folder_create("", &error), FX_ERROR_IO);
}
