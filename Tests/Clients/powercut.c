// SPDX-License-Identifier: Apache-2.0
// Preloaded into the server by the tests of a power cut: keeps, beside the data folder, what a disk would still hold if
// the power went now. That is what `fsync` was called for and nothing else: the bytes of a file as they were at its
// last sync, the names in a folder as they were at the folder's.
//   PALCO_DISK_ROOT=folder    the data folder; whatever is in it at the start counts as synced
//   PALCO_DISK=folder         where that is kept:
//       root           the key of the data folder
//       files/KEY      the bytes of a file
//       folders/KEY    the names in a folder: one `key name` a line
// A key is an inode's number and its time of birth, because numbers are used again.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[PATH_MAX], disk[PATH_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void give_up(const char *what) {
    perror(what);
    abort();
}

// The key of what is at a path; the tests call this too. 0 when nothing is there.
int palco_inode_key(int folder, const char *name, char *key, size_t size) {
    struct statx found;
    int flags = AT_SYMLINK_NOFOLLOW | (name[0] ? 0 : AT_EMPTY_PATH);
    if (statx(folder, name, flags, STATX_INO | STATX_BTIME, &found) != 0) return 0;
    snprintf(key, size, "%llu-%lld-%u", (unsigned long long)found.stx_ino, (long long)found.stx_btime.tv_sec,
             found.stx_btime.tv_nsec);
    return 1;
}

// Writes under another name first: the server may be killed at any moment.
static int begin(char *temporary) {
    snprintf(temporary, PATH_MAX, "%s/unfinished", disk);
    int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) give_up(temporary);
    return file;
}

static void end(const char *temporary, const char *kind, const char *key) {
    char path[PATH_MAX];
    static __typeof__(&rename) next;
    if (!next) next = (__typeof__(&rename))dlsym(RTLD_NEXT, "rename");
    if (snprintf(path, sizeof path, "%s/%s/%s", disk, kind, key) < 0 || next(temporary, path) != 0) give_up(path);
}

static void keep_file(int fd, const char *key, mode_t mode) {
    char path[64], temporary[PATH_MAX], bytes[1 << 16];
    int from = fd;
    // A file that is open for writing only is opened once more; SQLite's are not, as closing one would end its locks.
    if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if ((from = open(path, O_RDONLY | O_CLOEXEC)) < 0) give_up("open");
    }
    int to = begin(temporary);
    ssize_t count;
    for (off_t at = 0; (count = pread(from, bytes, sizeof bytes, at)) > 0; at += count)
        if (write(to, bytes, count) != count) give_up(temporary);
    if (from != fd) close(from);
    fchmod(to, mode);
    close(to);
    end(temporary, "files", key);
}

static void keep_folder(const char *path, const char *key, int and_all_below);

static void keep(int fd, int and_all_below) {
    char link_name[64], path[PATH_MAX], key[96];
    struct stat found;
    snprintf(link_name, sizeof link_name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link_name, path, sizeof path - 1);
    if (length <= 0) return;
    path[length] = 0;
    size_t within = strlen(root);
    if (strncmp(path, root, within) != 0 || (path[within] != 0 && path[within] != '/')) return;
    if (fstat(fd, &found) != 0 || found.st_nlink == 0) return;
    if (!palco_inode_key(fd, "", key, sizeof key)) give_up("statx");
    if (S_ISREG(found.st_mode)) keep_file(fd, key, found.st_mode & 0777);
    if (S_ISDIR(found.st_mode)) keep_folder(path, key, and_all_below);
}

static void keep_folder(const char *path, const char *key, int and_all_below) {
    char temporary[PATH_MAX], name_key[96];
    DIR *folder = opendir(path);
    if (!folder) return;
    struct dirent *entry;
    while (and_all_below && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.' && (!entry->d_name[1] || (entry->d_name[1] == '.' && !entry->d_name[2]))) continue;
        int below = openat(dirfd(folder), entry->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (below < 0) continue;
        keep(below, 1);
        close(below);
    }
    rewinddir(folder);
    FILE *list = fdopen(begin(temporary), "w");
    if (!list) give_up(temporary);
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] == '.' && (!entry->d_name[1] || (entry->d_name[1] == '.' && !entry->d_name[2]))) continue;
        if (palco_inode_key(dirfd(folder), entry->d_name, name_key, sizeof name_key))
            fprintf(list, "%s %s\n", name_key, entry->d_name);
    }
    closedir(folder);
    if (fclose(list) != 0) give_up(temporary);
    end(temporary, "folders", key);
}

__attribute__((constructor)) static void prepare(void) {
    char path[PATH_MAX], temporary[PATH_MAX], key[96];
    if (!getenv("PALCO_DISK") || !getenv("PALCO_DISK_ROOT")) return;
    snprintf(disk, sizeof disk, "%s", getenv("PALCO_DISK"));
    if (!realpath(getenv("PALCO_DISK_ROOT"), root)) give_up("PALCO_DISK_ROOT");
    unsetenv("PALCO_DISK");
    unsetenv("PALCO_DISK_ROOT");
    unsetenv("LD_PRELOAD");
    for (int i = 0; i < 3; i++) {
        if (snprintf(path, sizeof path, "%s%s", disk, (const char *[]){"", "/files", "/folders"}[i]) < 0) abort();
        mkdir(path, 0700);
    }
    int folder = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || !palco_inode_key(folder, "", key, sizeof key)) give_up(root);
    keep(folder, 1);
    close(folder);
    int file = begin(temporary);
    if (write(file, key, strlen(key)) < 0) give_up(temporary);
    close(file);
    end(temporary, ".", "root");
}

// What was synced is kept before the caller learns of it.
#define KEEPING(function)                                                  \
    int function(int fd) {                                                 \
        static __typeof__(&function) next;                                 \
        if (!next) next = (__typeof__(&function))dlsym(RTLD_NEXT, #function); \
        int result = next(fd);                                             \
        if (result == 0 && disk[0]) {                                      \
            pthread_mutex_lock(&lock);                                     \
            keep(fd, 0);                                                   \
            pthread_mutex_unlock(&lock);                                   \
        }                                                                  \
        return result;                                                     \
    }

KEEPING(fsync)
KEEPING(fdatasync)
