// SPDX-License-Identifier: Apache-2.0
// Preloaded into the server by the crash tests: dies by SIGKILL, as at a power cut, at the Nth call of one kind.
//   PALCO_CRASH=kind,before|after,N    kind: rename | sync | remove | spawn | commit (a write to SQLite's WAL), or any
//   PALCO_CRASH_WORD=text              counts only calls with this in a path or in one of the child's arguments
//   PALCO_CRASH_FROM=text              counts only calls behind the first one with this in it
//   PALCO_CRASH_SIGNAL=number          dies by this signal instead, as at a trap
//   PALCO_CRASH_LOG=file               gets a line for every call before it is made: its kind and its paths or arguments
// Children do not inherit it: the variables are read once and removed.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char kind[16];
static char word[64];
static char first_word[64];
static atomic_int has_begun = 1;
static int after;
static int end_signal = SIGKILL;
static atomic_int left;
static int journal = -1;

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
    if (getenv("PALCO_CRASH_FROM")) {
        snprintf(first_word, sizeof first_word, "%s", getenv("PALCO_CRASH_FROM"));
        atomic_store(&has_begun, 0);
    }
    if (getenv("PALCO_CRASH_SIGNAL")) end_signal = atoi(getenv("PALCO_CRASH_SIGNAL"));
    if (getenv("PALCO_CRASH_LOG"))
        journal = open(getenv("PALCO_CRASH_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    unsetenv("PALCO_CRASH");
    unsetenv("PALCO_CRASH_WORD");
    unsetenv("PALCO_CRASH_FROM");
    unsetenv("PALCO_CRASH_SIGNAL");
    unsetenv("PALCO_CRASH_LOG");
    unsetenv("LD_PRELOAD");
}

// Writes the call down and says whether it is the one to die at.
static int is_last(const char *name, const char *details) {
    char line[8192];
    int length = snprintf(line, sizeof line, "%s %s", name, details);
    if (length >= (int)sizeof line) length = sizeof line - 1;
    for (int i = 0; i < length; i++)
        if (line[i] == '\n') line[i] = ' ';
    line[length] = '\n';
    if (journal >= 0 && write(journal, line, length + 1) < 0) abort();
    if (!atomic_load(&has_begun)) {
        if (strstr(details, first_word)) atomic_store(&has_begun, 1);
        return 0;
    }
    if (strcmp(kind, name) != 0 && strcmp(kind, "any") != 0) return 0;
    if (word[0] && !strstr(details, word)) return 0;
    return atomic_fetch_sub(&left, 1) == 1;
}

static void die(void) {
    kill(getpid(), end_signal);
    for (;;) pause();
}

static const char *path_of(int fd, char *buffer) {
    char link_name[40];
    snprintf(link_name, sizeof link_name, "/proc/self/fd/%d", fd);
    ssize_t count = readlink(link_name, buffer, PATH_MAX - 1);
    buffer[count > 0 ? count : 0] = 0;
    return buffer;
}

// The body of one wrapper: dies around the real function when its turn has come.
#define AROUND(name, details, function, ...)                                    \
    static __typeof__(&function) next;                                          \
    if (!next) next = (__typeof__(&function))dlsym(RTLD_NEXT, #function);       \
    int last = is_last(name, details);                                          \
    if (last && !after) die();                                                  \
    __auto_type result = next(__VA_ARGS__);                                     \
    if (last) die();                                                            \
    return result;

int rename(const char *a, const char *b) {
    char both[2 * PATH_MAX];
    snprintf(both, sizeof both, "%s %s", a, b);
    AROUND("rename", both, rename, a, b)
}
int link(const char *a, const char *b) { AROUND("rename", b, link, a, b) }
int fsync(int fd) {
    char path[PATH_MAX];
    AROUND("sync", path_of(fd, path), fsync, fd)
}
int fdatasync(int fd) {
    char path[PATH_MAX];
    AROUND("sync", path_of(fd, path), fdatasync, fd)
}
int unlink(const char *a) { AROUND("remove", a, unlink, a) }

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *how,
                char *const arguments[], char *const environment[]) {
    char all[8000];
    size_t length = 0;
    all[0] = 0;
    for (int i = 0; arguments[i] && length < sizeof all - 1; i++)
        length += snprintf(all + length, sizeof all - length, "%s ", arguments[i]);
    AROUND("spawn", all, posix_spawn, pid, path, actions, how, arguments, environment)
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    static __typeof__(&pwrite64) next;
    if (!next) next = (__typeof__(&pwrite64))dlsym(RTLD_NEXT, "pwrite64");
    char path[PATH_MAX];
    size_t length = strlen(path_of(fd, path));
    int last = length > 4 && strcmp(path + length - 4, "-wal") == 0 && is_last("commit", path);
    if (last && !after) die();
    ssize_t result = next(fd, bytes, count, offset);
    if (last) die();
    return result;
}
