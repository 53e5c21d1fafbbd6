// SPDX-License-Identifier: Apache-2.0
// Preloaded into the server by the crash tests: dies by SIGKILL, as at a power cut, at the Nth call of one kind.
//   PALCO_CRASH=kind,before|after,N    kind: rename | sync | remove | spawn | commit (a write to SQLite's WAL)
//   PALCO_CRASH_WORD=text              counts only children with this in one of their arguments
//   PALCO_CRASH_SIGNAL=number          dies by this signal instead, as at a trap
// Children do not inherit it: the variables are read once and removed.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char kind[16];
static char word[64];
static int after;
static int end_signal = SIGKILL;
static atomic_int left;

__attribute__((constructor)) static void prepare(void) {
    const char *wish = getenv("PALCO_CRASH");
    char when[8] = "";
    int count = 0;
    if (wish && sscanf(wish, "%15[^,],%7[^,],%d", kind, when, &count) == 3) {
        after = strcmp(when, "after") == 0;
        atomic_store(&left, count);
    } else {
        kind[0] = 0;
    }
    if (getenv("PALCO_CRASH_WORD")) snprintf(word, sizeof word, "%s", getenv("PALCO_CRASH_WORD"));
    if (getenv("PALCO_CRASH_SIGNAL")) end_signal = atoi(getenv("PALCO_CRASH_SIGNAL"));
    unsetenv("PALCO_CRASH");
    unsetenv("PALCO_CRASH_WORD");
    unsetenv("PALCO_CRASH_SIGNAL");
    unsetenv("LD_PRELOAD");
}

static int is_last(const char *name) {
    return strcmp(kind, name) == 0 && atomic_fetch_sub(&left, 1) == 1;
}

static void die(void) {
    kill(getpid(), end_signal);
    for (;;) pause();
}

// The body of one wrapper: dies around the real function when its turn has come.
#define AROUND(name, function, ...)                                             \
    static __typeof__(&function) next;                                          \
    if (!next) next = (__typeof__(&function))dlsym(RTLD_NEXT, #function);       \
    int last = is_last(name);                                                   \
    if (last && !after) die();                                                  \
    __auto_type result = next(__VA_ARGS__);                                     \
    if (last) die();                                                            \
    return result;

int rename(const char *a, const char *b) { AROUND("rename", rename, a, b) }
int renameat(int d, const char *a, int e, const char *b) { AROUND("rename", renameat, d, a, e, b) }
int renameat2(int d, const char *a, int e, const char *b, unsigned f) { AROUND("rename", renameat2, d, a, e, b, f) }
int link(const char *a, const char *b) { AROUND("rename", link, a, b) }
int linkat(int d, const char *a, int e, const char *b, int f) { AROUND("rename", linkat, d, a, e, b, f) }
int fsync(int fd) { AROUND("sync", fsync, fd) }
int fdatasync(int fd) { AROUND("sync", fdatasync, fd) }
int unlink(const char *a) { AROUND("remove", unlink, a) }
int unlinkat(int d, const char *a, int f) { AROUND("remove", unlinkat, d, a, f) }

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *how,
                char *const arguments[], char *const environment[]) {
    int is_meant = !word[0];
    for (int i = 0; arguments[i] && !is_meant; i++) is_meant = strstr(arguments[i], word) != NULL;
    if (!is_meant) {
        __typeof__(&posix_spawn) real = (__typeof__(&posix_spawn))dlsym(RTLD_NEXT, "posix_spawn");
        return real(pid, path, actions, how, arguments, environment);
    }
    AROUND("spawn", posix_spawn, pid, path, actions, how, arguments, environment)
}

static int is_wal(int fd) {
    char link_name[40], path[512];
    if (strcmp(kind, "commit") != 0) return 0;
    snprintf(link_name, sizeof link_name, "/proc/self/fd/%d", fd);
    ssize_t count = readlink(link_name, path, sizeof path - 1);
    return count > 4 && memcmp(path + count - 4, "-wal", 4) == 0;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    static __typeof__(&pwrite64) next;
    if (!next) next = (__typeof__(&pwrite64))dlsym(RTLD_NEXT, "pwrite64");
    int last = is_wal(fd) && is_last("commit");
    if (last && !after) die();
    ssize_t result = next(fd, bytes, count, offset);
    if (last) die();
    return result;
}
