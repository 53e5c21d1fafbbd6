// SPDX-License-Identifier: Apache-2.0
// Preloaded into the server by the tests of verification: makes ffmpeg's outputs other than what was asked for. It
// changes the arguments of the child before it starts, or the child's outputs between its end and the moment in which the
// server learns of it; the sandbox around the child stays as it is.
//   PALCO_FALSE_LIST=file    a line for each film that is treated so, its parts separated by `|`:
//       mark       a text near the start of the film
//       output     a part of the output's path
//       with, not  only children that have the one text among their arguments, and not the other
//       count      only the first of them
//       options    put before each such output
//       old, new   one text in the arguments becomes the other
//       way        truncate | damage | empty | remove | replace | hold (SIGSTOP)
//       file       what it is replaced by
//   PALCO_FALSE_LOG=file     gets a line for each child that was falsified: the mark and its process id
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MARK, OUTPUT, WITH, NOT, COUNT, OPTIONS, OLD, NEW, WAY, FILE_NAME, PARTS };
typedef struct {
    char *part[PARTS];
    int left;
} Wish;

static Wish wishes[256];
static int wish_count;
static char *journal;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// Children that run, with the outputs that are to be changed when they end.
#define MOST 64
static struct {
    pid_t pid;
    Wish *wish;
    char *outputs[16];
} running[MOST];

static char *take(const char *name) {
    char *value = getenv(name) ? strdup(getenv(name)) : NULL;
    unsetenv(name);
    return value;
}

static void give_up(const char *what) {
    perror(what);
    abort();
}

__attribute__((constructor)) static void prepare(void) {
    char *list = take("PALCO_FALSE_LIST");
    journal = take("PALCO_FALSE_LOG");
    unsetenv("LD_PRELOAD");
    FILE *file = list ? fopen(list, "r") : NULL;
    char line[4096];
    if (!file) give_up("PALCO_FALSE_LIST");
    while (wish_count < 256 && fgets(line, sizeof line, file)) {
        Wish *wish = &wishes[wish_count++];
        char *rest = strdup(line);
        rest[strcspn(rest, "\n")] = 0;
        for (int i = 0; i < PARTS && rest; i++) wish->part[i] = strsep(&rest, "|");
        if (!wish->part[FILE_NAME]) give_up(line);
        wish->left = atoi(wish->part[COUNT]);
    }
    fclose(file);
}

// The wish whose mark the child's input carries.
static Wish *wish_of(char *const arguments[]) {
    static char head[1 << 16];
    for (int i = 1; arguments[i]; i++) {
        if (strcmp(arguments[i - 1], "-i") != 0 || strncmp(arguments[i], "file:", 5) != 0) continue;
        int file = open(arguments[i] + 5, O_RDONLY | O_CLOEXEC);
        ssize_t count = file < 0 ? 0 : read(file, head, sizeof head);
        if (file >= 0) close(file);
        for (int w = 0; w < wish_count && count > 0; w++)
            if (memmem(head, count, wishes[w].part[MARK], strlen(wishes[w].part[MARK]))) return &wishes[w];
    }
    return NULL;
}

// ffmpeg's outputs are addresses of files, or several in one argument, the first of which is the movie; ffprobe's output has
// an option of its own.
static int is_output(const Wish *wish, char *const arguments[], int i) {
    if (i == 0 || !strstr(arguments[i], wish->part[OUTPUT])) return 0;
    if (strcmp(arguments[i - 1], "-o") == 0) return 1;
    if (strcmp(arguments[i - 1], "tee") == 0) return 1;
    return strncmp(arguments[i], "file:", 5) == 0 && strcmp(arguments[i - 1], "-i") != 0;
}

static char *path_of(const char *argument) {
    const char *address = strstr(argument, "file:");
    const char *start = address ? address + 5 : argument;
    return strndup(start, strcspn(start, "|"));
}

static int is_meant(const Wish *wish, char *const arguments[]) {
    int found = 0;
    int is_wanted = !wish->part[WITH][0];
    for (int i = 0; arguments[i]; i++) {
        if (wish->part[NOT][0] && strstr(arguments[i], wish->part[NOT])) return 0;
        if (strstr(arguments[i], wish->part[WITH])) is_wanted = 1;
        found |= is_output(wish, arguments, i);
    }
    return found && is_wanted;
}

