// A folder of its own for each test: made and entered before it, left and removed after it.
//     TestSuite(name, .init = folder_enter, .fini = folder_leave);
#ifndef FEATX_TESTS_FOLDER_H
#define FEATX_TESTS_FOLDER_H

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder_path[4096];

static void folder_enter(void) {
    snprintf(folder_path, sizeof folder_path, "%s/test-XXXXXX", FX_BINARY_DIR);
    cr_assert_not_null(mkdtemp(folder_path));
    cr_assert_eq(chdir(folder_path), 0);
}

static void folder_remove(const char *path) {
    struct stat info;
    if (lstat(path, &info) != 0) return;
    if (!S_ISDIR(info.st_mode)) {
        unlink(path);
        return;
    }
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char child[8192];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
        folder_remove(child);
    }
    if (folder) closedir(folder);
    rmdir(path);
}

static void folder_leave(void) {
    cr_assert_eq(chdir(FX_BINARY_DIR), 0);
    folder_remove(folder_path);
}

// Entries of a folder, without "." and "..".
static inline int folder_entries(const char *path) {
    DIR *folder = opendir(path);
    int count = -2;
    while (folder && readdir(folder)) count++;
    if (folder) closedir(folder);
    return count;
}
#endif