static char *changed(const Wish *wish, char *argument) {
    char *place = wish->part[OLD][0] ? strstr(argument, wish->part[OLD]) : NULL;
    char *result = NULL;
    if (!place) return argument;
    int before = place - argument;
    if (asprintf(&result, "%.*s%s%s", before, argument, wish->part[NEW], place + strlen(wish->part[OLD])) < 0) abort();
    return result;
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *how,
                char *const arguments[], char *const environment[]) {
    __typeof__(&posix_spawn) next = (__typeof__(&posix_spawn))dlsym(RTLD_NEXT, "posix_spawn");
    pthread_mutex_lock(&lock);
    Wish *wish = wish_of(arguments);
    if (!wish || wish->left <= 0 || !is_meant(wish, arguments)) {
        pthread_mutex_unlock(&lock);
        return next(pid, path, actions, how, arguments, environment);
    }
    wish->left--;
    char *new_arguments[1024];
    int count = 0;
    int place = 0;
    while (place < MOST - 1 && running[place].pid) place++;
    memset(&running[place], 0, sizeof running[place]);
    running[place].wish = wish;
    for (int i = 0, outputs = 0; arguments[i] && count < 1000; i++) {
        if (is_output(wish, arguments, i)) {
            char *words = strdup(wish->part[OPTIONS]);
            for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
                new_arguments[count++] = word;
            if (outputs < 16) running[place].outputs[outputs++] = path_of(arguments[i]);
        }
        new_arguments[count++] = changed(wish, arguments[i]);
    }
    new_arguments[count] = NULL;
    int result = next(pid, path, actions, how, new_arguments, environment);
    if (result == 0) running[place].pid = *pid;
    if (result == 0 && strcmp(wish->part[WAY], "hold") == 0) kill(*pid, SIGSTOP);
    if (journal) {
        FILE *log = fopen(journal, "a");
        if (!log) abort();
        fprintf(log, "%s %d\n", wish->part[MARK], (int)*pid);
        fclose(log);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

static void falsify(const Wish *wish, const char *path) {
    struct stat found;
    const char *way = wish->part[WAY];
    if (!way[0] || strcmp(way, "hold") == 0 || stat(path, &found) != 0) return;
    if (strcmp(way, "remove") == 0) {
        unlink(path);
        return;
    }
    int output = open(path, O_RDWR | O_CLOEXEC);
    if (output < 0) abort();
    if (strcmp(way, "empty") == 0 && ftruncate(output, 0) != 0) abort();
    if (strcmp(way, "truncate") == 0 && ftruncate(output, found.st_size * 2 / 3) != 0) abort();
    if (strcmp(way, "damage") == 0) {
        unsigned char bytes[256];
        off_t middle = found.st_size / 2;
        ssize_t count = pread(output, bytes, sizeof bytes, middle);
        for (ssize_t i = 0; i < count; i++) bytes[i] ^= 0xA5;
        if (count <= 0 || pwrite(output, bytes, count, middle) != count) abort();
    }
    if (strcmp(way, "replace") == 0) {
        char bytes[1 << 16];
        ssize_t count;
        int other = open(wish->part[FILE_NAME], O_RDONLY | O_CLOEXEC);
        if (other < 0 || ftruncate(output, 0) != 0) abort();
        while ((count = read(other, bytes, sizeof bytes)) > 0)
            if (write(output, bytes, count) != count) abort();
        close(other);
    }
    close(output);
}

pid_t waitpid(pid_t pid, int *status, int how) {
    __typeof__(&waitpid) next = (__typeof__(&waitpid))dlsym(RTLD_NEXT, "waitpid");
    pid_t result = next(pid, status, how);
    pthread_mutex_lock(&lock);
    for (int i = 0; i < MOST && result > 0; i++) {
        if (running[i].pid != result) continue;
        for (int output = 0; output < 16 && running[i].outputs[output]; output++) falsify(running[i].wish, running[i].outputs[output]);
        running[i].pid = 0;
    }
    pthread_mutex_unlock(&lock);
    return result;
}
